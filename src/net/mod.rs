//! How connections come in: TLS, the PROXY protocol, and what slow or crooked clients get.
//!
//! | module | what it is for |
//! |---|---|
//! | [`certificates`] | the certificate and key from their files, and the development certificate |
//! | [`mutual`] | TLS with client certificates, both ends |
//! | [`reload`] | takes changed files without a restart |
//! | [`proxy_header`] | the PROXY protocol's header, version 2 |
//! | [`stream`] | a client's stream, plain or TLS, closed where it is idle or slow |
//! | [`activity`] | what a connection's stream and its requests know of each other |
//! | [`descriptors`] | how many connections the limit of open files leaves room for |
//! | [`head`] | line feeds without carriage returns in HTTP/1 heads are no line ends |
//! | [`server`] | accept, header, handshake, HTTP: the pipeline of all listeners |
//!
//! What must stay true: nothing that a stranger sends makes this room wait without an end or
//! remember without a bound.

pub mod activity;
pub mod certificates;
pub mod descriptors;
pub mod head;
pub mod mutual;
pub mod proxy_header;
pub mod reload;
pub mod server;
pub mod stream;

pub use activity::{Activity, Held, Patience, UnderWay};
pub use certificates::Certificates;
pub use server::{Door, ServerLimits};
