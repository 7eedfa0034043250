//! What a button of the household's own pages does when it is pressed twice, and what the page of a
//! restriction says on the 1st of a month.

mod common;
mod mailbox;

use common::{
    Answer, Browser, Demo, Options, order,
    portal::{Household, PASSWORD, hidden, pairs},
    unique,
};
use mailbox::until;
use std::{fs, path::Path};

/// Presses the button of a page several times with what the browser had at the first press; the
/// last answer is the one that a browser shows.
fn press_again_and_again(household: &Household, page: &str) -> Answer {
    let hidden = household.hidden(page);
    let before = household.browser.cookies.borrow().clone();
    let press = || {
        *household.browser.cookies.borrow_mut() = before.clone();
        let pressed = household.post(page, &pairs(&hidden));
        assert_eq!(pressed.status, 303, "{page}: {pressed:?}");
        pressed
    };
    press();
    press();
    press()
}

/// The words of the rows of the page's table, one row a line.
fn rows(page: &Answer) -> Vec<String> {
    let (_, table) = page.body.split_once("<tbody>").expect("a table");
    let table = table.split("</tbody>").next().expect("its end");
    let plain = |row: &str| {
        let texts = row.split('<').filter_map(|piece| piece.split_once('>').map(|cut| cut.1));
        texts.map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    };
    table.split("<tr>").skip(1).map(plain).collect()
}

/// Sets the first ID's limit and waits for the mail that tells of it: the number of its journal
/// entry is in its name.
fn entry_of_a_new_limit(demo: &Demo, household: &Household, yen: &str) -> u64 {
    let folder = demo.text("/mail_dir");
    let told = || -> Vec<u64> {
        let names = fs::read_dir(folder).expect("reads").map(|file| file.expect("one").file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        let limits = names
            .iter()
            .filter_map(|name| name.strip_suffix(".eml"))
            .filter(|name| name.contains("-limits_"));
        limits
            .map(|name| name.split('-').nth(1).and_then(|seq| seq.parse().ok()).expect("a seq"))
            .collect()
    };
    let before = told().len();
    household.step("limits", &[("limit_1", yen)], "limits/confirm");
    household.step("limits/confirm", &[], "limits/done");
    until("mail of the new limit", || (told().len() > before).then_some(()));
    told().into_iter().max().expect("one")
}

#[test]
fn limits_pressed_twice_show_what_the_first_press_changed_r_156() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    household.step("limits", &[("limit_1", "9,000")], "limits/confirm");
    assert_eq!(press_again_and_again(&household, "limits/confirm").location(), "/wso/limits/done");
    let shown = rows(&household.see("limits/done"));
    assert_eq!(shown, ["sakura01 10,000円 9,000円", "sakura02 10,000円 再設定なし"]);
}

#[test]
fn a_change_pressed_twice_is_made_and_told_once_r_102() {
    let demo = Demo::start();
    let household = Household::sakura(&demo);
    let first = entry_of_a_new_limit(&demo, &household, "9000");
    for (items, name) in [
        (&[("password", PASSWORD), ("password_again", PASSWORD)][..], "sakura01 再設定なし"),
        (&[("passport_id", "Ume00001")], "sakura01 Ume00001"),
        // Another case alone reserves nothing.
        (&[("passport_id", "UME00001")], "Ume00001 UME00001"),
    ] {
        household.change_up_to_confirm(1, items);
        let pressed = press_again_and_again(&household, "ids/1/change/confirm");
        assert_eq!(pressed.location(), "/wso/ids/1/change/done", "{name}");
        let shown = rows(&household.see("ids/1/change/done"));
        assert_eq!(shown[0], format!("フレッツ・パスポートID {name}"));
    }
    // Three changes since, one entry of the journal each, though each was pressed three times.
    assert_eq!(entry_of_a_new_limit(&demo, &household, "8000"), first + 4);
}

/// A demo at `now` whose household of sakura01 bought パックサービス on 10 November.
fn subscribed_at(folder: &Path, now: &str) -> Demo {
    let at = |now| Options { folder: Some(folder), now: Some(now), ..Options::default() };
    let demo = Demo::with(&at("2026-11-10T12:00:00+09:00"));
    let (provider, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
    let flow = browser.arrive(&provider.push(Some(&order(&unique(), "pack", 1, 525))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    assert_eq!(browser.buy(&flow).status, 303);
    demo.kill();
    Demo::with(&at(now))
}

#[test]
fn on_the_first_a_restriction_charges_nothing_for_what_it_spares_r_144_r_017() {
    for (now, last, yen) in [("2026-12-01", 11, "0円"), ("2026-12-02", 12, "525円")] {
        let folder = tempfile::tempdir().expect("a folder");
        let demo = subscribed_at(folder.path(), &format!("{now}T12:00:00+09:00"));
        let household = Household::sakura(&demo);
        household.step("restrict", &[("agree", "yes")], "restrict/confirm");
        let page = household.see("restrict/confirm").body;
        household.step("restrict/confirm", &[], "restrict/done");
        let done = household.see("restrict/done").body;
        assert!(page.contains(&format!("2026年{last}月分までご請求")), "{now}: {page}");
        let charged = format!("12月分のご請求は、これまでにご利用いただいた{yen}のままです。");
        assert!(page.contains(&charged) && done.contains(&charged), "{now}: {page}{done}");
    }
}

/// The page of the 1st spared December; the press on the 2nd would not.
#[test]
fn a_day_that_turns_before_the_press_is_shown_before_anything_ends_r_141_r_144() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = subscribed_at(folder.path(), "2026-12-01T23:59:53+09:00");
    let household = Household::sakura(&demo);
    household.step("restrict", &[("agree", "yes")], "restrict/confirm");
    let shown = household.hidden("restrict/confirm");
    until("turn of the day", || {
        (household.hidden("restrict/confirm")["agreed"] != shown["agreed"]).then_some(())
    });
    let late = household.post("restrict/confirm", &pairs(&shown));
    assert_eq!(late.status, 409, "{late:?}");
    let said = ["お手続きは完了していません", "2026年12月分までご請求"];
    assert!(said.iter().all(|text| late.body.contains(text)), "{late:?}");
    assert!(household.see("details").body.contains("パックサービス"));
    let seen = hidden(&late, "/wso/restrict/confirm");
    let pressed = household.post("restrict/confirm", &pairs(&seen));
    assert_eq!(pressed.location(), "/wso/restrict/done", "{pressed:?}");
}
