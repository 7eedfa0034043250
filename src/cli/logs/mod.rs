//! `linepass logs`: reads the server's log files, which the server writes (`telemetry`).
//!
//! | file | what |
//! |---|---|
//! | [`args`] | the command line as types |
//! | [`files`] | the files of a folder in the order of time |
//! | [`tail`] | one file, read as far as it is written |
//! | [`reader`] | all of them as one stream, through rotation |
//! | [`line`](mod@line) | what a line says, whether it is wanted, how it is shown |

pub mod args;
pub mod files;
pub mod line;
pub mod reader;
pub mod tail;

use super::exit::Exit;
use super::operator::args::Format;
use crate::clock::Clock;
use crate::config::{Config, ConfigErrors, process_environment};
use crate::telemetry::{Clock as ShownClock, Style};
use args::LogsArgs;
use jiff::Timestamp;
use line::{Filter, Shown};
use reader::Reader;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::VecDeque;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// How often a file that is followed is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The configuration that should name the folder has faults.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The configuration says that there are none.
    #[error("log.folder is empty, so the server writes no files; --folder names another folder")]
    NoFiles,
    /// The folder cannot be read.
    #[error("{}: {source}; --folder or --config names the folder of the log's files", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read, or standard output cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads until the end, or with `--follow` until Ctrl-C.
pub fn run(args: LogsArgs) -> Exit {
    let ended = actix_rt::System::new().block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (done, is_done) = oneshot::channel();
        // On a thread of its own, so that Ctrl-C ends it even while nobody takes what it writes.
        let reading = move || drop(done.send(read(&args)));
        std::thread::Builder::new().name("linepass-logs".to_owned()).spawn(reading)?;
        tokio::select! {
            ended = is_done => ended.unwrap_or(Ok(Exit::Failed)),
            _ = interrupt.recv() => Ok(Exit::Interrupted),
        }
    });
    match ended {
        Ok(exit) => exit,
        // Whoever read it has enough (`| head`).
        Err(LogsError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            eprintln!("linepass: {error}");
            match error {
                LogsError::Folder { source, .. } if source.kind() == ErrorKind::NotFound => {
                    Exit::NotFound
                }
                _ => Exit::Failed,
            }
        }
    }
}

fn read(args: &LogsArgs) -> Result<Exit, LogsError> {
    let folder = folder(args)?;
    let filter = Filter::of(args, now());
    let opened = Reader::open(&folder, filter.since);
    let (mut reader, finished) = opened.map_err(|source| LogsError::Folder { folder, source })?;
    let shown = Shown::new(filter, style(args));
    let mut printer =
        Printer { shown, out: BufWriter::new(io::stdout()), last: Last::new(args.last) };
    reader.read_all(finished, &mut |line| printer.take(line))?;
    if args.follow {
        printer.release()?;
        let (_never, pause) = sync_channel::<()>(0);
        loop {
            reader.read_new(&mut |line| printer.take(line))?;
            printer.out.flush()?;
            tell(&mut reader);
            if pause.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) || is_unread()
            {
                return Ok(Exit::Done);
            }
        }
    }
    reader.finish(&mut |line| printer.take(line))?;
    printer.release()?;
    printer.out.flush()?;
    let has_all = reader.passed_over.is_empty();
    tell(&mut reader);
    Ok(if has_all { Exit::Done } else { Exit::Failed })
}

/// Prints the lines that are wanted.
struct Printer<W> {
    shown: Shown,
    out: W,
    last: Option<Last>,
}

/// The last so many lines.
struct Last {
    most: usize,
    lines: VecDeque<String>,
}

impl Last {
    fn new(most: Option<u32>) -> Option<Self> {
        most.map(|most| Self { most: most as usize, lines: VecDeque::new() })
    }
}

impl<W: io::Write> Printer<W> {
    fn take(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(text) = self.shown.show(line) else { return Ok(()) };
        let Some(last) = &mut self.last else { return self.out.write_all(text.as_bytes()) };
        last.lines.push_back(text);
        if last.lines.len() > last.most {
            last.lines.pop_front();
        }
        Ok(())
    }

    /// Prints the last lines; what comes from now on is printed at once.
    fn release(&mut self) -> io::Result<()> {
        let lines = self.last.take().map(|last| last.lines).unwrap_or_default();
        lines.iter().try_for_each(|line| self.out.write_all(line.as_bytes()))
    }
}

fn folder(args: &LogsArgs) -> Result<PathBuf, LogsError> {
    if let Some(folder) = &args.folder {
        return Ok(folder.clone());
    }
    let config = Config::load(args.config.as_deref(), process_environment())?;
    if config.log.folder.is_empty() {
        Err(LogsError::NoFiles)
    } else {
        Ok(config.log.folder.into())
    }
}

fn now() -> Timestamp {
    Timestamp::from_microsecond(Clock::host().now().micros()).unwrap_or(Timestamp::MAX)
}

fn style(args: &LogsArgs) -> Style {
    let is_terminal = io::stdout().is_terminal();
    let is_pretty = match args.format {
        Format::Auto => is_terminal,
        Format::Pretty => true,
        Format::Json => false,
    };
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let clock = if args.jst { ShownClock::Jst } else { ShownClock::Utc };
    if is_pretty { Style::Pretty { clock, colour: is_terminal && !no_colour } } else { Style::Json }
}

/// Tells what could not be read, once.
fn tell(reader: &mut Reader) {
    if !reader.packed.is_empty() {
        eprintln!("linepass: packed files are not read: {}", reader.packed.join(", "));
        reader.packed.clear();
    }
    for what in reader.passed_over.drain(..) {
        eprintln!("linepass: {what}");
    }
}

/// Whether nobody reads standard output any more: else a closed pipe would be noticed by the next
/// line alone.
fn is_unread() -> bool {
    let stdout = io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let told = poll(&mut asked, Some(&at_once)).is_ok();
    told && asked[0].revents().intersects(PollFlags::ERR)
}
