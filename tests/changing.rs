//! What a household changes of a passport ID, through its line's actor: awake or woken, the line
//! knows the new string and the new password and no longer the old ones.

mod lines;

use actix::prelude::*;
use linepass::{
    actors::{
        LineError,
        change::{Changes, Registration, Renaming, What},
        line::{Answer, PrivatePassport},
        lines::Lines,
    },
    domain::{
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::PassportNumber,
        line::Refusal,
        yen::Yen,
    },
    store::{Store, memory::MemoryStore},
};
use lines::{customer, make, open, services};
use std::sync::Arc;

fn lines(store: &Arc<dyn Store>) -> Lines {
    Lines::start(&Arc::new(services(store)), &[Arbiter::current()], 1_000)
}

/// Stands for the keyed hash of a string.
fn name_hash(name: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..name.len()].copy_from_slice(name.as_bytes());
    hash
}

async fn register(lines: &Lines, number: u64, name: &str) -> Answer {
    let registration = Registration {
        name: PassportName::parse(name).expect("a name"),
        name_hash: name_hash(name),
        password_hash: format!("first of {name}"),
        applicant: PersonName::parse("西日本 太郎").expect("a name"),
        phone: PhoneNumber::parse("03-1234-5678").expect("a phone"),
        mail: MailAddress::parse("taro@example.jp").expect("an address"),
        is_contractor: true,
        language: linepass::domain::language::Language::Ja,
    };
    make(lines, number, What::Register(Box::new(registration))).await
}

async fn change(lines: &Lines, name: Option<&str>, password_hash: Option<&str>) -> Answer {
    let renaming = |name: &str| Renaming {
        name: PassportName::parse(name).expect("a name"),
        name_hash: Some(name_hash(name)),
    };
    let changes = Changes {
        passport: PassportNumber(1),
        name: name.map(renaming),
        password_hash: password_hash.map(Into::into),
        applicant: None,
        line_authentication: None,
    };
    make(lines, 1, What::ChangePassport(Box::new(changes))).await
}

/// What the line knows of its first ID, and the ID's epoch.
async fn known(lines: &Lines) -> (String, String, u32) {
    let view = lines.look(customer(1)).await.expect("answers");
    let PrivatePassport { name, password_hash } = view.private[&PassportNumber(1)].clone();
    let epoch = view.line.as_ref().expect("there").passports[&PassportNumber(1)].epoch;
    (name.as_str().to_owned(), password_hash, epoch)
}

fn is_taken(answer: &Answer) -> bool {
    let error = answer.as_ref().err();
    error.is_some_and(|error| matches!(**error, LineError::Refused(Refusal::PassportIdTaken)))
}

#[test]
fn an_awake_line_knows_the_new_string_and_password_as_a_woken_one_does() {
    System::new().block_on(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let awake = lines(&store);
        open(&awake, 1, Yen::new(50_000)).await;
        open(&awake, 2, Yen::new(50_000)).await;
        register(&awake, 1, "before01").await.expect("registered");
        // Each step alone: a part that does not change stays.
        let steps = [
            (None, Some("second"), ("before01", "second", 1)),
            (Some("after001"), None, ("after001", "second", 1)),
            (Some("after002"), Some("third"), ("after002", "third", 2)),
        ];
        for (name, password_hash, (string, hash, epoch)) in steps {
            change(&awake, name, password_hash).await.expect("changed");
            let expected = (string.to_owned(), hash.to_owned(), epoch);
            assert_eq!(known(&awake).await, expected, "awake");
            assert_eq!(known(&lines(&store)).await, expected, "woken");
        }
        for string in ["before01", "after001", "after002"] {
            assert!(is_taken(&register(&awake, 2, string).await), "{string} on another line");
        }
        for string in ["before01", "after001"] {
            assert!(is_taken(&change(&awake, Some(string), None).await), "{string} again (R-107)");
        }
        // What it has already is set by a button that is pressed twice: nothing happens.
        let twice = change(&awake, Some("after002"), Some("third")).await.expect("nothing to do");
        assert_eq!(twice.entry.events, []);
        assert_eq!(known(&awake).await, ("after002".into(), "third".into(), 2), "refused whole");
    });
}
