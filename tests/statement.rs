//! ⑦ ご利用明細 from purchases to the page and its file, against the real binary over HTTP.

mod common;

use common::{Answer, Browser, Demo, Options, Provider, anime, order, purchase, unique};

/// A browser that has signed in with the customer ID of the n-th sample line.
fn signed_in(demo: &Demo, line: usize, entrance: &str) -> Browser {
    let browser = Browser::new(demo.issuer());
    let path = format!("{entrance}/login");
    let page = browser.open(&path);
    let text = |what: &str| demo.text(&format!("/lines/{line}/{what}"));
    let form = [
        ("csrf", &*page.csrf()),
        ("customer_id", text("customer_id")),
        ("access_key", text("access_key")),
    ];
    let signed = browser.post(&path, &form);
    assert_eq!(signed.status, 303, "{signed:?}");
    browser
}

fn subscribe(demo: &Demo, provider: &Provider, passport_id: &str) {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.push(Some(&order(&unique(), "pack", 1, 525))));
    browser.log_in(&flow, passport_id, demo.password(passport_id));
    let bought = browser.buy(&flow);
    assert!(bought.location().ends_with("/complete"), "{bought:?}");
}

/// The rows of the table, each as its cells' words.
fn rows(page: &Answer) -> Vec<Vec<String>> {
    let body = page.body.split_once("<tbody").map(|(_, rest)| rest).unwrap_or_default();
    let body = body.split_once("</tbody>").map(|(body, _)| body).unwrap_or_default();
    body.split("<tr ").skip(1).map(|row| row.split("<td ").skip(1).map(words).collect()).collect()
}

/// What stands between the tags.
fn words(html: &str) -> String {
    let texts = html.split('>').skip(1).filter_map(|part| part.split('<').next());
    texts.map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_household_reads_its_months_by_id_and_takes_them_home_r_128_to_r_138() {
    let folder = tempfile::tempdir().expect("a folder");
    let on_day =
        |now| Options { folder: Some(folder.path()), now: Some(now), ..Default::default() };
    let demo = Demo::with(&on_day("2026-11-29T21:00:00+09:00"));
    let buyer = Browser::new(demo.issuer());
    purchase(&demo, &buyer, "sakura01", &order(&unique(), "anime-1", 3, 900));
    subscribe(&demo, &demo.other_provider(), "sakura01");
    purchase(&demo, &buyer, "sakura02", &anime(&unique()));
    drop(demo);

    // Days on, and read from the store anew.
    let demo = Demo::with(&on_day("2026-12-03T09:00:00+09:00"));
    let browser = signed_in(&demo, 0, "/wso");
    let november = browser.open("/wso/statement?month=2026%2F11");
    assert_eq!(november.status, 200, "{november:?}");
    let found = rows(&november);
    let cells = |row: &[String]| row[1..].join("|");
    let told: Vec<String> = found.iter().map(|row| cells(row)).collect();
    let expected = [
        "sakura01|B社 名作アニメ1|300円|3回|900円|2026/11/29",
        "sakura01|A社 パックサービス|525円|1回|525円|2026/11/29",
        "sakura02|B社 名作アニメ1|300円|1回|300円|2026/11/29",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        let told = told.replace('㈱', "").replace("株式会社", "");
        assert_eq!(told, expected);
    }
    assert!(november.body.contains("件数: 3件 (1ページ/1ページ)"));

    // The subscription alone is charged in December, with its own start.
    let december = browser.open("/wso/statement");
    let starts: Vec<_> = rows(&december).iter().map(|row| row[6].clone()).collect();
    assert_eq!(starts, ["2026/11/29"]);

    // One ID alone, and the same as a file.
    let of_two = browser.open("/wso/statement?month=2026-11&passport=2");
    assert_eq!(rows(&of_two).len(), 1);
    let file = browser.open("/wso/statement.csv?month=2026-11");
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    assert_eq!(file.body.matches("\r\n").count(), 4, "{}", file.body);
    let account = browser.open("/wso/details");
    for words in ["2026年12月のご利用料金", ">525<", "<svg class=\"graph-picture\"", "2027年1月1日"]
    {
        assert!(account.body.contains(words), "{words}: {}", account.body);
    }
    let english = browser.open("/wso/statement?month=2026-11&lang=en");
    assert!(english.body.contains("3 entries (page 1 of 1)"));
}

#[test]
fn other_lines_ids_are_none_and_strangers_see_nothing() {
    let demo = Demo::start();
    let stranger = Browser::new(demo.issuer());
    for path in ["/wso/statement", "/wso/statement.csv", "/wso_v6/statement"] {
        let sent = stranger.open(path);
        assert_eq!(sent.status, 303, "{path}: {sent:?}");
        assert!(sent.location().ends_with("/login"), "{path}: {sent:?}");
    }
    let browser = signed_in(&demo, 0, "/wso");
    // A number that no ID of the line has, and another line's ID by its string, are told alike.
    for passport in ["99", "momiji01", "%27%3B--"] {
        let refused = browser.open(&format!("/wso/statement?passport={passport}"));
        assert_eq!(refused.status, 422, "{passport}");
        assert!(refused.body.contains("この回線にはありません"), "{passport}");
    }
    for query in ["month=2026-13", "month=", "month=9999-12"] {
        let refused = browser.open(&format!("/wso/statement?{query}"));
        assert_eq!(refused.status, 422, "{query}");
        assert!(refused.body.contains("aria-invalid=\"true\""), "{query}");
    }
    assert_eq!(browser.open("/wso/statement?page=1&page=2").status, 400);
    let posted = browser.post("/wso/statement", &[]);
    assert_eq!(posted.status, 405);
    let elsewhere = browser.open("/wso_v6/statement");
    assert_eq!((elsewhere.status, elsewhere.location()), (303, "/wso/"));
}
