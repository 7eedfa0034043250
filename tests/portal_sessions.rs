//! Sessions of the household's own pages end when they should, and their cookies are bound to this host and
//! taken for nothing else (security.md 19 to 22, 27, 29, 49).

mod common;
mod inside;
mod process;
mod wire;

use common::{
    Answer, Demo, Http,
    door::{assert_own_page, decision_of},
    operator::SAKURA,
    portal::{Household, MOMIJI, access_key, demo_with, hidden},
};
use inside::{Inside, after_s};
use std::collections::BTreeSet;
use wire::{Wire, serve};

/// Asserts that a session's cookie opens nothing any more.
fn assert_over(household: &Household) {
    for page in ["", "details", "statement.csv", "register"] {
        let answer = household.open(page);
        assert_eq!((answer.status, &*answer.body), (303, ""), "{page}: {answer:?}");
        assert_eq!(answer.location(), household.path("login?over=1"), "{page}");
    }
}

#[test]
fn a_sign_in_draws_everything_anew_and_a_sign_out_ends_it_security_19_20_29() {
    let demo = Demo::start();
    let household = Household::at(demo.issuer());
    let before = household.csrf("login");
    let entrance = household.browser.cookies.borrow()["lp_entrance"].clone();
    // What somebody else planted before the sign-in is not what is signed in (fixation).
    let planted = Household::of(&demo, MOMIJI);
    let cookie = ("lp_portal".to_owned(), planted.session());
    household.browser.cookies.borrow_mut().extend([cookie]);
    household.enter(SAKURA, access_key(&demo, SAKURA));
    assert!(!household.browser.cookies.borrow().contains_key("lp_entrance"), "it is over");
    let (first, menu) = (household.session(), household.see(""));
    assert!(first != planted.session() && first != entrance);
    assert!(menu.body.contains(SAKURA) && !menu.body.contains(MOMIJI), "{menu:?}");
    let token = hidden(&menu, "/wso/logout")["csrf"].clone();
    assert_ne!(token, before);
    household.register_up_to_confirm("ume00003");
    let draft = household.browser.cookies.borrow()["lp_register"].clone();

    let out = household.sign_out();
    assert_eq!(out.location(), "/wso/login?out=1");
    let told = decision_of(&demo, "sign_out", &out);
    assert_eq!((&told["outcome"], &told["line"]), (&"accepted".into(), &SAKURA.into()), "{told}");
    assert!(!household.browser.cookies.borrow().contains_key("lp_portal"));
    assert_eq!(household.open("").location(), "/wso/login");
    // Whoever kept the cookie, or goes back in the browser's history.
    for kept in [first, session_of(&menu)] {
        household.browser.cookies.borrow_mut().insert("lp_portal".to_owned(), kept);
        assert_over(&household);
    }
    household.enter(SAKURA, access_key(&demo, SAKURA));
    let again = hidden(&household.see(""), "/wso/logout")["csrf"].clone();
    assert_ne!(again, token);
    assert_eq!(household.post("logout", &[("csrf", &token)]).status, 403);
    household.browser.cookies.borrow_mut().insert("lp_register".to_owned(), draft);
    let begun = household.open("register/confirm");
    assert_eq!(begun.location(), "/wso/register?again=1", "a draft ends with its session");
    assert_eq!(planted.see("").status, 200, "nobody else was signed out");
}

/// The session as a page has sealed it anew.
fn session_of(page: &Answer) -> String {
    let set = page
        .headers
        .iter()
        .find(|(name, value)| name == "set-cookie" && value.starts_with("lp_portal="));
    let (_, value) = set.expect("a cookie");
    value["lp_portal=".len()..].split(';').next().expect("a value").to_owned()
}

#[test]
fn the_others_are_signed_out_at_once_and_the_eleventh_ends_the_first_security_20() {
    let demo = demo_with(&[]);
    let (kept, other, third) =
        (Household::sakura(&demo), Household::sakura(&demo), Household::sakura(&demo));
    let (foreign, foreign_too) = (Household::of(&demo, MOMIJI), Household::of(&demo, MOMIJI));
    let (token, foreign_token) = (kept.csrf("sessions"), foreign.csrf("sessions"));
    let end = |household: &Household, token: &str, which: &str| {
        household.post("sessions", &[("csrf", token), ("session", which)])
    };
    let assert_ended = |answer: Answer| assert_eq!(answer.location(), "/wso/sessions?ended=1");
    // Sessions are numbered line by line: 2 is `other`, and of another line it is `foreign_too`.
    assert_ended(end(&foreign, &foreign_token, "2"));
    assert_over(&foreign_too);
    other.see("");
    assert_ended(end(&kept, &token, "2"));
    assert_over(&other);
    assert_ended(end(&kept, &token, "others"));
    assert_over(&third);
    kept.see("");
    for wrong in ["", "x", "-1", "99999999999999999999"] {
        assert_own_page(&end(&kept, &token, wrong), 400);
    }
    let more: Vec<Household> = (0..10).map(|_| Household::sakura(&demo)).collect();
    assert_over(&kept);
    for household in &more {
        household.see("");
    }
    // Its own one, which is the fourth.
    assert_ended(end(&more[0], &more[0].csrf("sessions"), "4"));
    assert_over(&more[0]);
    foreign.see("");
}

#[test]
fn a_session_ends_to_the_second_unused_or_old_security_21() {
    let inside = Inside::start(&[]);
    let (idle_s, lifetime_s) = (72_000, 86_400);
    let began = inside.host.now();
    let enter = || {
        let household = Household::at(&inside.issuer);
        household.enter(SAKURA, inside.access_key(SAKURA));
        household
    };
    let (used, unused) = (enter(), enter());
    // Unused: the time runs from the last page.
    inside.set(after_s(began, 1_000));
    used.see("");
    unused.see("");
    inside.set(after_s(began, 1_000 + idle_s - 1));
    used.see("details");
    inside.set(after_s(began, 1_000 + idle_s + 1));
    assert_over(&unused);
    // Used all the time: it ends all the same.
    used.see("");
    inside.set(after_s(began, lifetime_s - 1));
    used.see("");
    inside.set(after_s(began, lifetime_s + 1));
    assert_over(&used);
    let csrf = [("csrf", "x")];
    assert_eq!(used.post("inquiry", &csrf).location(), "/wso/login?over=1");
    // A new sign-in is told nothing of it.
    enter().see("");
}

#[test]
fn an_entrance_left_open_for_its_idle_time_asks_again_security_21() {
    let inside = Inside::start(&[]);
    let household = Household::at(&inside.issuer);
    let (began, csrf) = (inside.host.now(), household.csrf("login"));
    let form =
        [("csrf", &*csrf), ("customer_id", SAKURA), ("access_key", inside.access_key(SAKURA))];
    inside.set(after_s(began, 72_001));
    assert_own_page(&household.post("login", &form), 403);
    inside.set(after_s(began, 71_999));
    assert_eq!(household.post("login", &form).status, 303);
}

/// The attributes of each cookie that an answer sets, by the cookie's name.
fn cookies(answer: &Answer) -> Vec<(String, BTreeSet<String>)> {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let cookie = |(_, value): &(String, String)| {
        let (pair, attributes) = value.split_once("; ").expect("attributes");
        let name = pair.split('=').next().expect("a name").to_owned();
        (name, attributes.split("; ").map(str::to_owned).collect())
    };
    set.map(cookie).collect()
}

fn assert_bound(answer: &Answer, https: bool) -> Vec<String> {
    let all = cookies(answer);
    for (name, attributes) in &all {
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(attributes.contains(attribute), "{name}: {attributes:?}");
        }
        assert_eq!(attributes.contains("Secure"), https, "{name}: {attributes:?}");
        assert_eq!(name.starts_with("__Host-lp_"), https, "{name}");
        assert!(attributes.iter().any(|one| one.starts_with("Max-Age=")), "{attributes:?}");
        assert!(!attributes.iter().any(|one| one.starts_with("Domain")), "{attributes:?}");
    }
    all.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn cookies_are_bound_as_far_as_loopback_allows_security_22() {
    let demo = Demo::start();
    let household = Household::at(demo.issuer());
    assert_eq!(assert_bound(&household.see("login"), false), ["lp_entrance"]);
    let entered = household.sign_in(SAKURA, access_key(&demo, SAKURA));
    assert_eq!(assert_bound(&entered, false), ["lp_portal", "lp_entrance"]);
    let agreed = household.submit("register", &[("agree", "yes")]);
    assert_eq!(assert_bound(&agreed, false), ["lp_portal", "lp_register"]);
    assert_eq!(assert_bound(&household.see("?lang=en"), false), ["lp_portal"]);
    assert_eq!(assert_bound(&household.sign_out(), false), ["lp_portal"]);
}

/// What came over a raw connection.
fn parse(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a header");
        (name.to_lowercase(), value.to_owned())
    };
    Answer {
        status: status.parse().expect("a number"),
        headers: lines.map(header).collect(),
        body: body.to_owned(),
    }
}

#[test]
fn over_tls_the_browser_itself_holds_the_cookies_to_this_host_security_22_49() {
    let mut demo = Demo::start();
    let key = access_key(&demo, SAKURA).to_owned();
    assert!(demo.terminate().success());
    let served = serve(demo.folder(), &[]);
    let certificate = demo.folder().join("certs/server.crt");
    let host = served.listen.replace("127.0.0.1", "localhost");
    let ask = |request: &str, headers: &str, body: &str| {
        let text = format!(
            "{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        parse(&Wire::tls(&served.listen, &certificate, b"").send(text).rest())
    };
    let form = ask("GET /wso/login", "", "");
    assert_eq!(assert_bound(&form, true), ["__Host-lp_entrance"]);
    let csrf = hidden(&form, "/wso/login")["csrf"].clone();
    let cookie = |answer: &Answer| {
        let set = answer.header("set-cookie").and_then(|set| set.split(';').next());
        format!("cookie: {}\r\norigin: https://{host}\r\n", set.expect("a cookie"))
    };
    let body = format!("csrf={csrf}&customer_id={SAKURA}&access_key={key}");
    let entered = ask("POST /wso/login", &cookie(&form), &body);
    assert_eq!((entered.status, entered.location()), (303, "/wso/"), "{entered:?}");
    assert_eq!(assert_bound(&entered, true), ["__Host-lp_portal", "__Host-lp_entrance"]);
    let menu = ask("GET /wso/", &cookie(&entered), "");
    assert_eq!((menu.status, assert_bound(&menu, true).len()), (200, 1));
    for answer in [&form, &entered, &menu] {
        let hsts = answer.header("strict-transport-security");
        assert_eq!(hsts, Some("max-age=31536000; includeSubDomains"));
    }
    // Without its prefix, as another host could plant it, a cookie is none.
    let bare = cookie(&entered).replace("__Host-", "");
    assert_eq!(ask("GET /wso/", &bare, "").location(), "/wso/login");
}

#[test]
fn no_cookie_is_taken_for_another_security_27() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    household.register_up_to_confirm("ume00003");
    let flow = household.browser.arrive(&demo.provider().push(None));
    let password = demo.password("sakura01");
    assert_eq!(household.browser.log_in(&flow, "sakura01", password).status, 303);
    let fresh = Household::at(demo.issuer());
    fresh.csrf("login");
    let cookies = household.browser.cookies.borrow().clone();
    let flow_cookie = format!("lp_{}", &flow.path["/flow/".len()..]);
    let entrance = fresh.browser.cookies.borrow()["lp_entrance"].clone();
    let with = |name: &str, value: &str, path: &str| {
        let header = [("cookie", &*format!("{name}={value}"))];
        Http::new().get(&format!("{}{path}", demo.issuer()), &header)
    };
    assert_eq!(with("lp_portal", &cookies["lp_portal"], "/wso/").status, 200);
    for other in [&cookies[&flow_cookie], &cookies["lp_register"], &entrance] {
        let answer = with("lp_portal", other, "/wso/");
        assert_eq!(answer.location(), "/wso/login?over=1");
    }
    let confirm = format!("{}/success", flow.path);
    assert_eq!(with(&flow_cookie, &cookies[&flow_cookie], &confirm).status, 200);
    for other in [&cookies["lp_portal"], &cookies["lp_register"], &entrance] {
        assert_own_page(&with(&flow_cookie, other, &confirm), 400);
    }
    // Nor does a session stand at the entrance or in the provider's flow of another name.
    assert_own_page(&with("lp_portal", &cookies["lp_portal"], "/flow/portal/success"), 400);
    let session = household.session();
    let signed_in_elsewhere = with("lp_portal", &session, "/wso_v6/");
    assert_eq!(signed_in_elsewhere.location(), "/wso/", "its own entrance");
    // Both live side by side in one browser.
    household.see("");
    assert_eq!(household.browser.open(&confirm).status, 200);
}
