//! A writer that never waits (reliability.md 28).
//!
//! Lines go through a bounded queue to a thread of their own. When the sink stalls, a full pipe or
//! a full disk, the queue fills, further lines are counted instead of written, and the first line
//! after the stall says how many were lost.

use std::io::{self, Write};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait for the sink at most: some seconds of a busy server, a few MiB.
const QUEUE_LINES: usize = 8_192;

/// So long the thread lets lines gather before it takes the next ones: whoever logs wakes nobody meanwhile,
/// and with some thousand lines a second waking was most of what a line cost. Nobody who reads along sees it.
const PAUSE: Duration = Duration::from_millis(5);

/// How long the end of the process waits for room in the queue, and then for its last line: the
/// sink may be stalled.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

/// How often a full queue is tried within that time.
const FLUSH_TRIES: u32 = 20;

/// What the thread is told.
enum Message {
    Line(Vec<u8>),
    /// Everything before this is written, and the thread goes on.
    Flush(SyncSender<()>),
    /// Everything before this is written; then the thread ends.
    Stop(SyncSender<()>),
}

/// The end of the queue that loggers write to.
#[derive(Debug, Clone)]
pub struct Sink {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

/// Writes what waits when it is dropped, within two seconds.
#[derive(Debug)]
#[must_use = "dropping the guard ends logging"]
pub struct Guard {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl Sink {
    /// Starts the thread that writes to `output`.
    pub fn start(output: impl Write + Send + 'static) -> (Self, Guard) {
        Self::with_queue(output, QUEUE_LINES)
    }

    /// Waits until what was logged so far is written, two seconds at most.
    pub(super) fn flush_lines(&self) {
        hand_over(&self.queue, Message::Flush);
    }

    /// How many lines were lost since the start, for whoever asks later.
    pub(super) fn losses(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }

    /// As [`Sink::start`], with a queue of `lines`.
    pub(super) fn with_queue(output: impl Write + Send + 'static, lines: usize) -> (Self, Guard) {
        let (queue, waiting) = sync_channel(lines);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&dropped);
        let started = thread::Builder::new()
            .name("linepass-log".to_owned())
            .spawn(move || write_lines(output, &waiting, &counter));
        // Without its thread the queue's other end is gone: every line is counted as lost.
        drop(started);
        let guard = Guard { queue: queue.clone(), dropped: Arc::clone(&dropped) };
        (Self { queue, dropped }, guard)
    }
}

impl Guard {
    /// Lines that were lost since the start.
    pub fn dropped_lines(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Message::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        hand_over(&self.queue, Message::Stop);
    }
}

/// Puts a message behind all lines and waits for its answer, with patience for both.
fn hand_over(queue: &SyncSender<Message>, message: fn(SyncSender<()>) -> Message) {
    let (done, finished) = sync_channel(1);
    // A full queue is a stalled sink, or one that is only slow, which a few tries tell.
    let (_never, pause) = sync_channel::<()>(0);
    for _ in 0..FLUSH_TRIES {
        match queue.try_send(message(done.clone())) {
            Ok(()) => {
                let _ = finished.recv_timeout(FLUSH_PATIENCE);
                return;
            }
            Err(TrySendError::Disconnected(_)) => return,
            Err(TrySendError::Full(_)) => {
                let _ = pause.recv_timeout(FLUSH_PATIENCE / FLUSH_TRIES);
            }
        }
    }
}

/// The thread: writes lines as they come, and after a loss says how many are missing.
fn write_lines(output: impl Write, waiting: &Receiver<Message>, dropped: &AtomicU64) {
    let mut written = Written { output, dropped, told: 0 };
    while let Ok(first) = waiting.recv() {
        let messages = iter::once(first).chain(waiting.try_iter());
        for message in messages {
            match message {
                Message::Line(line) => written.line(&line),
                Message::Flush(done) => written.all(&done),
                Message::Stop(done) => return written.all(&done),
            }
        }
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "a thread of its own, that no request waits for")]
fn pause() {
    thread::sleep(PAUSE);
}

/// Where lines go, and what was lost on the way.
struct Written<'a, W> {
    output: W,
    dropped: &'a AtomicU64,
    /// How many lost lines it has told of.
    told: u64,
}

impl<W: Write> Written<'_, W> {
    fn line(&mut self, line: &[u8]) {
        self.told = tell_losses(&mut self.output, self.dropped, self.told);
        if self.output.write_all(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Everything is written; whoever waits for it hears so, unless it has gone away.
    fn all(&mut self, done: &SyncSender<()>) {
        self.told = tell_losses(&mut self.output, self.dropped, self.told);
        let _ = self.output.flush();
        let _ = done.send(());
    }
}

/// Writes how many lines were lost since `told`; answers up to where that is told now.
fn tell_losses(output: &mut impl Write, dropped: &AtomicU64, told: u64) -> u64 {
    let lost = dropped.load(Ordering::Relaxed);
    if lost == told {
        return told;
    }
    // JSON in both forms: a reader of either understands it.
    let line = serde_json::json!({
        "time": format!("{:.6}", now()),
        "level": "warn",
        "target": "linepass::telemetry",
        "message": "Log lines were lost because they could not be written in time",
        "dropped_lines": lost - told,
    });
    // One write: whoever takes it takes it for one whole line.
    if output.write_all(format!("{line}\n").as_bytes()).is_ok() { lost } else { told }
}

/// What the log takes for now.
#[expect(clippy::disallowed_methods, reason = "log lines carry real time (details.md, Time)")]
pub(super) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
