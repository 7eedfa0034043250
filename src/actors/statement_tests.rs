//! A closed month is found again in the journal, whole, by few looks, and never beyond what the
//! line has taken over.

use super::*;
use crate::{
    actors::{line::PrivatePassport, reading::tests::Counting},
    domain::{
        field::PassportName,
        ids::{CustomerId, ReceiptNumber},
        line::{By, LineService, RowRef, event::BillingRoute, replay},
        yen::Yen,
    },
    store::{Batch, Expect, Outcome, PersonalRow, Put},
};
use std::sync::{Arc, atomic::Ordering};

fn customer() -> CustomerId {
    "CAF0000012573".parse().expect("an ID")
}

fn at(japan: &str) -> Instant {
    format!("{japan}+09:00").parse().expect("an instant")
}

fn month(text: &str) -> Month {
    text.parse().expect("a month")
}

fn receipt(serial: u64) -> ReceiptNumber {
    ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + serial).expect("a serial")
}

const ROW: RowRef = RowRef { row: 0, commitment: [0; 32] };

/// A line whose entries are written one by one.
struct Written {
    store: Counting,
    view: LineView,
}

impl Written {
    async fn opened() -> Self {
        let view = LineView { line: None, seq: 0, private: Arc::default() };
        let mut line = Self { store: Counting::default(), view };
        let opened = Event::LineOpened {
            customer: customer(),
            service: LineService::HikariNext,
            line_limit: Yen::new(30_000),
            billing: BillingRoute::Telephone,
            record: ROW,
            access_key: ROW,
        };
        line.happen("2026-10-01T09:00:00", vec![opened], Vec::new()).await;
        line
    }

    async fn happen(&mut self, japan: &str, events: Vec<Event>, mut rows: Vec<Put>) {
        let entry = Entry { at: at(japan), by: By::System, request_id: None, events };
        let stream = Stream::Line(customer());
        let expect = vec![Expect::Last { stream: stream.clone(), seq: self.view.seq }];
        self.view.seq += 1;
        let entry_json = record::to_json(&entry);
        rows.insert(0, Put::Event { stream, seq: self.view.seq, entry: entry_json });
        let batch = Batch { expect, put: rows, delete: Vec::new() };
        let outcomes = self.store.commit(vec![batch], entry.at).await.expect("commits");
        assert!(matches!(outcomes[..], [Outcome::Committed { .. }]), "{outcomes:?}");
        let before = self.view.line.take().map(Arc::unwrap_or_clone);
        self.view.line = replay(before, &entry).map(Arc::new);
    }

    async fn register(&mut self, number: u32, name: &str) {
        let data = Personal::PassportName { name: PassportName::parse(name).expect("a name") };
        let row = PersonalRow::new([3; 32], data);
        let reference = row.reference(number);
        let put = Put::Personal { customer: customer(), row: number, body: row };
        let registered = Event::PassportRegistered {
            passport: PassportNumber(number),
            name: reference,
            credential: ROW,
            applicant: ROW,
            limit: Yen::new(10_000),
            line_authentication: true,
            active_from: None,
        };
        self.happen("2026-10-01T09:00:00", vec![registered], vec![put]).await;
    }

    async fn buy(&mut self, japan: &str, serial: u64) {
        self.happen(japan, vec![purchase(serial)], Vec::new()).await;
    }

    async fn close(&mut self, japan: &str, closed: &str, part: u32, parts: u32, serials: &[u64]) {
        let items = serials.iter().map(|serial| item(*serial)).collect();
        let event = Event::MonthClosed {
            month: month(closed),
            block: 1,
            billing: BillingRoute::Telephone,
            record: ROW,
            part,
            parts,
            items,
            corrections: Vec::new(),
        };
        self.happen(japan, vec![event], Vec::new()).await;
    }

    async fn serials(&self, text: &str) -> Vec<u64> {
        let rows = month_rows(&self.store, &self.view, month(text)).await.expect("reads");
        rows.iter().map(|row| row.receipt.serial() - receipt(0).serial()).collect()
    }
}

fn purchase(serial: u64) -> Event {
    Event::Purchased {
        receipt: receipt(serial),
        passport: PassportNumber(1),
        provider: "b-sha".parse().expect("a provider"),
        provider_name: "B社".into(),
        reference: format!("order-{serial}").parse().expect("a reference"),
        service: "anime-1".parse().expect("a service"),
        service_name: "名作アニメ1".into(),
        monthly: false,
        unit_price: Yen::new(300),
        quantity: 1,
        amount: Yen::new(300),
        usage_period: None,
        description: None,
        line_checked: true,
    }
}

fn item(serial: u64) -> ClosedItem {
    ClosedItem {
        receipt: receipt(serial),
        passport: PassportNumber(1),
        provider: "b-sha".parse().expect("a provider"),
        provider_name: "B社".into(),
        service: "anime-1".parse().expect("a service"),
        service_name: "名作アニメ1".into(),
        quantity: 1,
        amount: Yen::new(300),
        bought_at: at("2026-10-05T10:00:00"),
    }
}

#[tokio::test]
async fn each_closed_month_is_found_and_open_ones_need_no_look_r_136() {
    let mut line = Written::opened().await;
    line.buy("2026-10-05T10:00:00", 1).await;
    line.buy("2026-11-01T08:00:00", 2).await;
    line.close("2026-11-01T09:00:00", "2026-10", 1, 1, &[1]).await;
    line.buy("2026-11-01T09:00:00", 3).await;
    line.buy("2026-12-01T00:00:00", 4).await;
    line.close("2026-12-02T09:00:00", "2026-11", 1, 1, &[2, 3]).await;
    line.buy("2026-12-03T09:00:00", 5).await;
    assert_eq!(line.serials("2026-10").await, [1]);
    assert_eq!(line.serials("2026-11").await, [2, 3]);
    line.store.looks.store(0, Ordering::Relaxed);
    assert_eq!(line.serials("2026-12").await, [4, 5]);
    assert!(line.serials("2026-09").await.is_empty());
    assert_eq!(line.store.looks.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_long_itemisation_is_put_together_and_a_broken_off_one_is_not_in_it_r_050() {
    let mut line = Written::opened().await;
    line.close("2026-11-02T09:00:00", "2026-10", 1, 2, &[98, 99]).await;
    line.buy("2026-11-02T09:30:00", 7).await;
    line.close("2026-11-02T10:00:00", "2026-10", 1, 3, &[1, 2]).await;
    for serial in 20..40 {
        line.buy("2026-11-02T10:00:00", serial).await;
    }
    line.close("2026-11-02T10:00:01", "2026-10", 2, 3, &[3]).await;
    line.close("2026-11-02T10:00:02", "2026-10", 3, 3, &[4]).await;
    assert_eq!(line.serials("2026-10").await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn nothing_beyond_the_lines_own_row_is_read() {
    let mut line = Written::opened().await;
    line.close("2026-11-02T09:00:00", "2026-10", 1, 1, &[1]).await;
    let then = line.view.clone();
    line.close("2026-12-02T09:00:00", "2026-11", 1, 1, &[2]).await;
    let rows = month_rows(&line.store, &then, month("2026-10")).await.expect("reads");
    assert_eq!(rows.len(), 1);
    // A view that claims a close which its rows do not hold is damage, not an empty month.
    let claimed = LineView { seq: then.seq - 1, ..then };
    let damaged = month_rows(&line.store, &claimed, month("2026-10")).await;
    assert!(damaged.is_err_and(|error| error.to_string().contains("the close of 2026-10")));
}

#[tokio::test]
async fn twenty_thousand_decisions_cost_a_few_looks() {
    let mut line = Written::opened().await;
    line.close("2026-11-02T09:00:00", "2026-10", 1, 1, &[1]).await;
    for _ in 0..20_000 {
        // Nothing that the state keeps, so that the test stays quick.
        let nothing = vec![Event::BillingSet { billing: BillingRoute::Combined }];
        line.happen("2026-11-03T09:00:00", nothing, Vec::new()).await;
    }
    line.store.looks.store(0, Ordering::Relaxed);
    line.store.rows.store(0, Ordering::Relaxed);
    assert_eq!(line.serials("2026-10").await, [1]);
    let looks = line.store.looks.load(Ordering::Relaxed);
    let rows = line.store.rows.load(Ordering::Relaxed);
    assert!(looks <= 17 && rows <= 17 + PAGE, "{looks} looks, {rows} rows");
}

#[tokio::test]
async fn a_deleted_ids_string_is_read_where_a_row_names_it_r_137() {
    let mut line = Written::opened().await;
    line.register(1, "sakura01").await;
    line.register(2, "kaede02").await;
    line.buy("2026-10-05T10:00:00", 1).await;
    let deleted = Event::PassportDeleted { passport: PassportNumber(1) };
    line.happen("2026-10-06T10:00:00", vec![deleted], Vec::new()).await;
    let name = PassportName::parse("kaede02").expect("a name");
    let live = PrivatePassport { name, password_hash: "x".into() };
    line.view.private = Arc::new([(PassportNumber(2), live)].into_iter().collect());
    let rows = month_rows(&line.store, &line.view, month("2026-10")).await.expect("reads");
    let numbers: BTreeSet<_> = rows.iter().map(|row| row.passport).collect();
    let names = passport_names(&line.store, &line.view, numbers.clone()).await.expect("reads");
    assert_eq!(names[&PassportNumber(1)], "sakura01");
    assert_eq!(names[&PassportNumber(2)], "kaede02");
    // A row of an ID that nobody has registered has no string, and nothing breaks.
    line.view.line = line.view.line.map(|line| {
        let mut line = Arc::unwrap_or_clone(line);
        line.passports.remove(&PassportNumber(1));
        Arc::new(line)
    });
    let names = passport_names(&line.store, &line.view, numbers).await.expect("reads");
    assert_eq!(names.len(), 1);
}
