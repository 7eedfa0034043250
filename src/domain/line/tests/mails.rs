//! Which mails an entry sends, and to whom.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        By, EndReason, Entry, Event, RowRef,
        event::{Barrier, LineEndCause},
    },
    notice::{NoticeKind, Recipient, is_told, needs_line_before, notices},
};
use NoticeKind::*;

/// Kind, the passport ID (0 for the line's record), the row, whether it is the former one.
type Told = (NoticeKind, u32, u32, bool);

fn told_by(by: By, before: Given, events: Vec<Event>) -> Vec<Told> {
    let entry = Entry { at: instant(START), by, request_id: None, events: events.clone() };
    let former = before.line().clone();
    let after = before.and(events);
    assert_eq!(needs_line_before(&entry), entry.events.iter().any(is_applicant_set));
    let found: Vec<Told> = notices(&entry, after.line(), Some(&former))
        .into_iter()
        .map(|notice| match notice.recipient {
            Recipient::Applicant { passport, row, is_former } => {
                (notice.kind, passport.0, row.row, is_former)
            }
            // The desk stands in the configuration: it has no row but what it is sent.
            Recipient::Record(row) | Recipient::Desk(row) => (notice.kind, 0, row.row, false),
        })
        .collect();
    assert_eq!(is_told(&entry), !found.is_empty());
    found
}

fn is_applicant_set(event: &Event) -> bool {
    matches!(event, Event::ApplicantSet { .. })
}

fn told(before: Given, events: impl IntoIterator<Item = Event>) -> Vec<Told> {
    told_by(By::Customer, before, events.into_iter().collect())
}

fn applicant_of(given: &Given, passport: u32) -> u32 {
    given.line().passports[&PassportNumber(passport)].rows.applicant.row
}

const P1: PassportNumber = PassportNumber(1);
const NEW: RowRef = row(90);

#[test]
fn what_concerns_an_id_goes_to_its_applicant_r_077_r_103_r_114() {
    let own = applicant_of(&household(), 1);
    let record = household().line().rows.record.row;
    assert_ne!(own, record);
    let password = |rehash| Event::PasswordSet { passport: P1, credential: NEW, rehash };
    let renamed = Event::PassportRenamed { passport: P1, name: NEW };
    let applicant = Event::ApplicantSet { passport: P1, applicant: NEW };
    let cases: Vec<(Vec<Event>, Vec<Told>)> = vec![
        (vec![bought(1, &once(1, "anime-1", 300))], vec![(Purchased, 1, own, false)]),
        (vec![bought(1, &monthly(1, "pack", 500))], vec![(Purchased, 1, own, false)]),
        // one mail for the whole form.
        (vec![renamed.clone(), password(false)], vec![(Changed, 1, own, false)]),
        (vec![line_authentication(1, false)], vec![(Changed, 1, own, false)]),
        // A new address: the old one learns of it too.
        (
            vec![password(false), applicant.clone(), line_authentication(1, false)],
            vec![(Changed, 1, NEW.row, false), (Changed, 1, own, true)],
        ),
        (vec![applicant], vec![(Changed, 1, NEW.row, false), (Changed, 1, own, true)]),
        // The same password under another hash is nobody's change.
        (vec![password(true)], vec![]),
        (vec![limit_set(1, 500)], vec![(LimitsChanged, 1, own, false)]),
        (vec![deleted(1)], vec![(PassportDeleted, 1, own, false)]),
        (
            vec![Event::SignedInFromNewPlace { passport: Some(P1), sign_in: NEW }],
            vec![(NewSignIn, 1, own, false)],
        ),
        (vec![Event::SessionsEnded { passport: Some(P1) }], vec![]),
        (vec![Event::HoldReleased { passport: Some(P1) }], vec![]),
    ];
    for (events, expected) in cases {
        assert_eq!(told(household(), events.clone()), expected, "{events:?}");
    }
}

#[test]
fn a_registration_goes_to_the_address_that_was_entered_r_077() {
    let three = registered(3, 500);
    let Event::PassportRegistered { applicant, .. } = &three else { panic!("registered") };
    assert_eq!(told(household(), [three.clone()]), [(Registered, 3, applicant.row, false)]);
    // What an import brings was told by whoever registered it.
    assert_eq!(told_by(By::System, household(), vec![three]), []);
    let switched = vec![line_authentication(1, false)];
    assert_eq!(told_by(By::System, household(), switched), []);
}

#[test]
fn an_ending_is_told_as_what_it_was_r_127_r_042_r_106() {
    let with_contract = || household().and([bought(1, &monthly(1, "pack", 500))]);
    let own = applicant_of(&household(), 1);
    let cases = [
        (vec![cancelled(1)], Cancelled),
        (vec![ended(1, EndReason::Operator)], ContractsEnded),
        (vec![ended(1, EndReason::PassportDeleted), deleted(1)], PassportDeleted),
        (vec![deleted(1), ended(1, EndReason::PassportDeleted)], PassportDeleted),
    ];
    for (events, kind) in cases {
        assert_eq!(told(with_contract(), events.clone()), [(kind, 1, own, false)], "{events:?}");
    }
}

#[test]
fn what_concerns_the_line_goes_to_every_id_and_to_the_record_r_145_r_149_r_162() {
    let before = || {
        household().and([bought(1, &monthly(1, "pack", 500)), bought(2, &monthly(2, "pack", 500))])
    };
    let all = |kind| {
        let one = |id: u32| (kind, id, applicant_of(&household(), id), false);
        vec![one(1), one(2), (kind, 0, household().line().rows.record.row, false)]
    };
    let restriction = Barrier::CustomerRestriction;
    let cases = [
        // Five contracts or none: one mail to each.
        (
            vec![
                raised(restriction),
                ended(1, EndReason::Restriction),
                ended(2, EndReason::Restriction),
            ],
            Restricted,
        ),
        (vec![lifted(restriction)], RestrictionLifted),
        (vec![raised(Barrier::CompanyStop)], UseStopped),
        (vec![raised(Barrier::Unbillable), ended(1, EndReason::Operator)], UseStopped),
        (vec![lifted(Barrier::CompanyStop)], UseResumed),
        (vec![Event::LineLimitSet { line_limit: yen(40_000) }], LimitsChanged),
        (vec![Event::SignedInFromNewPlace { passport: None, sign_in: NEW }], NewSignIn),
        (
            vec![
                ended(1, EndReason::LineEnded),
                deleted(1),
                deleted(2),
                Event::LineEnded { cause: LineEndCause::Terminated },
            ],
            LineEnded,
        ),
    ];
    for (events, kind) in cases {
        assert_eq!(told(before(), events.clone()), all(kind), "{events:?}");
    }
}

#[test]
fn whoever_was_deleted_before_is_told_nothing_more_r_107() {
    let found = told(household().and([deleted(2)]), [raised(Barrier::CompanyStop)]);
    let told: Vec<u32> = found.iter().map(|(_, passport, ..)| *passport).collect();
    assert_eq!(told, [1, 0]);
}

#[test]
fn an_inquiry_goes_to_the_desk_alone_r_105() {
    let found = told(household(), [Event::InquiryReceived { inquiry: NEW }]);
    assert_eq!(found, [(Inquiry, 0, NEW.row, false)]);
    let entry = Entry {
        at: instant(START),
        by: By::Customer,
        request_id: None,
        events: vec![Event::InquiryReceived { inquiry: NEW }],
    };
    let line = household();
    let [notice] = notices(&entry, line.line(), None)[..] else { panic!("one notice") };
    assert_eq!(notice.recipient, Recipient::Desk(NEW));
}

#[test]
fn the_kinds_words_are_final() {
    for kind in NoticeKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        let json = serde_json::to_string(&kind).expect("writes");
        assert_eq!(json, format!("\"{kind}\""));
    }
    assert!("spam".parse::<NoticeKind>().is_err());
}
