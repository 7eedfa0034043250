//! A copy of a whole store in one file, as it was at one block, and a store made of it again.
//!
//! | file | what |
//! |---|---|
//! | [`format`] | the file: parts that chain their hashes, a manifest under a MAC |
//! | [`copy`] | the parts of a store, beside commits |
//! | [`restore`] | a store of the parts |
//! | [`held`] | the folder in which it is made |
//!
//! **How a copy is of one block.** Rows are overwritten and deleted in place (cursors, the outbox,
//! webhooks, prefixes, erased personal rows), so pages that are read beside commits are of many
//! moments. From before the first page on, the store notes the rows of each group that commits; they
//! go into the copy as they come. When the last page was read, the notes are taken once more between
//! two groups: that moment's block is the copy's. Of each key the last that the copy says is then what
//! the store has at that block:
//!
//! * a key that no group wrote meanwhile was read from a page, and is the same at both ends;
//! * of a key that was written, the last group's row comes after every page that was read before it,
//!   and a page that was read after it has that very row.
//!
//! A page may show rows of a group that is not durable yet. Its rows are noted before the notes are
//! taken the last time, and that waits for the group: so the copy ends at a block that is durable.
//! Nobody waits for a copy longer than it takes to hand over a list.

pub mod copy;
pub mod format;
pub mod held;
pub mod restore;

#[cfg(test)]
mod tests;

pub use copy::{Copy, CopyError, CopySizes};
pub use format::{BackupFault, Manifest, Part, PartKind, Reader, Writer};
