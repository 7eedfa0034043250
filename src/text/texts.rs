//! The shape of the texts: one field for each sentence, grouped by page.
//!
//! A sentence with something in it is a function, so that each language puts it where its grammar
//! wants it. What a function gets is plain text; the template escapes the whole sentence.

/// A sentence around one thing: a name, an amount, a domain.
pub type With1 = fn(&str) -> String;
/// A sentence around two things.
pub type With2 = fn(&str, &str) -> String;
/// A sentence around three things.
pub type With3 = fn(&str, &str, &str) -> String;

/// Every text of one language.
#[derive(Debug)]
pub struct Texts {
    pub(crate) common: Common,
    pub(crate) login: Login,
    pub(crate) success: Success,
    pub(crate) confirmation: Confirmation,
    pub(crate) limit: Limit,
    pub(crate) completion: Completion,
    pub(crate) cancellation: Cancellation,
    pub(crate) login_error: LoginError,
    pub(crate) refusal: Refusal,
    pub(crate) restricted: Restricted,
    pub(crate) maintenance: Maintenance,
    pub(crate) problem: Problem,
    pub(crate) landing: Landing,
    pub(crate) errors_help: HelpPage,
    pub(crate) restriction_help: HelpPage,
    pub(crate) notes_help: HelpPage,
    pub(crate) contact_help: HelpPage,
    pub(crate) privacy_help: HelpPage,
    pub(crate) environment_help: HelpPage,
    pub(crate) contacts: Contacts,
    pub(crate) mail: super::mail::Mail,
    pub(crate) portal: super::portal::Portal,
    pub(crate) statement: super::statement::Statement,
    pub(crate) overview: super::statement::Overview,
}

/// What stands on many pages: header, footer, prices, small words.
#[derive(Debug)]
pub struct Common {
    pub(crate) skip_to_content: &'static str,
    pub(crate) language_switch: &'static str,
    pub(crate) signed_in_as: With1,
    pub(crate) footer_links: &'static str,
    pub(crate) footer_line: &'static str,
    pub(crate) request_id: &'static str,
    pub(crate) required: &'static str,
    /// Before the title of a page whose fields are wrong (checks/experience.md 4).
    pub(crate) error_title_prefix: &'static str,
    pub(crate) error_mark: &'static str,
    pub(crate) error_summary: &'static str,
    pub(crate) attention_mark: &'static str,
    pub(crate) new_tab: &'static str,
    pub(crate) back_to: With1,
    pub(crate) monthly: &'static str,
    pub(crate) per_use: &'static str,
    pub(crate) tax_included: &'static str,
    pub(crate) every_month: &'static str,
    pub(crate) each_purchase: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) service: &'static str,
    pub(crate) contract: &'static str,
    pub(crate) passport_id: &'static str,
    pub(crate) quantity: &'static str,
    pub(crate) unit_price: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) receipt_number: &'static str,
    pub(crate) steps_purchase: [&'static str; 3],
    pub(crate) steps_cancellation: [&'static str; 3],
    pub(crate) steps: &'static str,
    pub(crate) step_of: With2,
    pub(crate) about_errors: &'static str,
    pub(crate) about_restriction: &'static str,
    pub(crate) notes: &'static str,
    pub(crate) contact: &'static str,
    pub(crate) privacy: &'static str,
    pub(crate) environment: &'static str,
    pub(crate) home: &'static str,
    pub(crate) print: &'static str,
    pub(crate) working: &'static str,
}

/// The login page of the three flows.
#[derive(Debug)]
pub struct Login {
    pub(crate) title: &'static str,
    pub(crate) nothing_done: &'static str,
    pub(crate) purchase_screen: &'static str,
    pub(crate) cancellation_screen: &'static str,
    pub(crate) alone_screen: &'static str,
    pub(crate) purchase_lead: With1,
    pub(crate) cancellation_lead: With1,
    pub(crate) alone_lead: With1,
    pub(crate) order_heading: &'static str,
    pub(crate) cancellation_heading: &'static str,
    pub(crate) alone_heading: &'static str,
    pub(crate) form_heading: &'static str,
    pub(crate) passport_id_help: &'static str,
    pub(crate) password: &'static str,
    pub(crate) password_help: &'static str,
    pub(crate) show: &'static str,
    pub(crate) hide: &'static str,
    /// What a screen reader says before and after the word on the button.
    pub(crate) reveal_before: &'static str,
    pub(crate) reveal_after: &'static str,
    pub(crate) button: &'static str,
    pub(crate) passport_id_missing: &'static str,
    pub(crate) password_missing: &'static str,
    pub(crate) nothing_charged_yet: &'static str,
    pub(crate) where_from_question: &'static str,
    pub(crate) where_from_answer: &'static str,
    pub(crate) back: &'static str,
}

/// The page between login and what follows.
#[derive(Debug)]
pub struct Success {
    pub(crate) title: &'static str,
    pub(crate) purchase: &'static str,
    pub(crate) cancellation: &'static str,
    pub(crate) login: &'static str,
    /// 「自動的に遷移しない時は、」, before the link.
    pub(crate) link_before: &'static str,
    pub(crate) link: &'static str,
    pub(crate) link_after: &'static str,
}

/// The confirmation of a purchase.
#[derive(Debug)]
pub struct Confirmation {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) details: &'static str,
    pub(crate) usage_period: &'static str,
    pub(crate) charge_months: &'static str,
    pub(crate) charge_months_monthly: With1,
    pub(crate) charge_months_rule: &'static str,
    /// a month that is charged already is not charged twice.
    pub(crate) charged_already: With1,
    pub(crate) charge_month_per_use: With1,
    pub(crate) yearly: &'static str,
    pub(crate) yearly_guide: With1,
    pub(crate) payment: &'static str,
    pub(crate) payment_text: &'static str,
    pub(crate) delivery: &'static str,
    pub(crate) delivery_text: &'static str,
    pub(crate) cancelling: &'static str,
    pub(crate) cancelling_monthly: With1,
    pub(crate) cancelling_per_use: &'static str,
    pub(crate) deadline: &'static str,
    pub(crate) deadline_until: With1,
    pub(crate) terms: &'static str,
    pub(crate) notes_lead: &'static str,
    pub(crate) consent: &'static str,
    pub(crate) consent_of: &'static str,
    pub(crate) consent_missing: &'static str,
    pub(crate) button: &'static str,
    /// What the button does, with the amount (checks/experience.md 16).
    pub(crate) buys: With1,
    pub(crate) buys_monthly: With1,
    pub(crate) back: &'static str,
    pub(crate) once: &'static str,
}

/// The bar of what is used, added and left this month.
#[derive(Debug)]
pub struct Limit {
    pub(crate) heading: With1,
    pub(crate) used: &'static str,
    pub(crate) adds: &'static str,
    pub(crate) after: &'static str,
    pub(crate) left: &'static str,
    pub(crate) ceiling: &'static str,
    /// What a screen reader says of the bar: used, limit, after.
    pub(crate) bar: With3,
    ///
    pub(crate) high_total: &'static str,
    pub(crate) over_title: &'static str,
    /// What this purchase is above what is left, and what is left.
    pub(crate) over_passport: With2,
    pub(crate) over_line: With2,
    pub(crate) over_way_out: &'static str,
}

/// The completed purchase and its slip.
#[derive(Debug)]
pub struct Completion {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) slip: &'static str,
    pub(crate) completed_at: &'static str,
    pub(crate) first_charge_month: &'static str,
    pub(crate) charge_month: &'static str,
    pub(crate) from_month: With1,
    pub(crate) next_heading: &'static str,
    pub(crate) next_use: With1,
    pub(crate) next_mail: &'static str,
    pub(crate) next_bill: With1,
    pub(crate) next_cancel_monthly: With1,
    pub(crate) next_cancel_per_use: &'static str,
    pub(crate) next_keep: &'static str,
    pub(crate) next_provider: With2,
    pub(crate) button: &'static str,
    pub(crate) goes_to: With1,
}

/// Cancelling a monthly contract.
#[derive(Debug)]
pub struct Cancellation {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) bought_at: &'static str,
    pub(crate) last_charge_month: &'static str,
    pub(crate) last_month_of: With1,
    pub(crate) last_month_rule: &'static str,
    /// The 1st of a month after the purchase: this month is not charged.
    pub(crate) first_day_rule: &'static str,
    pub(crate) use_ends: &'static str,
    pub(crate) use_ends_text: &'static str,
    pub(crate) again: &'static str,
    pub(crate) button: &'static str,
    pub(crate) back: &'static str,
    pub(crate) done_title: &'static str,
    pub(crate) done_lead: &'static str,
    pub(crate) slip: &'static str,
    pub(crate) cancelled_at: &'static str,
    pub(crate) next_charge: With1,
    pub(crate) next_access: &'static str,
    pub(crate) next_again: &'static str,
    pub(crate) ok: &'static str,
}

/// The one page of every login that fails.
#[derive(Debug)]
pub struct LoginError {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) check_heading: &'static str,
    pub(crate) checks: [&'static str; 4],
    pub(crate) again: &'static str,
}

/// What happened, in one sentence, and what the household can do about it.
#[derive(Debug)]
pub struct Explained {
    pub(crate) what: &'static str,
    pub(crate) todo: &'static [&'static str],
}

/// As [`Explained`], around one name.
#[derive(Debug)]
pub struct RefusalText {
    pub(crate) what: With1,
    pub(crate) todo: &'static [&'static str],
}

/// The refusals by a rule.
#[derive(Debug)]
pub struct Refusal {
    pub(crate) title_purchase: &'static str,
    pub(crate) title_cancellation: &'static str,
    pub(crate) title_login: &'static str,
    pub(crate) nothing_charged: &'static str,
    pub(crate) nothing_changed: &'static str,
    pub(crate) todo_heading: &'static str,
    pub(crate) back: &'static str,
    /// R-115; gets what the purchase is above what is left.
    pub(crate) limit: RefusalText,
    /// R-157; gets the same for the line.
    pub(crate) line_limit: RefusalText,
    /// R-119; gets the service.
    pub(crate) contract_live: RefusalText,
    pub(crate) order_of_another: Explained,
    ///
    pub(crate) contract_of_another: Explained,
    pub(crate) order_ended: Explained,
    ///
    pub(crate) line_ineligible: Explained,
    /// Gets the service.
    pub(crate) service_gone: RefusalText,
    ///
    pub(crate) per_use: Explained,
    /// Gets the last charged month.
    pub(crate) contract_ended: RefusalText,
    /// `unmet_authentication_requirements`: the provider asks that the line itself be checked.
    pub(crate) line_check: Explained,
    /// R-042, in neutral words.
    pub(crate) billing_unavailable: Explained,
}

/// 利用規制中.
#[derive(Debug)]
pub struct Restricted {
    pub(crate) title: &'static str,
    pub(crate) by_customer: &'static str,
    /// never says why.
    pub(crate) by_company: &'static str,
    pub(crate) effect_customer: &'static str,
    pub(crate) effect_company: &'static str,
    pub(crate) back: &'static str,
}

/// システムメンテナンス中.
#[derive(Debug)]
pub struct Maintenance {
    pub(crate) title: &'static str,
    pub(crate) what: &'static str,
    pub(crate) sorry: &'static str,
    pub(crate) until: &'static str,
    pub(crate) close: &'static str,
}

/// Heading, sentence and advice of one fault.
#[derive(Debug)]
pub struct ProblemText {
    pub(crate) title: &'static str,
    pub(crate) what: &'static str,
    pub(crate) todo: &'static str,
}

/// The faults that are no refusals.
#[derive(Debug)]
pub struct Problem {
    pub(crate) overloaded: ProblemText,
    pub(crate) flow_unknown: ProblemText,
    pub(crate) cross_site: ProblemText,
    pub(crate) bad_provider_request: ProblemText,
    pub(crate) bad_request: ProblemText,
    pub(crate) not_found: ProblemText,
    pub(crate) method_not_allowed: ProblemText,
    pub(crate) internal: ProblemText,
    pub(crate) retry: &'static str,
    pub(crate) retry_after: With1,
    pub(crate) for_developer: &'static str,
    pub(crate) field: &'static str,
    pub(crate) detail: &'static str,
    pub(crate) home: &'static str,
}

/// The landing page.
#[derive(Debug)]
pub struct Landing {
    pub(crate) title: &'static str,
    pub(crate) name: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) steps_heading: &'static str,
    ///
    pub(crate) portal_link: &'static str,
    /// heading and sentence of each of the three steps.
    pub(crate) steps: [(&'static str, &'static str); 3],
    pub(crate) prices_heading: &'static str,
    pub(crate) prices: [(&'static str, &'static str); 2],
    pub(crate) safety_heading: &'static str,
    pub(crate) safety: [(&'static str, &'static str); 4],
    pub(crate) lines_heading: &'static str,
    pub(crate) lines: [&'static str; 3],
    pub(crate) lines_note: &'static str,
    pub(crate) help_heading: &'static str,
}

/// One page of running text.
#[derive(Debug)]
pub struct HelpPage {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) sections: &'static [HelpSection],
}

/// One part of a [`HelpPage`]: a heading, paragraphs, then a list.
#[derive(Debug)]
pub struct HelpSection {
    pub(crate) heading: &'static str,
    pub(crate) paragraphs: &'static [&'static str],
    pub(crate) items: &'static [&'static str],
}

/// Around the contacts that the operator sets.
#[derive(Debug)]
pub struct Contacts {
    pub(crate) enquiry_form: &'static str,
    pub(crate) hours: &'static str,
    pub(crate) no_bill: &'static str,
    pub(crate) payment_page: &'static str,
}
