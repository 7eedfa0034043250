//! What one thread that answers takes, by how long it lets wait and by what it works on already.

use super::{
    class::Class,
    limit::Limit,
    pulse::{Beat, Pulse},
    room::TooMuch,
    shedding::{ByClass, Shedding, Window},
    shown::{Shown, Why},
    telling::{Said, Telling},
    under_way::Bound,
};
use crate::metrics::{histogram::Histogram, lasting::Lasting};
use actix_web::rt;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

/// So long is a window, in which a thread should come to several beats.
const WINDOW: Duration = Duration::from_millis(25);
/// Windows without a request after which nobody looks any more, and without any turned away after
/// which it is over: a second.
const AT_REST: f64 = 40.0;
/// While more begin than can be done, requests should wait no longer than this part of the time that they
/// may: so the limit acts first, and shares are turned away of what it does not reach.
const LIMIT_PART: u32 = 10;
/// So long a thread without any load may take to wake.
const LEAST_LIMIT_TARGET: Duration = Duration::from_micros(250);
/// A request may take so many windows, with all that it waits for: half a second, as long as the
/// committer lets wait.
const PATIENCE: f64 = 20.0;

/// One thread that answers.
#[derive(Debug)]
pub struct Worker {
    pulse: Pulse,
    beat: Arc<Beat>,
    shedding: RefCell<Shedding>,
    limit: RefCell<Limit>,
    bound: RefCell<Bound>,
    seen: Cell<Seen>,
    under_way: Cell<ByClass>,
    /// How many of those wait for room in their provider's share: nothing is done for them.
    set_aside: Cell<f64>,
    /// What a class has still to be turned away of, so that shares hold without any chance.
    due: Cell<ByClass>,
    is_watched: Cell<bool>,
    telling: Cell<Telling>,
    windows_at_rest: Cell<f64>,
    waits_s: Histogram,
    disk: Lasting,
    shown: Arc<Shown>,
}

/// What this window has seen so far.
#[derive(Debug, Clone, Copy)]
struct Seen {
    began: Instant,
    shortest: Option<Duration>,
    came: ByClass,
    done: f64,
    /// The most that were worked on at once.
    peak: f64,
    /// Why somebody was turned away first.
    turned_away: Option<TooMuch>,
}

impl Seen {
    fn nothing() -> Self {
        let (began, came) = (Instant::now(), ByClass::default());
        Self { began, shortest: None, came, done: 0.0, peak: 0.0, turned_away: None }
    }
}

impl Worker {
    /// A thread that should let nobody wait longer than `target`; its waits are counted in `waits_s`, and
    /// `disk` is how long a group of decisions takes to become durable.
    pub fn new(target: Duration, waits_s: Histogram, disk: Lasting, pulse: &Pulse) -> Rc<Self> {
        Rc::new(Self {
            beat: pulse.beat(),
            pulse: pulse.clone(),
            shedding: RefCell::new(Shedding::new(target)),
            limit: RefCell::new(Limit::new((target / LIMIT_PART).max(LEAST_LIMIT_TARGET))),
            bound: RefCell::new(Bound::new(PATIENCE)),
            seen: Cell::new(Seen::nothing()),
            under_way: Cell::default(),
            set_aside: Cell::default(),
            due: Cell::default(),
            is_watched: Cell::default(),
            telling: Cell::default(),
            windows_at_rest: Cell::default(),
            waits_s,
            disk,
            shown: Arc::default(),
        })
    }

    /// What others see of it.
    pub const fn shown(&self) -> &Arc<Shown> {
        &self.shown
    }

    /// A request has come: whether it is heard.
    ///
    /// # Errors
    /// Requests wait too long.
    pub fn hear(self: &Rc<Self>, class: Class) -> Result<(), TooMuch> {
        self.watch();
        self.see(|seen| seen.came[class.place()] += 1.0);
        self.look();
        if self.is_due(class) {
            return self.turn_away(TooMuch::Wait);
        }
        Ok(())
    }

    fn turn_away<T>(&self, why: TooMuch) -> Result<T, TooMuch> {
        self.see(|seen| seen.turned_away = seen.turned_away.or(Some(why)));
        Err(why)
    }

    /// Whether the next of a class is one of the share that is turned away.
    fn is_due(&self, class: Class) -> bool {
        let (place, mut due) = (class.place(), self.due.get());
        due[place] += self.shedding.borrow().shares()[place];
        let is_due = due[place] >= 1.0;
        if is_due {
            due[place] -= 1.0;
        }
        self.due.set(due);
        is_due
    }

    fn see(&self, what: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.get();
        what(&mut seen);
        self.seen.set(seen);
    }

    /// Takes a request that was heard: it is worked on until the value is dropped.
    ///
    /// # Errors
    /// As many are worked on as may be, or requests wait too long for one more to begin.
    pub fn take(self: &Rc<Self>, class: Class) -> Result<UnderWay, TooMuch> {
        let place = class.place();
        let under_way = self.under_way.get();
        if !self.bound.borrow().takes(class, under_way) {
            return self.turn_away(TooMuch::UnderWay);
        }
        if !self.limit.borrow_mut().takes(class, self.worked_on()) {
            return self.turn_away(TooMuch::Limit);
        }
        self.count(place, 1.0);
        Ok(UnderWay { worker: Rc::clone(self), place })
    }

    fn count(&self, place: usize, more: f64) {
        let mut under_way = self.under_way.get();
        under_way[place] += more;
        self.under_way.set(under_way);
        self.show();
    }

    /// How many are worked on by the limit's count.
    fn worked_on(&self) -> f64 {
        self.under_way.get().iter().sum::<f64>() - self.set_aside.get()
    }

    fn show(&self) {
        let worked_on = self.worked_on();
        self.see(|seen| seen.peak = seen.peak.max(worked_on));
        self.shown.work_on(worked_on);
    }

    /// While the value is there, one of the requests that were taken waits for room in its provider's share.
    /// The limit does not count it: it asks nothing of the thread, and others may begin in its place.
    pub fn set_aside(self: &Rc<Self>) -> SetAside {
        self.set_aside.set(self.set_aside.get() + 1.0);
        self.show();
        SetAside { worker: Rc::clone(self) }
    }

    fn watch(self: &Rc<Self>) {
        if !self.is_watched.replace(true) {
            self.seen.set(Seen::nothing());
            self.windows_at_rest.set(0.0);
            self.pulse.want(&self.beat);
            rt::spawn(Rc::clone(self).feel());
        }
    }

    /// Feels the pulse until the thread is at rest.
    async fn feel(self: Rc<Self>) {
        while self.windows_at_rest.get() < AT_REST {
            let waited = self.beat.next().await;
            self.see(|seen| {
                seen.shortest = Some(seen.shortest.map_or(waited, |shortest| shortest.min(waited)));
            });
            self.look();
        }
        self.beat.rest();
        self.shedding.borrow_mut().forget();
        self.limit.borrow_mut().forget();
        self.shown.limit(self.limit.borrow().most());
        self.tell(None, Telling::end);
        *self.bound.borrow_mut() = Bound::new(PATIENCE);
        self.due.set(ByClass::default());
        self.is_watched.set(false);
    }

    /// Ends the window if it is over.
    fn look(&self) {
        let seen = self.seen.get();
        let lasted = seen.began.elapsed();
        if lasted < WINDOW {
            return;
        }
        // What is worked on now is the least that the next one has.
        self.seen.set(Seen { peak: self.worked_on(), ..Seen::nothing() });
        let windows = lasted.as_secs_f64() / WINDOW.as_secs_f64();
        // Where the thread came to no beat, the one that waits tells.
        let wait = seen.shortest.unwrap_or_else(|| self.beat.waits());
        self.bound.borrow_mut().note(seen.done, windows);
        let window = Window { windows, wait, came: seen.came };
        self.limit.borrow_mut().note(&window, seen.peak, seen.turned_away.is_some());
        self.shown.limit(self.limit.borrow().most());
        self.note(&window, seen.turned_away);
    }

    fn note(&self, window: &Window, turned_away: Option<TooMuch>) {
        let came = window.came.iter().any(|came| *came > 0.0);
        self.windows_at_rest.set(if came {
            0.0
        } else {
            self.windows_at_rest.get() + window.windows
        });
        self.waits_s.observe(window.wait.as_secs_f64());
        self.shedding.borrow_mut().note(window);
        let sync = self.disk.lasts();
        let cause = turned_away.map(|why| Why::of(why, sync));
        let (windows, now) = ((window.windows, AT_REST), Instant::now());
        self.tell(turned_away.map(|why| (why, window.wait, sync)), |telling| {
            telling.note(cause, windows, now)
        });
    }

    /// Tells the log what it should know, and others what is behind it; `figures` are why somebody was turned
    /// away, how long requests wait and how long the disk takes.
    fn tell(
        &self,
        figures: Option<(TooMuch, Duration, Duration)>,
        note: impl FnOnce(&mut Telling) -> Option<Said>,
    ) {
        let mut telling = self.telling.get();
        let said = note(&mut telling);
        self.telling.set(telling);
        self.shown.turn_away(telling.cause());
        let thread = self.shown.number();
        let reason = figures.map(|(why, ..)| why.code());
        let (wait, sync) = figures.map(|(_, wait, sync)| (wait, sync)).unwrap_or_default();
        match said {
            Some(Said::TurnedAway(cause)) => {
                let wait_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
                let sync_ms = u64::try_from(sync.as_millis()).unwrap_or(u64::MAX);
                let words = cause.words();
                tracing::warn!(
                    thread,
                    wait_us,
                    sync_ms,
                    reason,
                    "{words}: some requests are turned away"
                );
            }
            Some(Said::Over) => {
                tracing::info!(thread, "a thread that turned requests away hears all again");
            }
            None => {}
        }
    }
}

/// One request that a thread works on.
#[derive(Debug)]
pub struct UnderWay {
    worker: Rc<Worker>,
    place: usize,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.worker.count(self.place, -1.0);
        self.worker.see(|seen| seen.done += 1.0);
    }
}

/// One request of those that a thread works on, while it waits for its provider's other requests.
#[derive(Debug)]
pub struct SetAside {
    worker: Rc<Worker>,
}

impl Drop for SetAside {
    fn drop(&mut self) {
        self.worker.set_aside.set(self.worker.set_aside.get() - 1.0);
        self.worker.show();
    }
}

#[cfg(test)]
mod tests;
