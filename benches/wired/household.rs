//! What households and their provider ask, up to the request that is measured.

use super::{Connection, Served, get, passport_id, post};
use linepass::cli::demo::sample::SampleProvider;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

/// Connections that bring flows to where they are measured from.
const PREPARING: usize = 32;
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Limits that would turn one generator away, which is all households and a provider at once. Admission is as
/// it comes.
pub const LOOSE: [(&str, &str); 7] = [
    ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "1000000"),
    ("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1000000"),
    ("LINEPASS__PROVIDER_LIMITS__BURST_REQUESTS", "10000000"),
    ("LINEPASS__PROVIDER_LIMITS__REQUESTS_UNDER_WAY", "10000"),
    ("LINEPASS__PROVIDER_LIMITS__SHARE_PERCENT", "100"),
    ("LINEPASS__LINE__DEFAULT_PASSPORT_LIMIT_YEN", "9999999"),
    ("LINEPASS__LINE__DEFAULT_LINE_LIMIT_YEN", "9999999"),
];

/// Hashes that cost nothing, where something else is measured.
pub const CHEAP: [(&str, &str); 2] =
    [("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "64"), ("LINEPASS__PASSWORD__HASH_PASSES", "1")];

/// Households and their provider.
pub struct Generator<'a> {
    /// The server.
    pub served: &'a Served,
    provider: SampleProvider,
    lines: u64,
    number: Cell<u64>,
}

impl<'a> Generator<'a> {
    /// Households of so many lines, and B社.
    pub fn new(served: &'a Served, lines: u64) -> Self {
        Self { served, provider: served.sample.providers[1].clone(), lines, number: Cell::new(0) }
    }

    /// A connection to the server.
    pub async fn connect(&self) -> Connection {
        Connection::open(&self.served.host, &self.served.tls).await
    }

    /// So many flows that only lack the press, as the requests that make it.
    pub async fn presses(&self, count: usize) -> VecDeque<Vec<u8>> {
        self.prepare(count, async |connection| self.at_confirmation(connection).await.0).await
    }

    /// So many flows that stand at their login page, as the requests that log in.
    pub async fn logins(&self, count: usize) -> VecDeque<Vec<u8>> {
        self.prepare(count, async |connection| self.at_login(connection).await.0).await
    }

    async fn prepare(
        &self,
        count: usize,
        one: impl AsyncFn(&mut Connection) -> Vec<u8>,
    ) -> VecDeque<Vec<u8>> {
        let flows = RefCell::new(VecDeque::with_capacity(count));
        let begun = Cell::new(0);
        let preparing = (0..PREPARING).map(|_| async {
            let mut connection = self.connect().await;
            while begun.get() < count {
                begun.set(begun.get() + 1);
                let request = one(&mut connection).await;
                flows.borrow_mut().push_back(request);
            }
        });
        futures_util::future::join_all(preparing).await;
        flows.into_inner()
    }

    /// From the provider's push to the login page: the request of a login with the right password,
    /// and the flow's path.
    pub async fn at_login(&self, connection: &mut Connection) -> (Vec<u8>, String) {
        let number = self.number.get();
        self.number.set(number + 1);
        let flow = AtLogin::reach(connection, &self.served.host, &self.provider, number).await;
        let id = passport_id(1 + number % self.lines);
        (flow.login(&id, &format!("Pw7-{id}")), flow.path)
    }

    /// From the provider's push to the confirmation: the request of the press, the flow's path and
    /// its cookie.
    async fn at_confirmation(&self, connection: &mut Connection) -> (Vec<u8>, String, String) {
        let host = &self.served.host;
        let (login, path) = self.at_login(connection).await;
        let logged_in = connection.until_heard(&login).await;
        assert_eq!(logged_in.status, 303, "{}", logged_in.text());
        let cookie = logged_in.cookie();
        let confirm = format!("{path}/confirm");
        let page = connection.until_heard(&get(host, &confirm, &cookie)).await;
        let (csrf, month) = (page.field("csrf"), page.field("month"));
        let form = [("csrf", &*csrf), ("month", &*month), ("consent", "yes")];
        (post(host, &confirm, &cookie, &form), path, cookie)
    }

    /// A whole flow, through to the provider's receipt.
    pub async fn whole(&self, connection: &mut Connection) {
        let host = &self.served.host;
        let (press, path, cookie) = self.at_confirmation(connection).await;
        assert_eq!(connection.until_heard(&press).await.status, 303);
        let done = connection.until_heard(&get(host, &format!("{path}/complete"), &cookie)).await;
        assert_eq!(done.status, 200, "{}", done.text());
        let back = connection.until_heard(&get(host, &format!("{path}/return"), &cookie)).await;
        let back = url::Url::parse(back.location()).expect("the way back");
        let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &self.provider.redirect_uris[0]),
            ("code_verifier", VERIFIER),
            ("client_id", &self.provider.client_id),
            ("client_secret", &self.provider.client_secret),
        ];
        let tokens = connection.until_heard(&post(host, "/oauth/token", "", &form)).await;
        assert_eq!(tokens.status, 200, "{}", tokens.text());
    }
}

/// A flow at its login page.
pub struct AtLogin {
    host: String,
    path: String,
    cookie: String,
    csrf: String,
}

impl AtLogin {
    /// From the push of this provider's n-th order to the page.
    pub async fn reach(
        connection: &mut Connection,
        host: &str,
        provider: &SampleProvider,
        number: u64,
    ) -> Self {
        let request = push(host, provider, number);
        let pushed = connection.until_heard(&request).await;
        assert_eq!(pushed.status, 201, "{}", pushed.text());
        let pushed: serde_json::Value = serde_json::from_slice(&pushed.body).expect("JSON");
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &provider.client_id)
            .append_pair("request_uri", pushed["request_uri"].as_str().expect("a request_uri"))
            .finish();
        let arrived =
            connection.until_heard(&get(host, &format!("/oauth/authorize?{query}"), "")).await;
        let path = arrived.location().strip_suffix("/login").expect("the login page").to_owned();
        let cookie = arrived.cookie();
        let page = connection.until_heard(&get(host, &format!("{path}/login"), &cookie)).await;
        Self { host: host.to_owned(), path, cookie, csrf: page.field("csrf") }
    }

    /// The request that logs in.
    pub fn login(&self, id: &str, password: &str) -> Vec<u8> {
        let form = [("csrf", &*self.csrf), ("passport_id", id), ("password", password)];
        post(&self.host, &format!("{}/login", self.path), &self.cookie, &form)
    }
}

fn push(host: &str, provider: &SampleProvider, number: u64) -> Vec<u8> {
    let details = serde_json::json!([{
        "type": "purchase", "reference": format!("bench-{number}"), "service": "support",
        "quantity": 1, "amount": 1, "currency": "JPY"
    }]);
    let details = details.to_string();
    let form = [
        ("client_id", provider.client_id.as_str()),
        ("client_secret", &provider.client_secret),
        ("response_type", "code"),
        ("redirect_uri", &provider.redirect_uris[0]),
        ("scope", "openid"),
        ("state", "state-1"),
        ("nonce", "nonce-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("authorization_details", &details),
    ];
    post(host, "/oauth/par", "", &form)
}
