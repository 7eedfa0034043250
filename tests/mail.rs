//! Mails against a real SMTP server process: they arrive,
//! no answer waits for them, none is lost, and none holds a secret (security.md 47, 50, 62, 71;
//! reliability.md 23, I7).

mod common;
mod mailbox;

use common::{
    Browser, Demo, Options, anime, door,
    operator::{Operator, SAKURA},
    order, purchase, unique,
};
use mailbox::{Server, buy, listed, scraped, until};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

// ---------------------------------------------------------------------------------------------
// They arrive

#[test]
fn a_purchase_is_confirmed_in_the_applicants_language_r_114() {
    let server = Server::start();
    let demo = server.demo();
    let cases = [
        ("sakura01", "購入手続き完了", "西日本 太郎 様", "フレッツ・パスポートID: sakura01"),
        ("sakura02", "Purchase complete", "Dear 西日本 太郎,", "Passport ID: sakura02"),
    ];
    for (id, subject, dear, own) in cases {
        let (receipt, _) = buy(&demo, id);
        let mail = server.mail_with(&receipt);
        assert_eq!(mail["to"], json!([format!("{id}@example.jp")]));
        assert_eq!(mail["from"], "noreply@pay.example.jp");
        assert_eq!(mail["type"], "multipart/alternative");
        assert_eq!(mail["parts"], json!(["text/plain", "text/html"]));
        assert!(mail["subject"].as_str().expect("a subject").contains(subject), "{mail}");
        for body in ["text", "html"] {
            let body = mail[body].as_str().expect("a body");
            for expected in [dear, "300", "B社", &receipt] {
                assert!(body.contains(expected), "{expected}: {body}");
            }
            let origin = format!("{}/help/contact?lang=", demo.issuer());
            assert!(body.contains(&origin), "{origin}: {body}");
        }
        assert!(mail["text"].as_str().expect("a text").contains(own), "{mail}");
    }
    assert_eq!(server.mails().len(), 2, "what the demo was filled with is told to nobody");
    assert!((scraped(&demo, "linepass_mail_sent_total") - 2.0).abs() < f64::EPSILON);
}

#[test]
fn the_completion_page_promises_a_mail_where_one_follows_r_114() {
    let promise = "購入確認メールをお送りします";
    for (transport, promised) in [("folder", true), ("none", false)] {
        let from = ("LINEPASS__MAIL__FROM_ADDRESS", "noreply@pay.example.jp".to_owned());
        let env = vec![("LINEPASS__MAIL__TRANSPORT", transport.to_owned()), from];
        let folder = tempfile::tempdir().expect("a folder");
        let mails = folder.path().join("mails").display().to_string();
        let env = [env, vec![("LINEPASS__MAIL__FOLDER", mails)]].concat();
        let demo = Demo::with(&Options { env, ..Options::default() });
        let browser = Browser::new(demo.issuer());
        let flow = purchase(&demo, &browser, "sakura01", &anime(&unique()));
        let page = browser.open(&format!("{}/complete", flow.path)).body;
        assert_eq!(page.contains(promise), promised, "{transport}");
    }
}

#[test]
fn the_demo_puts_mails_into_its_folder() {
    let demo = Demo::start();
    let folder = PathBuf::from(demo.text("/mail_dir"));
    assert!(folder.starts_with(demo.folder()), "{}", folder.display());
    let (_, _) = buy(&demo, "sakura01");
    let file = until("file", || {
        let mut files = fs::read_dir(&folder).expect("reads").map(|file| file.expect("one").path());
        files.find(|file| file.extension().is_some_and(|end| end == "eml"))
    });
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with(SAKURA) && name.contains("-purchased-"), "{name}");
    let text = fs::read_to_string(&file).expect("reads");
    assert!(text.contains("To: sakura01@example.jp\r\n"), "{text}");
}

/// A form of the household's own pages: its hidden fields as the page gave them, and these.
fn submit(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> String {
    let page = browser.open(path);
    assert_eq!(page.status, 200, "{path}: {page:?}");
    let path = path.split('?').next().expect("a path");
    let (_, own) = page.body.split_once(&format!(" action=\"{path}\"")).expect("its form");
    let own = own.split("</form>").next().expect("its end");
    let hidden = own.split("<input type=\"hidden\" name=\"").skip(1).map(|tag| {
        let (name, rest) = tag.split_once("\" value=\"").expect("a value");
        (name, rest.split('"').next().expect("a value"))
    });
    let form: Vec<(&str, &str)> = hidden.chain(fields.iter().copied()).collect();
    let answer = browser.post(path, &form);
    assert_eq!(answer.status, 303, "{path}: {answer:?}");
    answer.location().to_owned()
}

/// A browser that signed in with the first line's access key.
fn household(demo: &Demo, language: &str) -> Browser {
    let browser = Browser::new(demo.issuer());
    let (customer, key) = (demo.text("/lines/0/customer_id"), demo.text("/lines/0/access_key"));
    let form = [("customer_id", customer), ("access_key", key)];
    submit(&browser, "/wso/login", &form);
    // The session keeps what the switch chose.
    assert_eq!(browser.open(&format!("/wso/details?lang={language}")).status, 200);
    browser
}

#[test]
fn a_registration_and_its_change_are_confirmed_r_077_r_102_r_103() {
    let server = Server::start();
    let demo = server.demo();
    let password = "canary-Q7mz-ok9";
    for (language, id, registered, changed, former) in [
        (
            "ja",
            "hinode01",
            "登録受付が完了しました",
            "登録情報の変更申込み",
            "登録情報が変更されました",
        ),
        (
            "en",
            "sunrise1",
            "Your registration is complete",
            "Your registration has been changed",
            "A registration has been changed",
        ),
    ] {
        let browser = household(&demo, language);
        let (first, second) = (format!("{id}@ngn.com"), format!("{id}.new@ngn.com"));
        let person = [("name", "NTT 太郎"), ("phone", "03-1234-5678"), ("contractor", "yes")];
        submit(&browser, "/wso/register", &[("agree", "yes")]);
        submit(&browser, "/wso/register/applicant", &person);
        let input = [
            ("passport_id", id),
            ("password", password),
            ("password_again", password),
            ("mail", &first),
            ("mail_again", &first),
        ];
        submit(&browser, "/wso/register/id", &input);
        submit(&browser, "/wso/register/confirm", &[]);
        let mail = server.mail_with(registered);
        assert_eq!(mail["to"], json!([first]));
        let text = mail["text"].as_str().expect("a text");
        for expected in [id, "*****", first.as_str(), "NTT 太郎", "03-1234-5678"] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        // a new address and a new password; the old address learns of it.
        let number = if language == "ja" { 3 } else { 4 };
        let change = format!("/wso/ids/{number}/change");
        submit(&browser, &change, &person);
        let items = [
            ("password", "canary-Q7mz-ok8"),
            ("password_again", "canary-Q7mz-ok8"),
            ("mail", &second),
            ("mail_again", &second),
        ];
        submit(&browser, &format!("{change}/items"), &items);
        submit(&browser, &format!("{change}/confirm"), &[]);
        let mail = server.mail_with(changed);
        assert_eq!(mail["to"], json!([second]));
        let text = mail["text"].as_str().expect("a text");
        assert!(text.contains(&second) && text.contains("*****"), "{text}");
        let mail = server.mail_with(former);
        assert_eq!(mail["to"], json!([first]));
        let text = mail["text"].as_str().expect("a text");
        for secret in [&*second, "0312345678", "03-1234-5678"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    let mails: String = server.mails().iter().map(Value::to_string).collect();
    for secret in ["canary-", demo.text("/lines/0/access_key")] {
        assert!(!mails.contains(secret) && !demo.log().contains(secret), "{secret}");
    }
}

/// Japanese carriers gave such addresses out; RFC 5321 has them between quotation marks alone.
#[test]
fn an_address_with_dots_beside_each_other_is_written_to_r_103() {
    let server = Server::start();
    let demo = server.demo();
    let browser = household(&demo, "ja");
    let change = "/wso/ids/1/change";
    let person = [("name", "NTT 太郎"), ("phone", "03-1234-5678"), ("contractor", "yes")];
    submit(&browser, change, &person);
    let carrier = "taro..x.@docomo.ne.jp";
    submit(&browser, &format!("{change}/items"), &[("mail", carrier), ("mail_again", carrier)]);
    submit(&browser, &format!("{change}/confirm"), &[]);
    let mail = server.mail_with("登録情報の変更申込みの受付が完了しました");
    // As the server reads the quoted address.
    assert_eq!(mail["to"], json!([carrier]));
}

#[test]
fn a_restriction_is_one_mail_to_each_that_names_what_ended_r_144_r_145() {
    let server = Server::start();
    let demo = server.demo();
    let shop = demo.other_provider();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&shop.push(Some(&order(&unique(), "pack", 1, 525))));
    assert_eq!(browser.log_in(&flow, "sakura01", demo.password("sakura01")).status, 303);
    assert_eq!(browser.buy(&flow).status, 303);
    let purchased = server.mail_with("月額 525円");
    let contract = purchased["text"].as_str().expect("a text");
    let contract = contract.lines().find_map(|line| line.strip_prefix("契約番号: ")).expect("one");
    Operator::of(&demo).restrict(SAKURA, "customer");
    let own = server.mail_with("終了したご契約");
    assert_eq!(own["to"], json!(["sakura01@example.jp"]));
    let text = own["text"].as_str().expect("a text");
    for expected in ["A社", "パックサービス", contract, "お問い合わせ窓口で承ります"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let other = server.mail_with("We have restricted your line");
    assert_eq!(other["to"], json!(["sakura02@example.jp"]));
    assert!(
        !other["text"].as_str().expect("a text").contains(contract),
        "not the other's contract"
    );
    Operator::of(&demo).lift(SAKURA, "customer");
    server.mail_with("利用規制を解除しました");
    // neutral words.
    Operator::of(&demo).restrict(SAKURA, "company");
    let stop = server.mail_with("新たなご利用を中止しています");
    assert!(!stop["raw"].as_str().expect("a text").contains("2026-11-27/31"), "no reason is told");
    until("all mails", || (server.mails().len() >= 7).then_some(()));
    assert_eq!(server.mails().len(), 7);
}

#[test]
fn what_happened_before_mails_were_switched_on_is_told_to_nobody() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let start =
        |env| Demo::with(&Options { folder: Some(folder.path()), env, ..Options::default() });
    let off = || vec![("LINEPASS__MAIL__TRANSPORT", "none".to_owned())];
    let mut demo = start(off());
    let (before, _) = buy(&demo, "sakura01");
    let operator = Operator::of(&demo);
    let listing = operator.run(&["mail", "list"]);
    assert_eq!(listing.status.code(), Some(3), "{listing:?}");
    assert!(demo.terminate().success());
    drop(demo);
    let mut demo = start(server.env());
    let (first, _) = buy(&demo, "sakura01");
    server.mail_with(&first);
    assert!(demo.terminate().success());
    drop(demo);
    // Off and on again: what happened in between stays untold.
    let mut demo = start(off());
    let (between, _) = buy(&demo, "sakura01");
    assert!(demo.terminate().success());
    drop(demo);
    let demo = start(server.env());
    let (last, _) = buy(&demo, "sakura01");
    server.mail_with(&last);
    let all = server.mails().iter().map(|mail| mail["text"].to_string()).collect::<String>();
    assert!(!all.contains(&before) && !all.contains(&between));
    assert_eq!(server.mails().len(), 2, "each once");
}

// ---------------------------------------------------------------------------------------------
// Nobody waits, nothing is lost

#[test]
fn no_answer_waits_for_a_server_that_hangs_and_the_mail_comes_later_r_193() {
    let server = Server::start();
    for verb in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END"] {
        // One of its own, which keeps no connection from before.
        let demo = server.demo();
        server.mood(&json!({ "verb": verb, "do": "hang" }));
        let failures = || scraped(&demo, "linepass_mail_failed_total{reason=\"no_answer\"}");
        let before = failures();
        let bought: Vec<(String, Duration)> =
            (0..3).map(|turn| buy(&demo, ["sakura01", "sakura02"][turn % 2])).collect();
        for (_, took) in &bought {
            // The shortest patience with the server is 1.5 s.
            assert!(*took < Duration::from_millis(1_200), "{verb}: {took:?}");
        }
        until("end of patience", || (failures() > before).then_some(()));
        server.behave();
        for (receipt, _) in &bought {
            server.mail_with(receipt);
        }
        until("empty outbox", || listed(&Operator::of(&demo), "").is_empty().then_some(()));
    }
}

#[test]
fn a_server_that_drops_or_is_away_gets_the_mails_when_it_is_back() {
    let server = Server::start();
    let demo = server.demo();
    for verb in ["CONNECT", "RCPT", "END"] {
        server.mood(&json!({ "verb": verb, "do": "drop", "keep": true }));
        let (receipt, _) = buy(&demo, "sakura01");
        server.behave();
        server.mail_with(&receipt);
    }
    // Away altogether, longer than the breaker needs to open.
    let port = server.port;
    drop(server);
    let mut receipts: Vec<String> = (0..4).map(|_| buy(&demo, "sakura01").0).collect();
    until("silence", || (scraped(&demo, "linepass_mail_server_silent") > 0.5).then_some(()));
    receipts.extend((0..6).map(|_| buy(&demo, "sakura02").0));
    let operator = Operator::of(&demo);
    let told = operator.get("/mails").json();
    assert_eq!(told["server"], "silent");
    // The journal is the queue: no row for a mail that nobody tried.
    assert!(told["mails"].as_array().expect("mails").len() <= 5, "{told}");
    until("blocks that wait", || {
        (scraped(&demo, "linepass_mail_behind_blocks") > 0.0).then_some(())
    });
    let server = Server::with(port, &[]);
    for receipt in &receipts {
        server.mail_with(receipt);
    }
    until("answers", || (operator.get("/mails").json()["server"] == "answers").then_some(()));
}

#[test]
fn a_kill_between_the_commit_and_the_mail_loses_none_i7() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let env = server.env();
        Demo::with(&Options { folder: Some(folder.path()), env, ..Options::default() })
    };
    let mut receipts = Vec::new();
    // Killed while the server hangs, while it takes the message, and while all is well.
    for verb in ["RCPT", "END", ""] {
        server.mood(&json!({ "verb": verb, "do": "hang" }));
        let demo = start();
        receipts.extend((0..3).map(|_| buy(&demo, "sakura01").0));
        // SIGKILL at once: the answer came, so the purchase is durable.
        demo.kill();
        server.behave();
    }
    let demo = start();
    for receipt in &receipts {
        server.mail_with(receipt);
    }
    // The same mail twice has the same Message-ID.
    let mut seen = std::collections::BTreeMap::new();
    for mail in server.mails() {
        let text = mail["text"].as_str().expect("a text").to_owned();
        let own = receipts.iter().find(|receipt| text.contains(*receipt)).expect("a purchase's");
        let id = seen.entry(own.clone()).or_insert_with(|| mail["message_id"].clone());
        assert_eq!(*id, mail["message_id"]);
    }
    drop(demo);
}

#[test]
fn a_stop_while_the_server_hangs_is_clean_and_the_mail_comes_after_the_next_start() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let env = server.env();
        Demo::with(&Options { folder: Some(folder.path()), env, ..Options::default() })
    };
    let mut demo = start();
    server.mood(&json!({ "verb": "DATA", "do": "hang" }));
    let (receipt, _) = buy(&demo, "sakura01");
    assert!(demo.terminate().success());
    drop(demo);
    assert!(server.mails().is_empty());
    server.behave();
    let _demo = start();
    server.mail_with(&receipt);
}

// ---------------------------------------------------------------------------------------------
// What is refused

#[test]
fn a_refused_mail_is_parked_and_an_operator_has_it_tried_again() {
    let server = Server::start();
    let demo = server.demo();
    let operator = Operator::of(&demo);
    let cases = [
        ("RCPT", "550 5.1.1 <sakura01@example.jp> no such mailbox", 550),
        ("DATA", "554 5.7.1 no", 554),
        ("END", "552 5.2.2 mailbox full", 552),
    ];
    for (verb, reply, code) in cases {
        server.refuse(verb, reply);
        let (receipt, _) = buy(&demo, "sakura01");
        let parked = until("parked mail", || listed(&operator, "?state=parked").first().cloned());
        assert_eq!(parked["code"], code, "{parked}");
        assert_eq!((&parked["kind"], &parked["line"]), (&json!("purchased"), &json!(SAKURA)));
        assert_eq!((&parked["attempts"], &parked["reason"]), (&json!(1), &json!("refused")));
        assert!(!parked.to_string().contains("example.jp"), "no address: {parked}");
        until("parked figure", || (scraped(&demo, "linepass_mail_parked") > 0.5).then_some(()));
        let mail = parked["mail"].as_str().expect("a name");
        server.behave();
        let told = operator.run(&["mail", "list"]);
        assert!(told.status.success(), "{told:?}");
        let told = String::from_utf8(told.stdout).expect("text");
        assert!(told.contains(mail) && told.contains(&code.to_string()), "{told}");
        let rehearsed = operator.run(&["mail", "retry", mail, "--reason", "x", "--dry-run"]);
        assert!(rehearsed.status.success(), "{rehearsed:?}");
        assert_eq!(listed(&operator, "?state=parked").len(), 1, "a rehearsal changes nothing");
        let which: &[&str] = if verb == "END" { &["--all"] } else { &[mail] };
        let retry = [&["mail", "retry", "--reason", "mailbox opened", "--json"], which].concat();
        let tried = operator.run(&retry);
        assert!(tried.status.success(), "{tried:?}");
        let tried: Value = serde_json::from_slice(&tried.stdout).expect("JSON");
        assert_eq!(tried["mails"], 1);
        server.mail_with(&receipt);
        until("empty outbox", || listed(&operator, "").is_empty().then_some(()));
    }
    let told = door::decisions(&demo, "mail", 3);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|line| line["line"] == SAKURA && line["reason"] == "refused"));
    assert_eq!(door::decisions(&demo, "retry_mails", 3).len(), 3);
    let unknown =
        operator.run(&["mail", "retry", "CAF0000012573-999-purchased-4", "--reason", "x"]);
    assert_eq!(unknown.status.code(), Some(4), "{unknown:?}");
}

#[test]
fn a_mail_that_is_put_off_comes_later_or_is_parked_after_its_term() {
    let server = Server::start();
    let demo = server.demo_with(&[("LINEPASS__MAIL__PARK_AFTER_S", "4")]);
    let operator = Operator::of(&demo);
    server.refuse("RCPT", "451 4.7.1 greylisted");
    let (receipt, _) = buy(&demo, "sakura01");
    let waiting = until("waiting mail", || listed(&operator, "?state=waiting").first().cloned());
    assert_eq!((&waiting["code"], &waiting["reason"]), (&json!(451), &json!("later")));
    until("waiting figure", || (scraped(&demo, "linepass_mail_waiting") > 0.5).then_some(()));
    server.behave();
    server.mail_with(&receipt);
    // Others are not held up by one that is put off, and the server is not held to be silent.
    server.refuse("RCPT", "451 4.7.1 greylisted");
    buy(&demo, "sakura02");
    let parked = until("parked mail", || listed(&operator, "?state=parked").first().cloned());
    assert!(parked["attempts"].as_u64().expect("a number") >= 2, "{parked}");
    assert_eq!((&parked["code"], &parked["reason"]), (&json!(451), &json!("later")));
    assert_eq!(operator.get("/mails").json()["server"], "answers");
    door::decisions(&demo, "mail", 1);
}

#[test]
fn a_server_that_refuses_us_parks_nothing() {
    let server = Server::start();
    let demo = server.demo();
    for (verb, reply) in [("CONNECT", "554 5.7.1 not you"), ("MAIL", "550 5.7.1 not you")] {
        server.refuse(verb, reply);
        let receipts: Vec<String> = (0..4).map(|_| buy(&demo, "sakura01").0).collect();
        until("silence", || (scraped(&demo, "linepass_mail_server_silent") > 0.5).then_some(()));
        assert!(listed(&Operator::of(&demo), "?state=parked").is_empty());
        server.behave();
        for receipt in &receipts {
            server.mail_with(receipt);
        }
    }
}

// ---------------------------------------------------------------------------------------------
// TLS and login

/// A certificate for `localhost` with its key, in files.
fn certificate(folder: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
    let (certificate, key) = (folder.join("tls.pem"), folder.join("tls.key"));
    fs::write(&certificate, made.cert.pem()).expect("writes");
    fs::write(&key, made.signing_key.serialize_pem()).expect("writes");
    (certificate.display().to_string(), key.display().to_string())
}

fn password_file(folder: &Path, name: &str, password: &str, mode: u32) -> String {
    let file = folder.join(name);
    fs::write(&file, format!("{password}\n")).expect("writes");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("sets");
    file.display().to_string()
}

#[test]
fn mails_go_over_tls_with_a_login_and_not_to_a_stranger() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = certificate(folder.path());
    let password = "canary-relay-password";
    let right = password_file(folder.path(), "right", password, 0o600);
    let wrong = password_file(folder.path(), "wrong", "canary-wrong-password", 0o600);
    let open = password_file(folder.path(), "open", password, 0o644);
    let base = ["--certificate", &certificate, "--key", &key];
    let login = ["--user", "linepass", "--password-file", &right];
    for (tls, more) in [("starttls", &[][..]), ("implicit", &["--implicit"][..])] {
        let server = Server::with(0, &[&base[..], &login[..], more].concat());
        let with = |password_file: &'_ str, ca_file: &'_ str| {
            vec![
                ("LINEPASS__MAIL__HOST", "localhost".to_owned()),
                ("LINEPASS__MAIL__TLS", tls.to_owned()),
                ("LINEPASS__MAIL__CA_FILE", ca_file.to_owned()),
                ("LINEPASS__MAIL__USER", "linepass".to_owned()),
                ("LINEPASS__MAIL__PASSWORD_FILE", password_file.to_owned()),
            ]
        };
        let start = |more: Vec<(&'static str, String)>| {
            let env = server.env().into_iter().chain(more).collect();
            Demo::with(&Options { env, ..Options::default() })
        };
        let demo = start(with(&right, &certificate));
        let (receipt, _) = buy(&demo, "sakura01");
        let mail = server.mail_with(&receipt);
        assert_eq!((&mail["tls"], &mail["user"]), (&json!(true), &json!("linepass")), "{tls}");
        assert!(!demo.log().contains("canary-"), "{tls}");
        // A wrong password and a certificate that nobody vouches for: the mail stays here.
        for (password_file, ca_file) in [(&*wrong, &*certificate), (&right, "")] {
            let demo = start(with(password_file, ca_file));
            let before = server.mails().len();
            for _ in 0..4 {
                buy(&demo, "sakura01");
            }
            until("silence", || {
                (scraped(&demo, "linepass_mail_server_silent") > 0.5).then_some(())
            });
            assert_eq!(server.mails().len(), before, "{tls}");
            assert!(!demo.log().contains("canary-"), "{tls}");
        }
    }
    // A password that others can read stops the start.
    let mut command = Command::new(env!("CARGO_BIN_EXE_linepass"));
    let own = tempfile::tempdir().expect("a folder");
    command.args(["demo", "--json", "--data"]).arg(own.path());
    // How full the machine's disk is must not be what stops it.
    command.env("LINEPASS__STORE__MIN_FREE_SPACE_BYTES", "16777216");
    for (key, value) in [
        ("TRANSPORT", "smtp"),
        ("USER", "linepass"),
        ("PASSWORD_FILE", open.as_str()),
        ("FROM_ADDRESS", "noreply@pay.example.jp"),
    ] {
        command.env(format!("LINEPASS__MAIL__{key}"), value);
    }
    let ended = command.output().expect("runs");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("mail.password_file") && told.contains("0644"), "{told}");
}

#[test]
fn without_starttls_nothing_is_sent_in_the_clear() {
    // The server knows no TLS, and is asked for STARTTLS.
    let server = Server::start();
    let demo = server.demo_with(&[("LINEPASS__MAIL__TLS", "starttls")]);
    for _ in 0..4 {
        buy(&demo, "sakura01");
    }
    until("silence", || (scraped(&demo, "linepass_mail_server_silent") > 0.5).then_some(()));
    assert!(server.mails().is_empty());
}

// ---------------------------------------------------------------------------------------------
// Secrets

#[test]
fn no_secret_is_in_a_mail_and_no_address_in_a_log_security_62() {
    let server = Server::start();
    let demo = server.demo();
    let browser = Browser::new(demo.issuer());
    let provider = demo.provider();
    let mut secrets = vec![
        demo.password("sakura01").to_owned(),
        demo.text("/lines/0/access_key").to_owned(),
        demo.text("/providers/1/client_secret").to_owned(),
        Operator::of(&demo).token,
    ];
    let flow = purchase(&demo, &browser, "sakura01", &anime(&unique()));
    let back = browser.go_back(&flow);
    let code = back.parameter("code").expect("a code");
    let tokens = provider.exchange(&code).json();
    secrets.extend(
        ["id_token", "access_token"].map(|name| tokens[name].as_str().expect("a token").to_owned()),
    );
    secrets.push(code);
    secrets.extend(browser.cookies.borrow().values().cloned());
    server.mail_with("申込受付番号");
    server.refuse("RCPT", "550 5.1.1 <sakura02@example.jp>: 西日本 太郎 has no mailbox");
    purchase(&demo, &Browser::new(demo.issuer()), "sakura02", &anime(&unique()));
    door::decisions(&demo, "mail", 1);
    server.behave();
    Operator::of(&demo).restrict(SAKURA, "customer");
    until("mails", || (server.mails().len() >= 3).then_some(()));
    let mails: String = server.mails().iter().map(Value::to_string).collect();
    let log = demo.log();
    for secret in &secrets {
        assert!(secret.len() > 3 && !mails.contains(secret), "{secret} in a mail");
        assert!(!log.contains(secret), "{secret} in the log");
    }
    for personal in ["example.jp\"", "sakura01", "sakura02", "西日本", "no mailbox"] {
        assert!(!log.contains(personal), "{personal} in the log");
    }
    // The request's ID leads from the mail to the log.
    let mail = server.mail_with("申込受付番号");
    let text = mail["text"].as_str().expect("a text");
    let id = text.lines().find_map(|line| line.strip_prefix("お問い合わせ番号: ")).expect("an ID");
    assert!(log.contains(id), "{id}");
}
