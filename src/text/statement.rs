//! The shape of the texts of ⑦ ご利用明細 and of the account's figures.

use super::texts::{With1, With2, With3};

/// フレッツ・パスポートIDご利用明細表示.
#[derive(Debug)]
pub struct Statement {
    pub(crate) title: &'static str,
    pub(crate) customer_id: &'static str,
    /// 年月 and its help.
    pub(crate) year_month: &'static str,
    pub(crate) year_month_help: &'static str,
    pub(crate) all_passports: &'static str,
    pub(crate) passport_help: &'static str,
    /// An ID that was deleted, and one whose string was erased.
    pub(crate) deleted_passport: With1,
    pub(crate) nameless_passport: With1,
    pub(crate) search: &'static str,
    pub(crate) month_missing: &'static str,
    pub(crate) month_malformed: &'static str,
    pub(crate) month_future: &'static str,
    pub(crate) month_before_opening: With1,
    pub(crate) passport_unknown: &'static str,
    pub(crate) stepper: &'static str,
    pub(crate) used_in: With1,
    pub(crate) total: &'static str,
    /// Of the ID that was looked for alone.
    pub(crate) total_of_passport: With1,
    /// The heading of the corrections that a month's bill carries.
    pub(crate) corrections: &'static str,
    /// What they are.
    pub(crate) corrections_help: &'static str,
    /// What a correction is of, by the month that was wrong.
    pub(crate) correction_of: With1,
    /// What is billed with the corrections.
    pub(crate) billed_after: &'static str,
    pub(crate) not_closed: &'static str,
    pub(crate) closed: &'static str,
    /// 「件数: 442件 (10ページ/30ページ)」.
    pub(crate) count: With3,
    pub(crate) empty: &'static str,
    pub(crate) pages: &'static str,
    pub(crate) first: &'static str,
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
    pub(crate) last: &'static str,
    pub(crate) page: With1,
    /// The columns of R-131 that no other page has.
    pub(crate) provider_name: &'static str,
    pub(crate) service_name: &'static str,
    pub(crate) provider_and_service: &'static str,
    pub(crate) started_on: &'static str,
    /// 「1回」.
    pub(crate) times: With1,
    pub(crate) csv: &'static str,
    pub(crate) csv_help: &'static str,
    pub(crate) csv_unit_price: &'static str,
    pub(crate) csv_amount: &'static str,
    pub(crate) back: &'static str,
}

/// The account's figures: this month, limits, contracts, twelve months.
#[derive(Debug)]
pub struct Overview {
    /// 「2026年11月のご利用料金」.
    pub(crate) total_of: With1,
    pub(crate) so_far: &'static str,
    pub(crate) of_line_limit: With2,
    pub(crate) to_statement: &'static str,
    pub(crate) limits: &'static str,
    pub(crate) no_passports: &'static str,
    /// 「4,200円 / 10,000円」.
    pub(crate) used_of: With2,
    pub(crate) percent: With1,
    pub(crate) left: With1,
    pub(crate) used_up: &'static str,
    /// The bar for a reader who does not see it: ID, used, limit.
    pub(crate) bar: With3,
    pub(crate) deleted: With1,
    pub(crate) contracts: &'static str,
    pub(crate) no_contracts: &'static str,
    pub(crate) since: &'static str,
    pub(crate) next_charge: &'static str,
    /// The day of the next charge: the 1st of that month.
    pub(crate) on_the_first: With1,
    pub(crate) if_ended_now: &'static str,
    pub(crate) last_month: With1,
    pub(crate) first_day_rule: &'static str,
    pub(crate) twelve_months: &'static str,
    /// The graph for a reader who does not see it: first month, last month, largest sum.
    pub(crate) graph: With3,
    pub(crate) as_table: &'static str,
    pub(crate) month: &'static str,
    pub(crate) sum: &'static str,
    pub(crate) running: &'static str,
    pub(crate) by_provider: With1,
    /// 「㈱A社ご利用分」.
    pub(crate) used_at: With1,
    pub(crate) nothing_used: &'static str,
}
