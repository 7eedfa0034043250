//! The statement from the query to the page and the file.

use super::*;
use crate::{
    actors::line::PrivatePassport,
    domain::{
        calendar::Month,
        field::PassportName,
        ids::{CustomerId, ReceiptNumber},
        line::{
            By, Entry, Event, LineService, RowRef,
            event::{BillingRoute, ClosedItem},
            replay,
        },
        yen::Yen,
    },
    security::{Seen, Source},
    store::memory::MemoryStore,
};
use actix_web::body::to_bytes;
use std::sync::Arc;

const ROW: RowRef = RowRef { row: 0, commitment: [0; 32] };

fn at(japan: &str) -> Instant {
    format!("{japan}+09:00").parse().expect("an instant")
}

fn purchase(serial: u64, provider_name: &str) -> Event {
    let receipt = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + serial);
    Event::Purchased {
        receipt: receipt.expect("a serial"),
        passport: PassportNumber(1 + u32::try_from(serial % 2).expect("small")),
        provider: "b-sha".parse().expect("a provider"),
        provider_name: provider_name.into(),
        reference: format!("order-{serial}").parse().expect("a reference"),
        service: "anime-1".parse().expect("a service"),
        service_name: "名作アニメ1, \"完全版\"".into(),
        monthly: false,
        unit_price: Yen::new(300),
        quantity: 2,
        amount: Yen::new(600),
        usage_period: None,
        description: None,
        line_checked: true,
    }
}

fn registered(number: u32) -> Event {
    Event::PassportRegistered {
        passport: PassportNumber(number),
        name: ROW,
        credential: ROW,
        applicant: ROW,
        limit: Yen::new(10_000),
        line_authentication: true,
        active_from: None,
    }
}

/// A line with so many purchases in November 2026, opened in October.
fn household(purchases: u64, provider_name: &str) -> LineView {
    let customer: CustomerId = "CAF0000012573".parse().expect("an ID");
    let opened = Event::LineOpened {
        customer,
        service: LineService::HikariNext,
        line_limit: Yen::new(30_000),
        billing: BillingRoute::Telephone,
        record: ROW,
        access_key: ROW,
    };
    let entry =
        |japan: &str, events| Entry { at: at(japan), by: By::System, request_id: None, events };
    let line =
        replay(None, &entry("2026-10-01T09:00:00", vec![opened, registered(1), registered(2)]));
    let bought = (0..purchases).map(|serial| purchase(serial, provider_name)).collect();
    let line = replay(line, &entry("2026-11-10T09:00:00", bought));
    let private = |number, name: &str| {
        let name = PassportName::parse(name).expect("a name");
        (PassportNumber(number), PrivatePassport { name, password_hash: String::new() })
    };
    let private = [private(1, "sakura01"), private(2, "kaede02")].into_iter().collect();
    LineView { line: line.map(Arc::new), seq: 2, private: Arc::new(private) }
}

/// Asks for the page or the file, and gives its status, its headers' word on the content, and it.
async fn ask(view: &LineView, query: &str, as_file: bool) -> (u16, String, String) {
    let store = MemoryStore::new();
    let source = Source::from("203.0.113.7".parse::<std::net::IpAddr>().expect("an address"));
    let request = RequestContext::new(Seen { source, proves_line: true });
    let shell = answer::shell(&request, Language::Ja, None);
    let now = at("2026-12-05T10:00:00");
    let asked = Asked { request: &request, shell, base: "/wso", store: &store, view, now };
    let response = if as_file {
        download(&asked, query.as_bytes()).await
    } else {
        page(&asked, query.as_bytes()).await
    };
    let status = response.status().as_u16();
    let kind = [header::CONTENT_TYPE, header::CONTENT_DISPOSITION]
        .map(|name| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        })
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let body = to_bytes(response.into_body()).await.expect("a body");
    (status, kind, String::from_utf8(body.to_vec()).expect("text"))
}

/// a correction stands in the month whose bill carries it, and names what it corrects.
#[tokio::test]
async fn a_correction_is_told_where_it_is_billed_with_its_month_r_050() {
    let mut view = household(2, "B社");
    let item = ClosedItem {
        receipt: ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL).expect("a serial"),
        passport: PassportNumber(1),
        provider: "b-sha".parse().expect("a provider"),
        provider_name: "B社".into(),
        service: "anime-1".parse().expect("a service"),
        service_name: "名作アニメ1".into(),
        quantity: 2,
        amount: Yen::new(600),
        bought_at: at("2026-10-10T09:00:00"),
    };
    let corrected = Event::Corrected {
        receipt: item.receipt,
        month: "2026-10".parse().expect("a month"),
        difference_yen: -600,
        item: Some(Box::new(item)),
    };
    let entry = Entry {
        at: at("2026-11-20T09:00:00"),
        by: By::System,
        request_id: None,
        events: vec![corrected],
    };
    view.line = replay(view.line.as_deref().cloned(), &entry).map(Arc::new);
    let (_, _, page) = ask(&view, "month=2026/11", false).await;
    for told in
        ["過去の月のご請求の訂正", "2026年10月ご利用分の訂正", "-600円", "訂正を含むご請求額"]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(page.contains("<strong>600円</strong>"), "1,200 less 600: {page}");
    let (_, _, file) = ask(&view, "month=2026/11", true).await;
    assert!(file.contains("(2026年10月ご利用分の訂正),,,-600,2026/11/20\r\n"), "{file}");
    let (_, _, page) = ask(&view, "month=2026/11&passport=2", false).await;
    assert!(!page.contains("訂正"), "another ID's: {page}");
    let (_, _, page) = ask(&view, "month=2026/10", false).await;
    assert!(!page.contains("訂正"), "the wrong month stays as it was: {page}");
}

/// Golden fixture 3, on the page.
#[tokio::test]
async fn four_hundred_and_forty_two_rows_are_thirty_pages_r_133_r_134() {
    let view = household(442, "B社");
    let links = |html: &str| {
        let numbers = html.split("ページ目\">").skip(1);
        numbers.filter_map(|rest| rest.split('<').next()?.parse().ok()).collect::<Vec<usize>>()
    };
    for (page, window, rows) in [(1, 1..=10, 15), (10, 5..=14, 15), (30, 21..=30, 7)] {
        let query = format!("month=2026%2F11&page={page}");
        let (status, _, html) = ask(&view, &query, false).await;
        assert_eq!(status, 200);
        assert!(html.contains(&format!("件数: 442件 ({page}ページ/30ページ)")), "page {page}");
        let expected: Vec<usize> = window.filter(|number| *number != page).collect();
        assert_eq!(links(&html), expected, "page {page}");
        assert_eq!(html.matches("<tr role=\"row\">").count() - 1, rows, "page {page}");
        assert_eq!(html.contains(">《先頭へ<"), page > 1);
        assert_eq!(html.contains(">最後へ》<"), page < 30);
    }
}

#[tokio::test]
async fn the_columns_and_formats_are_the_guides_r_131_r_132() {
    let (_, _, html) = ask(&household(1, "B社"), "month=2026/11", false).await;
    for words in [
        "フレッツ・パスポートIDご利用明細表示",
        "お客さまID: <span class=\"id\" translate=\"no\">CAF0000012573",
        ">検索</button>",
        ">申込受付番号</th>",
        ">フレッツ・パスポートID</th>",
        ">事業者名 / サービス名</th>",
        ">単価</th>",
        ">数量</th>",
        ">金額</th>",
        ">利用開始日</th>",
        ">300円</td>",
        ">2回</td>",
        ">600円</td>",
        ">2026/11/10</time>",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

#[tokio::test]
async fn the_address_keeps_the_filters_and_names_nobody() {
    let (_, _, html) = ask(&household(40, "B社"), "month=2026/11&passport=2&page=2", false).await;
    assert!(html.contains("/wso/statement?month=2026-11&#38;passport=2&#38;page=2&#38;lang=en"));
    assert!(html.contains("/wso/statement.csv?month=2026-11&#38;passport=2"));
    assert!(html.contains("/wso/statement?month=2026-10&#38;passport=2"));
    assert!(html.contains("<option value=\"2\" selected>kaede02</option>"));
    assert!(html.contains("件数: 20件 (2ページ/2ページ)"));
    for address in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        for personal in ["sakura01", "kaede02", "CAF"] {
            assert!(!address.contains(personal), "{address}");
        }
    }
}

#[tokio::test]
async fn wrong_fields_are_told_by_the_field_and_nothing_is_shown_r_138() {
    let view = household(1, "B社");
    for (query, words) in [
        ("month=", "年月をご入力ください。"),
        ("month=2026%2F13", "西暦4桁と月で"),
        ("month=2027/01", "まだ始まっていない月"),
        ("month=2026/09", "この回線の明細は2026年10月からです"),
        ("month=2026/11&passport=9", "この回線にはありません"),
        ("month=2026/11&passport=sakura01", "この回線にはありません"),
    ] {
        for as_file in [false, true] {
            let (status, kind, html) = ask(&view, query, as_file).await;
            assert_eq!(status, 422, "{query}");
            assert!(kind.starts_with("text/html"), "{query}: {kind}");
            assert!(html.contains(words) && html.contains("aria-invalid=\"true\""), "{query}");
            assert!(html.contains("id=\"errors\"") && !html.contains("<table"), "{query}");
        }
    }
    let typed = ask(&view, "month=%3Cb%3E2026", false).await.2;
    assert!(typed.contains("value=\"&#60;b&#62;2026\""));
    assert_eq!(ask(&view, "month=2026/11&month=2026/10", false).await.0, 400);
    let nobody = LineView { line: None, ..view };
    assert_eq!(ask(&nobody, "", false).await.0, 404);
}

#[tokio::test]
async fn an_empty_month_says_so_and_this_month_comes_first_r_138() {
    let (status, _, html) = ask(&household(3, "B社"), "", false).await;
    assert_eq!(status, 200);
    assert!(html.contains("該当するご利用明細はありません") && html.contains("value=\"2026/12\""));
}

#[tokio::test]
async fn the_file_has_all_rows_and_no_formula() {
    let view = household(17, "=cmd|' /C calc'!A0");
    let (status, kind, text) = ask(&view, "month=2026/11&page=2", true).await;
    assert_eq!(status, 200);
    assert_eq!(kind, "text/csv; charset=utf-8 attachment; filename=\"statement-2026-11.csv\"");
    let mut lines = text.split("\r\n");
    let head = "\u{feff}申込受付番号,フレッツ・パスポートID,事業者名,サービス名,単価(円),数量,金額(円),利用開始日";
    assert_eq!(lines.next(), Some(head));
    let first = "100000000016,sakura01,'=cmd|' /C calc'!A0,\"名作アニメ1, \"\"完全版\"\"\",300,2,600,2026/11/10";
    assert_eq!(lines.next(), Some(first));
    assert_eq!(lines.count(), 17, "sixteen more rows and the end");
}

#[tokio::test]
async fn the_figures_are_gathered_with_names() {
    let view = household(3, "B社");
    let store = MemoryStore::new();
    let figures = overview(&store, &view, at("2026-11-11T10:00:00")).await.expect("reads");
    let figures = figures.expect("a line");
    assert_eq!((figures.total_yen, figures.months.len()), (1_800, 12));
    let names: Vec<_> =
        figures.ids.iter().filter_map(|id| id.name.as_ref().map(ShownName::as_str)).collect();
    assert_eq!(names, ["sakura01", "kaede02"]);
    assert_eq!(figures.ids[0].used_yen, 1_200);
    let november: Month = "2026-11".parse().expect("a month");
    assert_eq!(figures.month, november.into());
}
