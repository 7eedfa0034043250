//! Pages of a statement and the links to them.

use std::ops::RangeInclusive;

/// Rows of one page.
pub const PAGE_ROWS: usize = 15;
/// Links to pages beside each other, the current one sixth.
pub const PAGE_LINKS: usize = 10;

/// Which page of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// All rows.
    pub rows: usize,
    /// The page, from 1.
    pub page: usize,
    /// How many pages there are; one where there is no row.
    pub pages: usize,
}

impl Paging {
    /// The page that was asked for, or the nearest that there is.
    pub fn of(rows: usize, asked: usize) -> Self {
        let pages = rows.div_ceil(PAGE_ROWS).max(1);
        Self { rows, page: asked.clamp(1, pages), pages }
    }

    /// The pages that are linked: ten, the current one sixth, or the first or last ten near the
    /// ends.
    pub fn links(&self) -> RangeInclusive<usize> {
        let last_first = self.pages.saturating_sub(PAGE_LINKS - 1).max(1);
        let first = self.page.saturating_sub(5).clamp(1, last_first);
        first..=(first + PAGE_LINKS - 1).min(self.pages)
    }

    /// The rows of the page.
    pub fn cut<'a, T>(&self, rows: &'a [T]) -> &'a [T] {
        let from = ((self.page - 1) * PAGE_ROWS).min(rows.len());
        &rows[from..(from + PAGE_ROWS).min(rows.len())]
    }

    /// The page before, where there is one.
    pub fn before(&self) -> Option<usize> {
        (self.page > 1).then(|| self.page - 1)
    }

    /// The page after, where there is one.
    pub fn after(&self) -> Option<usize> {
        (self.page < self.pages).then_some(self.page + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_pages_of_442_rows_r_133_r_134() {
        let rows: Vec<usize> = (0..442).collect();
        for (page, links, cut) in
            [(1, 1..=10, 0..15), (10, 5..=14, 135..150), (30, 21..=30, 435..442)]
        {
            let paging = Paging::of(442, page);
            assert_eq!((paging.page, paging.pages), (page, 30));
            assert_eq!(paging.links(), links, "page {page}");
            assert_eq!(paging.cut(&rows), &rows[cut], "page {page}");
        }
    }

    #[test]
    fn the_window_is_clamped_at_both_ends_r_134() {
        for (rows, page, shown, pages, links) in [
            (0, 1, 1, 1, 1..=1),
            (0, 99, 1, 1, 1..=1),
            (1, 0, 1, 1, 1..=1),
            (15, 2, 1, 1, 1..=1),
            (16, 2, 2, 2, 1..=2),
            (150, 10, 10, 10, 1..=10),
            (151, 7, 7, 11, 2..=11),
            (442, 6, 6, 30, 1..=10),
            (442, 7, 7, 30, 2..=11),
            (442, 26, 26, 30, 21..=30),
            (442, usize::MAX, 30, 30, 21..=30),
        ] {
            let paging = Paging::of(rows, page);
            assert_eq!((paging.page, paging.pages), (shown, pages), "{rows} rows, page {page}");
            assert_eq!(paging.links(), links, "{rows} rows, page {page}");
        }
    }

    #[test]
    fn every_row_stands_on_exactly_one_page() {
        for count in 0..70 {
            let rows: Vec<usize> = (0..count).collect();
            let pages = Paging::of(count, 1).pages;
            let all: Vec<usize> =
                (1..=pages).flat_map(|page| Paging::of(count, page).cut(&rows).to_vec()).collect();
            assert_eq!(all, rows);
        }
    }
}
