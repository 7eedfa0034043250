//! ⑦ ご利用明細 and the account's figures: gather, ask the rules, fill the page.

use super::{csv, session::Signed, shown};
use crate::{
    actors::{
        line::LineView,
        statement::{month_rows, passport_names},
    },
    domain::{
        calendar::Instant,
        ids::PassportNumber,
        line::{Line, ProviderTotal, event::ClosedCorrection},
        statement::{
            self, Account, Paging, Row, Search, SearchFaults, account, of_passport, total,
        },
    },
    store::{Store, StoreError},
    text::{Language, format},
    web::{
        answer,
        context::RequestContext,
        form::Form,
        page::{
            ContractLine, CorrectionRow, FoundMonth, IdUse, MonthBar, Overview, PassportChoice,
            Problem, ProviderShare, Shell, ShownName, StatementForm, StatementPage, StatementRow,
            statement_query,
        },
    },
};
use actix_web::{
    HttpResponse, Scope,
    http::{StatusCode, header},
};
use std::collections::{BTreeMap, BTreeSet};

type Names = BTreeMap<PassportNumber, String>;

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope.service(shown("/statement", show)).service(shown("/statement.csv", send_file))
}

async fn show(signed: Signed) -> HttpResponse {
    let query = signed.request.query_string().as_bytes().to_vec();
    signed.keep(page(&asked_by(&signed), &query).await)
}

async fn send_file(signed: Signed) -> HttpResponse {
    let query = signed.request.query_string().as_bytes().to_vec();
    signed.keep(download(&asked_by(&signed), &query).await)
}

fn asked_by(signed: &Signed) -> Asked<'_> {
    Asked {
        request: &signed.context,
        shell: signed.shell(),
        base: signed.entrance.base(),
        store: signed.state.store.as_ref(),
        view: &signed.view,
        now: signed.now,
    }
}

/// A household that asks for its statement, signed in.
pub struct Asked<'a> {
    /// The request.
    pub request: &'a RequestContext,
    /// What is around the page's content; the language switch is set here, with the filters.
    pub shell: Shell,
    /// The entrance, `/wso` or `/wso_v6`.
    pub base: &'a str,
    /// Where closed months are read.
    pub store: &'a dyn Store,
    /// The household's line.
    pub view: &'a LineView,
    /// The time of the question.
    pub now: Instant,
}

/// `GET statement`: the page, 422 with wrong fields.
pub async fn page(asked: &Asked<'_>, query: &[u8]) -> HttpResponse {
    match fill(asked, query).await {
        Ok(page) => {
            let wrong = page.form.is_wrong();
            let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            answer::html(status, &page)
        }
        Err(fault) => asked.failed(fault),
    }
}

/// `GET statement.csv`: all rows of the search as a file; the page with its errors where a field
/// is wrong.
pub async fn download(asked: &Asked<'_>, query: &[u8]) -> HttpResponse {
    match search_rows(asked, query).await {
        Ok((_, Err(_))) => page(asked, query).await,
        Ok((_, Ok(found))) => {
            let name = format!("attachment; filename=\"statement-{}.csv\"", found.search.month);
            let corrections = asked.view.line.as_deref().map_or_else(Vec::new, |line| {
                statement::corrections(line, found.search.month, found.search.passport)
            });
            match csv::write(csv_rows(asked.shell.language, &found, &corrections)) {
                Ok(body) => HttpResponse::Ok()
                    .content_type("text/csv; charset=utf-8")
                    .insert_header((header::CONTENT_DISPOSITION, name))
                    .body(body),
                Err(error) => answer::failed(asked.request, asked.shell.language, &error),
            }
        }
        Err(fault) => asked.failed(fault),
    }
}

/// The account's figures at `now`. `view` must hold a line.
pub async fn overview(
    store: &dyn Store,
    view: &LineView,
    now: Instant,
) -> Result<Option<Overview>, StoreError> {
    let Some(line) = view.line.as_deref() else { return Ok(None) };
    let account = account(line, now);
    let owners = account.contracts.iter().map(|contract| contract.passport).collect();
    let names = passport_names(store, view, owners).await?;
    Ok(Some(shown_account(account, &names)))
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The query is not one that our own form sends.
    #[error("the query cannot be read")]
    Query,
    /// No line has the customer ID.
    #[error("there is no line")]
    NoLine,
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Asked<'_> {
    fn failed(&self, fault: Fault) -> HttpResponse {
        let language = self.shell.language;
        match fault {
            Fault::Query => answer::problem(self.request, language, Problem::BadRequest),
            Fault::NoLine => answer::problem(self.request, language, Problem::NotFound),
            Fault::Store(error) => answer::failed(self.request, language, &error),
        }
    }
}

/// What was found: the month's rows of the ID that was asked for, and the names of all IDs that the
/// month or the line has.
struct Found {
    search: Search,
    rows: Vec<Row>,
    names: Names,
    /// The IDs to choose from, by number.
    numbers: BTreeSet<PassportNumber>,
}

/// What was found, or what is wrong with the search.
type Searched = Result<Found, SearchFaults>;

async fn search_rows(asked: &Asked<'_>, query: &[u8]) -> Result<(Form, Searched), Fault> {
    let line = asked.view.line.as_deref().ok_or(Fault::NoLine)?;
    let form = Form::read(query).map_err(|_| Fault::Query)?;
    let month = form.stands("month").then(|| form.get("month").unwrap_or_default());
    let search = match statement::search(line, asked.now, month, form.get("passport")) {
        Ok(search) => search,
        Err(faults) => return Ok((form, Err(faults))),
    };
    let rows = month_rows(asked.store, asked.view, search.month).await?;
    let named = rows.iter().map(|row| row.passport).chain(search.passport);
    let numbers: BTreeSet<_> = line.live_passports().map(|id| id.number).chain(named).collect();
    let names = passport_names(asked.store, asked.view, numbers.clone()).await?;
    let rows = of_passport(rows, search.passport);
    Ok((form, Ok(Found { search, rows, names, numbers })))
}

/// The page for a query.
pub async fn fill(asked: &Asked<'_>, query: &[u8]) -> Result<StatementPage, Fault> {
    let line = asked.view.line.as_deref().ok_or(Fault::NoLine)?;
    let (sent, searched) = search_rows(asked, query).await?;
    let page = |form, found, switch_path| StatementPage {
        shell: Shell { switch_path: Some(switch_path), ..asked.shell.clone() },
        path: format!("{}/statement", asked.base),
        back_path: format!("{}/details", asked.base),
        customer_id: line.customer.as_str().into(),
        form,
        found,
    };
    let path = format!("{}/statement", asked.base);
    match searched {
        Ok(found) => {
            // A page that is no number is the first one.
            let number = sent.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
            let shown = shown_month(line, asked.now, &found, number);
            let passport = found.search.passport.map(|number| number.0);
            let query = statement_query(shown.month, passport, shown.paging.page);
            Ok(page(good_form(line, &found), Some(shown), format!("{path}?{query}")))
        }
        Err(faults) => {
            let live = line.live_passports().map(|id| id.number).collect();
            let names = passport_names(asked.store, asked.view, live).await?;
            Ok(page(wrong_form(line, &sent, faults, &names), None, path))
        }
    }
}

fn good_form(line: &Line, found: &Found) -> StatementForm {
    StatementForm {
        year_month: format::month_typed(found.search.month.into()).into(),
        passport: found.search.passport.map(|number| number.0),
        choices: choices(line, &found.numbers, &found.names),
        ..StatementForm::default()
    }
}

fn wrong_form(line: &Line, sent: &Form, faults: SearchFaults, names: &Names) -> StatementForm {
    let opened = line.opened_at.month().into();
    let numbers = names.keys().copied().collect();
    StatementForm {
        year_month: sent.get("month").unwrap_or_default().into(),
        passport: sent.get("passport").and_then(|number| number.parse().ok()),
        choices: choices(line, &numbers, names),
        month_fault: faults.month.map(|fault| (fault, opened)),
        unknown_passport: faults.unknown_passport,
    }
}

fn choices(line: &Line, numbers: &BTreeSet<PassportNumber>, names: &Names) -> Vec<PassportChoice> {
    let choice = |number: &PassportNumber| PassportChoice {
        number: number.0,
        name: name(names, *number),
        deleted: line.live_passport(*number).is_none(),
    };
    let mut choices: Vec<_> = numbers.iter().map(choice).collect();
    choices.sort_by_key(|choice| choice.deleted);
    choices
}

fn name(names: &Names, number: PassportNumber) -> Option<ShownName> {
    names.get(&number).map(|name| name.as_str().into())
}

fn shown_month(line: &Line, now: Instant, found: &Found, page: usize) -> FoundMonth {
    let month = found.search.month;
    let first = line.opened_at.month();
    let paging = Paging::of(found.rows.len(), page);
    let rows = paging.cut(&found.rows).iter();
    let corrections = statement::corrections(line, month, found.search.passport);
    FoundMonth {
        month: month.into(),
        before: (month > first).then(|| month.previous().into()),
        after: (month < now.month()).then(|| month.next().into()),
        closed: statement::is_closed(line, month),
        total_yen: total(&found.rows).get(),
        paging,
        rows: rows.map(|row| shown_row(row, &found.names)).collect(),
        corrections: corrections.iter().map(|one| shown_correction(one)).collect(),
        billed_yen: statement::billed_yen(&found.rows, &corrections),
    }
}

fn shown_correction(correction: &ClosedCorrection) -> CorrectionRow {
    CorrectionRow {
        receipt_number: correction.item.receipt.to_string(),
        provider: correction.item.provider_name.as_str().into(),
        service: correction.item.service_name.as_str().into(),
        corrects: correction.month.into(),
        difference_yen: correction.difference_yen,
    }
}

fn shown_row(row: &Row, names: &Names) -> StatementRow {
    StatementRow {
        receipt_number: row.receipt.to_string(),
        passport: row.passport.0,
        passport_name: name(names, row.passport),
        provider: row.provider_name.as_str().into(),
        service: row.service_name.as_str().into(),
        unit_price_yen: row.unit_price.get(),
        quantity: row.quantity,
        amount_yen: row.amount.get(),
        started_at_us: row.started_at.micros(),
    }
}

/// The rows of a file: the columns of R-131 with the service in one of its own, and plain numbers.
fn csv_rows(
    language: Language,
    found: &Found,
    corrections: &[&ClosedCorrection],
) -> Vec<Vec<String>> {
    let (t, c) = (&language.texts().statement, &language.texts().common);
    let head = [
        c.receipt_number,
        c.passport_id,
        t.provider_name,
        t.service_name,
        t.csv_unit_price,
        c.quantity,
        t.csv_amount,
        t.started_on,
    ];
    let cells = |row: &Row| {
        let shown = shown_row(row, &found.names);
        let date = row.started_at.in_japan().strftime("%Y/%m/%d").to_string();
        vec![
            shown.receipt_number.clone(),
            shown.passport_label(t),
            shown.provider.to_string(),
            shown.service.to_string(),
            row.unit_price.to_string(),
            row.quantity.to_string(),
            row.amount.to_string(),
            date,
        ]
    };
    // A correction has no price and no pieces; its date is the day on which it was made.
    let correction_cells = |one: &&ClosedCorrection| {
        let shown = shown_correction(one);
        let of = (t.correction_of)(&format::month(language, shown.corrects));
        let owner = name(&found.names, one.item.passport);
        vec![
            shown.receipt_number.clone(),
            owner.map_or_else(String::new, |owner| owner.to_string()),
            shown.provider.to_string(),
            format!("{} ({of})", shown.service),
            String::new(),
            String::new(),
            one.difference_yen.to_string(),
            one.at.in_japan().strftime("%Y/%m/%d").to_string(),
        ]
    };
    let head = head.map(str::to_owned).to_vec();
    let rows = found.rows.iter().map(cells);
    std::iter::once(head).chain(rows).chain(corrections.iter().map(correction_cells)).collect()
}

fn shown_account(account: Account, names: &Names) -> Overview {
    let id = |id: statement::PassportUse| IdUse {
        number: id.passport.0,
        name: name(names, id.passport),
        used_yen: id.used.get(),
        limit_yen: id.limit.get(),
    };
    let contract = |contract: statement::LiveContract| ContractLine {
        number: contract.number.to_string(),
        service: contract.service_name.into(),
        provider: contract.provider_name.into(),
        passport: contract.passport.0,
        passport_name: name(names, contract.passport),
        unit_price_yen: contract.unit_price.get(),
        started_at_us: contract.bought_at.micros(),
        next_charge: contract.next_charge.into(),
        last_month_if_ended_now: contract.last_month_if_ended_now.into(),
    };
    Overview {
        month: account.month.into(),
        total_yen: account.total.get(),
        line_limit_yen: account.line_limit.get(),
        ids: account.passports.into_iter().map(id).collect(),
        deleted_used_yen: account.deleted_used.get(),
        contracts: account.contracts.into_iter().map(contract).collect(),
        months: account.months.into_iter().map(shown_total).collect(),
    }
}

fn shown_total(total: statement::MonthTotal) -> MonthBar {
    let share =
        |one: ProviderTotal| ProviderShare { name: one.name.into(), amount_yen: one.amount.get() };
    MonthBar {
        month: total.month.into(),
        total_yen: total.total.get(),
        providers: total.providers.into_iter().map(share).collect(),
    }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
