//! One mail to one address, of one kind, from one entry; and nothing from rows that are gone.

use super::*;
use crate::{
    actors::committer::{Committer, CommitterOptions},
    clock::Clock,
    domain::{
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{ContractNumber, CustomerId, ReceiptNumber},
        language::Language,
        line::{
            By, EndReason, Line, LineService, RowRef,
            event::{Barrier, BillingRoute},
            replay,
        },
        yen::Yen,
    },
    store::{Batch, PersonalRow, Put, Store, memory::MemoryStore},
};
use std::sync::Arc;

struct House {
    store: Arc<MemoryStore>,
    providers: Providers,
    line: Option<Line>,
    rows: u32,
}

fn customer() -> CustomerId {
    "CAF0000012573".parse().expect("a customer ID")
}

fn at() -> Instant {
    "2026-11-23T21:00:00+09:00".parse().expect("an instant")
}

fn applicant(mail: &str) -> Personal {
    Personal::Applicant {
        name: PersonName::parse("NTT 太郎").expect("a name"),
        phone: PhoneNumber::parse("0312345678").expect("a phone"),
        mail: MailAddress::parse(mail).expect("an address"),
        is_contractor: true,
        language: Language::Ja,
    }
}

impl House {
    /// A line whose record has this address, and IDs 1 and 2 with these.
    async fn open(record: &str, mails: [&str; 2]) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Clock::standing_at(at());
        let options = CommitterOptions { group_max_events: 10, most_waiting: 10 };
        let shared: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
        let failed = |error: &StoreError| panic!("{error}");
        let (committer, _) =
            Committer::start(shared, clock.clone(), options, failed).expect("starts");
        let shared: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
        let providers = Providers::load(shared, committer, clock).await.expect("loads");
        let mut house = Self { store, providers, line: None, rows: 0 };
        let fields = [(rows::RECORD_MAIL.to_owned(), record.to_owned())].into();
        let opened = Event::LineOpened {
            customer: customer(),
            service: LineService::HikariNext,
            line_limit: Yen::new(30_000),
            billing: BillingRoute::Telephone,
            record: house.keep(Personal::LineRecord { fields }).await,
            access_key: house.keep(Personal::AccessKey { hash: "h".into() }).await,
        };
        house.happened(opened);
        for (number, mail) in (1..).zip(mails) {
            let name = PassportName::parse(&format!("user0{number}")).expect("a name");
            let registered = Event::PassportRegistered {
                passport: PassportNumber(number),
                name: house.keep(Personal::PassportName { name }).await,
                credential: house.keep(Personal::Credential { hash: "h".into() }).await,
                applicant: house.keep(applicant(mail)).await,
                limit: Yen::new(10_000),
                line_authentication: true,
                active_from: None,
            };
            house.happened(registered);
        }
        house
    }

    async fn keep(&mut self, data: Personal) -> RowRef {
        let (row, body) = (self.rows, PersonalRow::new([7; 32], data));
        let reference = body.reference(row);
        self.rows += 1;
        let put = vec![Put::Personal { customer: customer(), row, body }];
        let batch = Batch { put, ..Batch::default() };
        self.store.commit(vec![batch], at()).await.expect("commits");
        reference
    }

    fn entry(events: Vec<Event>) -> Entry {
        Entry { at: at(), by: By::Customer, request_id: None, events }
    }

    fn happened(&mut self, event: Event) {
        self.line = replay(self.line.take(), &Self::entry(vec![event]));
    }

    /// The letters of what happens next.
    async fn letters(&self, events: Vec<Event>) -> Result<Vec<Letter>, StoreError> {
        let entry = Self::entry(events);
        let before = self.line.clone();
        let line = replay(before.clone(), &entry).expect("a line");
        let notices = notice::notices(&entry, &line, before.as_ref());
        let store = self.store.as_ref();
        let household = Household::around(store, &self.providers, customer(), line, before);
        letters(&household, &entry, &notices).await
    }
}

fn ended(passport: u32, serial: u64) -> Event {
    let receipt = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + serial);
    Event::ContractEnded {
        contract: ContractNumber(receipt.expect("a serial")),
        passport: PassportNumber(passport),
        provider: "a-sha".parse().expect("a provider"),
        service: "pack".parse().expect("a service"),
        reason: EndReason::Restriction,
        last_charge_month: at().month(),
        receipt: None,
        reference: None,
    }
}

fn restriction() -> Vec<Event> {
    let barrier = Barrier::CustomerRestriction;
    vec![Event::BarrierRaised { barrier }, ended(1, 1), ended(1, 2), ended(2, 3)]
}

/// Address and how many contracts each letter names.
fn told(letters: &[Letter]) -> Vec<(&str, usize)> {
    let count = |letter: &Letter| match &letter.content {
        Content::Restricted { ended } => ended.len(),
        _ => 0,
    };
    letters.iter().map(|letter| (letter.to.as_str(), count(letter))).collect()
}

#[tokio::test]
async fn each_address_gets_one_mail_that_names_its_own() {
    let cases = [
        ("", ["a@b.jp", "c@d.jp"], &[("a@b.jp", 2), ("c@d.jp", 1)][..]),
        ("x@y.jp", ["a@b.jp", "c@d.jp"], &[("a@b.jp", 2), ("c@d.jp", 1), ("x@y.jp", 3)]),
        // A household that shares an address.
        ("", ["a@b.jp", "A@B.jp"], &[("a@b.jp", 3)]),
        // Whoever holds the line is told of all of it.
        ("c@d.jp", ["a@b.jp", "c@d.jp"], &[("a@b.jp", 2), ("c@d.jp", 3)]),
    ];
    for (record, mails, expected) in cases {
        let house = House::open(record, mails).await;
        let letters = house.letters(restriction()).await.expect("reads");
        assert_eq!(told(&letters), expected, "{record} {mails:?}");
    }
}

#[tokio::test]
async fn a_change_that_keeps_the_address_is_one_mail_and_not_the_former_ones() {
    let mut house = House::open("", ["a@b.jp", "c@d.jp"]).await;
    let passport = PassportNumber(1);
    for (mail, addresses) in [("a@b.jp", &["a@b.jp"][..]), ("n@b.jp", &["n@b.jp", "a@b.jp"])] {
        let applicant = house.keep(applicant(mail)).await;
        let changed = vec![Event::ApplicantSet { passport, applicant }];
        let letters = house.letters(changed).await.expect("reads");
        let to: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
        assert_eq!(to, addresses);
        for (index, letter) in letters.iter().enumerate() {
            let Content::Changed(changed) = &letter.content else { panic!("a change") };
            assert_eq!(changed.is_former, index == 1);
            assert_eq!(changed.passport_id.is_some(), index == 0);
            let new =
                (mail == "n@b.jp").then(|| Item::Mail((index == 0).then(|| "n@b.jp".to_owned())));
            assert_eq!(changed.items, new.into_iter().collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn an_erased_row_sends_nothing_and_a_foreign_one_is_damage() {
    let house = House::open("", ["a@b.jp", "c@d.jp"]).await;
    let row = house.line.as_ref().expect("a line").passports[&PassportNumber(1)].rows.applicant.row;
    let customer = customer();
    let delete = vec![crate::store::Delete::Personal { customer, row }];
    house.store.commit(vec![Batch { delete, ..Batch::default() }], at()).await.expect("commits");
    assert_eq!(told(&house.letters(restriction()).await.expect("reads")), [("c@d.jp", 1)]);
    let body = PersonalRow::new([7; 32], applicant("evil@b.jp"));
    let put = vec![Put::Personal { customer, row, body }];
    house.store.commit(vec![Batch { put, ..Batch::default() }], at()).await.expect("commits");
    assert!(house.letters(restriction()).await.is_err());
}
