//! The whole application on a thread of this process, filled with sample data, for tests and
//! benchmarks.

use actix_web::web::Data;
use linepass::{
    app::{self, Clocks, Listeners},
    cli::demo::{
        fill,
        sample::{Sample, SampleLine, SamplePassport},
    },
    config::Config,
    domain::{language::Language, line::LineService},
    web::state::WebState,
};
use std::{
    net::TcpListener,
    path::PathBuf,
    sync::mpsc,
    thread::{self, JoinHandle},
};
use tokio::sync::oneshot;

/// One under way; dropped, it stops in order.
pub struct Serving {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<bool>>,
}

/// A listener on a port that is free.
pub fn listener() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).expect("binds")
}

impl Serving {
    /// Starts one by this configuration, on these clocks and listeners. The sample data are those of
    /// `file`, which is made where it is not there, after `edit`; `operator` is the address of the
    /// operators' listener, as the sample has it. Whoever keeps the state that handlers reach drops it
    /// before this.
    pub fn start(
        config: Config,
        clocks: Clocks,
        listeners: Listeners,
        (file, edit): (PathBuf, impl FnOnce(&mut Sample) + Send + 'static),
        operator: String,
    ) -> (Self, Sample, Data<WebState>) {
        let (say, hear) = mpsc::channel();
        let thread = thread::spawn(move || {
            actix_rt::System::new().block_on(async {
                let running = app::start(&config, clocks, listeners).await.expect("starts");
                let mut sample = Sample::load_or_make(&file).expect("sample data");
                edit(&mut sample);
                let issuer = config.server.issuer.as_str();
                sample.addresses(issuer, "http://127.0.0.1:9875", operator, (None, None));
                fill::fill(&running.state, &sample).await.expect("sample data");
                let (end, ended) = oneshot::channel();
                say.send((sample, running.state.clone(), end)).expect("somebody waits");
                let _ = ended.await;
                running.stop().await
            })
        });
        let (sample, state, end) = hear.recv().expect("it starts");
        (Self { end: Some(end), thread: Some(thread) }, sample, state)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.end.take());
        let clean = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(matches!(clean, Some(Ok(true))), "it did not stop cleanly");
        }
    }
}

/// A sample line of this service with one passport ID, which authenticates from everywhere.
pub fn sample_line(customer: &str, service: LineService, passport_id: &str) -> SampleLine {
    SampleLine {
        customer_id: customer.to_owned(),
        access_key: format!("key{passport_id}"),
        service,
        networks: Vec::new(),
        passport_ids: vec![SamplePassport {
            passport_id: passport_id.to_owned(),
            password: format!("Pw7-{passport_id}"),
            line_authentication: false,
            language: Language::Ja,
        }],
    }
}

/// A configuration of these names below `LINEPASS__`, the later before the earlier.
pub fn configured<'a>(named: impl IntoIterator<Item = (&'a str, String)>) -> Config {
    let named = named.into_iter().map(|(name, value)| {
        let name = name.strip_prefix("LINEPASS__").unwrap_or(name);
        (format!("LINEPASS__{name}"), value)
    });
    Config::load(None, named).unwrap_or_else(|errors| panic!("{errors}"))
}
