//! Tells the log when logins begin to be turned away because no more passwords are taken to be hashed, and
//! when that is over. A thread that answers tells of what it lets wait itself; this queue is everybody's.

use super::room::TooMuch;
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
    /// One was turned away, and `count` has it; `waiting` passwords wait. The first is told, and the end
    /// once it has come.
    pub fn turned_away(&self, count: &Lately, waiting: usize) {
        self.tell(count, waiting, PAUSE);
    }

    fn tell(&self, count: &Lately, waiting: usize, pause: Duration) {
        if self.0.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            waiting,
            reason = TooMuch::HashQueue.code(),
            "no more passwords are taken to be hashed: some logins, and orders that would bring one, are turned \
             away"
        );
        let (is_told, count) = (Arc::clone(&self.0), count.clone());
        rt::spawn(async move {
            let mut before = 0;
            while before != count.total() {
                before = count.total();
                rt::time::sleep(pause).await;
            }
            is_told.store(false, Ordering::Relaxed);
            tracing::info!("all logins are heard again");
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[actix_web::test]
    async fn it_is_told_until_none_was_turned_away_for_a_while_and_then_anew() {
        let (logins, count) = (Logins::default(), Lately::default());
        for _ in 0..2 {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(200) {
                count.add();
                logins.tell(&count, 3, Duration::from_millis(100));
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
