//! ログイン成功: goes on by itself, with a real link.

use super::{complete::own_completed, shown, visit::Visit};
use crate::web::{answer, page::SuccessPage};
use actix_web::{HttpResponse, http::StatusCode};

/// Shows the page.
pub async fn page(visit: Visit) -> HttpResponse {
    if visit.flow.login().is_none() {
        return visit.go_to("login");
    }
    // Back from the slip leads here again: what came of the order is shown, not how it began.
    match own_completed(&visit).await {
        Ok(Some(_)) => return visit.go_to("complete"),
        Ok(None) => {}
        Err(response) => return response,
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
