//! The household's own pages under attack: pages without a session, forged forms, the headers of
//! every answer, and maintenance.

mod common;

use common::{
    Answer, Browser, Demo, Options,
    door::{assert_own_page, send},
    operator::{Operator, SAKURA},
    portal::{BUTTONS, Household, PASSWORD, before_every_button, hidden, pairs, state, wanted},
};
use std::{collections::BTreeSet, fs, path::Path};

/// Pages that are only looked at.
const SHOWN: [&str; 12] = [
    "/",
    "/contacts",
    "/details",
    "/ids/{number}",
    "/ids/{number}/change/done",
    "/ids/{number}/delete",
    "/inquiry/done",
    "/limits/done",
    "/register/done",
    "/restrict/done",
    "/statement",
    "/statement.csv",
];
/// Pages with a form.
const ASKED: [&str; 13] = [
    "/ids/{number}/change",
    "/ids/{number}/change/confirm",
    "/ids/{number}/change/items",
    "/inquiry",
    "/limits",
    "/limits/confirm",
    "/register",
    "/register/applicant",
    "/register/confirm",
    "/register/id",
    "/restrict",
    "/restrict/confirm",
    "/sessions",
];
/// The entrance, which needs no session, and the form that every page carries.
const SIGNING: [&str; 2] = ["/login", "/logout"];

/// The addresses that stand right after a call in a text, and how many calls have something else
/// than a literal.
fn literals(text: &str, call: &str) -> (Vec<String>, usize) {
    let calls = text.match_indices(call).filter(|(at, _)| {
        let before = text[..*at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && before != '_' && !text[..*at].ends_with("fn ")
    });
    let (mut found, mut others) = (Vec::new(), 0);
    for (at, _) in calls {
        match text[at + call.len()..].trim_start().strip_prefix('"') {
            Some(rest) if rest.starts_with('/') => {
                found.push(rest.split('"').next().expect("its end").to_owned());
            }
            Some(_) => {}
            None => others += 1,
        }
    }
    (found, others)
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("the source").map(|entry| entry.expect("one").path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                return sources(&path);
            }
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap_or_default();
            let is_source = path.extension().is_some_and(|extension| extension == "rs");
            if is_source { vec![(name, text)] } else { Vec::new() }
        })
        .collect()
}

/// A new page of the portal stands in no list above: it is added to the list, and with it to the
/// test that nobody sees it without a session.
#[test]
fn the_lists_above_are_all_the_pages_that_there_are() {
    let (mut shown, mut asked, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for (name, text) in sources(Path::new("src/web/portal")) {
        let (mut pages, mut forms) = (literals(&text, "shown(").0, literals(&text, "asked(").0);
        let (mut resources, others) = literals(&text, "web::resource(");
        let services = text.matches(".service(").count();
        if name == "mod.rs" && text.contains("pub fn routes(service: &mut ServiceConfig)") {
            assert_eq!((others, services), (3, 2), "the portal's routes are made elsewhere too");
        } else {
            let found = pages.len() + forms.len() + resources.len();
            assert_eq!((others, services), (0, found), "{name} has a page of another kind");
            assert!(!text.contains(".route(\"") && !text.contains("web::scope("), "{name}");
        }
        shown.append(&mut pages);
        asked.append(&mut forms);
        bare.append(&mut resources);
    }
    let sorted = |mut paths: Vec<String>| {
        paths.sort();
        paths
    };
    assert_eq!(
        (sorted(shown), sorted(asked)),
        (SHOWN.map(Into::into).to_vec(), ASKED.map(Into::into).to_vec())
    );
    assert_eq!(sorted(bare), SIGNING);
    let (found, others) = literals("a(\n  \"/x\") fn a(\"/n\") ba(\"/y\") a(z) a(\"/w\")", "a(");
    assert_eq!((found, others), (vec!["/x".to_owned(), "/w".to_owned()], 1), "it can fail");
}

#[test]
fn no_page_is_seen_without_a_session() {
    let demo = Demo::start();
    let stranger = Browser::new(demo.issuer());
    let origin = demo.issuer().to_owned();
    for base in ["/wso", "/wso_v6"] {
        assert_eq!(stranger.open(base).location(), format!("{base}/"));
        let login = format!("{base}/login");
        let all =
            SHOWN.iter().map(|page| (*page, false)).chain(ASKED.iter().map(|page| (*page, true)));
        for (page, takes_form) in all {
            let path = format!("{base}{}", page.replace("{number}", "1"));
            let url = format!("{}{path}?lang=en&x=1", demo.issuer());
            let headers = [("origin", origin.as_str())];
            let mut answers = vec![
                send(&stranger.http, "GET", &url, &[]),
                send(&stranger.http, "HEAD", &url, &[]),
            ];
            let posted = stranger.http.post(&url, &headers, &[("csrf", "x"), ("agree", "yes")]);
            if takes_form {
                answers.push(posted);
            } else {
                assert_eq!(
                    (posted.status, posted.header("allow")),
                    (405, Some("GET, HEAD")),
                    "{path}"
                );
            }
            for answer in answers {
                assert_eq!(
                    (answer.status, answer.location()),
                    (303, &*login),
                    "{path}: {answer:?}"
                );
                assert_eq!(
                    (answer.body.as_str(), answer.header("set-cookie")),
                    ("", None),
                    "{path}"
                );
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
            }
            // What is no session is none.
            let cookie = [("cookie", "lp_portal=eyJ1IjoiQ0FGMDAwMDAxMjU3MyJ9")];
            let answer = stranger.http.get(&url, &cookie);
            assert_eq!((answer.status, answer.location()), (303, &*format!("{login}?over=1")));
            for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
                assert_eq!(send(&stranger.http, method, &url, &[]).status, 405, "{method} {path}");
            }
        }
        let logout = stranger.post(&format!("{base}/logout"), &[("csrf", "x")]);
        assert_eq!((logout.status, logout.location()), (303, &*login));
        assert_own_page(&stranger.open(&format!("{base}/nothing")), 404);
    }
}

#[test]
fn a_form_without_its_own_token_changes_nothing_security_24() {
    let demo = Demo::start();
    let (other, others) = before_every_button(&demo);
    let (household, own) = before_every_button(&demo);
    let before = state(&demo, &household);
    let sign_out = hidden(&household.see(""), "/wso/logout")["csrf"].clone();
    let earlier_steps = [household.csrf("register"), household.csrf("ids/1/change")];
    for (page, typed) in BUTTONS {
        let foreign =
            own.iter().filter(|(form, _)| **form != page).map(|(_, hidden)| &hidden["csrf"]);
        let tokens: Vec<&str> = foreign
            .chain([&others[page]["csrf"], &sign_out])
            .chain(&earlier_steps)
            .map(String::as_str)
            .chain(["", "x"])
            .collect();
        for token in tokens {
            let mut form = own[page].clone();
            form.insert("csrf".into(), token.into());
            assert_own_page(&household.post(page, &[&pairs(&form)[..], typed].concat()), 403);
        }
        let mut form = own[page].clone();
        form.remove("csrf");
        assert_own_page(&household.post(page, &[&pairs(&form)[..], typed].concat()), 403);
    }
    for token in ["", "x", &own["inquiry"]["csrf"]] {
        assert_own_page(&household.post("logout", &[("csrf", token)]), 403);
    }
    assert_eq!(state(&demo, &household), before);
    other.see("");
    // The right ones are taken.
    for (page, typed) in BUTTONS {
        let sent = household.post(page, &[&pairs(&own[page])[..], typed].concat());
        assert_eq!(sent.status, 303, "{page}: {sent:?}");
        assert_ne!(sent.location(), household.path(page), "{page}");
    }
    assert_ne!(state(&demo, &household), before);
}

#[test]
fn a_form_from_elsewhere_changes_nothing_security_25() {
    let demo = Demo::start();
    let (household, own) = before_every_button(&demo);
    let before = state(&demo, &household);
    let issuer = demo.issuer();
    let extended = format!("{issuer}.evil.example");
    let entrance = Household::at(issuer);
    let sign_in = entrance.hidden("login");
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "")],
        vec![("origin", extended.as_str())],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", issuer), ("sec-fetch-site", "cross-site")],
    ] {
        for (page, typed) in BUTTONS {
            let form = [&pairs(&own[page])[..], typed].concat();
            let path = household.path(page);
            assert_own_page(&household.browser.post_with(&path, &headers, &form), 403);
        }
        let logout = hidden(&household.see(""), "/wso/logout");
        let path = household.path("logout");
        assert_own_page(&household.browser.post_with(&path, &headers, &pairs(&logout)), 403);
        let typed = [("customer_id", SAKURA), ("access_key", "12345678")];
        let form = [&pairs(&sign_in)[..], &typed].concat();
        assert_own_page(&entrance.browser.post_with("/wso/login", &headers, &form), 403);
    }
    assert_eq!(state(&demo, &household), before);
    let tried = demo.decisions("sign_in");
    assert!(tried.iter().all(|line| line["outcome"] == "accepted"), "no key was looked at");
}

#[test]
fn reading_changes_nothing_however_it_is_asked_security_26() {
    let demo = Demo::start();
    let (household, own) = before_every_button(&demo);
    let before = state(&demo, &household);
    for (page, typed) in BUTTONS {
        let form = [&pairs(&own[page])[..], typed].concat();
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        household.see(&format!("{page}?{query}"));
    }
    let token = hidden(&household.see(""), "/wso/logout")["csrf"].clone();
    for method in ["GET", "HEAD", "PUT"] {
        let url = format!("{}/wso/logout?csrf={token}", demo.issuer());
        let cookie = household.browser.cookie_header();
        let answer = send(&household.browser.http, method, &url, &[("cookie", &cookie)]);
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
    household.see("");
    assert_eq!(state(&demo, &household), before);
}

#[test]
fn every_answer_carries_the_same_protection_security_29_49() {
    let env = vec![("LINEPASS__PORTAL__NAME_CHECKS_PER_HOUR", "1".to_owned())];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let (household, own) = before_every_button(&demo);
    let stranger = Household::at(demo.issuer());
    let large = [("text", &*"x".repeat(65_537))];
    let url = format!("{}/wso/details", demo.issuer());
    let cookie = household.browser.cookie_header();
    let mut answers = vec![
        (200, stranger.open("login")),
        (200, household.open("details")),
        (200, household.open("statement.csv")),
        (303, stranger.open("details")),
        (303, household.open("ids/1/change/done")),
        (400, household.post("inquiry", &[("csrf", "x"), ("csrf", "x")])),
        (403, household.post("inquiry", &[("csrf", "x")])),
        (403, stranger.sign_in(SAKURA, "00000000")),
        (404, household.open("ids/99")),
        (404, household.open("nothing")),
        (405, send(&household.browser.http, "DELETE", &url, &[("cookie", &cookie)])),
        (413, household.post("inquiry", &large)),
        (422, household.submit("inquiry", &[])),
        (429, household.submit("register/id", &wanted("kiku0004", PASSWORD, "a@ngn.example"))),
        (303, household.post("restrict/confirm", &pairs(&own["restrict/confirm"]))),
        (409, household.open("restrict")),
    ];
    let operator = Operator::of(&demo);
    operator.change("PUT", "/maintenance", &serde_json::json!({ "reason": "r" }));
    answers.push((503, household.open("details")));
    let mut nonces = BTreeSet::new();
    let policy_of = |answer: &Answer| {
        let policy = answer.header("content-security-policy").expect("a policy").to_owned();
        let (before, rest) = policy.split_once("'nonce-").expect("a nonce");
        let (nonce, after) = rest.split_once('\'').expect("its end");
        (nonce.to_owned(), format!("{before}{after}"))
    };
    let (_, policy) = policy_of(&answers[0].1);
    for part in
        ["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part) && !policy.contains("unsafe-"), "{policy}");
    }
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status, "{answer:?}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}: {answer:?}");
        }
        let (nonce, same) = policy_of(answer);
        assert_eq!(same, policy);
        // 22 characters of base64url are 132 bits (ASVS 7.2.3).
        assert!(nonce.len() >= 22 && nonces.insert(nonce.clone()), "{nonce} came twice");
        let is_page =
            answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        if is_page && !answer.body.is_empty() {
            assert!(answer.body.contains(&format!("nonce=\"{nonce}\"")), "{answer:?}");
            assert!(!answer.body.contains(" style=") && !answer.body.contains(" onclick="));
        }
    }
}

#[test]
fn maintenance_closes_the_portal_and_ends_no_session() {
    let demo = Demo::start();
    let (household, own) = before_every_button(&demo);
    let before = state(&demo, &household);
    let operator = Operator::of(&demo);
    operator.change("PUT", "/maintenance", &serde_json::json!({ "reason": "release" }));
    let stranger = Household::at(demo.issuer());
    for page in SHOWN.iter().chain(&ASKED).chain(&SIGNING) {
        let page = page.trim_start_matches('/').replace("{number}", "1");
        for answer in [household.open(&page), stranger.open(&page)] {
            assert_own_page(&answer, 503);
            assert!(answer.body.contains("ただいまシステムメンテナンス中です。"), "{page}");
            assert_eq!(answer.header("retry-after"), Some("300"), "{page}");
            assert!(!answer.body.contains(SAKURA), "{page}");
        }
    }
    for (page, typed) in BUTTONS {
        let form = [&pairs(&own[page])[..], typed].concat();
        assert_own_page(&household.post(page, &form), 503);
    }
    let end = serde_json::json!({ "reason": "release is out" });
    operator.change("DELETE", "/maintenance", &end);
    assert_eq!(state(&demo, &household), before);
    // The household goes on where it stood.
    household.step("register/confirm", &[], "register/done");
}
