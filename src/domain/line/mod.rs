//! What an access line may do: commands in, events or a refusal out.
//!
//! ```text
//! decide(&Option<Line>, &Command, &Facts) -> Result<Vec<Event>, Refusal>
//! evolve(Option<Line>, &Event, at)        -> Option<Line>
//! ```
//!
//! | file | what |
//! |---|---|
//! | [`state`] | the line as it stands |
//! | [`uses`] | what it bought per use, in pages that its copies share, and each month's sums |
//! | [`command`] | what is asked of it, and the facts that come with the question |
//! | [`event`] | what happened: the stored shapes |
//! | [`refusal`] | why not, with a stable code for each reason |
//! | [`decide`](decide()) | the rules |
//! | [`may_set_limits`] | what a household changes of its IDs |
//! | [`evolve`](evolve()) | the fold |
//! | [`guard`] | waits that survive a restart, and hashes made anew |
//! | [`login`] | who may log in, decided after the password was verified |
//! | [`operating`] | what operators do to a line: transfers, billing number, access key, holds, stops |
//! | [`accounting`] | the month's close, corrections, unpaid bills, disclosure, erasure |
//! | [`rows`] | which personal rows the events commit to, and which may be gone |
//! | [`difference`](mod@difference) | what an entry changed, field by field: before and after |
//! | [`portal`] | what the household's own pages ask: sessions, status, 利用規制, inquiries |

pub mod accounting;
pub mod command;
mod decide;
pub mod difference;
pub mod event;
mod evolve;
pub mod guard;
pub mod login;
mod operating;
pub mod portal;
pub mod refusal;
pub mod rows;
pub mod settings;
pub mod state;
pub mod uses;

pub use command::{Command, Facts, LineDefaults};
pub use decide::{Allowed, decide, may_buy, may_cancel};
pub use event::{By, EndReason, Entry, Event, LineService, RowRef};
pub use evolve::{FOLD_VERSION, evolve, replay};
pub use guard::Uptime;
pub use refusal::Refusal;
pub use settings::{LimitChange, may_set_limits};
pub use state::{
    ClosedMonth, Contract, ContractEnd, Disclosure, Line, Passport, ProviderTotal, UnpaidBill,
    is_own_address,
};
pub use uses::{PerUseCharge, Sold};

#[cfg(test)]
mod tests;
