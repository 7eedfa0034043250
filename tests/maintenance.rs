//! システムメンテナンス中 (R-171): what households and providers meet while it is on, what stays
//! open, and that a restart changes nothing of it.

mod common;

use common::{
    Answer, Browser, Demo, Options, REDIRECT_URI, anime,
    door::{assert_own_page, decisions, press, userinfo},
    operator::Operator,
    unique,
};
use serde_json::{Value, json};

const WORDS: [&str; 4] = [
    "システムメンテナンス中",
    "ただいまシステムメンテナンス中です。",
    "お客様には大変ご迷惑をお掛けいたしますが、しばらくお待ちくださいますようお願いいたします。",
    ">閉じる</a>",
];

fn begin(operator: &Operator, message: Option<&str>, until: Option<&str>) -> Value {
    let body = json!({ "reason": "release 1.4", "message": message, "until": until });
    operator.change("PUT", "/maintenance", &body)
}

fn end(operator: &Operator) -> Value {
    operator.change("DELETE", "/maintenance", &json!({ "reason": "release 1.4 is out" }))
}

fn assert_page(page: &Answer, flow: &common::Flow) {
    assert_own_page(page, 503);
    for words in WORDS {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(page.body.contains(&format!("href=\"{}/back\"", flow.path)), "{}", page.body);
    assert!(page.header("retry-after").is_some_and(|s| s.parse::<u32>().is_ok()), "{page:?}");
    assert!(!page.body.contains("http-equiv"), "never a redirect by itself");
}

fn assert_back(back: &Answer) {
    assert_eq!(back.status, 303, "{back:?}");
    assert!(back.location().starts_with(REDIRECT_URI), "{back:?}");
    assert_eq!(back.parameter("error").as_deref(), Some("temporarily_unavailable"));
    assert_eq!(back.parameter("state").as_deref(), Some("state-1"));
    assert!(back.parameter("iss").is_some() && back.parameter("code").is_none());
}

#[test]
fn households_meet_the_page_and_its_way_back_r_171() {
    let demo = Demo::start();
    let (operator, browser) = (Operator::of(&demo), Browser::new(demo.issuer()));
    let before = demo.provider().push(Some(&anime(&unique())));
    begin(&operator, Some("設備を更新しています。"), Some("2099-12-01T05:00:00+09:00"));
    let flow = browser.arrive(&before);
    let page = browser.open(&format!("{}/login", flow.path));
    assert_page(&page, &flow);
    assert_eq!(page.header("retry-after"), Some("86400"), "no longer than a day");
    assert!(page.body.contains("設備を更新しています。"), "{}", page.body);
    assert!(page.body.contains("終了予定") && page.body.contains("2099年12月1日"), "{}", page.body);
    let password = demo.password("sakura01");
    let form = [("csrf", "x"), ("passport_id", "sakura01"), ("password", password)];
    assert_page(&browser.post(&format!("{}/login", flow.path), &form), &flow);
    assert!(demo.decisions("login").is_empty(), "no password is looked at");
    assert_back(&browser.open(&format!("{}/back", flow.path)));

    // A flow that nobody knows has no way back (security.md 31).
    let stranger = Browser::new(demo.issuer());
    let page = stranger.open(&format!("{}/login", flow.path));
    assert_own_page(&page, 503);
    assert!(!page.body.contains("/back\""), "{}", page.body);
    assert_own_page(&stranger.open(&format!("{}/back", flow.path)), 400);

    let english = stranger
        .http
        .get(&format!("{}{}/login", demo.issuer(), flow.path), &[("accept-language", "en")]);
    assert!(english.body.contains("The system is under maintenance."), "{}", english.body);
}

#[test]
fn a_purchase_at_its_confirmation_is_refused_and_its_order_stays_open() {
    let demo = Demo::start();
    let (operator, browser) = (Operator::of(&demo), Browser::new(demo.issuer()));
    let details = anime(&unique());
    let flow = browser.arrive(&demo.provider().push(Some(&details)));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let csrf = browser.confirmation(&flow).csrf();
    begin(&operator, None, None);
    let refused = press(&browser, &flow.path, &csrf);
    assert_page(&refused, &flow);
    assert_eq!(refused.header("retry-after"), Some("300"));
    for page in ["success", "confirm", "complete", "return"] {
        assert_page(&browser.open(&format!("{}/{page}", flow.path)), &flow);
    }
    assert!(demo.decisions("purchase").is_empty(), "nothing was decided");
    end(&operator);
    // The same page is good again, and the order with it.
    let bought = press(&browser, &flow.path, &csrf);
    assert!(bought.status == 303 && bought.location().ends_with("/complete"), "{bought:?}");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    assert_eq!(demo.provider().exchange(&code).status, 200);
}

#[test]
fn providers_are_told_to_come_again_and_lose_nothing() {
    let demo = Demo::start();
    let (operator, provider) = (Operator::of(&demo), demo.provider());
    let browser = Browser::new(demo.issuer());
    let flow = common::purchase(&demo, &browser, "sakura01", &anime(&unique()));
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    begin(&operator, None, Some("2099-01-01T00:00:00Z"));
    let refused = [
        provider.push_form(&provider.parameters(Some(&anime(&unique())))),
        provider.exchange(&code),
        userinfo(&provider, "none"),
    ];
    for answer in refused {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), Some("86400"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // What changes nothing is told as ever.
    for path in ["/.well-known/openid-configuration", "/oauth/jwks.json", "/"] {
        assert_eq!(browser.open(path).status, 200, "{path}");
    }
    end(&operator);
    assert_eq!(provider.exchange(&code).status, 200, "the code was not used up");
}

#[test]
fn an_address_written_with_escapes_is_as_closed_as_it_is_without() {
    let demo = Demo::start();
    let (operator, provider) = (Operator::of(&demo), demo.provider());
    let bought = Browser::new(demo.issuer());
    let flow = common::purchase(&demo, &bought, "sakura01", &anime(&unique()));
    let code = bought.go_back(&flow).parameter("code").expect("a code");
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.push(Some(&anime(&unique()))));
    browser.log_in(&flow, "sakura02", demo.password("sakura02"));
    let csrf = browser.confirmation(&flow).csrf();
    begin(&operator, None, None);
    for path in ["/oauth/%74oken", "/%6fauth/token", "/%6Fauth/%70ar", "/oauth/nothing"] {
        let refused = browser.post(path, &[("grant_type", "authorization_code"), ("code", &code)]);
        assert_eq!(refused.status, 503, "{path}: {refused:?}");
        assert_eq!(refused.json()["error"], "temporarily_unavailable", "{path}");
    }
    let id = flow.path.strip_prefix("/flow/").expect("a flow");
    for path in [format!("/%66low/{id}/confirm"), format!("/flow/{id}/c%6fnfirm")] {
        let refused = browser.post(&path, &[("csrf", &csrf)]);
        assert_page(&refused, &flow);
    }
    assert_eq!(browser.open("/nothing").status, 503, "what is not named as open is closed");
    assert_back(&browser.open(&format!("/%66low/{id}/b%61ck")));
    end(&operator);
    assert_eq!(provider.exchange(&code).status, 200, "the code was not used up");
    // Lines stand in their order: what was written before this one is there.
    decisions(&demo, "exchange_code", 1);
    assert_eq!(demo.decisions("purchase").len(), 1, "the one before");
}

#[test]
fn it_survives_a_restart_and_monitoring_sees_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || Options { folder: Some(folder.path()), ..Default::default() };
    let mut demo = Demo::with(&options());
    let operator = Operator::of(&demo);
    assert_eq!(
        operator.get("/maintenance").json(),
        json!({ "on": false, "message": null, "until": null })
    );
    begin(&operator, Some("設備の更新"), None);
    assert!(demo.terminate().success());

    let demo = Demo::with(&options());
    let (operator, browser) = (Operator::of(&demo), Browser::new(demo.issuer()));
    let status = json!({ "on": true, "message": "設備の更新", "until": null });
    assert_eq!(operator.get("/maintenance").json(), status);
    let url = |path: &str| format!("{}{path}", operator.url);
    // It is up, and it is this server that shows the page: both stay good.
    assert_eq!(browser.http.get(&url("/healthz"), &[]).status, 200);
    let ready = browser.http.get(&url("/readyz"), &[]);
    assert_eq!((ready.status, &ready.json()["maintenance"]), (200, &json!(true)));
    assert_eq!(demo.provider().push_form(&demo.provider().parameters(None)).status, 503);
    end(&operator);
    assert_eq!(demo.provider().push_form(&demo.provider().parameters(None)).status, 201);
}

#[test]
fn what_cannot_be_taken_changes_nothing_and_the_commands_say_so() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let long = "あ".repeat(121);
    for (body, status) in [
        (json!({ "message": "no reason" }), 422),
        (json!({ "reason": "r", "message": "" }), 422),
        (json!({ "reason": "r", "message": long }), 422),
        (json!({ "reason": "r", "until": "tomorrow" }), 422),
        (json!({ "reason": "r", "until": "2020-01-01T00:00:00Z" }), 422),
    ] {
        assert_eq!(
            operator.send("PUT", "/maintenance", &body.to_string()).status,
            status,
            "{body}"
        );
    }
    let off = operator.send("DELETE", "/maintenance", r#"{"reason":"r"}"#);
    assert_eq!((off.status, &off.json()["code"]), (409, &json!("not_in_maintenance")));

    let run = |arguments: &[&str]| {
        let output = operator.run(arguments);
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let on = ["maintenance", "on", "--reason", "release", "--message", "設備の更新"];
    let rehearsed = run(&[&on[..], &["--dry-run"]].concat());
    assert!(rehearsed.1.starts_with("Nothing was changed"), "{rehearsed:?}");
    assert_eq!(run(&["maintenance", "status"]), (Some(0), "maintenance is off\n".to_owned()));
    assert_eq!(run(&["maintenance", "off", "--reason", "r", "--dry-run"]).0, Some(3));
    let begun = run(&[&on[..], &["--until", "2099-01-01T00:00:00+09:00", "--json"]].concat());
    let told: Value = serde_json::from_str(&begun.1).expect("JSON");
    assert_eq!((begun.0, &told["on"], &told["dry_run"]), (Some(0), &json!(true), &json!(false)));
    assert!(run(&["maintenance", "status"]).1.contains("2099-01-01T00:00:00+09:00"));
    assert_eq!(run(&["maintenance", "off", "--reason", "done"]).0, Some(0));
    assert_eq!(run(&["maintenance", "off", "--reason", "done"]).0, Some(3));
    assert_eq!(run(&["maintenance", "on"]).0, Some(2));
}
