//! The rotation of signing and sealing keys.

use super::{
    access::Caller,
    ask,
    maintenance::{log, problem},
    problem::ProblemDetails,
};
use crate::{
    actors::{
        keys::{Kind, Rotated, RotationError},
        system::Asked,
    },
    domain::calendar::Instant,
    security::{KeyPurpose, KeyState},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{HttpResponse, http::StatusCode, web::Data};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KeyRotation")]
pub(super) struct Rotate {
    /// Which keys.
    kind: AskedKind,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "KeyKind")]
enum AskedKind {
    /// Those that sign ID tokens.
    Signing,
    /// Those that seal flows, codes and tokens.
    Sealing,
}

impl From<AskedKind> for Kind {
    fn from(kind: AskedKind) -> Self {
        match kind {
            AskedKind::Signing => Self::Signing,
            AskedKind::Sealing => Self::Sealing,
        }
    }
}

/// Rotates.
pub async fn rotate(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Rotate = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    let kind = asked.kind.into();
    if asked.dry_run {
        let told = state.key_keeper.rehearse(kind).await;
        let told = told.map_err(|error| rotation_problem(&context, error))?;
        return Ok(HttpResponse::Ok().json(tell(&told, true)));
    }
    let asked = Asked { by, request_id: Some(context.request_id.clone()) };
    let own = context.clone();
    let rotated = async move {
        let rotated = state.key_keeper.rotate(&state.keys, &asked, kind).await;
        rotated.map_err(|error| rotation_problem(&own, error))
    };
    let made = ask::to_its_end(&context, rotated, log("rotate_keys")).await?;
    Ok(HttpResponse::Ok().json(tell(&made, false)))
}

fn rotation_problem(context: &RequestContext, error: RotationError) -> ProblemDetails {
    match error {
        RotationError::TooSoon { .. } => {
            ProblemDetails::new(StatusCode::CONFLICT, "rotated_lately", error.to_string())
        }
        RotationError::System(error) => problem(context, error),
        error => ProblemDetails::internal(context, &error),
    }
}

/// The keys without anything secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeysRotated")]
pub(super) struct Told {
    /// Whether nothing was changed.
    dry_run: bool,
    /// The keys of this kind after it.
    keys: Vec<ToldKey>,
    /// The IDs of those that no longer open or verify anything.
    retired: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
struct ToldKey {
    kid: String,
    purpose: KeyPurpose,
    state: KeyState,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
}

fn tell(rotated: &Rotated, dry_run: bool) -> Told {
    let keys = rotated.keys.iter().map(|record| {
        let made_at = Instant::from_micros(record.created_at_s.saturating_mul(1_000_000));
        let (kid, created_at) = (record.kid.clone(), made_at.rfc3339());
        ToldKey { kid, purpose: record.purpose, state: record.state, created_at }
    });
    Told { dry_run, keys: keys.collect(), retired: rotated.retired.clone() }
}
