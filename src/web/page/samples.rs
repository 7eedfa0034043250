//! Every page with sample data: for the tests that hold all pages to the same rules, and written
//! to a folder for the eye.

use std::path::Path;
use std::{fs, io};

use askama::Template;

use super::{
    CancellationCompletePage, CancellationConfirmPage, CompletePage, ConfirmPage, Contacts,
    FlowKind, HelpPage, HelpTopic, LandingPage, LimitUse, LoginCard, LoginErrorPage, LoginPage,
    MaintenancePage, MissingFields, Order, PriceKind, Problem, ProblemPage, Provider, RefusalPage,
    RefusalReason, RestrictedPage, RestrictionCause, Shell, ShownName, SuccessPage,
};
use crate::text::Language;
use crate::text::format::Month;
use crate::web::assets;

/// One page with sample data: its name for a file, and its HTML.
pub type Sample = (&'static str, String);

/// 2026-11-23T21:00:00+09:00, in microseconds since the epoch.
const EVENING_US: i64 = 1_795_435_200_000_000;
const HOUR_US: i64 = 3_600_000_000;
const NOVEMBER: Month = Month { year: 2026, month: 11 };

/// Every page in `language`, as a household meets it.
pub fn samples(language: Language) -> Result<Vec<Sample>, askama::Error> {
    Samples { language, names: Names::ordinary() }.all()
}

/// Writes every page in both languages, and the assets, into `directory`: `ja/login.html` and so
/// on. For looking at; the server never calls it.
pub fn write_renders(directory: &Path) -> io::Result<()> {
    for language in Language::ALL {
        let folder = directory.join(language.code());
        fs::create_dir_all(&folder)?;
        for (name, html) in samples(language).map_err(io::Error::other)? {
            fs::write(folder.join(format!("{name}.html")), html)?;
        }
    }
    for asset in assets::ALL {
        let file = directory.join(asset.path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap_or(directory))?;
        fs::write(file, asset.content)?;
    }
    Ok(())
}

/// The words that providers and households write; hostile ones take their place in a test.
#[derive(Clone)]
struct Names {
    provider: String,
    domain: String,
    service: String,
    description: String,
    passport_id: String,
}

impl Names {
    fn ordinary() -> Self {
        Self {
            provider: "A社".into(),
            domain: "shop.a-sha.example".into(),
            service: "パックサービス".into(),
            description: "動画・音楽・電子書籍の見放題パック".into(),
            passport_id: "sk123".into(),
        }
    }
}

struct Samples {
    language: Language,
    names: Names,
}

impl Samples {
    fn all(&self) -> Result<Vec<Sample>, askama::Error> {
        let mut pages = self.logins()?;
        pages.extend(self.purchases()?);
        pages.extend(self.cancellations()?);
        pages.extend(self.refusals()?);
        pages.extend(self.problems()?);
        pages.extend(self.public()?);
        Ok(pages)
    }

    fn logins(&self) -> Result<Vec<Sample>, askama::Error> {
        let contract = LoginCard::Cancellation {
            contract: "K-100000000016".into(),
            service: Some(self.name(&self.names.service)),
        };
        let wrong = LoginPage {
            missing: MissingFields { passport_id: true, password: true },
            ..self.login(LoginCard::Purchase(self.per_use(3)))
        };
        let success = |flow| SuccessPage {
            shell: self.shell("/flow/3f9a/success"),
            flow,
            next_path: "/flow/3f9a/confirm".into(),
        };
        Ok(vec![
            ("login-monthly", self.login(LoginCard::Purchase(self.monthly())).render()?),
            ("login-per-use", self.login(LoginCard::Purchase(self.per_use(1))).render()?),
            ("login-missing", wrong.render()?),
            ("login-cancellation", self.login(contract).render()?),
            ("login-only", self.login(LoginCard::Login).render()?),
            ("success-purchase", success(FlowKind::Purchase).render()?),
            ("success-cancellation", success(FlowKind::Cancellation).render()?),
            ("success-login", success(FlowKind::Login).render()?),
            ("login-error", self.login_error().render()?),
        ])
    }

    fn purchases(&self) -> Result<Vec<Sample>, askama::Error> {
        let limit = |used_yen, adds_yen| LimitUse { used_yen, limit_yen: 10_000, adds_yen };
        let monthly = self.confirm(self.monthly(), limit(4_200, 525));
        let unticked = ConfirmPage { consent_missing: true, ..monthly.clone() };
        let again = ConfirmPage { charged_already: true, limit: limit(4_200, 0), ..monthly.clone() };
        let over_line = ConfirmPage {
            line_limit: Some(LimitUse { used_yen: 29_900, limit_yen: 30_000, adds_yen: 525 }),
            ..monthly.clone()
        };
        let complete = CompletePage {
            shell: self.signed_in("/flow/3f9a/complete"),
            provider: self.provider(),
            order: self.monthly(),
            passport_id: self.name(&self.names.passport_id),
            receipt_number: "100000000016".into(),
            completed_at_us: EVENING_US,
            contract: Some("K-100000000016".into()),
            charge_month: NOVEMBER,
            mail_follows: true,
            provider_contact: Some("0120-000-000".into()),
            return_path: "/flow/3f9a/return".into(),
        };
        let complete_per_use =
            CompletePage { order: self.per_use(3), contract: None, ..complete.clone() };
        Ok(vec![
            ("confirm-monthly", monthly.render()?),
            ("confirm-per-use", self.confirm(self.per_use(3), limit(4_200, 900)).render()?),
            ("confirm-unticked", unticked.render()?),
            ("confirm-again", again.render()?),
            ("confirm-over-limit", self.confirm(self.monthly(), limit(9_800, 525)).render()?),
            ("confirm-over-line", over_line.render()?),
            ("complete-monthly", complete.render()?),
            ("complete-per-use", complete_per_use.render()?),
        ])
    }

    fn cancellations(&self) -> Result<Vec<Sample>, askama::Error> {
        let confirm = CancellationConfirmPage {
            shell: self.signed_in("/flow/3f9a/confirm"),
            provider: self.provider(),
            service: self.name(&self.names.service),
            contract: "K-100000000016".into(),
            monthly_price_yen: 525,
            bought_at_us: EVENING_US,
            last_charge_month: NOVEMBER,
            first_day_rule: false,
            passport_id: self.name(&self.names.passport_id),
            action: "/flow/3f9a/confirm".into(),
            csrf: "sample-csrf".into(),
            back_path: "/flow/3f9a/back".into(),
        };
        let first_day = CancellationConfirmPage { first_day_rule: true, ..confirm.clone() };
        let complete = CancellationCompletePage {
            shell: self.signed_in("/flow/3f9a/complete"),
            provider: self.provider(),
            service: self.name(&self.names.service),
            contract: "K-100000000016".into(),
            receipt_number: "100000000024".into(),
            completed_at_us: EVENING_US,
            last_charge_month: NOVEMBER,
            passport_id: self.name(&self.names.passport_id),
            return_path: "/flow/3f9a/return".into(),
        };
        Ok(vec![
            ("cancel-confirm", confirm.render()?),
            ("cancel-confirm-first-day", first_day.render()?),
            ("cancel-complete", complete.render()?),
        ])
    }

    fn refusals(&self) -> Result<Vec<Sample>, askama::Error> {
        let service = || self.name(&self.names.service);
        let used = |used_yen, limit_yen| LimitUse { used_yen, limit_yen, adds_yen: 525 };
        let purchase = FlowKind::Purchase;
        let cancellation = FlowKind::Cancellation;
        let ended = RefusalReason::ContractEnded { last_charge_month: NOVEMBER };
        let gone = RefusalReason::ServiceNotOffered { service: service() };
        let live = RefusalReason::ContractLive { service: service() };
        let limit = RefusalReason::LimitExceeded(used(9_800, 10_000));
        let line = RefusalReason::LineLimitExceeded(used(29_900, 30_000));
        [
            ("refusal-limit", purchase, limit),
            ("refusal-line-limit", purchase, line),
            ("refusal-contract-live", purchase, live),
            ("refusal-other-order", purchase, RefusalReason::OrderOfAnotherPassport),
            ("refusal-order-ended", purchase, RefusalReason::OrderEnded),
            ("refusal-line-ineligible", purchase, RefusalReason::LineIneligible),
            ("refusal-service-gone", purchase, gone),
            ("refusal-billing", purchase, RefusalReason::BillingUnavailable),
            ("refusal-line-check", FlowKind::Login, RefusalReason::LineCheckRequired),
            ("refusal-other-contract", cancellation, RefusalReason::ContractOfAnotherPassport),
            ("refusal-per-use", cancellation, RefusalReason::PerUseNotCancellable),
            ("refusal-contract-ended", cancellation, ended),
        ]
        .into_iter()
        .map(|(name, flow, reason)| Ok((name, self.refusal(flow, reason).render()?)))
        .collect()
    }

    fn problems(&self) -> Result<Vec<Sample>, askama::Error> {
        let overloaded =
            Problem::Overloaded { retry_path: Some("/flow/3f9a/confirm".into()), retry_after_s: 3 };
        let bad = Problem::BadProviderRequest {
            field: "redirect_uri".into(),
            detail: "is not one of the addresses registered for this client".into(),
        };
        let mut pages = [
            ("problem-overloaded", overloaded),
            ("problem-flow-unknown", Problem::FlowUnknown),
            ("problem-cross-site", Problem::CrossSite),
            ("problem-provider-request", bad),
            ("problem-bad-request", Problem::BadRequest),
            ("problem-not-found", Problem::NotFound),
            ("problem-method", Problem::MethodNotAllowed),
            ("problem-internal", Problem::Internal),
        ]
        .into_iter()
        .map(|(name, problem)| {
            Ok((name, ProblemPage { shell: self.failed(), problem }.render()?))
        })
        .collect::<Result<Vec<Sample>, askama::Error>>()?;
        pages.push(("restricted-customer", self.restricted(RestrictionCause::Customer).render()?));
        pages.push(("restricted-company", self.restricted(RestrictionCause::Company).render()?));
        let close_path = Some("/flow/3f9a/back".into());
        pages.push(("maintenance", MaintenancePage { shell: self.failed(), close_path }.render()?));
        Ok(pages)
    }

    fn public(&self) -> Result<Vec<Sample>, askama::Error> {
        let landing = LandingPage { shell: self.shell("/"), portal_path: None };
        let mut pages = vec![("landing", landing.render()?)];
        for (name, topic) in [
            ("help-errors", HelpTopic::Errors),
            ("help-restriction", HelpTopic::Restriction),
            ("help-notes", HelpTopic::Notes),
            ("help-contact", HelpTopic::Contact),
            ("help-privacy", HelpTopic::Privacy),
        ] {
            let contacts = Contacts {
                enquiry_url: Some("https://www.example/enquiry".into()),
                payment_url: Some("https://www.example/payment".into()),
                ..Contacts::default()
            };
            let page = HelpPage { shell: self.shell(topic.path()), topic, contacts };
            pages.push((name, page.render()?));
        }
        Ok(pages)
    }

    fn login(&self, card: LoginCard) -> LoginPage {
        LoginPage {
            shell: self.shell("/flow/3f9a/login"),
            provider: self.provider(),
            card,
            action: "/flow/3f9a/login".into(),
            csrf: "sample-csrf".into(),
            back_path: "/flow/3f9a/back".into(),
            passport_id: String::new(),
            missing: MissingFields::default(),
        }
    }

    fn login_error(&self) -> LoginErrorPage {
        LoginErrorPage {
            shell: self.failed(),
            provider: self.provider(),
            login_path: "/flow/3f9a/login".into(),
            back_path: "/flow/3f9a/back".into(),
        }
    }

    fn confirm(&self, order: Order, limit: LimitUse) -> ConfirmPage {
        ConfirmPage {
            shell: self.signed_in("/flow/3f9a/confirm"),
            provider: self.provider(),
            order,
            passport_id: self.name(&self.names.passport_id),
            charge_month: NOVEMBER,
            charged_already: false,
            limit,
            line_limit: None,
            expires_at_us: Some(EVENING_US + HOUR_US),
            terms_url: Some("https://shop.a-sha.example/terms".into()),
            provider_contact: Some("0120-000-000".into()),
            action: "/flow/3f9a/confirm".into(),
            csrf: "sample-csrf".into(),
            back_path: "/flow/3f9a/back".into(),
            consent_missing: false,
        }
    }

    fn refusal(&self, flow: FlowKind, reason: RefusalReason) -> RefusalPage {
        let provider = self.provider();
        RefusalPage { shell: self.failed(), flow, reason, provider, back_path: "/flow/3f9a/back".into() }
    }

    fn restricted(&self, cause: RestrictionCause) -> RestrictedPage {
        RestrictedPage {
            shell: self.failed(),
            cause,
            provider: self.provider(),
            back_path: "/flow/3f9a/back".into(),
        }
    }

    fn monthly(&self) -> Order {
        Order {
            service: self.name(&self.names.service),
            description: Some(self.name(&self.names.description)),
            kind: PriceKind::Monthly,
            unit_price_yen: 525,
            quantity: 1,
            amount_yen: 525,
            usage_period: None,
        }
    }

    fn per_use(&self, quantity: u32) -> Order {
        Order {
            service: "名作アニメ1".into(),
            description: None,
            kind: PriceKind::PerUse,
            unit_price_yen: 300,
            quantity,
            amount_yen: 300 * u64::from(quantity),
            usage_period: Some("ご購入から7日間".into()),
        }
    }

    fn provider(&self) -> Provider {
        Provider {
            name: self.name(&self.names.provider),
            domain: self.name(&self.names.domain),
        }
    }

    fn name(&self, written: &str) -> ShownName {
        ShownName::from(written)
    }

    fn shell(&self, path: &str) -> Shell {
        Shell {
            language: self.language,
            nonce: "c2FtcGxlLW5vbmNlLTEyOGJpdA".into(),
            switch_path: Some(path.into()),
            request_id: None,
            signed_in_as: None,
        }
    }

    fn signed_in(&self, path: &str) -> Shell {
        let signed_in_as = Some(self.name(&self.names.passport_id));
        Shell { signed_in_as, ..self.shell(path) }
    }

    fn failed(&self) -> Shell {
        let request_id = Some("01JD8Q2M7XN4T9".into());
        Shell { request_id, switch_path: None, ..self.shell("") }
    }
}

#[cfg(test)]
mod tests {
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
        html.split(opening.as_str())
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    /// The tags of one element, each as far as its `>`.
    fn tags<'a>(html: &'a str, element: &str) -> Vec<&'a str> {
        let opening = format!("<{element} ");
        html.split(opening.as_str())
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .collect()
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
                let consent = format!("<label class=\"consent\" for=\"{id}\"");
                assert!(html.contains(&label) || html.contains(&consent), "{name}: {id}");
            }
            let ids: Vec<_> = attribute(&html, "id");
            let unique: HashSet<_> = ids.iter().copied().collect();
            assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice: {ids:?}");
            for attribute_name in ["aria-describedby", "aria-labelledby", "for"] {
                for target in attribute(&html, attribute_name).into_iter().flat_map(str::split_whitespace)
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
            ("success-purchase", "「サービス購入画面」にログインが成功しました。次のページへ自動的に遷移しますので、そのままお待ちください。"),
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
            ("maintenance", "お客様には大変ご迷惑をお掛けいたしますが、しばらくお待ちくださいますようお願いいたします。"),
            ("maintenance", ">閉じる</a>"),
            ("restricted-customer", "お客さまからのお申し込みにより、サービスのご利用を規制しています。"),
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
                    for word in ["お支払いがない", "未払", "不正", "unpaid", "fraud", "お申し込みにより"] {
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
}
