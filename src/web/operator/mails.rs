//! Mails that did not go out: what waits, what is parked, and another try for what is parked. No
//! address and no name is told; the line, the kind and the server's reply are.

use super::{
    access::Caller,
    ask,
    maintenance::{log, problem},
    problem::ProblemDetails,
};
use crate::{
    actors::{
        outbox::{Desk, DeskError, Wanted},
        system::Asked,
    },
    domain::{calendar::Instant, ids::CustomerId, notice::NoticeKind},
    store::{MailId, MailPlace, MailRow, Shelf},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Mails of one answer.
const PAGE: usize = 200;

/// Which mails are asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MailListing")]
pub struct Listing {
    /// `waiting` or `parked`; both where absent.
    #[schemars(with = "Option<ShelfAsked>")]
    state: Option<String>,
    /// What the answer before gave as `next`.
    after: Option<String>,
}

/// One of the two shelves.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes what is read word by word")]
enum ShelfAsked {
    Waiting,
    Parked,
}

/// What is asked for to try parked mails again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MailRetry", extend("oneOf" = [
    {
        "required": ["mail"],
        "properties": { "mail": { "type": "string" }, "all": { "const": false } },
    },
    {
        "required": ["all"],
        "properties": { "mail": { "type": "null" }, "all": { "const": true } },
    },
]))]
pub(super) struct Again {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Which mail, as the list names it.
    #[schemars(extend("pattern" = MailId::pattern()))]
    mail: Option<String>,
    /// All that are parked, instead of one.
    #[serde(default)]
    all: bool,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Lists them, parked ones first, in pages.
pub async fn list(
    context: RequestContext,
    state: Data<WebState>,
    listing: Result<Query<Listing>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let desk = desk(&state)?;
    let listing = listing.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let (shelves, after) = wanted(&listing)?;
    let mut rows = Vec::new();
    for shelf in shelves {
        let after = after.filter(|after| after.shelf == shelf);
        let page = desk.list(shelf, after.as_ref(), PAGE - rows.len()).await;
        rows.extend(page.map_err(|error| ProblemDetails::internal(&context, &error))?);
        if rows.len() >= PAGE {
            break;
        }
    }
    let next = rows.last().filter(|_| rows.len() >= PAGE).map(|last| token(&last.place));
    let figures = desk.figures();
    let silent = figures.is_server_silent();
    Ok(HttpResponse::Ok().json(Listed {
        server: if silent { "silent" } else { "answers" },
        behind_blocks: figures.behind_blocks(),
        waiting: figures.waiting(),
        parked: figures.parked(),
        mails: rows.iter().map(told).collect(),
        next,
    }))
}

/// Has one parked mail, or all of them, tried again.
pub async fn retry(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let again: Again = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&again.reason)?);
    let wanted = match (&again.mail, again.all) {
        (Some(mail), false) => {
            let mail = mail.parse();
            Wanted::One(mail.map_err(|error| ProblemDetails::invalid(format!("mail: {error}")))?)
        }
        (None, true) => Wanted::All,
        _ => return Err(ProblemDetails::invalid("wanted is one of mail and all")),
    };
    let desk = desk(&state)?;
    let mails = if again.dry_run {
        desk.rehearse(wanted).await.map_err(|error| refused(&context, error))?
    } else {
        let asked = Asked { by, request_id: Some(context.request_id.clone()) };
        let (desk, own) = (desk.clone(), context.clone());
        let taking_up = async move {
            let taken_up = desk.retry(&state.system, &asked, wanted).await;
            taken_up.map_err(|error| refused(&own, error))
        };
        ask::to_its_end(&context, taking_up, log("retry_mails")).await?
    };
    Ok(HttpResponse::Ok().json(Retried { mails, dry_run: again.dry_run }))
}

fn desk(state: &WebState) -> Result<&Desk, ProblemDetails> {
    let detail = "mails are switched off: mail.transport is \"none\"";
    let off = || ProblemDetails::new(StatusCode::CONFLICT, "mails_off", detail);
    state.mails.as_ref().ok_or_else(off)
}

fn refused(context: &RequestContext, error: DeskError) -> ProblemDetails {
    match error {
        DeskError::Unknown => {
            ProblemDetails::new(StatusCode::NOT_FOUND, "unknown_mail", error.to_string())
        }
        DeskError::System(error) => problem(context, error),
        DeskError::Store(error) => ProblemDetails::internal(context, &error),
    }
}

/// The shelves to list, and after which place.
fn wanted(listing: &Listing) -> Result<(Vec<Shelf>, Option<MailPlace>), ProblemDetails> {
    let shelves = match listing.state.as_deref() {
        None => vec![Shelf::Parked, Shelf::Waiting],
        Some("parked") => vec![Shelf::Parked],
        Some("waiting") => vec![Shelf::Waiting],
        Some(_) => return Err(ProblemDetails::invalid("state: must be waiting or parked")),
    };
    let Some(after) = &listing.after else { return Ok((shelves, None)) };
    let place = place(after).filter(|place| shelves.contains(&place.shelf));
    let wrong = || ProblemDetails::invalid("after: must be what the answer before gave as next");
    let place = place.ok_or_else(wrong)?;
    let from = shelves.iter().position(|shelf| *shelf == place.shelf).unwrap_or_default();
    Ok((shelves[from..].to_vec(), Some(place)))
}

const fn word(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Waiting => "waiting",
        Shelf::Parked => "parked",
    }
}

fn token(place: &MailPlace) -> String {
    format!("{}.{}.{}", word(place.shelf), place.at.micros(), place.mail)
}

fn place(token: &str) -> Option<MailPlace> {
    let mut parts = token.splitn(3, '.');
    let shelf = match parts.next()? {
        "waiting" => Shelf::Waiting,
        "parked" => Shelf::Parked,
        _ => return None,
    };
    let at = Instant::from_micros(parts.next()?.parse().ok()?);
    Some(MailPlace { shelf, at, mail: parts.next()?.parse().ok()? })
}

/// A page of mails.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Mails")]
pub(super) struct Listed {
    /// `answers`, or `silent` where the mail server takes nothing.
    #[schemars(extend("enum" = ["answers", "silent"]))]
    server: &'static str,
    /// How many blocks of the journal were not looked at yet.
    behind_blocks: u64,
    /// How many wait.
    waiting: u64,
    /// How many are parked.
    parked: u64,
    mails: Vec<ToldMail>,
    /// The place to go on after; null at the end.
    next: Option<String>,
}

/// The answer to another try.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MailsRetried")]
pub(super) struct Retried {
    /// How many are tried again.
    mails: u64,
    /// Whether nothing was changed.
    dry_run: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Mail")]
struct ToldMail {
    mail: String,
    /// `waiting` or `parked`.
    #[schemars(with = "ShelfAsked")]
    state: &'static str,
    line: CustomerId,
    #[schemars(with = "String")]
    kind: NoticeKind,
    /// RFC 3339, as all times here.
    #[schemars(extend("format" = "date-time"))]
    accepted_at: String,
    #[schemars(extend("format" = "date-time"))]
    since: String,
    /// Of one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    next_at: Option<String>,
    /// Of one that is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    parked_at: Option<String>,
    attempts: u32,
    reason: String,
    /// The mail server's reply code.
    code: Option<u16>,
}

fn told(row: &MailRow) -> ToldMail {
    let (place, record) = (&row.place, &row.record);
    let at = Some(place.at.rfc3339());
    let (next_at, parked_at) = match place.shelf {
        Shelf::Waiting => (at, None),
        Shelf::Parked => (None, at),
    };
    ToldMail {
        mail: place.mail.to_string(),
        state: word(place.shelf),
        line: place.mail.customer,
        kind: place.mail.kind,
        accepted_at: record.accepted_at.rfc3339(),
        since: record.since.rfc3339(),
        next_at,
        parked_at,
        attempts: record.attempts,
        reason: record.reason.clone(),
        code: record.code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_place() {
        for shelf in [Shelf::Waiting, Shelf::Parked] {
            let mail = "CAF0000012573-14-use_stopped-6".parse().expect("a mail");
            let stands = MailPlace { shelf, at: Instant::from_micros(7), mail };
            assert_eq!(place(&token(&stands)), Some(stands));
        }
        for wrong in ["", "parked", "parked.x.y", "lost.1.CAF0000012573-14-changed-6"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
