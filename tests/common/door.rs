//! What tests of the doors ask again and again: the shape of an OAuth error, the headers of every
//! answer, a code in one call, and the log's decisions once they are written.

use super::{Answer, Browser, Demo, Http, Provider, answer};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// A push of a correct request with these parameters changed; `None` leaves one away.
pub fn push_with(
    provider: &Provider,
    details: Option<&str>,
    changes: &[(&str, Option<&str>)],
) -> Answer {
    let mut parameters = provider.parameters(details);
    for (name, value) in changes {
        match value {
            Some(value) => parameters.insert((*name).into(), (*value).into()),
            None => parameters.remove(*name),
        };
    }
    provider.push_form(&parameters)
}

/// Asserts the shape of RFC 6749 section 5.2 and that the description names the field.
pub fn assert_error(answer: &Answer, status: u16, code: &str, field: &str) {
    assert_eq!(answer.status, status, "{field}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["error"], code, "{field}: {body}");
    let description = body["error_description"].as_str().expect("a description");
    assert!(description.contains(field), "{field}: {description}");
    let challenged = answer.header("www-authenticate").is_some();
    assert_eq!(challenged, status == 401, "{answer:?}");
}

/// Asserts a page of our own that sends nobody anywhere.
pub fn assert_own_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("location"), None, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{answer:?}");
}

/// Any method, with a body or without.
pub fn send(http: &Http, method: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
    let request = ureq::http::Request::builder().method(method).uri(url);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(()).expect("a request");
    answer(http.0.run(request).unwrap_or_else(|error| panic!("{method} {url}: {error}")))
}

/// Asks userinfo with a bearer token.
pub fn userinfo(provider: &Provider, access_token: &str) -> Answer {
    let value = format!("Bearer {access_token}");
    let url = format!("{}/oauth/userinfo", provider.issuer);
    provider.http.get(&url, &[("authorization", &value)])
}

/// A login alone, up to its code.
pub fn code(demo: &Demo, provider: &Provider, passport_id: &str) -> String {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.push(None));
    let login = browser.log_in(&flow, passport_id, demo.password(passport_id));
    assert_eq!(login.status, 303, "{login:?}");
    browser.go_back(&flow).parameter("code").expect("a code")
}

/// Asks again and again until the log, which a thread of its own writes, holds what is looked for.
pub fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "not in the log: {what}");
        #[expect(clippy::disallowed_methods, reason = "asking again and again needs a pause")]
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The decision lines with this action, once there are so many.
pub fn decisions(demo: &Demo, action: &str, count: usize) -> Vec<Value> {
    until(&format!("{count} of {action}"), || {
        Some(demo.decisions(action)).filter(|found| found.len() >= count)
    })
}

/// The decision line of the request that got this answer, once it is written.
pub fn decision_of(demo: &Demo, action: &str, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").expect("a request ID");
    until(&format!("{action} with {id}"), || {
        demo.decisions(action).into_iter().find(|line| line["request_id"] == id)
    })
}

/// Posts the order's confirmation with the page's own token.
pub fn press(browser: &Browser, path: &str, csrf: &str) -> Answer {
    browser.post(&format!("{path}/confirm"), &[("csrf", csrf), ("consent", "yes")])
}

/// A page without what differs in every answer: the nonce and the request ID.
pub fn without_own(answer: &Answer) -> String {
    let id = answer.header("x-request-id").expect("a request ID");
    let policy = answer.header("content-security-policy").expect("a policy");
    let (_, rest) = policy.split_once("'nonce-").expect("a nonce");
    let nonce = rest.split('\'').next().expect("a nonce");
    assert!(answer.body.contains(id), "the page shows the request ID");
    answer.body.replace(id, "").replace(nonce, "")
}

/// The headers but for what differs in every answer, and the time.
pub fn own_headers(answer: &Answer) -> BTreeSet<(String, String)> {
    let others = answer.headers.iter().filter(|(name, _)| name != "date" && name != "x-request-id");
    let same = |(name, value): &(String, String)| {
        let (before, nonce) = value.split_once("'nonce-").unwrap_or((value, ""));
        let after = nonce.split_once('\'').map_or("", |(_, after)| after);
        (name.clone(), format!("{before}{after}"))
    };
    others.map(same).collect()
}

/// A figure of the operator's listener.
pub fn figure(demo: &Demo, series: &str) -> u64 {
    let text = Http::new().get(&format!("{}/metrics", demo.text("/operator")), &[]).body;
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series}\n{text}")).parse().expect("a number")
}
