//! A client for HTTP/1.1 that costs little: one connection, one request at a time, one write and as
//! few reads as the answer has pieces. The generator shares its processors with the server under
//! test, so each microsecond here is taken from what is measured; `benches/load_client.rs`
//! prints what it costs beside a general client.

use super::target::Target;
use futures_util::FutureExt;
use rustls::{CertificateError, Error as TlsError};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    ops::Range,
    rc::Rc,
    str,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::client::TlsStream;

/// A connection that was idle for so long is looked at before it is written to: the server may have
/// closed it, and a press must not be lost to that.
const LOOK_AFTER: Duration = Duration::from_millis(500);
/// The largest answer that is taken, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// An answer with more headers than these is none of ours.
const MOST_HEADERS: usize = 64;

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The connection was not made.
    #[error("no connection: {0}")]
    Connect(String),
    /// TLS was not agreed on.
    #[error("no TLS: {0}")]
    Tls(String),
    /// Nobody who is believed has given the server its certificate.
    #[error("no TLS: {0}")]
    Issuer(String),
    /// The server closed the connection, or it broke, before the whole answer was there.
    #[error("the connection ended: {0}")]
    Closed(String),
    /// The answer took longer than it may.
    #[error("it takes longer than --timeout")]
    Timeout,
    /// What came is no HTTP.
    #[error("that is no HTTP: {0}")]
    Malformed(String),
}

/// What is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The path with its query.
    pub path: &'a str,
    /// The browser's cookies; none where empty.
    pub cookie: &'a str,
    /// Where the household comes from, for `X-Forwarded-For`; none where empty.
    pub forwarded: &'a str,
    /// `Authorization`; none where empty.
    pub authorization: &'a str,
    /// A form to post; without one it is a GET.
    pub form: Option<&'a str>,
}

/// What was answered; the body lies in the connection until the next request
/// ([`Connection::body`]).
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Where it redirects to.
    pub location: Option<String>,
    /// The cookies it sets, each with its attributes.
    pub cookies: Vec<String>,
    /// `Retry-After` in seconds, where it is a number.
    pub retry_after_s: Option<u64>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    async fn read(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(into).await,
            Self::Tls(stream) => stream.read_buf(into).await,
        }
    }
}

/// A connection to the server, made when it is needed and made anew when it has broken.
pub struct Connection {
    target: Rc<Target>,
    source: Option<IpAddr>,
    patience: Duration,
    stream: Option<Stream>,
    used_at: Instant,
    output: Vec<u8>,
    input: Vec<u8>,
    body: Range<usize>,
    /// How often a connection was made.
    pub opened: u64,
}

/// What the head of an answer says.
struct Head {
    answer: Answer,
    length: Length,
    closes: bool,
    ends_at: usize,
}

/// How the end of the body is known.
#[derive(Clone, Copy)]
enum Length {
    Known(usize),
    Chunked,
    UntilClosed,
}

impl Connection {
    /// One to this server, from this address of ours if any, that waits so long for an answer.
    pub fn new(target: Rc<Target>, source: Option<IpAddr>, patience: Duration) -> Self {
        Self {
            target,
            source,
            patience,
            stream: None,
            used_at: Instant::now(),
            output: Vec::with_capacity(4 * 1024),
            input: Vec::with_capacity(32 * 1024),
            body: 0..0,
            opened: 0,
        }
    }

    /// The address by which pages of the server know themselves.
    pub fn origin(&self) -> &str {
        &self.target.origin
    }

    /// Asks, and waits for the whole answer.
    pub async fn send(&mut self, request: &Request<'_>) -> Result<Answer, Broken> {
        self.write_request(request);
        self.exchange().await
    }

    /// Sends these very bytes, whatever they are, and waits for what is answered to them.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> Result<Answer, Broken> {
        self.output.clear();
        self.output.extend_from_slice(bytes);
        self.exchange().await
    }

    async fn exchange(&mut self) -> Result<Answer, Broken> {
        let patience = self.patience;
        let exchanged = timeout(patience, self.whole_answer()).await;
        self.used_at = Instant::now();
        let (head, body) = match exchanged.unwrap_or(Err(Broken::Timeout)) {
            Ok(answered) => answered,
            Err(broken) => {
                self.stream = None;
                return Err(broken);
            }
        };
        if head.closes {
            self.stream = None;
        }
        self.body = body;
        Ok(head.answer)
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        self.input.get(self.body.clone()).unwrap_or_default()
    }

    fn write_request(&mut self, request: &Request<'_>) {
        let output = &mut self.output;
        output.clear();
        let mut put = |parts: &[&str]| {
            for part in parts {
                output.extend_from_slice(part.as_bytes());
            }
        };
        let method = if request.form.is_some() { "POST " } else { "GET " };
        put(&[method, request.path, " HTTP/1.1\r\nhost: ", &self.target.authority]);
        for (name, value) in [
            ("\r\ncookie: ", request.cookie),
            ("\r\nx-forwarded-for: ", request.forwarded),
            ("\r\nauthorization: ", request.authorization),
        ] {
            if !value.is_empty() {
                put(&[name, value]);
            }
        }
        match request.form {
            None => put(&["\r\n\r\n"]),
            Some(form) => {
                let length = form.len().to_string();
                put(&[
                    "\r\norigin: ",
                    &self.target.origin,
                    "\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ",
                    &length,
                    "\r\n\r\n",
                    form,
                ]);
            }
        }
    }

    async fn whole_answer(&mut self) -> Result<(Head, Range<usize>), Broken> {
        self.look_whether_closed().await;
        if self.stream.is_none() {
            self.stream = Some(self.open().await?);
        }
        let broke = |error: io::Error| Broken::Closed(error.to_string());
        let Self { stream: Some(stream), output, input, .. } = self else {
            return Err(Broken::Connect("there is no connection".to_owned()));
        };
        stream.write_all(output).await.map_err(broke)?;
        input.clear();
        let head = loop {
            if stream.read(input).await.map_err(broke)? == 0 {
                return Err(closed_early());
            }
            if let Some(head) = read_head(input)? {
                break head;
            }
        };
        let body = read_body(stream, input, &head).await?;
        Ok((head, body))
    }

    /// A connection on which something stands to be read before anything was asked is over.
    async fn look_whether_closed(&mut self) {
        if self.used_at.elapsed() < LOOK_AFTER {
            return;
        }
        if let Some(stream) = &mut self.stream {
            self.input.clear();
            if stream.read(&mut self.input).now_or_never().is_some() {
                self.stream = None;
            }
        }
    }

    async fn open(&mut self) -> Result<Stream, Broken> {
        let failed = |error: io::Error| Broken::Connect(error.to_string());
        let address = self.target.address;
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(failed)?;
        if let Some(source) = self.source {
            socket.bind(SocketAddr::new(source, 0)).map_err(failed)?;
        }
        let stream = socket.connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        self.opened += 1;
        match &self.target.tls {
            None => Ok(Stream::Plain(stream)),
            Some((connector, name)) => {
                let agreed = connector.connect(name.clone(), stream).await;
                let agreed = agreed.map_err(|error| not_agreed(&error))?;
                Ok(Stream::Tls(Box::new(agreed)))
            }
        }
    }

    /// Gives up the connection: the next request makes another.
    pub fn close(&mut self) {
        self.stream = None;
    }
}

fn not_agreed(error: &io::Error) -> Broken {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<TlsError>());
    match tls {
        Some(TlsError::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            Broken::Issuer(error.to_string())
        }
        _ => Broken::Tls(error.to_string()),
    }
}

fn closed_early() -> Broken {
    Broken::Closed("the server closed the connection before its answer was whole".to_owned())
}

/// The head, once it is whole.
fn read_head(input: &[u8]) -> Result<Option<Head>, Broken> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let status = parsed.parse(input).map_err(|error| Broken::Malformed(error.to_string()))?;
    let httparse::Status::Complete(ends_at) = status else {
        return Ok(None);
    };
    let status = parsed.code.unwrap_or_default();
    let bodiless = matches!(status, 100..200 | 204 | 304);
    let mut head = Head {
        answer: Answer { status, ..Answer::default() },
        length: if bodiless { Length::Known(0) } else { Length::UntilClosed },
        closes: parsed.version == Some(0),
        ends_at,
    };
    for header in parsed.headers.iter() {
        let value = str::from_utf8(header.value).unwrap_or_default();
        take_header(&mut head, header.name, value)?;
    }
    if matches!(head.length, Length::UntilClosed) {
        head.closes = true;
    }
    Ok(Some(head))
}

fn take_header(head: &mut Head, name: &str, value: &str) -> Result<(), Broken> {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if is("content-length") {
        let length = value.parse().ok().filter(|length| *length <= MOST_BYTES);
        let length = length.ok_or_else(|| Broken::Malformed(format!("content-length: {value}")))?;
        head.length = Length::Known(length);
    } else if is("transfer-encoding") {
        head.length = Length::Chunked;
    } else if is("location") {
        head.answer.location = Some(value.to_owned());
    } else if is("set-cookie") {
        head.answer.cookies.push(value.to_owned());
    } else if is("retry-after") {
        head.answer.retry_after_s = value.parse().ok();
    } else if is("connection") && value.eq_ignore_ascii_case("close") {
        head.closes = true;
    }
    Ok(())
}

async fn read_body(
    stream: &mut Stream,
    input: &mut Vec<u8>,
    head: &Head,
) -> Result<Range<usize>, Broken> {
    let begins = head.ends_at;
    let broke = |error: io::Error| Broken::Closed(error.to_string());
    loop {
        let is_whole = match head.length {
            Length::Known(length) => (input.len() >= begins + length).then_some(begins + length),
            Length::Chunked => join_chunks(input, begins)?,
            Length::UntilClosed => None,
        };
        if let Some(ends) = is_whole {
            return Ok(begins..ends);
        }
        if input.len() > MOST_BYTES {
            return Err(Broken::Malformed("the answer is too large".to_owned()));
        }
        if stream.read(input).await.map_err(broke)? == 0 {
            return match head.length {
                Length::UntilClosed => Ok(begins..input.len()),
                _ => Err(closed_early()),
            };
        }
    }
}

/// Joins the chunks of a body where the last one is there, and gives where it ends.
fn join_chunks(input: &mut Vec<u8>, begins: usize) -> Result<Option<usize>, Broken> {
    let wrong = || Broken::Malformed("a chunk's length cannot be read".to_owned());
    let (mut at, mut parts) = (begins, Vec::new());
    loop {
        let rest = input.get(at..).unwrap_or_default();
        let (used, length) = match httparse::parse_chunk_size(rest).map_err(|_| wrong())? {
            httparse::Status::Partial => return Ok(None),
            httparse::Status::Complete(sized) => sized,
        };
        let length = usize::try_from(length).ok().filter(|length| *length <= MOST_BYTES);
        let data = at + used;
        let ends = data + length.ok_or_else(wrong)?;
        if input.len() < ends + 2 {
            return Ok(None);
        }
        if ends == data {
            break;
        }
        parts.push(data..ends);
        at = ends + 2;
    }
    let mut joined = begins;
    for part in parts {
        let length = part.len();
        input.copy_within(part, joined);
        joined += length;
    }
    input.truncate(joined);
    Ok(Some(joined))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    /// The pieces of an answer, and what is read of them or why not.
    type Case = (&'static [&'static str], Result<(u16, String), &'static str>);

    /// A server that sends one piece after another to whoever asks, and closes.
    async fn answered(pieces: &'static [&'static str]) -> (Result<(u16, String), Broken>, u64) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
        let address = listener.local_addr().expect("an address");
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            // Who closes before having read everything resets the connection.
            let (mut asked, mut piece) = (Vec::new(), [0; 1024]);
            while !asked.ends_with(b"\r\n\r\n") {
                let length = stream.read(&mut piece).expect("reads");
                asked.extend_from_slice(&piece[..length]);
            }
            for piece in pieces {
                stream.write_all(piece.as_bytes()).expect("writes");
                stream.flush().expect("flushes");
                std::thread::yield_now();
            }
        });
        let target = Target {
            origin: format!("http://{address}"),
            authority: address.to_string(),
            address,
            tls: None,
        };
        let mut connection = Connection::new(Rc::new(target), None, Duration::from_secs(5));
        let asked = connection.send(&Request { path: "/", ..Request::default() }).await;
        let body = String::from_utf8_lossy(connection.body()).into_owned();
        let told = asked.map(|answer| (answer.status, body));
        serving.join().expect("it ends");
        (told, connection.opened)
    }

    #[test]
    fn answers_are_read_whatever_pieces_they_come_in() {
        let table: [Case; 7] = [
            (&["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"], Ok((200, "hello".into()))),
            (
                &["HTTP/1.1 20", "0 OK\r\nContent-Length: 5\r\n", "\r\nhe", "llo"],
                Ok((200, "hello".into())),
            ),
            (
                &[
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
                    "lo\r\n6\r\n world\r\n0\r\n\r\n",
                ],
                Ok((200, "hello world".into())),
            ),
            (&["HTTP/1.1 204 No Content\r\n\r\n"], Ok((204, String::new()))),
            (&["HTTP/1.1 200 OK\r\n\r\nto the end"], Ok((200, "to the end".into()))),
            (
                &["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello"],
                Err("before its answer was whole"),
            ),
            (&["nonsense\r\n\r\n"], Err("Malformed")),
        ];
        let system = actix_rt::System::new();
        for (pieces, expected) in table {
            let (told, opened) = system.block_on(answered(pieces));
            assert_eq!(opened, 1);
            match (told, expected) {
                (Ok(told), Ok(expected)) => assert_eq!(told, expected, "{pieces:?}"),
                (Err(broken), Err(expected)) => {
                    assert!(format!("{broken:?}").contains(expected), "{pieces:?}: {broken:?}");
                }
                (told, expected) => panic!("{pieces:?}: {told:?} is not {expected:?}"),
            }
        }
    }
}
