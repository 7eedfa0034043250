//! ログイン: exactly one password hash, whatever the outcome, except where the throttle turns the
//! attempt away; one page for every cause.

use super::{cookie, refused, sealed::Flow, shown, visit::Visit};
use crate::{
    actors::{LineError, line::LineView},
    domain::{
        ids::{CustomerId, PassportNumber},
        line::{
            Facts, Passport, Refusal, RowRef, is_own_address,
            login::{Attempt, Intent, Login, LoginRefusal, judge},
        },
        order::Order,
    },
    security::{PoolError, Secret},
    store::Reservation,
    telemetry::{Decision, Outcome},
    web::{
        afterwards::{self, After, SignedIn, Whose},
        answer,
        context::RequestContext,
        form::{Body, Form},
        page::{
            LoginErrorPage, LoginPage, MissingFields, RefusalPage, RefusalReason, RestrictedPage,
            RestrictionCause,
        },
        state::WebState,
    },
};
use actix_web::{HttpResponse, http::StatusCode};
use std::sync::Arc;

/// The form's name in its token.
const FORM: &str = "login";
/// What the address says when a login from before no longer stood.
pub const AGAIN: &str = "again=1";

/// Shows the form.
pub async fn form(visit: Visit) -> HttpResponse {
    let page = login_page(&visit, String::new(), MissingFields::default());
    visit.keep_language(answer::html(StatusCode::OK, &page))
}

fn login_page(visit: &Visit, passport_id: String, missing: MissingFields) -> LoginPage {
    LoginPage {
        shell: visit.shell(Some("login")),
        provider: visit.shown_provider(),
        card: shown::login_card(&visit.provider, visit.flow.request.order.as_ref()),
        action: visit.flow.path("login"),
        csrf: visit.flow.csrf(FORM).as_str().to_owned(),
        back_path: visit.flow.path("back"),
        passport_id,
        missing,
        again: visit.request.query_string().split('&').any(|pair| pair == AGAIN),
    }
}

/// Takes the form.
pub async fn submit(visit: Visit, body: Body) -> HttpResponse {
    let form = match visit.form(FORM, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    match Typed::read(form) {
        Ok(typed) => answer_attempt(&visit, try_to_log_in(&visit, typed).await),
        Err((passport_id, missing)) => {
            let page = login_page(&visit, passport_id, missing);
            answer::html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// What was typed.
struct Typed {
    passport_id: String,
    password: Secret,
}

impl Typed {
    fn read(mut form: Form) -> Result<Self, (String, MissingFields)> {
        let passport_id = form.take("passport_id").unwrap_or_default().trim().to_owned();
        let password = form.take("password");
        let missing =
            MissingFields { passport_id: passport_id.is_empty(), password: password.is_none() };
        match password {
            Some(password) if !missing.any() => {
                Ok(Self { passport_id, password: Secret::new(password) })
            }
            _ => Err((passport_id.chars().take(64).collect(), missing)),
        }
    }
}

/// How an attempt ended.
enum Attempted {
    Accepted(CustomerId, Login),
    Refused(Option<CustomerId>, LoginRefusal),
    Overloaded,
    Failed(Arc<LineError>),
}

async fn try_to_log_in(visit: &Visit, typed: Typed) -> Attempted {
    let (state, source) = (&visit.state, visit.context.source);
    if state.logins.check(&source).is_err() {
        return Attempted::Refused(None, LoginRefusal::Generic("throttled_source"));
    }
    let name_hash = state.keys.name_hash(&typed.passport_id);
    if state.throttle.is_held_here(name_hash, source) {
        return Attempted::Refused(None, LoginRefusal::Generic("throttled"));
    }
    let found = match find(state, name_hash).await {
        Ok(found) => found,
        Err(error) => return Attempted::Failed(error),
    };
    if let Some(found) = &found {
        state
            .throttle
            .restore_once(name_hash, state.committed_holds(&found.view, Some(found.passport)));
    }
    evaluate(visit, typed.password, name_hash, found).await
}

/// Takes the permit, computes the hash and has the rules judge.
async fn evaluate(
    visit: &Visit,
    password: Secret,
    name_hash: [u8; 32],
    found: Option<Found>,
) -> Attempted {
    let (state, source) = (&visit.state, visit.context.source);
    let fingerprint = state.keys.name_hash(&format!("password:{}", password.expose()));
    let attempt = crate::security::Attempt {
        id_key: name_hash,
        source,
        own_line: found.as_ref().is_some_and(|found| found.is_own_line(&visit.context)),
        password_fingerprint: Some(fingerprint),
    };
    let whose = found.as_ref().map(Found::whose);
    let verified = found.as_ref().and_then(Found::credential);
    let Ok(permit) = state.throttle.permit_attempt(attempt).await else {
        let customer = whose.map(|whose| whose.customer);
        return Attempted::Refused(customer, LoginRefusal::Generic("throttled"));
    };
    let stored = found.as_ref().and_then(Found::password_hash);
    let verdict = match state.verify_password(&permit, password.clone(), stored).await {
        Ok(verdict) => verdict,
        Err(PoolError::Overloaded | PoolError::Stopped) => return Attempted::Overloaded,
    };
    let attempted = judged(visit, found, verdict.matches).await;
    let after = After { state: &visit.state, context: &visit.context };
    match &attempted {
        Attempted::Accepted(..) => {
            permit.succeeded();
            if let (true, Some(whose), Some(verified)) = (verdict.rehash_wanted, whose, verified) {
                afterwards::upgrade_hash(after, whose, verified, password);
            }
        }
        Attempted::Refused(_, refusal) if refusal.counts_as_guess() => {
            afterwards::note_holds(after, whose, source, permit.failed());
        }
        Attempted::Refused(_, refusal) if refusal.hides_right_password() => {
            afterwards::note_holds(after, whose, source, permit.turned_away());
        }
        _ => drop(permit),
    }
    attempted
}

/// A passport ID that exists or existed, and its line as it stood before the hash.
struct Found {
    customer: CustomerId,
    passport: PassportNumber,
    view: LineView,
}

impl Found {
    fn is_own_line(&self, context: &RequestContext) -> bool {
        let networks = self.view.line.as_deref().map(|line| line.networks.as_slice());
        let networks = networks.unwrap_or_default();
        context.line_source.is_some_and(|address| is_own_address(networks, address))
    }

    fn password_hash(&self) -> Option<String> {
        self.view.private.get(&self.passport).map(|private| private.password_hash.clone())
    }

    const fn whose(&self) -> Whose {
        Whose { customer: self.customer, passport: Some(self.passport) }
    }

    fn id(&self) -> Option<&Passport> {
        self.view.line.as_deref()?.passports.get(&self.passport)
    }

    /// The credential's row that the password is verified against.
    fn credential(&self) -> Option<RowRef> {
        self.id().map(|id| id.rows.credential)
    }

    fn credential_version(&self) -> u32 {
        self.id().map_or(0, |id| id.credential_version)
    }
}

async fn find(state: &WebState, name_hash: [u8; 32]) -> Result<Option<Found>, Arc<LineError>> {
    let reservation = Reservation::PassportName(name_hash);
    let holder = state.store.holder(&reservation).await;
    let holder = holder.map_err(|error| Arc::new(LineError::Store(error)))?;
    let Some((customer, passport)) = holder.and_then(|h| Some((h.customer, h.passport?))) else {
        return Ok(None);
    };
    let view = state.lines.look(customer).await?;
    Ok(Some(Found { customer, passport, view }))
}

/// The rules judge, with the line as it stands after the hash.
async fn judged(visit: &Visit, found: Option<Found>, password_matches: bool) -> Attempted {
    let state = &visit.state;
    let Some(found) = found else {
        return Attempted::Refused(None, LoginRefusal::Generic("unknown_passport"));
    };
    let view = match state.lines.look(found.customer).await {
        Ok(view) => view,
        Err(error) => return Attempted::Failed(error),
    };
    let Some(line) = view.line.as_deref() else {
        return Attempted::Refused(None, LoginRefusal::Generic("unknown_passport"));
    };
    let attempt = Attempt {
        passport: found.passport,
        credential_version: found.credential_version(),
        password_matches,
        intent: intent(visit.flow.request.order.as_ref()),
        require_line: visit.flow.request.require_line,
    };
    let facts = Facts {
        now: view.time(state.decisions.now()),
        receipt: None,
        source: visit.context.line_source,
        defaults: state.defaults,
    };
    match judge(line, &attempt, &facts) {
        Ok(login) => Attempted::Accepted(found.customer, login),
        Err(refusal) => Attempted::Refused(Some(found.customer), refusal),
    }
}

const fn intent(order: Option<&Order>) -> Intent {
    match order {
        Some(Order::Purchase(_)) => Intent::Purchase,
        Some(Order::Cancellation(_)) => Intent::Cancellation,
        None => Intent::LoginOnly,
    }
}

fn answer_attempt(visit: &Visit, attempted: Attempted) -> HttpResponse {
    log(visit, &attempted);
    match attempted {
        Attempted::Accepted(customer, login) => {
            let after = After { state: &visit.state, context: &visit.context };
            let signed_in = SignedIn {
                whose: Whose { customer, passport: Some(login.passport) },
                from_own_line: login.line_checked,
                to: visit.provider.id.as_str().to_owned(),
            };
            afterwards::remember_sign_in(after, signed_in);
            let flow = visit.flow.clone().logged_in(customer, login, visit.state.now_s());
            go_on(visit, &flow, visit.go_to("success"))
        }
        Attempted::Refused(_, LoginRefusal::Generic(_)) => {
            let page = LoginErrorPage {
                shell: visit.shell_with_id(),
                provider: visit.shown_provider(),
                login_path: visit.flow.path("login"),
                back_path: visit.flow.path("back"),
            };
            answer::html(StatusCode::FORBIDDEN, &page)
        }
        Attempted::Refused(_, LoginRefusal::LineNotChecked) => {
            let page = RefusalPage {
                shell: visit.shell_with_id(),
                flow: shown::flow_kind(visit.flow.request.order.as_ref()),
                reason: RefusalReason::LineCheckRequired,
                provider: visit.shown_provider(),
                back_path: visit.flow.path("back"),
            };
            let response = answer::html(StatusCode::FORBIDDEN, &page);
            go_on(visit, &visit.flow.clone().unmet(), response)
        }
        Attempted::Refused(_, LoginRefusal::Barred(refusal)) => refused::page(visit, &refusal),
        Attempted::Overloaded => visit.overloaded("login"),
        Attempted::Failed(error) => match &*error {
            LineError::Busy(_) | LineError::Stopping => visit.overloaded("login"),
            other => visit.failed(other),
        },
    }
}

fn go_on(visit: &Visit, flow: &Flow, response: HttpResponse) -> HttpResponse {
    cookie::set(&visit.request, &visit.state, response, flow, false)
}

/// 利用規制中, only after a correct password on the right line; whether the
/// company stopped it is put in neutral words.
pub fn barred(visit: &Visit, refusal: &Refusal) -> HttpResponse {
    let cause = match refusal {
        Refusal::Restricted { .. } => RestrictionCause::Customer,
        _ => RestrictionCause::Company,
    };
    let page = RestrictedPage {
        shell: visit.shell_with_id(),
        cause,
        provider: visit.shown_provider(),
        back_path: visit.flow.path("back"),
    };
    answer::html(StatusCode::FORBIDDEN, &page)
}

fn log(visit: &Visit, attempted: &Attempted) {
    let (outcome, customer, reason) = match attempted {
        Attempted::Accepted(customer, _) => (Outcome::Accepted, Some(*customer), None),
        Attempted::Refused(customer, refusal) => {
            (Outcome::Refused, *customer, Some(refusal.code()))
        }
        Attempted::Overloaded => (Outcome::Refused, None, Some("overloaded")),
        Attempted::Failed(_) => (Outcome::Failed, None, Some("line_failed")),
    };
    visit.state.metrics.login(outcome.as_str(), reason);
    let mut decision = Decision::new("login", outcome)
        .provider(visit.provider.id.as_str())
        .source(visit.context.source.address())
        .latency(visit.context.began.elapsed())
        .request_id(&*visit.context.request_id);
    if let Some(customer) = customer {
        decision = decision.line(customer.to_string());
    }
    if let Some(reason) = reason {
        decision = decision.reason(reason);
    }
    decision.emit("a household tried to log in");
}
