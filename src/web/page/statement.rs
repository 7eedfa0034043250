//! ⑦ フレッツ・パスポートIDご利用明細表示.

use std::borrow::Borrow;

use askama::Template;

use super::{Shell, ShownName};
use crate::domain::statement::{MonthFault, Paging};
use crate::text::format::{self, Month};
use crate::text::statement::Statement;

/// The statement: the form, and a month's rows where the search is a good one. Answer 200, or 422
/// with wrong fields.
#[derive(Debug, Clone, Template)]
#[template(path = "portal/statement.html")]
pub struct StatementPage {
    /// What is around the content.
    pub shell: Shell,
    /// Where the page stands, `/wso/statement`; its CSV is there too, with `.csv` behind it.
    pub path: String,
    /// ご利用状況詳細, `/wso/details`.
    pub back_path: String,
    /// お客さまID.
    pub customer_id: ShownName,
    /// What was asked for.
    pub form: StatementForm,
    /// What was found; `None` where a field is wrong.
    pub found: Option<FoundMonth>,
}

/// The search form as it was sent.
#[derive(Debug, Clone, Default)]
pub struct StatementForm {
    /// 年月 as typed.
    pub year_month: ShownName,
    /// The number of the ID that was chosen.
    pub passport: Option<u32>,
    /// The IDs to choose from.
    pub choices: Vec<PassportChoice>,
    /// What is wrong with 年月, with the first month that the line has a statement of.
    pub month_fault: Option<(MonthFault, Month)>,
    /// Whether the ID is none of the line's.
    pub unknown_passport: bool,
}

/// One ID to choose.
#[derive(Debug, Clone)]
pub struct PassportChoice {
    /// Its number: what stands in the address, where its string may not.
    pub number: u32,
    /// Its string, where that is not erased.
    pub name: Option<ShownName>,
    /// Whether it is deleted.
    pub deleted: bool,
}

/// A month's rows, one page of them.
#[derive(Debug, Clone)]
pub struct FoundMonth {
    /// Which month.
    pub month: Month,
    /// The month before, if the line has a statement of it.
    pub before: Option<Month>,
    /// The month after, if it has begun.
    pub after: Option<Month>,
    /// Whether it is fixed as billed.
    pub closed: bool,
    /// What all its rows come to, those of other pages too.
    pub total_yen: u64,
    /// Which page of how many.
    pub paging: Paging,
    /// The page's rows.
    pub rows: Vec<StatementRow>,
    /// What its bill corrects of earlier months' bills.
    pub corrections: Vec<CorrectionRow>,
    /// What is billed with them, in yen; fewer than nothing is credited.
    pub billed_yen: i64,
}

/// A correction of an earlier month's bill.
#[derive(Debug, Clone)]
pub struct CorrectionRow {
    /// 申込受付番号 of the charge.
    pub receipt_number: String,
    /// 事業者名.
    pub provider: ShownName,
    /// コンテンツ名.
    pub service: ShownName,
    /// The month that was wrong.
    pub corrects: Month,
    /// Yen less (negative) or more.
    pub difference_yen: i64,
}

impl CorrectionRow {
    fn receipt_grouped(&self) -> String {
        format::receipt_number(&self.receipt_number)
    }
}

/// One row.
#[derive(Debug, Clone)]
pub struct StatementRow {
    /// 申込受付番号.
    pub receipt_number: String,
    /// The ID's number.
    pub passport: u32,
    /// The ID's string, where that is not erased.
    pub passport_name: Option<ShownName>,
    /// 事業者名.
    pub provider: ShownName,
    /// コンテンツ名.
    pub service: ShownName,
    /// 単価.
    pub unit_price_yen: u64,
    /// 数量.
    pub quantity: u32,
    /// 金額.
    pub amount_yen: u64,
    /// 利用開始日, microseconds since the epoch.
    pub started_at_us: i64,
}

impl StatementForm {
    /// Whether any field is wrong.
    pub fn is_wrong(&self) -> bool {
        self.month_fault.is_some() || self.unknown_passport
    }

    fn is_chosen(&self, choice: &PassportChoice) -> bool {
        self.passport == Some(choice.number)
    }
}

impl PassportChoice {
    fn label(&self, t: &Statement) -> String {
        let name = passport_label(t, self.number, self.name.as_ref());
        if self.deleted && self.name.is_some() { (t.deleted_passport)(&name) } else { name }
    }
}

impl StatementRow {
    pub(in crate::web) fn passport_label(&self, t: &Statement) -> String {
        passport_label(t, self.passport, self.passport_name.as_ref())
    }

    fn receipt_grouped(&self) -> String {
        format::receipt_number(&self.receipt_number)
    }

    fn started_on(&self, shell: &Shell) -> String {
        format::day(shell.language, self.started_at_us)
    }

    fn started_at(&self) -> String {
        format::instant_rfc3339(self.started_at_us)
    }

    fn times(&self, t: &Statement) -> String {
        (t.times)(&format::grouped(self.quantity.into()))
    }
}

/// An ID's string, or what stands for one that was erased.
pub(super) fn passport_label(t: &Statement, number: u32, name: Option<&ShownName>) -> String {
    name.map_or_else(|| (t.nameless_passport)(&number.to_string()), |name| name.as_str().to_owned())
}

/// The part of an address that keeps the filters: no personal data, the ID by its number.
pub fn statement_query(month: Month, passport: Option<u32>, page: usize) -> String {
    let passport = passport.map(|number| format!("&passport={number}")).unwrap_or_default();
    let page = if page > 1 { format!("&page={page}") } else { String::new() };
    format!("month={:04}-{:02}{passport}{page}", month.year, month.month)
}

impl StatementPage {
    fn month_error(&self) -> Option<String> {
        let t = &self.shell.texts().statement;
        self.form.month_fault.map(|(fault, opened)| match fault {
            MonthFault::Missing => t.month_missing.to_owned(),
            MonthFault::Malformed => t.month_malformed.to_owned(),
            MonthFault::Future => t.month_future.to_owned(),
            MonthFault::BeforeOpening => (t.month_before_opening)(&self.shell.month(opened)),
        })
    }

    fn page_address(&self, found: &FoundMonth, page: impl Borrow<usize>) -> String {
        self.filtered(&self.path, found.month, *page.borrow())
    }

    /// The month before: its address and its name.
    fn earlier(&self, found: &FoundMonth) -> Option<(String, String)> {
        self.month_link(found.before)
    }

    /// The month after.
    fn later(&self, found: &FoundMonth) -> Option<(String, String)> {
        self.month_link(found.after)
    }

    fn month_link(&self, month: Option<Month>) -> Option<(String, String)> {
        month.map(|month| (self.filtered(&self.path, month, 1), self.shell.month(month)))
    }

    /// The page before: its address.
    fn page_before(&self, found: &FoundMonth) -> Option<String> {
        found.paging.before().map(|page| self.page_address(found, page))
    }

    /// The page after.
    fn page_after(&self, found: &FoundMonth) -> Option<String> {
        found.paging.after().map(|page| self.page_address(found, page))
    }

    /// An address with the filters. The language is the session's.
    fn filtered(&self, path: &str, month: Month, page: usize) -> String {
        format!("{path}?{}", statement_query(month, self.form.passport, page))
    }

    fn csv_address(&self, found: &FoundMonth) -> String {
        self.filtered(&format!("{}.csv", self.path), found.month, 1)
    }

    /// The heading over the sum: of all IDs, or of the one that was chosen.
    fn total_label(&self) -> String {
        let t = &self.shell.texts().statement;
        let chosen = self.form.choices.iter().find(|choice| self.form.is_chosen(choice));
        chosen.map_or_else(|| t.total.to_owned(), |one| (t.total_of_passport)(&one.label(t)))
    }

    fn count(&self, found: &FoundMonth) -> String {
        let written = |number: usize| format::grouped(u64::try_from(number).unwrap_or(u64::MAX));
        let Paging { rows, page, pages } = found.paging;
        let count = self.shell.texts().statement.count;
        count(&written(rows), &written(page), &written(pages))
    }
}

impl Shell {
    /// Yen with a sign where they are less than nothing.
    pub(super) fn signed_yen(&self, amount_yen: impl Borrow<i64>) -> String {
        let amount_yen = *amount_yen.borrow();
        let sign = if amount_yen < 0 { "-" } else { "" };
        format!("{sign}{}", format::yen(self.language, amount_yen.unsigned_abs()))
    }

    pub(super) fn yen_parts(&self, amount_yen: impl Borrow<u64>) -> format::YenParts {
        format::yen_parts(self.language, *amount_yen.borrow())
    }
}
