//! The account's figures as a piece of a page: this month's total, limits, contracts and twelve
//! months (experience.md 26 and 27). `portal/overview.html` has its macro.

use super::{Shell, ShownName, statement};
use crate::text::format::{self, Month};

/// The account as it stands.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The running month.
    pub month: Month,
    /// What it comes to so far.
    pub total_yen: u64,
    /// What the line may be charged in a month.
    pub line_limit_yen: u64,
    /// Each ID with its limit.
    pub ids: Vec<IdUse>,
    /// What deleted IDs bought this month.
    pub deleted_used_yen: u64,
    /// Live contracts.
    pub contracts: Vec<ContractLine>,
    /// Twelve months, the running one last.
    pub months: Vec<MonthBar>,
}

/// What an ID has used of its limit.
#[derive(Debug, Clone)]
pub struct IdUse {
    /// Its number.
    pub number: u32,
    /// Its string.
    pub name: Option<ShownName>,
    /// What it is charged this month.
    pub used_yen: u64,
    /// What it may be charged.
    pub limit_yen: u64,
}

/// A live monthly contract.
#[derive(Debug, Clone)]
pub struct ContractLine {
    /// `K-` and the receipt number.
    pub number: String,
    /// What it is.
    pub service: ShownName,
    /// Who sells it.
    pub provider: ShownName,
    /// The number of the ID that bought it.
    pub passport: u32,
    /// That ID's string.
    pub passport_name: Option<ShownName>,
    /// What it costs a month.
    pub unit_price_yen: u64,
    /// 利用開始日, microseconds since the epoch.
    pub started_at_us: i64,
    /// The month on whose 1st it is charged next.
    pub next_charge: Month,
    /// The last month charged if it is cancelled now.
    pub last_month_if_ended_now: Month,
}

/// What a month came to.
#[derive(Debug, Clone)]
pub struct MonthBar {
    /// Which.
    pub month: Month,
    /// What all of it came to.
    pub total_yen: u64,
    /// The same for each provider.
    pub providers: Vec<ProviderShare>,
}

/// What a provider's sales of a month came to.
#[derive(Debug, Clone)]
pub struct ProviderShare {
    /// Its name.
    pub name: ShownName,
    /// The sum.
    pub amount_yen: u64,
}

/// Where a bar of the graph stands; heights in pixels, the rest in per cent of the width.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) middle: String,
    pub(super) y: u64,
    pub(super) height: u64,
    pub(super) month: u8,
    /// The year, under the first bar and under January.
    pub(super) year: Option<i16>,
    /// Whether the month goes on.
    pub(super) running: bool,
}

/// The plot's top and its height, pixels.
const PLOT_TOP: u64 = 28;
const PLOT_HEIGHT: u64 = 112;

impl IdUse {
    pub(super) fn label(&self, shell: &Shell) -> String {
        statement::passport_label(&shell.texts().statement, self.number, self.name.as_ref())
    }

    pub(super) fn per_cent(&self) -> String {
        format::per_cent(self.used_yen, self.limit_yen).to_string()
    }

    pub(super) fn width(&self) -> u64 {
        let width = format::per_cent(self.used_yen, self.limit_yen).min(100);
        if self.used_yen > 0 { width.max(1) } else { 0 }
    }

    pub(super) fn left_yen(&self) -> u64 {
        self.limit_yen.saturating_sub(self.used_yen)
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.used_yen >= self.limit_yen
    }
}

impl ContractLine {
    pub(super) fn passport_label(&self, shell: &Shell) -> String {
        statement::passport_label(
            &shell.texts().statement,
            self.passport,
            self.passport_name.as_ref(),
        )
    }

    pub(super) fn started_on(&self, shell: &Shell) -> String {
        format::day(shell.language, self.started_at_us)
    }

    pub(super) fn started_at(&self) -> String {
        format::instant_rfc3339(self.started_at_us)
    }
}

impl Overview {
    pub(super) fn line_per_cent(&self) -> String {
        format::per_cent(self.total_yen, self.line_limit_yen).to_string()
    }

    pub(super) fn most_yen(&self) -> u64 {
        self.months.iter().map(|month| month.total_yen).max().unwrap_or_default()
    }

    /// What a reader hears in place of the graph.
    pub(super) fn graph_label(&self, shell: &Shell) -> String {
        let month = |one: Option<&MonthBar>| one.map_or(self.month, |one| one.month);
        let (first, last) = (month(self.months.first()), month(self.months.last()));
        let (first, last) = (shell.month(first), shell.month(last));
        (shell.texts().overview.graph)(&first, &last, &shell.yen(self.most_yen()))
    }

    pub(super) fn bars(&self) -> Vec<Bar> {
        let count = self.months.len().max(1);
        let most = u128::from(self.most_yen().max(1));
        let bar = |(index, shown): (usize, &MonthBar)| {
            let height = u128::from(shown.total_yen) * u128::from(PLOT_HEIGHT) / most;
            let height = u64::try_from(height).unwrap_or(PLOT_HEIGHT);
            // A month that cost anything is seen.
            let height = if shown.total_yen > 0 { height.max(2) } else { 0 };
            let slot = |part: usize| tenths((index * 1_000 + part * 10) / count);
            // Two years beside each other would run into one another on a phone.
            let opens_a_year = shown.month.month == 1 || (index == 0 && shown.month.month != 12);
            Bar {
                x: slot(20),
                middle: slot(50),
                y: PLOT_TOP + PLOT_HEIGHT - height,
                height,
                month: shown.month.month,
                year: opens_a_year.then_some(shown.month.year),
                running: index + 1 == self.months.len(),
            }
        };
        self.months.iter().enumerate().map(bar).collect()
    }

    /// The running month's sums by provider.
    pub(super) fn split(&self) -> &[ProviderShare] {
        self.months.last().map_or(&[], |this| &this.providers)
    }

    /// A provider's part of the running month, in per cent, to the nearest whole one.
    pub(super) fn share(&self, share: &ProviderShare) -> String {
        let (part, whole) = (u128::from(share.amount_yen), u128::from(self.total_yen.max(1)));
        ((part * 100 + whole / 2) / whole).to_string()
    }
}

/// Tenths of a per cent as an attribute writes them.
fn tenths(tenths: usize) -> String {
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overview(totals: &[u64]) -> Overview {
        let month = |number: usize| Month { year: 2026, month: u8::try_from(number).unwrap_or(1) };
        let bar = |(index, total_yen): (usize, &u64)| MonthBar {
            month: month(index + 1),
            total_yen: *total_yen,
            providers: Vec::new(),
        };
        Overview {
            month: month(totals.len()),
            total_yen: 0,
            line_limit_yen: 0,
            ids: Vec::new(),
            deleted_used_yen: 0,
            contracts: Vec::new(),
            months: totals.iter().enumerate().map(bar).collect(),
        }
    }

    #[test]
    fn bars_fill_the_plot_and_never_pass_it() {
        for totals in [&[0, 1, 500_000, 1_000_000][..], &[0, 0], &[u64::MAX, 1], &[]] {
            for bar in overview(totals).bars() {
                assert!(bar.y >= PLOT_TOP && bar.y + bar.height == PLOT_TOP + PLOT_HEIGHT);
            }
        }
        let heights: Vec<_> =
            overview(&[0, 1, 500_000, 1_000_000]).bars().iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 2, 56, 112]);
    }

    #[test]
    fn twelve_bars_stand_in_their_slots() {
        let bars = overview(&[5; 12]).bars();
        assert_eq!((bars[0].x.as_str(), bars[0].middle.as_str()), ("1.6%", "4.1%"));
        assert_eq!((bars[11].x.as_str(), bars[11].middle.as_str()), ("93.3%", "95.8%"));
        assert!(bars[11].running && !bars[10].running);
        assert_eq!(bars[0].year, Some(2026));
    }

    #[test]
    fn a_bar_of_use_is_as_wide_as_its_percentage() {
        for (used_yen, limit_yen, width, used_up) in [
            (0, 10_000, 0, false),
            (1, 10_000, 1, false),
            (4_200, 10_000, 42, false),
            (10_000, 10_000, 100, true),
            (12_000, 10_000, 100, true),
            (0, 0, 0, true),
        ] {
            let id = IdUse { number: 1, name: None, used_yen, limit_yen };
            assert_eq!((id.width(), id.is_used_up()), (width, used_up), "{used_yen}/{limit_yen}");
        }
    }
}
