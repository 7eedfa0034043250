//! A line of a file: what it says, whether it is wanted, and how it is shown.

use super::args::LogsArgs;
use crate::cli::operator::args::Level;
use crate::telemetry::{Field, Line, Style, acts, neutral};
use jiff::Timestamp;
use regex::Regex;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// Characters of a line that is no JSON object that are shown.
const MOST_BAD_CHARS: usize = 16_384;

/// What is wanted. All of it must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    level: Option<Level>,
    actor: Option<String>,
    request_id: Option<String>,
    line: Option<String>,
    grep: Option<Regex>,
}

impl Filter {
    /// What the command line asks for, at this time.
    pub fn of(args: &LogsArgs, now: Timestamp) -> Self {
        Self {
            since: args.since.map(|when| when.before(now)),
            until: args.until.map(|when| when.before(now)),
            level: args.level,
            actor: args.actor.clone(),
            request_id: args.id.clone(),
            line: args.line.map(|line| line.to_string()),
            grep: args.grep.clone(),
        }
    }

    /// Whether something is asked that only a field can answer.
    fn asks_for_fields(&self) -> bool {
        self.level.is_some()
            || self.actor.is_some()
            || self.request_id.is_some()
            || self.line.is_some()
    }

    fn holds_at(&self, time: Option<Timestamp>) -> bool {
        let Some(time) = time else { return true };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }

    fn holds_for(&self, object: &Map<String, Value>) -> bool {
        let is = |name: &str, wanted: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| text(object, name) == wanted)
        };
        self.level.is_none_or(|wanted| {
            level_of(object).is_some_and(|level| level <= tracing_level(wanted))
        }) && self.actor.as_deref().is_none_or(|actor| is_actor(object, actor))
            && is("request_id", &self.request_id)
            && is("line", &self.line)
    }
}

/// The action, the target, or a part of the target's path.
fn is_actor(object: &Map<String, Value>, actor: &str) -> bool {
    let target = text(object, "target");
    text(object, "action") == actor || format!("::{target}::").contains(&format!("::{actor}::"))
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn tracing_level(level: Level) -> tracing::Level {
    match level {
        Level::Error => tracing::Level::ERROR,
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
        Level::Trace => tracing::Level::TRACE,
    }
}

fn level_of(object: &Map<String, Value>) -> Option<tracing::Level> {
    text(object, "level").parse().ok()
}

/// Shows the lines that are wanted, one after the other.
#[derive(Debug)]
pub struct Shown {
    filter: Filter,
    style: Style,
    /// The time of the last line that had one: a bad line belongs to it.
    last_time: Option<Timestamp>,
}

impl Shown {
    /// Shows in this style what passes the filter.
    pub const fn new(filter: Filter, style: Style) -> Self {
        Self { filter, style, last_time: None }
    }

    /// The line as it is shown, with its end; nothing where it is not wanted.
    pub fn show(&mut self, bytes: &[u8]) -> Option<String> {
        let raw = String::from_utf8_lossy(bytes);
        let Ok(Value::Object(object)) = serde_json::from_str(&raw) else {
            return self.show_bad(&raw);
        };
        let time = time_of(&object);
        self.last_time = time.or(self.last_time);
        if !self.filter.holds_at(time.or(self.last_time)) || !self.filter.holds_for(&object) {
            return None;
        }
        let plain = match self.style {
            Style::Pretty { clock, .. } => pretty(&object, Style::Pretty { clock, colour: false }),
            Style::Json => None,
        };
        let shown = match (self.style, &plain) {
            (Style::Json, _) => Some(json(&raw)),
            (Style::Pretty { colour: false, .. }, _) => plain.clone(),
            (style, _) => pretty(&object, style),
        };
        // An object that lacks what every line of the log has is told as it is.
        let Some(shown) = shown else { return self.show_bad(&raw) };
        let pretty_text = || plain.clone().or_else(|| pretty(&object, PLAIN)).unwrap_or_default();
        let found = |grep: &Regex| grep.is_match(&raw) || grep.is_match(pretty_text().trim_end());
        self.filter.grep.as_ref().is_none_or(found).then_some(shown)
    }

    fn show_bad(&self, raw: &str) -> Option<String> {
        let raw = raw.trim_end_matches('\r');
        let wanted = !raw.is_empty()
            && !self.filter.asks_for_fields()
            && self.filter.holds_at(self.last_time)
            && self.filter.grep.as_ref().is_none_or(|grep| grep.is_match(raw));
        wanted.then(|| bad(raw))
    }
}

const PLAIN: Style = Style::Pretty { clock: crate::telemetry::Clock::Utc, colour: false };

/// The time of a line.
pub fn time_of(object: &Map<String, Value>) -> Option<Timestamp> {
    text(object, "time").parse().ok()
}

/// The same line of JSON; characters that would act on a terminal are escaped as JSON does it.
fn json(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 1);
    for character in raw.trim().chars() {
        if matches!(character, '\t' | '\r' | '\n') {
            // As such they stand between what JSON holds alone, where an escape would be none.
            out.push(' ');
        } else if acts(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}

/// The line for people; nothing where time or level is missing.
fn pretty(object: &Map<String, Value>, style: Style) -> Option<String> {
    const OWN: [&str; 4] = ["time", "level", "target", "message"];
    let others = object.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let fields: Vec<(String, Field)> =
        others.map(|(name, value)| (neutral(name), field(value))).collect();
    let mut fields: Vec<(&str, Field)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    fields.sort_by_key(|(name, _)| place(name));
    let line = Line {
        time: time_of(object)?,
        level: level_of(object)?,
        target: &neutral(text(object, "target")),
        message: &neutral(text(object, "message")),
        fields: &fields,
    };
    Some(line.render(style))
}

/// The order in which fields stand in a decision's line; the others come after, by name.
fn place(name: &str) -> usize {
    const ORDER: [&str; 10] = [
        "action",
        "outcome",
        "reason",
        "line",
        "provider",
        "service",
        "amount_yen",
        "source",
        "latency_us",
        "request_id",
    ];
    ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len())
}

fn field(value: &Value) -> Field {
    match value {
        Value::String(text) => Field::text(text),
        Value::Number(number) => Field::Number(number.clone()),
        Value::Bool(value) => Field::Bool(*value),
        other => Field::text(&other.to_string()),
    }
}

/// A line that is no line of the log, as it is: what would act on a terminal is spelt out.
fn bad(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len().min(MOST_BAD_CHARS) + 1);
    for (at, character) in raw.chars().enumerate() {
        if at == MOST_BAD_CHARS {
            out.push('…');
            break;
        }
        match character {
            '\t' => out.push('\t'),
            c if acts(c) => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Args, Command};
    use crate::telemetry::Clock;

    const NOW: &str = "2026-11-30T12:00:00Z";

    fn line(minute: u32, extra: &str) -> String {
        format!(
            "{{\"time\":\"2026-11-30T11:{minute:02}:00.000000Z\",\"level\":\"info\",\
             \"target\":\"linepass::decision\",\"message\":\"a login\"{extra}}}"
        )
    }

    fn shown_by(arguments: &str) -> Shown {
        let words = ["linepass", "logs"].into_iter().chain(arguments.split_whitespace());
        let Command::Logs(args) = Args::try_parse_from(words).unwrap().command else {
            panic!("no logs");
        };
        Shown::new(Filter::of(&args, NOW.parse().unwrap()), Style::Json)
    }

    /// Which of the lines pass.
    fn passed(arguments: &str, lines: &[&str]) -> Vec<usize> {
        let mut shown = shown_by(arguments);
        let lines = lines.iter().enumerate();
        lines.filter_map(|(at, line)| shown.show(line.as_bytes()).map(|_| at)).collect()
    }

    #[test]
    fn each_filter_passes_what_it_names_experience_33() {
        let lines = [
            line(0, ",\"action\":\"login\",\"line\":\"CAF0000012573\",\"request_id\":\"r1\""),
            line(
                30,
                ",\"action\":\"purchase\",\"reason\":\"over_line_limit\",\"request_id\":\"r1\"",
            ),
            line(50, "").replace("info", "error").replace("decision", "actors::line"),
            line(59, ",\"request_id\":\"r11\"").replace("info", "debug"),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let cases: [(&str, &[usize]); 16] = [
            ("", &[0, 1, 2, 3]),
            ("--since 10m", &[2, 3]),
            ("--since 2026-11-30T20:30:00+09:00", &[1, 2, 3]),
            ("--until 30m", &[0]),
            ("--since 1h --until 2026-11-30T11:50:00Z", &[0, 1]),
            ("--level info", &[0, 1, 2]),
            ("--level warn", &[2]),
            ("--actor login", &[0]),
            ("--actor actors", &[2]),
            ("--actor linepass::actors", &[2]),
            ("--actor log", &[]),
            ("--id r1", &[0, 1]),
            ("--trace r11", &[3]),
            ("--line CAF0000012573", &[0]),
            ("--grep over_(line|passport)", &[1]),
            ("--grep action=login", &[0]),
        ];
        for (arguments, expected) in cases {
            assert_eq!(passed(arguments, &lines), expected, "{arguments}");
        }
        assert_eq!(passed("--id r1 --actor login --level info", &lines), [0], "all must hold");
    }

    #[test]
    fn a_bad_line_is_shown_where_no_field_is_asked_for_and_belongs_to_the_line_before() {
        let (early, late) = (line(0, ""), line(59, ""));
        let torn = &late[..40];
        let lines = [early.as_str(), "no JSON", late.as_str(), torn, "[1]", "{}"];
        assert_eq!(passed("", &lines), [0, 1, 2, 3, 4, 5]);
        assert_eq!(passed("--since 10m", &lines), [2, 3, 4, 5]);
        assert_eq!(passed("--grep JSON", &lines), [1]);
        for field in ["--level trace", "--actor decision", "--id r", "--line CAF0000012573"] {
            let passed = passed(field, &lines);
            assert!(!passed.contains(&1) && !passed.contains(&3), "{field}: {passed:?}");
        }
    }

    /// security.md 63
    #[test]
    fn nothing_in_a_file_acts_on_a_terminal() {
        let inside =
            line(1, ",\"id\":\"a\\u001b[2J\u{9b}31m\u{202e}b\\n2026 INFO ok\",\"\u{202e}n\":1");
        let hostile: [&[u8]; 3] =
            [inside.as_bytes(), b"\x1b[2J\x1b]0;title\x07 bad\rline", b"\xff\xfe\x9b bad"];
        for colour in [false, true] {
            for style in [Style::Json, Style::Pretty { clock: Clock::Jst, colour }] {
                let mut shown = Shown::new(Filter::default(), style);
                for bytes in hostile {
                    let text = shown.show(bytes).unwrap();
                    assert_eq!(text.matches('\n').count(), 1, "{text:?}");
                    let painted = colour && matches!(style, Style::Pretty { .. });
                    let text = if painted { text.replace("\u{1b}[", "") } else { text };
                    let acting = text.trim_end_matches('\n').chars().find(|c| acts(*c));
                    assert_eq!(acting, None, "{style:?}: {text:?}");
                }
            }
        }
        let mut shown = Shown::new(Filter::default(), Style::Json);
        let told: Value = serde_json::from_str(&shown.show(inside.as_bytes()).unwrap()).unwrap();
        assert_eq!(told, serde_json::from_str::<Value>(&inside).unwrap(), "JSON says the same");
    }

    #[test]
    fn what_stands_between_the_members_of_json_is_no_part_of_them() {
        let mut shown = Shown::new(Filter::default(), Style::Json);
        let text = shown.show(b"{\t\"a\":\r\"b\\t\"\r}\r").unwrap();
        assert_eq!(text, "{ \"a\": \"b\\t\" }\n");
    }

    #[test]
    fn a_pretty_line_reads_as_the_server_writes_it() {
        let decision = line(5, ",\"latency_us\":1500,\"action\":\"login\",\"outcome\":\"refused\"");
        let style = Style::Pretty { clock: Clock::Jst, colour: false };
        let shown = Shown::new(Filter::default(), style).show(decision.as_bytes()).unwrap();
        assert_eq!(
            shown,
            "2026-11-30T20:05:00.000+09:00 INFO  a login action=login outcome=refused \
             latency_us=1500 linepass::decision\n"
        );
    }
}
