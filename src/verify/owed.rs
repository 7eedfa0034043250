//! Which webhooks and mails an entry owes (I7): told once more, from the guide, apart from the code that makes
//! them.

use crate::domain::{
    ids::{PassportNumber, ProviderId},
    line::{By, EndReason, Entry, Event, event::Barrier},
    notice::{Notice, NoticeKind, Recipient},
};
use std::collections::BTreeSet;

/// One webhook for each purchase, and one for each contract that ended (interfaces.md 1.4).
pub(super) fn messages(entry: &Entry) -> Vec<(ProviderId, String)> {
    let owed = entry.events.iter().filter_map(|event| match event {
        Event::Purchased { receipt, provider, .. } => {
            Some((provider.clone(), format!("purchase-{receipt}")))
        }
        Event::ContractEnded { contract, provider, .. } => {
            Some((provider.clone(), format!("cancelled-{}", contract.0)))
        }
        _ => None,
    });
    owed.collect()
}

/// What is wrong with the webhooks that are made of an entry.
pub(super) fn message_faults(entry: &Entry, made: &[(ProviderId, String)]) -> Vec<String> {
    let owed = messages(entry);
    let ids: BTreeSet<&(ProviderId, String)> = made.iter().collect();
    if made == owed && ids.len() == made.len() {
        return Vec::new();
    }
    vec![format!("it owes the webhooks {owed:?}, and {made:?} are made of it")]
}

/// What concerns a whole line is told as that, and nothing of it apart.
fn as_a_whole(entry: &Entry) -> Option<NoticeKind> {
    entry.events.iter().find_map(|event| match event {
        Event::LineEnded { .. } => Some(NoticeKind::LineEnded),
        Event::BarrierRaised { barrier } => Some(match barrier {
            Barrier::CustomerRestriction => NoticeKind::Restricted,
            Barrier::CompanyStop | Barrier::Unbillable => NoticeKind::UseStopped,
        }),
        Event::BarrierLifted { barrier } => Some(match barrier {
            Barrier::CustomerRestriction => NoticeKind::RestrictionLifted,
            Barrier::CompanyStop | Barrier::Unbillable => NoticeKind::UseResumed,
        }),
        Event::LineLimitSet { .. } => Some(NoticeKind::LimitsChanged),
        Event::SignedInFromNewPlace { passport: None, .. } => Some(NoticeKind::NewSignIn),
        _ => None,
    })
}

fn deleted(entry: &Entry) -> BTreeSet<PassportNumber> {
    let deleted = entry.events.iter().filter_map(|event| match event {
        Event::PassportDeleted { passport } => Some(*passport),
        _ => None,
    });
    deleted.collect()
}

/// What the guide promises applicants of single IDs.
fn to_applicants(entry: &Entry) -> BTreeSet<(PassportNumber, NoticeKind)> {
    let (is_somebodys, deleted) = (!matches!(entry.by, By::System), deleted(entry));
    let owed = entry.events.iter().filter_map(|event| match event {
        Event::PassportRegistered { passport, .. } if is_somebodys => {
            Some((*passport, NoticeKind::Registered))
        }
        Event::PassportRenamed { passport, .. } | Event::ApplicantSet { passport, .. }
            if is_somebodys =>
        {
            Some((*passport, NoticeKind::Changed))
        }
        Event::PasswordSet { passport, rehash: false, .. } if is_somebodys => {
            Some((*passport, NoticeKind::Changed))
        }
        Event::LineAuthenticationSet { passport, .. } if is_somebodys => {
            Some((*passport, NoticeKind::Changed))
        }
        Event::Purchased { passport, .. } => Some((*passport, NoticeKind::Purchased)),
        Event::ContractEnded { passport, reason: EndReason::Customer, .. } => {
            Some((*passport, NoticeKind::Cancelled))
        }
        // With its ID gone, that is what is told.
        Event::ContractEnded { passport, .. } if !deleted.contains(passport) => {
            Some((*passport, NoticeKind::ContractsEnded))
        }
        Event::PassportLimitSet { passport, .. } => Some((*passport, NoticeKind::LimitsChanged)),
        Event::PassportDeleted { passport } => Some((*passport, NoticeKind::PassportDeleted)),
        Event::SignedInFromNewPlace { passport: Some(passport), .. } => {
            Some((*passport, NoticeKind::NewSignIn))
        }
        _ => None,
    });
    owed.collect()
}

/// The kinds of mail that an entry owes anybody.
pub(super) fn kinds(entry: &Entry) -> BTreeSet<NoticeKind> {
    if let Some(kind) = as_a_whole(entry) {
        return BTreeSet::from([kind]);
    }
    let inquiry = entry.events.iter().any(|event| matches!(event, Event::InquiryReceived { .. }));
    let of_ids = to_applicants(entry).into_iter().map(|(_, kind)| kind);
    of_ids.chain(inquiry.then_some(NoticeKind::Inquiry)).collect()
}

/// What is wrong with the mails that are made of an entry, whose line has these live IDs after it.
pub(super) fn mail_faults(
    entry: &Entry,
    live: &BTreeSet<PassportNumber>,
    made: &[Notice],
) -> Vec<String> {
    let mut faults = Vec::new();
    let names: BTreeSet<(NoticeKind, u32)> =
        made.iter().map(|notice| (notice.kind, notice.recipient.row().row)).collect();
    if names.len() != made.len() {
        faults.push("it makes the same mail twice".to_owned());
    }
    let (owed, of_made) = (kinds(entry), made.iter().map(|notice| notice.kind).collect());
    if owed != of_made {
        faults.push(format!("it owes mails of the kinds {owed:?}, and {of_made:?} are made of it"));
    }
    let to_ids: BTreeSet<(PassportNumber, NoticeKind)> = match as_a_whole(entry) {
        Some(kind) => {
            let to_record = |notice: &&Notice| matches!(notice.recipient, Recipient::Record(_));
            let count = made.iter().filter(to_record).count();
            if count != 1 {
                faults.push(format!(
                    "it owes the line's record one mail, and {count} are made of it"
                ));
            }
            live.union(&deleted(entry)).map(|passport| (*passport, kind)).collect()
        }
        None => to_applicants(entry),
    };
    for (passport, kind) in &to_ids {
        let count = made.iter().filter(|notice| to_id(notice) == Some((*passport, *kind))).count();
        if count != 1 {
            faults
                .push(format!("it owes ID {passport} one mail {kind}, and {count} are made of it"));
        }
    }
    for (passport, kind) in made.iter().filter_map(to_id).filter(|one| !to_ids.contains(one)) {
        faults.push(format!("it owes ID {passport} no mail {kind}, and one is made of it"));
    }
    faults
}

/// Which ID a mail goes to, at the address that is the ID's now.
const fn to_id(notice: &Notice) -> Option<(PassportNumber, NoticeKind)> {
    match notice.recipient {
        Recipient::Applicant { passport, is_former: false, .. } => Some((passport, notice.kind)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        calendar::Instant,
        ids::{ContractNumber, ReceiptNumber},
        line::RowRef,
        yen::Yen,
    };

    fn id(number: u32) -> PassportNumber {
        PassportNumber(number)
    }

    fn entry(events: Vec<Event>) -> Entry {
        Entry { at: Instant::from_micros(1), by: By::Customer, request_id: None, events }
    }

    fn to(kind: NoticeKind, number: u32) -> Notice {
        let row = RowRef { row: number, commitment: [0; 32] };
        let recipient = Recipient::Applicant { passport: id(number), row, is_former: false };
        Notice { kind, recipient }
    }

    fn assert_faults(entry: &Entry, made: &[Notice], words: &[&str]) {
        let live = [id(1), id(2), id(3)].into();
        let faults = mail_faults(entry, &live, made);
        assert_eq!(faults.len(), words.len(), "{faults:?}");
        for (fault, word) in faults.iter().zip(words) {
            assert!(fault.contains(word), "{word}: {fault}");
        }
    }

    #[test]
    fn i7_a_mail_that_is_lost_to_one_of_several_ids_or_made_twice_is_named() {
        use NoticeKind::{Changed, LimitsChanged, PassportDeleted};
        let set = |number| Event::PassportLimitSet { passport: id(number), limit: Yen::new(9) };
        let limits = entry(vec![set(1), set(2), set(3)]);
        let mails = [1, 2, 3].map(|number| to(LimitsChanged, number));
        assert_faults(&limits, &mails, &[]);
        assert_faults(&limits, &mails[..2], &["ID 3 one mail"]);
        assert_faults(&limits, &[&mails[..], &mails[..1]].concat(), &["twice", "ID 1 one mail"]);
        let changed = to(Changed, 1);
        assert_faults(
            &limits,
            &[&mails[..], &[changed]].concat(),
            &["of the kinds", "ID 1 no mail"],
        );
        let gone = entry(vec![Event::PassportDeleted { passport: id(2) }]);
        assert_faults(&gone, &[to(PassportDeleted, 2)], &[]);
        assert_faults(&gone, &[to(PassportDeleted, 1)], &["ID 2 one mail", "ID 1 no mail"]);
        let stranger = [to(PassportDeleted, 2), to(PassportDeleted, 3)];
        assert_faults(&gone, &stranger, &["ID 3 no mail"]);
    }

    #[test]
    fn i7_what_concerns_a_whole_line_is_owed_to_each_of_its_ids_and_its_record_r_144() {
        let kind = NoticeKind::Restricted;
        let barrier = Barrier::CustomerRestriction;
        let restricted = entry(vec![Event::BarrierRaised { barrier }]);
        let record =
            Notice { kind, recipient: Recipient::Record(RowRef { row: 9, commitment: [0; 32] }) };
        let mails = [to(kind, 1), to(kind, 2), to(kind, 3), record];
        assert_faults(&restricted, &mails, &[]);
        assert_faults(&restricted, &mails[..3], &["record one mail, and 0"]);
        assert_faults(&restricted, &mails[1..], &["ID 1 one mail"]);
        assert_faults(&restricted, &[], &["of the kinds", "record", "ID 1", "ID 2", "ID 3"]);
    }

    #[test]
    fn i7_a_webhook_that_is_not_made_or_made_of_nothing_or_twice_or_for_another_is_named() {
        let provider: ProviderId = "a-sha".parse().expect("an ID");
        let number = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL).expect("a number");
        let ended = entry(vec![Event::ContractEnded {
            contract: ContractNumber(number),
            passport: id(1),
            provider: provider.clone(),
            service: "film".parse().expect("a code"),
            reason: EndReason::Customer,
            last_charge_month: "2026-11".parse().expect("a month"),
            receipt: None,
            reference: None,
        }]);
        let owed = (provider, format!("cancelled-{number}"));
        let another = ("b-sha".parse().expect("an ID"), owed.1.clone());
        assert!(message_faults(&ended, std::slice::from_ref(&owed)).is_empty());
        assert!(message_faults(&entry(Vec::new()), &[]).is_empty());
        for (of, made) in [
            (&ended, vec![]),
            (&ended, vec![owed.clone(), owed.clone()]),
            (&ended, vec![another]),
            (&entry(Vec::new()), vec![owed]),
        ] {
            assert_eq!(message_faults(of, &made).len(), 1, "{made:?}");
        }
    }
}
