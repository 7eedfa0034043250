//! The mistakes that `tests/mutations/run` and `tests/mutations/power_cut` make still fit the source: a
//! mistake that cannot be made any more proves nothing.

use std::{collections::BTreeSet, fs, path::Path};

/// What a hunk finds in its file, in one piece.
struct Hunk<'a> {
    file: &'a str,
    before: String,
}

fn patch() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mutations/mutations.patch");
    fs::read_to_string(path).expect("the mistakes")
}

fn hunks(patch: &str) -> Vec<Hunk<'_>> {
    let (mut hunks, mut file) = (Vec::<Hunk<'_>>::new(), None);
    for line in patch.lines() {
        if line.starts_with("diff --git ") {
            file = None;
        } else if let Some(name) = line.strip_prefix("--- a/") {
            file = Some((name, false));
        } else if let (Some((name, _)), true) = (file, line.starts_with("@@ ")) {
            file = Some((name, true));
            hunks.push(Hunk { file: name, before: String::new() });
        } else if let (Some((_, true)), Some(hunk)) = (file, hunks.last_mut()) {
            // An empty line of context may have lost its blank.
            let before = line.strip_prefix([' ', '-']).or_else(|| line.is_empty().then_some(""));
            if let Some(before) = before {
                hunk.before += before;
                hunk.before.push('\n');
            }
        }
    }
    hunks
}

#[test]
fn every_mistake_still_fits_the_source() {
    let patch = patch();
    let hunks = hunks(&patch);
    assert!(hunks.len() > 10, "{} hunks", hunks.len());
    for Hunk { file, before } in hunks {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let source = fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let places = source.matches(&before).count();
        assert_eq!(places, 1, "{file} has {places} places for:\n{before}");
    }
}

#[test]
fn every_mistake_that_is_listed_is_made_and_no_other() {
    let patch = patch();
    let listed: BTreeSet<&str> = patch
        .lines()
        .take_while(|line| !line.starts_with("diff "))
        .filter_map(|line| line.strip_prefix("* ")?.split_once(": "))
        .map(|(name, _)| name)
        .collect();
    let made: BTreeSet<&str> = patch
        .split("mutation(\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(listed, made);
    let script = include_str!("mutations/power_cut");
    let wanted = script.split("LINEPASS_MUTATION=").nth(1).and_then(|rest| rest.split(' ').next());
    assert!(wanted.is_some_and(|name| listed.contains(name)), "{wanted:?}");
}
