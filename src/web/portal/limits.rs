//! ⑩ ご利用限度額の変更 (R-152 to R-158): all IDs in one form, then 現在の設定 and 再設定.

use super::{
    asked,
    draft::{self, Draft, Procedure},
    making,
    session::Signed,
    shown,
};
use crate::{
    actors::change::What,
    domain::{
        field::limit_as_typed,
        ids::PassportNumber,
        limit,
        line::{Command, LimitChange, Passport, Refusal, may_set_limits},
        yen::Yen,
    },
    text::format,
    web::{
        form::{Body, Form},
        page::{
            self, Change, Contents, FormField, InputField, InputKind, PortalConfirm, PortalDone,
            PortalForm, Sum,
        },
    },
};
use actix_web::{HttpResponse, Scope, http::StatusCode};
use serde::{Deserialize, Serialize};

const INPUT: &str = "limits";
const CONFIRM: &str = "limits/confirm";
const DONE: &str = "limits/done";

/// The addresses.
pub fn routes(scope: Scope) -> Scope {
    scope
        .service(asked("/limits", input_step, take_input))
        .service(asked("/limits/confirm", confirm_step, press))
        .service(shown("/limits/done", done))
}

/// What was filled in, and what came of it.
#[derive(Serialize, Deserialize)]
struct Limiting {
    /// The limits that were typed, in yen.
    #[serde(rename = "w")]
    wanted: Vec<(PassportNumber, Yen)>,
    /// Their limits as they stood then: what a button pressed twice has changed already.
    #[serde(rename = "c", default)]
    before: Vec<(PassportNumber, Yen)>,
    #[serde(rename = "d", default)]
    done: Option<Accepted>,
}

impl Procedure for Limiting {
    const COOKIE: &'static str = "limits";
}

/// What was changed: each ID, its limit before and after.
#[derive(Serialize, Deserialize)]
struct Accepted {
    #[serde(rename = "t")]
    at_us: i64,
    #[serde(rename = "r")]
    rows: Vec<(PassportNumber, Yen, Yen)>,
}

/// A draft that is not done, or the way on: to the completion of one that is, so that a button
/// pressed twice leads there, to the form where there is none.
fn under_way(signed: &Signed) -> Result<Draft<Limiting>, HttpResponse> {
    match draft::read::<Limiting>(signed) {
        Some(draft) if draft.content.done.is_none() => Ok(draft),
        Some(_) => Err(signed.go_to(DONE)),
        None => Err(signed.go_to(INPUT)),
    }
}

/// What was typed for each ID, and what is wrong with it.
#[derive(Default)]
struct Typed {
    rows: Vec<(PassportNumber, String, Option<String>)>,
    fault: Option<String>,
    over: Option<(Yen, Yen)>,
}

impl Typed {
    fn of(&self, number: PassportNumber) -> (&str, Option<String>) {
        let row = self.rows.iter().find(|row| row.0 == number);
        row.map_or(("", None), |(_, typed, fault)| (typed, fault.clone()))
    }
}

async fn input_step(signed: Signed) -> HttpResponse {
    if signed.line.live_passports().next().is_none() {
        return signed.go_to("details");
    }
    let wanted = under_way(&signed).map(|draft| draft.content.wanted).unwrap_or_default();
    let rows = wanted.into_iter().map(|(number, yen)| (number, yen.to_string(), None)).collect();
    let page = input_page(&signed, &Typed { rows, ..Typed::default() });
    signed.answer(StatusCode::OK, &page)
}

fn input_page(signed: &Signed, typed: &Typed) -> PortalForm {
    let texts = &signed.language.texts().portal;
    let line = &signed.line;
    let sum = limit::sum_of_limits(line);
    let (sum, line_limit) = typed.over.unwrap_or((sum, line.line_limit));
    PortalForm {
        shell: signed.shell(),
        title: texts.limits.title,
        lead: texts.limits.lead,
        steps: None,
        fixed: Vec::new(),
        fields: line.live_passports().map(|passport| field(signed, passport, typed)).collect(),
        fault: typed.fault.clone(),
        sum: Some(Sum {
            sum_yen: sum.get(),
            line_limit_yen: line_limit.get(),
            over: typed.over.is_some(),
        }),
        personal: false,
        notice: None,
        form: signed.page_form(INPUT, texts.common.next, "details"),
    }
}

fn name(number: PassportNumber) -> String {
    format!("limit_{number}")
}

fn field(signed: &Signed, passport: &Passport, typed: &Typed) -> FormField {
    let texts = &signed.language.texts().portal;
    let used = limit::used(&signed.line, passport.number, signed.now.month()).by_passport;
    let yen = |amount: Yen| format::yen(signed.language, amount.get());
    let (value, fault) = typed.of(passport.number);
    let current = yen(passport.limit);
    let field = InputField::changing(
        &name(passport.number),
        &texts.fields.limit,
        InputKind::Yen,
        current.as_str(),
    );
    FormField::Input(InputField {
        label: Some(signed.name_of(passport.number)),
        note: Some((texts.limits.used)(&yen(used))),
        ..field.typed(value).wrong(fault)
    })
}

async fn take_input(signed: Signed, body: Body) -> HttpResponse {
    let form = match signed.form(INPUT, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    match read(&signed, &form) {
        Ok(wanted) => {
            let before = |passport: &Passport| (passport.number, passport.limit);
            let before = signed.line.live_passports().map(before).collect();
            let draft = Limiting { wanted, before, done: None };
            draft::keep(&signed, signed.go_to(CONFIRM), draft)
        }
        Err(typed) => signed.answer(StatusCode::UNPROCESSABLE_ENTITY, &input_page(&signed, &typed)),
    }
}

/// The form's rows. Fields of IDs that are not this line's are no fields of this form.
fn read(signed: &Signed, form: &Form) -> Result<Vec<(PassportNumber, Yen)>, Typed> {
    let texts = &signed.language.texts().portal.fields;
    let mut wanted = Vec::new();
    let mut typed = Typed::default();
    for passport in signed.line.live_passports() {
        let text = form.get(&name(passport.number)).unwrap_or_default();
        let fault = match limit_as_typed(text) {
            Ok(Some(limit)) if limit != passport.limit => {
                wanted.push((passport.number, limit));
                None
            }
            Ok(_) => None,
            Err(_) => Some(texts.limit.wrong.to_owned()),
        };
        typed.rows.push((passport.number, text.to_owned(), fault));
    }
    if typed.rows.iter().any(|row| row.2.is_some()) {
        return Err(typed);
    }
    match may_set_limits(&signed.line, &wanted, signed.now.month()) {
        Ok(_) if wanted.is_empty() => {
            typed.fault = Some(texts.nothing_changed.to_owned());
            Err(typed)
        }
        Ok(_) => Ok(wanted),
        Err(Refusal::LimitsOverLine { sum, limit }) => {
            let yen = |amount: Yen| format::yen(signed.language, amount.get());
            let over = signed.language.texts().portal.limits.over;
            typed.fault = Some(over(&yen(sum), &yen(limit)));
            typed.over = Some((sum, limit));
            Err(typed)
        }
        Err(_) => {
            typed.fault = Some(signed.language.texts().portal.refusal.other.to_owned());
            Err(typed)
        }
    }
}

async fn confirm_step(signed: Signed) -> HttpResponse {
    let draft = match under_way(&signed) {
        Ok(draft) => draft,
        Err(response) => return response,
    };
    let rows = match may_set_limits(&signed.line, &draft.content.wanted, signed.now.month()) {
        Ok(rows) => rows,
        Err(refusal) => return making::refused(&signed, &refusal, INPUT),
    };
    let texts = &signed.language.texts().portal;
    let form = signed.page_form(CONFIRM, texts.limits.button, INPUT);
    let page = PortalConfirm {
        shell: signed.shell(),
        title: texts.limits.confirm_title,
        lead: texts.limits.confirm_lead,
        steps: None,
        contents: Contents::Changes(rows.iter().map(|row| change(&signed, row)).collect()),
        applicant: Vec::new(),
        notes: Vec::new(),
        warnings: Vec::new(),
        form: page::Form { draft: Some(draft.mark), ..form },
    };
    signed.answer(StatusCode::OK, &page)
}

/// One row: 再設定なし where nothing changes (R-155), a warning below this month's use (R-158).
fn change(signed: &Signed, row: &LimitChange) -> Change {
    let yen = |amount: Yen| format::yen(signed.language, amount.get());
    let warns = signed.language.texts().portal.limits.warns;
    Change {
        label: signed.name_of(row.passport),
        current: yen(row.current).into(),
        wanted: row.is_change().then(|| yen(row.wanted).into()),
        warning: row.warns().then(|| warns(&yen(row.used))),
    }
}

async fn press(signed: Signed, body: Body) -> HttpResponse {
    let form = match signed.form(CONFIRM, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    let draft = match under_way(&signed) {
        Ok(draft) => draft,
        Err(response) => return response,
    };
    if !draft.is_shown_by(&form) {
        return signed.go_to(CONFIRM);
    }
    let Limiting { wanted, before, .. } = draft.content;
    let rows = match may_set_limits(&signed.line, &wanted, signed.now.month()) {
        Ok(rows) => rows,
        Err(refusal) => return making::refused(&signed, &refusal, INPUT),
    };
    let what = What::Plain(Box::new(Command::SetPassportLimits(wanted.clone())));
    let done = match making::make(&signed, "set_limits", what, INPUT).await {
        Ok(done) => done,
        Err(response) => return response,
    };
    // Pressed twice: the press before changed it, and this one finds nothing to change.
    let again = done.entry.events.is_empty();
    let stood = |row: &LimitChange| {
        let before = before.iter().find(|(number, _)| *number == row.passport);
        before.filter(|_| again).map_or(row.current, |(_, limit)| *limit)
    };
    let rows = rows.iter().map(|row| (row.passport, stood(row), row.wanted)).collect();
    let done = Some(Accepted { at_us: done.entry.at.micros(), rows });
    draft::keep(&signed, signed.go_to(DONE), Limiting { wanted, before, done })
}

async fn done(signed: Signed) -> HttpResponse {
    let accepted = draft::read::<Limiting>(&signed).and_then(|draft| draft.content.done);
    let Some(accepted) = accepted else { return signed.go_to(INPUT) };
    let texts = &signed.language.texts().portal;
    let yen = |amount: Yen| format::yen(signed.language, amount.get());
    let changes = accepted.rows.iter().map(|(number, current, wanted)| Change {
        label: signed.name_of(*number),
        current: yen(*current).into(),
        wanted: (current != wanted).then(|| yen(*wanted).into()),
        warning: None,
    });
    let page = PortalDone {
        shell: signed.shell(),
        title: texts.limits.done_title,
        lead: texts.limits.done_lead,
        steps: None,
        accepted_at_us: Some(accepted.at_us),
        contents: Contents::Changes(changes.collect()),
        notes: Vec::new(),
    };
    signed.answer(StatusCode::OK, &page)
}
