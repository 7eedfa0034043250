//! What every page keeps to, in both languages, with ordinary and with hostile names.

use std::collections::HashSet;

use super::{Names, Sample, Samples, samples, write_renders};
use crate::text::Language;

/// All pages in both languages, with ordinary and with hostile names.
fn every_page() -> Vec<Sample> {
    let hostile = Names {
        provider: "<script>alert(1)</script>\u{202E}elgoog".into(),
        domain: "evil.example\"><img src=x onerror=alert(1)>".into(),
        service: "長い".repeat(5_120),
        description: "一行目\r\n{{ csrf }}{% raw %}\u{200B}'\" onclick='x'".into(),
        passport_id: "\"><b>id</b>".into(),
    };
    let mut pages = Vec::new();
    for language in Language::ALL {
        for names in [Names::ordinary(), hostile.clone()] {
            pages.extend(Samples { language, names }.all().expect("samples render"));
        }
    }
    pages
}

/// The values of an attribute over the whole page.
fn attribute<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let opening = format!(" {name}=\"");
    html.split(opening.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The tags of one element, each as far as its `>`.
fn tags<'a>(html: &'a str, element: &str) -> Vec<&'a str> {
    let opening = format!("<{element} ");
    html.split(opening.as_str()).skip(1).filter_map(|rest| rest.split('>').next()).collect()
}

#[test]
fn every_page_has_one_heading_a_language_and_landmarks() {
    for (name, html) in every_page() {
        assert_eq!(html.matches("<h1").count(), 1, "{name}: h1");
        assert_eq!(html.matches("<main id=\"main\"").count(), 1, "{name}: main");
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\""), "{name}: lang");
        assert!(html.contains("class=\"skip\" href=\"#main\""), "{name}: skip link");
        let title = html.split("<title>").nth(1).and_then(|rest| rest.split(" | ").next());
        assert!(title.is_some_and(|title| !title.trim().is_empty()), "{name}: title");
    }
}

#[test]
fn every_field_has_its_label_and_every_reference_its_target() {
    for (name, html) in every_page() {
        for input in tags(&html, "input") {
            if input.contains("type=\"hidden\"") {
                continue;
            }
            let tag = format!(" {input}");
            let id = attribute(&tag, "id").first().copied().unwrap_or_default();
            let label = format!("<label for=\"{id}\"");
            let whole =
                ["consent", "choice"].map(|class| format!("<label class=\"{class}\" for=\"{id}\""));
            let is_labelled = whole.iter().chain([&label]).any(|label| html.contains(label));
            assert!(is_labelled, "{name}: {id}");
        }
        let ids: Vec<_> = attribute(&html, "id");
        let unique: HashSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice: {ids:?}");
        for attribute_name in ["aria-describedby", "aria-labelledby", "for"] {
            for target in
                attribute(&html, attribute_name).into_iter().flat_map(str::split_whitespace)
            {
                assert!(unique.contains(target), "{name}: {attribute_name} {target}");
            }
        }
    }
}

#[test]
fn no_page_breaks_the_content_security_policy_or_leaves_a_template_open() {
    for (name, html) in every_page() {
        for forbidden in [" style=\"", "<style", " onclick=\"", "javascript:", "{%"] {
            let escaped = html.replace("{% raw %}", "");
            assert!(!escaped.contains(forbidden), "{name}: {forbidden}");
        }
        assert!(!html.replace("{{ csrf }}", "").contains("{{"), "{name}: open template");
        assert_eq!(html.matches("<script").count(), 1, "{name}: one script");
        assert!(html.contains("nonce=\"c2FtcGxlLW5vbmNlLTEyOGJpdA\""), "{name}: nonce");
    }
}

/// checks/security.md 47, 48.
#[test]
fn hostile_names_are_shown_as_harmless_text() {
    for (name, html) in every_page() {
        for forbidden in ["<script>alert", "<img", "<b>id", "\u{202E}", "\u{200B}", "' onclick"] {
            assert!(!html.contains(forbidden), "{name}: {forbidden:?}");
        }
        assert!(html.len() < 40_000, "{name}: {} bytes", html.len());
    }
}

/// what a cause could change is not on the page, so the bytes are the same.
#[test]
fn the_login_error_differs_in_nonce_and_request_id_alone() {
    let samples = Samples { language: Language::Ja, names: Names::ordinary() };
    let mut other = samples.login_error();
    other.shell.nonce = "another".into();
    other.shell.request_id = Some("id-9".into());
    let written = |page: &super::LoginErrorPage| {
        askama::Template::render(page)
            .expect("renders")
            .replace(&page.shell.nonce, "")
            .replace(page.shell.request_id.as_deref().unwrap_or_default(), "")
    };
    assert_eq!(written(&samples.login_error()), written(&other));
}

/// The guide's own words, to the letter, on the page each belongs to.
#[test]
fn the_guides_labels_stand_on_their_pages() {
    let pages = samples(Language::Ja).expect("samples render");
    for (page, words) in [
        ("login-monthly", ">フレッツ・パスポートID</label>"),
        ("login-monthly", ">パスワード</label>"),
        ("login-monthly", ">ログイン</button>"),
        ("login-monthly", ">エラーについて</a>"),
        ("login-error", ">エラーについて</a>"),
        (
            "success-purchase",
            "「サービス購入画面」にログインが成功しました。次のページへ自動的に遷移しますので、そのままお待ちください。",
        ),
        ("success-cancellation", "「サービス解約画面」にログインが成功しました。"),
        ("success-purchase", ">ここ</a>をクリック"),
        ("confirm-monthly", "承諾する</span></label>"),
        ("confirm-monthly", ">購入</button>"),
        ("confirm-monthly", "購入せずに戻る</a>"),
        ("confirm-monthly", "多数の有料サービスを購入されると、料金が高額となる場合があります"),
        ("complete-monthly", "購入手続きが完了"),
        ("complete-monthly", ">サービスを利用する</a>"),
        ("cancel-confirm", ">解約</button>"),
        ("cancel-complete", ">OK</a>"),
        ("maintenance", "ただいまシステムメンテナンス中です。"),
        (
            "maintenance",
            "お客様には大変ご迷惑をお掛けいたしますが、しばらくお待ちくださいますようお願いいたします。",
        ),
        ("maintenance", ">閉じる</a>"),
        (
            "restricted-customer",
            "お客さまからのお申し込みにより、サービスのご利用を規制しています。",
        ),
        ("restricted-customer", ">利用規制/解除方法について</a>"),
        ("restricted-customer", ">戻る</a>"),
    ] {
        let html = pages.iter().find(|(name, _)| *name == page).map(|(_, html)| html.as_str());
        assert!(html.is_some_and(|html| html.contains(words)), "{page}: {words}");
    }
}

/// whoever holds the password does not learn that a bill is unpaid.
#[test]
fn a_companys_stop_is_told_in_neutral_words() {
    for language in Language::ALL {
        for (name, html) in samples(language).expect("samples render") {
            if name == "restricted-company" {
                for word in
                    ["お支払いがない", "未払", "不正", "unpaid", "fraud", "お申し込みにより"]
                {
                    assert!(!html.contains(word), "{word}");
                }
            }
        }
    }
}

#[test]
fn the_box_is_never_ticked_beforehand() {
    for (name, html) in every_page() {
        assert!(!html.contains(" checked"), "{name}");
    }
}

#[test]
fn renders_are_written_for_the_eye() {
    let folder = tempfile::tempdir().expect("a folder");
    write_renders(folder.path()).expect("written");
    for file in ["ja/login-monthly.html", "en/landing.html", "assets/linepass.css"] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
}
