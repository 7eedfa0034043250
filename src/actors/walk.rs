//! A long look that nobody waits for, one at a time: begun by an operator, told while it goes on, and
//! told when it has come to its end. Whoever asks is answered by a look that began after they asked, as
//! soon as that one has ended, also while another goes on.

use crate::{clock::Clock, domain::calendar::Instant};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a look stands.
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

/// How the looks of one kind stand.
#[derive(Debug)]
pub struct Stands<P, R> {
    /// The number of the last one that was begun since the start, from 1; 0 where there was none.
    pub number: u64,
    /// How it stands.
    pub walk: Walk<P, R>,
    /// The last one that came to its end.
    ended: Option<Ended<R>>,
    /// Somebody asked for one while it was under way: another follows it.
    is_wanted: bool,
}

/// A look that came to its end.
#[derive(Debug)]
struct Ended<R> {
    number: u64,
    report: Arc<R>,
    at: Instant,
}

impl<R> Clone for Ended<R> {
    fn clone(&self) -> Self {
        Self { number: self.number, report: Arc::clone(&self.report), at: self.at }
    }
}

impl<P: Clone, R> Clone for Stands<P, R> {
    fn clone(&self) -> Self {
        let (walk, ended) = (self.walk.clone(), self.ended.clone());
        Self { number: self.number, walk, ended, is_wanted: self.is_wanted }
    }
}

impl<P, R> Stands<P, R> {
    /// What whoever asked for the look of this number is told: the last one that ended, where it is
    /// that one or a later one, whatever is under way since; otherwise how the last one stands.
    #[must_use]
    pub fn told_to(self, asked: u64) -> Self {
        match self.ended {
            Some(Ended { number, ref report, at }) if number >= asked => {
                Self { number, walk: Walk::Done { report: Arc::clone(report), at }, ..self }
            }
            _ => self,
        }
    }
}

/// Looks of one kind.
pub struct Walks<P, R> {
    clock: Clock,
    stands: Arc<Mutex<Stands<P, R>>>,
}

impl<P, R> Clone for Walks<P, R> {
    fn clone(&self) -> Self {
        Self { clock: self.clock.clone(), stands: Arc::clone(&self.stands) }
    }
}

impl<P, R> Walks<P, R> {
    /// None was begun yet; `clock` is the host's.
    pub fn new(clock: Clock) -> Self {
        let stands = Stands { number: 0, walk: Walk::Never, ended: None, is_wanted: false };
        Self { clock, stands: Arc::new(Mutex::new(stands)) }
    }

    fn stands(&self) -> MutexGuard<'_, Stands<P, R>> {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the one that is under way is.
    pub fn note(&self, progress: P) {
        self.stands().walk = Walk::Running(Some(progress));
    }

    /// One came to its end; whether another is wanted, which then is under way.
    fn ended(&self, report: R) -> bool {
        let at = self.clock.now();
        let mut stands = self.stands();
        let report = Arc::new(report);
        stands.ended = Some(Ended { number: stands.number, report: Arc::clone(&report), at });
        if std::mem::take(&mut stands.is_wanted) {
            stands.number += 1;
            stands.walk = Walk::Running(None);
            return true;
        }
        stands.walk = Walk::Done { report, at };
        false
    }
}

impl<P: Clone + 'static, R: 'static> Walks<P, R> {
    /// How the last one stands.
    pub fn last(&self) -> Stands<P, R> {
        self.stands().clone()
    }

    /// Has a look made that begins now, or, where one is under way, right after it: what that one has
    /// passed already it does not see any more. Its number: the answer is the report of this one or of
    /// a later one. `look` is given where to note how far it is; `what` names it in the log.
    pub fn begin<F: Future<Output = R> + 'static>(
        &self,
        what: &'static str,
        look: impl Fn(Self) -> F + 'static,
    ) -> u64 {
        let number = {
            let mut stands = self.stands();
            if matches!(stands.walk, Walk::Running(_)) {
                stands.is_wanted = true;
                return stands.number + 1;
            }
            stands.number += 1;
            stands.walk = Walk::Running(None);
            stands.number
        };
        let own = self.clone();
        actix_rt::spawn(async move {
            let _lost = Lost(own.clone(), what);
            while own.ended(look(own.clone()).await) {}
        });
        number
    }
}

/// A look that ends without its end is no longer under way: the next one may begin.
struct Lost<P, R>(Walks<P, R>, &'static str);

impl<P, R> Drop for Lost<P, R> {
    fn drop(&mut self) {
        let mut stands = self.0.stands();
        if matches!(stands.walk, Walk::Running(_)) {
            stands.walk = Walk::Never;
            stands.is_wanted = false;
            tracing::error!("{} was lost before its end", self.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, rc::Rc};
    use tokio::sync::Notify;

    #[actix_rt::test]
    async fn a_look_that_is_asked_for_while_one_is_under_way_begins_after_it() {
        let walks: Walks<u32, u32> = Walks::new(Clock::standing_at(Instant::from_micros(0)));
        let (began, may_end) = (Rc::new(Cell::new(0)), Rc::new(Notify::new()));
        let begin = || {
            let (began, may_end) = (Rc::clone(&began), Rc::clone(&may_end));
            walks.begin("a look", move |walks| {
                let (began, may_end) = (Rc::clone(&began), Rc::clone(&may_end));
                async move {
                    began.set(began.get() + 1);
                    walks.note(began.get());
                    may_end.notified().await;
                    began.get()
                }
            })
        };
        let until = async |holds: &dyn Fn(&Stands<u32, u32>) -> bool| {
            while !holds(&walks.last()) {
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(walks.last().number, 0);
        assert_eq!(begin(), 1);
        until(&|stands| matches!(stands.walk, Walk::Running(Some(1)))).await;
        // Both who ask meanwhile are answered by the next.
        assert_eq!((begin(), begin()), (2, 2));
        may_end.notify_one();
        until(&|stands| matches!(stands.walk, Walk::Running(Some(2)))).await;
        assert_eq!(walks.last().number, 2);
        // Who asked first has the answer while the second is under way; who asked meanwhile has not.
        let first = walks.last().told_to(1);
        assert!(matches!(&first.walk, Walk::Done { report, .. } if **report == 1), "{first:?}");
        assert_eq!(first.number, 1);
        let second = walks.last().told_to(2);
        assert!(matches!(second.walk, Walk::Running(Some(2))), "{second:?}");
        may_end.notify_one();
        until(&|stands| matches!(&stands.walk, Walk::Done { report, .. } if **report == 2)).await;
        // A later one answers whoever asked for an earlier one.
        assert_eq!((walks.last().told_to(1).number, walks.last().told_to(2).number), (2, 2));
        assert_eq!((began.get(), begin()), (2, 3));
        may_end.notify_one();
    }
}
