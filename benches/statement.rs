//! What a statement page costs on a line with 100, 2,000 and 20,000 purchases, beside one look into
//! the same store in the same run (`cargo bench --bench statement`).
//!
//! A hundred purchases a month: 20,000 are nearly seventeen years. Once with every month closed but
//! the last, where old months are read from the journal; once with none closed, where all of them
//! are in the awake line. The page must not cost more on an older line.

use actix_web::body::to_bytes;
use linepass::{
    actors::line::{LineView, PrivatePassport},
    domain::{
        calendar::{Instant, Month},
        field::PassportName,
        ids::{CustomerId, PassportNumber, ReceiptNumber},
        line::{
            By, Entry, Event, Line, LineService, RowRef,
            event::{BillingRoute, ClosedItem},
            replay,
        },
        yen::Yen,
    },
    security::{Seen, Source},
    store::{
        Batch, Expect, Outcome, Put, Store, Stream,
        record::to_json,
        sled_store::{SledOptions, SledStore},
    },
    text::Language,
    web::{
        answer,
        context::RequestContext,
        portal::statement::{self, Asked},
    },
};
use std::{sync::Arc, time::Duration};

const A_MONTH: u64 = 100;
const ROUNDS: usize = 400;
const ROW: RowRef = RowRef { row: 0, commitment: [0; 32] };

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(run());
}

async fn run() {
    println!(
        "{:>9} {:>7} {:>8} {:>15} {:>15} {:>15} {:>15} {:>12}",
        "purchases",
        "months",
        "closed",
        "oldest month",
        "middle month",
        "this month",
        "figures",
        "one look"
    );
    println!(
        "{:>26} {:>15} {:>15} {:>15} {:>15} {:>12}",
        "", "p50/p99 us", "p50/p99 us", "p50/p99 us", "p50/p99 us", "p50 us"
    );
    for purchases in [100, 2_000, 20_000] {
        for closed in [true, false] {
            let house = House::build(purchases, closed).await;
            house.measure(purchases, closed).await;
        }
    }
}

/// A store with one line in it.
struct House {
    store: SledStore,
    view: LineView,
    first: Month,
    last: Month,
    _folder: tempfile::TempDir,
}

impl House {
    async fn build(purchases: u64, closed: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SledOptions {
            folder: folder.path().join("store"),
            head_key: [1; 32],
            cache_bytes: 64 << 20,
            flush_every_ms: 500,
            min_free_space_bytes: 0,
            read_threads: 2,
        };
        let store = SledStore::open(&options).expect("opens");
        let (entries, last) = history(purchases, closed);
        let first = entries[0].at.month();
        let (line, seq) = write(&store, &entries).await;
        let name = PassportName::parse("sakura01").expect("a name");
        let private = PrivatePassport { name, password_hash: String::new() };
        let private = Arc::new([(PassportNumber(1), private)].into_iter().collect());
        let view = LineView { line: line.map(Arc::new), seq, private };
        Self { store, view, first, last, _folder: folder }
    }

    async fn measure(&self, purchases: u64, closed: bool) {
        let months = months_between(self.first, self.last);
        let middle = (0..months / 2).fold(self.first, |month, _| month.next());
        let mut columns = Vec::new();
        for month in [self.first, middle, self.last] {
            columns.push(pair(&self.time_page(month).await));
        }
        columns.push(pair(&self.time_figures().await));
        let look = quantile(&self.time_look().await, 0.5);
        println!(
            "{purchases:>9} {months:>7} {:>8} {:>15} {:>15} {:>15} {:>15} {look:>12.1}",
            if closed { "yes" } else { "no" },
            columns[0],
            columns[1],
            columns[2],
            columns[3]
        );
    }

    async fn time_page(&self, month: Month) -> Vec<Duration> {
        let source = Source::new([127, 0, 0, 1].into());
        let request = RequestContext::new(Seen { source, proves_line: false });
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let query = format!("month={month}&page={}", round % 7 + 1);
            let began = std::time::Instant::now();
            let shell = answer::shell(&request, Language::Ja, None);
            let (store, view, now) = (&self.store, &self.view, self.now());
            let asked = Asked { request: &request, shell, base: "/wso", store, view, now };
            let response = statement::page(&asked, query.as_bytes()).await;
            assert!(response.status().is_success());
            let body = to_bytes(response.into_body()).await.expect("a body");
            times.push(began.elapsed());
            let html = String::from_utf8_lossy(&body);
            assert!(html.contains("件数: 100件"), "{month}: {html}");
        }
        times
    }

    async fn time_figures(&self) -> Vec<Duration> {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let began = std::time::Instant::now();
            let figures = statement::overview(&self.store, &self.view, self.now()).await;
            times.push(began.elapsed());
            assert!(figures.is_ok_and(|figures| figures.is_some_and(|one| one.total_yen > 0)));
        }
        times
    }

    async fn time_look(&self) -> Vec<Duration> {
        let stream = Stream::Line(customer());
        let mut times = Vec::new();
        for round in 0..ROUNDS as u64 {
            let seq = round * 7_919 % self.view.seq;
            let began = std::time::Instant::now();
            let rows = self.store.events(&stream, seq, 1).await.expect("reads");
            times.push(began.elapsed());
            assert_eq!(rows.len(), 1);
        }
        times
    }

    fn now(&self) -> Instant {
        self.view.line.as_deref().expect("a line").last_event_at
    }
}

fn customer() -> CustomerId {
    "CAF0000012573".parse().expect("an ID")
}

fn months_between(first: Month, last: Month) -> usize {
    std::iter::successors(Some(first), |month| (*month < last).then(|| month.next())).count()
}

/// A line's entries: a hundred purchases in each month, and a close on each month's second day
/// where months are closed. Gives the last month too.
fn history(purchases: u64, closed: bool) -> (Vec<Entry>, Month) {
    let mut month: Month = "2010-01".parse().expect("a month");
    let mut entries = vec![entry(at(month, 1, 0), vec![opened(), registered()])];
    for start in (0..purchases).step_by(usize::try_from(A_MONTH).expect("small")) {
        if start > 0 {
            let items = (start - A_MONTH..start).map(|serial| item(serial, month)).collect();
            let close = closed_month(month, items);
            month = month.next();
            if closed {
                entries.push(entry(at(month, 2, 0), vec![close]));
            }
        }
        let bought = (start..start + A_MONTH)
            .map(|serial| entry(at(month, 3, serial % A_MONTH), vec![bought(serial)]));
        entries.extend(bought);
    }
    (entries, month)
}

fn at(month: Month, day: u32, minute: u64) -> Instant {
    let (hour, minute) = (9 + minute / 60, minute % 60);
    format!("{month}-{day:02}T{hour:02}:{minute:02}:00+09:00").parse().expect("an instant")
}

fn entry(at: Instant, events: Vec<Event>) -> Entry {
    Entry { at, by: By::System, request_id: None, events }
}

/// Writes the entries in groups, and gives the line they come to.
async fn write(store: &SledStore, entries: &[Entry]) -> (Option<Line>, u64) {
    let (mut line, mut seq) = (None, 0);
    for group in entries.chunks(500) {
        let mut batches = Vec::new();
        for entry in group {
            let stream = Stream::Line(customer());
            let expect = vec![Expect::Last { stream: stream.clone(), seq }];
            seq += 1;
            let put = vec![Put::Event { stream, seq, entry: to_json(entry) }];
            batches.push(Batch { expect, put, delete: Vec::new() });
            line = replay(line, entry);
        }
        let outcomes = store.commit(batches, group[0].at).await.expect("commits");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Committed { .. })));
    }
    (line, seq)
}

fn opened() -> Event {
    Event::LineOpened {
        customer: customer(),
        service: LineService::HikariNext,
        line_limit: Yen::new(1 << 40),
        billing: BillingRoute::Telephone,
        record: ROW,
        access_key: ROW,
    }
}

fn registered() -> Event {
    Event::PassportRegistered {
        passport: PassportNumber(1),
        name: ROW,
        credential: ROW,
        applicant: ROW,
        limit: Yen::new(1 << 40),
        line_authentication: true,
        active_from: None,
    }
}

fn receipt(serial: u64) -> ReceiptNumber {
    ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + serial).expect("a serial")
}

fn bought(serial: u64) -> Event {
    Event::Purchased {
        receipt: receipt(serial),
        passport: PassportNumber(1),
        provider: "b-sha".parse().expect("a provider"),
        provider_name: "㈱B社".into(),
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

fn item(serial: u64, month: Month) -> ClosedItem {
    ClosedItem {
        receipt: receipt(serial),
        passport: PassportNumber(1),
        provider: "b-sha".parse().expect("a provider"),
        provider_name: "㈱B社".into(),
        service: "anime-1".parse().expect("a service"),
        service_name: "名作アニメ1".into(),
        quantity: 1,
        amount: Yen::new(300),
        bought_at: at(month, 3, serial % A_MONTH),
    }
}

fn closed_month(month: Month, items: Vec<ClosedItem>) -> Event {
    let (billing, record) = (BillingRoute::Telephone, ROW);
    let corrections = Vec::new();
    Event::MonthClosed { month, block: 1, billing, record, part: 1, parts: 1, items, corrections }
}

fn pair(times: &[Duration]) -> String {
    format!("{:.0}/{:.0}", quantile(times, 0.5), quantile(times, 0.99))
}

/// A quantile in microseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index below a few hundred"
)]
fn quantile(times: &[Duration], part: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    let index = ((sorted.len() - 1) as f64 * part) as usize;
    sorted[index].as_secs_f64() * 1e6
}
