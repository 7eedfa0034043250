//! The load generator, `linepass load`: households, providers and attackers as they come, each answer
//! checked, each latency counted from when its request was due.
//!
//! It is a client of the server like any other and shares no code with what it checks, apart from how
//! certificate files are read.
//!
//! | file | what |
//! |---|---|
//! | [`target`] | the server under test, and whose certificate is believed |
//! | [`credentials`] | who buys and who sells |
//! | [`random`], [`zipf`], [`arrivals`] | what is drawn by a seed: lines and times |
//! | [`scenario`] | what is done, a request at a time |
//! | [`client`], [`http`] | a virtual client and its connection |
//! | [`check`], [`fault`] | what must stand in an answer, and what it means where it does not |
//! | [`world`] | what all clients share |
//! | [`prepare`], [`sessions`] | what must be there before a phase begins |
//! | [`phase`], [`timer`] | a part of a run with one load |
//! | [`run`] | a run from its first phase to its last: its plan, and the search for the capacity |
//! | [`recorder`], [`histogram`] | what came of it and how long it took |
//! | [`ledger`], [`reconcile`] | what the server said of each order, and whether it is true afterwards |
//! | [`host`] | the machine |
//! | [`health`] | what a reader must know before a phase's figures |
//! | [`knee`] | where a ladder bends |
//! | [`verdict`] | whether a run is a failure |
//! | [`result`] | what is written at the end |
//! | [`report`] | the page that shows it |

pub mod arrivals;
pub mod check;
pub mod client;
pub mod credentials;
pub mod fault;
pub mod health;
pub mod histogram;
pub mod host;
pub mod http;
pub mod knee;
pub mod ledger;
#[cfg(test)]
pub(crate) mod made_up;
pub mod phase;
pub mod prepare;
pub mod random;
pub mod reconcile;
pub mod recorder;
pub mod report;
pub mod result;
pub mod run;
pub mod scenario;
pub mod sessions;
pub mod target;
pub mod timer;
mod verdict;
pub mod world;
pub mod zipf;
