//! Signing in with お客さまID and アクセスキー: exactly one hash, whatever the
//! outcome, except where the throttle turns the attempt away; one page for every cause.

use super::{
    entrance::{Entrance, service_name},
    making,
    session::{CookieName, SealedSession, Signed, line_failed, overloaded, renew, set_cookie},
};
use crate::{
    actors::{
        LineError,
        change::{Change, Opened, What},
        personal,
    },
    domain::{
        ids::CustomerId,
        line::{By, Command, Event, Line, RowRef, is_own_address, portal::may_sign_in},
    },
    security::{Attempt, CsrfToken, PoolError, Purpose, Secret, random},
    store::record::{Personal, SignIn},
    telemetry::{Decision, Outcome},
    text::Language,
    web::{
        afterwards::{self, After, SignedIn, Whose},
        answer::{self, get},
        context::{self, RequestContext},
        form::{Body, Form},
        page::{
            FormField, InputField, InputKind, Shell, SignInErrorPage, SignInPage, WrongEntrancePage,
        },
        posted::Posted,
        state::WebState,
    },
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{StatusCode, header},
    web::{self, Data},
};
use serde::{Deserialize, Serialize};
use std::{
    future::{Ready, ready},
    sync::Arc,
};

/// The form's name in its token.
const FORM: &str = "sign_in";
/// What is said of a browser that names itself at length.
const LONGEST_BROWSER: usize = 120;

/// A browser at an entrance: the secret of its form's token, before anybody has signed in.
#[derive(Serialize, Deserialize)]
struct AtEntrance {
    #[serde(rename = "k")]
    secret: String,
}

/// A request at an entrance.
pub struct Door {
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
    entrance: Entrance,
    language: Language,
    secret: Option<String>,
}

impl FromRequest for Door {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<WebState>>().cloned();
        let door = state.map(|state| Self::open(request, state));
        ready(door.ok_or_else(|| actix_web::error::ErrorInternalServerError("no state")))
    }
}

impl Door {
    fn open(request: &HttpRequest, state: Data<WebState>) -> Self {
        let cookie = request.cookie(&CookieName::Entrance.full(state.is_https()));
        let secret = cookie.and_then(|cookie| {
            let sealer = state.keys.sealer();
            let opened = sealer.open(Purpose::Entrance, cookie.value(), state.now_s());
            opened.ok().map(|at: AtEntrance| at.secret)
        });
        Self {
            request: request.clone(),
            context: context::of(request),
            language: context::language(request, None),
            entrance: Entrance::of_request(request),
            state,
            secret,
        }
    }

    fn shell(&self) -> Shell {
        answer::shell(&self.context, self.language, Some(&self.entrance.path("login")))
    }

    fn page(&self, secret: &str, fields: Vec<FormField>) -> SignInPage {
        let asked = |what: &str| self.request.query_string().split('&').any(|pair| pair == what);
        let texts = &self.language.texts().portal.sign_in;
        let notice = match (asked("over=1"), asked("out=1")) {
            (true, _) => Some(texts.over),
            (_, true) => Some(texts.signed_out),
            _ => None,
        };
        let other = self.entrance.other();
        SignInPage {
            shell: self.shell(),
            premium: self.entrance == Entrance::Premium,
            action: self.entrance.path("login"),
            csrf: CsrfToken::new(secret.as_bytes(), FORM).as_str().to_owned(),
            other_entrance: (other.path("login"), other.lines()),
            fields,
            notice,
        }
    }

    fn fields(&self, typed: &str, missing: (bool, bool)) -> Vec<FormField> {
        let texts = &self.language.texts().portal.fields;
        let (id, key) = (&texts.customer_id, &texts.access_key);
        let said = |missing: bool, text: &str| missing.then(|| text.to_owned());
        let customer = InputField::required("customer_id", id, InputKind::CustomerId);
        let access_key = InputField::required("access_key", key, InputKind::AccessKey);
        vec![
            FormField::Input(customer.typed(typed).wrong(said(missing.0, id.missing))),
            FormField::Input(access_key.wrong(said(missing.1, key.missing))),
        ]
    }
}

/// The addresses.
pub fn routes(scope: actix_web::Scope) -> actix_web::Scope {
    scope
        .service(
            web::resource("/login")
                .route(get().to(form))
                .route(web::post().to(submit))
                .default_service(answer::only("GET, HEAD, POST")),
        )
        .service(
            web::resource("/logout")
                .route(web::post().to(sign_out))
                .default_service(answer::only("POST")),
        )
}

/// Shows the form.
async fn form(door: Door) -> HttpResponse {
    let secret = door.secret.clone().unwrap_or_else(|| random::token(16));
    let page = door.page(&secret, door.fields("", (false, false)));
    let mut response = answer::html(StatusCode::OK, &page);
    let (state, at) = (&door.state, AtEntrance { secret });
    let idle_s = state.portal.idle_timeout_s;
    match answer::seal(&state.keys, Purpose::Entrance, &at, state.expiry(idle_s)) {
        Ok(sealed) => {
            set_cookie(state, &mut response, CookieName::Entrance, Some((sealed, idle_s)));
        }
        Err(error) => tracing::error!(%error, "an entrance could not be sealed"),
    }
    response
}

/// Takes the form.
async fn submit(door: Door, body: Body) -> HttpResponse {
    // Without its cookie no token can match.
    let secret = door.secret.clone().unwrap_or_else(|| random::token(16));
    let posted = Posted {
        request: &door.request,
        context: &door.context,
        state: &door.state,
        language: door.language,
    };
    let form = match posted.read(&body, &CsrfToken::new(secret.as_bytes(), FORM)) {
        Ok(form) => form,
        Err(response) => return response,
    };
    match Typed::read(form) {
        Ok(typed) => {
            let attempted = attempt(&door, typed).await;
            log(&door, &attempted);
            answer_attempt(&door, attempted).await
        }
        Err((typed, missing)) => {
            let page = door.page(&secret, door.fields(&typed, missing));
            answer::html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// What was typed. A customer ID is taken in small letters too; one that is none is looked for
/// nowhere, and costs a hash like any other.
struct Typed {
    customer_text: String,
    access_key: Secret,
}

impl Typed {
    fn read(mut form: Form) -> Result<Self, (String, (bool, bool))> {
        let customer_text = form.get("customer_id").unwrap_or_default().trim().to_uppercase();
        let access_key = form.take("access_key");
        let missing = (customer_text.is_empty(), access_key.is_none());
        match access_key {
            Some(access_key) if !missing.0 => {
                Ok(Self { customer_text, access_key: Secret::new(access_key) })
            }
            _ => Err((customer_text, missing)),
        }
    }
}

enum Attempted {
    /// With the key to hash anew, where its cost has changed.
    Accepted(Found, Option<Secret>),
    Refused(Option<CustomerId>, &'static str),
    Overloaded,
    Failed(Arc<LineError>),
}

/// A line that is there, with the hash of its key.
struct Found {
    line: Arc<Line>,
    hash: String,
    key: RowRef,
}

async fn attempt(door: &Door, typed: Typed) -> Attempted {
    let (state, source) = (&door.state, door.context.source);
    if state.logins.check(&source).is_err() {
        return Attempted::Refused(None, "throttled_source");
    }
    let id_key = state.keys.name_hash(&format!("customer:{}", typed.customer_text));
    if state.throttle.is_held_here(id_key, source) {
        return Attempted::Refused(None, "throttled");
    }
    let found = match find(state, &typed.customer_text).await {
        Ok(found) => found,
        Err(error) => return Attempted::Failed(error),
    };
    let attempt = Attempt {
        id_key,
        source,
        own_line: found.as_ref().is_some_and(|found| is_own(door, &found.line)),
        password_fingerprint: Some(
            state.keys.name_hash(&format!("access_key:{}", typed.access_key.expose())),
        ),
    };
    evaluate(door, typed.access_key, attempt, found).await
}

fn is_own(door: &Door, line: &Line) -> bool {
    door.context.line_source.is_some_and(|address| is_own_address(&line.networks, address))
}

/// The line, if there is one, and the waits at its key that were committed.
async fn find(state: &WebState, typed: &str) -> Result<Option<Found>, Arc<LineError>> {
    let Ok(customer) = typed.parse::<CustomerId>() else { return Ok(None) };
    let view = state.lines.look(customer).await?;
    let Some(line) = view.line.clone() else { return Ok(None) };
    let id_key = state.keys.name_hash(&format!("customer:{typed}"));
    state.throttle.restore_once(id_key, state.committed_holds(&view, None));
    let key = line.rows.access_key;
    if line.ended.is_some() && is_erased(state, customer, key).await? {
        return Ok(None);
    }
    let row = personal::committed(state.store.as_ref(), customer, key).await;
    let row = row.map_err(|error| Arc::new(LineError::Store(error)))?;
    let Personal::AccessKey { hash } = row.data else { return Ok(None) };
    Ok(Some(Found { line, hash, key }))
}

/// Whether the access key of a line that has ended was erased after its term: then nobody has
/// this customer ID any more, and it costs the same hash as any that nobody has.
async fn is_erased(
    state: &WebState,
    customer: CustomerId,
    key: RowRef,
) -> Result<bool, Arc<LineError>> {
    let row = state.store.personal(customer, key.row).await;
    let row = row.map_err(|error| Arc::new(LineError::Store(error)))?;
    Ok(row.is_none())
}

/// Takes the permit, computes the hash and has the rule judge.
async fn evaluate(
    door: &Door,
    access_key: Secret,
    attempt: Attempt,
    found: Option<Found>,
) -> Attempted {
    let state = &door.state;
    let whose = found.as_ref().map(|found| Whose { customer: found.line.customer, passport: None });
    let customer = whose.map(|whose| whose.customer);
    let Ok(permit) = state.throttle.permit_attempt(attempt).await else {
        return Attempted::Refused(customer, "throttled");
    };
    let stored = found.as_ref().map(|found| found.hash.clone());
    let verdict = match state.verify_password(&permit, access_key.clone(), stored).await {
        Ok(verdict) => verdict,
        Err(PoolError::Overloaded | PoolError::Stopped) => return Attempted::Overloaded,
    };
    let after = After { state, context: &door.context };
    match may_sign_in(found.as_ref().map(|found| &*found.line), verdict.matches) {
        Ok(_) => {
            permit.succeeded();
            let anew = verdict.rehash_wanted.then_some(access_key);
            found.map_or(Attempted::Overloaded, |found| Attempted::Accepted(found, anew))
        }
        Err(code) => {
            afterwards::note_holds(after, whose, attempt.source, permit.failed());
            Attempted::Refused(customer, code)
        }
    }
}

async fn answer_attempt(door: &Door, attempted: Attempted) -> HttpResponse {
    match attempted {
        Attempted::Accepted(Found { line, .. }, _)
            if Entrance::of(line.service) != door.entrance =>
        {
            let right = Entrance::of(line.service);
            let page = WrongEntrancePage {
                shell: answer::shell_with_id(&door.context, door.language),
                line: service_name(line.service),
                login_path: right.path("login"),
            };
            answer::html(StatusCode::FORBIDDEN, &page)
        }
        Attempted::Accepted(found, anew) => open_session(door, &found, anew).await,
        Attempted::Refused(..) => sign_in_error(door),
        Attempted::Overloaded => overloaded(&door.context, door.language),
        Attempted::Failed(error) => line_failed(&door.context, door.language, &error),
    }
}

fn sign_in_error(door: &Door) -> HttpResponse {
    let page = SignInErrorPage {
        shell: answer::shell_with_id(&door.context, door.language),
        login_path: door.entrance.path("login"),
    };
    answer::html(StatusCode::FORBIDDEN, &page)
}

/// The session is in the journal before its cookie is given out.
async fn open_session(door: &Door, found: &Found, anew: Option<Secret>) -> HttpResponse {
    let line = &found.line;
    let browser = door.request.headers().get(header::USER_AGENT);
    let browser = browser.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let opened = Opened {
        verified: found.key,
        lifetime_s: door.state.portal.session_lifetime_s,
        address: door.context.source.address(),
        browser: browser.chars().take(LONGEST_BROWSER).collect(),
    };
    let change = Change {
        what: What::OpenSession(Box::new(opened)),
        by: By::Customer,
        source: door.context.line_source,
        request_id: Some(door.context.request_id.clone()),
    };
    let done = match door.state.lines.make(line.customer, change).await {
        Ok(done) => done,
        Err(error) => match &*error {
            LineError::Refused(_) => return sign_in_error(door),
            error => return line_failed(&door.context, door.language, error),
        },
    };
    let after = After { state: &door.state, context: &door.context };
    let signed_in = SignedIn {
        whose: Whose { customer: line.customer, passport: None },
        from_own_line: is_own(door, line),
        to: SignIn::PORTAL.to_owned(),
    };
    afterwards::remember_sign_in(after, signed_in);
    if let Some(access_key) = anew {
        let whose = Whose { customer: line.customer, passport: None };
        afterwards::upgrade_hash(after, whose, found.key, access_key);
    }
    let number = done.entry.events.iter().find_map(|event| match event {
        Event::PortalSessionOpened { session, .. } => Some(*session),
        _ => None,
    });
    let Some(number) = number else {
        tracing::error!(line = %line.customer, "a session was opened and has no number");
        return sign_in_error(door);
    };
    let session = SealedSession {
        customer: line.customer,
        number,
        secret: random::token(16),
        language: context::chosen_language(&door.request),
    };
    let mut response = answer::see_other(&door.entrance.path(""));
    renew(&door.state, &mut response, &session);
    set_cookie(&door.state, &mut response, CookieName::Entrance, None);
    response
}

/// ログアウト: the session ends in the line, so its cookie opens nothing any more.
async fn sign_out(signed: Signed, body: Body) -> HttpResponse {
    if let Err(response) = signed.form("logout", &body) {
        return response;
    }
    let what = What::Plain(Box::new(Command::EndSession(signed.session.number)));
    if let Err(response) = making::make(&signed, "sign_out", what, "").await {
        return response;
    }
    let mut response = answer::see_other(&signed.path("login?out=1"));
    set_cookie(&signed.state, &mut response, CookieName::Session, None);
    response
}

fn log(door: &Door, attempted: &Attempted) {
    let (outcome, customer, reason) = match attempted {
        Attempted::Accepted(found, _) => (Outcome::Accepted, Some(found.line.customer), None),
        Attempted::Refused(customer, code) => (Outcome::Refused, *customer, Some(*code)),
        Attempted::Overloaded => (Outcome::Refused, None, Some("overloaded")),
        Attempted::Failed(_) => (Outcome::Failed, None, Some("line_failed")),
    };
    door.state.metrics.login(outcome.as_str(), reason);
    let mut decision = Decision::new("sign_in", outcome)
        .source(door.context.source.address())
        .latency(door.context.began.elapsed())
        .request_id(&*door.context.request_id);
    if let Some(customer) = customer {
        decision = decision.line(customer.to_string());
    }
    if let Some(reason) = reason {
        decision = decision.reason(reason);
    }
    decision.emit("a household tried to sign in to its own pages");
}
