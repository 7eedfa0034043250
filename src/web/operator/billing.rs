//! A change of 請求先お客さま番号, by the rows of the guide's table.

use super::{
    access::Caller,
    ask,
    change::{self, Wanted, change, rehearse},
    lines::{customer_id, look},
    problem::ProblemDetails,
};
use crate::{
    actors::{
        change::{BillingChanged, RecordFields, What},
        line::LineView,
        personal,
    },
    config::{BillingConfig, Continuation},
    domain::{
        field::PhoneNumber, line::command::ChangeBilling, record::BILLING_NUMBER,
        transfer::BillingChange,
    },
    store::record::Personal,
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BillingNumberChange")]
pub(super) struct Asked {
    /// Which row of the guide's table.
    change: BillingChange,
    /// Whether the number is of the same name at the place of use, which row 2 requires.
    #[serde(default)]
    same_name_and_place: bool,
    /// The new number, where it changes; personal.
    #[schemars(extend("examples" = ["03-1234-5678"]))]
    number: Option<String>,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BillingNumberTold")]
pub(super) struct Told {
    /// Whether まとめて支払い goes on, as the configuration has it for the row.
    continues: bool,
    /// Whether the record has another number now.
    number_replaced: bool,
    /// What it does, or would do, to the line.
    #[serde(flatten)]
    change: change::Told,
}

const fn continues(config: &BillingConfig, change: BillingChange) -> bool {
    let row = match change {
        BillingChange::PhoneNumberChanged => config.phone_number_changed,
        BillingChange::BilledNumberChanged => config.billed_number_changed,
        BillingChange::CustomerNumber00 => config.customer_number_00,
        BillingChange::BulkBilling => config.bulk_billing,
        BillingChange::NoRingingService => config.no_ringing_service,
    };
    matches!(row, Continuation::Continues)
}

/// The digits of the new number; what it was is never told back.
fn number(change: BillingChange, typed: &str) -> Result<String, ProblemDetails> {
    let read = match change {
        BillingChange::CustomerNumber00 => customer_number(typed),
        BillingChange::BulkBilling => {
            digits(typed).filter(|digits| (1..=20).contains(&digits.len()))
        }
        _ => PhoneNumber::parse(typed).ok().map(|number| number.as_str().to_owned()),
    };
    let allowed = match change {
        BillingChange::CustomerNumber00 => "ten digits that begin with 00",
        BillingChange::BulkBilling => "1 to 20 digits",
        _ => "a telephone number of 10 or 11 digits",
    };
    read.ok_or_else(|| ProblemDetails::invalid(format!("number: must be {allowed}")))
}

fn customer_number(typed: &str) -> Option<String> {
    digits(typed).filter(|digits| digits.len() == 10 && digits.starts_with("00"))
}

fn digits(typed: &str) -> Option<String> {
    let typed: String = typed.trim().chars().filter(|c| *c != '-').collect();
    typed.bytes().all(|byte| byte.is_ascii_digit()).then_some(typed)
}

/// Changes the billing number.
pub async fn change_number(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: Asked = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    let number = asked.number.as_deref().map(|typed| number(asked.change, typed)).transpose()?;
    let continues = continues(&state.billing, asked.change);
    if continues && asked.change.needs_number() && number.is_none() {
        let detail = "number: must be given, or the bill would go to the old one";
        return Err(ProblemDetails::invalid(detail));
    }
    let same_name_and_place = asked.same_name_and_place;
    let row = ChangeBilling { change: asked.change, continues, same_name_and_place, record: None };
    let what = |record| What::ChangeBilling(Box::new(BillingChanged { change: row, record }));
    let dry_run = asked.dry_run;
    let mut wanted =
        Wanted { action: "change_billing_number", customer, what: what(None), by, dry_run };
    let number_replaced = number.is_some();
    if let Some(number) = number {
        let view = look(&context, &state, customer).await?;
        // What a rule refuses is refused before anything personal is read.
        rehearse(&view, &state, &wanted).map_err(|r| ProblemDetails::refused(&r))?;
        let mut fields = record(&context, &state, &view).await?;
        fields.insert(BILLING_NUMBER.to_owned(), number);
        let made_from = view.line.as_deref().map(|line| line.rows.record);
        wanted.what = what(made_from.map(|made_from| RecordFields { fields, made_from }));
    }
    let change = change(&context, state, wanted).await?.into();
    Ok(HttpResponse::Ok().json(Told { continues, number_replaced, change }))
}

/// The line's record, held against the event that committed to it.
pub(super) async fn record(
    context: &RequestContext,
    state: &WebState,
    view: &LineView,
) -> Result<BTreeMap<String, String>, ProblemDetails> {
    let gone = || {
        let detail = "the line's record was erased after its term";
        ProblemDetails::new(StatusCode::CONFLICT, "record_erased", detail)
    };
    let line = view.line.as_deref().ok_or_else(gone)?;
    let internal = |error| ProblemDetails::internal(context, &error);
    let (store, row) = (state.store.as_ref(), line.rows.record);
    if store.personal(line.customer, row.row).await.map_err(internal)?.is_none() {
        return Err(gone());
    }
    match personal::committed(store, line.customer, row).await.map_err(internal)?.data {
        Personal::LineRecord { fields } => Ok(fields),
        _ => Err(gone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_takes_its_own_kind_of_number_r_041() {
        use BillingChange::{BulkBilling, CustomerNumber00, NoRingingService, PhoneNumberChanged};
        for (change, typed, read) in [
            (PhoneNumberChanged, "06-1234-5678\n", Some("0612345678")),
            (PhoneNumberChanged, "123", None),
            (NoRingingService, "0612345678", Some("0612345678")),
            (CustomerNumber00, "0012345678", Some("0012345678")),
            (CustomerNumber00, "0612345678", None),
            (CustomerNumber00, "00123456789", None),
            (BulkBilling, "12-34", Some("1234")),
            (BulkBilling, "", None),
            (BulkBilling, "12a", None),
        ] {
            let told = number(change, typed);
            assert_eq!(told.as_deref().ok(), read, "{change:?} {typed:?}");
            if let Err(problem) = told {
                let digits = typed.trim();
                let repeats = digits.len() > 3 && problem.to_string().contains(digits);
                assert!(!repeats, "what was typed is personal");
            }
        }
    }
}
