//! Who is heard when more comes than can be done: operators and health first, on a listener and a
//! thread of their own; then purchases and cancellations at their confirmation, logins, statements
//! (reliability.md 31 to 33). Whoever is turned away hears it before any work is done for it, beyond a look at
//! who it is.
//!
//! | file | what |
//! |---|---|
//! | [`class`] | what a request is for |
//! | [`pulse`] | how long a thread lets wait, asked from outside of it |
//! | [`shedding`] | what share of each class is turned away, by how long requests wait: pure |
//! | [`limit`] | how many requests a thread works on while more begin than it can do: pure |
//! | [`under_way`] | how many requests a thread works on at once, whatever it is that they wait for: pure |
//! | [`worker`] | what each thread that answers takes |
//! | [`shown`] | what each lets others see |
//! | [`logins`] | tells the log that logins are turned away, and when that is over |
//! | [`telling`] | when it tells the log why it turns some away: pure |
//! | [`refused`] | what was turned away, before any work and in the midst of it |
//! | [`room`] | whether the queues behind have room for a class: pure |
//! | [`refusal`] | what is answered |

pub mod class;
pub mod limit;
pub mod logins;
pub mod pulse;
pub mod refusal;
pub mod refused;
pub mod room;
pub mod shedding;
pub mod shown;
pub mod telling;
pub mod under_way;
pub mod worker;

use self::{
    class::{Asked, Class},
    logins::Logins,
    pulse::Pulse,
    room::{Fill, Needs, Queue, TooMuch},
    shown::{Shown, Why},
    worker::Worker,
};
use super::{
    context,
    flow::{self, sealed::Flow},
    portal,
    state::WebState,
};
use crate::{
    metrics::{histogram::Histogram, lasting::Lasting, lately::Lately},
    security::{PasswordPool, throttle::Throttle},
};
use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{AUTHORIZATION, CONTENT_LENGTH},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::StreamExt;
use std::{
    cell::RefCell,
    io,
    rc::{Rc, Weak},
    sync::{
        Arc, Mutex, PoisonError, Weak as SharedWeak,
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
    disk: Lasting,
    pulse: Pulse,
    logins: Logins,
    refusals: Lately,
}

#[derive(Debug, Default)]
struct Counts {
    heard: [AtomicU64; Class::ALL.len()],
    turned_away: [AtomicU64; Class::ALL.len()],
    why: [Lately; TooMuch::ALL.len()],
    under_way: [AtomicUsize; Class::ALL.len()],
    /// What begins and would have been turned away for passwords that wait, those that were taken among it.
    passed_over: AtomicU64,
    /// Each by the number of its thread.
    threads: Mutex<Vec<SharedWeak<Shown>>>,
}

impl Admission {
    /// Threads should let no request wait longer than `target` before they come to it; `disk` is how long
    /// a group of decisions takes to become durable. `refusals` counts all that are turned away, whoever
    /// does it: those of this, too.
    ///
    /// # Errors
    /// The system gives no thread for the [`Pulse`].
    pub fn start(target: Duration, disk: Lasting, refusals: Lately) -> io::Result<Self> {
        let why = std::array::from_fn(|_| Lately::part_of(&refusals));
        let counts = Arc::new(Counts { why, ..Counts::default() });
        let waits_s = Histogram::of_short_seconds();
        let (pulse, logins) = (Pulse::start()?, Logins::default());
        Ok(Self { counts, waits_s, target, disk, pulse, logins, refusals })
    }

    /// What this thread takes: one for each thread, by however many listeners it answers.
    pub fn worker(&self) -> Rc<Worker> {
        thread_local! {
            /// Of whose server, as a process may have several.
            static OWN: RefCell<Option<(Arc<Counts>, Weak<Worker>)>> = const { RefCell::new(None) };
        }
        OWN.with_borrow_mut(|own| {
            let there = own.as_ref().filter(|(counts, _)| Arc::ptr_eq(counts, &self.counts));
            if let Some(worker) = there.and_then(|(_, worker)| worker.upgrade()) {
                return worker;
            }
            let (waits_s, disk) = (self.waits_s.clone(), self.disk.clone());
            let worker = Worker::new(self.target, waits_s, disk, &self.pulse);
            self.counts.add_thread(worker.shown());
            *own = Some((Arc::clone(&self.counts), Rc::downgrade(&worker)));
            worker
        })
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

    /// The requests that were turned away for this reason.
    pub fn turned_away_for(&self, why: TooMuch) -> &Lately {
        &self.counts.why[why as usize]
    }

    /// Somebody was turned away for passwords that wait to be hashed, before any work was done or by the pool
    /// itself: the log is told, and when that is over.
    pub fn tell_of_logins(&self, passwords: &PasswordPool) {
        let counts = [self.turned_away_for(TooMuch::HashQueue), passwords.turned_away()];
        self.logins.turned_away(counts, passwords.queued());
    }

    /// All requests that were turned away, here or in the midst of the work, for whatever reason.
    pub const fn refusals(&self) -> &Lately {
        &self.refusals
    }

    /// What is behind it, as far as threads turn some away now.
    pub fn causes(&self) -> Vec<Why> {
        let seen = self.of_threads(Shown::cause);
        Why::ALL.into_iter().filter(|why| seen.contains(&Some(Some(*why)))).collect()
    }

    /// What each thread shows, by its number, for metrics; none of a thread that has ended.
    pub fn of_threads<T>(&self, read: fn(&Shown) -> T) -> Vec<Option<T>> {
        let threads = self.counts.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.iter().map(|shown| shown.upgrade().map(|shown| read(&shown))).collect()
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

    /// Takes one of [`room::TAKEN_OF`] that begin while passwords wait.
    fn spare(&self, class: Class, room: Result<(), TooMuch>) -> Result<(), TooMuch> {
        if class != Class::Arrival || room != Err(TooMuch::HashQueue) {
            return room;
        }
        let number = self.counts.passed_over.fetch_add(1, Ordering::Relaxed) + 1;
        if number.is_multiple_of(room::TAKEN_OF) { Ok(()) } else { room }
    }

    fn turn_away(&self, class: Class, why: TooMuch) {
        self.counts.turned_away[class.place()].fetch_add(1, Ordering::Relaxed);
        self.counts.why[why as usize].add();
    }
}

impl Counts {
    /// The number of a thread that has ended is given to the one that takes its place.
    fn add_thread(&self, shown: &Arc<Shown>) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let free = threads.iter().position(|thread| thread.strong_count() == 0);
        let number = free.unwrap_or(threads.len());
        shown.be_called(number);
        match threads.get_mut(number) {
            Some(free) => *free = Arc::downgrade(shown),
            None => threads.push(Arc::downgrade(shown)),
        }
    }
}

struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Hears a request, or turns it away before anything is done for it but to look at who it is.
pub async fn gate(
    state: Data<WebState>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let worker = request.app_data::<Rc<Worker>>().cloned();
    // What the router goes by; `request.path()` has its escapes yet.
    let path = request.match_info().as_str();
    let is_known = is_known(&state, &request, path);
    let asked = Asked { method: request.method(), path, is_known };
    let (class, hashes, commits) = (asked.class(), asked.hashes(), asked.commits());
    // Asked in any case, so that the thread knows what came.
    let heard = worker.as_ref().map_or(Ok(()), |worker| worker.hear(class));
    let room = room::hear(Needs { class, hashes, commits }, &fill(&state, hashes));
    // Not used up by who is turned away for another reason, nor by a sign-in that wants its hash now.
    let room = if heard.is_ok() && !hashes { state.admission.spare(class, room) } else { room };
    if let Err(why) = room.and(heard) {
        return Ok(turn_away(&state, request, class, why).await);
    }
    // Whoever sends its body slowly is not worked on, and takes no place from anybody.
    gather(&mut request, state.limits.body_bytes).await;
    // Who waits for a hash waits for no thread that answers: that queue has its own bound.
    let worker = worker.filter(|_| !hashes);
    match worker.map(|worker| worker.take(class)).transpose() {
        Ok(_under_way) => {
            let _counted = state.admission.hear(class);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(why) => Ok(turn_away(&state, request, class, why).await),
    }
}

async fn turn_away(
    state: &WebState,
    mut request: ServiceRequest,
    class: Class,
    why: TooMuch,
) -> ServiceResponse<BoxBody> {
    state.admission.turn_away(class, why);
    if why == TooMuch::HashQueue {
        state.admission.tell_of_logins(&state.passwords);
    }
    // So that the ID on the page stands for something; past so many a second, alike lines are left out.
    tracing::info!(
        request_id = context::of(request.request()).request_id,
        class = class.as_str(),
        reason = why.code(),
        "a request was turned away"
    );
    let path = request.match_info().as_str();
    let flow =
        class::flow_page(path).and_then(|(id, _)| flow::cookie::read(request.request(), state, id));
    let language = flow.as_ref().and_then(Flow::asked_language);
    let response = refusal::response(request.request(), language);
    drain(request.take_payload()).await;
    request.into_response(response)
}

/// Whether a request brings what its address asks for. A flow's cookie is opened here, so that an invented
/// one takes nobody's place; all else is checked by whoever answers.
fn is_known(state: &WebState, request: &ServiceRequest, path: &str) -> bool {
    if let Some((flow, _)) = class::flow_page(path) {
        return flow::cookie::is_whole(request.request(), state, flow);
    }
    if class::portal_page(path).is_some() {
        return portal::session::is_there(request.request(), state.is_https());
    }
    if path == "/oauth/authorize" {
        let pairs = request.query_string().split('&');
        return pairs.into_iter().any(|pair| pair.starts_with("request_uri="));
    }
    request.headers().contains_key(AUTHORIZATION)
}

/// Waits for what was posted, as far as any handler takes it, and lays it back for whoever answers, with
/// whatever went wrong. What is too large by its own word, and what comes with anything but a POST, is answered at once.
async fn gather(request: &mut ServiceRequest, most_bytes: usize) {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let is_too_large =
        length.is_some_and(|length| length.parse().map_or(true, |n: usize| n > most_bytes));
    if *request.method() != Method::POST || is_too_large {
        return;
    }
    let mut body = request.take_payload();
    let (mut pieces, mut bytes) = (Vec::new(), 0);
    while let Some(piece) = body.next().await {
        bytes += piece.as_ref().map_or(0, Bytes::len);
        let is_last = piece.is_err() || bytes > most_bytes;
        pieces.push(piece);
        if is_last {
            break;
        }
    }
    let payload = Box::pin(futures_util::stream::iter(pieces).chain(body));
    request.set_payload(Payload::Stream { payload });
}

/// More of a body is not taken from whoever is turned away.
const MOST_DRAINED_BYTES: usize = 16 * 1024;
/// Nor is it waited for any longer.
const DRAIN_TIME: Duration = Duration::from_millis(20);

/// Takes a small body from the connection: without that the connection would have to end, and the next
/// one costs a handshake.
async fn drain(mut body: Payload) {
    let taken = async {
        let mut bytes = 0;
        while let Some(Ok(piece)) = body.next().await {
            bytes += piece.len();
            if bytes > MOST_DRAINED_BYTES {
                return;
            }
        }
    };
    // What has not come in time ends the connection.
    let _ = actix_web::rt::time::timeout(DRAIN_TIME, taken).await;
}

fn fill(state: &WebState, hashes: bool) -> Fill {
    let (lines, committer, reads) = (&state.lines, &state.committer, state.store.reads());
    let passwords = &state.passwords;
    let of_throttle = || Queue { waiting: state.throttle.waiting(), most: Throttle::MOST_WAITING };
    Fill {
        asking: Queue { waiting: lines.asking(), most: lines.most_asking() },
        writing: Queue { waiting: committer.waiting(), most: committer.most_waiting() },
        reading: Queue { waiting: reads.waiting, most: reads.most },
        hashing: Queue { waiting: passwords.queued(), most: passwords.most_waiting() },
        // Behind a lock, which only a login is worth.
        guarding: if hashes { of_throttle() } else { Queue::EMPTY },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_called_by_the_number_that_metrics_tell_and_takes_over_that_of_one_that_ended() {
        let counts = Counts::default();
        let [first, second, third] = [(); 3].map(|()| Arc::<Shown>::default());
        counts.add_thread(&first);
        counts.add_thread(&second);
        assert_eq!((first.number(), second.number()), (0, 1));
        drop(first);
        counts.add_thread(&third);
        assert_eq!((second.number(), third.number()), (1, 0));
        let told = counts.threads.lock().expect("no panic");
        let numbers = told.iter().map(|shown| shown.upgrade().map(|shown| shown.number()));
        assert_eq!(numbers.collect::<Vec<_>>(), [Some(0), Some(1)]);
    }

    #[test]
    fn of_what_begins_while_passwords_wait_one_of_ten_is_taken_check_32() {
        let refusals = Lately::default();
        let admission = Admission::start(Duration::from_millis(3), Lasting::default(), refusals);
        let admission = admission.expect("it starts");
        for class in Class::ALL {
            for why in TooMuch::ALL {
                let taken = (0..100).filter(|_| admission.spare(class, Err(why)).is_ok()).count();
                let expected = match (class, why) {
                    (Class::Arrival, TooMuch::HashQueue) => 10,
                    _ => 0,
                };
                assert_eq!(taken, expected, "{class:?} {why:?}");
            }
            assert_eq!(admission.spare(class, Ok(())), Ok(()));
        }
    }
}
