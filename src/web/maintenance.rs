//! システムメンテナンス中: while it is on, providers are told to come again and households
//! meet the page; nothing is decided, so an order that was not completed stays open.
//!
//! | address | what it answers meanwhile |
//! |---|---|
//! | `/flow/{id}/back` | the way back, which carries `temporarily_unavailable` |
//! | `/oauth/authorize` | begins the flow: its page then knows the way back |
//! | below `/provider/v1/` | 503 as problem details, `Retry-After` |
//! | metadata, JWKS, the status API's document, help, landing page, assets | as ever: they change nothing |
//! | all else below `/oauth/` | 503 `temporarily_unavailable`, `Retry-After` |
//! | all else | the maintenance page, 503, `Retry-After` |
//!
//! An address that is not named as open is closed, and it is the address as the router matches it,
//! with percent-escapes decoded, that counts.

use super::{
    answer, assets,
    context::{self, RequestContext},
    flow::{cookie, sealed::Flow},
    page::{HelpTopic, MaintenancePage},
    problem::ProblemDetails,
    provider::error::OAuthError,
    state::WebState,
};
use crate::domain::system::Notice;
use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web::Data,
};

/// Who is behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience<'a> {
    /// A provider's server.
    BackChannel,
    /// The same at the status API.
    StatusApi,
    /// A household, on a page of the flow with this ID where there is one.
    Household(Option<&'a str>),
    /// Whoever changes nothing.
    Open,
}

/// The addresses that stay open beside help, assets and the way back.
const OPEN: [&str; 6] = [
    "/",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/oauth/authorize",
    "/oauth/jwks.json",
    "/provider/v1/openapi.json",
];

fn audience(path: &str) -> Audience<'_> {
    let is_help = || HelpTopic::ALL.iter().any(|topic| topic.path() == path);
    let is_asset = || assets::ALL.iter().any(|asset| asset.path == path);
    if OPEN.contains(&path) || is_help() || is_asset() {
        return Audience::Open;
    }
    if path.starts_with("/oauth/") {
        return Audience::BackChannel;
    }
    if path.starts_with("/provider/v1/") {
        return Audience::StatusApi;
    }
    match path.strip_prefix("/flow/").and_then(|rest| rest.split_once('/')) {
        Some((_, "back")) => Audience::Open,
        flow => Audience::Household(flow.map(|(id, _)| id)),
    }
}

/// Answers for the whole public listener while maintenance is on.
pub async fn gate(
    state: Data<WebState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(notice) = state.maintenance.notice() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    // What the router goes by; `request.path()` has its escapes yet.
    let response = match audience(request.match_info().as_str()) {
        Audience::Open => return Ok(next.call(request).await?.map_into_boxed_body()),
        Audience::BackChannel => {
            OAuthError::maintenance(notice.retry_after_s(state.host.now())).response()
        }
        Audience::StatusApi => {
            let detail = "system maintenance: ask again after Retry-After seconds";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let problem = ProblemDetails::new(status, "maintenance", detail);
            problem.again_after(notice.retry_after_s(state.host.now())).error_response()
        }
        Audience::Household(id) => page(request.request(), &state, id, &notice),
    };
    Ok(request.into_response(response))
}

/// The page; 「閉じる」 leads back where the flow came from, and stands only where that is known
/// and still registered (security.md 31).
fn page(
    request: &HttpRequest,
    state: &WebState,
    id: Option<&str>,
    notice: &Notice,
) -> HttpResponse {
    let flow = id.and_then(|id| cookie::read(request, state, id));
    let flow = flow.filter(|flow| has_way_back(state, flow));
    let asked = flow
        .as_ref()
        .and_then(|flow| flow.language.as_deref().or(flow.request.ui_locales.as_deref()));
    let context: RequestContext = context::of(request);
    let language = context::language(request, asked);
    let page = MaintenancePage {
        shell: answer::shell_with_id(&context, language),
        message: notice.message.as_deref().map(Into::into),
        until_us: notice.until.map(crate::domain::calendar::Instant::micros),
        close_path: flow.as_ref().map(|flow| flow.path("back")),
    };
    let mut response = answer::html(StatusCode::SERVICE_UNAVAILABLE, &page);
    let retry_after_s = notice.retry_after_s(state.host.now());
    response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
    response
}

fn has_way_back(state: &WebState, flow: &Flow) -> bool {
    let provider = state.providers.get(&flow.request.client);
    provider.is_some_and(|provider| provider.may_redirect_to(&flow.request.redirect_uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_as_open_is_closed() {
        let table = [
            ("/oauth/par", Audience::BackChannel),
            ("/oauth/token", Audience::BackChannel),
            ("/oauth/userinfo", Audience::BackChannel),
            ("/oauth/authorize", Audience::Open),
            ("/oauth/jwks.json", Audience::Open),
            ("/.well-known/openid-configuration", Audience::Open),
            ("/.well-known/oauth-authorization-server", Audience::Open),
            ("/provider/v1/purchases", Audience::StatusApi),
            ("/provider/v1/contracts/K-1", Audience::StatusApi),
            ("/provider/v1/openapi.json", Audience::Open),
            ("/provider/v1/openapi.json/", Audience::StatusApi),
            ("/provider/v2/purchases", Audience::Household(None)),
            ("/", Audience::Open),
            ("/help/errors", Audience::Open),
            (assets::ALL[0].path, Audience::Open),
            ("", Audience::Household(None)),
            ("/oauth/", Audience::BackChannel),
            ("/oauth/token/", Audience::BackChannel),
            ("/oauth/%2Ftoken", Audience::BackChannel),
            ("/oauth%2Ftoken", Audience::Household(None)),
            ("/OAUTH/token", Audience::Household(None)),
            ("/help/errors/", Audience::Household(None)),
            ("/flow/a1", Audience::Household(None)),
            ("/flow/a1/back/", Audience::Household(Some("a1"))),
            ("/flow/a1/x/back", Audience::Household(Some("a1"))),
            ("/flow/a1/login", Audience::Household(Some("a1"))),
            ("/flow/a1/confirm", Audience::Household(Some("a1"))),
            ("/flow/a1/complete", Audience::Household(Some("a1"))),
            ("/flow/a1/return", Audience::Household(Some("a1"))),
            ("/flow/a1/back", Audience::Open),
        ];
        for (path, expected) in table {
            assert_eq!(audience(path), expected, "{path}");
        }
    }
}
