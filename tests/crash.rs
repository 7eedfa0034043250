//! What was acknowledged is there after a crash, and nothing is there twice; what is damaged on
//! disk is noticed and named (reliability: ).
//!
//! `LINEPASS_CRASH_ROUNDS` (15) does more rounds, `LINEPASS_CRASH_SEED` repeats the draws of one
//! run; what the machine does between them cannot be repeated.

mod common;
mod process;

use common::{Answer, Browser, Demo, Flow, Options, Provider, order, unique};
use process::{Ended, Started, copy_folder, demo_on};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
    path::Path,
    sync::{Barrier, mpsc},
    time::{Duration, Instant},
};

/// Two IDs of one line, and one of another.
const BUYERS: [&str; 3] = ["sakura01", "sakura02", "tsubaki1"];
const PRESSERS: usize = 4;
const ORDERS_OF_A_PRESSER: usize = 6;

/// Numbers that one seed gives again and again (`SplitMix64`).
struct Draw(u64);

impl Draw {
    fn seeded() -> Self {
        let given = std::env::var("LINEPASS_CRASH_SEED").ok();
        let seed = given
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| u64::from_le_bytes(linepass::security::random::bytes()));
        println!("LINEPASS_CRASH_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let drawn = self.next() % u64::try_from(bound.max(1)).expect("64 bits");
        usize::try_from(drawn).expect("below a usize")
    }
}

/// A running Linepass as a buyer and a provider see it.
struct House {
    issuer: String,
    provider: Provider,
    passwords: HashMap<&'static str, String>,
}

impl House {
    fn of_demo(demo: &Demo) -> Self {
        Self::new(&demo.said)
    }

    /// From what a demo printed.
    fn new(said: &Value) -> Self {
        let text = |pointer: &str| {
            said.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"))
        };
        let ids = said["lines"].as_array().expect("lines").iter();
        let ids = ids.flat_map(|line| line["passport_ids"].as_array().expect("IDs"));
        let password = |wanted: &str| {
            let found = ids.clone().find(|id| id["passport_id"] == wanted);
            found.and_then(|id| id["password"].as_str()).expect("a password").to_owned()
        };
        Self {
            issuer: text("/issuer").to_owned(),
            provider: Provider {
                issuer: text("/issuer").to_owned(),
                client_id: text("/providers/1/client_id").to_owned(),
                client_secret: text("/providers/1/client_secret").to_owned(),
                redirect_uri: common::REDIRECT_URI.to_owned(),
                http: common::Http::new(),
            },
            passwords: BUYERS.map(|buyer| (buyer, password(buyer))).into(),
        }
    }

    /// A flow that stands at the confirmation, logged in.
    fn arrive(&self, buyer: &str, details: &str) -> (Browser, Flow) {
        let browser = Browser::new(&self.issuer);
        let flow = browser.arrive(&self.provider.push(Some(details)));
        let login = browser.log_in(&flow, buyer, &self.passwords[buyer]);
        assert_eq!(login.status, 303, "{login:?}");
        assert!(login.location().ends_with("/success"), "{login:?}");
        (browser, flow)
    }

    /// The receipt of a completed flow, by way of the provider.
    fn receipt(&self, browser: &Browser, flow: &Flow) -> Value {
        let back = browser.go_back(flow);
        let code = back.parameter("code").unwrap_or_else(|| panic!("no code: {back:?}"));
        let exchanged = self.provider.exchange(&code);
        assert_eq!(exchanged.status, 200, "{exchanged:?}");
        exchanged.json()["authorization_details"][0].clone()
    }

    /// What a passport ID has used this month, as its confirmation page says.
    fn used(&self, buyer: &str) -> usize {
        let (browser, flow) = self.arrive(buyer, &order(&unique(), "support", 1, 1));
        let page = browser.confirmation(&flow);
        assert_eq!(page.status, 200, "{page:?}");
        let (_, rest) = page.body.split_once("limit-main").expect("the limit");
        let (_, rest) = rest.split_once("<b>").expect("a sum");
        let (sum, _) = rest.split_once("</b>").expect("a sum");
        let digits: String = sum.chars().filter(char::is_ascii_digit).collect();
        digits.parse().expect("yen")
    }
}

/// One purchase of 1 yen, and what is known of it.
struct Order {
    reference: String,
    buyer: &'static str,
    /// The flow's cookies and path: the press can be repeated after a crash.
    cookies: BTreeMap<String, String>,
    flow: Flow,
    csrf: String,
    /// The answer to the press sent the browser to the completion page.
    acknowledged: bool,
    /// The receipt number, as far as anybody saw it.
    number: Option<String>,
}

impl Order {
    fn details(&self) -> String {
        order(&self.reference, "support", 1, 1)
    }

    /// Up to the confirmation, so that only the press is left.
    fn prepare(house: &House, buyer: &'static str) -> Self {
        let reference = unique();
        let (browser, flow) = house.arrive(buyer, &order(&reference, "support", 1, 1));
        let csrf = browser.confirmation(&flow).csrf();
        let cookies = browser.cookies.borrow().clone();
        Self { reference, buyer, cookies, flow, csrf, acknowledged: false, number: None }
    }

    /// The browser as it was, on a Linepass that may have been started again.
    fn browser(&self, house: &House) -> Browser {
        let browser = Browser::new(&house.issuer);
        browser.cookies.borrow_mut().clone_from(&self.cookies);
        browser
    }

    fn is_there(&self, house: &House) -> bool {
        let answer = self.browser(house).confirmation(&self.flow);
        is_completed(&answer)
    }

    /// Notes its receipt, which must be the one that was seen before.
    fn note(&mut self, receipt: &Value) {
        assert_eq!(receipt["reference"], self.reference.as_str());
        assert_eq!((&receipt["amount"], &receipt["quantity"]), (&1.into(), &1.into()));
        let number = receipt["receipt_number"].as_str().expect("a number").to_owned();
        let before = self.number.get_or_insert_with(|| number.clone());
        assert_eq!(*before, number, "{} has another receipt", self.reference);
    }

    /// The same order pushed again, with a login of its own: the receipt again, nothing to press.
    fn ask_afresh(&mut self, house: &House) {
        let (browser, flow) = house.arrive(self.buyer, &self.details());
        let confirmation = browser.confirmation(&flow);
        assert!(is_completed(&confirmation), "{}: {confirmation:?}", self.reference);
        let slip = browser.open(&format!("{}/complete", flow.path));
        assert_eq!(slip.status, 200, "{slip:?}");
        self.note(&house.receipt(&browser, &flow));
    }
}

/// Sent on to the completion page: bought, and not to be pressed again.
fn is_completed(answer: &Answer) -> bool {
    match answer.status {
        303 if answer.location().ends_with("/complete") => true,
        200 => false,
        _ => panic!("neither the confirmation nor the completion: {answer:?}"),
    }
}

/// Presses where the process may die in the middle.
struct Presser {
    agent: ureq::Agent,
    issuer: String,
}

impl Presser {
    fn new(issuer: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(process::PATIENCE))
            .build();
        Self { agent: config.into(), issuer: issuer.to_owned() }
    }

    /// Presses 購入; whether it was acknowledged. Any other answer than the completion fails.
    fn press(&self, order: &Order) -> bool {
        let url = format!("{}{}/confirm", self.issuer, order.flow.path);
        let request = self.agent.post(&url).header("cookie", cookie_header(order));
        match request.send_form([("csrf", order.csrf.as_str()), ("consent", "yes")]) {
            Err(_) => false,
            Ok(answer) => {
                let location = answer.headers().get("location").map(|l| l.to_str().unwrap_or(""));
                let completed = location.is_some_and(|path| path.ends_with("/complete"));
                assert!(answer.status() == 303 && completed, "{answer:?}");
                true
            }
        }
    }

    /// The receipt number on the slip, if the process lives long enough to show it.
    fn read_number(&self, order: &Order) -> Option<String> {
        let url = format!("{}{}/complete", self.issuer, order.flow.path);
        let answer = self.agent.get(&url).header("cookie", cookie_header(order)).call().ok()?;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let mut page = String::new();
        answer.into_body().into_reader().read_to_string(&mut page).ok()?;
        Some(grouped_number(&page))
    }
}

fn cookie_header(order: &Order) -> String {
    let pairs: Vec<String> =
        order.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("; ")
}

/// The receipt number, which the slip groups: `1000 0000 0016`.
fn grouped_number(page: &str) -> String {
    let is_number = |text: &&str| {
        text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 9 => byte == b' ',
            _ => byte.is_ascii_digit(),
        })
    };
    let starts = page.char_indices().map(|(start, _)| start);
    let found = starts.filter_map(|start| page.get(start..start + 14)).find(is_number);
    found.unwrap_or_else(|| panic!("no receipt number: {page}")).replace(' ', "")
}

/// Generous throttles: these tests log in far more often than a household.
fn options(folder: &Path) -> Options<'_> {
    let unbound = |key| (key, "1000000".to_owned());
    Options {
        folder: Some(folder),
        env: vec![
            unbound("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE"),
            unbound("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND"),
        ],
        ..Options::default()
    }
}

fn prepare_all(house: &House) -> Vec<Order> {
    let prepare = |presser: usize| {
        let buyer = |number| BUYERS[(presser + number) % BUYERS.len()];
        (0..ORDERS_OF_A_PRESSER).map(|number| Order::prepare(house, buyer(number))).collect()
    };
    std::thread::scope(|scope| {
        let prepare = &prepare;
        let threads: Vec<_> =
            (0..PRESSERS).map(|presser| scope.spawn(move || prepare(presser))).collect();
        let prepared: Vec<Vec<Order>> =
            threads.into_iter().map(|thread| thread.join().expect("prepares")).collect();
        prepared.into_iter().flatten().collect()
    })
}

/// Several threads press while the process is killed at a drawn moment.
fn press_and_kill(demo: Demo, orders: &mut [Order], draw: &mut Draw) {
    let issuer = demo.issuer().to_owned();
    let (acknowledged_before, longest_us) = (draw.below(orders.len()), draw.below(3_000));
    let (ack, acks) = mpsc::channel::<()>();
    let start = Barrier::new(PRESSERS);
    std::thread::scope(|scope| {
        for (presser, own) in orders.chunks_mut(ORDERS_OF_A_PRESSER).enumerate() {
            let (ack, start, issuer) = (ack.clone(), &start, &issuer);
            scope.spawn(move || {
                let http = Presser::new(issuer);
                start.wait();
                for (number, order) in own.iter_mut().enumerate() {
                    order.acknowledged = http.press(order);
                    if !order.acknowledged {
                        return;
                    }
                    let _ = ack.send(());
                    if (presser + number).is_multiple_of(3) {
                        order.number = http.read_number(order);
                    }
                }
            });
        }
        drop(ack);
        let mut left = acknowledged_before;
        while left > 0 && acks.recv_timeout(process::PATIENCE).is_ok() {
            left -= 1;
        }
        let until = Instant::now() + Duration::from_micros(longest_us.try_into().expect("small"));
        while let Some(rest) = until.checked_duration_since(Instant::now()) {
            if acks.recv_timeout(rest).is_err() {
                break;
            }
        }
        demo.kill();
    });
}

/// What the crash left: every acknowledged order, perhaps some of the others, none twice.
fn settle(house: &House, orders: &mut [Order], bought_before: &HashMap<&str, usize>) -> usize {
    let mut there = Vec::new();
    let mut bought = bought_before.clone();
    for (place, order) in orders.iter().enumerate() {
        let is_there = order.is_there(house);
        assert!(is_there || !order.acknowledged, "{} was lost", order.reference);
        if is_there {
            there.push(place);
            *bought.entry(order.buyer).or_default() += 1;
        }
    }
    for buyer in BUYERS {
        assert_eq!(house.used(buyer), bought[buyer], "what {buyer} has used");
    }
    // Whoever got no answer presses again: bought once, whatever had become of the first press.
    let again = Presser::new(&house.issuer);
    let mut unanswered_but_there = 0;
    for (place, order) in orders.iter_mut().enumerate() {
        if !order.acknowledged {
            unanswered_but_there += usize::from(there.contains(&place));
            assert!(again.press(order), "{}", order.reference);
        }
        let browser = order.browser(house);
        order.note(&house.receipt(&browser, &order.flow.clone()));
    }
    unanswered_but_there
}

#[test]
fn no_acknowledged_purchase_is_lost_and_none_is_made_twice_when_the_process_is_killed() {
    let given = std::env::var("LINEPASS_CRASH_ROUNDS").ok();
    let rounds: usize = given.and_then(|text| text.parse().ok()).unwrap_or(15);
    let mut draw = Draw::seeded();
    let folder = tempfile::tempdir().expect("a folder");
    let mut all: Vec<Order> = Vec::new();
    let mut bought: HashMap<&str, usize> = BUYERS.map(|buyer| (buyer, 0)).into();
    let (mut cut, mut unanswered_but_there) = (0, 0);
    for round in 0..rounds {
        let demo = Demo::with(&options(folder.path()));
        let mut orders = prepare_all(&House::of_demo(&demo));
        press_and_kill(demo, &mut orders, &mut draw);
        cut += orders.iter().filter(|order| !order.acknowledged).count();

        let demo = Demo::with(&options(folder.path()));
        let house = House::of_demo(&demo);
        unanswered_but_there += settle(&house, &mut orders, &bought);
        for order in &orders {
            *bought.entry(order.buyer).or_default() += 1;
        }
        let afresh = draw.below(orders.len());
        orders[afresh].ask_afresh(&house);
        for buyer in BUYERS {
            assert_eq!(house.used(buyer), bought[buyer], "what {buyer} has used, round {round}");
        }
        all.append(&mut orders);
        // Every other round, the next crash meets a store that was not closed cleanly either.
        if round.is_multiple_of(2) {
            demo.kill();
        }
    }
    let demo = Demo::with(&options(folder.path()));
    check_all(&House::of_demo(&demo), &mut all);
    assert!(!demo.log().contains("panic"), "{}", demo.log());
    println!("{} orders, {cut} cut off, {unanswered_but_there} of them there", all.len());
    assert!(0 < cut && cut < all.len(), "the kills hit nothing: {cut} of {}", all.len());
}

/// At the very end: each order has the receipt it always had, and no two share a number.
fn check_all(house: &House, all: &mut [Order]) {
    let mut by_number = HashMap::new();
    for order in all {
        order.ask_afresh(house);
        let number = order.number.clone().expect("noted");
        assert!(number.parse::<linepass::domain::ids::ReceiptNumber>().is_ok(), "{number}");
        if let Some(other) = by_number.insert(number.clone(), order.reference.clone()) {
            panic!("{number} is the receipt of {other} and of {}", order.reference);
        }
    }
}

/// A folder with purchases in it, closed cleanly.
struct Stocked {
    folder: tempfile::TempDir,
    orders: Vec<Order>,
}

impl Stocked {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut demo = Demo::with(&options(folder.path()));
        let house = House::of_demo(&demo);
        let mut orders: Vec<Order> =
            (0..12).map(|number| Order::prepare(&house, BUYERS[number % 3])).collect();
        let presser = Presser::new(&house.issuer);
        for order in &mut orders {
            order.acknowledged = presser.press(order);
            assert!(order.acknowledged, "{} was not answered", order.reference);
            order.number = presser.read_number(order);
        }
        assert_eq!(demo.terminate().code(), Some(0));
        Self { folder, orders }
    }

    /// A copy to damage.
    fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().expect("a folder");
        copy_folder(self.folder.path(), copy.path());
        copy
    }

    /// A copy that was damaged must not start: the error, which names a place.
    fn refused(&self, damage: impl FnOnce(&Path)) -> String {
        let copy = self.copy();
        damage(copy.path());
        // A second start must not find the damage healed by what the first one dropped.
        let errors = [1, 2].map(|start| match open(copy.path()) {
            Ok(_) => panic!("start {start} took a damaged store"),
            Err(ended) => refusal(&ended),
        });
        errors.into_iter().next().expect("two starts")
    }

    /// Everything that was acknowledged is there, with its receipt number and once.
    fn check(&mut self, house: &House) {
        for order in &mut self.orders {
            order.ask_afresh(house);
        }
        for buyer in BUYERS {
            let own = self.orders.iter().filter(|order| order.buyer == buyer).count();
            assert_eq!(house.used(buyer), own, "what {buyer} has used");
        }
    }
}

fn open(folder: &Path) -> Result<(Started, House), Ended> {
    let mut command = demo_on(folder);
    command.envs(options(folder).env);
    let (started, said) = Started::spawn(&mut command).ready()?;
    Ok((started, House::new(&said)))
}

/// How a refused start must look: exit code 1, nothing on standard output, one sentence that
/// names the program and the place.
fn refusal(ended: &Ended) -> String {
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    let sentence = ended.err.lines().find(|line| line.starts_with("linepass: "));
    sentence.unwrap_or_else(|| panic!("no sentence: {ended:?}")).to_owned()
}

fn flip(file: &Path, place: usize) {
    let mut bytes = std::fs::read(file).expect("reads");
    bytes[place] ^= 0x20;
    std::fs::write(file, bytes).expect("writes");
}

#[test]
fn leftovers_of_a_crash_do_not_stop_the_next_start() {
    let mut stocked = Stocked::new();
    let folder = stocked.copy();
    let store = folder.path().join("store");
    std::fs::write(store.join("head.new"), "linepass-head-1 7 to").expect("writes");
    let torn = store.join("sled/snap.0000000000000123.generating");
    std::fs::write(&torn, [0xff; 100]).expect("writes");
    let (_started, house) = open(folder.path()).unwrap_or_else(|ended| panic!("{ended:?}"));
    stocked.check(&house);
    assert!(!torn.exists());
}

#[test]
fn a_head_that_is_missing_or_changed_is_refused_by_name() {
    let stocked = Stocked::new();
    let missing = stocked.refused(|folder| {
        std::fs::remove_file(folder.join("store/head")).expect("removes");
    });
    assert!(missing.contains("head") && missing.contains("missing"), "{missing}");
    let length = std::fs::read(stocked.folder.path().join("store/head")).expect("reads").len();
    for place in [0, length / 2, length - 2] {
        let changed = stocked.refused(|folder| flip(&folder.join("store/head"), place));
        assert!(changed.contains("store/head") && changed.contains("MAC"), "{place}: {changed}");
    }
    let empty = stocked.refused(|folder| {
        std::fs::write(folder.join("store/head"), "").expect("writes");
    });
    assert!(empty.contains("store/head"), "{empty}");
}

#[test]
fn a_store_of_another_master_key_is_refused() {
    let stocked = Stocked::new();
    let error = stocked.refused(|folder| {
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7; 32]);
        std::fs::write(folder.join("master.key"), format!("{key}\n")).expect("writes");
    });
    assert!(error.contains("master key"), "{error}");
    // A head that is older than the key cannot be told from a changed one; a lost key is a new one.
    let lost = stocked.refused(|folder| {
        std::fs::remove_file(folder.join("master.key")).expect("removes");
    });
    assert!(lost.contains("master key"), "{lost}");
}

#[test]
fn a_lost_tail_is_noticed() {
    let stocked = Stocked::new();
    let log = |folder: &Path| folder.join("store/sled/db");
    let used = used_bytes(&std::fs::read(log(stocked.folder.path())).expect("reads"));
    for kept in [used * 9 / 10, used / 2, 1_000, 0] {
        let error = stocked.refused(|folder| {
            let file = std::fs::OpenOptions::new().write(true).open(log(folder)).expect("opens");
            file.set_len(kept.try_into().expect("small")).expect("cuts");
        });
        assert!(error.contains("damaged at") || error.contains("sled"), "{kept}: {error}");
    }
}

/// Where the last byte that is not zero ends.
fn used_bytes(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

#[test]
fn a_changed_byte_in_the_log_never_makes_an_acknowledged_purchase_vanish() {
    let mut stocked = Stocked::new();
    let mut draw = Draw::seeded();
    let bytes = std::fs::read(stocked.folder.path().join("store/sled/db")).expect("reads");
    let written: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] != 0).collect();
    let (mut refused, mut opened) = (0, 0);
    for _ in 0..16 {
        let place = written[draw.below(written.len())];
        let copy = stocked.copy();
        flip(&copy.path().join("store/sled/db"), place);
        match open(copy.path()) {
            Ok((_started, house)) => {
                opened += 1;
                stocked.check(&house);
            }
            Err(ended) => {
                refused += 1;
                let error = refusal(&ended);
                assert!(error.contains("damaged at"), "byte {place}: {error}");
                println!("byte {place}: {error}");
            }
        }
    }
    println!("{refused} refused, {opened} opened with everything there");
}
