//! Raw connections, plain and TLS, and a `serve` to connect to.

#![allow(dead_code, reason = "each test binary uses a part of it")]

mod trust;

use crate::{
    common::Http,
    process::{PATIENCE, Started, free_port, linepass},
};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
pub use trust::client_config;

/// A stream that bytes go over.
pub trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A connection to a listener.
pub struct Wire {
    stream: Box<dyn Stream>,
    socket: TcpStream,
}

impl Wire {
    /// Plain TCP.
    pub fn plain(address: &str) -> Self {
        let socket = TcpStream::connect(address).expect("connects");
        socket.set_read_timeout(Some(PATIENCE)).expect("sets");
        socket.set_write_timeout(Some(PATIENCE)).expect("sets");
        Self { stream: Box::new(socket.try_clone().expect("clones")), socket }
    }

    /// TLS that trusts this certificate alone, as `localhost`, after these bytes.
    pub fn tls(address: &str, certificate: &Path, before: &[u8]) -> Self {
        Self::tls_as(address, "localhost", certificate, before)
    }

    /// The same by another name.
    pub fn tls_as(address: &str, name: &str, certificate: &Path, before: &[u8]) -> Self {
        Self::tls_over(Self::plain(address).socket, name, client_config(certificate), before)
    }

    /// HTTP/2 over TLS, chosen by ALPN; nothing of HTTP is sent.
    pub fn http_2(address: &str, certificate: &Path) -> Self {
        let mut config = Arc::unwrap_or_clone(client_config(certificate));
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self::tls_over(Self::plain(address).socket, "localhost", Arc::new(config), b"")
    }

    /// TLS by this configuration, as `localhost`.
    pub fn tls_with(address: &str, config: Arc<ClientConfig>) -> Self {
        Self::tls_over(Self::plain(address).socket, "localhost", config, b"")
    }

    fn tls_over(
        mut socket: TcpStream,
        name: &str,
        config: Arc<ClientConfig>,
        before: &[u8],
    ) -> Self {
        socket.write_all(before).expect("writes");
        let name = name.to_owned().try_into().expect("a name");
        let connection = ClientConnection::new(config, name).expect("TLS");
        let stream = StreamOwned::new(connection, socket.try_clone().expect("clones"));
        Self { stream: Box::new(stream), socket }
    }

    /// Sends.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.try_send(bytes.as_ref()).expect("writes");
        self
    }

    /// Sends where the server may be gone.
    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// All that comes until the server closes.
    pub fn rest(&mut self) -> String {
        String::from_utf8_lossy(&self.rest_bytes()).into_owned()
    }

    /// The same as it came.
    pub fn rest_bytes(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut piece = [0; 4096];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => all.extend_from_slice(&piece[..count]),
                Err(error) if is_pause(&error) => panic!("it stays open after {all:?}"),
                // Closed with bytes unread, or TLS without a goodbye.
                Err(_) => break,
            }
        }
        all
    }

    /// Whether a byte comes until then; what came already counts at any time.
    pub fn is_answered(&mut self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.socket.set_read_timeout(Some(left)).expect("sets");
        matches!(self.stream.read(&mut [0]), Ok(1))
    }

    /// The head of one answer in small letters, and nothing behind it.
    pub fn head(&mut self) -> String {
        let mut all = Vec::new();
        let mut byte = [0];
        while !all.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte).expect("an answer");
            all.push(byte[0]);
        }
        String::from_utf8(all).expect("text").to_ascii_lowercase()
    }

    /// One answer with a `content-length`, whole; the connection stays open.
    pub fn answer(&mut self) -> String {
        let head = self.head();
        let (_, length) = head.split_once("content-length: ").expect("a length");
        let length = length.split("\r\n").next().and_then(|text| text.parse().ok());
        let mut body = vec![0; length.expect("a number")];
        self.stream.read_exact(&mut body).expect("a body");
        head
    }

    /// Sends one byte after the other with a pause between them until the server closes; what it
    /// said meanwhile.
    pub fn dribble(&mut self, byte: &[u8], pause: Duration) -> String {
        let began = Instant::now();
        self.socket.set_read_timeout(Some(pause)).expect("sets");
        let mut said = String::new();
        let mut piece = [0; 4096];
        loop {
            assert!(began.elapsed() < PATIENCE, "it never closes");
            match self.stream.read(&mut piece) {
                Ok(0) => return said,
                Ok(count) => said.push_str(&String::from_utf8_lossy(&piece[..count])),
                Err(error) if is_pause(&error) => {
                    if self.try_send(byte).is_err() {
                        return said;
                    }
                }
                Err(_) => return said,
            }
        }
    }
}

fn is_pause(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// `linepass serve` with TLS.
pub struct Served {
    /// The process.
    pub started: Started,
    /// The public listener.
    pub listen: String,
    /// The operators' listener.
    pub operator: String,
}

/// Starts `serve` with TLS in this folder, and waits until it answers.
pub fn serve(folder: &Path, environment: &[(&str, &str)]) -> Served {
    let mut served = spawn(folder, environment);
    let began = Instant::now();
    while TcpStream::connect(&served.operator).is_err() {
        assert!(served.started.runs() && began.elapsed() < PATIENCE, "it does not start");
    }
    let healthz = format!("http://{}/healthz", served.operator);
    assert_eq!(Http::new().get(&healthz, &[]).status, 200);
    served
}

/// Starts `serve` with TLS in this folder.
pub fn spawn(folder: &Path, environment: &[(&str, &str)]) -> Served {
    let port = free_port();
    let operator = format!("127.0.0.1:{}", free_port());
    let file = folder.join("linepass.toml");
    let text = format!(
        "[server]\nissuer = \"https://localhost:{port}\"\nlisten = \"0.0.0.0:{port}\"\n\n\
         [tls]\nenabled = true\ncertificate_file = \"{0}/certs/server.crt\"\n\
         key_file = \"{0}/certs/server.key\"\nreload_every_s = 1\n\n\
         [operator]\nlisten = \"{operator}\"\ntoken_file = \"{0}/operator.token\"\n\n\
         [log]\nfolder = \"\"\n\n[store]\npath = \"{0}/store\"\n\n[keys]\nmaster_key_file = \"{0}/master.key\"\n",
        folder.display(),
    );
    std::fs::write(&file, text).expect("writes");
    let mut command = linepass(&["serve", "--config"]);
    let command = command.arg(file).envs(environment.iter().copied());
    let started = Started::spawn(command);
    Served { started, listen: format!("127.0.0.1:{port}"), operator }
}
