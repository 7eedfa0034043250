//! `linepass demo`.

pub mod shop;
