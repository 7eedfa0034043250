//! The household's own pages: status, sessions, 利用規制 with its preview, inquiries.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    limit::used_by_line,
    line::{
        Command, EndReason, Event, LineService, Refusal,
        command::OpenSession,
        event::{Barrier, LineEndCause},
        portal::{
            INQUIRIES_A_DAY, MOST_SESSIONS,
            ServiceStatus::{InUse, Registering, Restricted, Unused},
            charged_after_restriction, is_new_place, may_sign_in, restriction_ends, status,
            status_of,
        },
    },
    yen::Yen,
};

const HOUR_S: u64 = 3_600;

fn open() -> Command {
    Command::OpenSession(OpenSession { verified: row(1), lifetime_s: HOUR_S, origin: row(40) })
}

fn session_opened(session: u32, until: &str) -> Event {
    Event::PortalSessionOpened { session, expires_at: instant(until), origin: Some(row(40)) }
}

const fn session_ended(session: u32) -> Event {
    Event::PortalSessionEnded { session }
}

fn live_at(line: &Given, at: &str) -> Vec<u32> {
    line.line().live_sessions(instant(at)).map(|(number, _)| number).collect()
}

#[test]
fn the_line_and_each_id_have_one_of_four_statuses_r_064_to_r_068_r_145() {
    let active_from = |from: &str| match registered(1, 10_000) {
        Event::PassportRegistered {
            passport,
            name,
            credential,
            applicant,
            limit,
            line_authentication,
            ..
        } => Event::PassportRegistered {
            passport,
            name,
            credential,
            applicant,
            limit,
            line_authentication,
            active_from: Some(instant(from)),
        },
        other => other,
    };
    let now = instant("2026-11-02T12:00:00");
    let line = || given(opened(LineService::HikariNext));
    let table = [
        (line(), Unused),
        (line().and([active_from("2026-11-02T12:00:01")]), Registering),
        (line().and([active_from("2026-11-02T12:00:00")]), InUse),
        (line().and([active_from("2026-11-09T00:00:00"), registered(2, 1)]), InUse),
        (line().and([registered(1, 1), deleted(1)]), Unused),
        (line().and([raised(Barrier::CustomerRestriction)]), Restricted),
        (household().and([raised(Barrier::CustomerRestriction)]), Restricted),
        (household().and([raised(Barrier::CompanyStop)]), Restricted),
        (household().and([raised(Barrier::Unbillable)]), Restricted),
        (
            household()
                .and([raised(Barrier::CustomerRestriction), lifted(Barrier::CustomerRestriction)]),
            InUse,
        ),
    ];
    for (case, (line, expected)) in table.into_iter().enumerate() {
        assert_eq!(status(line.line(), now), expected, "case {case}");
    }
    // Each ID has its own, and what bars the line bars each of them.
    let both = line().and([active_from("2026-11-09T00:00:00"), registered(2, 1)]);
    let each = |line: &Given| {
        let line = line.line();
        let status = |passport| status_of(line, passport, now);
        line.live_passports().map(status).collect::<Vec<_>>()
    };
    assert_eq!(each(&both), [Registering, InUse]);
    assert_eq!(each(&both.and([raised(Barrier::CustomerRestriction)])), [Restricted; 2]);
}

#[test]
fn sessions_are_numbered_and_end_one_by_one() {
    let line = household().when(open()).at("2026-11-02T10:00:00");
    let line = line.then([session_opened(1, "2026-11-02T11:00:00")]);
    let line = line.when(open()).at("2026-11-02T10:30:00");
    let line = line.then([session_opened(2, "2026-11-02T11:30:00")]);
    // To the second: it stands before its end, not at it.
    for (at, live) in [
        ("2026-11-02T10:59:59", &[1, 2][..]),
        ("2026-11-02T11:00:00", &[2]),
        ("2026-11-02T11:30:00", &[]),
    ] {
        assert_eq!(live_at(&line, at), live, "{at}");
    }
    let line = line.when(Command::EndSession(1)).then([session_ended(1)]);
    assert_eq!(live_at(&line, "2026-11-02T10:30:00"), [2]);
    // Once more, and one that there never was: nothing happens.
    let line = line.when(Command::EndSession(1)).then([]);
    let line = line.when(Command::EndSession(9)).then([]);
    // A number is never given again.
    line.when(open()).then([session_opened(3, "2026-11-02T11:30:00")]);
}

#[test]
fn a_key_that_was_replaced_meanwhile_opens_nothing() {
    let line = household().and([Event::AccessKeySet { access_key: row(60) }]);
    line.when(open()).then_refused(Refusal::LoginOver);
}

#[test]
fn the_eleventh_session_ends_the_oldest() {
    let mut line = household();
    for number in 1..=10 {
        line = line.when(open()).then([session_opened(number, "2026-11-01T10:00:00")]);
    }
    assert_eq!(line.line().live_sessions(instant(START)).count(), MOST_SESSIONS);
    let line =
        line.when(open()).then([session_ended(1), session_opened(11, "2026-11-01T10:00:00")]);
    let line = line.when(Command::EndOtherSessions(11)).then((2..=10).map(session_ended));
    assert_eq!(live_at(&line, START), [11]);
    // Sessions that are over take nobody's place, and are cleared away.
    let line = line.when(open()).at("2026-11-03T09:00:00");
    let line = line.then([session_ended(11), session_opened(12, "2026-11-03T10:00:00")]);
    assert_eq!(line.line().sessions.len(), 1);
}

#[test]
fn an_epoch_and_the_lines_end_end_every_session_r_168() {
    let line = household().when(open()).then_accepted();
    assert!(line.line().live_session(1, instant(START)).is_some());
    let line = line.and([Event::SessionsEnded { passport: None }]);
    assert!(line.line().live_session(1, instant(START)).is_none());
    let line = line.when(open()).then_accepted();
    assert!(line.line().live_session(2, instant(START)).is_some());
    let line = line.and([Event::LineEnded { cause: LineEndCause::Transferred }]);
    assert!(line.line().live_session(2, instant(START)).is_none());
    line.when(open()).then_refused(Refusal::LineEnded);
}

#[test]
fn a_restriction_ends_what_its_page_named_r_141_r_144() {
    let line = household().and_at(
        "2026-11-10T10:00:00",
        [bought(1, &monthly(1, "pack", 500)), bought(2, &monthly(2, "pack", 500))],
    );
    let november = vec![(contract(1), month("2026-11")), (contract(2), month("2026-11"))];
    // On the 1st of a later month that month is spared, on the 2nd it is not.
    for (at, last) in [
        ("2026-11-30T23:59:59", "2026-11"),
        ("2026-12-01T00:00:00", "2026-11"),
        ("2026-12-02T00:00:00", "2026-12"),
    ] {
        let ends = restriction_ends(line.line(), instant(at));
        assert_eq!(ends, [(contract(1), month(last)), (contract(2), month(last))], "{at}");
    }
    let agreed = Command::Restrict(november);
    // A month more than the page showed, and a contract more.
    let line = line.when(agreed.clone()).at("2026-12-02T00:00:00");
    let line = line.then_refused(Refusal::PreviewChanged);
    let line = line.and([bought(3, &monthly(2, "anime", 300))]).when(agreed.clone());
    let line = line.at("2026-11-30T23:59:59").then_refused(Refusal::PreviewChanged);
    let cancel_it = line.when(cancel(2, 3)).then_accepted();
    let restricted = cancel_it.when(agreed.clone()).at("2026-11-30T23:59:59").then([
        raised(Barrier::CustomerRestriction),
        ended(1, EndReason::Restriction),
        ended(2, EndReason::Restriction),
        Event::SessionsEnded { passport: Some(PassportNumber(1)) },
        Event::SessionsEnded { passport: Some(PassportNumber(2)) },
    ]);
    restricted.when(Command::Restrict(Vec::new())).then_refused(Refusal::BarredAlready);
}

#[test]
fn what_a_restriction_leaves_to_charge_is_what_the_month_comes_to_r_144_r_017() {
    let line = || {
        let pack = |id, serial| bought(serial, &monthly(id, "pack", 500));
        let line = household().and_at("2026-11-10T10:00:00", [pack(1, 1), pack(2, 2)]);
        line.when(cancel(2, 2)).at("2026-11-20T10:00:00").then_accepted()
    };
    for (at, yen) in [
        ("2026-11-30T23:59:59", 1_000),
        // The 1st spares what was bought before; a day later the month is charged whole.
        ("2026-12-01T00:00:00", 0),
        ("2026-12-01T23:59:59", 0),
        ("2026-12-02T00:00:00", 500),
    ] {
        let now = instant(at);
        assert_eq!(charged_after_restriction(line().line(), now), Yen::new(yen), "{at}");
        let agreed = Command::Restrict(restriction_ends(line().line(), now));
        let after = line().when(agreed).at(at).then_accepted();
        assert_eq!(used_by_line(after.line(), now.month()), Yen::new(yen), "{at}");
    }
}

#[test]
fn a_line_without_contracts_is_restricted_too() {
    let line = household().when(Command::Restrict(Vec::new())).then_accepted();
    assert_eq!(status(line.line(), instant(START)), Restricted);
}

#[test]
fn so_many_inquiries_a_day_reach_the_desk_r_105() {
    let mut line = household();
    let inquire = || Command::Inquire(row(50));
    for _ in 0..INQUIRIES_A_DAY {
        line = line.when(inquire()).at("2026-11-02T23:00:00").then_accepted();
    }
    let refused = Refusal::TooManyInquiries { allowed: INQUIRIES_A_DAY };
    let line = line.when(inquire()).at("2026-11-02T23:59:59").then_refused(refused);
    let mut line = line.when(inquire()).at("2026-11-03T00:00:00").then_accepted();
    for _ in 1..INQUIRIES_A_DAY {
        line = line.when(inquire()).at("2026-11-03T00:00:00").then_accepted();
    }
    assert_eq!(line.line().inquiries.len(), INQUIRIES_A_DAY * 2);
    // A restricted line may ask all the more: only the desk lifts.
    let line = line.and_at("2026-11-04T09:00:00", [raised(Barrier::CustomerRestriction)]);
    let line = line.when(inquire()).then_accepted();
    assert_eq!(line.line().inquiries.len(), INQUIRIES_A_DAY * 2, "the newest stay");
}

#[test]
fn a_right_key_of_a_line_that_is_there_opens_r_055_r_005_r_168() {
    let next = household();
    let ineligible = given(opened(LineService::BFlets));
    let over = household().and([Event::LineEnded { cause: LineEndCause::Terminated }]);
    let restricted = household().and([raised(Barrier::CustomerRestriction)]);
    let table = [
        (None, true, Err("unknown_line")),
        (None, false, Err("unknown_line")),
        (Some(&next), false, Err("wrong_access_key")),
        (Some(&next), true, Ok(())),
        (Some(&ineligible), true, Ok(())),
        (Some(&restricted), true, Ok(())),
        (Some(&over), true, Err("line_ended")),
        (Some(&over), false, Err("wrong_access_key")),
    ];
    for (case, (line, matches, expected)) in table.into_iter().enumerate() {
        let answer = may_sign_in(line.map(Given::line), matches).map(drop);
        assert_eq!(answer, expected, "case {case}");
    }
}

#[test]
fn a_sign_in_from_a_new_place_is_told_r_191() {
    let known = ["203.0.113.7", "2001:db8::/64"];
    for (known, from, own, new) in [
        (&known[..], "198.51.100.1", false, true),
        (&known[..], "198.51.100.1", true, false),
        (&known[..], "203.0.113.7", false, false),
        (&known[..], "2001:db8::/64", false, false),
        (&[][..], "198.51.100.1", false, false),
    ] {
        assert_eq!(is_new_place(known.iter().copied(), from, own), new, "{from} {own}");
    }
    let note = |passport: Option<u32>| Command::NoteNewPlace {
        passport: passport.map(PassportNumber),
        sign_in: row(40),
    };
    let told = |passport: Option<u32>| Event::SignedInFromNewPlace {
        passport: passport.map(PassportNumber),
        sign_in: row(40),
    };
    let line = household().when(note(Some(1))).then([told(Some(1))]);
    let line = line.when(note(None)).then([told(None)]);
    line.and([deleted(1)]).when(note(Some(1))).then([]);
}
