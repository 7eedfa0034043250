//! Corrections of what was billed: rehearsed or made, logged, told.

use super::month_of;
use crate::{
    actors::{
        bills,
        change::{Change, What},
    },
    domain::{
        calendar::Month,
        ids::{CustomerId, ReceiptNumber},
        line::{Command, Facts, command::Correct, decide},
        shape,
    },
    web::{
        context::RequestContext,
        form::Body,
        operator::{access::Caller, ask, lines, maintenance, problem::ProblemDetails},
        state::WebState,
    },
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for to correct a charge.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChargeCorrection")]
pub struct Correction {
    /// Whose bill.
    customer_id: CustomerId,
    /// The charge's 申込受付番号.
    receipt_number: ReceiptNumber,
    /// What the charge comes to so far, in yen: a correction sent twice is not made twice.
    #[serde(deserialize_with = "shape::whole")]
    charged_yen: i64,
    /// Yen less (negative) or more.
    #[serde(deserialize_with = "shape::whole")]
    difference_yen: i64,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What a correction comes to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChargeCorrected")]
pub struct Corrected {
    /// Whether nothing was changed.
    dry_run: bool,
    customer_id: CustomerId,
    /// The charge.
    receipt_number: ReceiptNumber,
    /// The month that was wrong.
    month: Month,
    /// The month whose bill carries the correction.
    billed_in: Month,
    /// Yen less (negative) or more.
    difference_yen: i64,
}

/// Corrects a charge of a closed month: an entry of the running month that names it.
pub async fn correct(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    month: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let month = month_of(&month)?;
    let asked: Correction = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    let Correction { customer_id, receipt_number, charged_yen, difference_yen, dry_run, .. } =
        asked;
    let billed = bills::closed_of_line(state.store.as_ref(), month, customer_id).await;
    let billed = billed.map_err(|error| ProblemDetails::internal(&context, &error))?;
    let item = billed.and_then(|billed| {
        billed.bill.items.into_iter().find(|item| item.receipt == receipt_number)
    });
    let command = Command::Correct(Correct { month, item, charged_yen, difference_yen });
    let at = if dry_run {
        let view = lines::look(&context, &state, customer_id).await?;
        let now = view.time(state.decisions.now());
        let facts = Facts { now, receipt: None, source: None, defaults: state.defaults };
        let decided = decide(view.line.as_deref(), &command, &facts);
        decided.map_err(|refusal| ProblemDetails::refused(&refusal))?;
        now
    } else {
        let request_id = Some(context.request_id.clone());
        let what = What::Plain(Box::new(command));
        let change = Change { what, by, source: None, request_id };
        let (state, own) = (state.clone(), context.clone());
        let made = async move {
            let made = state.lines.make(customer_id, change).await;
            made.map_err(|error| ProblemDetails::of_line(&own, &error))
        };
        let log = move |context: &RequestContext, made: &Result<_, ProblemDetails>| {
            maintenance::decision("correct_bill", context, made)
                .line(customer_id.to_string())
                .amount_yen(difference_yen)
                .emit("an operator corrected a charge of a closed month");
        };
        ask::to_its_end(&context, made, log).await?.entry.at
    };
    let billed_in = at.month();
    let corrected =
        Corrected { dry_run, customer_id, receipt_number, month, billed_in, difference_yen };
    Ok(HttpResponse::Ok().json(corrected))
}
