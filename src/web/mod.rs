//! See the map in `lib.rs`.

pub mod assets;
pub mod page;
