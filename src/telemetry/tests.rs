//! Lines as they arrive at the writer.

use std::io::Write;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::config::Config;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Capture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Capture {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What `work` logs in `style`.
fn logged(style: Style, work: impl FnOnce()) -> String {
    let capture = Capture::default();
    let subscriber = tracing_subscriber::registry()
        .with(filter(LogLevel::Info))
        .with(LineLayer::new(style, capture.clone(), 1_000));
    tracing::subscriber::with_default(subscriber, work);
    capture.text()
}

fn logged_json(work: impl FnOnce()) -> Value {
    let text = logged(Style::Json, work);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

const PRETTY: Style = Style::Pretty { clock: Clock::Utc, colour: false };

fn refusal() {
    Decision::new("purchase", Outcome::Refused)
        .reason("over_passport_limit")
        .line("CAF0000012573")
        .provider("shop-a")
        .service("pack")
        .amount_yen(525)
        .source("192.0.2.1".parse().unwrap())
        .latency(Duration::from_micros(1_500))
        .emit("A purchase went over the limit");
}

#[test]
fn a_writer_that_wants_errors_alone_or_nothing_gets_no_more_and_others_get_all() {
    let shown = [LogStderr::All, LogStderr::Error, LogStderr::Off].map(|stderr| {
        let (own, files) = (Capture::default(), Capture::default());
        let lines = LineLayer::new(Style::Json, own.clone(), 1_000)
            .up_to(stderr_level(stderr))
            .and(Style::Json, files.clone());
        let subscriber = tracing_subscriber::registry().with(filter(LogLevel::Info)).with(lines);
        tracing::subscriber::with_default(subscriber, || {
            refusal();
            tracing::error!("it failed");
            tracing::debug!("a detail");
        });
        assert_eq!(files.text().lines().count(), 2, "{}", files.text());
        own.text().matches("\"level\":").count()
    });
    assert_eq!(shown, [2, 1, 0]);
}

#[test]
fn a_decision_is_one_json_line_with_its_fields_flat() {
    let mut value = logged_json(refusal);
    let time = value.as_object_mut().unwrap().remove("time").unwrap();
    let time = time.as_str().unwrap();
    assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    let expected = serde_json::json!({
        "level": "info", "target": "linepass::decision",
        "message": "A purchase went over the limit",
        "action": "purchase", "outcome": "refused", "reason": "over_passport_limit",
        "line": "CAF0000012573", "provider": "shop-a", "service": "pack",
        "amount_yen": 525, "source": "192.0.2.1", "latency_us": 1500,
    });
    assert_eq!(value, expected);
}

/// Whoever ends the process at once waits for its last line, and the log goes on where it does not.
#[test]
fn what_was_logged_is_written_when_it_is_flushed() {
    let capture = Capture::default();
    let (mut sink, guard) = Sink::with_queue(capture.clone(), 1_000);
    for round in 1..=3 {
        sink.write_all(b"the last line\n").expect("never fails");
        sink.flush_lines();
        assert_eq!(capture.text().lines().count(), round);
    }
    drop(guard);
    // Nobody writes any more: nobody is waited for.
    sink.flush_lines();
}

#[test]
fn what_a_decision_does_not_know_is_left_out() {
    let value = logged_json(|| Decision::new("login", Outcome::Failed).emit("It broke"));
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["action", "level", "message", "outcome", "target", "time"]);
    assert_eq!((&value["level"], &value["outcome"]), (&"error".into(), &"failed".into()));
}

#[test]
fn a_pretty_line_is_a_sentence_and_its_fields() {
    let text = logged(PRETTY, refusal);
    let (time, rest) = text.split_once(' ').unwrap();
    assert!(time.len() == "2026-11-23T12:00:00.000Z".len() && time.ends_with('Z'), "{time}");
    assert_eq!(
        rest,
        "INFO  A purchase went over the limit action=purchase outcome=refused \
         reason=over_passport_limit line=CAF0000012573 provider=shop-a service=pack \
         amount_yen=525 source=192.0.2.1 latency_us=1500 linepass::decision\n"
    );
    let japan = logged(Style::Pretty { clock: Clock::Jst, colour: true }, refusal);
    assert!(japan.contains("+09:00\u{1b}[0m \u{1b}[32mINFO \u{1b}[0m A purchase"), "{japan}");
}

#[test]
fn the_fields_of_spans_stand_on_each_line_within() {
    let value = logged_json(|| {
        let span =
            tracing::info_span!("request", request_id = "r-1", status = tracing::field::Empty);
        let _inside = span.enter();
        span.record("status", 409);
        tracing::info!(target: "linepass::web", ok = true, "Answered");
    });
    assert_eq!(value["request_id"], "r-1");
    assert_eq!((&value["status"], &value["ok"]), (&409.into(), &true.into()));
}

/// security.md 48 and 63
#[test]
fn nothing_in_a_value_can_forge_a_line_or_act_on_a_terminal() {
    let hostile = [
        "a\n2026-01-01 INFO login ok",
        "a\r\nb",
        "\u{1b}[2J\u{1b}]0;title\u{7}",
        "\u{9b}31m",
        "a\u{202e}b\u{200b}c\u{2028}d\u{feff}\u{2066}",
        "\u{0}\u{7f}",
    ];
    for text in hostile {
        let work = || {
            tracing::info!(target: "linepass::x", id = text, shown = %text, debug = ?text, "{text}");
        };
        for line in [logged(PRETTY, work), logged(Style::Json, work)] {
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            let acting = line.trim_end_matches('\n').chars().find(|c| {
                c.is_control() || "\u{202e}\u{200b}\u{2028}\u{feff}\u{2066}".contains(*c)
            });
            assert_eq!(acting, None, "{line:?}");
        }
        serde_json::from_str::<Value>(&logged(Style::Json, work)).unwrap();
    }
    let text = logged(PRETTY, || {
        tracing::info!(target: "linepass::x", id = "a outcome=accepted \"", "Refused");
    });
    assert!(text.contains(" id=\"a outcome=accepted \\\"\" "), "{text}");
}

#[test]
fn a_value_has_an_end() {
    let long = "あ".repeat(10_000);
    let value = logged_json(|| tracing::info!(target: "linepass::x", long, "Long"));
    assert_eq!(value["long"].as_str().unwrap().chars().count(), 1_025);
}

#[test]
fn a_field_cannot_pass_for_a_part_of_the_line() {
    let value = logged_json(|| {
        tracing::info!(target: "linepass::x", level = "error", time = "1999", "True");
    });
    assert_eq!((&value["level"], &value["message"]), (&"info".into(), &"True".into()));
    assert_ne!(value["time"], "1999");
}

#[test]
fn a_clients_unreadable_head_is_no_error_of_this_server() {
    let dispatcher = |message: &str| {
        logged_json(|| tracing::error!(target: "actix_http::h1::dispatcher", "{message}"))
    };
    let head = dispatcher("stream error: request parse error: invalid Header provided");
    assert_eq!(head["level"], "warn");
    assert_eq!(dispatcher("Internal server error: unexpected eof")["level"], "error");
}

#[test]
fn libraries_stay_at_info() {
    let filter = filter(LogLevel::Trace);
    assert!(filter.would_enable("linepass::store", &Level::TRACE));
    assert!(filter.would_enable("h2", &Level::INFO) && !filter.would_enable("h2", &Level::DEBUG));
    let quiet = super::filter(LogLevel::Error);
    assert!(
        !quiet.would_enable("linepass", &Level::WARN) && !quiet.would_enable("h2", &Level::INFO)
    );
    assert!(!quiet.would_enable("actix_server::accept", &Level::WARN));
}

#[test]
fn what_a_library_tells_of_its_threads_is_for_who_looks_closely() {
    for (level, threads) in [
        (LogLevel::Warn, Level::WARN),
        (LogLevel::Info, Level::WARN),
        (LogLevel::Debug, Level::INFO),
        (LogLevel::Trace, Level::INFO),
    ] {
        let filter = filter(level);
        for seen in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG] {
            let shows = filter.would_enable("actix_server::builder", &seen);
            assert_eq!(shows, seen <= threads, "{level:?}: {seen}");
        }
    }
}

#[test]
fn the_form_follows_the_configuration_and_the_place() {
    let mut config = Config::default().log;
    let pretty = |colour| Style::Pretty { clock: Clock::Utc, colour };
    assert_eq!(style(&config, true, false), pretty(true));
    assert_eq!(style(&config, true, true), pretty(false));
    assert_eq!(style(&config, false, false), Style::Json);
    config.format = LogFormat::Pretty;
    assert_eq!(style(&config, false, false), pretty(false));
    config.format = LogFormat::Json;
    assert_eq!(style(&config, true, false), Style::Json);
}

/// A sink that waits for a permit before each write.
struct Stalled(Receiver<()>, Capture);

impl Write for Stalled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// reliability.md 28
#[test]
fn a_stalled_sink_costs_lines_and_says_so_and_never_waits() {
    let (permit, permits) = channel();
    let capture = Capture::default();
    let (mut sink, guard) = Sink::with_queue(Stalled(permits, capture.clone()), 4);
    // The writer would wait for good here if it waited at all.
    for number in 0..100 {
        sink.write_all(format!("line {number}\n").as_bytes()).unwrap();
    }
    let lost = guard.dropped_lines();
    assert!((95..=96).contains(&lost), "{lost}");
    drop(permit);
    drop(guard);
    let text = capture.text();
    assert!(text.contains("line 0\n") && !text.contains("line 99\n"), "{text}");
    assert!(text.contains("\"dropped_lines\":"), "{text}");
}

#[test]
fn the_end_of_the_process_does_not_wait_for_a_stalled_sink_for_good() {
    let (permit, permits) = channel();
    let (mut sink, guard) = Sink::with_queue(Stalled(permits, Capture::default()), 1);
    for _ in 0..10 {
        sink.write_all(b"line\n").unwrap();
    }
    drop(guard);
    drop(permit);
}

#[test]
fn dropping_the_guard_writes_what_waits() {
    let capture = Capture::default();
    let (mut sink, guard) = Sink::with_queue(capture.clone(), 1_000);
    for number in 0..500 {
        sink.write_all(format!("line {number}\n").as_bytes()).unwrap();
    }
    drop(guard);
    assert_eq!(capture.text().lines().count(), 500);
}
