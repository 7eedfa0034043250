//! Events and the fields of their spans, gathered for a line.

use std::fmt;
use std::io::Write as _;

use jiff::Timestamp;
use serde_json::Number;
use tracing::callsite::Identifier;
use tracing::field::{Field as Name, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::figures::figures;
use super::line::{Field, Line, Style, neutral};
use super::noise::{Admitted, Noise};

/// Writes each event as one line: its own fields and those of the spans around it. What comes
/// too often is left out and counted.
#[derive(Debug)]
pub struct LineLayer<W> {
    /// The first is the one whose form may be changed.
    outputs: Vec<Output<W>>,
    noise: Noise<Identifier>,
}

/// A writer, and what it wants.
#[derive(Debug)]
struct Output<W> {
    style: Style,
    /// The least important lines that it takes.
    level: LevelFilter,
    writer: W,
}

impl<W> LineLayer<W> {
    /// A layer that writes lines of `style` to `writer`, each with one call.
    /// Of lines of one kind `alike_per_second` are written in a second, the others are counted.
    pub fn new(style: Style, writer: W, alike_per_second: u32) -> Self {
        let outputs = vec![Output { style, level: LevelFilter::TRACE, writer }];
        Self { outputs, noise: Noise::new(alike_per_second) }
    }

    /// The same, whose writers up to now leave out what is less important than `level`; one that is added
    /// later by [`LineLayer::and`] takes everything.
    #[must_use]
    pub(super) fn up_to(mut self, level: LevelFilter) -> Self {
        self.outputs.iter_mut().for_each(|output| output.level = level);
        self
    }

    /// The same, that writes to another writer too.
    #[must_use]
    pub fn and(mut self, style: Style, writer: W) -> Self {
        self.outputs.push(Output { style, level: LevelFilter::TRACE, writer });
        self
    }

    /// Changes the form of the lines for the first writer.
    pub(super) fn set_style(&mut self, style: Style) {
        if let Some(first) = self.outputs.first_mut() {
            first.style = style;
        }
    }
}

/// The fields of a span or an event, by name; the last value of a name stands.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    list: Vec<(&'static str, Field)>,
}

impl Fields {
    fn put(&mut self, name: &'static str, value: Field) {
        match self.list.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.list.push((name, value)),
        }
    }

    fn text(&self, name: &str) -> &str {
        let found = self.list.iter().find(|(known, _)| *known == name);
        match found {
            Some((_, Field::Text(text))) => text,
            _ => "",
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Name, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = neutral(&text);
        } else {
            self.put(field.name(), Field::text(&text));
        }
    }

    fn record_str(&mut self, field: &Name, value: &str) {
        if field.name() == "message" {
            self.message = neutral(value);
        } else {
            self.put(field.name(), Field::text(value));
        }
    }

    fn record_i64(&mut self, field: &Name, value: i64) {
        self.put(field.name(), Field::Number(value.into()));
    }

    fn record_u64(&mut self, field: &Name, value: u64) {
        self.put(field.name(), Field::Number(value.into()));
    }

    fn record_f64(&mut self, field: &Name, value: f64) {
        let number = Number::from_f64(value).map(Field::Number);
        self.put(field.name(), number.unwrap_or_else(|| Field::text(&value.to_string())));
    }

    fn record_bool(&mut self, field: &Name, value: bool) {
        self.put(field.name(), Field::Bool(value));
    }
}

/// An event's level. actix-http calls it an error when a head cannot be read; that is a client's
/// doing, and no stranger makes this log say that something failed here.
fn importance(metadata: &Metadata<'_>, message: &str) -> Level {
    let is_clients =
        metadata.target() == "actix_http::h1::dispatcher" && message.starts_with("stream error: ");
    if is_clients { Level::WARN.max(*metadata.level()) } else { *metadata.level() }
}

impl<S, W> Layer<S> for LineLayer<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "log lines carry real time (details.md, Time)")]
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                outer.list.iter().for_each(|(name, value)| fields.put(name, value.clone()));
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let (time, level) = (Timestamp::now(), importance(metadata, &fields.message));
        // What was decided is all there; so is what somebody switched on to look closely.
        if fields.text("outcome") != "accepted" && level <= Level::INFO {
            let kind = (metadata.callsite(), fields.text("action"), fields.text("reason"));
            match self.noise.admit(kind, time.as_second()) {
                Admitted::Written { left_out: 0 } => {}
                Admitted::Written { left_out } => {
                    fields.put("left_out", Field::Number(left_out.into()));
                }
                Admitted::LeftOut => return figures().leave_out(),
            }
        }
        figures().count(level);
        let line = Line {
            time,
            level,
            target: metadata.target(),
            message: &fields.message,
            fields: &fields.list,
        };
        let mut rendered: Option<(Style, String)> = None;
        let taking = self.outputs.iter().filter(|output| level <= output.level);
        for Output { style, writer, .. } in taking {
            let text = match rendered.take() {
                Some((known, text)) if known == *style => text,
                _ => line.render(*style),
            };
            // There is nowhere to tell that the log cannot be written; the sink counts its losses.
            let _ = writer.make_writer_for(metadata).write_all(text.as_bytes());
            rendered = Some((*style, text));
        }
    }
}
