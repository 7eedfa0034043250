//! The operator API's own description: it is served, and what the running server answers and takes
//! is what it says.

mod common;

use common::{
    Demo,
    operator::{Operator, SAKURA, sample_path},
};
use linepass::web::operator::routes;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
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

#[test]
fn the_check_of_this_test_can_fail() {
    let document = json!({ "a": { "type": "string" } });
    let schema = json!({
        "type": "object", "required": ["n"],
        "properties": {
            "n": { "type": ["integer", "null"], "minimum": 0 },
            "s": { "$ref": "#/a" },
            "l": {
                "type": "array", "minItems": 1, "maxItems": 2,
                "items": { "oneOf": [{ "const": "x" }, { "enum": ["y"] }] },
            },
            "t": { "type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-zあ]+$" },
        },
        "anyOf": [{ "properties": { "n": { "const": null } } }, { "required": ["s"] }],
    });
    let good = |value: Value| check(&document, &schema, &value, "").is_ok();
    assert!(good(json!({ "n": 1, "s": "t", "l": ["x", "y"] })) && good(json!({ "n": null })));
    assert!(good(json!({ "n": null, "t": "ああa" })) && good(json!({ "n": 1, "s": "" })));
    for bad in [
        json!({}),
        json!([]),
        json!({ "n": "1" }),
        json!({ "n": -1, "s": "" }),
        json!({ "n": 1, "s": 2 }),
        json!({ "n": null, "l": ["z"] }),
        json!({ "n": null, "more": 1 }),
        json!({ "n": null, "l": [] }),
        json!({ "n": null, "l": ["x", "x", "x"] }),
        json!({ "n": null, "t": "a" }),
        json!({ "n": null, "t": "ああああ" }),
        json!({ "n": null, "t": "aA" }),
        json!({ "n": 1 }),
    ] {
        assert!(!good(bad.clone()), "{bad}");
    }
}

#[test]
fn what_the_running_server_answers_is_what_its_description_says() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let served = operator.get("/openapi.json");
    assert_eq!(served.header("content-type"), Some("application/json"));
    let document = served.json();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let schema = |method: &str, path: &str, content: &str| {
        let operation = &document["paths"][path][method.to_lowercase()];
        let found = operation.pointer(content).filter(|schema| schema.is_object());
        found.unwrap_or_else(|| panic!("{method} {path} {content}")).clone()
    };
    let conforms = |what: &str, schema: &Value, value: &Value| {
        check(&document, schema, value, what).unwrap_or_else(|fault| panic!("{fault}"));
    };

    // Each question of the table, with a body of the right kind where it answers 200.
    let mut asked = BTreeSet::new();
    for route in routes::all().filter(|route| route.method == "GET") {
        let answer = operator.get(&sample_path(route.path));
        if route.answer.media_type == "application/json" && answer.status == 200 {
            let schema =
                schema("GET", route.path, "/responses/200/content/application~1json/schema");
            conforms(route.path, &schema, &answer.json());
            asked.insert(route.path);
        }
    }
    assert!(asked.contains("/mails") && asked.contains("/lines/{customer}"), "{asked:?}");

    // Each kind of change, as its body says, rehearsed and made.
    for (method, pattern, body) in [
        ("POST", "/lines/{customer}/restrict", json!({ "kind": "company" })),
        ("POST", "/lines/{customer}/lift", json!({ "kind": "company" })),
        ("POST", "/lines/{customer}/transfer", json!({ "transfer": "rename" })),
        ("POST", "/lines/{customer}/billing", json!({ "change": "bulk_billing" })),
        ("POST", "/lines/{customer}/passports/{passport}/delete", json!({})),
        (
            "POST",
            "/overdue/import",
            json!({ "rows": [{
            "customer_id": SAKURA, "month": "2026-10", "due": "2026-12-31", "status": "unpaid",
        }] }),
        ),
        ("POST", "/lines/{customer}/erase", json!({})),
        ("POST", "/retention/sweep", json!({})),
        (
            "POST",
            "/lines/import",
            json!({ "rows": [
            { "line": 2, "fields": { "customer_id": SAKURA, "mail": "a@example.jp" } },
            { "line": 3, "fields": { "customer_id": SAKURA, "nickname": "a" } },
            { "line": 4, "fields": { "customer_id": SAKURA, "service": "b_flets" } },
        ] }),
        ),
        ("PUT", "/lines/{customer}/networks", json!({ "networks": ["203.0.113.5"] })),
        ("PUT", "/lines/{customer}/limit", json!({ "line_limit_yen": 40_000 })),
        ("POST", "/lines/{customer}/access-key/reset", json!({})),
        (
            "POST",
            "/providers",
            json!({
                "provider": "c-sha", "name": "C社", "redirect_uris": ["https://c.example/cb"],
            }),
        ),
        ("PATCH", "/providers/{provider}", json!({ "contact_hours": "9:00–17:00" })),
        ("POST", "/providers/{provider}/secrets/rotate", json!({ "draw": true })),
        (
            "POST",
            "/providers/{provider}/services",
            json!({ "services": [
            { "service": "pack", "name": "見放題", "kind": "monthly", "unit_price_yen": 500 },
        ] }),
        ),
        ("POST", "/providers/{provider}/services/{service}/retire", json!({})),
        ("PUT", "/maintenance", json!({ "message": "設備の更新を行っています。" })),
        ("DELETE", "/maintenance", json!({})),
        ("POST", "/mails/retry", json!({ "all": true })),
        ("POST", "/keys/rotate", json!({ "kind": "signing" })),
        ("POST", "/tokens", json!({ "name": "nobody", "role": "billing" })),
        ("DELETE", "/tokens/{token_name}", json!({})),
    ] {
        for dry_run in [true, false] {
            let mut body = body.clone();
            body["reason"] = json!("form 31");
            body["dry_run"] = json!(dry_run);
            let of_body = "/requestBody/content/application~1json/schema";
            conforms(pattern, &schema(method, pattern, of_body), &body);
            let answer = operator.change(method, &sample_path(pattern), &body);
            assert_eq!(answer["dry_run"], dry_run, "{answer}");
            let of_answer = "/responses/200/content/application~1json/schema";
            conforms(pattern, &schema(method, pattern, of_answer), &answer);
        }
    }
}

#[test]
fn what_was_not_done_is_the_problem_that_the_operation_has_for_the_status() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let document = operator.get("/openapi.json").json();
    let line = format!("/lines/{SAKURA}");
    for (method, pattern, refused) in [
        ("GET", "/lines/{customer}", operator.get("/lines/CAF0000099999")),
        ("GET", "/lines/{customer}", operator.get("/lines/CAF")),
        ("GET", "/lines/{customer}", operator.send("PATCH", &line, "")),
        (
            "POST",
            "/lines/{customer}/restrict",
            operator.send("POST", &format!("{line}/restrict"), "{"),
        ),
        ("POST", "/tokens", operator.send("POST", "/tokens", &" ".repeat(20_000))),
    ] {
        assert!(refused.status >= 400, "{refused:?}");
        let operation = &document["paths"][pattern][method.to_lowercase()];
        let reference = &operation["responses"][refused.status.to_string()]["$ref"];
        let pointer = reference.as_str().unwrap_or_else(|| panic!("{refused:?} {operation}"));
        let told = document.pointer(pointer.trim_start_matches('#')).expect("it leads somewhere");
        let schema = &told["content"]["application/problem+json"]["schema"];
        check(&document, schema, &refused.json(), "problem")
            .unwrap_or_else(|fault| panic!("{fault}"));
        for name in told["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert!(refused.header(&name.to_lowercase()).is_some(), "{name}: {refused:?}");
        }
    }
}

/// What nobody would read is refused, so that no change is made that was meant as a rehearsal.
#[test]
fn a_query_that_an_address_does_not_take_is_refused() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let body = json!({ "kind": "company", "reason": "form 31" }).to_string();
    let path = format!("/lines/{SAKURA}/restrict?dry_run=true");
    for refused in [
        operator.send("POST", &path, &body),
        operator.get("/tokens?limit=1"),
        operator.get("/overdue?limit=1"),
        operator.get(&format!("/lines/{SAKURA}/passports?names=true&names=false")),
    ] {
        assert_eq!(refused.status, 422, "{refused:?}");
        assert_eq!(refused.json()["code"], "invalid_request");
    }
    let line = operator.get(&format!("/lines/{SAKURA}?")).json();
    assert_eq!(line["company_stop"], Value::Null, "{line}");
}

/// RFC 9110 section 15.5.16.
#[test]
fn a_body_of_another_media_type_is_refused_with_415() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let token = format!("Bearer {}", operator.token);
    let url = format!("{}/operator/v1/maintenance", operator.url);
    let put = |media_type: Option<&str>| {
        let request = ureq::http::Request::builder().method("PUT").uri(&url);
        let request = request.header("authorization", &token);
        let request =
            media_type.into_iter().fold(request, |r, value| r.header("content-type", value));
        let body = json!({ "reason": "form 31", "dry_run": true }).to_string();
        let sent = common::Http::new().0.run(request.body(body).expect("a request"));
        common::answer(sent.expect("an answer"))
    };
    for taken in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(put(Some(taken)).status, 200, "{taken}");
    }
    for refused in [None, Some("text/plain"), Some("application/json-patch+json"), Some("")] {
        let answer = put(refused);
        assert_eq!(answer.status, 415, "{refused:?}: {answer:?}");
        assert_eq!(answer.json()["code"], "unsupported_media_type");
    }
}
