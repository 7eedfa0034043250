//! A line's passport IDs in the desk's hands: how each stands, and its deletion; and
//! the ending of one contract.

use super::{
    access::Caller,
    ask,
    change::{Told, Wanted, change},
    lines::{customer_id, look, there},
    problem::ProblemDetails,
};
use crate::{
    domain::{
        calendar::Instant,
        ids::{ContractNumber, CustomerId, PassportNumber},
        limit,
        line::{
            Command, Line, Passport, Refusal,
            portal::{ServiceStatus, status_of},
        },
        yen::Yen,
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a passport ID stands.
#[derive(Serialize, JsonSchema)]
pub(super) struct PassportState {
    /// Its number inside the line.
    pub(super) passport: PassportNumber,
    /// Its own string, where it was asked for; personal.
    #[serde(skip_serializing_if = "Option::is_none")]
    passport_id: Option<String>,
    status: ServiceStatus,
    /// RFC 3339, as all times here.
    #[schemars(extend("format" = "date-time"))]
    registered_at: String,
    /// From when it can be used.
    #[schemars(extend("format" = "date-time"))]
    active_from: String,
    /// Its limit a month.
    limit_yen: Yen,
    /// What this month is charged to it so far.
    used_yen: Yen,
    /// 回線認証機能: whether it is switched on.
    line_authentication: bool,
}

impl PassportState {
    pub(super) fn of(line: &Line, passport: &Passport, now: Instant) -> Self {
        Self {
            passport: passport.number,
            passport_id: None,
            status: status_of(line, passport, now),
            registered_at: passport.registered_at.rfc3339(),
            active_from: passport.active_from.rfc3339(),
            limit_yen: passport.limit,
            used_yen: limit::used(line, passport.number, now.month()).by_passport,
            line_authentication: passport.line_authentication,
        }
    }
}

/// How much is told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PassportListing")]
pub struct Listing {
    /// Whether the IDs' own strings are told too, which are personal.
    #[serde(default)]
    names: bool,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Passports {
    customer_id: CustomerId,
    /// The live ones, by number.
    passports: Vec<PassportState>,
}

/// Tells the line's live passport IDs.
pub async fn list(
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    listing: Result<Query<Listing>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let customer_id = customer_id(&customer)?;
    let listing = listing.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let view = look(&context, &state, customer_id).await?;
    let now = view.time(state.decisions.now());
    let private = view.private.clone();
    let line = there(view)?;
    let mut passports: Vec<_> =
        line.live_passports().map(|passport| PassportState::of(&line, passport, now)).collect();
    for one in passports.iter_mut().filter(|_| listing.names) {
        let known = private.get(&one.passport);
        one.passport_id = known.map(|known| known.name.as_str().to_owned());
    }
    Ok(HttpResponse::Ok().json(Passports { customer_id, passports }))
}

/// What is asked for, to delete an ID or to end a contract.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ending")]
pub(super) struct Asked {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Deletes a passport ID; its contracts end.
pub async fn delete(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    path: Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&path.0)?;
    let number = path.1.parse().map_err(|_| ProblemDetails::refused(&Refusal::UnknownPassport))?;
    let command = Command::DeletePassport(PassportNumber(number));
    end(&caller, &context, state, ("delete_passport_id", customer, command), &body).await
}

/// Ends a contract.
pub async fn end_contract(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    path: Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&path.0)?;
    let contract: Result<ContractNumber, _> = path.1.parse();
    let contract = contract.map_err(|_| ProblemDetails::refused(&Refusal::UnknownContract))?;
    let command = Command::EndContract(contract);
    end(&caller, &context, state, ("end_contract", customer, command), &body).await
}

async fn end(
    caller: &Caller,
    context: &RequestContext,
    state: Data<WebState>,
    (action, customer, command): (&'static str, CustomerId, Command),
    body: &Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Asked = ask::read(body)?;
    let by = (caller, &*asked.reason, asked.dry_run);
    let wanted = Wanted::plain(action, customer, command, by)?;
    Ok(HttpResponse::Ok().json(Told::from(change(context, state, wanted).await?)))
}
