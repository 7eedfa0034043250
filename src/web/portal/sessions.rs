//! Where the household is signed in, with sign-out of the others, and the recent sign-ins.

use super::{asked, making, session::Signed};
use crate::{
    actors::{change::What, personal},
    domain::line::{Command, portal::PortalSession},
    store::record::{Personal, SIGN_INS_ROW},
    web::{
        answer,
        form::Body,
        page::{Problem, RecentRow, SessionRow, SessionsPage, ShownName},
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode};

const PAGE: &str = "sessions";

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope.service(asked("/sessions", show, end))
}

async fn show(signed: Signed) -> HttpResponse {
    let mut sessions = Vec::new();
    for (number, session) in signed.line.live_sessions(signed.now) {
        sessions.push(SessionRow {
            number,
            this_one: number == signed.session.number,
            opened_at_us: session.opened_at.micros(),
            expires_at_us: session.expires_at.micros(),
            origin: origin(&signed, session).await,
        });
    }
    sessions.reverse();
    let page = SessionsPage {
        shell: signed.shell(),
        sessions,
        recent: recent(&signed).await,
        ended: signed.is_asked("ended=1"),
        action: signed.path(PAGE),
        csrf: signed.csrf(PAGE).as_str().to_owned(),
    };
    signed.answer(StatusCode::OK, &page)
}

/// Where a session was opened from; the page stands without it too.
async fn origin(signed: &Signed, session: &PortalSession) -> Option<(ShownName, ShownName)> {
    let store = signed.state.store.as_ref();
    let row = personal::committed(store, signed.customer(), session.origin?).await;
    match row.ok()?.data {
        Personal::SessionOrigin { address, browser } => {
            Some((browser_name(&browser).into(), address.into()))
        }
        _ => None,
    }
}

/// The browser's own name for itself, short: what a person knows it by.
fn browser_name(user_agent: &str) -> String {
    let browsers =
        [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("Linux", "Linux"),
    ];
    let known = |table: &[(&str, &'static str)]| {
        table.iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, name)| *name)
    };
    match (known(&browsers), known(&systems)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => user_agent.chars().take(40).collect(),
    }
}

async fn recent(signed: &Signed) -> Vec<RecentRow> {
    let store = signed.state.store.as_ref();
    let row = store.personal(signed.customer(), SIGN_INS_ROW).await.ok().flatten();
    let Some(Personal::SignIns { recent }) = row.map(|row| row.data) else { return Vec::new() };
    let row = |sign_in: &crate::store::record::SignIn| RecentRow {
        at_us: sign_in.at,
        from: sign_in.from.as_str().into(),
        to: provider_name(signed, &sign_in.to),
    };
    recent.iter().rev().map(row).collect()
}

/// The provider's name; nothing for the household's own pages.
fn provider_name(signed: &Signed, to: &str) -> ShownName {
    let provider = to.parse().ok().and_then(|id| signed.state.providers.get(&id));
    provider.map(|provider| provider.name.as_str().into()).unwrap_or_default()
}

async fn end(signed: Signed, body: Body) -> HttpResponse {
    let form = match signed.form(PAGE, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let command = match form.get("session") {
        Some("others") => Command::EndOtherSessions(signed.session.number),
        other => match other.and_then(|number| number.parse().ok()) {
            Some(number) => Command::EndSession(number),
            None => {
                return answer::problem(&signed.context, signed.language, Problem::BadRequest);
            }
        },
    };
    let what = What::Plain(Box::new(command));
    match making::make(&signed, "end_session", what, PAGE).await {
        // It had ended already, or never was: nothing happened, and nothing is said to have.
        Ok(done) if done.entry.events.is_empty() => signed.go_to(PAGE),
        Ok(_) => signed.go_to("sessions?ended=1"),
        Err(response) => response,
    }
}
