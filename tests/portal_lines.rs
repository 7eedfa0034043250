//! One household's own pages against another line: its IDs cannot be told from none, its drafts are
//! nobody else's, and a form takes the fields that it asks for, once each.

mod common;

use common::{
    Demo,
    door::{assert_own_page, own_headers, without_own},
    operator::{Operator, SAKURA},
    portal::{
        APPLICANT, BUTTONS, CHANGED_MAIL, Household, MOMIJI, PASSWORD, before_every_button, pairs,
        state, wanted, without_nonce,
    },
};
use serde_json::Value;

/// The pages of one ID.
const OF_AN_ID: [&str; 6] =
    ["", "/delete", "/change", "/change/items", "/change/confirm", "/change/done"];

#[test]
fn an_id_of_another_line_cannot_be_told_from_none_security_42() {
    let demo = Demo::start();
    let (sakura, momiji) = (Household::sakura(&demo), Household::of(&demo, MOMIJI));
    // ID 2 is sakura02; momiji's line has only ID 1. ID 3 is nobody's.
    let numbers =
        ["2", "3", "99", "0", "01", "+1", "-1", "4294967297", "momiji01", "%E4%B8%80", "1%00"];
    for page in OF_AN_ID {
        let ask = |number: &str| {
            let path = format!("ids/{number}{page}");
            let mut answer = momiji.open(&path);
            assert_own_page(&answer, 404);
            answer.body = answer.body.replace(&momiji.path(&path), "");
            answer
        };
        let answers = numbers.map(ask);
        for (number, answer) in numbers.iter().zip(&answers) {
            assert_eq!(without_own(answer), without_own(&answers[0]), "{number}{page}");
            let names = own_headers(answer).into_iter().map(|(name, _)| name);
            assert_eq!(
                names.collect::<Vec<_>>(),
                own_headers(&answers[0]).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
            );
        }
    }
    let csrf = momiji.csrf("ids/1/change");
    for page in ["/change", "/change/items", "/change/confirm"] {
        for number in ["2", "99"] {
            let form = [&[("csrf", &*csrf)], &APPLICANT[..]].concat();
            assert_own_page(&momiji.post(&format!("ids/{number}{page}"), &form), 404);
        }
    }
    let body = |page: &str| without_nonce(&momiji.see(page)).replace(page, "");
    assert_eq!(body("inquiry?id=2"), body("inquiry?id=99"));
    assert!(momiji.see("inquiry?id=1").body.contains("momiji01"));
    for page in ["statement", "statement.csv"] {
        let ask = |number: u32| momiji.open(&format!("{page}?passport={number}"));
        let (theirs, nobodys) = (ask(2), ask(99));
        assert_eq!((theirs.status, nobodys.status), (422, 422), "{page}");
        assert_eq!(without_nonce(&theirs), without_nonce(&nobodys), "{page}");
    }
    let asked: Vec<Value> = demo
        .log()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| {
            line["message"] == "a household asked for an ID that is not on its line"
        })
        .collect();
    assert!(
        asked.len() >= numbers.len() && asked.iter().all(|line| line["line"] == MOMIJI),
        "{asked:?}"
    );
    assert_eq!(sakura.listed(&["sakura01", "sakura02", "momiji01"]), [true, true, false]);
}

#[test]
fn id_2_of_one_line_is_never_the_others_security_42() {
    let demo = Demo::start();
    let (sakura, momiji) = (Household::sakura(&demo), Household::of(&demo, MOMIJI));
    momiji.register_up_to_confirm("momiji02");
    momiji.step("register/confirm", &[], "register/done");
    let own = |household: &Household, theirs: &str, others: &str| {
        for page in ["ids/2", "ids/2/delete", "ids/2/change", "inquiry?id=2", "limits", "details"] {
            let body = household.see(page).body;
            assert!(body.contains(theirs) && !body.contains(others), "{page}: {body}");
        }
    };
    own(&sakura, "sakura02", "momiji0");
    own(&momiji, "momiji02", "sakura0");
    let untouched = state(&demo, &sakura);
    // A change of ID 2 is of the own one, even with what the other household had begun.
    sakura.change_up_to_confirm(2, &CHANGED_MAIL);
    let theirs = sakura.hidden("ids/2/change/confirm");
    let cookie = sakura.browser.cookies.borrow()["lp_change"].clone();
    momiji.browser.cookies.borrow_mut().insert("lp_change".into(), cookie);
    assert_own_page(&momiji.post("ids/2/change/confirm", &pairs(&theirs)), 403);
    let mut mixed = theirs.clone();
    mixed.insert("csrf".into(), momiji_token(&momiji));
    assert_eq!(momiji.post("ids/2/change/confirm", &pairs(&mixed)).location(), "/wso/ids/2/change");
    assert!(!momiji.see("ids/2").body.contains("new@ngn.example"));

    let items =
        [("passport_id", "kaede777"), ("mail", "m@ngn.example"), ("mail_again", "m@ngn.example")];
    momiji.change_up_to_confirm(2, &items);
    momiji.step("ids/2/change/confirm", &[], "ids/2/change/done");
    momiji.step("limits", &[("limit_2", "7,777")], "limits/confirm");
    momiji.step("limits/confirm", &[], "limits/done");
    assert!(momiji.see("ids/2").body.contains("kaede777"));
    assert!(sakura.see("ids/2").body.contains("sakura02"));
    assert_eq!(state(&demo, &sakura), untouched);
}

/// The token of the form that would confirm a change of ID 2, had the household filled one in.
fn momiji_token(momiji: &Household) -> String {
    let fresh = momiji.browser.cookies.borrow()["lp_change"].clone();
    momiji.change_up_to_confirm(2, &[("mail", "x@ngn.example"), ("mail_again", "x@ngn.example")]);
    let token = momiji.csrf("ids/2/change/confirm");
    momiji.browser.cookies.borrow_mut().insert("lp_change".into(), fresh);
    token
}

#[test]
fn what_a_form_adds_is_ignored_security_43() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    let momiji = Household::of(&demo, MOMIJI);
    let others = state(&demo, &momiji);
    let limit_before = line_limit(&demo);
    let more = [
        ("line_limit", "999999"),
        ("line_limit_yen", "999999"),
        ("restricted", "false"),
        ("owner", MOMIJI),
        ("customer_id", MOMIJI),
        ("passport", "2"),
        ("number", "2"),
        ("limit_99", "5000"),
        ("limit", "999999"),
        ("accepted_at_us", "1"),
        ("password_hash", "$argon2id$v=19$m=64"),
        ("is_contractor", "true"),
    ];
    let with = |typed: &[(&'static str, &'static str)]| [typed, &more].concat();
    household.step("limits", &with(&[("limit_1", "8,000")]), "limits/confirm");
    household.step("limits/confirm", &with(&[("limit_1", "1")]), "limits/done");
    household.step("register", &with(&[("agree", "yes")]), "register/applicant");
    household.step("register/applicant", &with(&APPLICANT), "register/id");
    let typed = with(&wanted("ume00003", PASSWORD, "tarou@ngn.example"));
    household.step("register/id", &typed, "register/confirm");
    household.step("register/confirm", &with(&[("passport_id", "evil0001")]), "register/done");
    household.step("ids/1/change", &with(&APPLICANT), "ids/1/change/items");
    household.step("ids/1/change/items", &with(&CHANGED_MAIL), "ids/1/change/confirm");
    household.step(
        "ids/1/change/confirm",
        &with(&[("mail", "evil@ngn.example")]),
        "ids/1/change/done",
    );
    assert_eq!(
        household.listed(&["sakura01", "sakura02", "ume00003", "evil0001"]),
        [true, true, true, false]
    );
    let one = household.see("ids/1").body;
    assert!(one.contains("8,000円") && one.contains("new@ngn.example"), "{one}");
    assert!(household.see("ids/2").body.contains("sakura02@example.jp"));
    assert_eq!(line_limit(&demo), limit_before);
    assert_eq!(state(&demo, &momiji), others);
}

#[test]
fn what_stands_twice_is_refused_security_44() {
    let demo = Demo::start();
    let (household, own) = before_every_button(&demo);
    let before = state(&demo, &household);
    for (page, typed) in BUTTONS {
        let form = [&pairs(&own[page])[..], typed].concat();
        for doubled in [form[0], ("x", "1")] {
            let twice = [&form[..], &[doubled, doubled]].concat();
            assert_own_page(&household.post(page, &twice), 400);
        }
    }
    let limits = household.hidden("limits");
    let twice = [&pairs(&limits)[..], &[("limit_1", "1"), ("limit_1", "9000")]].concat();
    assert_own_page(&household.post("limits", &twice), 400);
    assert_own_page(&household.open("statement?month=2026%2F11&month=2026%2F10"), 400);
    let raw = format!("csrf={}&%63srf=x", own["inquiry"]["csrf"]);
    let cookie = household.browser.cookie_header();
    let url = format!("{}/wso/inquiry", demo.issuer());
    let answer = household.browser.http.try_post_raw(&url, &[("cookie", &cookie)], &raw);
    assert_own_page(&answer.expect("an answer"), 400);
    assert_eq!(state(&demo, &household), before);
}

fn line_limit(demo: &Demo) -> Value {
    Operator::of(demo).get(&format!("/lines/{SAKURA}")).json()["line_limit_yen"].clone()
}
