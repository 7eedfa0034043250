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

#[test]
fn the_check_of_this_test_can_fail() {
    let document = json!({ "a": { "type": "string" } });
    let schema = json!({
        "type": "object", "required": ["n"],
        "properties": {
            "n": { "type": ["integer", "null"], "minimum": 0 },
            "s": { "$ref": "#/a" },
            "l": { "type": "array", "items": { "oneOf": [{ "const": "x" }, { "enum": ["y"] }] } },
        },
    });
    let good = |value: Value| check(&document, &schema, &value, "").is_ok();
    assert!(good(json!({ "n": 1, "s": "t", "l": ["x", "y"] })) && good(json!({ "n": null })));
    for bad in [
        json!({}),
        json!([]),
        json!({ "n": "1" }),
        json!({ "n": -1 }),
        json!({ "n": 1, "s": 2 }),
        json!({ "n": 1, "l": ["z"] }),
        json!({ "n": 1, "more": 1 }),
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
    let line = format!("/lines/{SAKURA}");
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

    // Whatever was not done is the problem that the components describe.
    let problem = &document["components"]["responses"]["Problem"]["content"];
    let problem = &problem["application/problem+json"]["schema"];
    for refused in [
        operator.get("/lines/CAF0000099999"),
        operator.get("/nothing"),
        operator.send("POST", &format!("{line}/restrict"), "{"),
        operator.send("PATCH", &line, ""),
    ] {
        assert!(refused.status >= 400, "{refused:?}");
        conforms("problem", problem, &refused.json());
    }
}
