//! A client's stream, plain or TLS, closed where it is idle or slow.
//!
//! actix-http times the first head of a connection and the pause between requests, and nothing
//! else: a second head that comes a byte at a time, or an answer that nobody takes, would hold a
//! connection for good. Here every wait for a client ends.

use super::{
    activity::{Activity, Patience},
    head::HeadScanner,
};
use crate::security::Peer;
use std::{
    io::{Error, ErrorKind, Result},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tokio_rustls::server::TlsStream;

/// What carries the bytes.
#[derive(Debug)]
pub enum Transport {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS over it.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Whether the client chose HTTP/2 in its handshake (ALPN, RFC 7301).
    pub fn is_http2(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

/// A client's stream with its patience.
#[derive(Debug)]
pub struct ClientStream {
    transport: Transport,
    peer: Peer,
    activity: Rc<Activity>,
    scanner: Option<HeadScanner>,
    patience: Patience,
    read_timer: Pin<Box<Sleep>>,
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl ClientStream {
    /// A stream over this transport.
    pub fn new(transport: Transport, peer: Peer, patience: Patience) -> Self {
        let is_http1 = !transport.is_http2();
        let activity = Activity::new(patience, is_http1);
        let read_timer = Box::pin(sleep_until(activity.deadline()));
        let scanner = is_http1.then(HeadScanner::default);
        Self { transport, peer, activity, scanner, patience, read_timer, write_timer: None }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// What its requests tell it by.
    pub fn activity(&self) -> Rc<Activity> {
        Rc::clone(&self.activity)
    }

    /// Nothing came: how long that may go on.
    fn wait_to_read(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            let deadline = self.activity.deadline();
            if deadline <= Instant::now() {
                return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client is idle")));
            }
            if deadline < self.read_timer.deadline() || self.read_timer.is_elapsed() {
                self.read_timer.as_mut().reset(deadline);
            }
            ready!(self.read_timer.as_mut().poll(context));
        }
    }

    /// The client took something, or did not: how long that may go on.
    fn written<T>(&mut self, poll: Poll<Result<T>>, context: &mut Context<'_>) -> Poll<Result<T>> {
        if poll.is_ready() {
            if self.write_timer.take().is_some() || matches!(poll, Poll::Ready(Ok(_))) {
                self.activity.wrote();
            }
            return poll;
        }
        let deadline = Instant::now() + self.patience.idle;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client takes no answer")))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Transport::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        if read.is_pending() {
            return this.wait_to_read(context);
        }
        if let Some(fresh) = buffer.filled_mut().get_mut(before..).filter(|new| !new.is_empty()) {
            this.activity.arrived();
            if let Some(scanner) = &mut this.scanner {
                scanner.scan(fresh);
            }
        }
        read
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let written = match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        };
        this.written(written, context)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let flushed = match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(context),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(context),
        };
        // A flush that had nothing to do is no sign of life.
        if flushed.is_ready() && this.write_timer.is_none() {
            return flushed;
        }
        this.written(flushed, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let closed = match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        };
        this.written(closed, context)
    }
}
