//! One event as a line, pretty or JSON.
//!
//! Whatever a value holds, a line stays one line and shows what it is (security.md 48, 63):
//! control characters, escape sequences and characters that turn the direction of text or have no
//! width are written as `\u{…}`, and no value is endless.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Number, Value};
use tracing::Level;

/// Characters of one value that are written; the rest becomes `…`.
const VALUE_LIMIT_CHARS: usize = 1_024;

/// The clock of pretty lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Coordinated universal time.
    Utc,
    /// Japan time, UTC+09:00.
    Jst,
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For people.
    Pretty {
        /// The clock at the beginning of the line.
        clock: Clock,
        /// Whether the level and field names are coloured.
        colour: bool,
    },
    /// One JSON object; the time is RFC 3339 in UTC.
    Json,
}

/// A field's value, neutralised as it comes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// A text that [`Field::text`] made.
    Text(String),
    /// A number.
    Number(Number),
    /// Yes or no.
    Bool(bool),
}

impl Field {
    /// A text, neutralised and cut.
    pub fn text(text: &str) -> Self {
        Self::Text(neutral(text))
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Bool(value) => Value::Bool(*value),
        }
    }

    fn to_pretty(&self) -> String {
        match self {
            Self::Text(text) if is_plain(text) => text.clone(),
            // Quoted, so that a text with a space or `=` in it cannot pass for another field.
            Self::Text(text) => format!("\"{}\"", text.replace('"', "\\\"")),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }
}

/// Whether a text needs no quotes in a pretty line.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '='))
}

/// A text that cannot act on a terminal or a reader: what would act is spelt out. It has an end.
pub fn neutral(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(VALUE_LIMIT_CHARS));
    for (index, character) in text.chars().enumerate() {
        if index == VALUE_LIMIT_CHARS {
            out.push('…');
            break;
        }
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if acts(c) => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

/// Control characters, line separators, and format characters that turn or hide text.
pub fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// What a line is made of.
#[derive(Debug)]
pub struct Line<'a> {
    /// When it happened.
    pub time: Timestamp,
    /// How important it is.
    pub level: Level,
    /// The module or name that logged it.
    pub target: &'a str,
    /// The sentence.
    pub message: &'a str,
    /// Span fields from the outermost on, then the event's; names are unique.
    pub fields: &'a [(&'a str, Field)],
}

impl Line<'_> {
    /// The line with its end.
    pub fn render(&self, style: Style) -> String {
        match style {
            Style::Json => self.json(),
            Style::Pretty { clock, colour } => self.pretty(clock, colour),
        }
    }

    fn json(&self) -> String {
        // A field that carries one of our own names gives way.
        let mut object = Map::new();
        for (name, field) in self.fields {
            object.insert((*name).to_owned(), field.to_json());
        }
        object.insert("time".to_owned(), format!("{:.6}", self.time).into());
        object.insert("level".to_owned(), self.level.as_str().to_lowercase().into());
        object.insert("target".to_owned(), self.target.into());
        object.insert("message".to_owned(), self.message.into());
        format!("{}\n", Value::Object(object))
    }

    fn pretty(&self, clock: Clock, colour: bool) -> String {
        let paint = |code: &str, text: &str| {
            if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
        };
        let time = match clock {
            Clock::Utc => format!("{:.3}Z", Offset::UTC.to_datetime(self.time)),
            Clock::Jst => format!("{:.3}+09:00", Offset::constant(9).to_datetime(self.time)),
        };
        let level = paint(colour_of(self.level), &format!("{:5}", self.level.as_str()));
        let mut line = format!("{} {level} {}", paint("2", &time), self.message);
        for (name, field) in self.fields {
            let _ = write!(line, " {}{}", paint("2", &format!("{name}=")), field.to_pretty());
        }
        let _ = writeln!(line, " {}", paint("2", self.target));
        line
    }
}

/// The ANSI colour of a level.
fn colour_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    }
}
