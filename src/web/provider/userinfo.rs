//! `GET /oauth/userinfo` (`OpenID` Connect Core section 5.3): who logged in, and with scope
//! `entitlements` the live contracts of that passport ID with that provider, nothing else.

use super::{
    code::{ProviderAccess, Subject},
    error::{Code, OAuthError},
    limits::{self, Door, TurnedAway},
    token::line_error,
};
use crate::{
    domain::line::Line,
    security::{Purpose, SealError},
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
    let told = match bearer::token(&request) {
        Ok(Some(token)) => claims(token, &context, &state).await,
        Ok(None) => Err(unknown(&state, &context, Refused::NoToken)),
        Err(doubled) => Err(unknown(&state, &context, Refused::Malformed(doubled.into()))),
    };
    match told {
        Ok(claims) => {
            HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(claims)
        }
        Err(refused) => refused.response(&context),
    }
}

/// Why nothing is told.
enum Refused {
    /// No token came: a challenge, and no error (RFC 6750 section 3.1).
    NoToken,
    /// The request is wrong by its form: an error that is challenged too.
    Malformed(OAuthError),
    /// Anything else.
    Error(OAuthError),
}

impl Refused {
    fn response(&self, context: &RequestContext) -> HttpResponse {
        match self {
            Self::NoToken => OAuthError::no_token(),
            Self::Malformed(error) => error.challenge(),
            Self::Error(error) => {
                error.log(context);
                error.response()
            }
        }
    }
}

impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Self {
        Self::Error(error)
    }
}

impl From<TurnedAway> for Refused {
    fn from(why: TurnedAway) -> Self {
        Self::Error(why.into())
    }
}

/// What opens nothing counts for its source.
fn unknown(state: &WebState, context: &RequestContext, why: Refused) -> Refused {
    limits::unknown(state, &context.source, Door::Userinfo, why)
}

fn invalid_token() -> OAuthError {
    OAuthError::new(Code::InvalidToken, "the access token is not valid")
}

/// The token that a household's login gave a provider. One of ours that is over, or that is for
/// another question, counts for nobody.
fn open(token: &str, context: &RequestContext, state: &WebState) -> Result<Subject, Refused> {
    let (sealer, now_s) = (state.keys.sealer(), state.now_s());
    sealer.open(Purpose::AccessToken, token, now_s).map_err(|error| {
        let own = || sealer.open::<ProviderAccess>(Purpose::ProviderAccessToken, token, now_s);
        let is_ours = error == SealError::Expired || own() != Err(SealError::Malformed);
        let refused = Refused::Error(invalid_token());
        if is_ours { refused } else { unknown(state, context, refused) }
    })
}

async fn claims(token: &str, context: &RequestContext, state: &WebState) -> Result<Value, Refused> {
    let subject = open(token, context, state)?;
    let provider = state.providers.get(&subject.client).filter(|provider| !provider.suspended);
    let provider = provider.ok_or_else(invalid_token)?;
    let _admitted = limits::admit(state, &provider.id, Door::Userinfo).await?;
    Ok(claims_of(&subject, state).await?)
}

async fn claims_of(subject: &Subject, state: &WebState) -> Result<Value, OAuthError> {
    if state.redeemed.came_twice(&subject.code_id) {
        return Err(invalid_token());
    }
    let view = state.lines.look(subject.customer).await.map_err(|error| line_error(&error))?;
    let line = view.line.as_deref().ok_or_else(invalid_token)?;
    let passport = line.live_passport(subject.passport).ok_or_else(invalid_token)?;
    if passport.epoch != subject.epoch {
        return Err(invalid_token());
    }
    let sub =
        state.keys.subject(subject.client.as_str(), subject.customer.as_str(), subject.passport.0);
    let mut claims = json!({ "sub": sub });
    if subject.entitlements {
        claims["entitlements"] = entitlements(line, subject);
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
