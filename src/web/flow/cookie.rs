//! The flow's cookie: one for each flow, a few for each browser, the oldest gives way.

use super::sealed::Flow;
use crate::{
    security::Purpose,
    web::{answer, state::WebState},
};
use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
};

/// Over TLS the browser itself holds a `__Host-` cookie to this host. On plain-HTTP loopback not
/// every client takes it, so prefix and Secure are left away there (details.md).
const fn prefix(https: bool) -> &'static str {
    if https { "__Host-lp_" } else { "lp_" }
}

/// Reads the flow with this ID, if its cookie is there and whole.
pub fn read(request: &HttpRequest, state: &WebState, id: &str) -> Option<Flow> {
    let cookie = request.cookie(&format!("{}{id}", prefix(state.is_https())))?;
    let opened = state.keys.sealer().open(Purpose::Flow, cookie.value(), state.now_s());
    opened.ok().filter(|flow: &Flow| flow.id == id)
}

/// Adds the flow's cookie to a response; a new flow pushes out the oldest.
pub fn set(
    request: &HttpRequest,
    state: &WebState,
    mut response: HttpResponse,
    flow: &Flow,
    is_new: bool,
) -> HttpResponse {
    let https = state.is_https();
    let sealed = match answer::seal(&state.keys, Purpose::Flow, flow, flow.expires_at_s) {
        Ok(sealed) => sealed,
        Err(error) => {
            tracing::error!(%error, "a flow could not be sealed");
            return HttpResponse::InternalServerError().finish();
        }
    };
    let name = format!("{}{}", prefix(https), flow.id);
    let lifetime_s = flow.expires_at_s.saturating_sub(state.now_s());
    let kept = cookie(name, sealed, https, Duration::seconds(lifetime_s));
    let mut cookies = vec![kept];
    if is_new {
        let gone = oldest(request, https, state.lifetimes.flows_per_browser);
        cookies.extend(gone.map(|name| cookie(name, String::new(), https, Duration::ZERO)));
    }
    for cookie in cookies {
        if let Err(error) = response.add_cookie(&cookie) {
            tracing::error!(%error, "a cookie could not be set");
        }
    }
    response
}

fn cookie(name: String, value: String, https: bool, lifetime: Duration) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .max_age(lifetime)
        .finish()
}

/// The names of the flows that give way when one more comes.
fn oldest(
    request: &HttpRequest,
    https: bool,
    flows_per_browser: usize,
) -> impl Iterator<Item = String> {
    let mut names: Vec<String> = request.cookies().map_or_else(
        |_| Vec::new(),
        |cookies| cookies.iter().map(|cookie| cookie.name().to_owned()).collect(),
    );
    names.retain(|name| name.starts_with(prefix(https)));
    names.sort();
    let too_many = (names.len() + 1).saturating_sub(flows_per_browser);
    names.into_iter().take(too_many)
}
