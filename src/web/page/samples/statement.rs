//! The statement and the account's figures with sample data.

use askama::Template;

use super::{EVENING_US, NOVEMBER, Sample, Samples};
use crate::domain::statement::{MonthFault, Paging};
use crate::text::format::Month;
use crate::web::page::{
    ContractLine, CorrectionRow, FoundMonth, IdUse, MonthBar, Overview, PassportChoice,
    ProviderShare, Shell, ShownName, StatementForm, StatementPage, StatementRow,
};

/// The piece alone on a page.
#[derive(Template)]
#[template(path = "page/samples/overview.html")]
struct OverviewPage {
    shell: Shell,
    overview: Overview,
}

const OCTOBER: Month = Month { year: 2026, month: 10 };
const DECEMBER: Month = Month { year: 2026, month: 12 };

impl Samples {
    pub(super) fn statements(&self) -> Result<Vec<Sample>, askama::Error> {
        let page = |form, found| StatementPage {
            shell: self.signed_in("/wso/statement?month=2026-11"),
            path: "/wso/statement".into(),
            back_path: "/wso/details".into(),
            customer_id: "CAF0000012573".into(),
            form,
            found,
        };
        let wrong = StatementForm {
            month_fault: Some((MonthFault::Malformed, OCTOBER)),
            unknown_passport: true,
            year_month: self.names.description.as_str().into(),
            ..self.search_form()
        };
        let early = StatementForm {
            month_fault: Some((MonthFault::BeforeOpening, OCTOBER)),
            ..wrong.clone()
        };
        let of_one = StatementForm { passport: Some(2), ..self.search_form() };
        Ok(vec![
            ("statement", page(self.search_form(), Some(self.found(7, 1))).render()?),
            ("statement-page-10", page(self.search_form(), Some(self.found(442, 10))).render()?),
            ("statement-last", page(of_one, Some(self.found(442, 30))).render()?),
            ("statement-empty", page(self.search_form(), Some(self.found(0, 1))).render()?),
            ("statement-wrong", page(wrong, None).render()?),
            ("statement-early", page(early, None).render()?),
            ("overview", self.overview_page(self.overview()).render()?),
            ("overview-empty", self.overview_page(Self::nothing()).render()?),
        ])
    }

    fn search_form(&self) -> StatementForm {
        let choice = |number, name: Option<&str>, deleted| PassportChoice {
            number,
            name: name.map(ShownName::from),
            deleted,
        };
        StatementForm {
            year_month: "2026/11".into(),
            choices: vec![
                choice(1, Some(&self.names.passport_id), false),
                choice(2, Some("kaede02"), true),
                choice(3, None, true),
            ],
            ..StatementForm::default()
        }
    }

    /// A page of a month with so many rows.
    fn found(&self, rows: usize, page: usize) -> FoundMonth {
        let paging = Paging::of(rows, page);
        let all: Vec<_> = (0..rows).map(|index| self.row(index)).collect();
        let total_yen = all.iter().map(|row| row.amount_yen).sum();
        FoundMonth {
            month: NOVEMBER,
            before: Some(OCTOBER),
            after: (page > 1).then_some(DECEMBER),
            closed: page > 1,
            total_yen,
            paging,
            rows: paging.cut(&all).to_vec(),
            corrections: if page > 1 { vec![self.correction()] } else { Vec::new() },
            billed_yen: i64::try_from(total_yen).unwrap_or_default() - 300,
        }
    }

    fn correction(&self) -> CorrectionRow {
        CorrectionRow {
            receipt_number: "100000000016".into(),
            provider: self.names.provider.as_str().into(),
            service: self.names.service.as_str().into(),
            corrects: OCTOBER,
            difference_yen: -300,
        }
    }

    fn row(&self, index: usize) -> StatementRow {
        let quantity = u32::try_from(index % 3 + 1).unwrap_or(1);
        let monthly = index.is_multiple_of(5);
        let service = if monthly { self.names.service.as_str() } else { "名作アニメ1" };
        let nameless = index % 7 == 6;
        StatementRow {
            receipt_number: format!("{:012}", 100_000_000_016 + index * 10),
            passport: u32::try_from(index % 3 + 1).unwrap_or(1),
            passport_name: (!nameless).then(|| self.names.passport_id.as_str().into()),
            provider: self.names.provider.as_str().into(),
            service: service.into(),
            unit_price_yen: 4_000,
            quantity,
            amount_yen: 4_000 * u64::from(quantity),
            started_at_us: EVENING_US,
        }
    }

    fn overview_page(&self, overview: Overview) -> OverviewPage {
        OverviewPage { shell: self.signed_in("/wso/details"), overview }
    }

    fn overview(&self) -> Overview {
        let id = |number, name: &str, used_yen, limit_yen| IdUse {
            number,
            name: Some(name.into()),
            used_yen,
            limit_yen,
        };
        let totals = [0, 0, 300, 825, 1_125, 4_900, 2_025, 1_125, 12_340, 900, 1_425, 5_325];
        let year = [(2025, 12)].into_iter().chain((1..=11).map(|month| (2026, month)));
        let months = totals.into_iter().zip(year).map(|(total_yen, (year, month))| MonthBar {
            month: Month { year, month },
            total_yen,
            providers: self.split(total_yen),
        });
        Overview {
            month: NOVEMBER,
            total_yen: 5_325,
            line_limit_yen: 30_000,
            ids: vec![
                id(1, &self.names.passport_id, 4_200, 10_000),
                id(2, "kaede02", 500, 500),
                id(3, "momiji03", 0, 10_000),
            ],
            deleted_used_yen: 625,
            contracts: vec![self.contract(525), self.contract(980)],
            months: months.collect(),
        }
    }

    fn split(&self, total_yen: u64) -> Vec<ProviderShare> {
        let half = total_yen / 3;
        let both = [(self.names.provider.as_str(), half), ("㈱B社", total_yen - half)];
        let bought = both.into_iter().filter(|one| one.1 > 0);
        bought.map(|(name, amount_yen)| ProviderShare { name: name.into(), amount_yen }).collect()
    }

    fn contract(&self, unit_price_yen: u64) -> ContractLine {
        ContractLine {
            number: "K-100000000016".into(),
            service: self.names.service.as_str().into(),
            provider: self.names.provider.as_str().into(),
            passport: 1,
            passport_name: Some(self.names.passport_id.as_str().into()),
            unit_price_yen,
            started_at_us: EVENING_US,
            next_charge: DECEMBER,
            last_month_if_ended_now: NOVEMBER,
        }
    }

    /// A line that never bought anything.
    fn nothing() -> Overview {
        Overview {
            month: NOVEMBER,
            total_yen: 0,
            line_limit_yen: 30_000,
            ids: Vec::new(),
            deleted_used_yen: 0,
            contracts: Vec::new(),
            months: vec![MonthBar { month: NOVEMBER, total_yen: 0, providers: Vec::new() }],
        }
    }
}
