//! サービス申込受付ページ: the household's own pages.
//!
//! | file | pages |
//! |---|---|
//! | [`statement`] | ⑦ ご利用明細, its CSV, and the account's figures |
//! | [`csv`] | how a table is written for a spreadsheet |

pub mod csv;
pub mod statement;
