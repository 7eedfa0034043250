//! システムメンテナンス中: while it is on, providers are told to come again and households
//! meet the page; nothing is decided, so an order that was not completed stays open.
//!
//! | address | what it answers meanwhile |
//! |---|---|
//! | `/oauth/par`, `/oauth/token`, `/oauth/userinfo` | 503 `temporarily_unavailable`, `Retry-After` |
//! | `/flow/{id}/back` | the way back, which carries `temporarily_unavailable` |
//! | every other page of a flow | the maintenance page, 503, `Retry-After` |
//! | `/oauth/authorize` | begins the flow: its page then knows the way back |
//! | metadata, JWKS, help, landing page | as ever: they change nothing |

use super::{
    answer,
    context::{self, RequestContext},
    flow::{cookie, sealed::Flow},
    page::MaintenancePage,
    provider::error::OAuthError,
    state::WebState,
};
use crate::domain::system::Notice;
use actix_web::{
    HttpRequest, HttpResponse,
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
    /// A household on a page of the flow with this ID.
    Flow(&'a str),
    /// Whoever changes nothing.
    Open,
}

fn audience(path: &str) -> Audience<'_> {
    if matches!(path, "/oauth/par" | "/oauth/token" | "/oauth/userinfo") {
        return Audience::BackChannel;
    }
    match path.strip_prefix("/flow/").and_then(|rest| rest.split_once('/')) {
        Some((_, "back")) | None => Audience::Open,
        Some((id, _)) => Audience::Flow(id),
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
    let response = match audience(request.path()) {
        Audience::Open => return Ok(next.call(request).await?.map_into_boxed_body()),
        Audience::BackChannel => {
            OAuthError::maintenance(notice.retry_after_s(state.host.now())).response()
        }
        Audience::Flow(id) => page(request.request(), &state, id, &notice),
    };
    Ok(request.into_response(response))
}

/// The page; 「閉じる」 leads back where the flow came from, and stands only where that is known
/// and still registered (security.md 31).
fn page(request: &HttpRequest, state: &WebState, id: &str, notice: &Notice) -> HttpResponse {
    let flow = cookie::read(request, state, id).filter(|flow| has_way_back(state, flow));
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
    fn the_back_channel_and_the_pages_of_a_flow_are_closed_and_nothing_else() {
        let table = [
            ("/oauth/par", Audience::BackChannel),
            ("/oauth/token", Audience::BackChannel),
            ("/oauth/userinfo", Audience::BackChannel),
            ("/oauth/authorize", Audience::Open),
            ("/oauth/jwks.json", Audience::Open),
            ("/.well-known/openid-configuration", Audience::Open),
            ("/", Audience::Open),
            ("/flow/a1/login", Audience::Flow("a1")),
            ("/flow/a1/confirm", Audience::Flow("a1")),
            ("/flow/a1/complete", Audience::Flow("a1")),
            ("/flow/a1/return", Audience::Flow("a1")),
            ("/flow/a1/back", Audience::Open),
        ];
        for (path, expected) in table {
            assert_eq!(audience(path), expected, "{path}");
        }
    }
}
