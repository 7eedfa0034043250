//! An inquiry reaches the desk: by mail where an address is configured, and by the
//! operator's command in any case; nowhere else does its text stand.

mod common;
mod mailbox;

use common::{Demo, operator::SAKURA, portal::Household};
use mailbox::Server;
use serde_json::{Value, json};
use std::process::Command;

const TEXT: &str = "sakura02の廃止をお願いします。\r\n急ぎません。";

fn write_to_the_desk(demo: &Demo) {
    let inquiry = [("service", "廃止"), ("contact", "03-1234-5678"), ("text", TEXT)];
    Household::sakura(demo).step("inquiry", &inquiry, "inquiry/done");
}

fn read_by_command(demo: &Demo) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_linepass"))
        .args(["line", "inquiries", SAKURA, "--json"])
        .env("LINEPASS_OPERATOR_URL", demo.text("/operator"))
        .env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"))
        .output()
        .expect("runs");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn an_inquiry_reaches_the_desk_by_mail_and_by_command() {
    let server = Server::start();
    let demo = server.demo_with(&[("LINEPASS__MAIL__DESK_ADDRESS", "desk@pay.example.jp")]);
    write_to_the_desk(&demo);
    let mail = server.mail_with("廃止をお願いします");
    assert_eq!(mail["to"], json!(["desk@pay.example.jp"]));
    let text = mail["text"].as_str().expect("a text");
    for expected in [SAKURA, "03-1234-5678", "急ぎません。", "3営業日程度"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let told = read_by_command(&demo);
    assert_eq!(told["inquiries"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["inquiries"][0]["text"], TEXT.replace("\r\n", "\n"));
    assert!(!demo.log().contains("廃止をお願い"), "an inquiry is personal");
    let url = format!("{}/metrics", demo.text("/operator"));
    let figures = common::Http::new().get(&url, &[]).body;
    assert!(figures.contains("linepass_inquiries_total 1"), "{figures}");
}

#[test]
fn without_an_address_the_command_tells_it_and_no_mail_waits() {
    let server = Server::start();
    let demo = server.demo();
    write_to_the_desk(&demo);
    assert_eq!(read_by_command(&demo)["inquiries"].as_array().map(Vec::len), Some(1));
    // A purchase's mail that comes after it shows that the outbox has passed it.
    let (receipt, _) = mailbox::buy(&demo, "sakura01");
    server.mail_with(&receipt);
    assert_eq!(server.mails().len(), 1);
}
