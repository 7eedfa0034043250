//! What tests of the doors ask again and again: the shape of an OAuth error, the headers of every
//! answer, a code in one call, and the log's decisions once they are written.

use super::{
    Answer, Browser, Demo, Flow, Http, Options, Provider, REDIRECT_URI, VERIFIER, answer, claims,
};
use base64::{Engine, engine::general_purpose::STANDARD};
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

/// Parameters by name, as they stand in a form; one may stand twice.
pub type Pairs = Vec<(String, String)>;

/// A form without this parameter.
pub fn without(form: &[(String, String)], name: &str) -> Pairs {
    form.iter().filter(|(other, _)| other != name).cloned().collect()
}

/// A form in which this parameter has this value, and stands last.
pub fn with(form: &[(String, String)], name: &str, value: &str) -> Pairs {
    let mut form = without(form, name);
    form.push((name.to_owned(), value.to_owned()));
    form
}

/// A form in which this parameter stands twice, with this value too.
pub fn twice(form: &[(String, String)], name: &str, value: &str) -> Pairs {
    let mut form = form.to_vec();
    form.push((name.to_owned(), value.to_owned()));
    form
}

/// Posts a form to an endpoint below `/oauth/`.
pub fn post(
    provider: &Provider,
    endpoint: &str,
    headers: &[(&str, &str)],
    form: &[(String, String)],
) -> Answer {
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
    provider.http.post(&format!("{}/oauth/{endpoint}", provider.issuer), headers, &form)
}

/// The form that exchanges a code.
pub fn exchange_form(provider: &Provider, code: &str) -> Pairs {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &provider.redirect_uri),
        ("code_verifier", VERIFIER),
        ("client_id", &provider.client_id),
        ("client_secret", &provider.client_secret),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The form by which a provider asks for itself.
pub fn own_form(provider: &Provider) -> Pairs {
    [
        ("grant_type", "client_credentials"),
        ("scope", "purchases:read"),
        ("client_id", &provider.client_id),
        ("client_secret", &provider.client_secret),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The value of an `Authorization` header with these credentials.
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The `request_uri` of a push that was taken.
pub fn request_uri(pushed: &Answer) -> String {
    assert_eq!(pushed.status, 201, "{pushed:?}");
    pushed.json()["request_uri"].as_str().expect("a request_uri").to_owned()
}

/// A browser that comes with a request changed so.
pub fn arrive(
    demo: &Demo,
    provider: &Provider,
    changes: &[(&str, Option<&str>)],
) -> (Browser, Flow) {
    let uri = request_uri(&push_with(provider, None, changes));
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.authorize_url(&uri));
    (browser, flow)
}

/// Logs in with a request changed so, up to the code.
pub fn code_with(
    demo: &Demo,
    provider: &Provider,
    id: &str,
    changes: &[(&str, Option<&str>)],
) -> String {
    let (browser, flow) = arrive(demo, provider, changes);
    let login = browser.log_in(&flow, id, demo.password(id));
    assert_eq!(login.status, 303, "{id} {changes:?}: {login:?}");
    browser.go_back(&flow).parameter("code").expect("a code")
}

/// The same up to the token endpoint's answer.
pub fn tokens(
    demo: &Demo,
    provider: &Provider,
    id: &str,
    changes: &[(&str, Option<&str>)],
) -> Value {
    let tokens = provider.exchange(&code_with(demo, provider, id, changes));
    assert_eq!(tokens.status, 200, "{tokens:?}");
    tokens.json()
}

/// The claims of the `id_token` among these tokens.
pub fn id_token(tokens: &Value) -> Value {
    claims(tokens["id_token"].as_str().expect("a token"))
}

/// Asserts a way back to the registered address, with this parameter and with `state` and `iss`.
pub fn assert_back(demo: &Demo, back: &Answer, name: &str, value: Option<&str>) {
    assert_eq!(back.status, 303, "{back:?}");
    assert!(back.location().starts_with(&format!("{REDIRECT_URI}?")), "{back:?}");
    assert_eq!(back.header("cache-control"), Some("no-store"), "{back:?}");
    let told = back.parameter(name);
    assert!(told.is_some() && value.is_none_or(|value| told.as_deref() == Some(value)), "{back:?}");
    for (name, value) in [("state", "state-1"), ("iss", demo.issuer())] {
        let url = url::Url::parse(back.location()).expect("an address");
        let all: Vec<String> = url
            .query_pairs()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
            .collect();
        assert_eq!(all, [value], "{name}: {back:?}");
    }
    assert_ne!(back.parameter("code").is_some(), back.parameter("error").is_some(), "{back:?}");
    assert!(!back.location().contains('#'), "{back:?}");
}

/// A demo without mails, whose follower stores how far it has come by itself: what is stored is what
/// the test does.
pub fn quiet() -> Demo {
    let env = vec![("LINEPASS__MAIL__TRANSPORT", "none".to_owned())];
    Demo::with(&Options { env, ..Options::default() })
}

/// The newest durable block of a [`quiet`] demo: what anything that is stored moves.
pub fn stored(demo: &Demo) -> u64 {
    figure(demo, "linepass_durable_block")
}

/// A code of a login, once the sign-in is remembered, which is done after its answer: from then on
/// the newest block moves by what the test does alone.
pub fn settled_code(demo: &Demo, provider: &Provider) -> String {
    let before = stored(demo);
    let code = code(demo, provider, "sakura01");
    until("the sign-in", || (stored(demo) > before).then_some(()));
    code
}

/// A text with its middle character changed.
pub fn tampered(text: &str) -> String {
    let middle = text.len() / 2;
    let other = if text[middle..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &text[..middle], &text[middle + 1..])
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
