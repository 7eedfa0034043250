//! `linepass line import` against the real binary: what it opens, updates, leaves and refuses, what
//! it says of each, and the first sign-in with an imported access key (R-057 to R-059).

mod common;

use common::{
    Demo,
    door::decisions,
    operator::{Operator, SAKURA, answering_or_not, internal_problem},
    portal::{Household, access_key},
};
use linepass::{
    security::MasterKey,
    store::{
        PersonalRow, Store, Stream,
        record::{self, Personal},
        sled_store::{SledOptions, SledStore},
    },
};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const HEADER: &str = "customer_id,service,billing,line_limit_yen,networks,access_key,contractor,\
                      phone,mail,billing_number,start_date";

/// A good row; a line of no sample.
fn row(number: u32, mail: &str) -> String {
    format!(
        "CAF00009{number:05},hikari_next,telephone,30000,2001:db8:{number:x}::/56,{},西日本 花子,\
         06-1234-5678,{mail},0612345678,2026-12-01",
        10_000_000 + number
    )
}

struct Desk {
    demo: Demo,
    operator: Operator,
    folder: tempfile::TempDir,
}

/// Exit code, standard output, standard error.
type Ran = (Option<i32>, String, String);

impl Desk {
    fn start() -> Self {
        let demo = Demo::start();
        let operator = Operator::of(&demo);
        Self { demo, operator, folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self, name: &str, lines: &[String]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, lines.join("\n") + "\n").expect("written");
        path
    }

    fn csv(&self, name: &str, rows: &[String]) -> PathBuf {
        self.file(name, &[&[HEADER.to_owned()], rows].concat())
    }

    fn import(&self, file: &Path, more: &[&str]) -> Ran {
        let file = file.display().to_string();
        let fixed = ["line", "import", &file, "--reason", "order 118"];
        let output = self.operator.run(&[&fixed, more].concat());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn import_json(&self, file: &Path, more: &[&str]) -> (Option<i32>, Value) {
        let (code, out, talk) = self.import(file, &[&["--json"], more].concat());
        assert_eq!(out.lines().count(), 1, "{out} {talk}");
        (code, serde_json::from_str(&out).expect("JSON"))
    }

    /// The durable block: what any change moves.
    fn block(&self) -> u64 {
        let health = common::Http::new().get(&format!("{}/healthz", self.operator.url), &[]);
        health.json()["durable_block"].as_u64().expect("a number")
    }
}

fn counts(told: &Value) -> [u64; 6] {
    ["rows", "opened", "updated", "unchanged", "refused", "malformed"]
        .map(|field| told[field].as_u64().expect("a number"))
}

#[test]
fn good_rows_are_opened_once_and_the_same_file_again_changes_nothing_r_059() {
    let desk = Desk::start();
    let file = desk.csv("lines.csv", &[row(1, "a@example.jp"), row(2, "b@example.jp")]);
    let before = desk.block();
    let (code, told) = desk.import_json(&file, &["--dry-run"]);
    assert_eq!((code, counts(&told)), (Some(0), [2, 2, 0, 0, 0, 0]), "{told}");
    assert_eq!(desk.block(), before, "--dry-run writes nothing");
    assert_eq!(desk.operator.get("/lines/CAF0000900001").status, 404);

    let (code, out, talk) = desk.import(&file, &[]);
    assert_eq!((code, talk.as_str()), (Some(0), ""));
    assert_eq!(out, "2 rows: 2 opened, 0 updated, 0 unchanged, 0 refused, 0 malformed\n");
    let line = desk.operator.get("/lines/CAF0000900001").json();
    assert_eq!((&line["service"], &line["line_limit_yen"]), (&json!("hikari_next"), &json!(30000)));

    let before = desk.block();
    let (code, told) = desk.import_json(&file, &[]);
    assert_eq!((code, counts(&told)), (Some(0), [2, 0, 0, 2, 0, 0]), "{told}");
    assert_eq!(desk.block(), before, "the same file writes nothing");

    // What differs is set, the same in the other form; a column that is not there is not touched.
    let changed = json!({
        "customer_id": "CAF0000900002", "mail": "new@example.jp", "line_limit_yen": 40000,
        "billing": "combined", "networks": ["2001:db8:2::/64", "198.51.100.7"],
    });
    let file = desk.file("changed.jsonl", &[changed.to_string(), String::new()]);
    let (code, told) = desk.import_json(&file, &[]);
    assert_eq!((code, counts(&told)), (Some(0), [1, 0, 1, 0, 0, 0]), "{told}");
    let line = desk.operator.get("/lines/CAF0000900002").json();
    assert_eq!(line["line_limit_yen"], 40000);
    let (_, told) = desk.import_json(&file, &[]);
    assert_eq!(counts(&told), [1, 0, 0, 1, 0, 0]);
    let imported = decisions(&desk.demo, "import_lines", 4);
    assert_eq!(imported.len(), 4, "the rehearsal is no decision");
    assert!(!desk.demo.log().contains("example.jp"), "no personal data in the log");
}

#[test]
fn each_bad_row_is_named_with_its_line_and_the_good_ones_are_kept() {
    let desk = Desk::start();
    let rows = [
        row(1, "a@example.jp"),
        row(2, "no-address"),
        "CAF0000900003,hikari_next".to_owned(),
        row(4, "d@example.jp").replace("CAF00009", "GAF0009"),
        row(5, "e@example.jp").replace("hikari_next", "adsl"),
        row(6, "f@example.jp").replace("2001:db8:6::/56", "2001:db8::/32"),
        row(7, "g@example.jp"),
        row(8, "h@example.jp").replace("10000008", ""),
    ];
    let file = desk.csv("lines.csv", &rows);
    let (code, out, talk) = desk.import(&file, &[]);
    assert_eq!(code, Some(1), "{out} {talk}");
    assert_eq!(out, "8 rows: 2 opened, 0 updated, 0 unchanged, 0 refused, 6 malformed\n");
    for expected in [
        "3: mail: must be an address",
        "4: row: must have the header's 11 fields, and has 2",
        "5: customer_id: must be three capital letters and ten digits",
        "6: service: must be hikari_next",
        "7: networks: 2001:db8::/32 is wider",
        "9: access_key: must be given for a new line",
    ] {
        assert!(talk.contains(expected), "{expected}: {talk}");
    }
    assert_eq!(talk.lines().count(), 6, "{talk}");
    assert!(!talk.contains("no-address"), "what was typed may be personal: {talk}");
    assert_eq!(desk.operator.get("/lines/CAF0000900007").status, 200);

    let (code, told) = desk.import_json(&file, &[]);
    assert_eq!((code, counts(&told)), (Some(1), [8, 0, 0, 2, 0, 6]));
    let bad = told["told"].as_array().expect("a list");
    assert_eq!(bad.len(), 6, "{told}");
    let mail = bad.iter().find(|row| row["line"] == 3).expect("line 3");
    assert_eq!((&mail["outcome"], &mail["column"]), (&json!("malformed"), &json!("mail")));
}

#[test]
fn what_a_rule_refuses_is_code_3_and_files_that_are_none_are_code_1() {
    let desk = Desk::start();
    let other = row(1, "a@example.jp").replace("hikari_next", "hikari_light");
    desk.import(&desk.csv("first.csv", &[row(1, "a@example.jp")]), &[]);
    let (code, _, talk) = desk.import(&desk.csv("other.csv", &[other]), &[]);
    assert_eq!(code, Some(3), "{talk}");
    assert_eq!(
        talk,
        "2: CAF0000900001: the service of an open line cannot change; transfer the line instead\n"
    );
    let before = desk.block();
    let unknown = desk.file("unknown.csv", &["customer_id,nickname".to_owned(), "x,y".to_owned()]);
    let (code, out, talk) = desk.import(&unknown, &[]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(talk.contains("header: nickname: is no column; wanted are customer_id"), "{talk}");
    let (code, _, talk) = desk.import(&desk.folder.path().join("none.csv"), &[]);
    assert_eq!((code, talk.contains("none.csv")), (Some(1), true), "{talk}");
    let unknown = desk.file("unknown.jsonl", &[json!({ "nickname": "x" }).to_string()]);
    let (code, _, talk) = desk.import(&unknown, &[]);
    assert!(code == Some(1) && talk.starts_with("1: nickname: is no column"), "{talk}");
    // A wrong way to say why is usage.
    let output = desk.operator.run(&["line", "import", "x.csv"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(desk.block(), before);
}

#[test]
fn the_file_can_come_from_standard_input_and_say_a_line_twice() {
    let desk = Desk::start();
    let row = |mail: &str| {
        json!({
            "customer_id": "CAF0000900001", "service": "hikari_next", "line_limit_yen": 30000,
            "access_key": "12345678", "mail": mail,
        })
    };
    let text = format!("{}\n{}\n", row("a@example.jp"), row("b@example.jp"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_linepass"));
    command.args(["line", "import", "-", "--format", "jsonl", "--reason", "r", "--json"]);
    command.env("LINEPASS_OPERATOR_URL", &desk.operator.url);
    command.env("LINEPASS_OPERATOR_TOKEN_FILE", desk.demo.text("/operator_token_file"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("ends");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), counts(&told)), (Some(0), [2, 1, 1, 0, 0, 0]), "{told}");
}

/// The access key's row of a line in a stopped demo's store.
fn kept_access_key(folder: &Path, customer: &str) -> String {
    let master = MasterKey::load_or_create(&folder.join("master.key")).expect("the master key");
    let options = SledOptions {
        folder: folder.join("store"),
        head_key: master.derive("linepass/store/head/v1"),
        cache_bytes: 1 << 20,
        flush_every_ms: 500,
        min_free_space_bytes: 0,
        read_threads: 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = SledStore::open(&options).expect("the store");
        let stream = Stream::Line(customer.parse().expect("an ID"));
        let rows = store.events(&stream, 0, 256).await.expect("the journal");
        let row = rows.iter().rev().find_map(|row| {
            let entry: Value = record::from_json("a row", &row.entry).expect("JSON");
            let events = entry["events"].as_array().expect("events").clone();
            events.iter().find_map(|event| event["access_key"]["row"].as_u64())
        });
        let row = u32::try_from(row.expect("a row")).expect("small");
        let Some(PersonalRow { data: Personal::AccessKey { hash }, .. }) =
            store.personal(customer.parse().expect("an ID"), row).await.expect("reads")
        else {
            panic!("no access key at {row}")
        };
        hash
    })
}

/// In rows as well as in bytes.
#[test]
fn a_file_larger_than_one_request_is_taken_whole_r_059() {
    let desk = Desk::start();
    let many: Vec<_> = (1..=2_500).map(|number| row(number, "a@example.jp")).collect();
    let (code, told) = desk.import_json(&desk.csv("many.csv", &many), &[]);
    assert_eq!((code, counts(&told)), (Some(0), [2_500, 2_500, 0, 0, 0, 0]), "{told}");
}

/// What was answered stays counted, the rest can come again: whoever ran it must know that it is not done.
#[test]
fn an_import_that_breaks_in_its_midst_fails_and_tells_how_far_it_came_r_059() {
    let mut desk = Desk::start();
    let many: Vec<_> = (1..=2_500).map(|number| row(number, "a@example.jp")).collect();
    let file = desk.csv("many.csv", &many);
    let first = || Some(json!({ "rows": [], "opened": 998, "updated": 1, "unchanged": 1 }));
    let opened = "1000 rows: 998 opened, 1 updated, 1 unchanged, 0 refused, 0 malformed\n";
    for (breaks, said) in [
        (Some(internal_problem()), "something of ours failed"),
        (None, "does not answer: the connection was closed before an answer"),
    ] {
        desk.operator.url = answering_or_not(vec![first(), breaks.clone()]);
        let (code, out, talk) = desk.import(&file, &[]);
        assert_eq!((code, out.as_str()), (Some(1), opened), "{talk}");
        assert!(talk.contains(said), "{talk}");
        assert!(talk.ends_with("; what was done stays, and the same file can be imported again\n"));

        desk.operator.url = answering_or_not(vec![first(), breaks]);
        let (code, told) = desk.import_json(&file, &[]);
        assert_eq!((code, counts(&told)), (Some(1), [1_000, 998, 1, 1, 0, 0]), "{told}");
        assert!(told["failed"].as_str().is_some_and(|failed| failed.contains(said)), "{told}");
    }
}

#[test]
fn an_imported_key_signs_in_and_is_then_kept_by_a_slow_hash_r_058() {
    let mut desk = Desk::start();
    let file = desk.csv("lines.csv", &[row(1, "a@example.jp"), row(2, "b@example.jp")]);
    assert_eq!(desk.import(&file, &[]).0, Some(0));
    let household = Household::at(desk.demo.issuer());
    let wrong = household.sign_in("CAF0000900001", "10000002");
    assert_eq!(wrong.status, 403);
    household.enter("CAF0000900001", "10000001");
    decisions(&desk.demo, "upgrade_hash", 1);
    // With the slow hash in place it opens as before, and a second import leaves it.
    Household::at(desk.demo.issuer()).enter("CAF0000900001", "10000001");
    let (code, told) = desk.import_json(&file, &["--replace-access-keys"]);
    assert_eq!((code, counts(&told)), (Some(0), [2, 0, 0, 2, 0, 0]), "{told}");
    household.see("");
    assert!(desk.demo.terminate().success());
    let slow = kept_access_key(desk.demo.folder(), "CAF0000900001");
    assert!(slow.starts_with("$argon2id$"), "{slow}");
    let keyed = kept_access_key(desk.demo.folder(), "CAF0000900002");
    assert!(keyed.starts_with("$linepass-hmac$v1$"), "{keyed}");
}

#[test]
fn another_key_is_kept_unless_it_is_to_be_replaced_and_then_ends_sessions() {
    let desk = Desk::start();
    let first = desk.csv("first.csv", &[row(1, "a@example.jp")]);
    desk.import(&first, &[]);
    let other = row(1, "a@example.jp").replace("10000001", "87654321");
    let other = desk.csv("other.csv", &[other]);
    let (code, out, talk) = desk.import(&other, &[]);
    assert_eq!(code, Some(0), "{talk}");
    assert!(talk.contains("2: access_key: another one than the line's own, which was kept"));
    assert!(out.contains("1 unchanged") && out.contains("--replace-access-keys"), "{out}");
    let household = Household::at(desk.demo.issuer());
    household.enter("CAF0000900001", "10000001");
    decisions(&desk.demo, "upgrade_hash", 1);
    let (code, told) = desk.import_json(&other, &["--replace-access-keys"]);
    assert_eq!((code, counts(&told)), (Some(0), [1, 0, 1, 0, 0, 0]), "{told}");
    assert_eq!(told["told"][0]["access_key"], "replaced");
    assert_eq!(household.open("").status, 303, "the session is over");
    let household = Household::at(desk.demo.issuer());
    assert_eq!(household.sign_in("CAF0000900001", "10000001").status, 403);
    household.enter("CAF0000900001", "87654321");
}

#[test]
fn a_hash_made_elsewhere_is_taken_at_a_bearable_cost_alone() {
    let desk = Desk::start();
    let line = |number: u32, hash: &str| {
        json!({
            "customer_id": format!("CAF00009{number:05}"), "service": "hikari_next",
            "line_limit_yen": 30000, "access_key_hash": hash,
        })
        .to_string()
    };
    // phc-winner-argon2, its test for version 0x13: password "password", salt "somesalt".
    let good =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let file = desk.file(
        "lines.jsonl",
        &[
            line(1, good),
            line(2, &good.replace("m=256", "m=1048576")),
            line(3, &good.replace("argon2id", "argon2i")),
        ],
    );
    let (code, out, talk) = desk.import(&file, &[]);
    assert_eq!(code, Some(1), "{out}");
    assert!(talk.contains("2: access_key_hash: must be an Argon2id PHC string"), "{talk}");
    assert!(talk.contains("3: access_key_hash: must be an Argon2id PHC string"), "{talk}");
    Household::at(desk.demo.issuer()).enter("CAF0000900001", "password");
}

#[test]
fn an_import_takes_a_prefix_from_its_owner_and_says_so_security_57() {
    let desk = Desk::start();
    desk.import(&desk.csv("first.csv", &[row(1, "a@example.jp")]), &[]);
    let second = row(2, "b@example.jp").replace("2001:db8:2::/56", "2001:db8:1::/64");
    let file = desk.csv("second.csv", &[second]);
    let (_, _, talk) = desk.import(&file, &["--dry-run"]);
    assert_eq!(talk, "2: networks: would take 2001:db8:1::/56 from CAF0000900001\n");
    let (code, told) = desk.import_json(&file, &[]);
    assert_eq!(code, Some(0));
    let taken = json!([{ "customer_id": "CAF0000900001", "networks": ["2001:db8:1::/56"] }]);
    assert_eq!(told["told"][0]["taken_from"], taken, "{told}");
    // The sample line is untouched, its key too.
    Household::at(desk.demo.issuer()).enter(SAKURA, access_key(&desk.demo, SAKURA));
}
