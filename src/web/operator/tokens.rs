//! The tokens of operators: added with a name and a role, listed, revoked.

use super::{
    access::Caller,
    ask,
    maintenance::{log, problem},
    problem::ProblemDetails,
};
use crate::{
    actors::system::{Asked, SystemError},
    domain::{
        calendar::Instant,
        ids::OperatorName,
        operator::{FIRST, LiveToken, Role},
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for to add one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OperatorTokenAdd")]
pub(super) struct Add {
    /// By which the journal tells its changes: 1 to 32 small letters, digits and hyphens.
    name: OperatorName,
    /// What it may.
    role: Role,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is asked for to revoke one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OperatorTokenRevoke")]
pub(super) struct Revoke {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A token that was added.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OperatorTokenAdded")]
pub(super) struct Added {
    name: OperatorName,
    role: Role,
    /// The token, told this once; null where nothing was changed.
    token: Option<String>,
    /// Whether nothing was changed.
    dry_run: bool,
}

/// A token that was revoked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OperatorTokenRevoked")]
pub(super) struct Revoked {
    name: OperatorName,
    /// Whether nothing was changed.
    dry_run: bool,
}

/// The live tokens.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OperatorTokens")]
pub(super) struct Listed {
    tokens: Vec<Told>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OperatorToken")]
struct Told {
    name: String,
    role: Role,
    /// RFC 3339; null for the first start's, which stands in the server's token file.
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
}

/// Lists them, without anything that they could be known by.
pub async fn list(
    context: RequestContext,
    state: Data<WebState>,
) -> Result<HttpResponse, ProblemDetails> {
    let live = state.operators.list().await;
    let live = live.map_err(|error| ProblemDetails::internal(&context, &error))?;
    let first = Told { name: FIRST.to_owned(), role: Role::Admin, since: None };
    let others = live.into_iter().map(|(name, token)| Told {
        name: name.to_string(),
        role: token.role,
        since: Some(token.added_at.rfc3339()),
    });
    Ok(HttpResponse::Ok().json(Listed { tokens: std::iter::once(first).chain(others).collect() }))
}

/// Adds one.
pub async fn add(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let Add { name, role, reason, dry_run } = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&reason)?);
    let token = if dry_run {
        let system = state.system.state().await;
        let system = system.map_err(|error| ProblemDetails::internal(&context, &error))?;
        let token = LiveToken { role, sha256: String::new(), added_at: Instant::from_micros(0) };
        let refused = system.add_token(&name, &token).map(drop).map_err(SystemError::from);
        refused.map_err(|error| problem(&context, error))?;
        None
    } else {
        let asked = Asked { by, request_id: Some(context.request_id.clone()) };
        let (own, name) = (context.clone(), name.clone());
        let adding = async move {
            let added = state.operators.add(&asked, &name, role).await;
            added.map_err(|error| problem(&own, error))
        };
        let token = ask::to_its_end(&context, adding, log("add_operator_token")).await?;
        Some(token.expose().to_owned())
    };
    Ok(HttpResponse::Ok().json(Added { name, role, token, dry_run }))
}

/// Revokes one: it opens nothing from the next request on.
pub async fn revoke(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    name: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let Revoke { reason, dry_run } = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&reason)?);
    let name = name.parse::<OperatorName>();
    let name = name.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    if dry_run {
        let system = state.system.state().await;
        let system = system.map_err(|error| ProblemDetails::internal(&context, &error))?;
        let refused = system.revoke_token(&name).map(drop).map_err(SystemError::from);
        refused.map_err(|error| problem(&context, error))?;
    } else {
        let asked = Asked { by, request_id: Some(context.request_id.clone()) };
        let (own, name) = (context.clone(), name.clone());
        let revoking = async move {
            let revoked = state.operators.revoke(&asked, &name).await;
            revoked.map_err(|error| problem(&own, error))
        };
        ask::to_its_end(&context, revoking, log("revoke_operator_token")).await?;
    }
    Ok(HttpResponse::Ok().json(Revoked { name, dry_run }))
}
