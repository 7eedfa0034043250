//! Default, file, environment: later ones override, and every key that is wrong is found.
//!
//! Each overriding value is tried alone over the defaults, which are known to be good, so that one
//! wrong key hides no other.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use figment::error::{Actual, Kind};
use figment::providers::{Format, Toml};
use figment::value::{Dict, Tag, Value};

use super::error::{ConfigError, ConfigErrors, Origin};
use super::{Config, DEFAULT_TOML, ENVIRONMENT_PREFIX, scan};

/// The layers as far as they have been laid.
pub(super) struct Layers {
    /// `config/default.toml`.
    defaults: Dict,
    /// The defaults with every good overriding value.
    merged: Dict,
    /// Where each overriding value came from, by `section.key`.
    origins: BTreeMap<String, Origin>,
    /// What is wrong so far.
    errors: Vec<ConfigError>,
}

impl Layers {
    /// The defaults alone.
    pub(super) fn new() -> Self {
        let defaults: Dict =
            Toml::from_str(DEFAULT_TOML).expect("config/default.toml is TOML; a test reads it");
        Self { merged: defaults.clone(), defaults, origins: BTreeMap::new(), errors: Vec::new() }
    }

    /// Lays a file over what is there; one that cannot be read or is not TOML ends the load.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), ConfigErrors> {
        let whole = |line, problem| ConfigError {
            origin: Origin::File { path: path.to_owned(), line },
            key: None,
            problem,
            allowed: None,
        };
        let text =
            read_text(path).map_err(|error| whole(None, format!("cannot be read: {error}")))?;
        // The parser's own rendering quotes the line, which may hold a secret.
        let dict: Dict = Toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| 1 + newlines(&text, span.start));
            whole(line, format!("is not TOML: {}", error.message().trim()))
        })?;
        for (section, value) in dict {
            self.add_section(path, &text, &section, value);
        }
        Ok(())
    }

    fn add_section(&mut self, path: &Path, text: &str, section: &str, value: Value) {
        let origin = |key: &str| Origin::File {
            path: path.to_owned(),
            line: scan::line_of(text, key).or_else(|| {
                let header = format!("[{section}]");
                text.lines().position(|line| line.trim() == header).map(|index| index + 1)
            }),
        };
        match value {
            Value::Dict(_, keys) => {
                for (name, value) in keys {
                    let key = format!("{section}.{name}");
                    let origin = origin(&key);
                    self.try_key(section, &name, value, origin);
                }
            }
            // Also a key that stands before the first section.
            _ => self.unknown(section, None, origin(&format!(".{section}"))),
        }
    }

    /// Lays the variables that begin with `LINEPASS__` over what is there.
    pub(super) fn add_environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        for (variable, text) in variables {
            let Some(path) = variable.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            let path = path.to_ascii_lowercase();
            let origin = Origin::Environment { name: variable };
            match path.split_once("__") {
                Some((section, name)) => {
                    let value = self.typed(section, name, text);
                    self.try_key(section, name, value, origin);
                }
                None => self.unknown(&path, None, origin),
            }
        }
    }

    /// The text of a variable as the type that the key has in the defaults: a number only where a
    /// number is due, so that a telephone number stays a text.
    fn typed(&self, section: &str, name: &str, text: String) -> Value {
        let default = self.section(section).and_then(|keys| keys.get(name));
        match default {
            Some(Value::Num(..)) => number(&text),
            Some(Value::Bool(..)) => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            Some(Value::Array(_, items)) => {
                let is_of_numbers = matches!(items.first(), Some(Value::Num(..)));
                let item = |item: &str| if is_of_numbers { number(item) } else { item.into() };
                text.split(',').map(str::trim).map(item).collect::<Vec<Value>>().into()
            }
            _ => text.into(),
        }
    }

    fn section(&self, section: &str) -> Option<&Dict> {
        self.defaults.get(section).and_then(Value::as_dict)
    }

    /// Takes a value in if it is allowed, notes what is wrong otherwise.
    fn try_key(&mut self, section: &str, name: &str, value: Value, origin: Origin) {
        if !self.section(section).is_some_and(|keys| keys.contains_key(name)) {
            return self.unknown(section, Some(name), origin);
        }
        let key = format!("{section}.{name}");
        let mut trial = self.defaults.clone();
        replace(&mut trial, section, name, value.clone());
        match Value::from(trial).deserialize::<Config>() {
            Ok(_) => {
                replace(&mut self.merged, section, name, value);
                self.origins.insert(key, origin);
            }
            Err(error) => {
                let (problem, allowed) = told(&error.kind, &key);
                self.errors.push(ConfigError { origin, key: Some(key), problem, allowed });
            }
        }
    }

    /// Notes a key or section that does not exist.
    fn unknown(&mut self, section: &str, name: Option<&str>, origin: Origin) {
        let names = |dict: &Dict| dict.keys().cloned().collect::<Vec<_>>().join(", ");
        let allowed = match self.section(section) {
            Some(keys) => format!("the keys of [{section}]: {}", names(keys)),
            None => format!("the sections {}", names(&self.defaults)),
        };
        let problem = match (self.section(section), name) {
            (Some(_), Some(_)) => "there is no such key",
            (Some(_), None) => "is a section",
            (None, _) => "there is no such section",
        };
        let key = name.map_or(section.to_owned(), |name| format!("{section}.{name}"));
        self.errors.push(ConfigError {
            origin,
            key: Some(key),
            problem: problem.to_owned(),
            allowed: Some(allowed),
        });
    }

    /// The configuration of all layers, unless anything is wrong with any of them.
    pub(super) fn finish(self) -> Result<Config, ConfigErrors> {
        let mut errors = self.errors;
        let mut config: Config = Value::from(self.merged)
            .deserialize()
            .expect("defaults and single values were each taken; a test reads the defaults");
        config.origins = self.origins;
        errors.extend(config.faults());
        // The parser gives keys by name; a person goes through a file from top to bottom.
        errors.sort_by_key(|error| error.origin.line());
        ConfigErrors::unless_empty(errors)?;
        Ok(config)
    }
}

/// A number, or the text that is none.
fn number(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| text.into(), Value::from)
}

/// No configuration is longer; what has no end, such as a device, is found out by it.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// The file's text.
fn read_text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_FILE_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// The lines that end before `offset`.
fn newlines(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Puts a value in the place of another; the section is known to exist.
fn replace(tree: &mut Dict, section: &str, name: &str, value: Value) {
    let keys =
        tree.entry(section.to_owned()).or_insert_with(|| Value::Dict(Tag::Default, Dict::new()));
    if let Value::Dict(_, keys) = keys {
        keys.insert(name.to_owned(), value);
    }
}

/// What is the matter, and what is allowed instead.
fn told(kind: &Kind, key: &str) -> (String, Option<String>) {
    let documented = || scan::allowed(DEFAULT_TOML, key);
    match kind {
        // The expectation of an enum is its name in the code, which helps nobody.
        Kind::InvalidType(actual, expected) if expected.starts_with("enum") => {
            (not_allowed(actual), documented())
        }
        Kind::InvalidType(actual, expected) if expected == "a boolean" => {
            (not_allowed(actual), Some("true or false".to_owned()))
        }
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            (not_allowed(actual), Some(expected.clone()))
        }
        Kind::InvalidLength(_, expected) => {
            ("is too short or too long".to_owned(), Some(expected.clone()))
        }
        Kind::UnknownVariant(value, _) => (not_allowed(&Actual::Str(value.clone())), documented()),
        other => (other.to_string(), documented()),
    }
}

/// A value as an error names it: as it is written, and not endless.
fn not_allowed(actual: &Actual) -> String {
    let value = match actual {
        Actual::Str(text) => {
            let cut: String = text.chars().take(100).collect();
            format!("{cut:?}")
        }
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        Actual::Other(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{value} is not allowed")
}
