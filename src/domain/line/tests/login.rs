//! Who may log in.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        Event, LineService, Refusal,
        event::{Barrier, LineEndCause},
        login::{Attempt, Intent, Login, LoginRefusal, judge},
    },
};

const INTENTS: [Intent; 3] = [Intent::Purchase, Intent::Cancellation, Intent::LoginOnly];

/// A right password for ID 1, to buy.
const RIGHT: Attempt = Attempt {
    passport: PassportNumber(1),
    credential_version: 1,
    password_matches: true,
    intent: Intent::Purchase,
    require_line: false,
};
const WRONG: Attempt = Attempt { password_matches: false, ..RIGHT };

fn ask(given: &Given, attempt: Attempt, source: &str) -> Result<Login, LoginRefusal> {
    let mut facts = facts(instant("2026-11-23T21:00:00"));
    facts.source = (!source.is_empty()).then(|| source.parse().expect("an address"));
    judge(given.line(), &attempt, &facts)
}

fn new_password(rehash: bool) -> Event {
    Event::PasswordSet { passport: PassportNumber(1), credential: row(40), rehash }
}

fn not_active_yet() -> Given {
    given(opened(LineService::HikariNext)).and([Event::PassportRegistered {
        passport: PassportNumber(1),
        name: row(3),
        credential: row(4),
        applicant: row(5),
        limit: yen(1_000),
        line_authentication: true,
        active_from: Some(instant("2026-11-23T21:00:00.000001")),
    }])
}

#[test]
fn every_refusal_but_two_is_one_and_the_same_page_r_170() {
    let over = || household().and([Event::LineEnded { cause: LineEndCause::Moved }]);
    let stranger = Attempt { passport: PassportNumber(9), ..RIGHT };
    let restricted = || household().and([raised(Barrier::CustomerRestriction)]);
    let gone = || household().and([deleted(1)]);
    let changed = || household().and([new_password(false)]);
    // The line, the attempt, where from, the log's reason, whether it counts as a guess.
    let table = [
        (household(), WRONG, OWN, "wrong_password", true),
        (household(), WRONG, FOREIGN, "wrong_password", true),
        (household(), stranger, OWN, "unknown_passport", true),
        (household(), RIGHT, FOREIGN, "foreign_line", false),
        (household(), RIGHT, "", "foreign_line", false),
        (gone(), RIGHT, OWN, "deleted_passport", false),
        (gone(), WRONG, OWN, "wrong_password", true),
        (changed(), RIGHT, OWN, "login_over", false),
        (changed(), Attempt { credential_version: 3, ..RIGHT }, OWN, "login_over", false),
        (not_active_yet(), RIGHT, OWN, "not_yet_active", false),
        (not_active_yet(), RIGHT, FOREIGN, "not_yet_active", false),
        (over(), RIGHT, OWN, "line_ended", false),
        (over(), WRONG, OWN, "wrong_password", true),
        // neither a wrong password nor a foreign line learns of the restriction.
        (restricted(), WRONG, OWN, "wrong_password", true),
        (restricted(), RIGHT, FOREIGN, "foreign_line", false),
    ];
    for (line, attempt, source, reason, is_guess) in table {
        for intent in INTENTS {
            let refusal = ask(&line, Attempt { intent, ..attempt }, source).expect_err(reason);
            assert_eq!(refusal, LoginRefusal::Generic(reason), "from {source:?}");
            assert_eq!(refusal.code(), reason);
            assert_eq!(refusal.counts_as_guess(), is_guess, "{reason}");
        }
    }
}

#[test]
fn a_right_password_on_the_right_line_opens_r_175() {
    // Line authentication, where from, whether the line was checked (the ID token's `acr`).
    let table = [
        (true, OWN, true),
        (true, "::ffff:203.0.113.7", true),
        (true, "2001:db8:1::1", true),
        (false, OWN, true),
        (false, FOREIGN, false),
        (false, "", false),
    ];
    for (on, source, line_checked) in table {
        for intent in INTENTS {
            let line = household().and([line_authentication(1, on)]);
            let login = ask(&line, Attempt { intent, ..RIGHT }, source);
            let expected = Login { passport: PassportNumber(1), epoch: 0, line_checked };
            assert_eq!(login, Ok(expected), "{on} from {source:?}");
        }
    }
}

#[test]
fn a_login_carries_the_epoch_it_stands_under() {
    let ended = Event::SessionsEnded { passport: Some(PassportNumber(1)) };
    let line = household().and([ended, new_password(false)]);
    let login = ask(&line, Attempt { credential_version: 2, ..RIGHT }, OWN);
    assert_eq!(login.map(|login| login.epoch), Ok(2));
}

#[test]
fn a_new_hash_of_the_same_password_turns_nobody_away() {
    // It is stored after the answer, while a second login may still be verifying the old hash.
    let line = household().and([new_password(true)]);
    let login = Login { passport: PassportNumber(1), epoch: 0, line_checked: true };
    assert_eq!(ask(&line, RIGHT, OWN), Ok(login));
    assert_eq!(line.line().passports[&PassportNumber(1)].rows.credential, row(40));
}

#[test]
fn a_provider_may_ask_that_the_line_be_checked_r_174() {
    let asked = Attempt { require_line: true, ..RIGHT };
    let off = household().and([line_authentication(1, false)]);
    assert!(ask(&off, asked, OWN).is_ok_and(|login| login.line_checked));
    let refused = ask(&off, asked, FOREIGN).expect_err("refused");
    assert_eq!(refused, LoginRefusal::LineNotChecked);
    assert_eq!(refused.code(), "line_not_checked");
    assert!(!refused.counts_as_guess());
    // 光プレミアム has nothing to check with, from wherever.
    let premium = given(opened(LineService::HikariPremium)).and([registered(1, 1_000)]);
    for source in [OWN, FOREIGN, ""] {
        assert_eq!(ask(&premium, asked, source), Err(LoginRefusal::LineNotChecked));
        assert!(ask(&premium, RIGHT, source).is_ok_and(|login| !login.line_checked));
    }
    // A wrong password learns nothing of it; a foreign line stays the one page.
    let wrong = Attempt { password_matches: false, ..asked };
    assert_eq!(ask(&premium, wrong, OWN), Err(LoginRefusal::Generic("wrong_password")));
    assert_eq!(ask(&household(), asked, FOREIGN), Err(LoginRefusal::Generic("foreign_line")));
}

/// The bars; what they say to buying, cancelling, using.
type Case<'a> = (&'a [Barrier], [Option<Refusal>; 3]);

#[test]
fn what_bars_a_login_depends_on_what_it_is_for_r_149_r_151() {
    let since = instant(START);
    let restricted = || Some(Refusal::Restricted { since });
    let stopped = || Some(Refusal::Stopped { since });
    let unbillable = || Some(Refusal::Unbillable { since });
    let (restriction, stop, bill) =
        (Barrier::CustomerRestriction, Barrier::CompanyStop, Barrier::Unbillable);
    let table: [Case<'_>; 7] = [
        (&[], [None, None, None]),
        (&[restriction], [restricted(), restricted(), restricted()]),
        (&[stop], [stopped(), None, stopped()]),
        (&[bill], [unbillable(), None, unbillable()]),
        (&[stop, bill], [stopped(), None, stopped()]),
        (&[stop, restriction], [restricted(), restricted(), restricted()]),
        (&[bill, restriction], [restricted(), restricted(), restricted()]),
    ];
    for (barriers, answers) in table {
        let line = household().and(barriers.iter().copied().map(raised));
        for (intent, answer) in INTENTS.into_iter().zip(answers) {
            let refused = ask(&line, Attempt { intent, ..RIGHT }, OWN).err();
            assert_eq!(refused, answer.map(LoginRefusal::Barred), "{barriers:?} {intent:?}");
            assert!(refused.is_none_or(|refused| !refused.counts_as_guess()));
        }
    }
}

#[test]
fn an_id_is_active_from_its_very_instant_r_078() {
    let line = not_active_yet();
    let mut facts = facts(instant("2026-11-23T21:00:00.000001"));
    assert!(judge(line.line(), &RIGHT, &facts).is_ok());
    facts.now = instant("2026-11-23T21:00:00");
    assert!(judge(line.line(), &RIGHT, &facts).is_err());
}
