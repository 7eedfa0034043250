//! Mails against a real SMTP server process: they arrive, each once and in the household's language, and
//! none holds a secret (R-077 to; security.md 47, 50, 62, 71).

mod common;
mod mailbox;

use common::{
    Browser, Demo, Options, anime, door,
    operator::{Operator, SAKURA},
    order, purchase, unique,
};
use mailbox::{Server, buy, scraped, until};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

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
