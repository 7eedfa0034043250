//! Alerts, dashboard and runbook name what exists: metrics of a running server, pages, and commands
//! that the program takes (checks/experience.md 38, 39).

mod common;

use clap::Parser as _;
use common::{Demo, Http};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rules of the alert file.
fn alerts() -> Vec<Value> {
    let file: Value = serde_saphyr::from_str(&text("ops/alerts.yml")).expect("YAML");
    let groups = file["groups"].as_array().expect("groups").clone();
    groups.iter().flat_map(|group| group["rules"].as_array().expect("rules").clone()).collect()
}

fn word<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {value}"))
}

/// The series that a scrape can have, by the families it names and their types, with the labels
/// seen.
fn series(scrape: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for family in scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = family.split_once(' ').expect("a type");
        let ends: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            "info" => &["_info"],
            _ => &[""],
        };
        for end in ends {
            known.entry(format!("{name}{end}")).or_default();
        }
    }
    for line in scrape.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once(['{', ' ']).expect("a value");
        let labels =
            rest.split(',').filter_map(|label| label.split_once("=\"")).map(|(name, _)| name);
        let known = known.get_mut(name).unwrap_or_else(|| panic!("{line} has no type"));
        known.extend(labels.map(str::to_owned));
    }
    known
}

/// The names of metrics in an expression.
fn metrics(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("linepass_")).collect()
}

/// A scrape of a server that speaks TLS has one more for each listener.
const WITH_TLS_ALONE: [&str; 2] = [
    "linepass_tls_certificate_expires_timestamp_seconds",
    "linepass_operator_tls_certificate_expires_timestamp_seconds",
];

#[test]
fn every_metric_that_is_named_exists() {
    let demo = Demo::start();
    let browser = common::Browser::new(demo.issuer());
    common::purchase(&demo, &browser, "sakura01", &common::anime(&common::unique()));
    let scrape = Http::new().get(&format!("{}/metrics", demo.text("/operator")), &[]).body;
    let known = series(&scrape);
    let dashboard: Value = serde_json::from_str(&text("ops/dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let of_panels: Vec<String> = targets.map(|target| word(target, "/expr").to_owned()).collect();
    let of_alerts: Vec<String> =
        alerts().iter().map(|alert| word(alert, "/expr").to_owned()).collect();
    assert!(of_panels.len() >= 15 && of_alerts.len() >= 15, "{of_panels:?} {of_alerts:?}");
    for expression in of_panels.iter().chain(&of_alerts) {
        let named = metrics(expression);
        assert!(!named.is_empty() || expression.contains("up{job=\"linepass\"}"), "{expression}");
        for name in named.iter().filter(|name| !WITH_TLS_ALONE.contains(*name)) {
            assert!(known.contains_key(*name), "{name} of {expression}\n{scrape}");
        }
        // Labels that select or group are labels of those metrics.
        for (_, group) in
            expression.match_indices("by (").map(|(at, by)| expression.split_at(at + by.len()))
        {
            let labels = group.split(')').next().expect("an end").split(',').map(str::trim);
            for label in labels {
                let has =
                    |name: &&str| known.get(*name).is_some_and(|labels| labels.contains(label));
                assert!(named.iter().any(has), "{label} of {expression}");
            }
        }
    }
    let pages = pages().into_iter().map(|page| text(&page)).collect::<String>();
    for name in metrics(&pages).iter().filter(|name| !name.ends_with('_')) {
        assert!(known.contains_key(*name), "{name} is in the runbook alone");
    }
}

/// The pages of the runbook.
fn pages() -> Vec<String> {
    let folder = fs::read_dir(root().join("docs/runbook")).expect("a folder");
    let names =
        folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    names.map(|name| format!("docs/runbook/{name}")).collect()
}

#[test]
fn every_alert_has_its_page_and_every_page_its_alert() {
    let index = text("docs/runbook/README.md");
    let mut named = BTreeSet::from(["docs/runbook/README.md".to_owned()]);
    let mut names = BTreeSet::new();
    for alert in alerts() {
        let (name, page) = (word(&alert, "/alert"), word(&alert, "/annotations/runbook"));
        assert!(names.insert(name.to_owned()), "{name} twice");
        assert!(["page", "ticket"].contains(&word(&alert, "/labels/severity")), "{name}");
        assert!(word(&alert, "/annotations/summary").len() > 10, "{name}");
        let body = text(page);
        for heading in ["# ", "\n## What it means\n", "\n## How to see it\n", "\n## What to do\n"] {
            assert!(body.contains(heading), "{page} has no {heading:?}");
        }
        let file = page.rsplit('/').next().expect("a name");
        let row = index.lines().find(|line| line.starts_with(&format!("| [{file}]")));
        assert!(row.is_some_and(|row| row.contains(name)), "{name} is not in the index at {file}");
        named.insert(page.to_owned());
    }
    let pages: BTreeSet<String> = pages().into_iter().collect();
    assert_eq!(pages, named);
}

/// The words of a command line as a shell would part them; nothing more of a shell is used there.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => {
                words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
            }
            '|' if !quoted => break,
            c => word.push(c),
        }
    }
    assert!(!quoted, "{line}");
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// The program's text without its comments: what it may write into the log or show as a label.
fn program() -> Vec<(PathBuf, String)> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                files.push((path, code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    files
}

/// What makes its statement one that ends in a line of the log, or in the text of an error there.
const WRITTEN: &[&str] = &[
    "tracing::",
    ".emit(",
    "#[error(",
    "Outcome::",
    ".put(",
    "\"message\":",
    "Self::new(",
    "ProblemDetails::new(",
];

/// Whether the program writes this into its log.
fn is_logged(program: &[(PathBuf, String)], word: &str) -> bool {
    program.iter().any(|(path, code)| {
        // The words for how a decision ended stand in a table of their own.
        let is_table = path.ends_with("telemetry/decision.rs");
        code.match_indices(word).any(|(at, _)| {
            let begins = ["; ", ";\n", "{\n", "}\n"].map(|end| code[..at].rfind(end).unwrap_or(0));
            let statement = &code[begins.into_iter().max().unwrap_or(0)..at];
            is_table || WRITTEN.iter().any(|sign| statement.contains(sign))
        })
    })
}

/// Whether the program has this action, or a part of this name.
fn is_actor(program: &[(PathBuf, String)], name: &str) -> bool {
    let is_part = |path: &Path| {
        let names = path.with_extension("");
        names.strip_prefix(root()).is_ok_and(|path| path.iter().any(|part| part == name))
    };
    let quoted = format!("(\"{name}\"");
    program.iter().any(|(path, code)| is_part(path) || code.contains(&quoted))
}

#[test]
fn what_the_runbook_looks_for_in_the_log_is_written_there() {
    let program = program();
    assert!(!is_logged(&program, "no_room") && !is_actor(&program, "close_year"), "it can fail");
    let mut looked_for = 0;
    for page in pages() {
        let body = text(&page);
        for line in body.lines().filter(|line| line.starts_with("linepass logs ")) {
            let words = words(line);
            for pair in words.windows(2) {
                let [option, value] = pair else { continue };
                match option.as_str() {
                    "--grep" => {
                        for word in value.split('|') {
                            assert!(is_logged(&program, word), "{page}: {word} of {line}");
                            looked_for += 1;
                        }
                    }
                    "--actor" => {
                        assert!(is_actor(&program, value), "{page}: {value} of {line}");
                        looked_for += 1;
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(looked_for > 15, "{looked_for}");
}

#[test]
fn the_words_and_paths_that_the_runbook_names_are_the_products() {
    let program = program();
    let known = |word: &str| {
        let parts = |code: &str| {
            code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|other| other == word)
        };
        program.iter().any(|(_, code)| parts(code))
    };
    assert!(!known("no_such_word"), "it can fail");
    let installed: String = ["linepass.service", "linepass.toml", "linepass.sysusers.conf"]
        .map(|file| text(&format!("packaging/{file}")))
        .concat();
    for page in pages() {
        let body = text(&page);
        // Values of labels, reasons and fields: small letters with an underscore, but for metrics.
        let words = body.split('`').skip(1).step_by(2).filter(|word| {
            let fits = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            fits && word.contains('_') && !word.starts_with("linepass_")
        });
        for word in words {
            assert!(known(word), "{page}: {word}");
        }
        let paths = body
            .split([' ', '`', '\n', ')', ','])
            .filter(|word| word.starts_with("/etc/") || word.starts_with("/var/"));
        for path in paths {
            assert!(installed.contains(path), "{page}: {path}");
        }
    }
}

#[test]
fn every_command_of_the_runbook_is_one_that_the_program_takes() {
    let mut commands = 0;
    for page in pages() {
        let body = text(&page);
        let blocks =
            body.split("```sh\n").skip(1).map(|block| block.split("```").next().expect("an end"));
        for line in blocks.flat_map(str::lines).filter(|line| line.starts_with("linepass ")) {
            let parsed = linepass::cli::Args::try_parse_from(words(line));
            assert!(parsed.is_ok(), "{page}: {line}: {}", parsed.map(|_| ()).unwrap_err());
            commands += 1;
        }
        // Those within sentences are whole nouns and verbs at least.
        for command in
            body.split('`').filter(|part| part.starts_with("linepass ") && !part.contains('\n'))
        {
            let help = words(&format!("{command} --help"));
            let told = linepass::cli::Args::try_parse_from(help).map(|_| ()).unwrap_err();
            assert_eq!(told.exit_code(), 0, "{page}: {command}: {told}");
        }
        for link in body.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target: PathBuf = root().join(&page).parent().expect("a folder").join(link);
            assert!(target.exists(), "{page}: {link}");
        }
    }
    assert!(commands > 30, "{commands}");
}
