//! ログイン成功: goes on by itself, with a real link.

use super::{shown, visit::Visit};
use crate::web::{answer, context::RequestContext, page::SuccessPage, state::WebState};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};

/// Shows the page.
pub async fn page(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
) -> HttpResponse {
    let visit = match Visit::begin(&request, context, &state) {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    if visit.flow.login().is_none() {
        return visit.go_to("login");
    }
    let order = visit.flow.request.order.as_ref();
    let next = if order.is_some() { "confirm" } else { "return" };
    let page = SuccessPage {
        shell: visit.shell(Some("success")),
        flow: shown::flow_kind(order),
        next_path: visit.flow.path(next),
    };
    visit.keep_language(answer::html(StatusCode::OK, &page))
}
