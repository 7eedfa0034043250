//! ⑤ 登録情報変更: an ID's string, password, applicant and line authentication.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        Command, Event, LineService, Refusal,
        command::ChangePassport,
        command::{LoggedIn, Purchase},
        event::Barrier,
        settings::{needs_password, switched},
    },
};

const ID: PassportNumber = PassportNumber(1);

/// The form, left blank.
const BLANK: ChangePassport = ChangePassport {
    passport: ID,
    name: None,
    credential: None,
    applicant: None,
    line_authentication: None,
};

const fn renamed() -> Event {
    Event::PassportRenamed { passport: ID, name: row(30) }
}

const fn password() -> Event {
    Event::PasswordSet { passport: ID, credential: row(31), rehash: false }
}

const fn applicant() -> Event {
    Event::ApplicantSet { passport: ID, applicant: row(32) }
}

#[test]
fn only_what_is_filled_in_changes_r_097_r_098() {
    let (name, credential) = (Some(row(30)), Some(row(31)));
    let (applicant_row, off) = (Some(row(32)), Some(false));
    let table: [(ChangePassport, Vec<Event>); 7] = [
        (BLANK, vec![]),
        (ChangePassport { name, ..BLANK }, vec![renamed()]),
        (ChangePassport { credential, ..BLANK }, vec![password()]),
        (ChangePassport { applicant: applicant_row, ..BLANK }, vec![applicant()]),
        (ChangePassport { line_authentication: off, ..BLANK }, vec![line_authentication(1, false)]),
        (ChangePassport { line_authentication: Some(true), ..BLANK }, vec![]),
        (
            ChangePassport {
                passport: ID,
                name,
                credential,
                applicant: applicant_row,
                line_authentication: off,
            },
            vec![renamed(), password(), applicant(), line_authentication(1, false)],
        ),
    ];
    for (form, events) in table {
        let before = household();
        let (kept, other) = (before.line().passports[&ID].clone(), PassportNumber(2));
        let neighbour = before.line().passports[&other].clone();
        let line = before.when(Command::ChangePassport(form)).then(events);
        let after = &line.line().passports[&ID];
        assert_eq!(after.rows.name, form.name.unwrap_or(kept.rows.name));
        assert_eq!(after.rows.credential, form.credential.unwrap_or(kept.rows.credential));
        assert_eq!(after.rows.applicant, form.applicant.unwrap_or(kept.rows.applicant));
        assert_eq!(after.limit, kept.limit);
        assert_eq!(line.line().passports[&other], neighbour, "the other ID stays as it is");
    }
}

#[test]
fn contracts_charges_and_the_right_to_cancel_follow_the_number_r_099() {
    let line = household()
        .and([bought(1, &monthly(1, "pack", 500)), bought(2, &once(1, "anime-1", 300))])
        .when(Command::ChangePassport(ChangePassport { name: Some(row(30)), ..BLANK }))
        .then([renamed()]);
    assert_eq!(line.used(1, "2026-11").by_passport, yen(800));
    let line = line
        .when(monthly(1, "pack", 500))
        .then_refused(Refusal::LiveContract { contract: contract(1) });
    let line = line.when(cancel(2, 1)).then_refused(Refusal::AnotherIdsContract);
    line.when(cancel(1, 1)).then([cancelled(1)]);
}

#[test]
fn a_new_password_ends_the_ids_logins_and_only_its_own() {
    let form = ChangePassport { credential: Some(row(31)), ..BLANK };
    let line = household().when(Command::ChangePassport(form)).then([password()]);
    let line = line.when(once(1, "anime-1", 300)).then_refused(Refusal::LoginOver);
    let line = line.when(once(2, "anime-1", 300)).then_accepted();
    let again = once(1, "anime-2", 300);
    let login = LoggedIn { epoch: 1, ..again.login };
    line.when(Purchase { login, ..again }).then_accepted();
}

#[test]
fn a_bar_keeps_nobody_from_changing_r_151() {
    for barrier in [Barrier::CustomerRestriction, Barrier::CompanyStop, Barrier::Unbillable] {
        let form = ChangePassport { name: Some(row(30)), credential: Some(row(31)), ..BLANK };
        household()
            .and([raised(barrier)])
            .when(Command::ChangePassport(form))
            .then([renamed(), password()]);
    }
}

#[test]
fn a_form_is_refused_whole() {
    let unknown = |passport| ChangePassport {
        passport: PassportNumber(passport),
        name: Some(row(30)),
        ..BLANK
    };
    let line = household().and([deleted(1)]);
    let line =
        line.when(Command::ChangePassport(unknown(1))).then_refused(Refusal::UnknownPassport);
    line.when(Command::ChangePassport(unknown(3))).then_refused(Refusal::UnknownPassport);
    // 光プレミアム has nothing to switch, and then the password does not change either.
    let form =
        ChangePassport { credential: Some(row(31)), line_authentication: Some(false), ..BLANK };
    given(opened(LineService::HikariPremium))
        .and([registered(1, 1)])
        .when(Command::ChangePassport(form))
        .then_refused(Refusal::NoLineAuthentication);
}

#[test]
fn switching_off_and_it_alone_needs_the_password_r_177_r_178() {
    // The service, what stands, what the form chose: what is switched, and whether it is proved.
    let (next, premium) = (LineService::HikariNext, LineService::HikariPremium);
    let cases = [
        (next, true, None, None, false),
        (next, true, Some(true), None, false),
        (next, true, Some(false), Some(false), true),
        (next, false, Some(false), None, false),
        (next, false, Some(true), Some(true), false),
        (premium, false, Some(true), None, false),
        (premium, false, Some(false), None, false),
    ];
    for (service, stands, chosen, wanted, proved) in cases {
        let given =
            given(opened(service)).and([registered(1, 10_000), line_authentication(1, stands)]);
        let line = given.line();
        let switched = switched(line, &line.passports[&ID], chosen);
        assert_eq!(
            (switched, needs_password(switched)),
            (wanted, proved),
            "{service:?} {chosen:?}"
        );
    }
}
