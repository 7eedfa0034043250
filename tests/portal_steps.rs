//! The procedures of the household's own pages: no step is skipped, a button pressed twice or by
//! many at once does its work once, and fields take what their rules allow.

mod common;

use common::{
    Answer, Browser, Demo, Options,
    door::{assert_own_page, decision_of},
    operator::Operator,
    order,
    portal::{APPLICANT, Household, MOMIJI, PASSWORD, access_key, hidden, pairs, wanted},
    unique,
};
use std::collections::BTreeMap;

const MAIL: &str = "tarou@ngn.example";

#[test]
fn steps_come_in_order_security_38() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    let leads = |page: &str, to: &str| {
        let answer = household.open(page);
        assert_eq!((answer.status, answer.location()), (303, &*household.path(to)), "{page}");
    };
    for step in ["applicant", "id", "confirm", "done"] {
        leads(&format!("register/{step}"), "register?again=1");
    }
    for step in ["items", "confirm", "done"] {
        leads(&format!("ids/1/change/{step}"), "ids/1/change");
    }
    leads("limits/confirm", "limits");
    leads("limits/done", "limits");
    leads("restrict/confirm", "restrict?again=1");
    leads("restrict/done", "restrict");
    // Terms that are not agreed to lead nowhere.
    for page in ["register", "restrict"] {
        for agree in [&[][..], &[("agree", "")], &[("agree", "no")], &[("agree", "on")]] {
            assert_own_page(&household.submit(page, agree), 422);
        }
    }
    leads("register/applicant", "register?again=1");
    leads("restrict/confirm", "restrict?again=1");
    // Nor does a press with a token that is right, where the steps before it are missing.
    let filled = Household::sakura(&demo);
    filled.register_up_to_confirm("ume00003");
    let confirm = filled.hidden("register/confirm");
    filled.browser.cookies.borrow_mut().remove("lp_register");
    let pressed = filled.post("register/confirm", &pairs(&confirm));
    assert_eq!(pressed.location(), "/wso/register?again=1");
    // A draft of another session of the same line is none.
    household.register_up_to_confirm("ume00004");
    let draft = household.browser.cookies.borrow()["lp_register"].clone();
    filled.browser.cookies.borrow_mut().insert("lp_register".into(), draft);
    let pressed = filled.post("register/confirm", &pairs(&confirm));
    assert_eq!(pressed.location(), "/wso/register?again=1");
    // A change that was begun for ID 1 changes no ID 2.
    household.change_up_to_confirm(1, &[("mail", MAIL), ("mail_again", MAIL)]);
    leads("ids/2/change/confirm", "ids/2/change");
    assert_eq!(household.listed(&["ume00003", "ume00004"]), [false, false]);
}

#[test]
fn one_consent_registers_one_id_r_073_security_38() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    household.register_up_to_confirm("ume00003");
    let input = household.hidden("register/id");
    let confirm = household.hidden("register/confirm");
    household.step("register/confirm", &[], "register/done");
    // Back in the browser: every step leads to the completion.
    for step in ["applicant", "id", "confirm"] {
        assert_eq!(household.open(&format!("register/{step}")).location(), "/wso/register/done");
    }
    let another = [&pairs(&input)[..], &wanted("kiku0004", PASSWORD, MAIL)].concat();
    assert_eq!(household.post("register/id", &another).location(), "/wso/register/done");
    assert_eq!(
        household.post("register/confirm", &pairs(&confirm)).location(),
        "/wso/register/done"
    );
    let done = household.see("register/done");
    assert!(done.body.contains("ume00003") && !done.body.contains(PASSWORD), "{done:?}");
    assert_eq!(household.listed(&["ume00003", "kiku0004"]), [true, false]);
    // With a new consent another can be had.
    household.register_up_to_confirm("kiku0004");
    household.step("register/confirm", &[], "register/done");
    assert_eq!(household.listed(&["ume00003", "kiku0004"]), [true, true]);
}

/// Where the operator has set a delay: the account says from when, and no provider is paid before.
#[test]
fn a_new_id_is_being_registered_until_its_delay_is_over_r_064_r_065_r_078() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |now| Options {
        folder: Some(folder.path()),
        now: Some(now),
        env: vec![("LINEPASS__PORTAL__ACTIVATION_DELAY_S", "3600".into())],
        ..Options::default()
    };
    let logs_in = |demo: &Demo, reason: &str| {
        let (provider, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
        let flow = browser.arrive(&provider.push(Some(&order(&unique(), "pack", 1, 525))));
        let answer = browser.log_in(&flow, "ume00003", PASSWORD);
        let told = decision_of(demo, "login", &answer);
        assert_eq!(told["reason"].as_str().unwrap_or_default(), reason, "{told}");
    };
    let waits = "登録中です。2026年11月23日 13:00";

    let demo = Demo::with(&at("2026-11-23T12:00:00+09:00"));
    let household = Household::sakura(&demo);
    household.register_up_to_confirm("ume00003");
    household.step("register/confirm", &[], "register/done");
    let account = household.see("details").body;
    assert!(account.contains(waits) && account.contains("登録中"), "{account}");
    logs_in(&demo, "not_yet_active");
    demo.kill();

    let demo = Demo::with(&at("2026-11-23T14:00:00+09:00"));
    let account = Household::sakura(&demo).see("details").body;
    assert!(!account.contains("登録中です"), "{account}");
    logs_in(&demo, "");
}

#[test]
fn what_another_tab_changed_meanwhile_is_shown_before_it_is_done_security_28() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    household.register_up_to_confirm("ume00003");
    let shown = household.hidden("register/confirm");
    household.step("register/id", &wanted("kiku0004", PASSWORD, MAIL), "register/confirm");
    let stale = household.post("register/confirm", &pairs(&shown));
    assert_eq!(stale.location(), "/wso/register/confirm");
    assert!(household.see("register/confirm").body.contains("kiku0004"));
    assert_eq!(household.listed(&["ume00003", "kiku0004"]), [false, false]);

    let new = |mail: &'static str| [("mail", mail), ("mail_again", mail)];
    household.change_up_to_confirm(1, &new("a@ngn.example"));
    let shown = household.hidden("ids/1/change/confirm");
    household.change_up_to_confirm(1, &new("b@ngn.example"));
    let stale = household.post("ids/1/change/confirm", &pairs(&shown));
    assert_eq!(stale.location(), "/wso/ids/1/change/confirm");

    household.step("limits", &[("limit_1", "1")], "limits/confirm");
    let shown = household.hidden("limits/confirm");
    household.step("limits", &[("limit_1", "2")], "limits/confirm");
    assert_eq!(household.post("limits/confirm", &pairs(&shown)).location(), "/wso/limits/confirm");
    let one = household.see("ids/1").body;
    assert!(one.contains("sakura01@example.jp") && one.contains("10,000円"), "{one}");
}

/// Presses a button so many times at once with the cookies as they stand; what each was answered.
fn at_once(household: &Household, page: &str, times: usize) -> Vec<Answer> {
    let hidden = household.hidden(page);
    let (issuer, path) = (household.browser.issuer.clone(), household.path(page));
    let cookie = household.browser.cookie_header();
    std::thread::scope(|scope| {
        let press = || {
            let headers = [("origin", &*issuer), ("cookie", &*cookie)];
            let http = common::Http::new();
            http.post(&format!("{issuer}{path}"), &headers, &pairs(&hidden))
        };
        let threads: Vec<_> = (0..times).map(|_| scope.spawn(press)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

/// Asserts that each press led to the completion, or was asked to come again (at most as many
/// changes of one line wait as are configured); takes the draft of the last.
fn assert_done(household: &Household, answers: &[Answer], done: &str) {
    let ended = answers.iter().filter(|answer| answer.status == 303);
    assert!(answers.iter().all(|answer| matches!(answer.status, 303 | 503)), "{answers:?}");
    assert!(ended.clone().count() >= 10, "{answers:?}");
    let mut cookies = household.browser.cookies.borrow_mut();
    for answer in ended {
        assert_eq!(answer.location(), household.path(done));
        for (_, set) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) =
                set.split(';').next().and_then(|set| set.split_once('=')).expect("one");
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

#[test]
fn twenty_presses_register_one_id_and_all_see_its_completion_security_38() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    household.register_up_to_confirm("ume00003");
    let answers = at_once(&household, "register/confirm", 20);
    assert_done(&household, &answers, "register/done");
    let operator = Operator::of(&demo);
    let line = operator.get(&format!("/lines/{}", common::operator::SAKURA)).json();
    assert_eq!(line["passport_ids"], 3, "{line}");
    assert!(household.see("register/done").body.contains("ume00003"));
    // The last that the line may have: the second press finds it full, and it is its own doing.
    for id in ["kiku0004", "hagi0005"] {
        household.register_up_to_confirm(id);
        let answers = at_once(&household, "register/confirm", 12);
        assert_done(&household, &answers, "register/done");
    }
    let line = operator.get(&format!("/lines/{}", common::operator::SAKURA)).json();
    assert_eq!(line["passport_ids"], 5, "{line}");
    assert_own_page(&household.open("register"), 409);
}

#[test]
fn a_change_limits_and_a_restriction_pressed_many_times_are_done_once_security_38() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    let items = [&wanted("ume00001", "N3w-pass", MAIL)[..], &[("line_authentication", "on")]];
    household.change_up_to_confirm(1, &items.concat());
    let answers = at_once(&household, "ids/1/change/confirm", 12);
    assert_done(&household, &answers, "ids/1/change/done");
    let again = household.open("ids/1/change/confirm");
    assert_eq!(again.location(), "/wso/ids/1/change/done");
    assert!(household.see("ids/1/change/done").body.contains("ume00001"));
    assert_eq!(household.listed(&["ume00001", "sakura01"]), [true, false]);

    household.step("limits", &[("limit_1", "9000")], "limits/confirm");
    let answers = at_once(&household, "limits/confirm", 12);
    assert_done(&household, &answers, "limits/done");
    assert_eq!(household.open("limits/confirm").location(), "/wso/limits/done");
    assert!(household.see("limits/done").body.contains("9,000円"));

    household.step("restrict", &[("agree", "yes")], "restrict/confirm");
    let hidden = household.hidden("restrict/confirm");
    let answers = at_once(&household, "restrict/confirm", 12);
    assert_done_or_shown(&household, &answers);
    assert_eq!(household.open("restrict/confirm").location(), "/wso/restrict/done");
    let again = household.post("restrict/confirm", &pairs(&hidden));
    assert_eq!(again.location(), "/wso/restrict/done");
    household.see("restrict/done");
    assert_own_page(&household.open("restrict"), 409);
}

#[test]
fn a_change_whose_answer_was_lost_is_made_once_security_38() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    let items = [&wanted("ume00001", "N3w-pass", MAIL)[..], &[("line_authentication", "keep")]];
    household.change_up_to_confirm(1, &items.concat());
    let hidden = household.hidden("ids/1/change/confirm");
    let before = household.browser.cookies.borrow().clone();
    for _ in 0..2 {
        // The browser has the cookies of before the first press.
        household.browser.cookies.borrow_mut().clone_from(&before);
        let pressed = household.post("ids/1/change/confirm", &pairs(&hidden));
        assert_eq!((pressed.status, pressed.location()), (303, "/wso/ids/1/change/done"));
        assert!(household.see("ids/1/change/done").body.contains("ume00001"));
    }
    household
        .change_up_to_confirm(1, &[("mail", "b@ngn.example"), ("mail_again", "b@ngn.example")]);
    household.step("ids/1/change/confirm", &[], "ids/1/change/done");
    let made = common::door::decisions(&demo, "change_passport", 2);
    assert_eq!(made.len(), 2, "{made:?}");
    assert!(household.see("ids/1").body.contains("b@ngn.example"));
}

/// A press that lost the race is led to the check, which leads on to the completion.
fn assert_done_or_shown(household: &Household, answers: &[Answer]) {
    let done = household.path("restrict/done");
    for answer in answers.iter().filter(|answer| answer.status != 503) {
        let to = answer.location();
        assert!(to == done || to == household.path("restrict/confirm"), "{answer:?}");
    }
    assert!(answers.iter().any(|answer| answer.status == 303 && answer.location() == done));
}

// What a refusal of a password says.
const COMMON: &str = "推測されやすい";
const ITSELF: &str = "同じパスワードは";
const RULE: &str = "半角英数字と記号で4～64文字";

#[test]
fn passwords_are_refused_at_set_time_with_a_reason_security_13_14_15() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    household.register_up_to_input();
    let longest = "a1".repeat(32);
    let longer = format!("{longest}x");
    let same_start = format!("{}c", "a".repeat(72));
    let refused = [
        ("1234", COMMON),
        ("password", COMMON),
        ("PassWord", COMMON),
        ("ume00003", ITSELF),
        ("UME00003", ITSELF),
        ("CAF0000012573", ITSELF),
        ("caf0000012573", ITSELF),
        (&*longer, RULE),
        (&*same_start, RULE),
        ("abc", RULE),
        ("Q7mz-ok9 ", RULE),
        (" Q7mz-ok9", RULE),
        ("Q7mz ok9", RULE),
        ("Q7mz-ok9\t", RULE),
        ("Q7mz-ok9\r\n", RULE),
        ("１２３４", RULE),
        ("Ｑ7mz-ok9", RULE),
        ("Q7mz-ok9\u{200b}", RULE),
        ("ぱすわーど", RULE),
    ];
    let csrf = household.csrf("register/id");
    let change = Household::sakura(&demo);
    change.step("ids/1/change", &APPLICANT, "ids/1/change/items");
    let change_csrf = change.csrf("ids/1/change/items");
    for (password, reason) in refused {
        let form = [&[("csrf", &*csrf)], &wanted("ume00003", password, MAIL)[..]].concat();
        let page = household.post("register/id", &form);
        assert_refused(&page, password, reason);
        let form = [&[("csrf", &*change_csrf)], &wanted("ume00003", password, MAIL)[..]].concat();
        assert_refused(&change.post("ids/1/change/items", &form), password, reason);
    }
    // The ID as it is, where only the password is set.
    let only = [("csrf", &*change_csrf), ("password", "SAKURA01"), ("password_again", "SAKURA01")];
    assert_refused(&change.post("ids/1/change/items", &only), "SAKURA01", ITSELF);
    let differing = wanted("ume00003", PASSWORD, MAIL).map(|(name, value)| match name {
        "password_again" => (name, "Q7mz-ok8"),
        _ => (name, value),
    });
    assert_refused(
        &household.submit("register/id", &differing),
        "Q7mz-ok8",
        "password_again-error",
    );

    // 64 characters and 4 are taken, and verified exactly as they are.
    for (id, password) in [("ume00003", &*longest), ("kiku0004", "q7mz")] {
        household.register_up_to_input();
        household.step("register/id", &wanted(id, password, MAIL), "register/confirm");
        household.step("register/confirm", &[], "register/done");
        let cut = &password[..password.len() - 1];
        for (typed, status) in [(cut, 403), (&format!("{password} "), 403), (password, 303)] {
            let browser = common::Browser::new(demo.issuer());
            let flow = browser.arrive(&demo.provider().push(None));
            assert_eq!(browser.log_in(&flow, id, typed).status, status, "{id}");
        }
    }
}

fn assert_refused(page: &Answer, password: &str, reason: &str) {
    assert_own_page(page, 422);
    assert!(page.body.contains(reason), "{password:?}: {}", page.body);
    // Told in the summary and by the field; the password itself never comes back.
    assert!(page.body.contains("id=\"errors\"") && page.body.contains("aria-invalid=\"true\""));
    let fields = page.body.split("<input ").filter(|field| field.contains("type=\"password\""));
    assert!(fields.clone().count() >= 2, "{}", page.body);
    for field in fields {
        let field = field.split('>').next().expect("its end");
        assert!(!field.contains(" value=") || field.contains(" value=\"\""), "{field}");
    }
}

#[test]
fn no_address_or_name_breaks_a_mails_lines_security_71() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    household.register_up_to_input();
    for mail in [
        "a@ngn.example\r\nBcc: b@ngn.example",
        "a@ngn.example\nSubject: x",
        "a@ngn.example,b@ngn.example",
        "a@ngn.example b@ngn.example",
        "\"a\r\n\"@ngn.example",
        "<a@ngn.example>",
        "a@ngn.example\u{0}",
        "ａ@ngn.example",
    ] {
        let page = household.submit("register/id", &wanted("ume00003", PASSWORD, mail));
        assert_own_page(&page, 422);
        assert!(page.body.contains("id=\"mail-error\""), "{mail:?}");
    }
    household.step("register", &[("agree", "yes")], "register/applicant");
    for name in
        ["太郎\r\nBcc: x", "太郎\n花子", "太郎\u{0}", "太郎\u{202e}花", "a\u{200b}b", "<script>a|"]
    {
        let typed = [("name", name), ("phone", "0312345678"), ("contractor", "yes")];
        let page = household.submit("register/applicant", &typed);
        assert_own_page(&page, 422);
        assert!(page.body.contains("id=\"name-error\""), "{name:?}");
    }
}

#[test]
fn asking_whether_an_id_is_free_needs_a_session_and_is_limited_security_72() {
    let env = vec![("LINEPASS__PORTAL__NAME_CHECKS_PER_HOUR", "3".to_owned())];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let stranger = Household::at(demo.issuer());
    let typed = wanted("momiji01", PASSWORD, MAIL);
    assert_eq!(stranger.post("register/id", &typed).location(), "/wso/login");
    let household = Household::sakura(&demo);
    household.register_up_to_input();
    // Another line's, in any case of letters, and the own one: all are told alike.
    for taken in ["momiji01", "MOMIJI01", "sakura01"] {
        let page = household.submit("register/id", &wanted(taken, PASSWORD, MAIL));
        assert_own_page(&page, 422);
        assert!(page.body.contains("すでに使われているか、以前に使われていました"), "{page:?}");
    }
    // What is wrong otherwise is told without a look.
    assert_own_page(&household.submit("register/id", &wanted("ab", PASSWORD, MAIL)), 422);
    for id in ["momiji01", "ume00003"] {
        assert_own_page(&household.submit("register/id", &wanted(id, PASSWORD, MAIL)), 429);
    }
    // Nor by another session, nor by the form of a change.
    let again = Household::sakura(&demo);
    again.step("ids/1/change", &APPLICANT, "ids/1/change/items");
    let typed = [("passport_id", "ume00003")];
    assert_own_page(&again.submit("ids/1/change/items", &typed), 429);
    // Other lines ask on their own account.
    let momiji = Household::of(&demo, MOMIJI);
    momiji.register_up_to_confirm("ume00003");
}

#[test]
fn guesses_at_the_current_password_are_counted_as_at_a_login_security_59() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    household.step("ids/1/change", &APPLICANT, "ids/1/change/items");
    let switch_off = |password: &str| {
        let typed = [("line_authentication", "off"), ("current_password", password)];
        household.submit("ids/1/change/items", &typed)
    };
    assert_own_page(&switch_off(""), 422);
    for _ in 0..5 {
        // The access key, which opened this page, is not the ID's password.
        assert_own_page(&switch_off(access_key(&demo, common::operator::SAKURA)), 422);
    }
    assert_own_page(&switch_off(demo.password("sakura01")), 429);
    let browser = common::Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(None));
    assert_eq!(browser.log_in(&flow, "sakura01", demo.password("sakura01")).status, 403);
    assert!(household.see("ids/1").body.contains("<dd><bdi>利用する</bdi></dd>"), "it is still on");
    // The other ID is held by none of this.
    household.step("ids/2/change", &APPLICANT, "ids/2/change/items");
    let right = demo.password("sakura02");
    let typed = [("line_authentication", "off"), ("current_password", right)];
    household.step("ids/2/change/items", &typed, "ids/2/change/confirm");
}

#[test]
fn inquiries_are_so_many_a_day() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    let typed = [("service", "廃止"), ("contact", "06-0000-0000"), ("text", "お願いします。")];
    for _ in 0..10 {
        household.step("inquiry", &typed, "inquiry/done");
    }
    let eleventh = household.submit("inquiry", &typed);
    assert_own_page(&eleventh, 422);
    let kept: BTreeMap<String, String> = hidden(&eleventh, "/wso/inquiry");
    assert!(kept.contains_key("csrf") && eleventh.body.contains("お願いします。"), "{eleventh:?}");
}
