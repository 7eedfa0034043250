//! The month's bills: preview, close, and what was closed, page by page; and
//! corrections of what was billed.

use super::{access::Caller, ask, lines, maintenance, problem::ProblemDetails};
use crate::{
    actors::{
        LineError,
        bills::{self, AddressedBill, BillPage},
        change::{Change, What},
        closing::{CloseError, Phase, Progress},
        system::Asked,
    },
    config::BillingConfig,
    domain::{
        bill::{ProviderBill, issue_month, signed_yen},
        calendar::Month,
        ids::{CustomerId, ProviderId, ReceiptNumber, ServiceCode},
        line::{
            Command, Facts,
            command::Correct,
            decide,
            event::{BillingRoute, ClosedCorrection, ClosedItem},
        },
        shape,
        system::SystemRefusal,
    },
    telemetry::{Decision, Outcome},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lines of one page where nobody says how many.
const PAGE: usize = 500;
/// Lines of one page at most.
const LARGEST_PAGE: usize = 2_000;

/// Which page is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BillPaging")]
pub struct Paging {
    /// What the page before gave as `next`.
    #[schemars(with = "Option<CustomerId>")]
    after: Option<String>,
    /// Lines to look at, 1 to 2000; 500 where absent.
    #[schemars(range(min = 1, max = LARGEST_PAGE))]
    limit: Option<usize>,
}

/// What is asked for to close a month.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MonthClose")]
pub(super) struct Close {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell whether it could be closed and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is asked for to correct a charge.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChargeCorrection")]
pub(super) struct Correction {
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
pub(super) struct Corrected {
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

/// How a month stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MonthState")]
pub struct MonthState {
    /// The month of the charges.
    pub month: Month,
    /// How far it is.
    pub state: Closing,
    /// The last month that is closed for all lines, where any is.
    pub closed_through: Option<Month>,
    /// Lines that there are, while a close is under way.
    pub lines_total: u64,
    /// Lines that it is done with.
    pub lines_done: u64,
    /// Bills that this run of the close made.
    pub bills: u64,
    /// Their charges.
    pub items: u64,
    /// What they come to, in yen.
    pub total_yen: i64,
    /// Why the close ended before its end, where it did; run again it goes on.
    pub problem: Option<String>,
    /// The problem's code.
    pub code: Option<String>,
}

/// How far a month is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MonthClosing")]
pub enum Closing {
    /// Nothing of it is fixed.
    Open,
    /// A close looks whether an earlier month is open.
    Checking,
    /// A close is under way.
    Closing,
    /// A close was begun and ended before its end.
    Broken,
    /// It is closed.
    Closed,
}

/// A page of bills.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BillPage")]
pub struct Page {
    /// The month of the charges.
    pub month: Month,
    /// Whether they are fixed.
    pub closed: bool,
    /// By customer ID.
    pub bills: Vec<Bill>,
    /// What the next page begins after; none after the last page.
    pub next: Option<CustomerId>,
}

/// A line's bill.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Bill {
    /// Whose.
    pub customer_id: CustomerId,
    /// 請求先お客さま番号; none where the line's record has none.
    pub billing_number: Option<String>,
    /// How it is billed.
    pub route: BillingRoute,
    /// 請求年月.
    pub issue_month: Month,
    /// What it comes to, in yen.
    pub total_yen: i64,
    /// One line for each provider.
    pub providers: Vec<ProviderLine>,
}

/// What a bill says of one provider.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BillProvider")]
pub struct ProviderLine {
    /// Who sold.
    pub provider: ProviderId,
    /// Its name as the bill prints it.
    pub name: String,
    /// What its charges and corrections come to, in yen.
    pub amount_yen: i64,
    /// The charges.
    pub items: Vec<Item>,
}

/// A charge, or the correction of one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BillItem")]
pub struct Item {
    /// 申込受付番号.
    pub receipt_number: ReceiptNumber,
    /// The passport ID's number in its line.
    pub passport: u32,
    /// What.
    pub service: ServiceCode,
    /// Its name.
    pub service_name: String,
    /// Pieces.
    pub quantity: u32,
    /// Yen; of a correction the difference.
    pub amount_yen: i64,
    /// 利用開始日, or when the correction was made, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// The month that a correction corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Month>,
}

/// Tells how a month stands.
pub async fn status(
    context: RequestContext,
    state: Data<WebState>,
    month: Path<String>,
) -> Result<HttpResponse, ProblemDetails> {
    let month = month_of(&month)?;
    Ok(HttpResponse::Ok().json(month_state(&context, &state, month).await?))
}

/// Tells what a month that is not closed would be billed now. The rules are those of the close.
pub async fn preview(
    context: RequestContext,
    state: Data<WebState>,
    month: Path<String>,
    paging: Result<Query<Paging>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let month = month_of(&month)?;
    let (after, limit) = page_of(paging)?;
    let standing = month_state(&context, &state, month).await?;
    if standing.state == Closing::Closed {
        return closed_page(&context, &state, month, after, limit).await;
    }
    if standing.closed_through >= Some(month) || standing.state != Closing::Open {
        let refusal = SystemRefusal::AnotherMonthClosing(month);
        return Err(ProblemDetails::new(StatusCode::CONFLICT, refusal.code(), refusal.to_string()));
    }
    let page = bills::open(&state.bulk, state.store.as_ref(), month, after, limit).await;
    let page = page.map_err(|error| ProblemDetails::of_line(&context, &error))?;
    Ok(HttpResponse::Ok().json(told(&state.billing, month, false, &page)))
}

/// Tells what a closed month was billed.
pub async fn list(
    context: RequestContext,
    state: Data<WebState>,
    month: Path<String>,
    paging: Result<Query<Paging>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let month = month_of(&month)?;
    let (after, limit) = page_of(paging)?;
    if month_state(&context, &state, month).await?.state != Closing::Closed {
        let detail = format!("{month} is not closed");
        return Err(ProblemDetails::new(StatusCode::CONFLICT, "not_closed", detail));
    }
    closed_page(&context, &state, month, after, limit).await
}

async fn closed_page(
    context: &RequestContext,
    state: &WebState,
    month: Month,
    after: Option<CustomerId>,
    limit: usize,
) -> Result<HttpResponse, ProblemDetails> {
    let page = bills::closed(state.store.as_ref(), month, after, limit).await;
    let page = page.map_err(|error| ProblemDetails::internal(context, &error))?;
    Ok(HttpResponse::Ok().json(told(&state.billing, month, true, &page)))
}

/// Begins a close, or goes on with one that broke off; it goes on by itself. A month that is closed
/// is told as it stands.
pub async fn close(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    month: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let month = month_of(&month)?;
    let asked: Close = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    if asked.dry_run {
        let allowed = state.closer.rehearse(month).await;
        unless_closed(allowed, &context, month)?;
        return Ok(HttpResponse::Ok().json(month_state(&context, &state, month).await?));
    }
    let begun = state.closer.begin(month).await;
    if let Some(run) = unless_closed(begun, &context, month)?.flatten() {
        let (state, own) = (state.clone(), context.clone());
        let asked = Asked { by, request_id: Some(context.request_id.clone()) };
        // It goes on though whoever asked has gone away.
        actix_rt::spawn(async move {
            let closed = state.closer.drive(&run, &asked).await;
            log_close(&own, &run.progress(), closed.as_ref().err().map(|error| &**error));
        });
    }
    Ok(HttpResponse::Ok().json(month_state(&context, &state, month).await?))
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

fn month_of(text: &str) -> Result<Month, ProblemDetails> {
    text.parse().map_err(|error| ProblemDetails::invalid(format!("month: {error}")))
}

fn page_of(
    paging: Result<Query<Paging>, actix_web::Error>,
) -> Result<(Option<CustomerId>, usize), ProblemDetails> {
    let Paging { after, limit } =
        paging.map_err(|error| ProblemDetails::invalid(error.to_string()))?.into_inner();
    let after = after.map(|text| text.parse()).transpose();
    let after = after.map_err(|error| ProblemDetails::invalid(format!("after: {error}")))?;
    match limit.unwrap_or(PAGE) {
        limit @ 1..=LARGEST_PAGE => Ok((after, limit)),
        _ => Err(ProblemDetails::invalid(format!("limit: wanted is 1 to {LARGEST_PAGE}"))),
    }
}

async fn month_state(
    context: &RequestContext,
    state: &WebState,
    month: Month,
) -> Result<MonthState, ProblemDetails> {
    let system = state.closer.state().await;
    let system = system.map_err(|error| ProblemDetails::internal(context, &error))?;
    let run = state.closer.run().filter(|run| run.month == month);
    let progress = run.map(|run| run.progress());
    let begun = system.closing.is_some_and(|begun| begun.month == month);
    let closing = match progress.as_ref().map(|progress| (&progress.ended, progress.phase)) {
        _ if system.is_closed(month) => Closing::Closed,
        Some((None, Phase::Checking)) => Closing::Checking,
        Some((None, Phase::Closing)) => Closing::Closing,
        _ if begun => Closing::Broken,
        _ => Closing::Open,
    };
    let error = progress.as_ref().and_then(|progress| progress.ended.as_ref()?.as_ref().err());
    let figure = |of: fn(&Progress) -> u64| progress.as_ref().map_or(0, of);
    Ok(MonthState {
        month,
        state: closing,
        closed_through: system.closed_through,
        lines_total: figure(|progress| progress.lines_total),
        lines_done: figure(|progress| progress.lines_done),
        bills: figure(|progress| progress.bills_closed),
        items: figure(|progress| progress.items),
        total_yen: progress.as_ref().map_or(0, |progress| progress.total_yen),
        problem: error.map(ToString::to_string),
        code: error.map(|error| code_of(error).to_owned()),
    })
}

/// A month that is closed is no failure of whoever closes it again: it is told as it stands.
fn unless_closed<T>(
    answer: Result<T, CloseError>,
    context: &RequestContext,
    month: Month,
) -> Result<Option<T>, ProblemDetails> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(CloseError::Refused(SystemRefusal::ClosedAlready(closed))) if closed == month => {
            Ok(None)
        }
        Err(CloseError::Refused(refusal)) => {
            Err(ProblemDetails::new(StatusCode::CONFLICT, refusal.code(), refusal.to_string()))
        }
        Err(error) => Err(ProblemDetails::internal(context, &error)),
    }
}

fn code_of(error: &CloseError) -> &'static str {
    match error {
        CloseError::Refused(refusal) => refusal.code(),
        CloseError::Line { error, .. } => match &**error {
            LineError::Refused(refusal) => refusal.code(),
            _ => "line_failed",
        },
        CloseError::System(_) | CloseError::Store(_) => "store_failed",
    }
}

fn log_close(context: &RequestContext, progress: &Progress, error: Option<&CloseError>) {
    let decision = match error {
        None => Decision::new("close_month", Outcome::Accepted),
        Some(error @ CloseError::Refused(_)) => {
            Decision::new("close_month", Outcome::Refused).reason(code_of(error))
        }
        Some(error) => {
            // With its action, so that whoever looks for the close's lines finds what broke it.
            let (action, month) = ("close_month", progress.month);
            tracing::error!(action, %month, %error, "a month's close broke off");
            Decision::new("close_month", Outcome::Failed).reason(code_of(error))
        }
    };
    decision
        .amount_yen(progress.total_yen)
        .latency(context.began.elapsed())
        .request_id(&*context.request_id)
        .emit("an operator closed a month");
}

fn told(config: &BillingConfig, month: Month, closed: bool, page: &BillPage) -> Page {
    let bills = page.bills.iter().map(|bill| Bill::of(config, bill)).collect();
    Page { month, closed, bills, next: page.next }
}

impl Bill {
    fn of(config: &BillingConfig, addressed: &AddressedBill) -> Self {
        let bill = &addressed.bill;
        Self {
            customer_id: addressed.customer,
            billing_number: addressed.billing_number.clone(),
            route: bill.route,
            issue_month: issue_month(bill.month, issued_after_months(config, bill.route)),
            total_yen: bill.total_yen(),
            providers: bill.providers().iter().map(ProviderLine::of).collect(),
        }
    }
}

const fn issued_after_months(config: &BillingConfig, route: BillingRoute) -> u8 {
    match route {
        BillingRoute::Telephone => config.telephone_issued_after_months,
        BillingRoute::CustomerNumber => config.customer_number_issued_after_months,
        BillingRoute::Combined => config.combined_issued_after_months,
        BillingRoute::Bulk => config.bulk_issued_after_months,
    }
}

impl ProviderLine {
    fn of(bill: &ProviderBill<'_>) -> Self {
        let items = bill.items.iter().map(|item| Item::charged(item));
        let corrections = bill.corrections.iter().map(|correction| Item::corrected(correction));
        Self {
            provider: bill.provider.clone(),
            name: bill.name.to_owned(),
            amount_yen: bill.amount_yen,
            items: items.chain(corrections).collect(),
        }
    }
}

impl Item {
    fn charged(item: &ClosedItem) -> Self {
        Self {
            receipt_number: item.receipt,
            passport: item.passport.0,
            service: item.service.clone(),
            service_name: item.service_name.clone(),
            quantity: item.quantity,
            amount_yen: signed_yen(item.amount),
            at: item.bought_at.rfc3339(),
            corrects: None,
        }
    }

    fn corrected(correction: &ClosedCorrection) -> Self {
        Self {
            amount_yen: correction.difference_yen,
            at: correction.at.rfc3339(),
            corrects: Some(correction.month),
            ..Self::charged(&correction.item)
        }
    }
}
