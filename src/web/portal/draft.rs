//! What a household has filled in of a procedure so far. It is sealed into a cookie, so that
//! nothing is stored of what is not finished, each step is a page of its own, and what was typed
//! is there again on 前画面へ戻る. A password is in it as its hash alone.
//!
//! A draft belongs to one session, and each step that is taken draws it a new mark: the press on
//! a confirmation names the mark that its page showed, so that another tab's draft is never
//! confirmed unseen.

use super::session::{CookieName, Signed, set_cookie};
use crate::{
    security::{Purpose, random},
    web::{answer, form::Form},
};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A procedure with steps.
pub trait Procedure: Serialize + DeserializeOwned {
    /// The name of its cookie.
    const COOKIE: &'static str;
}

#[derive(Serialize, Deserialize)]
struct Sealed<P> {
    /// The session it belongs to, by its secret: a new sign-in begins anew.
    #[serde(rename = "k")]
    secret: String,
    #[serde(rename = "m")]
    mark: String,
    #[serde(rename = "d")]
    draft: P,
}

/// A draft with its mark.
pub struct Draft<P> {
    /// What was filled in.
    pub content: P,
    /// Which it is.
    pub mark: String,
}

impl<P> Draft<P> {
    /// Whether a form shows this very draft.
    pub fn is_shown_by(&self, form: &Form) -> bool {
        form.get("draft") == Some(self.mark.as_str())
    }
}

/// The draft of this session, if there is one.
pub fn read<P: Procedure>(signed: &Signed) -> Option<Draft<P>> {
    let state = &signed.state;
    let name = CookieName::Draft(P::COOKIE).full(state.is_https());
    let cookie = signed.request.cookie(&name)?;
    let opened = state.keys.sealer().open(Purpose::Draft, cookie.value(), state.now_s());
    let sealed: Sealed<P> = opened.ok()?;
    let own = sealed.secret == signed.session.secret;
    own.then_some(Draft { content: sealed.draft, mark: sealed.mark })
}

/// Keeps a draft with the response.
pub fn keep<P: Procedure>(signed: &Signed, mut response: HttpResponse, draft: P) -> HttpResponse {
    let state = &signed.state;
    let sealed = Sealed { secret: signed.session.secret.clone(), mark: random::token(9), draft };
    let idle_s = state.portal.idle_timeout_s;
    match answer::seal(&state.keys, Purpose::Draft, &sealed, state.expiry(idle_s)) {
        Ok(sealed) => {
            let value = Some((sealed, idle_s));
            set_cookie(state, &mut response, CookieName::Draft(P::COOKIE), value);
        }
        Err(error) => tracing::error!(%error, "a draft could not be sealed"),
    }
    response
}
