//! The whole application inside the test's own process, on clocks that the test moves: for what
//! the real binary would have to wait hours for.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod serving;

use crate::common::{
    Browser, Flow, Http, Provider, REDIRECT_URI, anime, operator::Operator, unique,
};
use actix_web::web::Data;
use linepass::{
    actors::change::{Change, What},
    app::{Clocks, Listeners},
    cli::demo::sample::Sample,
    clock::Clock,
    config::Config,
    domain::{
        calendar::{Instant, Month},
        line::{By, Command, accounting::parts_to_close, command::CloseMonth},
    },
    web::state::WebState,
};
use serde_json::Value;
use serving::{Serving, configured, listener};
use std::{net::TcpListener, path::Path};
use tempfile::TempDir;

/// An application under way; dropped, it stops in order.
pub struct Inside {
    /// Its address.
    pub issuer: String,
    /// Its operator.
    pub operator: Operator,
    /// What it was started with.
    pub config: Config,
    /// The clock of the rules.
    pub decisions: Clock,
    /// The clock of everything that expires.
    pub host: Clock,
    sample: Sample,
    // Dropped in this order: nobody reaches into what stops, and the folder goes last.
    state: Data<WebState>,
    serving: Serving,
    folder: TempDir,
}

/// What a test changes of the sample data before they are brought in.
pub type Edit = fn(&mut Sample);

impl Inside {
    /// Starts one on a store of its own; both clocks stand at the time that it is, until the test
    /// moves them.
    pub fn start(env: &[(&str, &str)]) -> Self {
        Self::start_at(Clock::host().now(), env, |_| ())
    }

    /// The same with both clocks at `now` and other sample data.
    pub fn start_at(now: Instant, env: &[(&str, &str)], edit: Edit) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (public, operator) = (listener(), listener());
        let url = |of: &TcpListener| format!("http://{}", of.local_addr().expect("an address"));
        let (issuer, operator_url) = (url(&public), url(&operator));
        let config = configure(folder.path(), &issuer, env);
        let (decisions, host) = (Clock::standing_at(now), Clock::standing_at(now));
        let clocks = Clocks { decisions: decisions.clone(), host: host.clone() };
        let listeners = Listeners { public, balanced: None, operator };
        let filled = (folder.path().join("demo.json"), edit);
        let (serving, sample, state) =
            Serving::start(config.clone(), clocks, listeners, filled, operator_url.clone());
        let operator = Operator::at(operator_url, &config.operator.token_file);
        Self { issuer, operator, config, decisions, host, sample, state, serving, folder }
    }

    /// Moves both clocks.
    pub fn set(&self, now: Instant) {
        self.decisions.set(now);
        self.host.set(now);
    }

    /// B社, whose redirect address is [`REDIRECT_URI`].
    pub fn provider(&self) -> Provider {
        self.provider_number(1)
    }

    /// The n-th sample provider.
    pub fn provider_number(&self, number: usize) -> Provider {
        let provider = &self.sample.providers[number];
        let own = provider.redirect_uris.first().map_or(REDIRECT_URI, String::as_str);
        let redirect_uri = if number == 1 { REDIRECT_URI } else { own };
        Provider {
            issuer: self.issuer.clone(),
            client_id: provider.client_id.clone(),
            client_secret: provider.client_secret.clone(),
            redirect_uri: redirect_uri.to_owned(),
            http: Http::new(),
        }
    }

    /// A社, whose redirect address is the shop's, where nobody listens.
    pub fn other_provider(&self) -> Provider {
        let provider = &self.sample.providers[0];
        Provider {
            client_id: provider.client_id.clone(),
            client_secret: provider.client_secret.clone(),
            redirect_uri: provider.redirect_uris[0].clone(),
            ..self.provider()
        }
    }

    /// A purchase through to its receipt.
    pub fn buy(&self, from: &Provider, passport_id: &str, details: &str) -> Value {
        let browser = Browser::new(&self.issuer);
        let flow = browser.arrive(&from.push(Some(details)));
        assert_eq!(browser.log_in(&flow, passport_id, self.password(passport_id)).status, 303);
        let bought = browser.buy(&flow);
        assert_eq!(bought.status, 303, "{bought:?}");
        let code = browser.go_back(&flow).parameter("code").expect("a code");
        let answer = from.exchange(&code);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["authorization_details"][0].clone()
    }

    /// What handlers reach.
    pub fn state(&self) -> &WebState {
        &self.state
    }

    /// Makes a change as the carrier would.
    pub fn make(&self, customer: &str, what: What) {
        let change = Change { what, by: By::System, source: None, request_id: None };
        let customer = customer.parse().expect("an ID");
        wait(self.state().lines.make(customer, change)).expect("it is made");
    }

    /// Closes a month of one line, as the month's close does.
    pub fn close(&self, customer: &str, month: Month) {
        let view = wait(self.state().lines.look(customer.parse().expect("an ID"))).expect("a line");
        for part in 1..=parts_to_close(view.line.as_deref().expect("a line"), month) {
            let close = CloseMonth { month, block: 1, part };
            self.make(customer, What::Plain(Box::new(Command::CloseMonth(close))));
        }
    }

    /// A passport ID's password.
    pub fn password(&self, passport_id: &str) -> &str {
        let mut ids = self.sample.lines.iter().flat_map(|line| &line.passport_ids);
        let found = ids.find(|id| id.passport_id == passport_id);
        &found.unwrap_or_else(|| panic!("{passport_id}")).password
    }

    /// A line's access key.
    pub fn access_key(&self, customer: &str) -> &str {
        let found = self.sample.lines.iter().find(|line| line.customer_id == customer);
        &found.unwrap_or_else(|| panic!("{customer}")).access_key
    }

    /// A browser whose flow is before its login.
    pub fn arrived(&self) -> (Browser, Flow) {
        let browser = Browser::new(&self.issuer);
        let flow = browser.arrive(&self.provider().push(Some(&anime(&unique()))));
        (browser, flow)
    }

    /// A purchase through to its tokens.
    pub fn tokens(&self) -> Value {
        let (browser, flow) = self.arrived();
        assert_eq!(browser.log_in(&flow, "sakura01", self.password("sakura01")).status, 303);
        assert_eq!(browser.buy(&flow).status, 303);
        let code = browser.go_back(&flow).parameter("code").expect("a code");
        let answer = self.provider().exchange(&code);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }
}

/// Waits for what is under way in the application.
pub fn wait<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(what)
}

/// A moment in Japan, such as `2026-12-15T10:00:00`.
pub fn japan(text: &str) -> Instant {
    format!("{text}+09:00").parse().expect("a time")
}

/// `instant` moved by whole seconds.
pub fn after_s(instant: Instant, seconds: i64) -> Instant {
    Instant::from_micros(instant.micros() + seconds * 1_000_000)
}

fn configure(folder: &Path, issuer: &str, env: &[(&str, &str)]) -> Config {
    let path = |name: &str| folder.join(name).display().to_string();
    let (store, master, token) = (path("store"), path("master.key"), path("operator.token"));
    let own = [
        ("SERVER__ISSUER", issuer),
        ("TLS__ENABLED", "false"),
        ("STORE__PATH", &store),
        ("STORE__MIN_FREE_SPACE_BYTES", "16777216"),
        ("OVERLOAD__QUEUE_TARGET_MS", "1000"),
        ("KEYS__MASTER_KEY_FILE", &master),
        ("OPERATOR__TOKEN_FILE", &token),
        ("PASSWORD__HASH_MEMORY_KIB", "64"),
        ("PASSWORD__HASH_PASSES", "1"),
    ];
    configured(own.iter().chain(env).map(|(name, value)| (*name, (*value).to_owned())))
}
