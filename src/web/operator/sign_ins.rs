//! Where a line's household signed in last; personal.

use super::{
    lines::{customer_id, look, there},
    problem::ProblemDetails,
};
use crate::{
    domain::{calendar::Instant, ids::CustomerId},
    store::{
        StoreError,
        record::{Personal, SIGN_INS_ROW},
    },
    web::{context::RequestContext, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignIn")]
struct Told {
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// The address, in IPv6 its prefix.
    from: String,
    /// The provider's ID, or `portal` for the household's own pages.
    to: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct SignIns {
    customer_id: CustomerId,
    /// Newest first; the last 20 at most.
    sign_ins: Vec<Told>,
}

/// Tells the last sign-ins.
pub async fn list(
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
) -> Result<HttpResponse, ProblemDetails> {
    let customer_id = customer_id(&customer)?;
    there(look(&context, &state, customer_id).await?)?;
    let row = state.store.personal(customer_id, SIGN_INS_ROW).await;
    let row = row.map_err(|error| ProblemDetails::internal(&context, &error))?;
    let recent = match row.map(|row| row.data) {
        Some(Personal::SignIns { recent }) => recent,
        None => Vec::new(),
        Some(_) => {
            let place = format!("personal row {SIGN_INS_ROW} of {customer_id}");
            let error = StoreError::damaged(place, "it holds no sign-ins");
            return Err(ProblemDetails::internal(&context, &error));
        }
    };
    let told = recent.into_iter().rev().map(|one| Told {
        at: Instant::from_micros(one.at).rfc3339(),
        from: one.from,
        to: one.to,
    });
    Ok(HttpResponse::Ok().json(SignIns { customer_id, sign_ins: told.collect() }))
}
