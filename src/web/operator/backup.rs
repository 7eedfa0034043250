//! A backup of the store, begun by one request and given part by part: the command that asks writes
//! the file, and says once it has it.

use super::{
    access::Caller,
    ask,
    maintenance::{log, problem},
    problem::ProblemDetails,
};
use crate::{
    actors::{backup::BackupError, system::Asked},
    store::backup::PartKind,
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for to begin one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BackupBegin")]
pub(super) struct Begin {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
}

/// A backup that was begun.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BackupBegun")]
pub(super) struct Begun {
    /// The name by which its parts are asked for.
    backup: String,
}

/// Which part is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BackupPartAsked")]
pub struct PartAsked {
    /// The backup's name.
    backup: String,
    /// The part's number, from 0: the next, or the last one once more.
    part: u64,
}

/// A part of a backup.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BackupPart")]
pub struct PartTold {
    /// `rows`, `changes`, or `manifest`, which is the last.
    #[schemars(with = "String", extend("enum" = ["rows", "changes", "manifest"]))]
    pub kind: PartKind,
    /// Its body, in base64.
    pub body: String,
}

/// What is said of one at its end.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BackupEnd")]
pub(super) struct End {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// The backup's name.
    backup: String,
    /// Whether its file has its name on the disk: then it was taken. Otherwise it is given up.
    kept: bool,
}

/// A backup that was ended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BackupEnded")]
pub(super) struct Ended {
    /// The backup's name.
    backup: String,
    /// Whether it was taken.
    kept: bool,
}

/// Begins a backup.
pub async fn begin(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Begin = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    let asked = Asked { by, request_id: Some(context.request_id.clone()) };
    let own = context.clone();
    let begun = async move {
        let begun = state.backups.begin(&asked).await;
        begun.map_err(|error| refused(&own, error))
    };
    let backup = ask::to_its_end(&context, begun, log("begin_backup")).await?;
    Ok(HttpResponse::Ok().json(Begun { backup }))
}

/// Gives a part of the backup that is under way.
pub async fn part(
    _: Caller,
    context: RequestContext,
    state: Data<WebState>,
    asked: Result<Query<PartAsked>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let asked = asked.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let part = state.backups.part(&asked.backup, asked.part).await;
    let part = part.map_err(|error| refused(&context, error))?;
    let told = PartTold { kind: part.kind, body: STANDARD.encode(&part.body) };
    Ok(HttpResponse::Ok().json(told))
}

/// Ends a backup: it was taken, or is given up.
pub async fn end(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let End { reason, backup, kept } = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&reason)?);
    let asked = Asked { by, request_id: Some(context.request_id.clone()) };
    let (own, name) = (context.clone(), backup.clone());
    let ended = async move {
        let ended = state.backups.end(&name, kept, &asked).await;
        ended.map_err(|error| refused(&own, error))
    };
    ask::to_its_end(&context, ended, log("end_backup")).await?;
    Ok(HttpResponse::Ok().json(Ended { backup, kept }))
}

fn refused(context: &RequestContext, error: BackupError) -> ProblemDetails {
    let (status, code) = match error {
        BackupError::UnderWay => (StatusCode::CONFLICT, "backup_under_way"),
        BackupError::Unknown => (StatusCode::NOT_FOUND, "unknown_backup"),
        BackupError::NotGiven => (StatusCode::CONFLICT, "backup_not_given"),
        BackupError::OutOfTurn(_) => (StatusCode::CONFLICT, "part_out_of_turn"),
        BackupError::Copy(crate::store::backup::CopyError::Behind) => {
            (StatusCode::CONFLICT, "backup_behind")
        }
        BackupError::Copy(error) => return ProblemDetails::internal(context, &error),
        BackupError::System(error) => return problem(context, error),
    };
    ProblemDetails::new(status, code, error.to_string())
}
