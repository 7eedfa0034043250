//! A folder as writers and rotations of every kind leave it, and what is read of it.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::*;

struct Place(tempfile::TempDir);

/// Line `n` of the log, a second after the one before it.
fn line(n: u32) -> String {
    format!("{{\"time\":\"2026-11-30T00:{:02}:{:02}Z\",\"n\":{n}}}\n", n / 60, n % 60)
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, lines: impl IntoIterator<Item = u32>) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        lines.into_iter().for_each(|n| file.write_all(line(n).as_bytes()).unwrap());
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn cut(&self, copy: &str) {
        fs::copy(self.path(CURRENT_FILE), self.path(copy)).unwrap();
        let file = OpenOptions::new().write(true).open(self.path(CURRENT_FILE)).unwrap();
        file.set_len(0).unwrap();
    }

    fn open(&self) -> (Reader, Vec<u32>) {
        let (mut reader, finished) = Reader::open(self.0.path(), None).unwrap();
        let mut read = Vec::new();
        reader.read_all(finished, &mut |line| keep(&mut read, line)).unwrap();
        (reader, read)
    }
}

#[allow(clippy::unnecessary_wraps, reason = "what a reader calls may fail")]
fn keep(read: &mut Vec<u32>, line: &[u8]) -> Result<()> {
    let value: serde_json::Value = serde_json::from_slice(line).unwrap();
    read.push(u32::try_from(value["n"].as_u64().unwrap()).unwrap());
    Ok(())
}

/// Two looks, as a rename needs.
fn new(reader: &mut Reader) -> Vec<u32> {
    let mut read = Vec::new();
    for _ in 0..2 {
        reader.read_new(&mut |line| keep(&mut read, line)).unwrap();
    }
    read
}

#[test]
fn files_come_in_the_order_of_time_whoever_named_them() {
    let place = Place::new();
    place.write("linepass-2026-11-30-0002.log", [3]);
    place.write("linepass-2026-11-30-0001.log", [2]);
    place.write("linepass.log.7", [0]);
    place.write("linepass.log-20261129", [1]);
    place.write(CURRENT_FILE, [4, 5]);
    place.write("other.log", [9]);
    std::fs::write(place.path("linepass.log.8.gz"), "x").unwrap();
    let (reader, read) = place.open();
    assert_eq!(read, [0, 1, 2, 3, 4, 5]);
    assert_eq!(reader.packed, ["linepass.log.8.gz"]);
}

/// reliability.md 29
#[test]
fn following_survives_renames_however_many_came_at_once() {
    let place = Place::new();
    place.write(CURRENT_FILE, [0]);
    let (mut reader, read) = place.open();
    assert_eq!(read, [0]);
    place.write(CURRENT_FILE, [1]);
    place.rename(CURRENT_FILE, "linepass-2026-11-30-0001.log");
    place.write(CURRENT_FILE, [2]);
    place.rename(CURRENT_FILE, "linepass-2026-11-30-0002.log");
    place.write(CURRENT_FILE, [3]);
    // A writer that looked at the name before the rename.
    assert_eq!(
        {
            let mut read = Vec::new();
            reader.read_new(&mut |line| keep(&mut read, line)).unwrap();
            read
        },
        [1]
    );
    place.write("linepass-2026-11-30-0001.log", [10]);
    assert_eq!(new(&mut reader), [10, 2, 3]);
    // logrotate's way: names move on.
    place.rename(CURRENT_FILE, "linepass.log.1");
    assert_eq!(new(&mut reader), [0_u32; 0], "no new file yet");
    place.write("linepass.log.1", [4]);
    place.write(CURRENT_FILE, [5]);
    assert_eq!(new(&mut reader), [4, 5]);
    place.rename("linepass.log.1", "linepass.log.2");
    place.rename(CURRENT_FILE, "linepass.log.1");
    place.write(CURRENT_FILE, [6]);
    assert_eq!(new(&mut reader), [6]);
}

/// reliability.md 29
#[test]
fn following_survives_copytruncate_whatever_was_not_read_yet() {
    let place = Place::new();
    place.write(CURRENT_FILE, 0..100);
    let (mut reader, _) = place.open();
    place.cut("linepass.log.1");
    place.write(CURRENT_FILE, [100]);
    assert_eq!(new(&mut reader), [100], "the cut file is shorter");
    place.write(CURRENT_FILE, [101, 102]);
    place.cut("linepass.log.2");
    place.write(CURRENT_FILE, 103..200);
    assert_eq!(new(&mut reader), (101..200).collect::<Vec<_>>(), "it is longer than it was");
    place.write(CURRENT_FILE, [200]);
    place.cut("linepass.log.3");
    place.write(CURRENT_FILE, 201..203);
    place.cut("linepass.log.4");
    place.write(CURRENT_FILE, 203..500);
    assert_eq!(new(&mut reader), (200..500).collect::<Vec<_>>(), "twice at once");
    assert!(reader.passed_over.is_empty(), "{:?}", reader.passed_over);
}

#[test]
fn a_copy_that_somebody_makes_is_not_told_again() {
    let place = Place::new();
    place.write(CURRENT_FILE, 0..50);
    std::fs::copy(place.path(CURRENT_FILE), place.path("linepass.log.bak")).unwrap();
    let (mut reader, read) = place.open();
    assert_eq!(read, (0..50).collect::<Vec<_>>());
    place.write(CURRENT_FILE, [50]);
    std::fs::copy(place.path(CURRENT_FILE), place.path("linepass.log.bak2")).unwrap();
    place.rename(CURRENT_FILE, "linepass-2026-11-30-0001.log");
    place.write(CURRENT_FILE, [51]);
    assert_eq!(new(&mut reader), [50, 51]);
}

#[test]
fn a_file_that_is_cut_without_a_copy_is_told_and_read_on() {
    let place = Place::new();
    place.write(CURRENT_FILE, 0..9);
    let (mut reader, _) = place.open();
    OpenOptions::new().write(true).open(place.path(CURRENT_FILE)).unwrap().set_len(0).unwrap();
    place.write(CURRENT_FILE, [9]);
    assert_eq!(new(&mut reader), [9]);
    assert_eq!(reader.passed_over.len(), 1, "{:?}", reader.passed_over);
}

#[test]
fn a_line_is_told_when_it_is_whole() {
    let place = Place::new();
    let (mut reader, read) = place.open();
    assert_eq!(read, [0_u32; 0]);
    let text = line(1);
    std::fs::write(place.path(CURRENT_FILE), &text[..9]).unwrap();
    assert_eq!(new(&mut reader), [0_u32; 0]);
    OpenOptions::new()
        .append(true)
        .open(place.path(CURRENT_FILE))
        .unwrap()
        .write_all(&text.as_bytes()[9..])
        .unwrap();
    assert_eq!(new(&mut reader), [1]);
    // The last line of a crash comes when the file is finished.
    OpenOptions::new()
        .append(true)
        .open(place.path(CURRENT_FILE))
        .unwrap()
        .write_all(line(2).trim_end().as_bytes())
        .unwrap();
    assert_eq!(new(&mut reader), [0_u32; 0]);
    place.rename(CURRENT_FILE, "linepass-2026-11-30-0001.log");
    place.write(CURRENT_FILE, [3]);
    assert_eq!(new(&mut reader), [2, 3]);
}

#[test]
fn a_line_without_end_does_not_fill_the_memory() {
    let place = Place::new();
    std::fs::write(place.path(CURRENT_FILE), vec![b'x'; 3 * 1_024 * 1_024]).unwrap();
    let (mut reader, finished) = Reader::open(place.0.path(), None).unwrap();
    let mut lengths = Vec::new();
    let mut keep = |line: &[u8]| {
        lengths.push(line.len());
        Ok(())
    };
    reader.read_all(finished, &mut keep).unwrap();
    reader.finish(&mut keep).unwrap();
    assert_eq!(lengths.iter().sum::<usize>(), 3 * 1_024 * 1_024);
    assert!(lengths.iter().all(|length| *length <= 1_200_000), "{lengths:?}");
}

#[test]
fn files_that_are_too_old_are_not_read() {
    let place = Place::new();
    for n in 0..4 {
        // Ten minutes each.
        place.write(&format!("linepass-2026-11-30-000{n}.log"), n * 600..n * 600 + 2);
    }
    place.write(CURRENT_FILE, [2_400]);
    let since = "2026-11-30T00:20:00Z".parse().unwrap();
    let (mut reader, finished) = Reader::open(place.0.path(), Some(since)).unwrap();
    let mut read = Vec::new();
    reader.read_all(finished, &mut |line| keep(&mut read, line)).unwrap();
    assert_eq!(read, [600, 601, 1_200, 1_201, 1_800, 1_801, 2_400]);
}
