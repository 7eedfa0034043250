//! The operator API's own description: it is served, and what the running server answers and takes
//! is what it says.

mod common;
mod schema;

use common::{
    Demo,
    operator::{Operator, SAKURA, sample_path},
};
use linepass::web::operator::routes;
use schema::check;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Questions that a demo which was just started does not answer with JSON, and why.
const NOT_ASKED: [(&str, &str); 2] = [
    ("/backup/parts", "no backup was begun; tests/backup_parts.rs asks for them"),
    ("/bills/{month}/lines", "no month is closed"),
];
/// Changes that a demo which was just started does not take, and why.
const NOT_MADE: [(&str, &str, &str); 14] = [
    ("POST", "/audit/verify", "a walk changes nothing and is not rehearsed"),
    ("POST", "/backup", "a backup changes nothing and is not rehearsed"),
    ("POST", "/backup/end", "no backup was begun"),
    ("POST", "/bills/{month}/close", "the month that runs cannot be closed"),
    ("POST", "/bills/{month}/corrections", "no month is closed"),
    ("POST", "/lines/{customer}/contracts/{contract}/end", "nothing was bought"),
    ("POST", "/lines/{customer}/disclose", "no bill is unpaid"),
    ("POST", "/lines/{customer}/holds/release", "nobody guessed"),
    ("POST", "/lines/{customer}/stop-collecting", "no bill is unpaid"),
    ("POST", "/providers/{provider}/webhook", "the first address needs a key with it"),
    ("POST", "/providers/{provider}/webhook/keys/rotate", "there is no address"),
    ("POST", "/verify", "a look changes nothing and is not rehearsed"),
    ("POST", "/verify/ledger", "the same"),
    ("POST", "/webhooks/replay", "there is no address"),
];

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

/// Each kind of change that a demo which was just started takes: its method, its pattern, its body.
fn changes() -> Vec<(&'static str, &'static str, Value)> {
    vec![
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
        ("PUT", "/log", json!({ "level": "info", "for_s": 60 })),
    ]
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
        let query = match route.path {
            "/audit/entries" => "?system=true",
            "/verify/orders" => "?provider=a-sha",
            _ => "",
        };
        let answer = operator.get(&format!("{}{query}", sample_path(route.path)));
        if route.answer.media_type == "application/json" && answer.status == 200 {
            let schema =
                schema("GET", route.path, "/responses/200/content/application~1json/schema");
            conforms(route.path, &schema, &answer.json());
            asked.insert(route.path);
        }
    }
    // What a new demo does not answer, with the reason; everything else was held against its schema.
    let not_asked: BTreeSet<_> = routes::all()
        .filter(|route| route.method == "GET" && !asked.contains(route.path))
        .map(|route| route.path)
        .collect();
    assert_eq!(not_asked, BTreeSet::from(NOT_ASKED.map(|(path, _)| path)), "of the questions");

    // Each kind of change, as its body says, rehearsed and made.
    let mut made = BTreeSet::new();
    for (method, pattern, body) in changes() {
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
        made.insert((method, pattern));
    }
    let not_made: BTreeSet<_> = routes::all()
        .filter(|route| route.method != "GET")
        .map(|route| (route.method.to_string(), route.path))
        .filter(|(method, path)| !made.contains(&(method.as_str(), *path)))
        .collect();
    assert_eq!(
        not_made,
        BTreeSet::from(NOT_MADE.map(|(method, path, _)| (method.to_owned(), path)))
    );
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
