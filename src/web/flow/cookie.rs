//! The flow's cookie: one for each flow, a few for each browser; the oldest gives way where there
//! would be too many or too much.

use super::sealed::Flow;
use crate::{
    security::Purpose,
    web::{answer, state::WebState},
};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
};

/// Over TLS the browser itself holds a `__Host-` cookie to this host. On plain-HTTP loopback not
/// every client takes it, so prefix and Secure are left away there (details.md).
const fn prefix(https: bool) -> &'static str {
    if https { "__Host-lp_" } else { "lp_" }
}

/// What came of the opening of a flow's cookie, kept with the request.
struct Opened {
    id: String,
    flow: Option<Flow>,
}

/// Whether the browser brings the flow with this ID, whole: asked before anything is done for it. What was
/// opened for that is kept with the request, for [`read`].
pub fn is_whole(request: &HttpRequest, state: &WebState, id: &str) -> bool {
    let flow = open(request, state, id);
    let is_whole = flow.is_some();
    request.extensions_mut().insert(Opened { id: id.to_owned(), flow });
    is_whole
}

/// Reads the flow with this ID, if its cookie is there and whole.
pub fn read(request: &HttpRequest, state: &WebState, id: &str) -> Option<Flow> {
    let kept = request.extensions_mut().remove::<Opened>().filter(|opened| opened.id == id);
    match kept {
        // Its body may have taken its time since.
        Some(Opened { flow, .. }) => flow.filter(|flow| flow.expires_at_s > state.now_s()),
        None => open(request, state, id),
    }
}

fn open(request: &HttpRequest, state: &WebState, id: &str) -> Option<Flow> {
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
    let new_bytes = name.len() + sealed.len();
    let mut cookies = vec![cookie(name, sealed, https, Duration::seconds(lifetime_s))];
    if is_new {
        let gone = oldest(request, https, state.lifetimes.flows_per_browser, new_bytes);
        let end = |name| cookie(name, String::new(), https, Duration::ZERO);
        cookies.extend(gone.into_iter().map(end));
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

/// So many bytes of flows one browser keeps, with room left for the login that each of them may
/// gain, for a household's own pages in the same browser, and for other headers: servers and proxies commonly take 8 KiB.
const MOST_BYTES: usize = 6 * 1024;

/// The names of the flows that give way when one more comes with so many bytes.
fn oldest(request: &HttpRequest, https: bool, most_flows: usize, new_bytes: usize) -> Vec<String> {
    let mut flows: Vec<(String, usize)> = request.cookies().map_or_else(
        |_| Vec::new(),
        |cookies| {
            // A flow's ID begins with its hour in hexadecimal; cookies of other pages do not.
            let is_flow = |name: &str| {
                let id = name.strip_prefix(prefix(https)).unwrap_or_default();
                id.get(..11).is_some_and(|began| began.bytes().all(|byte| byte.is_ascii_hexdigit()))
            };
            let own = cookies.iter().filter(|cookie| is_flow(cookie.name()));
            own.map(|cookie| (cookie.name().to_owned(), cookie.value().len())).collect()
        },
    );
    flows.sort();
    give_way(&flows, most_flows, new_bytes).iter().map(|(name, _)| name.clone()).collect()
}

/// Those of the flows, oldest first, for which a new one leaves no room by number or by size.
fn give_way(flows: &[(String, usize)], most_flows: usize, new_bytes: usize) -> &[(String, usize)] {
    let size = |flow: &(String, usize)| flow.0.len() + "=; ".len() + flow.1;
    let (mut kept, mut bytes) = (1, new_bytes);
    for (place, flow) in flows.iter().enumerate().rev() {
        (kept, bytes) = (kept + 1, bytes + size(flow));
        if kept > most_flows || bytes > MOST_BYTES {
            return flows.get(..=place).unwrap_or_default();
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_flows_give_way_by_number_and_by_size() {
        let flow = |name: &str, bytes| (name.to_owned(), bytes);
        let cases = [
            (vec![], 3, 900, 0),
            (vec![flow("lp_1", 900), flow("lp_2", 900)], 3, 900, 0),
            (vec![flow("lp_1", 900), flow("lp_2", 900), flow("lp_3", 900)], 3, 900, 1),
            (vec![flow("lp_1", 3000), flow("lp_2", 3000)], 3, 3000, 1),
            (vec![flow("lp_1", 100), flow("lp_2", 7000)], 3, 100, 2),
            (vec![flow("lp_1", 100)], 1, 100, 1),
        ];
        for (flows, most, new_bytes, gone) in cases {
            assert_eq!(give_way(&flows, most, new_bytes), &flows[..gone], "{flows:?}");
        }
    }
}
