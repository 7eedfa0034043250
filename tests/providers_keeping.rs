//! `linepass provider` and `linepass service` against the real binary: registered, a purchase made
//! through it, secrets rotated without a gap, suspended (R-001, R-006 to R-008).

mod common;

use common::{Demo, Http, Provider, operator::Operator, order, unique};
use serde_json::{Value, json};
use std::{os::unix::fs::PermissionsExt, path::Path};

type Ran = (Option<i32>, String, String);

fn run(operator: &Operator, arguments: &[&str]) -> Ran {
    let output = operator.run(arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn secret(path: &Path) -> String {
    let mode = std::fs::metadata(path).expect("there").permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    std::fs::read_to_string(path).expect("a secret").trim().to_owned()
}

const REDIRECT: &str = "https://shop.example/callback";

/// The status of a push of one order of the catalogue.
fn push(demo: &Demo, client_secret: &str) -> u16 {
    let provider = Provider {
        issuer: demo.issuer().to_owned(),
        client_id: "c-sha".to_owned(),
        client_secret: client_secret.to_owned(),
        redirect_uri: REDIRECT.to_owned(),
        http: Http::new(),
    };
    let details = order(&unique(), "pack", 1, 500);
    provider.push_form(&provider.parameters(Some(&details))).status
}

#[test]
fn a_provider_is_registered_sells_changes_its_secret_and_is_suspended() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (first, second) = (at("first.secret"), at("second.secret"));
    let add = |file: &str, more: &[&str]| {
        let fixed = [
            "provider",
            "add",
            "c-sha",
            "--name",
            "C社",
            "--redirect-uri",
            REDIRECT,
            "--contact-phone",
            "0120-000-000",
            "--secret-file",
            file,
            "--reason",
            "contract 118",
        ];
        run(&operator, &[&fixed, more].concat())
    };
    let (code, out, talk) = add(&first, &["--dry-run"]);
    assert_eq!((code, Path::new(&first).exists()), (Some(0), false), "{talk}");
    assert!(out.starts_with("Nothing was changed; it would be:\nc-sha  C社\n"), "{out}");
    assert_eq!(run(&operator, &["provider", "show", "c-sha"]).0, Some(4));

    let (code, out, talk) = add(&first, &[]);
    assert_eq!((code, talk.as_str()), (Some(0), ""));
    let one = secret(Path::new(&first));
    assert!(!out.contains(&one) && !demo.log().contains(&one) && one.len() == 43, "{out}");
    let (code, _, talk) = add(&second, &[]);
    assert_eq!((code, Path::new(&second).exists()), (Some(3), false), "{talk}");

    // A catalogue by a file, rehearsed first; then by options.
    let file = at("catalogue.toml");
    let toml = "[[services]]\nservice = \"pack\"\nname = \"見放題\"\nkind = \"monthly\"\n\
                unit_price_yen = 500\n";
    std::fs::write(&file, toml).expect("written");
    let list = |more: &[&str]| {
        let fixed = ["service", "add", "c-sha", &file, "--reason", "autumn"];
        run(&operator, &[&fixed, more].concat())
    };
    assert_eq!(push(&demo, &one), 400, "nothing is sold yet");
    assert_eq!(list(&["--dry-run"]).0, Some(0));
    assert_eq!(push(&demo, &one), 400);
    let (code, out, _) = list(&[]);
    assert_eq!(code, Some(0));
    assert!(out.contains("  pack  見放題  500 yen a month\n"), "{out}");
    assert_eq!(push(&demo, &one), 201);
    let (_, out, _) = list(&["--json"]);
    assert_eq!(serde_json::from_str::<Value>(&out).expect("JSON")["changes"], 0);

    // Two secrets stand beside each other until the old one is retired.
    let rotate = |more: &[&str]| {
        let fixed = ["provider", "rotate-secret", "c-sha", "--reason", "yearly"];
        run(&operator, &[&fixed, more].concat())
    };
    assert_eq!(rotate(&["--retire-old"]).0, Some(3), "only one stands");
    assert_eq!(rotate(&[]).0, Some(2), "neither of the two");
    assert_eq!(rotate(&["--secret-file", &second]).0, Some(0));
    let two = secret(Path::new(&second));
    // What is there is not written over, and a rehearsal says so, too.
    for more in [&["--secret-file", &first][..], &["--secret-file", &first, "--dry-run"]] {
        let (code, _, talk) = rotate(more);
        assert!(code == Some(3) && talk.contains("nothing was changed"), "{talk}");
    }
    assert_eq!(secret(Path::new(&first)), one);
    assert_eq!((push(&demo, &one), push(&demo, &two)), (201, 201));
    assert_eq!(rotate(&["--secret-file", &at("third.secret")]).0, Some(3));
    assert_eq!(rotate(&["--retire-old"]).0, Some(0));
    assert_eq!((push(&demo, &one), push(&demo, &two)), (401, 201));

    // Suspended and resumed; a service retired.
    let set = |more: &[&str]| {
        let fixed = ["provider", "set", "c-sha", "--reason", "case 4"];
        run(&operator, &[&fixed, more].concat())
    };
    assert_eq!(set(&["--suspend"]).0, Some(0));
    assert_ne!(push(&demo, &two), 201);
    let (_, out, _) = run(&operator, &["provider", "list"]);
    assert!(out.contains("c-sha  C社  1 services  suspended\n"), "{out}");
    assert_eq!(set(&["--suspend"]).0, Some(3));
    assert_eq!(set(&["--resume", "--name", "新C社"]).0, Some(0));
    assert_eq!(push(&demo, &two), 201);
    let retire =
        |service| run(&operator, &["service", "retire", "c-sha", service, "--reason", "over"]).0;
    assert_eq!((retire("pack"), retire("pack"), retire("other")), (Some(0), Some(3), Some(4)));
    assert_eq!(push(&demo, &two), 400);
    let (_, out, _) = run(&operator, &["service", "list", "c-sha"]);
    assert_eq!(out, "  pack  見放題  500 yen a month  retired\n");
}

#[test]
fn what_cannot_be_taken_names_its_field_and_makes_no_secret() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret").display().to_string();
    for (uri, name, told) in [
        ("http://shop.example/cb", "C社", "redirect_uris: redirect_uri: must be https"),
        ("https://shop.example/cb#f", "C社", "must have no fragment"),
        (REDIRECT, " ", "name: must be 1 to 40 characters"),
    ] {
        let arguments = [
            "provider",
            "add",
            "c-sha",
            "--name",
            name,
            "--redirect-uri",
            uri,
            "--secret-file",
            &file,
            "--reason",
            "r",
        ];
        let (code, out, talk) = run(&operator, &arguments);
        assert_eq!((code, out.as_str()), (Some(3), ""), "{talk}");
        assert!(talk.contains(told) && !Path::new(&file).exists(), "{talk}");
    }
    let bad = folder.path().join("bad.json");
    for (content, told, exit) in [
        (
            json!({ "services": [{ "service": "a", "name": "A", "kind": "monthly" }] }),
            "services[0].unit_price_yen: must be given",
            3,
        ),
        (
            json!({ "services": [{ "service": "a b", "name": "A", "kind": "per_use" }] }),
            "services[0].service: 1 to 64 letters",
            3,
        ),
        // The file cannot be read as a catalogue: nobody is asked.
        (json!({ "services": [{ "service": "a", "nom": "A", "kind": "per_use" }] }), "nom", 1),
        (json!({ "services": [] }), "services: must be 1 to 1000", 3),
        (json!({ "services": catalogue(1_001) }), "services: must be 1 to 1000", 3),
    ] {
        std::fs::write(&bad, content.to_string()).expect("written");
        let path = bad.display().to_string();
        let id = demo.text("/providers/1/client_id");
        let (code, _, talk) = run(&operator, &["service", "add", id, &path, "--reason", "r"]);
        assert_eq!(code, Some(exit), "{content}");
        assert!(talk.contains(told), "{talk}");
    }
    // The largest one that is taken.
    std::fs::write(&bad, json!({ "services": catalogue(1_000) }).to_string()).expect("written");
    let (id, path) = (demo.text("/providers/1/client_id"), bad.display().to_string());
    let largest = ["service", "add", id, &path, "--reason", "r", "--json"];
    let (code, out, talk) = run(&operator, &largest);
    assert_eq!(code, Some(0), "{out}{talk}");
    assert_eq!(serde_json::from_str::<Value>(&out).expect("JSON")["changes"], 1_000);
}

fn catalogue(services: usize) -> Vec<Value> {
    let one = |number| {
        let service = format!("service-{number}");
        let (name, kind) = ("見放題の長い名前".repeat(4), "monthly");
        json!({ "service": service, "name": name, "kind": kind, "unit_price_yen": 500 })
    };
    (1..=services).map(one).collect()
}
