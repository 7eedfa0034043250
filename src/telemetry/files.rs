//! The log's files: one that is written, and finished ones beside it, kept so many and so long.
//!
//! The file that is written is always `linepass.log`; a finished one is named by the day it was
//! written on and a number, such as `linepass-2026-11-30-0001.log`, so that names sort by time. A
//! day is one of Japan's, as months are. A file is finished at the first line of a new day, and
//! before a line that would make it larger than allowed.
//!
//! Others may rotate too (reliability.md 29). Before each line the file's name is looked at: where
//! it was renamed or removed, a new one is made. Lines are appended, so a file that was cut to
//! nothing is written from its beginning.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, Timestamp};

/// The file that is written.
pub const CURRENT_FILE: &str = "linepass.log";

/// How finished files' names begin and end.
const FINISHED: (&str, &str) = ("linepass-", ".log");

/// After a failed rename or opening, when it is tried again.
const TRY_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// Where files are, how large, how many and how old they may be.
#[derive(Debug, Clone)]
pub(super) struct FilePolicy {
    pub folder: PathBuf,
    pub limit_bytes: u64,
    pub keep_files: usize,
    pub keep_days: u16,
}

/// Writes lines into files; each call of `write` is one line with its end.
pub(super) struct LogFiles<N> {
    policy: FilePolicy,
    now: N,
    open: Option<Open>,
    /// Nothing that failed is tried before this.
    not_before: Option<Timestamp>,
}

struct Open {
    file: File,
    /// Its device and inode, by which it is known whatever its name is.
    identity: (u64, u64),
    day: Date,
    /// Whether its last line has no end: the next line begins with one.
    is_torn: bool,
}

impl<N: Fn() -> Timestamp> LogFiles<N> {
    /// Makes the folder and opens the file. A disk without room is no reason not to start: it costs
    /// lines until there is some.
    pub(super) fn start(policy: FilePolicy, now: N) -> io::Result<Self> {
        let mut files = Self { policy, now, open: None, not_before: None };
        let made = DirBuilder::new().recursive(true).mode(0o750).create(&files.policy.folder);
        let now = (files.now)();
        match made.and_then(|()| files.open_current(now)) {
            Err(error) if !is_without_room(&error) => Err(error),
            _ => Ok(files),
        }
    }

    fn current(&self) -> PathBuf {
        self.policy.folder.join(CURRENT_FILE)
    }

    fn open_current(&mut self, now: Timestamp) -> io::Result<()> {
        let mut open = Open::at(&self.current(), now)?;
        if open.day != day(now) {
            // Yesterday's, left by a run that has ended.
            self.finish(open.day, now);
            open = Open::at(&self.current(), now)?;
        }
        self.open = Some(open);
        self.remove_old(day(now));
        Ok(())
    }

    /// Sees to it that the right file is open for a line of `length`.
    fn make_ready(&mut self, now: Timestamp, length: u64) -> io::Result<()> {
        let waits = self.not_before.is_some_and(|from| now < from && from - now < LONGEST_WAIT);
        if let Some(open) = &self.open {
            let found = fs::metadata(self.current()).ok();
            // Where it is another one, somebody renamed or removed ours.
            if let Some(found) = found.filter(|found| identity(found) == open.identity) {
                let is_full = found.len() > 0 && found.len() + length > self.policy.limit_bytes;
                if (open.day == day(now) && !is_full) || waits {
                    return Ok(());
                }
                let day = open.day;
                if found.len() > 0 && !self.finish(day, now) {
                    return Ok(());
                }
            }
            self.open = None;
        } else if waits {
            return Err(ErrorKind::WouldBlock.into());
        }
        let opened = self.open_current(now);
        self.not_before = opened.is_err().then(|| now + TRY_AGAIN_AFTER);
        opened
    }

    /// Gives the file that is written the name of a finished one of this day. Where that cannot be
    /// done, the file goes on and it is tried again later: no line is lost for it.
    fn finish(&mut self, day: Date, now: Timestamp) -> bool {
        let numbers = finished(&self.policy.folder).filter(|file| file.day == day);
        let number = numbers.map(|file| file.number).max().unwrap_or(0).saturating_add(1);
        let (begin, end) = FINISHED;
        let name = self.policy.folder.join(format!("{begin}{day}-{number:04}{end}"));
        let renamed = fs::rename(self.current(), name).is_ok();
        self.not_before = (!renamed).then(|| now + TRY_AGAIN_AFTER);
        renamed
    }

    /// Removes finished files that are too many or too old; only those with names of ours.
    fn remove_old(&self, today: Date) {
        let mut files: Vec<_> = finished(&self.policy.folder).collect();
        files.sort_by_key(|file| (file.day, file.number));
        let first_kept = today.saturating_sub(Span::new().days(self.policy.keep_days));
        let too_many = files.len().saturating_sub(self.policy.keep_files);
        let old = files.iter().enumerate();
        for (_, file) in old.filter(|(at, file)| *at < too_many || file.day < first_kept) {
            // One that cannot be removed is tried again with the next file.
            let _ = fs::remove_file(&file.path);
        }
    }
}

/// A clock that was set back by more than this does not make anything wait.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(1);

impl<N: Fn() -> Timestamp> Write for LogFiles<N> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let now = (self.now)();
        self.make_ready(now, line.len() as u64)?;
        let Some(open) = &mut self.open else { return Err(ErrorKind::NotFound.into()) };
        open.append(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Open {
    fn at(path: &Path, now: Timestamp) -> io::Result<Self> {
        let file =
            OpenOptions::new().append(true).read(true).create(true).mode(0o640).open(path)?;
        let found = file.metadata()?;
        let written = found.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let day = if found.len() > 0 { day(written.unwrap_or(now)) } else { day(now) };
        let is_torn = found.is_file() && found.len() > 0 && last_byte(&file)? != b'\n';
        Ok(Self { file, identity: identity(&found), day, is_torn })
    }

    /// Writes a line whole, or leaves a mark that what stands there is torn.
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let end: &[u8] = if self.is_torn { b"\n" } else { b"" };
        let bytes = [end, line].concat();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    rest = &rest[written..];
                    self.is_torn = !rest.is_empty();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn last_byte(mut file: &File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// The day in Japan.
fn day(time: Timestamp) -> Date {
    Offset::constant(9).to_datetime(time).date()
}

fn is_without_room(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// A finished file.
struct Finished {
    path: PathBuf,
    day: Date,
    number: u32,
}

/// The finished files of a folder, in no order.
fn finished(folder: &Path) -> impl Iterator<Item = Finished> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let (day, number) = day_and_number(&name)?;
        Some(Finished { path: entry.path(), day, number })
    })
}

/// What a finished file's name says.
fn day_and_number(name: &str) -> Option<(Date, u32)> {
    let (begin, end) = FINISHED;
    let (day, number) = name.strip_prefix(begin)?.strip_suffix(end)?.rsplit_once('-')?;
    let digits =
        (4..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((day.parse().ok()?, number.parse().ok().filter(|_| digits)?))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::unix::fs::PermissionsExt as _;
    use std::rc::Rc;

    use super::*;

    /// A folder, a clock that the test moves, and what writes.
    struct Place {
        folder: tempfile::TempDir,
        clock: Rc<Cell<Timestamp>>,
    }

    type Files = LogFiles<Box<dyn Fn() -> Timestamp>>;

    impl Place {
        fn new(now: &str) -> Self {
            let clock = Rc::new(Cell::new(now.parse().unwrap()));
            Self { folder: tempfile::tempdir().unwrap(), clock }
        }

        fn start(&self, limit_bytes: u64, keep_files: usize, keep_days: u16) -> Files {
            let folder = self.folder.path().join("logs");
            let clock = Rc::clone(&self.clock);
            let policy = FilePolicy { folder, limit_bytes, keep_files, keep_days };
            LogFiles::start(policy, Box::new(move || clock.get()) as Box<_>).unwrap()
        }

        fn set(&self, now: &str) {
            self.clock.set(now.parse().unwrap());
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join("logs").join(name)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.path("")).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }

        fn text(&self, name: &str) -> String {
            fs::read_to_string(self.path(name)).unwrap()
        }
    }

    #[test]
    fn a_file_ends_at_midnight_in_japan() {
        let place = Place::new("2026-11-30T14:59:59Z");
        let mut files = place.start(1_000_000, 9, 9);
        files.write_all(b"november\n").unwrap();
        place.set("2026-11-30T15:00:00Z");
        files.write_all(b"december\n").unwrap();
        assert_eq!(place.names(), ["linepass-2026-11-30-0001.log", "linepass.log"]);
        assert_eq!(place.text("linepass-2026-11-30-0001.log"), "november\n");
        assert_eq!(place.text("linepass.log"), "december\n");
        let mode = |name| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("linepass.log") & !0o640, 0);
        assert_eq!(mode("") & !0o750, 0);
    }

    #[test]
    fn a_file_ends_before_the_line_that_is_too_much_and_only_so_many_are_kept() {
        let place = Place::new("2026-11-30T00:00:00Z");
        let mut files = place.start(10, 2, 9);
        for number in 1..=5 {
            files.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        // One line alone may be larger than a file.
        files.write_all(b"a line longer than a file\n").unwrap();
        let kept = ["linepass-2026-11-30-0004.log", "linepass-2026-11-30-0005.log", "linepass.log"];
        assert_eq!(place.names(), kept);
        assert_eq!(place.text("linepass-2026-11-30-0005.log"), "line 5\n");
        assert_eq!(place.text("linepass.log"), "a line longer than a file\n");
    }

    #[test]
    fn files_of_days_long_past_go_and_what_is_not_ours_stays() {
        let place = Place::new("2026-11-30T00:00:00Z");
        drop(place.start(10, 100, 2));
        let others = ["linepass.log.1", "linepass-notes.log", "linepass-2026-01-01-1.log", "x"];
        let own = ["linepass-2026-11-27-0001.log", "linepass-2026-11-28-0001.log"];
        for name in others.iter().chain(&own) {
            fs::write(place.path(name), "x\n").unwrap();
        }
        drop(place.start(10, 100, 2));
        let names = place.names();
        assert!(others.iter().all(|name| names.iter().any(|other| other == name)), "{names:?}");
        assert!(!names.iter().any(|name| name == own[0]), "{names:?}");
        assert!(names.iter().any(|name| name == own[1]), "{names:?}");
    }

    #[test]
    fn a_start_goes_on_in_todays_file_and_finishes_an_older_one() {
        let place = Place::new("2026-11-30T00:00:00Z");
        drop(place.start(1_000, 9, 9_000));
        fs::write(place.path("linepass.log"), "torn").unwrap();
        let written = fs::metadata(place.path("linepass.log")).unwrap().modified().unwrap();
        let written = Timestamp::try_from(written).unwrap();
        place.clock.set(written);
        place.start(1_000, 9, 9_000).write_all(b"whole\n").unwrap();
        assert_eq!(place.text("linepass.log"), "torn\nwhole\n", "a torn line keeps its own line");
        place.clock.set(written + SignedDuration::from_hours(48));
        place.start(1_000, 9, 9_000).write_all(b"later\n").unwrap();
        assert_eq!(place.text("linepass.log"), "later\n");
        assert_eq!(place.text(&format!("linepass-{}-0001.log", day(written))), "torn\nwhole\n");
    }

    /// reliability.md 29
    #[test]
    fn another_hands_rotation_loses_no_line() {
        let place = Place::new("2026-11-30T00:00:00Z");
        let mut files = place.start(1_000, 9, 9);
        files.write_all(b"1\n").unwrap();
        fs::rename(place.path("linepass.log"), place.path("linepass.log.1")).unwrap();
        files.write_all(b"2\n").unwrap();
        fs::copy(place.path("linepass.log"), place.path("linepass.log.2")).unwrap();
        OpenOptions::new()
            .write(true)
            .open(place.path("linepass.log"))
            .unwrap()
            .set_len(0)
            .unwrap();
        files.write_all(b"3\n").unwrap();
        fs::remove_file(place.path("linepass.log")).unwrap();
        files.write_all(b"4\n").unwrap();
        let texts =
            ["linepass.log.1", "linepass.log.2", "linepass.log"].map(|name| place.text(name));
        assert_eq!(texts, ["1\n", "2\n", "4\n"]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_and_one_that_goes_costs_lines_alone() {
        let place = Place::new("2026-11-30T00:00:00Z");
        let mut files = place.start(1_000, 9, 9);
        fs::remove_dir_all(place.path("")).unwrap();
        assert!(files.write_all(b"lost\n").is_err());
        fs::create_dir(place.path("")).unwrap();
        // Not at once: a broken disk is not asked for each line.
        assert!(files.write_all(b"lost too\n").is_err());
        place.set("2026-11-30T00:00:06Z");
        files.write_all(b"kept\n").unwrap();
        assert_eq!(place.text("linepass.log"), "kept\n");
        fs::write(place.path("file"), "").unwrap();
        let policy = FilePolicy { folder: place.path("file"), ..files.policy.clone() };
        assert!(LogFiles::start(policy, || Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn the_first_of_two_names_is_the_older_one() {
        let parsed = day_and_number("linepass-2026-11-30-0012.log").unwrap();
        assert_eq!(parsed, ("2026-11-30".parse().unwrap(), 12));
        for name in ["linepass.log", "linepass-2026-11-30.log", "linepass-2026-13-01-0001.log"] {
            assert_eq!(day_and_number(name), None, "{name}");
        }
    }
}
