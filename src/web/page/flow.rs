//! The pages of a provider's flow (interfaces.md, section 2).

use askama::Template;

use super::{FlowKind, LimitUse, LoginCard, Order, Provider, Shell, ShownName};
use crate::text::format::{self, Month};

/// Which fields of the login form were left empty; told before any look-up (details.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MissingFields {
    /// フレッツ・パスポートID.
    pub passport_id: bool,
    /// パスワード.
    pub password: bool,
}

impl MissingFields {
    /// Whether there is any error to show.
    pub fn any(&self) -> bool {
        self.passport_id || self.password
    }
}

/// ログイン: whose site asks for what, then the form.
///
/// The form posts `csrf`, `passport_id` and `password`. Answer 200, or 422 with missing fields.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/login.html")]
pub struct LoginPage {
    /// What is around the content.
    pub shell: Shell,
    /// Who asks.
    pub provider: Provider,
    /// What for.
    pub card: LoginCard,
    /// Where the form posts to, `/flow/{id}/login`.
    pub action: String,
    /// The value of the hidden field `csrf`.
    pub csrf: String,
    /// The way back to the provider, `/flow/{id}/back`.
    pub back_path: String,
    /// What was typed as the passport ID; returned on 422, empty at first. The password never is.
    pub passport_id: String,
    /// Fields left empty.
    pub missing: MissingFields,
    /// The household pressed a button whose login no longer stood: it is told that nothing came
    /// of it.
    pub again: bool,
}

/// ログイン成功: goes on by itself, with a real link.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/success.html")]
pub struct SuccessPage {
    /// What is around the content.
    pub shell: Shell,
    /// Which sentence of the guide.
    pub flow: FlowKind,
    /// Where it goes, `/flow/{id}/confirm` or, for login alone, `/flow/{id}/return`.
    pub next_path: String,
}

/// 購入内容確認.
///
/// The form posts `csrf` and, when ticked, `consent=yes`. Answer 200, or 422 without the tick.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/confirm.html")]
pub struct ConfirmPage {
    /// What is around the content.
    pub shell: Shell,
    /// Who sells.
    pub provider: Provider,
    /// What is bought.
    pub order: Order,
    /// The passport ID that buys, as its holder wrote it.
    pub passport_id: ShownName,
    /// The month in which the order is charged, for a monthly service the first one.
    pub charge_month: Month,
    /// a monthly service bought again in a month that is charged already.
    pub charged_already: bool,
    /// The passport ID's limit in this month.
    pub limit: LimitUse,
    /// The whole line's limit in this month, shown when this order does not fit it.
    pub line_limit: Option<LimitUse>,
    /// The instant at which this flow ends, microseconds since the epoch: the order deadline.
    pub expires_at_us: Option<i64>,
    /// The provider's terms of use, an https address from the catalogue.
    pub terms_url: Option<String>,
    /// The provider's contact from the catalogue.
    pub provider_contact: Option<ShownName>,
    /// Where the form posts to, `/flow/{id}/confirm`.
    pub action: String,
    /// The value of the hidden field `csrf`.
    pub csrf: String,
    /// The way back to the provider, `/flow/{id}/back`.
    pub back_path: String,
    /// Set when 購入 was pressed without 承諾する.
    pub consent_missing: bool,
}

impl ConfirmPage {
    /// The month the household agrees to, for the form: a press in another month shows the page again.
    fn month_value(&self) -> String {
        month_value(self.charge_month)
    }

    /// The line's limit where it is the one that this order does not fit.
    fn line_limit_passed(&self) -> Option<&LimitUse> {
        self.line_limit.as_ref().filter(|limit| !limit.fits())
    }

    fn fits(&self) -> bool {
        self.limit.fits() && self.line_limit_passed().is_none()
    }
}

/// 購入手続き完了: the slip.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/complete.html")]
pub struct CompletePage {
    /// What is around the content.
    pub shell: Shell,
    /// Who sold.
    pub provider: Provider,
    /// What was bought.
    pub order: Order,
    /// The passport ID that bought.
    pub passport_id: ShownName,
    /// 申込受付番号, 12 digits.
    pub receipt_number: String,
    /// The instant that counts, microseconds since the epoch.
    pub completed_at_us: i64,
    /// The contract of a monthly service, `K-` and 12 digits.
    pub contract: Option<String>,
    /// The month charged, for a monthly service the first one.
    pub charge_month: Month,
    /// Whether a confirmation mail follows; the page promises none otherwise.
    pub mail_follows: bool,
    /// The provider's contact from the catalogue.
    pub provider_contact: Option<ShownName>,
    /// サービスを利用する, `/flow/{id}/return`.
    pub return_path: String,
}

impl CompletePage {
    fn grouped_number(&self) -> String {
        format::receipt_number(&self.receipt_number)
    }

    fn completed_at_rfc3339(&self) -> String {
        format::instant_rfc3339(self.completed_at_us)
    }
}

/// 解約内容確認. The form posts `csrf`.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/cancel_confirm.html")]
pub struct CancellationConfirmPage {
    /// What is around the content.
    pub shell: Shell,
    /// Whose service it is.
    pub provider: Provider,
    /// The service.
    pub service: ShownName,
    /// The contract, `K-` and 12 digits.
    pub contract: String,
    /// The contract's monthly price, tax-included, in yen.
    pub monthly_price_yen: u64,
    /// When it was bought, microseconds since the epoch.
    pub bought_at_us: i64,
    /// The last month that is charged if it is cancelled now.
    pub last_charge_month: Month,
    /// Whether this month is left out because today is the 1st.
    pub first_day_rule: bool,
    /// The passport ID that bought and now cancels.
    pub passport_id: ShownName,
    /// Where the form posts to.
    pub action: String,
    /// The value of the hidden field `csrf`.
    pub csrf: String,
    /// The way back to the provider, `/flow/{id}/back`.
    pub back_path: String,
}

impl CancellationConfirmPage {
    /// The last charged month as the form sends it back, so that the press can be refused where it
    /// has become a later one.
    fn month_value(&self) -> String {
        month_value(self.last_charge_month)
    }
}

fn month_value(month: Month) -> String {
    format!("{:04}-{:02}", month.year, month.month)
}

/// 解約手続き完了.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/cancel_complete.html")]
pub struct CancellationCompletePage {
    /// What is around the content.
    pub shell: Shell,
    /// Whose service it was.
    pub provider: Provider,
    /// The service.
    pub service: ShownName,
    /// The contract that ended.
    pub contract: String,
    /// The cancellation's own receipt number, 12 digits.
    pub receipt_number: String,
    /// The instant that counts, microseconds since the epoch.
    pub completed_at_us: i64,
    /// The last month that is charged.
    pub last_charge_month: Month,
    /// The passport ID that cancelled.
    pub passport_id: ShownName,
    /// 「OK」, `/flow/{id}/return`.
    pub return_path: String,
}

impl CancellationCompletePage {
    fn grouped_number(&self) -> String {
        format::receipt_number(&self.receipt_number)
    }

    fn completed_at_rfc3339(&self) -> String {
        format::instant_rfc3339(self.completed_at_us)
    }
}

/// ログインエラー: one page for every cause. It holds nothing that a cause could change,
/// so two causes differ in nonce and request ID alone. Answer 403.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/login_error.html")]
pub struct LoginErrorPage {
    /// What is around the content.
    pub shell: Shell,
    /// Whose site to go back to.
    pub provider: Provider,
    /// The login form again, `/flow/{id}/login`.
    pub login_path: String,
    /// The way back to the provider, `/flow/{id}/back`.
    pub back_path: String,
}
