//! The ways back to the provider: サービスを利用する with a code, and every other one without.
//! Both are links, since a form could not lead to another origin under our CSP.

use super::{
    complete::own_completed,
    confirm::{facts, line_failed},
    refused,
    sealed::{SealedLogin, Stage},
    visit::Visit,
};
use crate::{
    domain::line::login::{Intent, still_stands},
    security::{Purpose, random},
    web::{
        answer,
        provider::code::{AuthorizationCode, Subject},
    },
};
use actix_web::HttpResponse;

/// サービスを利用する, OK, and the end of a login: mints a code, good for a minute and once.
pub async fn with_code(visit: Visit) -> HttpResponse {
    let Some(login) = visit.flow.login() else { return visit.go_to("login") };
    let stands = match visit.flow.request.order {
        Some(_) => completed(&visit).await,
        None => still_logged_in(&visit, login).await,
    };
    if let Err(response) = stands {
        return response;
    }
    let state = &visit.state;
    let expires_at_s = state.expiry(state.lifetimes.code_lifetime_s);
    let code = code(&visit, login);
    match answer::seal(&state.keys, Purpose::AuthorizationCode, &code, expires_at_s) {
        Ok(code) => {
            let location = visit.flow.request.redirect(&state.issuer, &[("code", &code)]);
            answer::see_other(&location)
        }
        Err(error) => visit.failed(&error),
    }
}

/// The order of this flow is completed, by this login.
async fn completed(visit: &Visit) -> Result<(), HttpResponse> {
    match own_completed(visit).await? {
        Some(_) => Ok(()),
        None => Err(visit.go_to("confirm")),
    }
}

/// A login alone is judged once more: the line may be barred by now, or left.
async fn still_logged_in(visit: &Visit, login: &SealedLogin) -> Result<(), HttpResponse> {
    let view = visit.state.lines.look(login.customer).await;
    let view = view.map_err(|error| line_failed(visit, &error))?;
    let line = view.line.as_deref().ok_or_else(|| visit.go_to("login"))?;
    let require_line = visit.flow.request.require_line || login.line_checked;
    let (login, facts) = (login.logged_in(), facts(visit, &view));
    let stands = still_stands(line, login, Intent::LoginOnly, require_line, &facts);
    stands.map(drop).map_err(|refusal| refused::page(visit, &refusal))
}

fn code(visit: &Visit, login: &SealedLogin) -> AuthorizationCode {
    let request = &visit.flow.request;
    AuthorizationCode {
        subject: Subject {
            client: request.client.clone(),
            customer: login.customer,
            passport: login.passport,
            epoch: login.epoch,
            entitlements: request.entitlements,
            code_id: random::token(16),
        },
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        nonce: request.nonce.clone(),
        auth_time_s: login.auth_time_s,
        line_checked: login.line_checked,
        reference: request.order.as_ref().map(|order| order.reference().clone()),
        run: visit.state.run.clone(),
    }
}

/// 購入せずに戻る, 戻る, 閉じる: the provider learns that nothing came of it, and no reason.
pub async fn without(visit: Visit) -> HttpResponse {
    // Maintenance looks nothing up and denies nothing: the provider learns that it should ask
    // again, and finds what was bought by its reference.
    if visit.state.maintenance.notice().is_some() {
        let error = [("error", "temporarily_unavailable")];
        return answer::see_other(&visit.flow.request.redirect(&visit.state.issuer, &error));
    }
    // A page from before the press may still be open: what was bought is shown, not denied.
    match own_completed(&visit).await {
        Ok(Some(_)) => return visit.go_to("complete"),
        Ok(None) => {}
        Err(response) => return response,
    }
    let error = match visit.flow.stage {
        Stage::Unmet => "unmet_authentication_requirements",
        _ => "access_denied",
    };
    answer::see_other(&visit.flow.request.redirect(&visit.state.issuer, &[("error", error)]))
}
