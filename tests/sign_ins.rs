//! A household learns where it was signed in from: a mail for a new place, the last
//! sign-ins on the page (checks/experience.md 26, 32).

mod common;
mod mailbox;

use common::{
    Demo, Options,
    door::decisions,
    operator::SAKURA,
    portal::{Household, access_key, hidden, pairs},
};
use mailbox::until;
use std::fs;

const OWN: &str = "127.0.0.1";
const AWAY: &str = "198.51.100.9";

/// Signs in from this address, as a trusted proxy in front of the server says.
fn enter_from(demo: &Demo, address: &str) -> Household {
    let household = Household::at(demo.issuer());
    let fields = hidden(&household.see("login"), "/wso/login");
    let typed = [("customer_id", SAKURA), ("access_key", access_key(demo, SAKURA))];
    let form = [&pairs(&fields)[..], &typed].concat();
    let headers = [("x-forwarded-for", address)];
    let entered = household.browser.post_with("/wso/login", &headers, &form);
    assert_eq!(entered.status, 303, "{address}: {entered:?}");
    household
}

/// The mails of this kind in the demo's folder.
fn mails(demo: &Demo, kind: &str) -> Vec<String> {
    let files = fs::read_dir(demo.text("/mail_dir")).into_iter().flatten();
    let paths = files.map(|file| file.expect("reads").path());
    let of_kind = paths.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.contains(&format!("-{kind}-")) && name.ends_with(".eml")
    });
    of_kind.map(|path| fs::read_to_string(path).expect("reads")).collect()
}

/// Waits until the list of recent sign-ins has so many rows, which happens after the answer.
fn recent(household: &Household, rows: usize) -> String {
    until("row of a sign-in", || {
        let page = household.see("sessions").body;
        let list = page.split("最近のログイン").nth(1).expect("the list");
        let list = list.split("</main>").next().expect("its end").to_owned();
        (list.matches("<li>").count() >= rows).then_some(list)
    })
}

#[test]
fn a_new_place_is_told_by_mail_once_and_the_last_sign_ins_stand_on_the_page() {
    let trusted = ("LINEPASS__SERVER__TRUSTED_PROXIES", "127.0.0.1/32".to_owned());
    let demo = Demo::with(&Options { env: vec![trusted], ..Options::default() });
    // The very first has nothing to compare with, the own line is never new.
    recent(&enter_from(&demo, OWN), 1);
    recent(&enter_from(&demo, OWN), 2);
    recent(&enter_from(&demo, AWAY), 3);
    let household = enter_from(&demo, AWAY);
    let list = recent(&household, 4);
    assert_eq!(list.matches(AWAY).count(), 2, "{list}");
    assert_eq!(list.matches(OWN).count(), 2, "{list}");

    until("mail of the new place", || (!mails(&demo, "new_sign_in").is_empty()).then_some(()));
    let told = decisions(&demo, "note_new_place", 1);
    assert_eq!(told.len(), 1, "{told:?}");
    // To each ID of the line, and to nobody twice.
    let mut to: Vec<String> = mails(&demo, "new_sign_in")
        .iter()
        .filter_map(|mail| mail.lines().find(|line| line.starts_with("To:")).map(str::to_owned))
        .collect();
    let all = to.len();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), all, "{to:?}");
}
