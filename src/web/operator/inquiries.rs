//! What a line's household wrote to the desk: the newest inquiries with their texts.

use super::{lines, problem::ProblemDetails};
use crate::{
    actors::personal,
    domain::{ids::CustomerId, line::Refusal},
    store::record::Personal,
    web::{context::RequestContext, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::Serialize;

/// One inquiry. It is personal: the desk's role alone may read it.
#[derive(Serialize, JsonSchema)]
struct Inquiry {
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    received_at: String,
    /// サービス名.
    service: String,
    /// ご連絡先.
    contact: String,
    /// お問い合わせ内容.
    text: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Inquiries {
    customer_id: CustomerId,
    /// Newest first; the last 20 at most.
    inquiries: Vec<Inquiry>,
}

/// Tells the line's inquiries. One whose row was erased after its term is left out.
pub async fn list(
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
) -> Result<HttpResponse, ProblemDetails> {
    let customer_id = lines::customer_id(&customer)?;
    let view = lines::look(&context, &state, customer_id).await?;
    let line = view.line.ok_or_else(|| ProblemDetails::refused(&Refusal::UnknownLine))?;
    let mut inquiries = Vec::new();
    for sent in line.inquiries.iter().rev() {
        let row = personal::committed(state.store.as_ref(), customer_id, sent.row).await;
        if let Ok(Personal::Inquiry { service, contact, text }) = row.map(|row| row.data) {
            let received_at = sent.at.rfc3339();
            inquiries.push(Inquiry { received_at, service, contact, text });
        }
    }
    Ok(HttpResponse::Ok().json(Inquiries { customer_id, inquiries }))
}
