//! Tells the log when logins, or orders that would bring one, begin to be turned away because passwords wait
//! to be hashed, and when that is over. A thread that answers tells of what it lets wait itself; this queue is everybody's.

use super::{refused::total, room::TooMuch};
use crate::metrics::lately::Lately;
use actix_web::rt;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Once none was turned away for so long, it is over.
const PAUSE: Duration = Duration::from_secs(10);

/// Whether it was told that logins are turned away. All clones share it.
#[derive(Debug, Clone, Default)]
pub struct Logins(Arc<AtomicBool>);

impl Logins {
    /// One was turned away, and one of `counts` has it; `waiting` passwords wait. The first is told, and the
    /// end once it has come.
    pub fn turned_away(&self, counts: [&Lately; 2], waiting: usize) {
        self.tell(counts, waiting, PAUSE);
    }

    fn tell(&self, counts: [&Lately; 2], waiting: usize, pause: Duration) {
        if self.0.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            waiting,
            reason = TooMuch::HashQueue.code(),
            "many passwords wait to be hashed: some orders that would bring another, or logins, are turned away"
        );
        let (is_told, counts) = (Arc::clone(&self.0), counts.map(Lately::clone));
        rt::spawn(async move {
            let mut before = 0;
            while before != total(&counts) {
                before = total(&counts);
                rt::time::sleep(pause).await;
            }
            is_told.store(false, Ordering::Relaxed);
            tracing::info!("nobody is turned away for passwords that wait any more");
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[actix_web::test]
    async fn it_is_told_until_none_was_turned_away_for_a_while_and_then_anew() {
        let (logins, counts) = (Logins::default(), [Lately::default(), Lately::default()]);
        // Whoever turns them away: before any work, or in the midst of it.
        for count in &counts {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(200) {
                count.add();
                logins.tell(counts.each_ref(), 3, Duration::from_millis(100));
                assert!(logins.0.load(Ordering::Relaxed));
                rt::task::yield_now().await;
            }
            while logins.0.load(Ordering::Relaxed) {
                assert!(began.elapsed() < Duration::from_secs(30), "it never ends");
                rt::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}
