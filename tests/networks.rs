//! `linepass line networks` and `line limit` against the real binary: a prefix goes from line to
//! line at one instant (R-175, security.md 57).

mod common;

use common::{
    Browser, Demo, anime,
    door::decision_of,
    operator::{Operator, SAKURA},
    portal::MOMIJI,
    unique,
};
use serde_json::{Value, json};

type Ran = (Option<i32>, String, String);

fn run(operator: &Operator, arguments: &[&str]) -> Ran {
    let output = operator.run(arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn set(operator: &Operator, customer: &str, networks: &str, more: &[&str]) -> Ran {
    let fixed = ["line", "networks", customer, "--set", networks, "--reason", "moved house"];
    run(operator, &[&fixed, more].concat())
}

/// The status of a login and why it was refused.
fn log_in(demo: &Demo, id: &str) -> (u16, Value) {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    let answer = browser.log_in(&flow, id, demo.password(id));
    let reason = match answer.status {
        403 => decision_of(demo, "login", &answer)["reason"].clone(),
        _ => Value::Null,
    };
    (answer.status, reason)
}

#[test]
fn a_prefix_that_moved_lets_the_old_line_in_no_more_at_once_r_175() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    // Both lines are awake, with line authentication on.
    assert_eq!(log_in(&demo, "sakura01"), (303, Value::Null));
    assert_eq!(log_in(&demo, "momiji01"), (403, json!("foreign_line")));

    let (code, out, _) = set(&operator, MOMIJI, "127.0.0.1/32", &["--dry-run"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("Nothing was changed; it would be:\n"), "{out}");
    assert!(out.contains(&format!("taken from {SAKURA}")), "{out}");
    assert_eq!(log_in(&demo, "sakura01"), (303, Value::Null));

    let (code, out, talk) = set(&operator, MOMIJI, "127.0.0.1", &["--json"]);
    assert_eq!((code, talk.as_str()), (Some(0), ""));
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(told["networks"], json!(["127.0.0.1/32"]));
    assert_eq!(told["taken_from"][0]["customer_id"], SAKURA);
    assert_eq!(log_in(&demo, "sakura01"), (403, json!("foreign_line")));
    assert_eq!(log_in(&demo, "momiji01"), (303, Value::Null));
}

#[test]
fn what_is_no_households_prefix_is_refused_and_changes_nothing() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    for (networks, told) in [
        ("nowhere", "networks: nowhere is no address prefix"),
        ("10.0.0.0/8", "networks: 10.0.0.0/8 is wider"),
        ("203.0.113.5/24", "did you mean 203.0.113.0/24"),
        ("2001:db8::/56,2001:db8::/64", "share addresses"),
    ] {
        let (code, out, talk) = set(&operator, MOMIJI, networks, &[]);
        assert_eq!((code, out.as_str()), (Some(3), ""), "{networks}");
        assert!(talk.contains(told), "{talk}");
    }
    // One prefix seventeen times is seventeen prefixes.
    let many = json!({ "networks": vec!["203.0.113.5"; 17], "reason": "moved house" });
    let path = format!("/lines/{MOMIJI}/networks");
    let refused = operator.send("PUT", &path, &many.to_string());
    assert_eq!((refused.status, refused.json()["code"].clone()), (422, json!("invalid_request")));
    assert_eq!(set(&operator, "CAF0000099999", "203.0.113.5", &[]).0, Some(4));
    assert_eq!(set(&operator, "caf1", "203.0.113.5", &[]).0, Some(2));
    assert_eq!(log_in(&demo, "sakura01").0, 303);
}

#[test]
fn the_lines_limit_is_the_operators_and_not_below_its_ids_r_159() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let limit = |yen: &str, more: &[&str]| {
        let fixed = ["line", "limit", SAKURA, "--yen", yen, "--reason", "form 40"];
        run(&operator, &[&fixed, more].concat())
    };
    let now = || operator.get(&format!("/lines/{SAKURA}")).json()["line_limit_yen"].clone();
    let before = now();
    let (code, out, _) = limit("50000", &["--dry-run"]);
    assert_eq!((code, now()), (Some(0), before.clone()), "{out}");
    let (code, out, _) = limit("50000", &[]);
    assert_eq!(code, Some(0));
    assert_eq!(out, format!("{SAKURA}  line limit  50000 yen (before: {before} yen)\n"));
    assert_eq!(now(), 50000);
    let (code, out, talk) = limit("1", &[]);
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(talk.contains("would exceed the line's limit"), "{talk}");
    assert_eq!(limit("10000000", &[]).0, Some(3));
    assert_eq!(limit("-1", &[]).0, Some(2));
    assert_eq!(now(), 50000);
}
