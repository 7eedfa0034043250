//! What is asked of a line, and what it answers.

use super::not_before_last_event;
use crate::{
    actors::{LineError, change::Change, directory::Rested},
    domain::{
        calendar::Instant,
        field::PassportName,
        ids::PassportNumber,
        line::{Entry, Line},
        receipt::Completed,
    },
};
use actix::prelude::*;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::oneshot;

/// A line as it stands, for questions: the rules are asked with it, nothing is changed.
#[derive(Clone)]
pub struct LineView {
    /// The line; `None` where no line has the customer ID.
    pub line: Option<Arc<Line>>,
    /// The last event row that the line is the fold of. It is durable, and whoever reads the
    /// journal beside the line goes no further, so that both tell of the same moment.
    pub seq: u64,
    /// Its IDs' strings and password hashes.
    pub private: Arc<HashMap<PassportNumber, PrivatePassport>>,
}

impl LineView {
    /// The time at which questions about the line are asked, where the clock shows `clock_now`:
    /// never before the line's last event, as for its changes. So a page and the press
    /// that follows it agree on the month.
    pub fn time(&self, clock_now: Instant) -> Instant {
        not_before_last_event(self.line.as_deref(), clock_now)
    }
}

/// What is personal of a passport ID and needed while it is awake.
#[derive(Clone)]
pub struct PrivatePassport {
    /// As entered.
    pub name: PassportName,
    /// The PHC string.
    pub password_hash: String,
}

/// A change that was made, or had been made before by the same press.
#[derive(Debug, Clone)]
pub struct Done {
    /// What happened.
    pub entry: Arc<Entry>,
    /// The completed order, where the change was one.
    pub completed: Option<Completed>,
    /// Whether it had been completed before, or by a press that this one joined.
    pub repeated: bool,
}

/// The answer to a change.
pub type Answer = Result<Done, Arc<LineError>>;

/// A question: how the line stands.
pub struct Look(pub oneshot::Sender<Result<LineView, Arc<LineError>>>);

/// A change to make.
pub struct Make {
    /// What.
    pub change: Box<Change>,
    /// Who waits for the answer.
    pub reply: oneshot::Sender<Answer>,
}

/// One of them.
pub enum Ask {
    /// A question.
    Look(Look),
    /// A change.
    Make(Make),
    /// Somebody changed the line past its actor: it reads itself again, then says so.
    Refresh(oneshot::Sender<()>),
}

/// Asks a line whether it can sleep; it says so to the directory.
pub struct Sleep {
    /// Who asks.
    pub directory: Recipient<Rested>,
}

impl Message for Sleep {
    type Result = ();
}

impl Message for Ask {
    type Result = ();
}
