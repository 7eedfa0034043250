//! A long look that nobody waits for, one at a time: begun by an operator, told while it goes on, and
//! told when it has come to its end.

use crate::{clock::Clock, domain::calendar::Instant};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How the last look stands.
#[derive(Debug)]
pub enum Walk<P, R> {
    /// There was none since the start.
    Never,
    /// One is under way.
    Running(Option<P>),
    /// It came to its end.
    Done {
        /// What it found.
        report: Arc<R>,
        /// When it ended.
        at: Instant,
    },
}

impl<P: Clone, R> Clone for Walk<P, R> {
    fn clone(&self) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::Running(progress) => Self::Running(progress.clone()),
            Self::Done { report, at } => Self::Done { report: Arc::clone(report), at: *at },
        }
    }
}

/// Looks of one kind.
pub struct Walks<P, R> {
    clock: Clock,
    walk: Arc<Mutex<Walk<P, R>>>,
}

impl<P, R> Clone for Walks<P, R> {
    fn clone(&self) -> Self {
        Self { clock: self.clock.clone(), walk: Arc::clone(&self.walk) }
    }
}

impl<P, R> Walks<P, R> {
    /// None was begun yet; `clock` is the host's.
    pub fn new(clock: Clock) -> Self {
        Self { clock, walk: Arc::new(Mutex::new(Walk::Never)) }
    }

    fn walk(&self) -> MutexGuard<'_, Walk<P, R>> {
        self.walk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the one that is under way is.
    pub fn note(&self, progress: P) {
        *self.walk() = Walk::Running(Some(progress));
    }
}

impl<P: Clone + 'static, R: 'static> Walks<P, R> {
    /// How the last one stands.
    pub fn last(&self) -> Walk<P, R> {
        self.walk().clone()
    }

    /// Begins one, unless one is under way: then that is the one that is asked for. `look` is given
    /// where to note how far it is; `what` names it in the log.
    pub fn begin<F: Future<Output = R> + 'static>(
        &self,
        what: &'static str,
        look: impl FnOnce(Self) -> F,
    ) {
        {
            let mut walk = self.walk();
            if matches!(*walk, Walk::Running(_)) {
                return;
            }
            *walk = Walk::Running(None);
        }
        let own = self.clone();
        let look = look(self.clone());
        actix_rt::spawn(async move {
            let _lost = Lost(own.clone(), what);
            let report = Arc::new(look.await);
            let at = own.clock.now();
            *own.walk() = Walk::Done { report, at };
        });
    }
}

/// A look that ends without its end is no longer under way: the next one may begin.
struct Lost<P, R>(Walks<P, R>, &'static str);

impl<P, R> Drop for Lost<P, R> {
    fn drop(&mut self) {
        let mut walk = self.0.walk();
        if matches!(*walk, Walk::Running(_)) {
            *walk = Walk::Never;
            tracing::error!("{} was lost before its end", self.1);
        }
    }
}
