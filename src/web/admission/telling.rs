//! When a thread that turns some away tells the log so, and what is behind it: pure.

use super::shown::Why;
use std::time::{Duration, Instant};

/// Something else is told no sooner than so long after what was told last.
const PAUSE: Duration = Duration::from_secs(5);

/// What was told so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Telling {
    /// What is behind it, as it was seen last.
    cause: Option<Why>,
    told: Option<(Why, Instant)>,
    windows_over: f64,
}

/// What the log is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Some are turned away, for this.
    TurnedAway(Why),
    /// Nobody is any more.
    Over,
}

impl Telling {
    /// So many windows have ended by now, in which somebody was turned away for this, or nobody was. What is
    /// to be told: that it begins, that something else is behind it than was told, and that it has been over
    /// for so many windows; not each time that nobody is turned away in between.
    pub fn note(
        &mut self,
        cause: Option<Why>,
        (windows, at_rest): (f64, f64),
        now: Instant,
    ) -> Option<Said> {
        let Some(cause) = cause else {
            self.windows_over += windows;
            return if self.windows_over >= at_rest { self.end() } else { None };
        };
        (self.cause, self.windows_over) = (Some(cause), 0.0);
        let is_told = self.told.is_some_and(|(told, at)| told == cause || now < at + PAUSE);
        if is_told {
            return None;
        }
        self.told = Some((cause, now));
        Some(Said::TurnedAway(cause))
    }

    /// It is over, if it was not yet.
    pub fn end(&mut self) -> Option<Said> {
        std::mem::take(self).told.map(|_| Said::Over)
    }

    /// What is behind it now; none where nobody is turned away.
    pub const fn cause(&self) -> Option<Why> {
        self.cause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_REST: f64 = 40.0;

    #[test]
    fn what_is_behind_it_is_told_when_it_begins_and_again_when_it_is_something_else() {
        let (mut telling, began) = (Telling::default(), Instant::now());
        let (disk, processors) = (Some(Why::Disk), Some(Why::Processors));
        let said = |why: Option<Why>| why.map(Said::TurnedAway);
        for (at_ms, cause, expected) in [
            (0, None, None),
            (25, processors, said(processors)),
            (50, processors, None),
            // Not at once: it may be that one a moment later again.
            (75, disk, None),
            (100, processors, None),
            (5_000, disk, None),
            (5_025, disk, said(disk)),
            (5_050, processors, None),
            (5_075, disk, None),
            (20_000, disk, None),
            (20_025, processors, said(processors)),
            (20_050, None, None),
            (20_075, processors, None),
        ] {
            let now = began + Duration::from_millis(at_ms);
            assert_eq!(telling.note(cause, (1.0, AT_REST), now), expected, "{at_ms}");
            // What is behind it is known at once, and while nobody is turned away for a moment.
            let known = if at_ms == 20_050 { processors } else { cause };
            assert_eq!(telling.cause(), known, "{at_ms}");
        }
    }

    #[test]
    fn that_it_is_over_is_told_once_and_then_it_begins_anew() {
        let (mut telling, now) = (Telling::default(), Instant::now());
        let cause = Some(Why::UnderWay);
        for _ in 0..2 {
            let begins = telling.note(cause, (1.0, AT_REST), now);
            assert_eq!(begins, Some(Said::TurnedAway(Why::UnderWay)));
            assert_eq!(telling.note(None, (39.0, AT_REST), now), None);
            assert_eq!(telling.note(None, (1.0, AT_REST), now), Some(Said::Over));
            assert_eq!((telling.note(None, (40.0, AT_REST), now), telling.cause()), (None, None));
        }
        // A thread that comes to rest first says so too.
        telling.note(cause, (1.0, AT_REST), now);
        assert_eq!((telling.end(), telling.end(), telling.cause()), (Some(Said::Over), None, None));
    }
}
