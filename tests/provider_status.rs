//! What a provider asks afterwards (interfaces.md 1.3): its orders and contracts through all that
//! becomes of them, and nothing of anybody else's.

mod common;
mod inside;
mod schema;

use common::{
    Answer, Browser, Demo, Options, Provider, anime,
    contracts::{Receipt, cancel, receipt, subscribe},
    door::{code, decision_of, own_headers, send, tampered, userinfo},
    operator::{Operator, SAKURA},
    purchase,
    status::assert_problem,
    unique,
};
use inside::Inside;
use linepass::{domain::ids::ReceiptNumber, web::provider::status::ROUTES};
use schema::conforms;
use serde_json::{Value, json};

/// Buys one 名作アニメ1 of B社, per use.
fn buy(demo: &Demo, reference: &str) -> Receipt {
    let browser = Browser::new(demo.issuer());
    let flow = purchase(demo, &browser, "sakura01", &anime(reference));
    receipt(&demo.provider(), &browser, &flow)
}

fn assert_told(answer: &Answer, expected: &Value) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.json(), *expected);
}

fn by_reference(provider: &Provider, token: &str, reference: &str) -> Answer {
    provider.ask(token, &format!("/purchases?reference={reference}"))
}

fn contract(provider: &Provider, token: &str, contract: &str) -> Value {
    let told = provider.ask(token, &format!("/contracts/{contract}"));
    assert_eq!(told.status, 200, "{told:?}");
    told.json()
}

#[test]
fn a_purchase_is_told_as_its_receipt_by_reference_and_number_and_after_a_restart() {
    let demo = Demo::start();
    let provider = demo.provider();
    let token = provider.own_token();
    let reference = unique();
    // Until it is bought there is nothing (interfaces.md 1.1).
    provider.push(Some(&anime(&reference)));
    let before = by_reference(&provider, &token, &reference);
    assert_problem(&before, 404, "not_found", "no completed order");
    let bought = buy(&demo, &reference);
    let number = bought.text("receipt_number");
    let told = by_reference(&provider, &token, &reference);
    assert_told(&told, &bought.0);
    assert_told(&provider.ask(&token, &format!("/purchases/{number}")), &bought.0);
    // One decision line for each, which names the line and nothing else of the household.
    let line = decision_of(&demo, "look_up_order", &told);
    assert_eq!((&line["outcome"], &line["line"]), (&json!("accepted"), &json!(SAKURA)));
    assert_eq!((&line["provider"], &line["service"]), (&json!("b-sha"), &json!("anime-1")));
    assert!(line["latency_us"].is_u64() && line["source"] == "127.0.0.1", "{line}");
    assert!(!line.to_string().contains(&token) && !line.to_string().contains("sakura01"));
    let line = decision_of(&demo, "look_up_order", &before);
    assert_eq!((&line["outcome"], &line["reason"]), (&json!("refused"), &json!("not_found")));
    assert_eq!(line.get("line"), None, "{line}");
    // HEAD is asked like GET.
    let url = format!("{}/provider/v1/purchases/{number}", demo.issuer());
    let head = send(&provider.http, "HEAD", &url, &[("authorization", &format!("Bearer {token}"))]);
    assert_eq!((head.status, head.body.as_str()), (200, ""), "{head:?}");

    let folder = demo.kill().expect("its own folder");
    let again = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    let provider = again.provider();
    // The token is good over a restart: nothing is decided by it.
    assert_told(&by_reference(&provider, &token, &reference), &bought.0);
    assert_told(&provider.ask(&token, &format!("/purchases/{number}")), &bought.0);
}

#[test]
fn a_contract_is_told_live_and_after_a_cancellation_with_both_receipts() {
    let now = Some("2026-11-23T21:00:00+09:00");
    let demo = Demo::with(&Options { now, ..Options::default() });
    let provider = demo.other_provider();
    let token = provider.own_token();
    let bought = subscribe(&demo, "sakura01");
    let number = bought.contract();
    let live = json!({
        "contract": number, "service": "pack", "status": "live",
        "bought_at": bought.0["completed_at"], "first_charge_month": "2026-11",
    });
    assert_eq!(contract(&provider, &token, &number), live);

    let cancelled = cancel(&demo, "sakura01", &number);
    let mut ended = live;
    ended["status"] = json!("ended");
    ended["ended_at"] = cancelled.0["completed_at"].clone();
    ended["last_charge_month"] = cancelled.0["last_charge_month"].clone();
    ended["reason"] = json!("customer");
    let told = provider.ask(&token, &format!("/contracts/{number}"));
    assert_told(&told, &ended);
    let line = decision_of(&demo, "look_up_contract", &told);
    assert_eq!((&line["outcome"], &line["line"]), (&json!("accepted"), &json!(SAKURA)));
    for receipt in [&bought, &cancelled] {
        let (reference, number) = (receipt.text("reference"), receipt.text("receipt_number"));
        assert_told(&by_reference(&provider, &token, &reference), &receipt.0);
        assert_told(&provider.ask(&token, &format!("/purchases/{number}")), &receipt.0);
    }
    // The number of a cancellation and that of a purchase per use are no contract's.
    let cancelled = format!("/contracts/K-{}", cancelled.text("receipt_number"));
    let none = provider.ask(&token, &cancelled);
    assert_problem(&none, 404, "not_found", "no contract");
    let per_use = buy(&demo, &unique()).text("receipt_number");
    let seller = demo.provider();
    let none = seller.ask(&seller.own_token(), &format!("/contracts/K-{per_use}"));
    assert_problem(&none, 404, "not_found", "no contract");
}

#[test]
fn who_ended_a_contract_is_told_and_no_more_interfaces_1_4() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let provider = demo.other_provider();
    let token = provider.own_token();
    let line = format!("/lines/{SAKURA}");
    let by_operator = subscribe(&demo, "sakura01").contract();
    let path = format!("{line}/contracts/{by_operator}/end");
    operator.change("POST", &path, &json!({ "reason": "form 8" }));
    let deleted = subscribe(&demo, "sakura02").contract();
    let path = format!("{line}/passports/2/delete");
    operator.change("POST", &path, &json!({ "reason": "form 9" }));
    // The company's stop ends nothing and is nobody's business.
    let restricted = subscribe(&demo, "sakura01").contract();
    operator.restrict(SAKURA, "company");
    assert_eq!(contract(&provider, &token, &restricted)["status"], "live");
    operator.lift(SAKURA, "company");
    operator.restrict(SAKURA, "customer");
    operator.lift(SAKURA, "customer");
    let line_ended = subscribe(&demo, "sakura01").contract();
    let path = format!("{line}/transfer");
    operator.change("POST", &path, &json!({ "transfer": "termination", "reason": "form 11" }));

    let expected = [
        (by_operator, "operator"),
        (deleted, "passport_deleted"),
        (restricted, "restriction"),
        (line_ended, "line_ended"),
    ];
    let told: Vec<Value> =
        expected.iter().map(|(number, _)| contract(&provider, &token, number)).collect();
    for ((number, reason), told) in expected.iter().zip(&told) {
        assert_eq!((&told["contract"], &told["status"]), (&json!(number), &json!("ended")));
        assert_eq!(told["reason"], *reason, "{told}");
        let mut fields: Vec<&str> = told.as_object().expect("one").keys().map(|k| &**k).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "bought_at",
                "contract",
                "ended_at",
                "first_charge_month",
                "last_charge_month",
                "reason",
                "service",
                "status",
            ]
        );
    }
    // And all of it after a restart, of a line that is asleep.
    let folder = demo.kill().expect("its own folder");
    let again = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    let provider = again.other_provider();
    for ((number, _), told) in expected.iter().zip(&told) {
        assert_eq!(contract(&provider, &token, number), *told);
    }
}

#[test]
fn what_is_anothers_is_what_does_not_exist_to_the_byte() {
    let demo = Demo::start();
    let (owner, other) = (demo.other_provider(), demo.provider());
    let token = other.own_token();
    let bought = subscribe(&demo, "sakura01");
    let cancelled = cancel(&demo, "sakura01", &bought.contract());
    let live = subscribe(&demo, "sakura02").contract();
    let none = ReceiptNumber::from_serial(ReceiptNumber::LAST_SERIAL).expect("a number");
    let pairs = [
        (
            format!("/purchases?reference={}", bought.text("reference")),
            "/purchases?reference=x".into(),
        ),
        (
            format!("/purchases?reference={}", cancelled.text("reference")),
            "/purchases?reference=x".into(),
        ),
        (format!("/purchases/{}", bought.text("receipt_number")), format!("/purchases/{none}")),
        (format!("/purchases/{}", cancelled.text("receipt_number")), format!("/purchases/{none}")),
        (format!("/contracts/{}", bought.contract()), format!("/contracts/K-{none}")),
        (format!("/contracts/{live}"), format!("/contracts/K-{none}")),
    ];
    let own_token = owner.own_token();
    for (others, nobodys) in pairs {
        let is_contract = others.starts_with("/contracts");
        let action = if is_contract { "look_up_contract" } else { "look_up_order" };
        assert_eq!(owner.ask(&own_token, &others).status, 200, "{others}");
        let (others, nobodys) = (other.ask(&token, &others), other.ask(&token, &nobodys));
        assert_problem(&others, 404, "not_found", "no ");
        assert_eq!(others.body, nobodys.body);
        assert_eq!(own_headers(&others), own_headers(&nobodys));
        let line = decision_of(&demo, action, &others).get("line").cloned();
        assert_eq!(line, None);
    }
}

#[test]
fn only_a_providers_own_token_asks_rfc_6750_3() {
    let demo = Demo::start();
    let provider = demo.provider();
    let number = buy(&demo, &unique()).text("receipt_number");
    let path = format!("/purchases/{number}");
    let challenge = |answer: &Answer| answer.header("www-authenticate").map(str::to_owned);
    let token = provider.own_token();
    let bearer = format!("Bearer {token}");
    assert_eq!(provider.ask(&token, &path).status, 200);
    // No token: a bare challenge, also for one in a place where none is looked for.
    for headers in
        [vec![], vec![("authorization", "Bearer")], vec![("authorization", "Basic YTpi")]]
    {
        let refused = provider.ask_with(&path, &headers);
        assert_problem(&refused, 401, "unauthorized", "wanted is an access token");
        assert_eq!(challenge(&refused).as_deref(), Some("Bearer realm=\"linepass\""));
    }
    // Two are wrong by their form, whatever stands in them.
    for other in [bearer.as_str(), "Basic YTpi"] {
        let two = [("authorization", other), ("authorization", bearer.as_str())];
        let refused = provider.ask_with(&path, &two);
        assert_problem(&refused, 400, "invalid_request", "Authorization: must stand once");
        let expected = "Bearer realm=\"linepass\", error=\"invalid_request\"";
        assert_eq!(challenge(&refused).as_deref(), Some(expected));
    }
    let in_address = provider.ask_with(&format!("{path}?access_token={token}"), &[]);
    assert_problem(&in_address, 401, "unauthorized", "wanted is an access token");

    let household = provider.exchange(&code(&demo, &provider, "sakura01")).json();
    let household = household["access_token"].as_str().expect("a token");
    for wrong in ["garbage", &tampered(&token), "a b"] {
        let refused = provider.ask(wrong, &path);
        assert_problem(&refused, 401, "invalid_token", "the access token");
        let expected = "Bearer realm=\"linepass\", error=\"invalid_token\"";
        assert_eq!(challenge(&refused).as_deref(), Some(expected), "{wrong}");
    }
    // A household's token is good, and not for this.
    let refused = provider.ask(household, &path);
    assert_problem(&refused, 403, "insufficient_scope", "wanted is a token");
    let expected =
        "Bearer realm=\"linepass\", error=\"insufficient_scope\", scope=\"purchases:read\"";
    assert_eq!(challenge(&refused).as_deref(), Some(expected));
    assert_eq!(userinfo(&provider, household).status, 200);
    // And the other way round.
    let refused = userinfo(&provider, &token);
    assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("invalid_token")));

    let operator = Operator::of(&demo);
    let set = |suspended: bool| {
        let body = json!({ "suspended": suspended, "reason": "form 5" });
        operator.change("PATCH", "/providers/b-sha", &body);
        provider.ask(&token, &path)
    };
    let refused = set(true);
    assert_problem(&refused, 401, "invalid_token", "the access token");
    let line = decision_of(&demo, "look_up_order", &refused);
    assert_eq!((&line["reason"], line.get("provider")), (&json!("invalid_token"), None), "{line}");
    assert_eq!(set(false).status, 200);
}

#[test]
fn a_token_is_good_as_long_as_it_says_and_no_longer() {
    let inside = Inside::start(&[]);
    let provider = inside.provider();
    let told = provider.ask_own_token().json();
    let token = told["access_token"].as_str().expect("a token");
    let lifetime_s = told["expires_in"].as_u64().expect("seconds");
    let began = inside.host.now();
    let ask_after = |seconds: u64| {
        inside.host.set(began.after_s(seconds));
        by_reference(&provider, token, "none")
    };
    assert_problem(&ask_after(lifetime_s - 1), 404, "not_found", "no completed order");
    assert_problem(&ask_after(lifetime_s + 1), 401, "invalid_token", "the access token");
}

#[test]
fn a_question_that_cannot_be_read_is_told_by_the_parameters_name() {
    let demo = Demo::start();
    let provider = demo.provider();
    let token = provider.own_token();
    let long = "a".repeat(65);
    let number = buy(&demo, &unique()).text("receipt_number");
    let contract = format!("K-{number}");
    for (path, begins) in [
        ("/purchases".to_owned(), "reference: is missing"),
        ("/purchases?".to_owned(), "reference: is missing"),
        ("/purchases?reference=".to_owned(), "reference: is missing"),
        ("/purchases?reference=a&reference=a".to_owned(), "reference: must stand once"),
        ("/purchases?reference=a&referenc%65=b".to_owned(), "reference: must stand once"),
        ("/purchases?reference=a&page=2".to_owned(), "page: is not known"),
        ("/purchases?Reference=a".to_owned(), "Reference: is not known"),
        (format!("/purchases?reference={long}"), "reference: wanted is 1 to 64"),
        ("/purchases?reference=a%0Ab".to_owned(), "reference: wanted is 1 to 64"),
        ("/purchases?reference=%ff".to_owned(), "reference: must be UTF-8"),
        (format!("/purchases?reference={}", "a".repeat(9_000)), "reference: has more than"),
        (format!("/purchases/{number}?reference=a"), "reference: is not known"),
        (format!("/contracts/{contract}?x"), "x: is not known"),
        ("/purchases/100000000017".to_owned(), "receipt_number: wanted is twelve digits"),
        ("/purchases/1".to_owned(), "receipt_number: wanted is"),
        (format!("/purchases/{contract}"), "receipt_number: wanted is"),
        ("/purchases/%00".to_owned(), "receipt_number: wanted is"),
        (format!("/contracts/{number}"), "contract: wanted is K-"),
        ("/contracts/k-100000000016".to_owned(), "contract: wanted is K-"),
        ("/contracts/%F0%9F%8D%A3".to_owned(), "contract: wanted is K-"),
    ] {
        let refused = provider.ask(&token, &path);
        assert_problem(&refused, 400, "invalid_request", begins);
        // Whoever shows no token learns nothing of it.
        assert_eq!(provider.ask_with(&path, &[]).status, 401, "{path}");
    }
    // A reference may have what an address has to escape.
    let reference = "o/1 &=%+é".replace('é', "~");
    let bought = buy(&demo, &reference);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("reference", &reference)
        .finish();
    assert_told(&provider.ask(&token, &format!("/purchases?{query}")), &bought.0);

    for path in ["", "/", "/purchase", "/purchases/", "/contracts", "/contracts/a/b", "/nothing"] {
        assert_problem(&provider.ask(&token, path), 404, "no_such_route", "nothing stands");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        for path in ["/purchases", "/purchases/1", "/contracts/1", "/openapi.json"] {
            let url = format!("{}/provider/v1{path}", demo.issuer());
            let refused = send(&provider.http, method, &url, &[]);
            assert_problem(&refused, 405, "method_not_allowed", "the methods");
            assert_eq!(refused.header("allow"), Some("GET, HEAD"));
        }
    }
}

#[test]
fn maintenance_is_told_as_a_problem_and_the_document_stays_r_171() {
    let demo = Demo::start();
    let provider = demo.provider();
    let token = provider.own_token();
    let operator = Operator::of(&demo);
    operator.change("PUT", "/maintenance", &json!({ "reason": "work" }));
    for path in ["/purchases?reference=a", "/contracts/K-100000000016", "/nothing"] {
        let refused = provider.ask(&token, path);
        assert_problem(&refused, 503, "maintenance", "system maintenance");
        let seconds = refused.header("retry-after").expect("a time").parse::<u64>();
        assert!(seconds.expect("seconds") > 0);
    }
    assert_eq!(provider.ask_with("/openapi.json", &[]).status, 200);
    operator.change("DELETE", "/maintenance", &json!({ "reason": "done" }));
    let told = provider.ask(&token, "/purchases?reference=a");
    assert_problem(&told, 404, "not_found", "no completed order");
}

#[test]
fn what_the_running_server_answers_is_what_its_description_says() {
    let demo = Demo::start();
    let provider = demo.other_provider();
    let token = provider.own_token();
    let served = provider.ask_with("/openapi.json", &[]);
    assert_eq!((served.status, served.header("content-type")), (200, Some("application/json")));
    let document = served.json();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let live = subscribe(&demo, "sakura02");
    let ended = subscribe(&demo, "sakura01");
    let cancelled = cancel(&demo, "sakura01", &ended.contract());
    let per_use = buy(&demo, &unique());
    let seller = demo.provider();
    let seller_token = seller.own_token();

    // Each route of the table with what it finds and what it does not, as the status says.
    let mut asked = Vec::new();
    let mut ask = |route: &'static str, status: u16, answer: Answer| {
        assert_eq!(answer.status, status, "{route}: {answer:?}");
        conforms(&document, route, &answer);
        asked.push((route, status));
    };
    ask("/openapi.json", 200, served);
    for receipt in [&live, &ended, &cancelled] {
        let reference = format!("/purchases?reference={}", receipt.text("reference"));
        ask("/purchases", 200, provider.ask(&token, &reference));
        let number = format!("/purchases/{}", receipt.text("receipt_number"));
        ask("/purchases/{receipt_number}", 200, provider.ask(&token, &number));
    }
    let number = format!("/purchases/{}", per_use.text("receipt_number"));
    ask("/purchases/{receipt_number}", 200, seller.ask(&seller_token, &number));
    for receipt in [&live, &ended] {
        let path = format!("/contracts/{}", receipt.contract());
        ask("/contracts/{contract}", 200, provider.ask(&token, &path));
    }
    let household = provider.exchange(&code(&demo, &provider, "sakura01")).json();
    let household = household["access_token"].as_str().expect("a token");
    let none = ReceiptNumber::from_serial(ReceiptNumber::LAST_SERIAL).expect("a number");
    let (no_receipt, no_contract) = (format!("/purchases/{none}"), format!("/contracts/K-{none}"));
    for (route, good, bad) in [
        ("/purchases", "/purchases?reference=a", "/purchases"),
        ("/purchases/{receipt_number}", &no_receipt, "/purchases/1"),
        ("/contracts/{contract}", &no_contract, "/contracts/1"),
    ] {
        ask(route, 400, provider.ask(&token, bad));
        ask(route, 401, provider.ask_with(good, &[]));
        ask(route, 403, provider.ask(household, good));
        ask(route, 404, provider.ask(&token, good));
        let url = format!("{}/provider/v1{good}", demo.issuer());
        ask(route, 405, send(&provider.http, "POST", &url, &[]));
    }
    Operator::of(&demo).change("PUT", "/maintenance", &json!({ "reason": "work" }));
    for (route, path) in [("/purchases", "/purchases"), ("/contracts/{contract}", "/contracts/1")] {
        ask(route, 503, provider.ask(&token, path));
    }
    for route in ROUTES {
        assert!(asked.contains(&(route.path, 200)), "nobody asked {}", route.path);
    }
}
