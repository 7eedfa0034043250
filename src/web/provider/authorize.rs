//! `GET /oauth/authorize`: a pushed request begins a flow in the browser. Errors that concern the
//! client, the request or the redirect stay on a page of our own.

use super::{par::REQUEST_URI_PREFIX, request::PushedRequest};
use crate::{
    security::{Purpose, SealError},
    web::{
        answer,
        context::{self, RequestContext},
        flow::{cookie, sealed::Flow},
        form::{Body, Form},
        page::Problem,
        state::WebState,
    },
};
use actix_web::{HttpRequest, HttpResponse, web::Data};

/// The browser arrives by GET. Opened twice, a `request_uri` makes two flows.
pub async fn by_get(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
) -> HttpResponse {
    let pushed = match open(&state, request.query_string().as_bytes()) {
        Ok(pushed) => pushed,
        Err(fault) => return refused(&request, &context, fault),
    };
    if pushed.prompt_none {
        let error = [("error", "login_required")];
        return answer::see_other(&pushed.redirect(&state.issuer, &error));
    }
    let flow = Flow::begin(pushed, &state);
    let location = flow.path("login");
    cookie::set(&request, &state, answer::see_other(&location), &flow, true)
}

/// The browser arrives by POST, which `OpenID` Connect Core section 3.1.2.1 allows: it is sent to
/// itself by GET, since a cross-site POST carries no cookie.
pub async fn by_post(request: HttpRequest, context: RequestContext, body: Body) -> HttpResponse {
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            return answer::unread_body(&context, context::language(&request, None), &error);
        }
    };
    let form = match Form::read(&body) {
        Ok(form) => form,
        Err(fault) => return refused(&request, &context, ("form", fault.to_string())),
    };
    if let Err(fault) = no_request_object(&form) {
        return refused(&request, &context, fault);
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in ["client_id", "request_uri"] {
        if let Some(value) = form.get(name) {
            query.append_pair(name, value);
        }
    }
    answer::see_other(&format!("/oauth/authorize?{}", query.finish()))
}

/// Which parameter is wrong, and how.
type Fault = (&'static str, String);

/// A page of our own: nobody is sent anywhere with what could not be opened.
fn refused(request: &HttpRequest, context: &RequestContext, fault: Fault) -> HttpResponse {
    let (field, detail) = fault;
    let problem = Problem::BadProviderRequest { field: field.into(), detail: detail.into() };
    answer::problem(context, context::language(request, None), problem)
}

/// Beside a `request_uri` a request object must not stand (`OpenID` Connect Core section 6), and it is
/// not taken.
fn no_request_object(form: &Form) -> Result<(), Fault> {
    let fault = || ("request", "must not stand here; push the parameters themselves".to_owned());
    form.get("request").is_none().then_some(()).ok_or_else(fault)
}

/// Opens the pushed request, or says which parameter is wrong and how.
fn open(state: &WebState, query: &[u8]) -> Result<PushedRequest, Fault> {
    let form = Form::read(query).map_err(|fault| ("query", fault.to_string()))?;
    no_request_object(&form)?;
    let client_id = form.get("client_id").ok_or(("client_id", "is missing".to_owned()))?;
    let request_uri = form.get("request_uri");
    let not_ours = || ("request_uri", "must be one that /oauth/par returned".to_owned());
    let token = request_uri.and_then(|uri| uri.strip_prefix(REQUEST_URI_PREFIX));
    let token = token.ok_or_else(not_ours)?;
    let opened = state.keys.sealer().open(Purpose::PushedOrder, token, state.now_s());
    let pushed: PushedRequest = opened.map_err(|error| match error {
        SealError::Expired => ("request_uri", "has expired; push the request again".to_owned()),
        SealError::Malformed => not_ours(),
    })?;
    if pushed.client.as_str() != client_id {
        return Err(("client_id", "is not the one that pushed the request".to_owned()));
    }
    // What the provider may do can have changed since it pushed (RFC 9126 section 7.4).
    let provider = state.providers.get(&pushed.client);
    let provider = provider.filter(|provider| !provider.suspended);
    let provider = provider.ok_or(("client_id", "may ask for nothing at present".to_owned()))?;
    let registered = provider.may_redirect_to(&pushed.redirect_uri);
    registered.then_some(pushed).ok_or(("redirect_uri", "is no longer registered".to_owned()))
}
