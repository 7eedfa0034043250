//! One try of one message: a POST over TLS to an address that may be called. No redirect is
//! followed, and nothing of the answer but its status and `Retry-After` counts.

use super::WebhookError;
use crate::{
    actors::webhooks::{Call, Failure, FailureKind, Messenger},
    net::mutual::authorities,
    security::{AddressPolicy, address_policy::literal},
};
use actix_tls::connect::{Connector as TcpConnector, Resolve, Resolver};
use actix_web::http::{
    StatusCode,
    header::{self, HeaderMap, HttpDate},
};
use awc::error::{ConnectError, SendRequestError};
use futures_util::future::LocalBoxFuture;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_native_certs::load_native_certs;
use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use url::Url;

/// As much of an answer's body is read, so that its connection can be used again.
const MOST_BODY_BYTES: usize = 16 * 1024;
/// For so long.
const BODY_TIME: Duration = Duration::from_secs(1);
/// No provider is left alone for longer than this at once.
const MOST_PATIENCE: Duration = Duration::from_hours(24);

/// Takes messages to providers.
pub struct Courier {
    client: awc::Client,
    policy: AddressPolicy,
    timeout: Duration,
}

impl Courier {
    /// A courier that gives each try this long, and believes the system's certificate authorities
    /// and those of `ca_file`.
    ///
    /// # Errors
    /// The file cannot be read, or TLS cannot be set up.
    pub fn new(
        policy: AddressPolicy,
        ca_file: Option<&Path>,
        timeout: Duration,
    ) -> Result<Self, WebhookError> {
        let tcp = TcpConnector::new(Resolver::custom(Guarded(policy.clone()))).service();
        let connector = awc::Connector::new().connector(tcp).rustls_0_23(tls(ca_file)?);
        // No limit over all providers: each lane has its own, and waits for no other's connections.
        let connector = connector.timeout(timeout).handshake_timeout(timeout).limit(0);
        let client = awc::Client::builder()
            .connector(connector)
            .timeout(timeout)
            .disable_redirects()
            .add_default_header((header::USER_AGENT, USER_AGENT));
        Ok(Self { client: client.finish(), policy, timeout })
    }

    async fn post(&self, call: Call<'_>) -> Result<(), Failure> {
        let asking = self
            .client
            .post(call.url)
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .insert_header(("webhook-id", call.id))
            .insert_header(("webhook-timestamp", call.timestamp_s))
            .insert_header(("webhook-signature", call.signature));
        let sent = asking.send_body(call.body.to_owned()).await;
        let mut answer = sent.map_err(|error| Failure::of(kind(&error)))?;
        let failure = judged(answer.status(), answer.headers(), call.timestamp_s);
        // Whatever it says, it has answered.
        let _ = tokio::time::timeout(BODY_TIME, answer.body().limit(MOST_BODY_BYTES)).await;
        failure.map_or(Ok(()), Err)
    }
}

const USER_AGENT: &str = concat!("Linepass/", env!("CARGO_PKG_VERSION"));

#[async_trait::async_trait(?Send)]
impl Messenger for Courier {
    async fn deliver(&self, call: Call<'_>) -> Result<(), Failure> {
        let not_allowed = Failure::of(FailureKind::AddressNotAllowed);
        let url = Url::parse(call.url).map_err(|_| not_allowed)?;
        // What is written in digits is looked up nowhere, and so is judged here.
        if literal(&url).is_some_and(|address| !self.policy.may_call(address)) {
            return Err(not_allowed);
        }
        if url.scheme() != "https" && !self.policy.may_be_plain(call.url) {
            return Err(not_allowed);
        }
        let most = self.timeout + BODY_TIME;
        let posted = tokio::time::timeout(most, self.post(call)).await;
        posted.unwrap_or(Err(Failure::of(FailureKind::NoAnswer)))
    }
}

/// What an answer means; nothing where it is 2xx.
fn judged(status: StatusCode, headers: &HeaderMap, now_s: i64) -> Option<Failure> {
    let kind = match status {
        StatusCode::GONE => FailureKind::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => FailureKind::Busy,
        _ if status.is_success() => return None,
        _ if status.is_redirection() => FailureKind::Redirect,
        // The server had no patience, which says nothing of the message.
        StatusCode::REQUEST_TIMEOUT => FailureKind::ServerError,
        _ if status.is_client_error() => FailureKind::Refused,
        _ => FailureKind::ServerError,
    };
    let asked = (kind == FailureKind::Busy).then(|| headers.get(header::RETRY_AFTER)).flatten();
    let asked = asked.and_then(|value| value.to_str().ok());
    let retry_after = asked.and_then(|value| patience(value, now_s));
    Some(Failure { kind, status: Some(status.as_u16()), retry_after })
}

/// How long a receiver asks for patience in `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date, told at
/// `now_s` (seconds since 1970); at most a day. None where it is neither.
pub fn patience(value: &str, now_s: i64) -> Option<Duration> {
    let seconds = value.trim().parse().ok().or_else(|| {
        let at: SystemTime = value.parse::<HttpDate>().ok()?.into();
        let at_s = i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
        Some(u64::try_from(at_s - now_s).unwrap_or(0))
    });
    seconds.map(|seconds| Duration::from_secs(seconds).min(MOST_PATIENCE))
}

/// What an error of the client means.
fn kind(error: &SendRequestError) -> FailureKind {
    match error {
        SendRequestError::Connect(ConnectError::Resolver(error)) if error.is::<NotAllowed>() => {
            FailureKind::AddressNotAllowed
        }
        SendRequestError::Connect(ConnectError::Io(error))
            if error
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) =>
        {
            FailureKind::Tls
        }
        _ => FailureKind::NoAnswer,
    }
}

/// Looks names up, and leaves out what may not be called.
struct Guarded(AddressPolicy);

#[derive(Debug, thiserror::Error)]
#[error("the name stands for no address that may be called")]
struct NotAllowed;

impl Resolve for Guarded {
    fn lookup<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> LocalBoxFuture<'a, Result<Vec<SocketAddr>, Box<dyn std::error::Error>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, port)).await?;
            let mut may: Vec<SocketAddr> =
                found.filter(|address| self.0.may_call(address.ip())).collect();
            // One time is given to all of them: a network without IPv6 must not use it up.
            may.sort_by_key(SocketAddr::is_ipv6);
            if may.is_empty() { Err(NotAllowed.into()) } else { Ok(may) }
        })
    }
}

fn tls(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, WebhookError> {
    let roots = ca_file.map(authorities).transpose().map_err(WebhookError::File)?;
    let mut roots = roots.unwrap_or_else(RootCertStore::empty);
    // One of the system's that cannot be read is one that nobody is believed by.
    let (_, _) = roots.add_parsable_certificates(load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!("no certificate authority is known: no webhook goes out over https");
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn failure(status: u16, retry_after: Option<&str>) -> Option<Failure> {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            let value = HeaderValue::from_str(value).expect("a value");
            headers.insert(HeaderName::from_static("retry-after"), value);
        }
        judged(StatusCode::from_u16(status).expect("a status"), &headers, 784_111_777)
    }

    #[test]
    fn only_2xx_is_a_delivery_and_a_redirect_is_followed_nowhere() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(failure(status, None), None);
        }
        for (status, kind) in [
            (301, FailureKind::Redirect),
            (307, FailureKind::Redirect),
            (400, FailureKind::Refused),
            (404, FailureKind::Refused),
            (408, FailureKind::ServerError),
            (410, FailureKind::Gone),
            (429, FailureKind::Busy),
            (500, FailureKind::ServerError),
            (503, FailureKind::Busy),
        ] {
            let failure = failure(status, None).expect("a failure");
            assert_eq!((failure.kind, failure.status), (kind, Some(status)));
        }
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_as_a_date_and_has_its_end_rfc_9110_10_2_3() {
        for (value, seconds) in [
            ("90", Some(90)),
            (" 0 ", Some(0)),
            ("99999999", Some(24 * 3_600)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let asked = failure(429, Some(value)).expect("a failure").retry_after;
            assert_eq!(asked, seconds.map(Duration::from_secs), "{value}");
        }
        assert_eq!(failure(500, Some("90")).expect("a failure").retry_after, None);
    }
}
