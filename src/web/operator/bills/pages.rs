//! A month's bills, page by page: as they would be now, and as they were closed.

use super::{
    closing::{Closing, month_state},
    month_of,
};
use crate::{
    actors::bills::{self, AddressedBill, BillPage},
    config::BillingConfig,
    domain::{
        bill::{ProviderBill, issue_month, signed_yen},
        calendar::Month,
        ids::{CustomerId, ProviderId, ReceiptNumber, ServiceCode},
        line::event::{BillingRoute, ClosedCorrection, ClosedItem},
        system::SystemRefusal,
    },
    web::{context::RequestContext, operator::problem::ProblemDetails, state::WebState},
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
