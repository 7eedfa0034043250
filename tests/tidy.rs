//! The house's walls and manners, read from the source itself.
//!
//! One crate has no compiler wall between its rooms, so this test is the wall: which room names
//! which, what pure rooms leave alone, and what no file does. Each check is a function of a path
//! and a text, and is tried on a bad sample too, so that it can fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may name beside itself.
const WALLS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("store", &["domain", "metrics"]),
    ("verify", &["domain", "store"]),
    ("metrics", &[]),
    ("security", &["clock", "metrics"]),
    ("text", &["domain"]),
    ("config", &[]),
    ("telemetry", &["config"]),
    (
        "actors",
        &["clock", "config", "domain", "metrics", "security", "store", "telemetry", "verify"],
    ),
    ("mail", &["actors", "config", "domain", "security", "store", "text"]),
    ("webhook", &["actors", "net", "security"]),
    ("net", &["clock", "config", "security"]),
    (
        "web",
        &[
            "actors",
            "clock",
            "config",
            "domain",
            "metrics",
            "net",
            "security",
            "store",
            "telemetry",
            "text",
            "verify",
        ],
    ),
    (
        "app",
        &[
            "actors",
            "clock",
            "config",
            "domain",
            "mail",
            "metrics",
            "net",
            "security",
            "store",
            "telemetry",
            "text",
            "web",
            "webhook",
        ],
    ),
    ("load", &["net"]),
    (
        "cli",
        &[
            "actors",
            "app",
            "clock",
            "config",
            "domain",
            "load",
            "net",
            "security",
            "store",
            "telemetry",
            "text",
            "verify",
            "web",
        ],
    ),
];

/// Words that a room's code does not use, with the reason.
const FOREIGN: &[(&str, &[&str], &str)] = &[
    (
        "domain",
        &["SystemTime", "std::time", "Timestamp::now", "ZonedDateTime::now", "getrandom", "rand"],
        "the rules take time and randomness as facts",
    ),
    (
        "domain",
        &[
            "std::fs",
            "std::env",
            "std::thread",
            "std::process",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "ToSocketAddrs",
            "println!",
            "eprintln!",
            "tracing",
        ],
        "the rules do no I/O",
    ),
    (
        "domain",
        &["actix", "actix_web", "tokio", "sled", "async", "await"],
        "the rules wait for nothing",
    ),
    ("text", &["actix", "actix_web", "tokio", "sled", "std::fs"], "texts are values"),
    ("store", &["actix", "actix_web"], "the store knows no actors and no pages"),
    ("security", &["actix_web", "sled"], "security knows no pages and no engine"),
    (
        "actors",
        &["sled", "actix_web", "askama", "lettre"],
        "actors meet the store, the pages and the mail server by traits and values",
    ),
    ("mail", &["sled", "actix_web"], "mails know no pages and no engine"),
    ("web", &["sled"], "pages meet the store by its trait"),
];

/// Lines of one file at most; past it a rule has usually mixed with I/O.
const FILE_LINES: usize = 600;

/// The last rule of the guide's list.
const LAST_RULE: u32 = 193;

// ---------------------------------------------------------------------------------------------
// Reading code

/// A file with its path below the package's folder.
struct Source {
    path: String,
    text: String,
}

/// All `.rs` files of a folder of the package.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The files that are modules for tests alone: `#[cfg(test)]` above `mod name;`.
fn test_files(sources: &[Source]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources {
        let path = Path::new(&source.path);
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let parent = path.parent().unwrap();
        let folder = if stem == "mod" { parent.to_path_buf() } else { parent.join(&stem) };
        let mut for_tests = false;
        let mut given: Option<PathBuf> = None;
        for line in source.text.lines().map(str::trim) {
            if line == "#[cfg(test)]" {
                for_tests = true;
            } else if let Some(file) = line.strip_prefix("#[path = \"") {
                given = Some(parent.join(file.trim_end_matches("\"]")));
            } else if !line.starts_with("#[") && !line.starts_with("//") {
                if for_tests && let Some(name) = line.strip_suffix(';').and_then(module_name) {
                    let plain =
                        [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")];
                    let files = given.take().map_or_else(|| plain.to_vec(), |file| vec![file]);
                    found.extend(files.iter().map(|file| file.to_string_lossy().into_owned()));
                }
                for_tests = false;
                given = None;
            }
        }
    }
    found
}

/// The name in `mod name` and `pub(crate) mod name`.
fn module_name(line: &str) -> Option<&str> {
    let name = line.rsplit_once("mod ")?.1.trim();
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
}

/// The lines of a file that are code in the product: no comments, no `#[cfg(test)] mod … { }`.
fn code(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut skip_to: Option<String> = None;
    let mut for_tests = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(end) = &skip_to {
            if line == end {
                skip_to = None;
            }
            continue;
        }
        let code = without_comment(line);
        let trimmed = code.trim();
        if for_tests && trimmed.contains("mod ") && trimmed.ends_with('{') {
            let indent = &line[..line.len() - line.trim_start().len()];
            skip_to = Some(format!("{indent}}}"));
        }
        if !trimmed.starts_with("#[") {
            for_tests = false;
        }
        for_tests |= trimmed == "#[cfg(test)]";
        if skip_to.is_none() {
            lines.push((index + 1, code.to_owned()));
        }
    }
    lines
}

/// A line up to its comment; `//` within an address is none.
fn without_comment(line: &str) -> &str {
    let mut from = 0;
    while let Some(at) = line[from..].find("//").map(|at| from + at) {
        if !line[..at].ends_with(':') {
            return &line[..at];
        }
        from = at + 2;
    }
    line
}

/// Whether `text` holds `word` with nothing on either side that would make it another word.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(part)
            && (word.ends_with('!') || !text[at + word.len()..].starts_with(part))
    })
}

/// The room of a file: the first name below `src/`.
fn room(path: &str) -> Option<&str> {
    let below = path.strip_prefix("src/")?;
    let first = below.split('/').next()?;
    Some(first.trim_end_matches(".rs")).filter(|room| !matches!(*room, "lib" | "main"))
}

/// The first names after each `crate::`, also within braces.
fn named_rooms(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => drop(found.insert(identifier(rest))),
            Some(group) => {
                let mut depth = 0_usize;
                let mut start = true;
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && !c.is_whitespace() => {
                            found.insert(identifier(&group[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

/// The name at the beginning of a text.
fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

// ---------------------------------------------------------------------------------------------
// Checks

/// Rooms that this file may not name.
fn walls(path: &str, text: &str) -> Vec<String> {
    let Some(room) = room(path) else { return Vec::new() };
    let Some((_, allowed)) = WALLS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{path}: the room {room} has no line in WALLS")];
    };
    let code: String = code(text).into_iter().flat_map(|(_, line)| [line, "\n".into()]).collect();
    let known = |name: &str| WALLS.iter().any(|(room, _)| *room == name);
    let mut faults: Vec<_> = named_rooms(&code)
        .into_iter()
        .filter(|name| known(name) && name != room && !allowed.contains(&name.as_str()))
        .map(|name| format!("{path}: {room} names {name}"))
        .collect();
    // `super` as often as the file is deep would climb over the wall.
    let inner = path.split('/').count() - 1 - usize::from(path.ends_with("/mod.rs"));
    if code.contains(&"super::".repeat(inner)) {
        faults.push(format!("{path}: leaves its room by super::"));
    }
    faults
}

/// Words that this room leaves to others.
fn foreign_words(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, words, reason) in FOREIGN.iter().filter(|(name, ..)| room(path) == Some(*name)) {
        for (number, line) in code(text) {
            for word in words.iter().filter(|word| has_word(&line, word)) {
                faults.push(format!("{path}:{number}: {word} in {name}: {reason}"));
            }
        }
    }
    faults
}

/// `unwrap()` outside tests; a constant's is the compiler's to check.
fn unwraps(path: &str, text: &str) -> Vec<String> {
    let code = code(text).into_iter();
    code.filter(|(_, line)| line.contains(".unwrap()") && !has_word(line, "const"))
        .map(|(number, _)| format!("{path}:{number}: unwrap() outside tests"))
        .collect()
}

/// What is left for later.
fn leftovers(path: &str, text: &str) -> Vec<String> {
    let words = ["TODO", "FIXME", "XXX", "todo!", "unimplemented!", "dbg!"];
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let word = words.iter().find(|word| has_word(line, word))?;
            Some(format!("{path}:{}: {word}", index + 1))
        })
        .collect()
}

/// A head that says what the file is for.
fn head(path: &str, text: &str) -> Vec<String> {
    let good = text
        .lines()
        .next()
        .is_some_and(|line| line.len() > "//! ".len() && line.starts_with("//! "));
    if good { Vec::new() } else { vec![format!("{path}: begins without a //! line")] }
}

/// A length that can be read.
fn length(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines <= FILE_LINES {
        return Vec::new();
    }
    vec![format!("{path}: {lines} lines, more than {FILE_LINES}")]
}

/// Rules that are cited and do not exist.
fn cited_rules(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices("R-") {
            let digits: String = line[at + 2..].chars().take_while(char::is_ascii_digit).collect();
            let another_word = line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-');
            if digits.is_empty() || another_word {
                continue;
            }
            let number = digits.parse().unwrap_or(0);
            if digits.len() != 3 || !(1..=LAST_RULE).contains(&number) {
                faults.push(format!("{path}:{}: there is no rule R-{digits}", index + 1));
            }
        }
    }
    faults
}

// ---------------------------------------------------------------------------------------------
// The tree

type Check = fn(&str, &str) -> Vec<String>;

#[track_caller]
fn assert_tidy(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn check_all(sources: &[Source], checks: &[Check]) -> Vec<String> {
    let each = |source: &Source| {
        checks.iter().flat_map(|check| check(&source.path, &source.text)).collect::<Vec<_>>()
    };
    sources.iter().flat_map(each).collect()
}

#[test]
fn the_product_keeps_its_walls_and_manners() {
    let mut sources = sources("src");
    assert!(sources.len() > 10, "only {} files found", sources.len());
    assert_tidy(&check_all(&sources, &[leftovers, head, length, cited_rules]));
    let test_files = test_files(&sources);
    sources.retain(|source| !test_files.contains(&source.path));
    assert_tidy(&check_all(&sources, &[walls, foreign_words, unwraps]));
}

#[test]
fn the_tests_have_heads_and_cite_rules_that_exist() {
    for folder in ["tests", "benches"] {
        let mut sources = sources(folder);
        // This file holds bad samples.
        sources.retain(|source| source.path != "tests/tidy.rs");
        assert_tidy(&check_all(&sources, &[head, cited_rules]));
    }
}

#[test]
fn every_room_of_the_map_has_a_wall() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rooms = map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for room in rooms {
        assert!(WALLS.iter().any(|(name, _)| *name == room), "{room} has no line in WALLS");
    }
}

// ---------------------------------------------------------------------------------------------
// Each check can fail

#[track_caller]
fn assert_faults(check: Check, path: &str, table: &[(&str, usize)]) {
    for (text, count) in table {
        let faults = check(path, text);
        assert_eq!(faults.len(), *count, "{text:?} gives {faults:?}");
    }
}

#[test]
fn a_room_that_names_a_higher_one_is_found() {
    assert_faults(
        walls,
        "src/domain/line/decide.rs",
        &[
            ("use crate::domain::Yen;", 0),
            ("use crate::store::Batch;", 1),
            ("use crate::{domain::{Yen, web}, store::{Batch}, web};", 2),
            ("use crate::{\n    domain::Yen,\n    web::{a, b},\n};", 1),
            ("// use crate::web;\n/// [`crate::web`]", 0),
            ("#[cfg(test)]\nmod tests {\n    use crate::store::Batch;\n}\n", 0),
            ("#[cfg(test)]\nmod tests {\n}\nuse crate::store::Batch;", 1),
            ("use super::super::Yen;", 0),
            ("use super::super::super::web;", 1),
        ],
    );
    assert_faults(
        walls,
        "src/actors/mod.rs",
        &[("crate::web::x();", 1), ("crate::store::x();", 0)],
    );
    assert_faults(walls, "src/actors/mod.rs", &[("use super::web;", 1)]);
    assert_faults(walls, "src/clock.rs", &[("use super::web;", 1), ("use crate::domain;", 0)]);
    assert_faults(walls, "src/security/seal.rs", &[("use crate::domain::Yen;", 1)]);
    assert_faults(walls, "src/text/ja.rs", &[("use crate::web::Page;", 1)]);
    assert_faults(walls, "src/cellar/mod.rs", &[("", 1)]);
}

#[test]
fn a_foreign_word_is_found() {
    assert_faults(
        foreign_words,
        "src/domain/charge.rs",
        &[
            ("let now = std::time::Instant::now();", 1),
            ("use std::time::SystemTime;", 2),
            ("at: Instant,", 0),
            ("use std::net::IpAddr;", 0),
            ("use std::net::{IpAddr, TcpStream};", 1),
            ("async fn f() { g().await }", 2),
            ("use std::fs;", 1),
            ("let actixes = tokio_like; // tokio", 0),
            ("println!(\"x\");", 1),
        ],
    );
    assert_faults(foreign_words, "src/actors/line.rs", &[("sled::open(p)", 1), ("actix::Addr", 0)]);
    assert_faults(foreign_words, "src/store/sled.rs", &[("sled::open(p)", 0)]);
}

#[test]
fn an_unwrap_is_found() {
    assert_faults(
        unwraps,
        "src/web/mod.rs",
        &[
            ("x.unwrap();", 1),
            ("x.unwrap_or(1);", 0),
            ("const A: B = c().unwrap();", 0),
            ("let a = \"http://x\"; b.unwrap();", 1),
            ("/// x.unwrap();", 0),
            (
                "#[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn f() {\n    }\n    x.unwrap();\n}\n",
                0,
            ),
            ("#[cfg(test)]\nfn f() {}\nmod a {\n    x.unwrap();\n}\n", 1),
        ],
    );
}

#[test]
fn leftovers_heads_and_lengths_are_found() {
    let path = "src/x.rs";
    assert_faults(
        leftovers,
        path,
        &[("// TODO: x", 1), ("todo!()", 1), ("unimplemented!(\"\")", 1)],
    );
    assert_faults(leftovers, path, &[("MASTODON", 0), ("TODOS", 0), ("/* FIXME */", 1)]);
    assert_faults(
        head,
        path,
        &[("//! What it is for.\n", 0), ("use x;", 1), ("", 1), ("//! \n", 1)],
    );
    let long = "\n".repeat(FILE_LINES + 1);
    assert_faults(length, path, &[(long.as_str(), 1), (&long[1..], 0)]);
}

#[test]
fn a_rule_that_does_not_exist_is_found() {
    assert_faults(
        cited_rules,
        "src/x.rs",
        &[
            ("// R-001 to R-193 (R-024)", 0),
            ("// R-000", 1),
            ("// R-194, R-24, R-1000", 3),
            ("// OR-999, ERR-7, R-RATED", 0),
        ],
    );
}

#[test]
fn test_modules_in_files_of_their_own_are_known() {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let found = test_files(&[
        source("src/a/mod.rs", "#[cfg(test)]\nmod tests;\nmod b;\n"),
        source("src/a/b.rs", "#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod tests;\n"),
        source("src/c.rs", "#[cfg(test)]\npub(crate) mod suite;\n#[cfg(test)]\nfn f();\n"),
    ]);
    assert!(found.contains("src/a/tests.rs") && found.contains("src/a/b_tests.rs"), "{found:?}");
    assert!(found.contains("src/c/suite.rs") && !found.contains("src/a/b.rs"), "{found:?}");
}
