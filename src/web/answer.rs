//! Pages and problems as responses.

use super::{
    context::{self, RequestContext},
    page::{self, Problem, ProblemPage, Shell},
};
use crate::{
    security::{KeyRing, Purpose, SecurityError},
    text::Language,
};
use actix_web::{
    HttpRequest, HttpResponse, Route, guard,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use serde::Serialize;

/// What is around a page's content.
pub fn shell(context: &RequestContext, language: Language, path: Option<&str>) -> Shell {
    Shell {
        language,
        nonce: context.nonce.clone(),
        switch_path: path.map(str::to_owned),
        request_id: None,
        signed_in_as: None,
        household: None,
    }
}

/// A shell that shows the request ID: for refusals and errors. Its language switch leads to where
/// the request itself went, by GET.
pub fn shell_with_id(context: &RequestContext, language: Language) -> Shell {
    let request_id = Some(context.request_id.clone());
    Shell { request_id, ..shell(context, language, context.page.as_deref()) }
}

/// A page with its status.
pub fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page::render(page) {
        Ok(body) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends the browser on by GET, whatever it came with (303; 307 would replay a password).
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// The page of a problem, with its status.
pub fn problem(context: &RequestContext, language: Language, problem: Problem) -> HttpResponse {
    let status = match &problem {
        Problem::Overloaded { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Problem::FlowUnknown | Problem::BadProviderRequest { .. } | Problem::BadRequest => {
            StatusCode::BAD_REQUEST
        }
        Problem::CrossSite => StatusCode::FORBIDDEN,
        Problem::NotFound => StatusCode::NOT_FOUND,
        Problem::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Problem::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let retry_after_s = match &problem {
        Problem::Overloaded { retry_after_s, .. } => Some(*retry_after_s),
        _ => None,
    };
    let shell = shell_with_id(context, language);
    let mut response = html(status, &ProblemPage { shell, problem });
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The page for a body that could not be read, with the status of what was wrong: 413 for one
/// that is too large.
pub fn unread_body(
    context: &RequestContext,
    language: Language,
    error: &actix_web::Error,
) -> HttpResponse {
    let mut response = problem(context, language, Problem::BadRequest);
    *response.status_mut() = error.as_response_error().status_code();
    response
}

/// Nothing stands at this address.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    problem_for(&request, Problem::NotFound)
}

/// A route for GET, and for HEAD, which is answered alike without the body (RFC 9110 section 9.3.2).
pub fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A route for every method that the address does not take; `allowed` are those that it takes,
/// which the answer has to name (RFC 9110 section 15.5.6).
pub fn only(allowed: &'static str) -> Route {
    web::route().to(move |request: HttpRequest| async move {
        let mut response = problem_for(&request, Problem::MethodNotAllowed);
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allowed));
        response
    })
}

fn problem_for(request: &HttpRequest, what: Problem) -> HttpResponse {
    problem(&context::of(request), context::language(request, None), what)
}

/// Something of ours failed: the request ID is all that is told (security.md 68).
pub fn failed(
    context: &RequestContext,
    language: Language,
    error: &dyn std::error::Error,
) -> HttpResponse {
    tracing::error!(request_id = context.request_id, error = %error, "a request failed");
    problem(context, language, Problem::Internal)
}

/// Whether a browser brings a cookie whose name consists of these parts. Its value is not looked at.
pub fn brings_cookie(request: &HttpRequest, name: &[&str]) -> bool {
    let is_it = |pair: &str| {
        let parts = name.iter().try_fold(pair.trim_start(), |rest, part| rest.strip_prefix(part));
        parts.is_some_and(|rest| rest.starts_with('='))
    };
    let fields = request.headers().get_all(header::COOKIE).filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(';')).any(is_it)
}

/// Seals what is ours to seal; it fails only when what is sealed is too long, which parsing has
/// ruled out.
pub fn seal<T: Serialize>(
    keys: &KeyRing,
    purpose: Purpose,
    value: &T,
    expires_at_s: i64,
) -> Result<String, SecurityError> {
    keys.sealer().seal(purpose, value, expires_at_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;
    use actix_web::{body::to_bytes, test::TestRequest};

    #[test]
    fn a_cookie_is_there_by_its_whole_name() {
        for (field, expected) in [
            ("lp_a1=x", true),
            ("theme=dark; lp_a1=x; y=z", true),
            ("lp_a12=x", false),
            ("xlp_a1=x", false),
            ("lp_a1", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header((header::COOKIE, field));
            let request = request.to_http_request();
            assert_eq!(brings_cookie(&request, &["lp_", "a1"]), expected, "{field}");
        }
        assert!(!brings_cookie(&TestRequest::default().to_http_request(), &["lp_", "a1"]));
    }

    #[actix_web::test]
    async fn a_page_that_failed_tells_the_request_id_alone_security_68() {
        let context = context::of(&TestRequest::default().to_http_request());
        for language in Language::ALL {
            let error = StoreError::damaged("/var/lib/linepass/store: row 7", "SELECT failed");
            let response = failed(&context, language, &error);
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = to_bytes(response.into_body()).await.expect("a body");
            let body = String::from_utf8(body.to_vec()).expect("a page");
            assert!(body.contains(&context.request_id), "{body}");
            for told in ["/var/lib", "row 7", "SELECT", "damaged", "StoreError", ".rs:"] {
                assert!(!body.contains(told), "{told}: {body}");
            }
        }
    }
}
