//! How long a thread that answers lets what is ready wait, asked from outside of it.
//!
//! actix tells no request's arrival. But what a request waits for (its line, the disk, a hash) wakes it
//! from another thread, and so does the pulse: a thread's beat is ready when it is sent, and the thread
//! comes to it behind all the others that were woken so before. A thread that has not come to it yet
//! tells how long it lets wait by that alone, so a step of load is seen at once. It beats while
//! requests come, so a thread at rest is left at rest.

use futures_util::task::AtomicWaker;
use std::{
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

/// How often it beats.
const TICK: Duration = Duration::from_millis(5);

/// What beats, on a thread of its own, which ends with its last handle.
#[derive(Debug, Clone)]
pub struct Pulse {
    wanted: Sender<Arc<Beat>>,
    began: Instant,
}

/// What one thread feels of it.
#[derive(Debug)]
pub struct Beat {
    began: Instant,
    /// When the one was sent that the thread has not come to, in microseconds after `began`; 0: none.
    sent_us: AtomicU64,
    is_wanted: AtomicBool,
    waker: AtomicWaker,
}

impl Pulse {
    /// Starts the thread, which waits until somebody wants it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start() -> io::Result<Self> {
        let (wanted, beats) = channel();
        let began = Instant::now();
        thread::Builder::new().name("pulse".into()).spawn(move || run(&beats))?;
        Ok(Self { wanted, began })
    }

    /// A beat that nobody wants yet.
    pub fn beat(&self) -> Arc<Beat> {
        Arc::new(Beat {
            began: self.began,
            sent_us: AtomicU64::new(0),
            is_wanted: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        })
    }

    /// Beats from now on.
    pub fn want(&self, beat: &Arc<Beat>) {
        if !beat.is_wanted.swap(true, Ordering::Relaxed) {
            // One that came when nobody felt for it any more tells of the rest, not of a wait.
            beat.sent_us.store(0, Ordering::Release);
            // The thread lives as long as this handle.
            let _ = self.wanted.send(Arc::clone(beat));
        }
    }
}

impl Beat {
    /// Beats no more.
    pub fn rest(&self) {
        self.is_wanted.store(false, Ordering::Relaxed);
    }

    /// Comes to the next one: how long it waited for that.
    pub async fn next(&self) -> Duration {
        let sent_us = poll_fn(|context| {
            self.waker.register(context.waker());
            match self.sent_us.swap(0, Ordering::AcqRel) {
                0 => Poll::Pending,
                sent_us => Poll::Ready(sent_us),
            }
        });
        self.since(sent_us.await)
    }

    /// How long the one has waited that the thread has not come to; none: it has come to all.
    pub fn waits(&self) -> Duration {
        match self.sent_us.load(Ordering::Acquire) {
            0 => Duration::ZERO,
            sent_us => self.since(sent_us),
        }
    }

    fn since(&self, sent_us: u64) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_micros(sent_us))
    }

    fn send(&self) {
        let now_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
        // One that was not come to yet keeps its time.
        let sent = self.sent_us.compare_exchange(0, now_us, Ordering::AcqRel, Ordering::Relaxed);
        if sent.is_ok() {
            self.waker.wake();
        }
    }
}

fn run(wanted: &Receiver<Arc<Beat>>) {
    let mut beats: Vec<Arc<Beat>> = Vec::new();
    loop {
        let next = if beats.is_empty() {
            wanted.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            wanted.recv_timeout(TICK)
        };
        match next {
            // Beaten with the others, at the next tick.
            Ok(beat) => beats.push(beat),
            Err(RecvTimeoutError::Timeout) => {
                beats.retain(|beat| beat.is_wanted.load(Ordering::Relaxed));
                for beat in &beats {
                    beat.send();
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_comes_late_sees_how_late_and_others_see_it_before() {
        let pulse = Pulse::start().expect("starts");
        let beat = pulse.beat();
        pulse.want(&beat);
        let long = Duration::from_millis(50);
        while beat.waits() < long {
            thread::yield_now();
        }
        assert!(beat.next().await >= long);
        // The next one was sent after this thread had come to the last.
        let since = Instant::now();
        while beat.waits() < long {
            thread::yield_now();
        }
        let found = beat.next().await;
        assert!(found >= long && found < since.elapsed() + long, "{found:?}");
    }

    #[tokio::test]
    async fn a_beat_that_nobody_felt_before_a_rest_is_no_wait_after_it() {
        let pulse = Pulse::start().expect("starts");
        let beat = pulse.beat();
        // Sent in the first microsecond, and not come to since.
        beat.sent_us.store(1, Ordering::Relaxed);
        let long = Duration::from_millis(50);
        while beat.waits() < long {
            thread::yield_now();
        }
        let again = Instant::now();
        pulse.want(&beat);
        assert!(beat.next().await <= again.elapsed());
    }

    #[tokio::test]
    async fn what_is_no_longer_wanted_beats_no_more_until_it_is_again() {
        let pulse = Pulse::start().expect("starts");
        let (beat, other) = (pulse.beat(), pulse.beat());
        pulse.want(&beat);
        beat.next().await;
        beat.rest();
        pulse.want(&other);
        // One may be on its way; when the other has felt two, this one has been left out.
        other.next().await;
        other.next().await;
        beat.sent_us.store(0, Ordering::Relaxed);
        other.next().await;
        other.next().await;
        assert_eq!(beat.waits(), Duration::ZERO);
        pulse.want(&beat);
        beat.next().await;
    }
}
