//! The file with the defaults: its keys, comments and ranges are those of the code, and the fuzzer knows them.

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Value};

use super::tests::from_environment;
use super::*;

#[test]
fn every_key_of_the_file_is_a_field_and_every_field_a_key() {
    let file: Dict = Toml::from_str(DEFAULT_TOML).unwrap();
    // An unknown key or a missing one fails here.
    let config: Config = Value::from(file.clone()).deserialize().unwrap();
    let written: Dict = Value::serialize(&config).unwrap().into_dict().unwrap();
    let keys = |tree: &Dict| {
        let names = |(section, keys): (&String, &Value)| {
            let keys = keys.as_dict().unwrap().keys().map(|key| format!("{section}.{key}"));
            keys.collect::<Vec<_>>()
        };
        tree.iter().flat_map(names).collect::<Vec<_>>()
    };
    assert_eq!(keys(&file), keys(&written));
    assert_eq!(scan::entries(DEFAULT_TOML).len(), keys(&file).len());
    for key in keys(&file) {
        let (from, to) = (Value::from(file.clone()), Value::from(written.clone()));
        assert_eq!(
            serde_json::to_value(from.find(&key)).unwrap(),
            serde_json::to_value(to.find(&key)).unwrap(),
            "{key}"
        );
    }
    assert!(config.faults().is_empty() && config.warnings().is_empty());
}

#[test]
fn every_key_has_a_comment_with_what_is_allowed_and_its_default() {
    for entry in scan::entries(DEFAULT_TOML) {
        let comment = entry.comment.join(" ");
        let allowed = scan::allowed(DEFAULT_TOML, &entry.key);
        assert!(allowed.is_some_and(|text| !text.is_empty()), "{}", entry.key);
        let (_, default) = comment.split_once("Default: ").unwrap();
        let line = DEFAULT_TOML.lines().nth(entry.line - 1).unwrap();
        let (_, value) = line.split_once(" = ").unwrap();
        assert!(default.starts_with(value), "{}: {default} is not {value}", entry.key);
        let unit = entry.key.rsplit('_').next().unwrap();
        let units = [("ms", "milliseconds"), ("s", "seconds"), ("bytes", "bytes"), ("kib", "KiB")];
        if let Some((_, unit)) = units.iter().find(|(suffix, _)| *suffix == unit) {
            assert!(comment.contains(&format!("Unit: {unit}")), "{}", entry.key);
        }
    }
}

/// A comment that names another range than the code holds fails here.
#[test]
fn ranges_in_comments_are_those_in_force() {
    let mut seen = 0;
    for entry in scan::entries(DEFAULT_TOML) {
        let allowed = scan::allowed(DEFAULT_TOML, &entry.key).unwrap();
        let range = allowed.split(',').next().unwrap().split_once(" to ");
        let Some((Ok(least), Ok(most))) =
            range.map(|(least, most)| (least.parse::<i64>(), most.parse::<i64>()))
        else {
            continue;
        };
        seen += 1;
        let (section, name) = entry.key.split_once('.').unwrap();
        let variable = format!("LINEPASS__{section}__{name}").to_uppercase();
        let expected = format!("a whole number from {least} to {most}");
        for value in [least, most, least - 1, most + 1] {
            let result = from_environment(&[(&variable, &value.to_string())]);
            let refused = result.is_err_and(|errors| errors.to_string().contains(&expected));
            assert_eq!(refused, !(least..=most).contains(&value), "{} = {value}", entry.key);
        }
    }
    assert!(seen > 30, "only {seen} ranges found");
}

/// What the fuzzer puts together from this has every key and section of the file.
#[test]
fn the_dictionary_of_the_fuzz_target_has_every_key_and_section() {
    let words = include_str!("../../fuzz/dictionaries/config");
    let lines = DEFAULT_TOML.lines();
    let wanted = lines.filter_map(|line| match line.split_once(" = ") {
        Some((key, _)) if !key.starts_with('#') && !key.contains('"') => {
            Some(format!("\"{key} = \""))
        }
        _ => line.starts_with('[').then(|| format!("\"{line}\"")),
    });
    let missing: Vec<_> = wanted.filter(|word| !words.lines().any(|line| line == word)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
