//! `linepass audit verify` and `show` against the real binary: a good store is whole, and each kind of
//! damage is named with its block (reliability, security.md 66).

mod common;
mod process;

use common::{
    Browser, Demo, Options, anime,
    door::decisions,
    operator::{Operator, SAKURA, answering},
    purchase, unique,
};
use linepass::{
    domain::{
        calendar::Instant,
        line::{By, Entry},
        system::SystemEvent,
    },
    security::MasterKey,
    store::{
        Batch, Block, Store, Stream, key, record,
        sled_store::{SledOptions, SledStore},
    },
};
use process::{Ended, Row, copy_folder, linepass, run};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// A key, and what is put there instead.
type Edit = (Vec<u8>, Option<Vec<u8>>);

/// The engine below the store, as nobody but a test opens it.
fn raw<T>(folder: &Path, act: impl FnOnce(&sled::Db) -> T) -> T {
    process::with_engine(&folder.join("store"), act)
}

fn rows(folder: &Path) -> Vec<Row> {
    process::rows(&folder.join("store"))
}

fn verify_offline(folder: &Path, more: &[&str]) -> Ended {
    process::offline(&["audit", "verify"], folder, more)
}

/// What the command says of a stopped store, and that it ends as it says.
fn report(folder: &Path) -> Value {
    process::offline_report(&["audit", "verify"], folder)
}

fn buy(demo: &Demo, passport_id: &str) {
    purchase(demo, &Browser::new(demo.issuer()), passport_id, &anime(&unique()));
}

fn options(folder: &Path) -> Options<'_> {
    Options { folder: Some(folder), ..Options::default() }
}

/// A stopped demo's folder: purchases, and a line restricted and lifted by an operator.
fn filled() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&options(folder.path()));
    let operator = Operator::of(&demo);
    buy(&demo, "sakura01");
    operator.restrict(SAKURA, "company");
    operator.lift(SAKURA, "company");
    buy(&demo, "sakura02");
    assert!(demo.terminate().success());
    folder
}

#[test]
fn a_good_store_is_whole_online_and_offline_and_nothing_is_written() {
    let folder = filled();
    let path = folder.path();
    let (before, head) = (rows(path), std::fs::read(path.join("store/head")).expect("a head"));
    let offline = report(path);
    assert_eq!((&offline["whole"], &offline["fault_count"]), (&json!(true), &json!(0)));
    let is_event = |(key, _): &&Row| key.starts_with(b"e/");
    assert_eq!(offline["entries"], json!(before.iter().filter(is_event).count()));
    assert!(offline["personal_rows"].as_u64() > Some(10), "{offline}");
    let said = verify_offline(path, &[]);
    let blocks = format!("whole: {} blocks, ", offline["blocks"]);
    assert!(said.code == Some(0) && said.out.starts_with(&blocks), "{said:?}");
    assert_eq!(said.err, "", "no progress where nobody watches");
    assert!(rows(path) == before, "a look writes no row");
    assert_eq!(std::fs::read(path.join("store/head")).expect("a head"), head);

    let demo = Demo::with(&options(path));
    let operator = Operator::of(&demo);
    assert_eq!(operator.get("/audit/verify").json(), json!({ "state": "never" }));
    let refused = verify_offline(path, &["--json"]);
    assert!(refused.code == Some(1) && refused.out.is_empty(), "{refused:?}");
    assert!(refused.err.contains("is in use: stop the server"), "{refused:?}");
    let online = operator.run(&["audit", "verify", "--json"]);
    assert_eq!(online.status.code(), Some(0), "{online:?}");
    let online: Value = serde_json::from_slice(&online.stdout).expect("JSON");
    assert_eq!((&online["whole"], &online["state"]), (&json!(true), &json!("done")));
    // The start has leased receipt numbers since.
    assert!(online["entries"].as_u64() >= offline["entries"].as_u64(), "{online}");
    assert_eq!(online["personal_rows"], offline["personal_rows"]);
    let logged = decisions(&demo, "verify_audit", 1);
    assert_eq!(logged[0]["outcome"], "accepted", "{logged:?}");
}

/// Some row of the store, by the beginning of its key.
fn some(rows: &[Row], begins: &str) -> Row {
    let mut found = rows.iter().filter(|(key, _)| key.starts_with(begins.as_bytes()));
    found.next_back().unwrap_or_else(|| panic!("no {begins}")).clone()
}

fn block_of(row: &Row) -> u64 {
    record::decode(&row.0, &row.1).expect("a row").0
}

fn with_flip(row: &[u8], place: usize) -> Vec<u8> {
    let mut row = row.to_vec();
    row[place] ^= 1;
    row
}

#[test]
fn each_damage_is_named_with_its_block() {
    let folder = filled();
    let all = rows(folder.path());
    let event = some(&all, &format!("e/{SAKURA}/"));
    let last = some(&all, "b/");
    let tip = key::number_of_block(&last.0).expect("a block");
    let middle = tip / 2;
    let middle_row = all.iter().find(|(key, _)| *key == key::block(middle)).expect("there").clone();
    let personal = some(&all, &format!("p/{SAKURA}/"));
    let stranger = key::personal(SAKURA.parse().expect("an ID"), 4_000);
    let (customer, number) = key::place_of_personal(&personal.0).expect("a personal row");
    assert_eq!(customer.as_str(), SAKURA);
    // The last sign-ins stand at the other end, and no event names them.
    let personal = match number {
        u32::MAX => {
            let before = all.iter().rposition(|(key, _)| *key < personal.0).expect("more");
            all[before].clone()
        }
        _ => personal,
    };
    let system = Stream::System;
    let beyond = key::event(&system, 1_000);
    let table: Vec<(Edit, u64, &str)> = vec![
        ((event.0.clone(), Some(with_flip(&event.1, 12))), block_of(&event), "row_changed"),
        ((event.0.clone(), None), block_of(&event), "row_missing"),
        ((middle_row.0.clone(), Some(with_flip(&middle_row.1, 50))), middle, "block_changed"),
        ((middle_row.0.clone(), None), middle, "block_missing"),
        ((middle_row.0.clone(), Some(b"rubbish".to_vec())), middle, "block_malformed"),
        ((last.0.clone(), Some(with_flip(&last.1, 50))), tip, "head"),
        ((last.0.clone(), None), tip, "head"),
        (
            (personal.0.clone(), Some(with_flip(&personal.1, 20))),
            block_of(&personal),
            "personal_changed",
        ),
        ((personal.0.clone(), None), block_of(&personal), "personal_missing"),
        ((stranger, Some(personal.1.clone())), block_of(&personal), "personal_unknown"),
        ((beyond, Some(record::encode(2, b"{}"))), 2, "row_unclosed"),
    ];
    for ((key, row), block, kind) in table {
        let damaged = tempfile::tempdir().expect("a folder");
        copy_folder(folder.path(), damaged.path());
        let edited = raw(damaged.path(), |db| match row {
            Some(row) => db.insert(&key, row),
            None => db.remove(&key),
        });
        edited.expect("edits");
        let before = rows(damaged.path());
        let found = report(damaged.path());
        assert_eq!(found["first_broken_block"], json!(block), "{kind}: {found}");
        let first = &found["faults"][0];
        assert_eq!((&first["block"], &first["kind"]), (&json!(block), &json!(kind)), "{found}");
        let said = verify_offline(damaged.path(), &[]);
        let head = format!("broken: the first broken block is {block}\n");
        assert!(said.code == Some(1) && said.out.starts_with(&head), "{kind}: {said:?}");
        assert!(rows(damaged.path()) == before, "{kind}: a look mends nothing");
    }
}

#[test]
fn a_head_that_was_changed_or_is_missing_is_told() {
    let folder = filled();
    let head = folder.path().join("store/head");
    let text = std::fs::read_to_string(&head).expect("a head");
    std::fs::write(&head, text.replacen("linepass-head-1 ", "linepass-head-1 1", 1))
        .expect("writes");
    let found = report(folder.path());
    assert_eq!((&found["faults"][0]["kind"], &found["whole"]), (&json!("head"), &json!(false)));
    assert!(found["faults"][0]["what"].as_str().is_some_and(|what| what.contains("its MAC")));
    std::fs::remove_file(&head).expect("removes");
    assert_eq!(report(folder.path())["faults"][0]["what"], "the head file is missing");
}

#[test]
fn a_flipped_byte_in_the_middle_of_the_file_is_noticed() {
    let folder = filled();
    let all = rows(folder.path());
    let last = some(&all, "b/");
    let middle = key::number_of_block(&last.0).expect("a block") / 2;
    let row = all.iter().find(|(key, _)| *key == key::block(middle)).expect("there").1.clone();
    let file = folder.path().join("store/sled/db");
    let mut bytes = std::fs::read(&file).expect("reads");
    // The hash of the block before stands in this block alone; the engine may have old copies.
    let wanted = &Block::decode(middle, &row).expect("a block").previous;
    let places: Vec<usize> = bytes
        .windows(wanted.len())
        .enumerate()
        .filter_map(|(place, window)| (window == wanted).then_some(place))
        .collect();
    assert!(!places.is_empty(), "the engine keeps rows as they are");
    for place in places {
        bytes[place] ^= 1;
    }
    std::fs::write(&file, bytes).expect("writes");
    let ended = verify_offline(folder.path(), &[]);
    // The engine reads no such file at all, so no row of it can be named.
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    let place = format!("the store is damaged at {}/store/sled: ", folder.path().display());
    assert!(ended.err.contains(&place) && ended.err.contains("restore a backup"), "{ended:?}");
}

/// So many blocks more, each of an entry without events.
fn lengthen(folder: &Path, blocks: u64) {
    let master = MasterKey::load(&folder.join("master.key")).expect("the master key");
    let options = SledOptions {
        folder: folder.join("store"),
        head_key: master.derive("linepass/store/head/v1"),
        cache_bytes: 1 << 24,
        flush_every_ms: 500,
        min_free_space_bytes: 0,
        read_threads: 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = SledStore::open(&options).expect("the store");
        let last = store.last_seq(&Stream::System).await.expect("reads");
        for last in last..last + blocks {
            let at = Instant::from_micros(1_790_000_000_000_000);
            let events: Vec<SystemEvent> = Vec::new();
            let entry = Entry { at, by: By::System, request_id: None, events };
            let batch = Batch::event(Stream::System, last, record::to_json(&entry));
            store.commit(vec![batch], at).await.expect("commits");
        }
        store.close().await.expect("closes");
    });
}

#[test]
fn damage_older_than_what_a_start_checks_is_found_beside_the_server_s_work() {
    let folder = filled();
    lengthen(folder.path(), 1_050);
    // The time of an old block: nothing but the next block's link holds it.
    raw(folder.path(), |db| {
        let old = db.get(key::block(3)).expect("reads").expect("there");
        db.insert(key::block(3), with_flip(&old, 50)).expect("edits");
    });
    let offline = report(folder.path());
    assert_eq!((&offline["first_broken_block"], &offline["fault_count"]), (&json!(3), &json!(1)));
    let demo = Demo::with(&options(folder.path()));
    let operator = Operator::of(&demo);
    let said = operator.run(&["audit", "verify"]);
    let text = String::from_utf8(said.stdout.clone()).expect("text");
    let head = "broken: the first broken block is 3\n  block 3: it was changed: block 4 follows";
    assert!(said.status.code() == Some(1) && text.starts_with(head), "{said:?}");
    // The server goes on with its work.
    buy(&demo, "tsubaki1");
    assert!(demo.log().contains("the audit found the journal broken"));
}

/// The head vouches for the blocks up to the one that it names. Opening raises it to the last one that
/// another follows; the very last may be torn, and nothing vouches for it.
#[test]
fn a_block_beyond_the_head_is_told() {
    let folder = filled();
    assert_eq!(report(folder.path())["beyond_head"], 0);
    let head = folder.path().join("store/head");
    let before = std::fs::read(&head).expect("the head");
    lengthen(folder.path(), 3);
    assert_eq!(report(folder.path())["beyond_head"], 0);
    std::fs::write(&head, before).expect("writes");
    let told = report(folder.path());
    assert_eq!((&told["beyond_head"], &told["whole"]), (&json!(1), &json!(true)), "{told}");
    let said = verify_offline(folder.path(), &[]);
    let line = "1 block beyond the head is vouched for by nobody\n";
    assert!(said.code == Some(0) && said.out.ends_with(line), "{said:?}");
}

/// A server that is started again knows nothing of the walk that it was asked for before.
#[test]
fn a_walk_that_the_server_has_lost_is_no_broken_journal() {
    let demo = Demo::start();
    let answers = ["running", "running", "never"].map(|state| json!({ "state": state }));
    for json in [&[][..], &["--json"]] {
        let mut command = linepass(&[&["audit", "verify"], json].concat());
        command.env("LINEPASS_OPERATOR_URL", answering(answers.to_vec()));
        command.env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"));
        let ended = run(&mut command);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.contains("begin again") && !ended.err.contains("broken"), "{ended:?}");
    }
}

/// A line whose rows are damaged keeps no other line's unpaid bills from being listed.
#[test]
fn a_line_that_cannot_be_read_is_named_and_the_list_goes_on() {
    const DAMAGED: &str = "CAF0000900001";
    let folder = filled();
    let mut demo = Demo::with(&options(folder.path()));
    let fields = json!({
        "customer_id": DAMAGED, "service": "hikari_next", "line_limit_yen": "30000",
        "access_key": "10000001",
    });
    let rows = json!({ "reason": "order 118", "rows": [{ "line": 1, "fields": fields }] });
    let told = Operator::of(&demo).change("POST", "/lines/import", &rows);
    assert_eq!(told["opened"], 1, "{told}");
    assert!(demo.terminate().success());
    lengthen(folder.path(), 1_050);
    let event = key::event(&DAMAGED.parse().expect("a stream"), 1);
    raw(folder.path(), |db| {
        let row = db.get(&event).expect("reads").expect("there");
        db.insert(&event, with_flip(&row, 20)).expect("edits");
    });
    let demo = Demo::with(&options(folder.path()));
    let operator = Operator::of(&demo);
    let listed = operator.run(&["overdue", "list", "--json"]);
    let told: Value = serde_json::from_slice(&listed.stdout).expect("one object");
    assert_eq!(told, json!({ "lines": [], "unreadable": [DAMAGED] }));
    assert_eq!(listed.status.code(), Some(1));
    let err = String::from_utf8_lossy(&listed.stderr);
    assert!(err.contains(&format!("{DAMAGED} cannot be read")), "{err}");
}

fn show(operator: &Operator, arguments: &[&str]) -> Value {
    let shown = operator.run(&[&["audit", "show", "--json"], arguments].concat());
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    serde_json::from_slice(&shown.stdout).expect("one object")
}

#[test]
fn who_changed_what_and_why_is_shown_before_and_after_and_nothing_personal() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    buy(&demo, "sakura01");
    operator.restrict(SAKURA, "company");
    operator.lift(SAKURA, "company");
    let all = show(&operator, &["--line", SAKURA, "-n", "200"]);
    let entries = all["entries"].as_array().expect("entries");
    let last = all["last"].as_u64().expect("a number");
    assert_eq!((entries.len() as u64, &all["next"]), (last, &Value::Null));
    let [.., restricted, lifted] = entries.as_slice() else { panic!("{all}") };
    let since = &restricted["at"];
    assert_eq!(
        restricted["by"],
        json!({ "who": "operator", "name": "admin", "reason": "form 2026-11-27/31" })
    );
    assert!(restricted["request_id"].is_string() && since.is_string(), "{restricted}");
    assert_eq!(restricted["events"][0]["event"], "barrier_raised");
    let field = "barriers.company_stop";
    let changed = restricted["changed"].as_array().expect("changes");
    assert!(
        changed.contains(&json!({ "field": field, "before": null, "after": since })),
        "{restricted}"
    );
    let changed = lifted["changed"].as_array().expect("changes");
    assert!(
        changed.contains(&json!({ "field": field, "before": since, "after": null })),
        "{lifted}"
    );
    assert!(entries[0]["changed"].is_null(), "what no operator did is its events alone");
    for personal in ["sakura01", "sakura02", "argon2", "@"] {
        assert!(!all.to_string().contains(personal), "{personal}: {all}");
    }

    // Pages: the last ones, and from a number on.
    let page = show(&operator, &["--line", SAKURA, "-n", "2"]);
    assert_eq!(page["entries"], json!([restricted, lifted]));
    let page = show(&operator, &["--line", SAKURA, "--from", "1", "-n", "1"]);
    assert_eq!((&page["entries"], &page["next"]), (&json!([entries[0]]), &json!(2)));

    let pretty = operator.run(&["audit", "show", "--line", SAKURA]);
    let text = String::from_utf8(pretty.stdout).expect("text");
    assert!(text.contains("operator admin: form 2026-11-27/31"), "{text}");
    assert!(text.contains("    changed barriers.company_stop: null → 20"), "{text}");
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(at("barrier_raised") < at("barrier_lifted"), "newest last");

    let provider = show(&operator, &["--provider", "b-sha"]);
    assert_eq!(provider["entries"][0]["events"][0]["event"], "provider_registered");
    let system = show(&operator, &["--system", "--from", "1"]);
    assert!(system["entries"][0]["at"].is_string(), "{system}");
}

#[test]
fn what_does_not_exist_is_4_and_a_wrong_line_is_2() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let table: [(&[&str], i32, &str); 9] = [
        (&["show", "--line", "CAF0000099999"], 4, "there is no line"),
        (&["show", "--provider", "nobody"], 4, "there is no provider"),
        (&["show"], 2, "required"),
        (&["show", "--line", SAKURA, "--system"], 2, "cannot be used with"),
        (&["show", "--line", "sakura"], 2, "three capital letters"),
        (&["show", "--system", "--from", "0"], 2, "1.."),
        (&["show", "--system", "-n", "201"], 2, "1..=200"),
        (&["verify", "--store", "/tmp"], 2, "--offline"),
        (&["verify", "--offline", "--config", "/nowhere.toml"], 1, "/nowhere.toml"),
    ];
    for (arguments, code, said) in table {
        let ended = operator.run(&[&["audit"], arguments].concat());
        let err = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
    let unknown = operator.get("/audit/entries?line=CAF0000099999");
    assert_eq!((unknown.status, &unknown.json()["code"]), (404, &json!("unknown_line")));
    for (query, said) in [
        ("", "one of line, provider and system"),
        ("?line=CAF0000012573&system=true", "one of line, provider and system"),
        ("?system=true&n=0", "n: must be 1 to 200"),
        ("?system=true&from=0", "from: must be 1 or more"),
        ("?system=true&colour=red", "colour"),
    ] {
        let refused = operator.get(&format!("/audit/entries{query}"));
        assert_eq!(refused.status, 422, "{query}: {refused:?}");
        assert!(refused.body.contains(said), "{query}: {refused:?}");
    }
    // A folder without a store is not made into one.
    let folder = tempfile::tempdir().expect("a folder");
    let ended = verify_offline(folder.path(), &[]);
    let told =
        format!("linepass: --store {}/store: there is no such folder; ", folder.path().display());
    assert!(ended.code == Some(1) && ended.err.starts_with(&told), "{ended:?}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 0);
}
