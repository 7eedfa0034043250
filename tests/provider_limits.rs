//! What one provider may ask: its budget at each door, what fails by its source, and the room that a
//! flood leaves to others.

mod common;
mod inside;
mod process;
mod schema;
mod wire;

use common::{
    Answer, Demo, Options, Provider, anime,
    contracts::subscribe,
    door::{
        assert_error, basic, decision_of, figure, post, push_with, tampered, tokens, twice, until,
        userinfo,
    },
    operator::Operator,
    order,
    status::assert_problem,
    unique,
};
use inside::{Inside, wait};
use linepass::web::{
    admission::{class::Class, shown::Shown},
    provider::limits::Door,
};
use schema::conforms;
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};
use wire::Wire;

const FAILURES: &str = "LINEPASS__PROVIDER_LIMITS__FAILED_AUTHENTICATIONS_PER_MINUTE_PER_SOURCE";

fn demo(limits: &[(&'static str, &str)]) -> Demo {
    let env = limits.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Demo::with(&Options { env, ..Options::default() })
}

/// Pushes an order of B社.
fn push(provider: &Provider) -> Answer {
    push_with(provider, Some(&anime(&unique())), &[])
}

/// Pushes an order of A社.
fn push_pack(provider: &Provider) -> Answer {
    push_with(provider, Some(&order(&unique(), "pack", 1, 525)), &[])
}

fn retry_after_s(answer: &Answer) -> u64 {
    let told = answer.header("retry-after").unwrap_or_else(|| panic!("no time: {answer:?}"));
    told.parse().expect("seconds")
}

fn turned_away(demo: &Demo, provider: &str, door: &str, reason: &str) -> u64 {
    let labels = format!("provider=\"{provider}\",door=\"{door}\",reason=\"{reason}\"");
    figure(demo, &format!("linepass_provider_requests_turned_away_total{{{labels}}}"))
}

#[test]
fn a_budget_is_the_providers_own_and_nobody_else_spends_it() {
    let demo = demo(&[
        ("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1"),
        ("LINEPASS__PROVIDER_LIMITS__BURST_REQUESTS", "20"),
    ]);
    let (own, other) = (demo.provider(), demo.other_provider());
    let stranger = Provider { client_secret: "guessed".to_owned(), ..own.clone() };
    for _ in 0..40 {
        assert_error(&push(&stranger), 401, "invalid_client", "client_id");
        assert_error(&stranger.ask_own_token(), 401, "invalid_client", "client_id");
    }
    let token = own.own_token();
    // The strangers spent none of it: a burst is heard, what comes beyond it is not.
    let spend = |ask: &dyn Fn() -> Answer, good: u16| {
        for heard in 0..60 {
            let answer = ask();
            if answer.status != good {
                assert!(heard >= 19, "{heard}: {answer:?}");
                return answer;
            }
        }
        panic!("the budget has no end")
    };
    let refused = spend(&|| push(&own), 201);
    assert_error(&refused, 429, "temporarily_unavailable", "too many requests");
    assert!((1..=2).contains(&retry_after_s(&refused)), "{refused:?}");
    let line = decision_of(&demo, "push_order", &refused);
    assert_eq!((&line["provider"], &line["outcome"]), (&json!("b-sha"), &json!("refused")));
    // Each door has a budget of its own.
    let refused = spend(&|| own.ask(&token, "/purchases?reference=none"), 404);
    let document = own.ask_with("/openapi.json", &[]).json();
    conforms(&document, "/purchases", &refused);
    assert_problem(&refused, 429, "too_many_requests", "too many requests");
    assert!((1..=2).contains(&retry_after_s(&refused)), "{refused:?}");
    let refused = spend(&|| own.ask_own_token(), 200);
    assert_error(&refused, 429, "temporarily_unavailable", "too many requests");
    assert_eq!(refused.header("www-authenticate"), None);
    for door in ["par", "token", "status"] {
        assert!(turned_away(&demo, "b-sha", door, "budget") > 0, "{door}");
    }
    // Another provider has its own.
    assert_eq!(push_pack(&other).status, 201);
    let token = other.own_token();
    assert_eq!(other.ask(&token, "/purchases?reference=none").status, 404);
}

#[test]
fn who_shows_no_credentials_is_limited_by_source_and_right_ones_are_heard() {
    let demo = demo(&[(FAILURES, "3")]);
    let own = demo.provider();
    let token = own.own_token();
    let stranger = Provider { client_secret: "guessed".to_owned(), ..own.clone() };
    assert_eq!(push(&stranger).status, 401);
    assert_eq!(stranger.ask_own_token().status, 401);
    assert_eq!(own.ask_with("/purchases?reference=none", &[]).status, 401);
    // All of them count together, and whoever knows the secret comes from the same address.
    let (refused, at_token) = (push(&stranger), stranger.ask_own_token());
    for refused in [&refused, &at_token] {
        assert_error(refused, 429, "temporarily_unavailable", "without valid credentials");
        assert!((1..=20).contains(&retry_after_s(refused)), "{refused:?}");
    }
    for refused in [
        own.ask("garbage", "/purchases?reference=none"),
        own.ask_with("/contracts/K-100000000016", &[]),
    ] {
        assert_problem(&refused, 429, "too_many_requests", "too many requests");
        assert_eq!(refused.header("www-authenticate"), None, "{refused:?}");
    }
    for door in ["par", "token"] {
        assert_eq!(turned_away(&demo, "(unknown)", door, "source"), 1, "{door}");
    }
    assert_eq!(turned_away(&demo, "(unknown)", "status", "source"), 2);
    assert_eq!(push(&own).status, 201);
    assert_eq!(own.ask_own_token().status, 200);
    assert_eq!(own.ask(&token, "/purchases?reference=none").status, 404);
}

#[test]
fn a_suspended_provider_spends_its_own_budget_and_is_named_in_the_log() {
    let demo = demo(&[
        (FAILURES, "2"),
        ("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1"),
        ("LINEPASS__PROVIDER_LIMITS__BURST_REQUESTS", "5"),
    ]);
    let (provider, operator) = (demo.provider(), Operator::of(&demo));
    operator.change("PATCH", "/providers/b-sha", &json!({ "suspended": true, "reason": "case" }));
    for (action, ask) in [
        ("push_order", &(|| push(&provider)) as &dyn Fn() -> Answer),
        ("exchange_code", &|| provider.ask_own_token()),
    ] {
        for _ in 0..5 {
            let refused = ask();
            assert_error(&refused, 400, "unauthorized_client", "suspended");
            let line = decision_of(&demo, action, &refused);
            assert_eq!((&line["provider"], &line["outcome"]), (&json!("b-sha"), &json!("refused")));
        }
        let spent = (0..60).map(|_| ask()).find(|answer| answer.status == 429);
        let spent = spent.expect("the budget has an end");
        assert_error(&spent, 429, "temporarily_unavailable", "too many requests");
    }
    for door in ["par", "token"] {
        assert!(turned_away(&demo, "b-sha", door, "budget") > 0, "{door}");
        assert_eq!(turned_away(&demo, "(unknown)", door, "source"), 0, "{door}");
    }
}

#[test]
fn what_is_wrong_by_its_form_counts_for_no_source_and_what_cannot_be_read_does() {
    let demo = demo(&[(FAILURES, "2")]);
    let provider = demo.provider();
    let header = basic(&provider.client_id, &provider.client_secret);
    let parameters: Vec<_> = provider.parameters(None).into_iter().collect();
    for _ in 0..5 {
        let both = post(&provider, "par", &[("authorization", &header)], &parameters);
        assert_error(&both, 400, "invalid_request", "client_secret");
    }
    let doubled = twice(&parameters, "state", "other");
    for status in [400, 400, 429] {
        assert_eq!(post(&provider, "par", &[], &doubled).status, status);
    }
}

#[test]
fn userinfo_has_a_budget_of_its_own_and_counts_what_opens_nothing_for_its_source() {
    let demo = demo(&[
        (FAILURES, "3"),
        ("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1"),
        ("LINEPASS__PROVIDER_LIMITS__BURST_REQUESTS", "5"),
    ]);
    let (provider, operator) = (demo.provider(), Operator::of(&demo));
    let own_token = provider.own_token();
    let told = tokens(&demo, &provider, "sakura01", &[]);
    let token = told["access_token"].as_str().expect("a token");
    // A token for another question is ours, and counts for nobody.
    for _ in 0..5 {
        assert_error(&userinfo(&provider, &own_token), 401, "invalid_token", "token");
    }
    let url = format!("{}/oauth/userinfo", demo.issuer());
    assert_error(&userinfo(&provider, &tampered(token)), 401, "invalid_token", "token");
    assert_eq!(provider.http.get(&url, &[]).status, 401);
    let two = [("authorization", "Bearer a"), ("authorization", "Bearer a")];
    let refused = provider.http.get(&url, &two);
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_request")));
    let challenge = "Bearer realm=\"linepass\", error=\"invalid_request\"";
    assert_eq!(refused.header("www-authenticate"), Some(challenge));
    for refused in [userinfo(&provider, "garbage"), provider.http.get(&url, &[])] {
        assert_error(&refused, 429, "temporarily_unavailable", "without valid credentials");
        assert!((1..=20).contains(&retry_after_s(&refused)), "{refused:?}");
    }
    assert_eq!(turned_away(&demo, "(unknown)", "userinfo", "source"), 2);
    let suspend = |suspended: bool| {
        let body = json!({ "suspended": suspended, "reason": "case" });
        operator.change("PATCH", "/providers/b-sha", &body);
    };
    suspend(true);
    assert_error(&userinfo(&provider, token), 401, "invalid_token", "token");
    suspend(false);
    for _ in 0..5 {
        assert_eq!(userinfo(&provider, token).status, 200);
    }
    let spent = (0..60).map(|_| userinfo(&provider, token)).find(|answer| answer.status != 200);
    let spent = spent.expect("the budget has an end");
    assert_error(&spent, 429, "temporarily_unavailable", "too many requests");
    assert!(turned_away(&demo, "b-sha", "userinfo", "budget") > 0);
    // The other doors have theirs.
    assert_eq!(push(&provider).status, 201);
}

#[test]
fn a_token_of_ours_that_is_not_good_here_counts_for_no_source() {
    let inside = Inside::start(&[(FAILURES, "2")]);
    let provider = inside.provider();
    let told = provider.ask_own_token().json();
    let (token, lifetime_s) = (told["access_token"].as_str(), told["expires_in"].as_u64());
    let token = token.expect("a token");
    inside.host.set(inside.host.now().after_s(lifetime_s.expect("seconds") + 1));
    for _ in 0..5 {
        let refused = provider.ask(token, "/purchases?reference=none");
        assert_problem(&refused, 401, "invalid_token", "the access token");
    }
    for status in [401, 401, 429] {
        assert_eq!(provider.ask(&tampered(token), "/purchases?reference=none").status, status);
    }
}

/// What waits for other requests of its provider asks nothing of the thread, so that others may begin.
#[test]
fn who_waits_for_its_share_is_under_way_and_not_among_what_its_thread_works_on() {
    let inside = Inside::start(&[
        ("LINEPASS__PROVIDER_LIMITS__REQUESTS_UNDER_WAY", "1"),
        ("LINEPASS__PROVIDER_LIMITS__SHARE_WAIT_MS", "5000"),
    ]);
    let (provider, state) = (inside.provider(), inside.state());
    let id = provider.client_id.parse().expect("an ID");
    let held = wait(state.provider_limits.admit(&id, Door::Par)).expect("it has room");
    let worked_on = || {
        let threads = state.admission.of_threads(Shown::worked_on);
        threads.into_iter().flatten().sum::<f64>()
    };
    std::thread::scope(|scope| {
        let pushed = scope.spawn(|| push(&provider));
        until("a request that waits", || {
            let is_there = state.admission.under_way(Class::Arrival) == 1;
            (is_there && worked_on() < 0.5).then_some(())
        });
        assert!(!pushed.is_finished(), "it waits for its share");
        drop(held);
        assert_eq!(pushed.join().expect("answers").status, 201);
    });
}

#[test]
fn a_households_token_and_a_suspended_providers_count_for_no_source() {
    let demo = demo(&[(FAILURES, "2")]);
    let (provider, operator) = (demo.provider(), Operator::of(&demo));
    let token = provider.own_token();
    let household = tokens(&demo, &provider, "sakura01", &[]);
    let household = household["access_token"].as_str().expect("a token");
    operator.change("PATCH", "/providers/b-sha", &json!({ "suspended": true, "reason": "case" }));
    for _ in 0..5 {
        let refused = provider.ask(household, "/purchases?reference=none");
        assert_problem(&refused, 403, "insufficient_scope", "wanted is a token");
        let refused = provider.ask(&token, "/purchases?reference=none");
        assert_problem(&refused, 401, "invalid_token", "the access token");
    }
    for status in [401, 401, 429] {
        assert_eq!(provider.ask("garbage", "/purchases?reference=none").status, status);
    }
}

#[test]
fn a_provider_that_floods_with_64_connections_leaves_room_for_another() {
    let demo = demo(&[
        ("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1000000"),
        ("LINEPASS__PROVIDER_LIMITS__BURST_REQUESTS", "10000000"),
        ("LINEPASS__PROVIDER_LIMITS__REQUESTS_UNDER_WAY", "4"),
        ("LINEPASS__PROVIDER_LIMITS__SHARE_PERCENT", "25"),
        // Nothing waits: where the flood had all of the room, the other would be told so at once.
        ("LINEPASS__PROVIDER_LIMITS__SHARE_WAIT_MS", "0"),
        // The threads of this machine are not what is shared here.
        ("LINEPASS__OVERLOAD__QUEUE_TARGET_MS", "1000"),
    ]);
    let (flooding, other) = (demo.provider(), demo.other_provider());
    let bought = subscribe(&demo, "sakura01");
    let (flooding_token, token) = (flooding.own_token(), other.own_token());
    let calm = AtomicBool::new(false);
    let flood = |number: usize| {
        // Its own connections, as another process would have.
        let flooding = Provider { http: common::Http::new(), ..flooding.clone() };
        let mut statuses = BTreeSet::new();
        let address = flooding.issuer.strip_prefix("http://").expect("http");
        while !calm.load(Ordering::Relaxed) {
            if number.is_multiple_of(8) {
                // Cut while it waits or is worked on: what it held has to be free again.
                let path = "/provider/v1/purchases?reference=none";
                let head = format!(
                    "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {flooding_token}\r\n\r\n"
                );
                Wire::plain(address).send(head);
            }
            let answer = match number % 2 {
                0 => push(&flooding),
                _ => flooding.ask(&flooding_token, "/purchases?reference=none"),
            };
            statuses.insert(answer.status);
        }
        statuses
    };
    let asks = || {
        let mut heard = Vec::new();
        let mut asked = 0;
        // Until the flood was turned away, and long enough that the other would have been too.
        while asked < 100 || !flooded(&demo) {
            assert!(asked < 10_000, "the flood was never turned away");
            asked += 1;
            heard.push(push_pack(&other).status);
            heard.push(other.ask_own_token().status);
            let path = format!("/purchases/{}", bought.text("receipt_number"));
            heard.push(other.ask(&token, &path).status);
            heard.push(other.ask(&token, &format!("/contracts/{}", bought.contract())).status);
        }
        heard
    };
    let (heard, statuses) = std::thread::scope(|scope| {
        let flood = &flood;
        let threads: Vec<_> = (0..64).map(|number| scope.spawn(move || flood(number))).collect();
        let heard = std::panic::catch_unwind(std::panic::AssertUnwindSafe(asks));
        calm.store(true, Ordering::Relaxed);
        let statuses: BTreeSet<u16> =
            threads.into_iter().flat_map(|thread| thread.join().expect("floods")).collect();
        (heard.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), statuses)
    });
    assert!(heard.iter().all(|status| (200..300).contains(status)), "{heard:?}");
    assert_eq!(statuses, BTreeSet::from([201, 404, 429]), "heard in part, told to come again");
    // No cut request keeps its room: without anything that waits, both doors hear it again.
    let heard = |ask: &dyn Fn() -> Answer, status| {
        until("room again", || (ask().status == status).then_some(()));
    };
    heard(&|| push(&flooding), 201);
    heard(&|| flooding.ask(&flooding_token, "/purchases?reference=none"), 404);
}

/// Whether the flood met the bound of its share at both doors.
fn flooded(demo: &Demo) -> bool {
    let text = common::Http::new().get(&format!("{}/metrics", demo.text("/operator")), &[]).body;
    ["par", "status"]
        .iter()
        .all(|door| text.contains(&format!("provider=\"b-sha\",door=\"{door}\",reason=\"share\"")))
}
