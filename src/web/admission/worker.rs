//! How long a thread that answers lets what is ready wait, and what it therefore turns away.
//!
//! actix tells no request's arrival. But each task of a thread waits behind all the others that are
//! ready, so one that only wants to be woken at a certain time, and looks how late it is, sees what a
//! request sees. It runs while requests come, so a thread at rest is left at rest.

use super::{
    class::Class,
    shedding::{ByClass, Shedding, Window},
};
use crate::metrics::histogram::Histogram;
use actix_web::rt;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// How often the wait is looked at.
const TICK: Duration = Duration::from_millis(5);
/// So many looks make a window.
const TICKS: u32 = 5;
/// Windows without a request after which nobody looks any more, and without any turned away after
/// which it is over: a second.
const WINDOWS_AT_REST: u32 = 40;
/// A smaller share is no news.
const TOLD_FROM: f64 = 0.01;

/// One thread that answers.
#[derive(Debug)]
pub struct Worker {
    shedding: RefCell<Shedding>,
    came: Cell<ByClass>,
    /// What a class has still to be turned away of, so that shares hold without any chance.
    due: Cell<ByClass>,
    is_watched: Cell<bool>,
    is_told: Cell<bool>,
    windows_over: Cell<u32>,
    waits_s: Histogram,
}

impl Worker {
    /// A thread that should let nobody wait longer than `target`; its waits are counted in `waits_s`.
    pub fn new(target: Duration, waits_s: Histogram) -> Rc<Self> {
        Rc::new(Self {
            shedding: RefCell::new(Shedding::new(target)),
            came: Cell::default(),
            due: Cell::default(),
            is_watched: Cell::default(),
            is_told: Cell::default(),
            windows_over: Cell::default(),
            waits_s,
        })
    }

    /// A request has come: whether it is heard.
    pub fn hears(self: &Rc<Self>, class: Class) -> bool {
        self.watch();
        let place = class.place();
        let (mut came, mut due) = (self.came.get(), self.due.get());
        came[place] += 1.0;
        due[place] += self.shedding.borrow().shares()[place];
        let is_heard = due[place] < 1.0;
        if !is_heard {
            due[place] -= 1.0;
        }
        self.came.set(came);
        self.due.set(due);
        is_heard
    }

    fn watch(self: &Rc<Self>) {
        if !self.is_watched.replace(true) {
            rt::spawn(Rc::clone(self).look());
        }
    }

    /// Looks until the thread is at rest.
    async fn look(self: Rc<Self>) {
        let mut at_rest = 0;
        while at_rest < WINDOWS_AT_REST {
            let window = self.window().await;
            at_rest = if window.came.iter().any(|came| *came > 0.0) { 0 } else { at_rest + 1 };
            self.note(&window);
        }
        self.is_watched.set(false);
    }

    async fn window(&self) -> Window {
        let mut shortest = Duration::MAX;
        for _ in 0..TICKS {
            let due = Instant::now() + TICK;
            sleep_until(due).await;
            shortest = shortest.min(Instant::now().saturating_duration_since(due));
        }
        Window { wait: shortest, came: self.came.take() }
    }

    fn note(&self, window: &Window) {
        self.waits_s.observe(window.wait.as_secs_f64());
        let mut shedding = self.shedding.borrow_mut();
        shedding.note(window);
        self.tell(shedding.share(), window.wait);
    }

    /// Tells the log when it begins and when it has been over for a second, not each time that the
    /// share touches nothing in between.
    fn tell(&self, share: f64, wait: Duration) {
        let over = if share > 0.0 { 0 } else { self.windows_over.get().saturating_add(1) };
        self.windows_over.set(over);
        if share > TOLD_FROM && !self.is_told.replace(true) {
            let wait_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
            tracing::warn!(wait_us, "more comes than can be done: some requests are turned away");
        } else if over >= WINDOWS_AT_REST && self.is_told.replace(false) {
            tracing::info!("all requests are heard again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker() -> Rc<Worker> {
        Worker::new(Duration::from_millis(10), Histogram::of_seconds())
    }

    /// As if requests of each class had waited so long.
    fn note(worker: &Worker, wait: Duration, came: ByClass) {
        worker.note(&Window { wait, came });
    }

    #[actix_web::test]
    async fn a_share_of_a_class_is_turned_away_evenly() {
        let worker = worker();
        for _ in 0..200 {
            note(&worker, Duration::from_millis(11), [0.0, 0.0, 50.0]);
        }
        let share = worker.shedding.borrow().shares()[Class::Confirmation.place()];
        assert!((0.1..0.9).contains(&share), "{share}");
        let heard = (0..1_000).filter(|_| worker.hears(Class::Confirmation)).count();
        #[expect(clippy::cast_precision_loss, reason = "a thousand")]
        let turned_away = 1.0 - heard as f64 / 1_000.0;
        assert!((turned_away - share).abs() < 0.002, "{turned_away} {share}");
    }

    #[actix_web::test]
    async fn a_thread_without_load_hears_everybody() {
        let worker = worker();
        for class in Class::ALL {
            assert!((0..100).all(|_| worker.hears(class)));
        }
    }

    #[actix_web::test]
    async fn a_thread_that_is_held_up_under_load_turns_some_away_and_hears_all_again_check_31() {
        let worker = worker();
        let began = Instant::now();
        let mut turned_away = false;
        while !turned_away {
            assert!(began.elapsed() < Duration::from_secs(30), "never");
            for _ in 0..200 {
                turned_away |= !worker.hears(Class::Statement);
            }
            // What a request that computes for long does to all others of its thread.
            let busy = Instant::now();
            while busy.elapsed() < Duration::from_millis(40) {
                std::hint::spin_loop();
            }
            rt::task::yield_now().await;
        }
        let fell = Instant::now();
        while worker.shedding.borrow().share() > 0.0 {
            assert!(fell.elapsed() < Duration::from_secs(10), "it never ends");
            rt::time::sleep(Duration::from_millis(5)).await;
        }
        assert!((0..100).all(|_| worker.hears(Class::Statement)));
        assert!(worker.waits_s.count() > 0);
    }
}
