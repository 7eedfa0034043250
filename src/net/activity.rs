//! What a connection's stream and its requests know of each other. The stream sees bytes and no
//! requests, the handlers see requests and no bytes; together they tell an idle connection, a slow
//! head and a request under way apart.

use std::{cell::Cell, rc::Rc, time::Duration};
use tokio::time::Instant;

/// How long a connection may do nothing.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the first byte of a head to its last.
    pub head: Duration,
    /// Without a request under way, or with an answer that nobody takes.
    pub idle: Duration,
}

/// One connection; all of it lives on one thread.
#[derive(Debug)]
pub struct Activity {
    patience: Patience,
    /// On HTTP/2 bytes come that belong to no request, such as answers to pings.
    bytes_are_heads: bool,
    under_way: Cell<usize>,
    held: Cell<usize>,
    quiet_since: Cell<Instant>,
    head_since: Cell<Option<Instant>>,
    is_over: Cell<bool>,
}

impl Activity {
    /// A connection that was just opened; `is_http1` where each byte between requests belongs to
    /// the head of the next one.
    pub fn new(patience: Patience, is_http1: bool) -> Rc<Self> {
        Rc::new(Self {
            patience,
            bytes_are_heads: is_http1,
            under_way: Cell::new(0),
            held: Cell::new(0),
            quiet_since: Cell::new(Instant::now()),
            head_since: Cell::new(None),
            is_over: Cell::new(false),
        })
    }

    /// A request has arrived; it is under way until the value is dropped.
    pub fn begin(self: &Rc<Self>) -> UnderWay {
        self.under_way.set(self.under_way.get() + 1);
        self.head_since.set(None);
        UnderWay(Rc::clone(self))
    }

    /// A request takes up memory until the value is dropped, which its answer's body carries: on
    /// HTTP/2 the client tells when a body may be sent. How long a connection may be idle does not
    /// ask for it, so that nobody holds one by taking no body.
    pub fn hold(self: &Rc<Self>) -> Held {
        self.held.set(self.held.get() + 1);
        Held(Rc::clone(self))
    }

    /// Requests whose answers were not sent to their end.
    pub fn held(&self) -> usize {
        self.held.get()
    }

    /// The request under way is the connection's last.
    pub fn end(&self) {
        self.is_over.set(true);
    }

    /// Whether the last request came already.
    pub fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Bytes came.
    pub fn arrived(&self) {
        if self.bytes_are_heads && self.under_way.get() == 0 && self.head_since.get().is_none() {
            self.head_since.set(Some(Instant::now()));
        }
    }

    /// The client took bytes.
    pub fn wrote(&self) {
        self.quiet_since.set(Instant::now());
    }

    /// When the connection is to be closed if nothing happens until then.
    pub fn deadline(&self) -> Instant {
        match (self.under_way.get(), self.head_since.get()) {
            (0, Some(since)) => since + self.patience.head,
            (0, None) => self.quiet_since.get() + self.patience.idle,
            // Looked at again then: what is under way has limits of its own.
            _ => Instant::now() + self.patience.idle,
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub struct UnderWay(Rc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Self(activity) = self;
        activity.under_way.set(activity.under_way.get().saturating_sub(1));
        activity.quiet_since.set(Instant::now());
        activity.head_since.set(None);
    }
}

/// A request whose answer was not sent to its end.
#[derive(Debug)]
pub struct Held(Rc<Activity>);

impl Drop for Held {
    fn drop(&mut self) {
        let Self(activity) = self;
        activity.held.set(activity.held.get().saturating_sub(1));
    }
}
