//! `GET /oauth/userinfo` (`OpenID` Connect Core section 5.3): who logged in, and with scope
//! `entitlements` the live contracts of that passport ID with that provider, nothing else.

use super::{
    code::Subject,
    error::{Code, OAuthError},
    token::line_error,
};
use crate::{
    domain::line::Line,
    security::Purpose,
    web::{bearer, context::RequestContext, state::WebState},
};
use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use serde_json::{Value, json};

/// Answers who holds the access token.
pub async fn tell(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
) -> HttpResponse {
    let token = match bearer::token(&request) {
        Ok(Some(token)) => token,
        Ok(None) => return OAuthError::no_token(),
        Err(doubled) => return OAuthError::from(doubled).challenge(),
    };
    match claims(token, &state).await {
        Ok(claims) => {
            HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(claims)
        }
        Err(error) => {
            error.log(&context);
            error.response()
        }
    }
}

async fn claims(token: &str, state: &WebState) -> Result<Value, OAuthError> {
    let refused = || OAuthError::new(Code::InvalidToken, "the access token is not valid");
    let opened = state.keys.sealer().open(Purpose::AccessToken, token, state.now_s());
    let subject: Subject = opened.map_err(|_| refused())?;
    if state.redeemed.came_twice(&subject.code_id) {
        return Err(refused());
    }
    let view = state.lines.look(subject.customer).await.map_err(|error| line_error(&error))?;
    let line = view.line.as_deref().ok_or_else(refused)?;
    let passport = line.live_passport(subject.passport).ok_or_else(refused)?;
    if passport.epoch != subject.epoch {
        return Err(refused());
    }
    let sub =
        state.keys.subject(subject.client.as_str(), subject.customer.as_str(), subject.passport.0);
    let mut claims = json!({ "sub": sub });
    if subject.entitlements {
        claims["entitlements"] = entitlements(line, &subject);
    }
    Ok(claims)
}

fn entitlements(line: &Line, subject: &Subject) -> Value {
    let own = line.contracts.values().filter(|contract| {
        contract.is_live()
            && contract.passport == subject.passport
            && contract.provider == subject.client
    });
    own.map(|contract| json!({ "service": contract.service, "contract": contract.number }))
        .collect()
}
