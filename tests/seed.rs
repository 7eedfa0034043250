//! `linepass seed`: the same data each time, in an empty store or one that it began itself; what it
//! makes is whole, and its credentials log in (checks/experience.md 41).

mod common;
mod process;
#[path = "harness/small_disk.rs"]
#[allow(dead_code, reason = "full_disk uses the rest of it")]
mod small_disk;

use common::{Browser, Demo, Http, Options, Provider, operator::Operator, order, unique};
use process::{
    Ended, Started, run,
    server::{Server, on_folder},
};
use serde_json::{Value, json};
use small_disk::SmallDisk;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, time::Instant};

type Row = (Vec<u8>, Vec<u8>);

fn rows(folder: &Path) -> Vec<Row> {
    let pair = |row: sled::Result<(sled::IVec, sled::IVec)>| {
        row.map(|(key, row)| (key.to_vec(), row.to_vec())).expect("reads")
    };
    process::with_engine(&folder.join("store"), |db| db.iter().map(pair).collect())
}

/// What follows from the arguments alone: no keys and what hangs on them.
fn made(folder: &Path) -> Vec<Row> {
    let of = |(key, _): &Row| {
        let system = key.starts_with(b"e/!");
        !system && [&b"e/"[..], b"p/", b"o/", b"w/", b"r/"].iter().any(|kind| key.starts_with(kind))
    };
    rows(folder).into_iter().filter(of).collect()
}

fn seed(folder: &Path, arguments: &str) -> Command {
    let words: Vec<&str> = ["seed"].into_iter().chain(arguments.split_whitespace()).collect();
    on_folder(&words, folder)
}

/// Runs it to its end, which must be good; what it told as JSON.
fn seeded(folder: &Path, arguments: &str) -> Value {
    let ended = run(seed(folder, arguments).arg("--json"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).expect("one object")
}

/// The chain is whole, and every invariant holds (checks/reliability.md I1 to I9).
fn assert_whole(folder: &Path) {
    for arguments in [&["audit", "verify", "--offline"][..], &["verify", "--offline"]] {
        let ended = run(&mut on_folder(arguments, folder));
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    }
}

fn assert_refused(ended: &Ended, code: i32, said: &[&str]) {
    assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{ended:?}");
    for said in said {
        assert!(ended.err.contains(said), "{said}: {ended:?}");
    }
}

fn credentials(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

#[test]
fn the_same_arguments_make_the_same_rows_and_credentials_and_another_seed_others() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let [one, two, other] = folders.each_ref().map(tempfile::TempDir::path);
    let arguments = "--lines 300 --purchases 900 --passwords 3 --credentials c.jsonl";
    let told = seeded(one, &format!("--seed 42 {arguments}"));
    assert_eq!(seeded(two, &format!("--seed 42 {arguments}")), told);
    seeded(other, &format!("--seed 43 {arguments}"));
    assert_eq!(
        (&told["lines"], &told["purchases"], &told["found_lines"]),
        (&json!(300), &json!(900), &json!(0))
    );

    let rows = made(one);
    assert!(rows == made(two), "the stores differ");
    assert!(rows != made(other), "another seed makes other rows");
    let receipts = rows.iter().filter(|(key, _)| key.starts_with(b"r/") && !key.ends_with(b"/end"));
    assert_eq!(receipts.count(), 900);
    assert_eq!(rows.iter().filter(|(key, _)| key.starts_with(b"o/")).count(), 900);
    assert_whole(one);

    let file = one.join("c.jsonl");
    let text = fs::read(&file).expect("a file");
    assert!(text == fs::read(two.join("c.jsonl")).expect("a file"), "the credentials differ");
    assert!(text != fs::read(other.join("c.jsonl")).expect("a file"));
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o7777, 0o600);
    let left = fs::read_dir(one).expect("a folder").filter_map(Result::ok);
    let left = left.filter(|entry| entry.file_name().to_string_lossy().ends_with(".unfinished"));
    assert_eq!(left.count(), 0, "no half file is left");

    let told_of = credentials(&file);
    assert_eq!(told_of[0]["kind"], "seed");
    assert_eq!((&told_of[0]["seed"], &told_of[0]["lines"]), (&json!(42), &json!(300)));
    let of_kind = |kind: &str| told_of.iter().filter(|row| row["kind"] == kind).collect::<Vec<_>>();
    let (providers, lines) = (of_kind("provider"), of_kind("line"));
    assert_eq!((providers.len(), lines.len()), (5, 300));
    assert!(lines.is_sorted_by_key(|line| line["customer_id"].as_str()));
    let ids: u64 =
        lines.iter().map(|line| line["passport_ids"].as_array().expect("IDs").len() as u64).sum();
    assert_eq!(told["passport_ids"], ids);
}

#[test]
fn a_store_of_anything_else_is_refused_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let mut demo = Demo::with(&Options { folder: Some(path), ..Options::default() });
    let busy = run(&mut seed(path, "--lines 10 --seed 1"));
    assert_refused(&busy, 1, &["in use"]);
    assert!(demo.terminate().success());
    let before = rows(path);
    let refused = run(&mut seed(path, "--lines 10 --seed 1"));
    let said = ["holds the line CAF0000012573", "no mark of synthetic data", "store.path"];
    assert_refused(&refused, 3, &said);
    assert!(rows(path) == before, "nothing was changed");

    // A store that another command of this kind filled.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    seeded(path, "--lines 20 --seed 1 --purchases 5 --passwords 1");
    let before = rows(path);
    for other in [
        "--lines 20 --seed 2 --purchases 5 --passwords 1",
        "--lines 21 --seed 1 --purchases 5 --passwords 1",
        "--lines 20 --seed 1 --purchases 6 --passwords 1",
        "--lines 20 --seed 1 --purchases 5 --passwords 2",
        "--lines 20 --seed 1 --purchases 5 --passwords 1 --spread uniform",
        "--lines 20 --seed 1 --purchases 5 --passwords 1 --until 2025-01-02T00:00:00+09:00",
    ] {
        let said = ["other arguments: --lines 20 --seed 1 --purchases 5 --spread zipf"];
        assert_refused(&run(&mut seed(path, other)), 3, &said);
    }
    // What follows from the configuration is part of what the data were made from.
    let same = "--lines 20 --seed 1 --purchases 5 --passwords 1";
    for (variable, value) in [
        ("LINEPASS__LINE__CUSTOMER_ID_PREFIXES", "CAG"),
        ("LINEPASS__PASSWORD__HASH_PASSES", "2"),
        ("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "128"),
    ] {
        let said = ["customer IDs from CAF0000000001", "hashes of 64 KiB, 1 passes and 1 lanes"];
        assert_refused(&run(seed(path, same).env(variable, value)), 3, &said);
    }
    let again = seeded(path, same);
    assert_eq!(again["found_lines"], 20);
    assert!(rows(path) == before, "the same command finds everything there");
}

#[test]
fn killed_anywhere_the_same_command_goes_on_to_the_same_store() {
    let whole = tempfile::tempdir().expect("a folder");
    let arguments = "--lines 1500 --seed 7 --purchases 1500 --passwords 1 --credentials c.jsonl";
    let began = Instant::now();
    seeded(whole.path(), arguments);
    let took = began.elapsed();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let mut killed = 0;
    for part in 1..=5 {
        let mut started = Started::spawn(&mut seed(path, arguments));
        let began = Instant::now();
        while began.elapsed() < took * part / 8 && started.runs() {
            process::server::pause();
        }
        killed += u32::from(started.runs());
        started.signal_if_running("KILL");
        started.ended();
    }
    assert!(killed > 0, "none was killed within {took:?}");
    assert!(!path.join("c.jsonl").exists() || killed < 5, "the file comes last");
    let _ = fs::remove_file(path.join("c.jsonl"));
    // A run that was killed while it wrote the file left passwords, for everybody to read by mistake.
    let unfinished = path.join("c.jsonl.unfinished");
    fs::write(&unfinished, "half of a file").expect("writes");
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o644)).expect("sets");
    let told = seeded(path, arguments);
    assert!(!unfinished.exists());
    let mode = fs::metadata(path.join("c.jsonl")).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(told["found_lines"].as_u64() > Some(0), "nothing was there before: {told}");
    // Groups are what they were, so that even the numbers of the blocks in the rows are the same.
    assert!(made(path) == made(whole.path()), "the store is another one");
    let read = |folder: &Path| fs::read(folder.join("c.jsonl")).expect("a file");
    assert!(read(path) == read(whole.path()));
    assert_whole(path);
}

#[test]
fn what_cannot_be_done_is_told_with_what_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    fs::write(path.join("c.jsonl"), "mine").expect("writes");
    let refused = |arguments: &str, code, said: &[&str]| {
        assert_refused(&run(&mut seed(path, arguments)), code, said);
        assert!(!path.join("store").exists(), "{arguments}: nothing was made");
    };
    let exists = ["--credentials: c.jsonl is there already"];
    refused("--lines 5 --seed 1 --credentials c.jsonl", 3, &exists);
    assert_eq!(fs::read_to_string(path.join("c.jsonl")).expect("reads"), "mine");
    let many = ["--purchases: 100000 are more than", "60 for each line that can buy"];
    refused("--lines 5 --seed 1 --purchases 100000", 3, &many);
    refused("--lines 5 --seed 1 --until 2099-12-31T00:00:00Z", 3, &["--until:", "in the future"]);

    let nowhere =
        ["--credentials: none/c.jsonl: No such file", "a folder that is there", "Nothing"];
    refused("--lines 5 --seed 1 --credentials none/c.jsonl", 1, &nowhere);
    refused("--lines 5 --seed 1 --credentials ..", 1, &["--credentials: ..: that names no file"]);
    refused("--lines 5 --seed 1 --credentials store/..", 1, &["names no file"]);
    refused("--lines 5 --seed 1 --config none.toml", 1, &["none.toml"]);
    for (arguments, said) in [
        ("--lines 0 --seed 1", "--lines <N>': allowed is a whole number from 1 to 10000000"),
        ("--lines 99999999999999999999 --seed 1", "--lines <N>'"),
        ("--lines 5 --seed -1", "--seed"),
        ("--lines 5 --seed 1 --passwords 257", "a whole number from 1 to 256"),
        ("--lines 5 --seed 1 --lines 6", "--lines <N>' cannot be used multiple times"),
        ("--lines 5 --seed 1 --until yesterday", "RFC 3339"),
    ] {
        refused(arguments, 2, &[said]);
    }
}

#[test]
fn a_disk_without_room_is_told_with_what_is_there() {
    let test = "a_disk_without_room_is_told_with_what_is_there";
    SmallDisk::with(test, 64, |disk| {
        let arguments = "--lines 5 --seed 1 --passwords 1";
        for there in [0, 5] {
            let mut full = seed(disk.path(), arguments);
            // More than the whole file system has.
            full.env("LINEPASS__STORE__MIN_FREE_SPACE_BYTES", "1073741824");
            let said = ["store.min_free_space_bytes", "the same command goes on"];
            let full = run(&mut full);
            assert_refused(&full, 1, &said);
            assert!(full.err.contains(&format!("{there} lines are there")), "{full:?}");
            assert_eq!(seeded(disk.path(), arguments)["found_lines"], there);
        }
    });
}

/// The first line of this kind whose first ID is so.
fn line<'a>(told: &'a [Value], state: &str, line_authentication: bool) -> &'a Value {
    let fits = |line: &&Value| {
        line["state"] == state
            && line["passport_ids"][0]["line_authentication"] == line_authentication
    };
    told.iter().find(fits).unwrap_or_else(|| panic!("{state} {line_authentication}"))
}

/// Logs in from the line's own address with an order, up to the answer of the press on 購入.
fn buy(server: &Server, told: &[Value], line: &Value) -> (u16, String) {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let seller = told.iter().find(|row| row["kind"] == "provider").expect("a provider");
    let provider = Provider {
        issuer: server.issuer.clone(),
        client_id: text(&seller["client_id"]),
        client_secret: text(&seller["client_secret"]),
        redirect_uri: text(&seller["redirect_uri"]),
        http: Http::new(),
    };
    let network = text(&line["network"]);
    let address = network.strip_suffix("/32").expect("one address");
    let own = [
        ("origin", server.issuer.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("x-forwarded-for", address),
    ];
    let browser = Browser::new(&server.issuer);
    let flow = browser.arrive(&provider.push(Some(&order(&unique(), "movie", 1, 300))));
    let (login, confirm) = (format!("{}/login", flow.path), format!("{}/confirm", flow.path));
    let id = &line["passport_ids"][0];
    let (name, password) = (text(&id["passport_id"]), text(&id["password"]));
    let csrf = browser.open(&login).csrf();
    let form = [("csrf", &*csrf), ("passport_id", &*name), ("password", &*password)];
    let logged_in = browser.post_with(&login, &own, &form);
    if logged_in.status != 303 {
        return (logged_in.status, logged_in.body);
    }
    let cookie = browser.cookie_header();
    let page = browser.http.get(
        &format!("{}{confirm}", server.issuer),
        &[("cookie", &*cookie), ("x-forwarded-for", address)],
    );
    assert_eq!(page.status, 200, "{page:?}");
    let csrf = page.csrf();
    let bought = browser.post_with(&confirm, &own, &[("csrf", &csrf), ("consent", "yes")]);
    (bought.status, bought.body)
}

#[test]
fn its_credentials_log_in_and_buy_and_the_server_knows_that_the_data_are_made_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    seeded(path, "--lines 400 --seed 5 --purchases 400 --credentials c.jsonl");
    let told = credentials(&path.join("c.jsonl"));
    let server = Server::with(path, &[("LINEPASS__SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]);
    for (state, line_authentication, answered) in [
        ("open", true, 303),
        ("open", false, 303),
        ("restricted", false, 403),
        ("stopped", false, 403),
    ] {
        let (status, body) = buy(&server, &told, line(&told, state, line_authentication));
        assert_eq!(status, answered, "{state} {line_authentication}: {body}");
    }

    let operator = Operator::at(server.url.clone(), &server.token);
    let status = operator.get("/status").json();
    let synthetic = &status["synthetic_data"];
    assert_eq!((&synthetic["seed"], &synthetic["lines"]), (&json!(5), &json!(400)));
    assert!(status["durable_block"].as_u64() > Some(1));
    let log = fs::read_to_string(&server.log).expect("a log");
    let warned = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let warned = warned.filter(|line| line["level"] == "warn" && line["lines"] == 400);
    assert_eq!(warned.count(), 1, "{log}");
    drop(server);
    assert_whole(path);
    let demo = Demo::start();
    let real = Operator::of(&demo).get("/status").json();
    assert_eq!(real["synthetic_data"], Value::Null);
}
