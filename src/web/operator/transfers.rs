//! 異動: transfers of a line by the guide's table.

use super::{
    access::Caller,
    ask,
    change::{self, Wanted, change},
    lines::{customer_id, look, there},
    problem::ProblemDetails,
};
use crate::{
    domain::{
        line::Command,
        transfer::{Fate, Transfer},
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineTransfer")]
pub(super) struct Asked {
    /// Which column of the guide's table.
    transfer: Transfer,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LineTransferTold")]
pub(super) struct Told {
    /// The sign of the guide's table: ○ everything goes on, × everything ends.
    sign: &'static str,
    transfer: Transfer,
    /// What it does, or would do, to the line.
    #[serde(flatten)]
    change: change::Told,
}

/// Transfers a line. A — of the table is refused.
pub async fn transfer(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: Asked = ask::read(&body)?;
    let command = Command::Transfer(asked.transfer);
    let by = (&caller, &*asked.reason, asked.dry_run);
    let wanted = Wanted::plain("transfer_line", customer, command, by)?;
    // A line's service never changes, so it may be asked apart from the change.
    let fate: Fate = asked.transfer.fate(there(look(&context, &state, customer).await?)?.service);
    let change = change(&context, state, wanted).await?.into();
    Ok(HttpResponse::Ok().json(Told { sign: fate.sign(), transfer: asked.transfer, change }))
}
