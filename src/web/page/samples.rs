//! Every page with sample data: for the tests that hold all pages to the same rules, and written
//! to a folder for the eye.

use std::path::Path;
use std::{fs, io};

use askama::Template;

use super::{
    CancellationCompletePage, CancellationConfirmPage, CompletePage, ConfirmPage, Contacts,
    FlowKind, HelpPage, HelpTopic, LandingPage, LimitUse, LoginCard, LoginErrorPage, LoginPage,
    MaintenancePage, MissingFields, Order, PriceKind, Problem, ProblemPage, Provider, RefusalPage,
    RefusalReason, RestrictedPage, RestrictionCause, Shell, SuccessPage,
};
use crate::text::Language;
use crate::text::format::Month;
use crate::web::assets;

mod portal;
mod statement;
#[cfg(test)]
mod tests;

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
        pages.extend(self.portal()?);
        pages.extend(self.statements()?);
        Ok(pages)
    }

    fn logins(&self) -> Result<Vec<Sample>, askama::Error> {
        let contract = LoginCard::Cancellation {
            contract: "K-100000000016".into(),
            service: Some(self.names.service.as_str().into()),
        };
        let wrong = LoginPage {
            missing: MissingFields { passport_id: true, password: true },
            ..self.login(LoginCard::Purchase(Self::per_use(3)))
        };
        let again = LoginPage { again: true, ..self.login(LoginCard::Purchase(self.monthly())) };
        let success = |flow| SuccessPage {
            shell: self.shell("/flow/3f9a/success"),
            flow,
            next_path: "/flow/3f9a/confirm".into(),
        };
        Ok(vec![
            ("login-monthly", self.login(LoginCard::Purchase(self.monthly())).render()?),
            ("login-per-use", self.login(LoginCard::Purchase(Self::per_use(1))).render()?),
            ("login-missing", wrong.render()?),
            ("login-again", again.render()?),
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
        let again =
            ConfirmPage { charged_already: true, limit: limit(4_200, 0), ..monthly.clone() };
        let over_line = ConfirmPage {
            line_limit: Some(LimitUse { used_yen: 29_900, limit_yen: 30_000, adds_yen: 525 }),
            ..monthly.clone()
        };
        let complete = CompletePage {
            shell: self.signed_in("/flow/3f9a/complete"),
            provider: self.provider(),
            order: self.monthly(),
            passport_id: self.names.passport_id.as_str().into(),
            receipt_number: "100000000016".into(),
            completed_at_us: EVENING_US,
            contract: Some("K-100000000016".into()),
            charge_month: NOVEMBER,
            mail_follows: true,
            provider_contact: Some("0120-000-000".into()),
            return_path: "/flow/3f9a/return".into(),
        };
        let complete_per_use =
            CompletePage { order: Self::per_use(3), contract: None, ..complete.clone() };
        Ok(vec![
            ("confirm-monthly", monthly.render()?),
            ("confirm-per-use", self.confirm(Self::per_use(3), limit(4_200, 900)).render()?),
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
            service: self.names.service.as_str().into(),
            contract: "K-100000000016".into(),
            monthly_price_yen: 525,
            bought_at_us: EVENING_US,
            last_charge_month: NOVEMBER,
            first_day_rule: false,
            passport_id: self.names.passport_id.as_str().into(),
            action: "/flow/3f9a/confirm".into(),
            csrf: "sample-csrf".into(),
            back_path: "/flow/3f9a/back".into(),
        };
        let first_day = CancellationConfirmPage { first_day_rule: true, ..confirm.clone() };
        let complete = CancellationCompletePage {
            shell: self.signed_in("/flow/3f9a/complete"),
            provider: self.provider(),
            service: self.names.service.as_str().into(),
            contract: "K-100000000016".into(),
            receipt_number: "100000000024".into(),
            completed_at_us: EVENING_US,
            last_charge_month: NOVEMBER,
            passport_id: self.names.passport_id.as_str().into(),
            return_path: "/flow/3f9a/return".into(),
        };
        Ok(vec![
            ("cancel-confirm", confirm.render()?),
            ("cancel-confirm-first-day", first_day.render()?),
            ("cancel-complete", complete.render()?),
        ])
    }

    fn refusals(&self) -> Result<Vec<Sample>, askama::Error> {
        let service = || self.names.service.as_str().into();
        let used = |used_yen, limit_yen| LimitUse { used_yen, limit_yen, adds_yen: 525 };
        let purchase = FlowKind::Purchase;
        let cancellation = FlowKind::Cancellation;
        let ended = RefusalReason::ContractEnded { last_charge_month: NOVEMBER };
        let gone = RefusalReason::ServiceNotOffered { service: service() };
        let live = RefusalReason::ContractLive { service: service() };
        let over_limit = RefusalReason::LimitExceeded(used(9_800, 10_000));
        let over_line = RefusalReason::LineLimitExceeded(used(29_900, 30_000));
        [
            ("refusal-limit", purchase, over_limit),
            ("refusal-line-limit", purchase, over_line),
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
        .map(|(name, problem)| Ok((name, ProblemPage { shell: self.failed(), problem }.render()?)))
        .collect::<Result<Vec<Sample>, askama::Error>>()?;
        pages.push(("restricted-customer", self.restricted(RestrictionCause::Customer).render()?));
        pages.push(("restricted-company", self.restricted(RestrictionCause::Company).render()?));
        let close_path = Some("/flow/3f9a/back".into());
        let maintenance = MaintenancePage {
            shell: self.failed(),
            message: Some("設備の更新を行っています。".into()),
            until_us: Some(1_795_982_400_000_000),
            close_path,
        };
        pages.push(("maintenance", maintenance.render()?));
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
            ("help-environment", HelpTopic::Environment),
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
            again: false,
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
            passport_id: self.names.passport_id.as_str().into(),
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
        RefusalPage {
            shell: self.failed(),
            flow,
            reason,
            provider,
            back_path: "/flow/3f9a/back".into(),
        }
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
            service: self.names.service.as_str().into(),
            description: Some(self.names.description.as_str().into()),
            kind: PriceKind::Monthly,
            unit_price_yen: 525,
            quantity: 1,
            amount_yen: 525,
            usage_period: None,
        }
    }

    fn per_use(quantity: u32) -> Order {
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
            name: self.names.provider.as_str().into(),
            domain: self.names.domain.as_str().into(),
        }
    }

    fn shell(&self, path: &str) -> Shell {
        Shell {
            language: self.language,
            nonce: "c2FtcGxlLW5vbmNlLTEyOGJpdA".into(),
            switch_path: Some(path.into()),
            request_id: None,
            signed_in_as: None,
            household: None,
        }
    }

    fn signed_in(&self, path: &str) -> Shell {
        let signed_in_as = Some(self.names.passport_id.as_str().into());
        Shell { signed_in_as, ..self.shell(path) }
    }

    fn failed(&self) -> Shell {
        let request_id = Some("01JD8Q2M7XN4T9".into());
        Shell { request_id, switch_path: None, ..self.shell("") }
    }
}
