//! A provider's webhook receiver that does as it is told: answers with a status, is slow, says
//! nothing, or breaks off, over TLS if need be. It keeps what came.

use base64::{Engine, engine::general_purpose::STANDARD};
use linepass::security::mac::hmac_sha256;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// Header `webhook-id`.
    pub id: String,
    /// Header `webhook-timestamp`.
    pub timestamp_s: i64,
    /// Header `webhook-signature`.
    pub signature: String,
    /// The body's bytes, as text.
    pub body: String,
}

impl Received {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// How many of its signatures this key made (Standard Webhooks).
    pub fn signed_by(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix"));
        let signed = format!("{}.{}.{}", self.id, self.timestamp_s, self.body);
        let right = hmac_sha256(&key.expect("base64"), signed.as_bytes());
        let right = format!("v1,{}", STANDARD.encode(right));
        self.signature.split(' ').filter(|signature| *signature == right).count()
    }
}

/// What the receiver does with a message.
#[derive(Debug, Clone)]
pub enum Reply {
    /// It answers with this head and no body, such as `204 No Content`, and more header lines.
    Answer(&'static str, String),
    /// It keeps the connection and says nothing.
    Silence,
    /// It answers a byte at a time, so slowly that nobody waits.
    Drip,
    /// It closes without a word.
    Close,
}

/// 204.
pub fn taken() -> Reply {
    Reply::Answer("204 No Content", String::new())
}

/// This status alone.
pub fn status(line: &'static str) -> Reply {
    Reply::Answer(line, String::new())
}

type Behaviour = Box<dyn Fn(&Received, usize) -> Reply + Send + Sync>;

/// A receiver that listens.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
    behaviour: Mutex<Behaviour>,
}

impl Receiver {
    /// One that takes everything.
    pub fn taking() -> Self {
        Self::with(|_, _| taken())
    }

    /// One that does with a message as it is told, by the message and how many came before it.
    pub fn with(behaviour: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").expect("a port"), behaviour)
    }

    /// One that listens here.
    pub fn at(
        listener: TcpListener,
        behaviour: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::speaking(listener, None, behaviour)
    }

    /// One that takes everything over TLS.
    pub fn over_tls(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self::speaking(listener, Some(config), |_, _| taken())
    }

    fn speaking(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        behaviour: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            connections: Mutex::default(),
            behaviour: Mutex::new(Box::new(behaviour)),
        });
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *own.connections.lock().expect("no panic") += 1;
                let (own, tls) = (Arc::clone(&own), tls.clone());
                thread::spawn(move || match tls {
                    Some(config) => {
                        let connection = ServerConnection::new(config).expect("TLS");
                        own.serve(StreamOwned::new(connection, stream));
                    }
                    None => own.serve(stream),
                });
            }
        });
        Self { address, shared }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}/webhook", self.address)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on it does so.
    pub fn behave(&self, behaviour: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) {
        *self.shared.behaviour.lock().expect("no panic") = Box::new(behaviour);
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().expect("no panic").clone()
    }

    /// The IDs of what came so far.
    pub fn ids(&self) -> Vec<String> {
        self.received().into_iter().map(|received| received.id).collect()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().expect("no panic")
    }
}

impl Shared {
    fn serve(&self, stream: impl Read + Write) {
        let mut reader = BufReader::new(stream);
        while let Some(received) = read(&mut reader) {
            let before = {
                let mut all = self.received.lock().expect("no panic");
                all.push(received.clone());
                all.len() - 1
            };
            let reply = (self.behaviour.lock().expect("no panic"))(&received, before);
            if !reply.give(reader.get_mut()) {
                return;
            }
        }
    }
}

impl Reply {
    /// Whether the connection goes on.
    fn give(self, stream: &mut (impl Read + Write)) -> bool {
        match self {
            Self::Answer(line, more) => {
                let head = format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n{more}\r\n");
                stream.write_all(head.as_bytes()).and_then(|()| stream.flush()).is_ok()
            }
            Self::Silence => {
                // Until the other side gives up.
                let _ = stream.read(&mut [0]);
                false
            }
            Self::Drip => {
                for byte in b"HTTP/1.1 200 OK\r\nx: ".iter().chain(std::iter::repeat_n(&b'x', 600))
                {
                    if stream.write_all(&[*byte]).and_then(|()| stream.flush()).is_err() {
                        return false;
                    }
                    #[expect(clippy::disallowed_methods, reason = "slowness is what it is for")]
                    thread::sleep(Duration::from_millis(100));
                }
                false
            }
            Self::Close => false,
        }
    }
}

/// Reads a request; `None` at the connection's end.
fn read(reader: &mut impl BufRead) -> Option<Received> {
    let mut headers = std::collections::HashMap::new();
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    assert!(line.starts_with("POST "), "{line}");
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    assert_eq!(headers.get("content-type").map(String::as_str), Some("application/json"));
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    Some(Received {
        at: Instant::now(),
        id: header("webhook-id"),
        timestamp_s: header("webhook-timestamp").parse().expect("seconds"),
        signature: header("webhook-signature"),
        body: String::from_utf8(body).expect("text"),
    })
}
