//! The disclosure of an unpaid bill to a provider: the six fields of R-181, of the provider's own
//! services alone. Each one is an event: who, to whom, why.

use super::{
    access::Caller,
    ask, billing,
    change::{Wanted, change, rehearse},
    lines::{customer_id, look},
    maintenance::decision,
    problem::ProblemDetails,
};
use crate::{
    actors::statement::month_rows,
    domain::{
        calendar::{Day, Month},
        ids::{CustomerId, ProviderId},
        line::{Command, Event, Refusal, command::Disclose, event::DisclosureTrigger},
        record::Disclosed,
        statement,
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Disclosure")]
pub(super) struct Asked {
    /// To whom.
    provider: ProviderId,
    /// The month of the charges.
    month: Month,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell whether it is allowed; nothing is disclosed and nothing changed.
    #[serde(default)]
    dry_run: bool,
}

/// The answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DisclosureTold")]
pub(super) struct Told {
    /// Whether nothing was disclosed.
    dry_run: bool,
    /// When it was recorded, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    customer_id: CustomerId,
    provider: ProviderId,
    month: Month,
    /// What allows it.
    trigger: Option<DisclosureTrigger>,
    /// How many purchases it names.
    count: usize,
    /// The purchases, each with exactly six fields; personal. None where it is a rehearsal.
    purchases: Option<Vec<Purchase>>,
}

/// One purchase with the six fields of R-181.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DisclosedPurchase")]
struct Purchase {
    #[serde(rename = "氏名")]
    name: String,
    #[serde(rename = "住所")]
    address: String,
    #[serde(rename = "連絡先電話番号")]
    contact_phone: String,
    #[serde(rename = "課金電話番号")]
    billing_number: String,
    #[serde(rename = "利用した有料サービス名")]
    service_name: String,
    #[serde(rename = "購入年月日")]
    bought_on: Day,
}

impl From<Disclosed> for Purchase {
    fn from(one: Disclosed) -> Self {
        let Disclosed { name, address, contact_phone, billing_number, service_name, bought_on } =
            one;
        Self { name, address, contact_phone, billing_number, service_name, bought_on }
    }
}

/// Discloses a bill. It is recorded before anything is told.
pub async fn disclose(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let Asked { provider, month, reason, dry_run } = ask::read(&body)?;
    let by = (&caller, &*reason, dry_run);
    let view = look(&context, &state, customer).await?;
    if view.line.is_none() {
        return Err(ProblemDetails::refused(&Refusal::UnknownLine));
    }
    if state.providers.get(&provider).is_none() {
        let detail = "no such provider";
        return Err(ProblemDetails::new(StatusCode::NOT_FOUND, "unknown_provider", detail));
    }
    let internal = |error| ProblemDetails::internal(&context, &error);
    // The bill as it was closed is fixed, so it may be read apart from the change.
    let closed = view.line.as_deref().is_some_and(|line| statement::is_closed(line, month));
    let rows = if closed {
        month_rows(state.store.as_ref(), &view, month).await.map_err(internal)?
    } else {
        Vec::new()
    };
    let own: Vec<_> = rows.into_iter().filter(|row| row.provider == provider).collect();
    let disclose = Disclose { provider: provider.clone(), month, sold: !own.is_empty() };
    let command = Command::Disclose(disclose);
    let wanted = Wanted::plain("disclose_overdue", customer, command, by)?;
    let count = own.len();
    let (made, purchases) = if dry_run {
        (rehearse(&view, &state, &wanted).map_err(|r| ProblemDetails::refused(&r))?, None)
    } else {
        // What a rule refuses is refused before anything personal is read, and logged like a change.
        let allowed = rehearse(&view, &state, &wanted).map_err(|r| ProblemDetails::refused(&r));
        let record = match allowed {
            Ok(_) => billing::record(&context, &state, &view).await?,
            Err(refused) => return Err(logged(&context, customer, refused)),
        };
        if let Some(field) = Disclosed::lacks(&record) {
            let refused = ProblemDetails::refused(&Refusal::RecordIncomplete { field });
            return Err(logged(&context, customer, refused));
        }
        let purchases = Disclosed::of(&record, &own).into_iter().map(Purchase::from).collect();
        (change(&context, state, wanted).await?, Some(purchases))
    };
    let trigger = made.entry.events.iter().find_map(|event| match event {
        Event::Disclosed { trigger, .. } => Some(*trigger),
        _ => None,
    });
    let at = made.entry.at.rfc3339();
    let customer_id = customer;
    let told = Told { dry_run, at, customer_id, provider, month, trigger, count, purchases };
    Ok(HttpResponse::Ok().json(told))
}

/// The refusal, once it stands in the log.
fn logged(
    context: &RequestContext,
    customer: CustomerId,
    refused: ProblemDetails,
) -> ProblemDetails {
    let answer: Result<(), ProblemDetails> = Err(refused.clone());
    decision("disclose_overdue", context, &answer)
        .line(customer.to_string())
        .emit("an unpaid bill was not disclosed");
    refused
}
