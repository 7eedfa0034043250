//! JSON held against its schema in an `OpenAPI` document of ours.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::common::Answer;
use regex::Regex;
use serde_json::Value;

/// What does not say how a value looks.
const TALK: &[&str] = &["description", "title", "format", "default", "examples", "$schema"];

/// Whether a text or a list has as many characters or items as `bound` allows.
fn is_within(word: &str, bound: &Value, value: &Value) -> bool {
    let count = match (word, value) {
        ("minLength" | "maxLength", Value::String(text)) => text.chars().count(),
        ("minItems" | "maxItems", Value::Array(items)) => items.len(),
        _ => return true,
    };
    let bound = usize::try_from(bound.as_u64().expect("a number")).expect("it fits");
    if word.starts_with("min") { count >= bound } else { count <= bound }
}

/// Whether a value is as its schema says, with the words that our schemas use; another word is a
/// panic, so that none is passed over. A field that the schema does not know is a fault too.
pub fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Value::Object(words) = schema else {
        return if schema == &Value::Bool(true) { Ok(()) } else { Err(format!("{at}: {schema}")) };
    };
    let ok = |good: bool| if good { Ok(()) } else { Err(format!("{at}: {value} is not {schema}")) };
    for (word, told) in words.iter().filter(|(word, _)| !TALK.contains(&word.as_str())) {
        match word.as_str() {
            "$ref" => {
                let pointer = told.as_str().expect("a text").trim_start_matches('#');
                let schema = document.pointer(pointer).expect("it leads somewhere");
                check(document, schema, value, at)?;
            }
            "type" => {
                let one = std::slice::from_ref(told);
                let types = told.as_array().map_or(one, Vec::as_slice);
                ok(types.iter().any(|name| is(name.as_str().expect("a type"), value)))?;
            }
            "enum" => ok(told.as_array().expect("values").contains(value))?,
            "const" => ok(told == value)?,
            "minimum" => ok(value.as_f64().is_none_or(|n| n >= told.as_f64().expect("a number")))?,
            "maximum" => ok(value.as_f64().is_none_or(|n| n <= told.as_f64().expect("a number")))?,
            "minLength" | "maxLength" | "minItems" | "maxItems" => {
                ok(is_within(word, told, value))?;
            }
            "pattern" => {
                let pattern = Regex::new(told.as_str().expect("a text")).expect("a pattern");
                ok(value.as_str().is_none_or(|text| pattern.is_match(text)))?;
            }
            "anyOf" | "oneOf" => {
                let tries = told.as_array().expect("schemas").iter();
                let fits = tries.filter(|one| check(document, one, value, at).is_ok()).count();
                ok(if word == "oneOf" { fits == 1 } else { fits > 0 })?;
            }
            "required" => {
                for name in told.as_array().expect("names") {
                    ok(!value.is_object() || value.get(name.as_str().expect("a name")).is_some())?;
                }
            }
            "properties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    let at = format!("{at}/{name}");
                    match told.get(name) {
                        Some(known) => check(document, known, value, &at)?,
                        // What only adds a condition to an object describes no other field of it.
                        None if words.contains_key("type") => {
                            return Err(format!("{at}: is not described"));
                        }
                        None => {}
                    }
                }
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, told, value, &format!("{at}/{index}"))?;
                }
            }
            // Fields beside `properties` are faults here in any case.
            "additionalProperties" if words.contains_key("properties") => {}
            "additionalProperties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    check(document, told, value, &format!("{at}/{name}"))?;
                }
            }
            other => panic!("{at}: this test does not know {other}"),
        }
    }
    Ok(())
}

/// Whether an answer to GET at this route is one that the document tells, with its headers.
pub fn conforms(document: &Value, route: &str, answer: &Answer) {
    let responses = &document["paths"][route]["get"]["responses"];
    let mut told = &responses[answer.status.to_string()];
    if let Some(reference) = told["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        told = document.pointer(pointer).expect("it leads somewhere");
    }
    let media = answer.header("content-type").expect("a type");
    let schema = &told["content"][media]["schema"];
    assert!(schema.is_object(), "{route}: {answer:?}");
    check(document, schema, &answer.json(), route).unwrap_or_else(|fault| panic!("{fault}"));
    for name in told["headers"].as_object().into_iter().flat_map(serde_json::Map::keys) {
        assert!(answer.header(&name.to_lowercase()).is_some(), "{route}: {name}: {answer:?}");
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type {other}"),
    }
}
