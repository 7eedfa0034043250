//! Who is heard when more comes than can be done: operators and health first, on a listener and a
//! thread of their own; then purchases and cancellations at their confirmation, logins, statements
//! (reliability.md 31 to 33). Whoever is turned away hears it before any work is done for it.
//!
//! | file | what |
//! |---|---|
//! | [`class`] | what a request is for |
//! | [`shedding`] | what share of each class is turned away, by how long requests wait: pure |
//! | [`worker`] | how long they wait, on each thread that answers |
//! | [`room`] | whether the queues behind have room for a class: pure |
//! | [`refusal`] | what is answered |

pub mod class;
pub mod refusal;
pub mod room;
pub mod shedding;
pub mod worker;

use self::{
    class::Class,
    room::{Fill, Queue, TooMuch},
    worker::Worker,
};
use super::state::WebState;
use crate::metrics::histogram::Histogram;
use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    rt::task::yield_now,
    web::Data,
};
use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// What was heard and what was not, of all threads together. All clones share one count.
#[derive(Debug, Clone)]
pub struct Admission {
    counts: Arc<Counts>,
    waits_s: Histogram,
    target: Duration,
}

#[derive(Debug, Default)]
struct Counts {
    heard: [AtomicU64; Class::ALL.len()],
    turned_away: [AtomicU64; Class::ALL.len()],
    why: [AtomicU64; TooMuch::ALL.len()],
    under_way: [AtomicUsize; Class::ALL.len()],
}

impl Admission {
    /// Threads should let no request wait longer than `target` before they come to it.
    pub fn new(target: Duration) -> Self {
        Self { counts: Arc::default(), waits_s: Histogram::of_seconds(), target }
    }

    /// One more thread that answers.
    pub fn worker(&self) -> Rc<Worker> {
        Worker::new(self.target, self.waits_s.clone())
    }

    /// How long what was ready waited for its thread, in seconds, for metrics.
    pub const fn waits_s(&self) -> &Histogram {
        &self.waits_s
    }

    /// How many requests of a class were heard since the start, for metrics.
    pub fn heard(&self, class: Class) -> u64 {
        self.counts.heard[class.place()].load(Ordering::Relaxed)
    }

    /// How many were turned away, for metrics.
    pub fn turned_away(&self, class: Class) -> u64 {
        self.counts.turned_away[class.place()].load(Ordering::Relaxed)
    }

    /// How many were turned away for this reason, for metrics.
    pub fn turned_away_for(&self, why: TooMuch) -> u64 {
        self.counts.why[why as usize].load(Ordering::Relaxed)
    }

    /// How many of a class are worked on now, for metrics.
    pub fn under_way(&self, class: Class) -> usize {
        self.counts.under_way[class.place()].load(Ordering::Relaxed)
    }

    /// Counts a request that is heard; it is under way until the value is dropped.
    fn hear(&self, class: Class) -> UnderWay<'_> {
        self.counts.heard[class.place()].fetch_add(1, Ordering::Relaxed);
        let under_way = &self.counts.under_way[class.place()];
        under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(under_way)
    }

    fn turn_away(&self, class: Class, why: TooMuch) {
        self.counts.turned_away[class.place()].fetch_add(1, Ordering::Relaxed);
        self.counts.why[why as usize].fetch_add(1, Ordering::Relaxed);
    }
}

struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Hears a request, or turns it away before anything was done for it.
pub async fn gate(
    state: Data<WebState>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // What the router goes by; `request.path()` has its escapes yet.
    let path = request.match_info().as_str();
    let class = Class::of(request.method(), path);
    let hashes = class::hashes(request.method(), path);
    let worker = request.app_data::<Rc<Worker>>();
    // Asked in any case, so that the thread knows what came.
    let is_heard = worker.is_none_or(|worker| worker.hears(class));
    let room = room::hear(class, hashes, &fill(&state, hashes));
    let heard = room.and(if is_heard { Ok(()) } else { Err(TooMuch::Wait) });
    if let Err(why) = heard {
        state.admission.turn_away(class, why);
        // A body that came with its head is taken from the connection in one more turn; without it
        // the connection would have to end, and the next one costs a handshake.
        let body = request.take_payload();
        yield_now().await;
        drop(body);
        let response = refusal::response(request.request());
        return Ok(request.into_response(response));
    }
    let _under_way = state.admission.hear(class);
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn fill(state: &WebState, hashes: bool) -> Fill {
    let (lines, committer) = (&state.lines, &state.committer);
    Fill {
        asking: Queue { waiting: lines.asking(), most: lines.most_asking() },
        writing: Queue { waiting: committer.waiting(), most: committer.most_waiting() },
        is_hashing_full: hashes && !(state.passwords.has_room() && state.throttle.has_room()),
    }
}
