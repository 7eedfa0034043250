//! What the fault tests share: the real binary on a folder, mixed work prepared so that one request
//! each is left, that work sent while something happens to the process, what is then known of it, and
//! how that is held against the server and its store.
//!
//! | file | what |
//! |---|---|
//! | `draw` | numbers that one seed gives again and again |
//! | `server` | the binary on a folder: start, how long it took, how it ended |
//! | `shot` | one prepared request and its fate: unsent, unknown, answered |
//! | `house` | a running server as buyers, providers and operators see it |
//! | `order` | a purchase or a cancellation that stands before its press |
//! | `desk` | what operators and households change, and how it must look afterwards |
//! | `round` | one round of mixed work, sent and settled |
//! | `books` | all that is known of all rounds: orders, sums, bills, the ledger |
//! | `faults` | the shim below a process: its clock, its syncs and writes, what it changed |
//! | `power` | a power cut, played from what the shim wrote down |
//! | `small_disk` | a small file system of a test of its own |
//! | `outcomes` | what came of damage, counted |
//! | `stocked` | a folder with purchases in it, to damage copies of |
//! | `store` | the store while no server has it: the audit, and the journal against the books |

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod books;
pub mod desk;
pub mod draw;
pub mod faults;
pub mod house;
pub mod order;
pub mod outcomes;
pub mod power;
pub mod round;
pub mod server;
pub mod shot;
pub mod small_disk;
pub mod stocked;
pub mod store;

/// How many rounds, or draws, of this variable; so many where it is not set.
pub fn count(variable: &str, otherwise: usize) -> usize {
    let given = std::env::var(variable).ok();
    given.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable}: {text}")))
}
