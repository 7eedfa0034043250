//! The month's bills: preview, close, and what was closed, page by page; and
//! corrections of what was billed.
//!
//! | file | what |
//! |---|---|
//! | `pages` | a month's bills, as they would be now and as they were closed |
//! | `closing` | how a month stands, and its close |
//! | `corrections` | a charge of a closed month, corrected |

mod closing;
mod corrections;
mod pages;

pub(super) use closing::Close;
pub use closing::{Closing, MonthState, close, status};
pub use corrections::correct;
pub(super) use corrections::{Corrected, Correction};
pub use pages::{Bill, Item, Page, Paging, ProviderLine, list, preview};

use super::problem::ProblemDetails;
use crate::domain::calendar::Month;

fn month_of(text: &str) -> Result<Month, ProblemDetails> {
    text.parse().map_err(|error| ProblemDetails::invalid(format!("month: {error}")))
}
