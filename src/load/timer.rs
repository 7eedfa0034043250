//! A timer that wakes when it should: the runtime's own counts whole milliseconds, and a generator that
//! begins everything up to a millisecond late would measure itself.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::{
    io,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};
use tokio::io::{Interest, unix::AsyncFd};

/// A timer of the kernel's.
pub struct Timer(AsyncFd<OwnedFd>);

impl Timer {
    /// A timer that is not set. Needs a runtime.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "an OwnedFd has one descriptor for life, and the other way needs unsafe code"
        )]
        AsyncFd::with_interest(timer, Interest::READABLE).map(Self)
    }

    /// Waits until then; not at all where that is over.
    pub async fn until(&self, time: Instant) -> io::Result<()> {
        let pause = time.saturating_duration_since(Instant::now());
        if pause.is_zero() {
            return Ok(());
        }
        let once = Itimerspec { it_interval: spec(Duration::ZERO), it_value: spec(pause) };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        loop {
            let mut ready = self.0.readable().await?;
            let mut count = [0; 8];
            match ready.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut count)?)) {
                Ok(read) => return read.map(drop),
                Err(_would_block) => {}
            }
        }
    }
}

fn spec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_never_wakes_early_and_can_be_used_again() {
        actix_rt::System::new().block_on(async {
            let timer = Timer::new().expect("a timer");
            let began = Instant::now();
            for step in 1..=50_u32 {
                let time = began + Duration::from_micros(150) * step;
                timer.until(time).await.expect("waits");
                assert!(Instant::now() >= time);
            }
            timer.until(began).await.expect("what is over needs no wait");
        });
    }
}
