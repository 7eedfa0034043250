//! A whole server in this process over TLS, and a client that costs little: HTTP/1.1 on
//! connections that stay, no more of it than the server's answers need.

#![allow(
    dead_code,
    clippy::cast_precision_loss,
    reason = "each benchmark uses a part of it; rates have few digits"
)]

pub mod household;
pub mod sending;

#[path = "../../tests/inside/serving.rs"]
mod serving;
#[path = "../../tests/wire/trust.rs"]
mod trust;

use linepass::{
    app::{Clocks, Listeners},
    cli::demo::sample::{Sample, SampleLine},
    clock::Clock,
    config::Config,
    domain::line::LineService,
};
use rustls::pki_types::ServerName;
pub use serving::listener;
use serving::{Serving, configured, sample_line};
use std::{net::TcpListener, path::Path};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use trust::client_config;

/// A server under way; it stops in order when it is dropped.
pub struct Served {
    /// `localhost` and its port.
    pub host: String,
    /// What it was filled with.
    pub sample: Sample,
    /// How a client trusts it.
    pub tls: TlsConnector,
    serving: Serving,
}

impl Served {
    /// Starts one in this folder with `lines` lines more than the sample's.
    pub fn start(folder: &Path, lines: u64, env: &[(&str, &str)]) -> Self {
        let env = env.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let public = listener();
        let config = configure(folder, &host_of(&public), env);
        Self::on(public, config, folder, lines)
    }

    /// The same on this listener by this configuration.
    pub fn on(public: TcpListener, config: Config, folder: &Path, lines: u64) -> Self {
        let (host, certificate) = (host_of(&public), config.tls.certificate_file.clone());
        let clocks = Clocks { decisions: Clock::host(), host: Clock::host() };
        let listeners = Listeners { public, balanced: None, operator: listener() };
        let edit = move |sample: &mut Sample| sample.lines.extend((1..=lines).map(line));
        let filled = (folder.join("demo.json"), edit);
        let (serving, sample, _) = Serving::start(config, clocks, listeners, filled, String::new());
        Self { host, sample, tls: connector(&certificate), serving }
    }

    /// Where it is, and how it is trusted.
    pub fn door(&self) -> (&str, &TlsConnector) {
        (&self.host, &self.tls)
    }
}

/// `localhost` and the port of a listener.
pub fn host_of(listener: &TcpListener) -> String {
    format!("localhost:{}", listener.local_addr().expect("an address").port())
}

/// The n-th line; its passport ID authenticates from everywhere.
fn line(number: u64) -> SampleLine {
    let customer = format!("CAF{:010}", 9_000_000_000 + number);
    sample_line(&customer, LineService::HikariNext, &passport_id(number))
}

/// The n-th line's passport ID.
pub fn passport_id(number: u64) -> String {
    format!("bench{number:07}")
}

/// The configuration of a server in this folder that households know by this host, and more.
pub fn configure<'a>(
    folder: &Path,
    host: &str,
    more: impl IntoIterator<Item = (&'a str, String)>,
) -> Config {
    let path = |name: &str| folder.join(name).display().to_string();
    let own = [
        ("SERVER__ISSUER", format!("https://{host}")),
        ("TLS__ENABLED", "true".to_owned()),
        ("TLS__CERTIFICATE_FILE", path("server.crt")),
        ("TLS__KEY_FILE", path("server.key")),
        ("STORE__PATH", path("store")),
        ("KEYS__MASTER_KEY_FILE", path("master.key")),
        ("OPERATOR__TOKEN_FILE", path("operator.token")),
    ];
    configured(own.into_iter().chain(more))
}

/// A client that trusts this certificate alone.
pub fn connector(certificate: &Path) -> TlsConnector {
    TlsConnector::from(client_config(certificate))
}

/// A request that finds no room is sent so often again, each time after a pause.
const MOST_TRIES: u32 = 10_000;
const BETWEEN_TRIES: std::time::Duration = std::time::Duration::from_millis(5);

/// One connection that stays.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
    /// How many of its requests [`Connection::until_heard`] sent once more.
    pub turned_away: u64,
}

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: u16,
    head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// All values of a header.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.head.lines().filter_map(move |line| {
            let (of, value) = line.split_once(':')?;
            of.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Where it leads.
    pub fn location(&self) -> &str {
        self.headers("location").next().unwrap_or_default()
    }

    /// Its first cookie, as a browser would send it back.
    pub fn cookie(&self) -> String {
        let set = self.headers("set-cookie").next().expect("a cookie");
        set.split(';').next().unwrap_or_default().to_owned()
    }

    /// Its body as text.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The value of a hidden field of its form.
    pub fn field(&self, name: &str) -> String {
        let text = self.text();
        let field = format!("name=\"{name}\" value=\"");
        let (_, rest) = text.split_once(&field).unwrap_or_else(|| panic!("no {name}: {text}"));
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

impl Connection {
    /// Opens one to `localhost` and this port.
    pub async fn open(host: &str, tls: &TlsConnector) -> Self {
        let (name, port) = host.split_once(':').expect("a port");
        let socket = TcpStream::connect(("127.0.0.1", port.parse().expect("a port"))).await;
        let socket = socket.expect("connects");
        socket.set_nodelay(true).expect("sets");
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let stream = tls.connect(name, socket).await.expect("TLS");
        Self { stream, buffer: Vec::with_capacity(32 << 10), turned_away: 0 }
    }

    /// The answer of a server that has room: while it has none the request is sent again.
    pub async fn until_heard(&mut self, request: &[u8]) -> Answer {
        for _ in 0..MOST_TRIES {
            let answer = self.ask(request).await;
            if answer.status != 503 {
                return answer;
            }
            self.turned_away += 1;
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("no room after {MOST_TRIES} tries");
    }

    /// Sends a request as it is, and reads its answer.
    pub async fn ask(&mut self, request: &[u8]) -> Answer {
        self.stream.write_all(request).await.expect("writes");
        self.stream.flush().await.expect("writes");
        self.buffer.clear();
        let head_bytes = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await;
        };
        let head = String::from_utf8_lossy(&self.buffer[..head_bytes]).into_owned();
        let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
        let answer = Answer { status, head, body: Vec::new() };
        let length = answer
            .headers("content-length")
            .next()
            .map_or(0, |length| length.parse::<usize>().expect("a length"));
        while self.buffer.len() < head_bytes + length {
            self.more().await;
        }
        Answer { body: self.buffer.split_off(head_bytes), ..answer }
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.expect("reads");
        assert!(read > 0, "the server closed");
    }
}

/// A GET.
pub fn get(host: &str, path: &str, cookie: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n\r\n").into_bytes()
}

/// A form posted by a page of ours, or by a provider where there is no cookie.
pub fn post(host: &str, path: &str, cookie: &str, form: &[(&str, &str)]) -> Vec<u8> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let own = if cookie.is_empty() {
        String::new()
    } else {
        format!("cookie: {cookie}\r\norigin: https://{host}\r\nsec-fetch-site: same-origin\r\n")
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\n{own}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
