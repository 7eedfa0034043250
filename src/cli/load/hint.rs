//! What to do where the server is spoken to otherwise than it speaks: the other scheme, or an authority that
//! is not believed.

use crate::load::{
    http::{Broken, Connection, Request},
    target::{Target, Trust},
};
use std::{path::Path, rc::Rc, time::Duration};
use url::Url;

/// What every Linepass answers, and no other server is told anything by.
pub const DISCOVERY: Request<'static> = Request {
    path: "/.well-known/openid-configuration",
    cookie: "",
    forwarded: "",
    authorization: "",
    form: None,
};

/// How long is waited to learn whether the other scheme is spoken.
const PATIENCE: Duration = Duration::from_secs(2);

/// What to do where `url` was not answered, for `broken` or by another than a Linepass; empty where nobody
/// knows.
pub async fn of(url: &Url, ca: Option<&Path>, broken: Option<&Broken>) -> String {
    match broken {
        Some(Broken::Issuer(_)) => unknown_issuer(ca),
        Some(Broken::Connect(_)) => String::new(),
        _ => other_scheme(url).await.unwrap_or_default(),
    }
}

/// An authority that is not believed.
fn unknown_issuer(ca: Option<&Path>) -> String {
    const WANTED: &str = "the certificate, in PEM, of the authority that the server's comes from (of one that \
                          the server made for itself: that one, tls.certificate_file); on loopback \
                          --insecure-ca believes any";
    match ca {
        None => {
            format!("the system's authorities do not know who gave it; --ca FILE names {WANTED}")
        }
        Some(file) => {
            format!("--ca {}: none of its authorities gave it; wanted is {WANTED}", file.display())
        }
    }
}

/// Asks by the other scheme at the same port. Nothing is told to whoever answers, so any certificate does.
async fn other_scheme(url: &Url) -> Option<String> {
    let (scheme, told) = match url.scheme() {
        "https" => ("http", "it speaks plain HTTP at this port"),
        _ => ("https", "it speaks TLS at this port"),
    };
    let mut other = url.clone();
    let port = url.port_or_known_default();
    other.set_scheme(scheme).and_then(|()| other.set_port(port)).ok()?;
    let target = Target::find(&other, &Trust::Anybody).ok()?;
    let answer = Connection::new(Rc::new(target), None, PATIENCE).send(&DISCOVERY).await.ok()?;
    // Many a server answers plain HTTP at its TLS port, with a 400 that says so.
    let other = other.as_str().trim_end_matches('/');
    (answer.status == 200).then(|| format!("{told}: write --url {other}"))
}
