//! The shape of the texts of サービス申込受付ページ, the household's own pages.

use super::texts::{With1, With2, With3};

/// All texts of the household's own pages.
#[derive(Debug)]
pub struct Portal {
    pub(crate) common: PortalCommon,
    pub(crate) sign_in: SignIn,
    pub(crate) menu: Menu,
    pub(crate) details: Details,
    pub(crate) fields: Fields,
    pub(crate) register: Register,
    pub(crate) passport: PassportDetails,
    pub(crate) change: Change,
    pub(crate) limits: Limits,
    pub(crate) restrict: Restrict,
    pub(crate) deletion: Deletion,
    pub(crate) inquiry: Inquiry,
    pub(crate) contacts: PortalContacts,
    pub(crate) sessions: Sessions,
    pub(crate) refusal: PortalRefusal,
}

/// What stands on many of them.
#[derive(Debug)]
pub struct PortalCommon {
    /// The name of the whole.
    pub(crate) name: &'static str,
    pub(crate) customer_id: &'static str,
    pub(crate) navigation: &'static str,
    pub(crate) to_menu: &'static str,
    pub(crate) to_details: &'static str,
    pub(crate) to_statement: &'static str,
    pub(crate) to_contacts: &'static str,
    pub(crate) to_sessions: &'static str,
    pub(crate) sign_out: &'static str,
    /// 「次へ」, 「前画面へ戻る」, 「ご利用状況詳細へ戻る」.
    pub(crate) next: &'static str,
    pub(crate) back: &'static str,
    pub(crate) back_to_details: &'static str,
    ///
    pub(crate) required_note: &'static str,
    pub(crate) input_note: &'static str,
    pub(crate) current: &'static str,
    pub(crate) wanted: &'static str,
    pub(crate) unchanged: &'static str,
    pub(crate) item: &'static str,
    pub(crate) content: &'static str,
    pub(crate) applicant: &'static str,
    pub(crate) accepted_at: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) masked: &'static str,
    pub(crate) again: &'static str,
    pub(crate) read_only: &'static str,
    pub(crate) status: [StatusText; 4],
}

/// The word and the sentence of a status, in the order of the rules.
#[derive(Debug)]
pub struct StatusText {
    pub(crate) word: &'static str,
    pub(crate) sentence: &'static str,
}

/// Signing in with お客さまID and アクセスキー.
#[derive(Debug)]
pub struct SignIn {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) lead_premium: &'static str,
    pub(crate) button: &'static str,
    pub(crate) hint_question: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) secret_note: &'static str,
    pub(crate) over: &'static str,
    pub(crate) signed_out: &'static str,
    pub(crate) other_entrance: With1,
    pub(crate) error_title: &'static str,
    pub(crate) error_lead: &'static str,
    pub(crate) error_checks: [&'static str; 3],
    pub(crate) error_again: &'static str,
    pub(crate) wrong_entrance_title: &'static str,
    pub(crate) wrong_entrance: With1,
    pub(crate) wrong_entrance_link: With1,
}

/// The main menu.
#[derive(Debug)]
pub struct Menu {
    pub(crate) news: &'static str,
    pub(crate) no_news: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) service: &'static str,
    pub(crate) status: &'static str,
    pub(crate) about: &'static str,
    pub(crate) passport_about: &'static str,
    pub(crate) open: &'static str,
    ///
    pub(crate) ineligible: With1,
}

/// ご利用状況詳細.
#[derive(Debug)]
pub struct Details {
    pub(crate) title: &'static str,
    pub(crate) ids: &'static str,
    pub(crate) id_count: With2,
    pub(crate) no_ids: &'static str,
    pub(crate) registering_from: With1,
    pub(crate) open_id: &'static str,
    pub(crate) register: &'static str,
    pub(crate) register_about: &'static str,
    pub(crate) register_full: With1,
    pub(crate) register_barred: &'static str,
    pub(crate) statement_about: &'static str,
    pub(crate) contacts_about: &'static str,
    pub(crate) restrict_about: &'static str,
    pub(crate) restricted_about: &'static str,
    pub(crate) limits_about: &'static str,
    pub(crate) sessions_about: &'static str,
    pub(crate) services: &'static str,
    pub(crate) barred_by_customer: &'static str,
    pub(crate) barred_by_company: &'static str,
    pub(crate) unbillable: &'static str,
}

/// A field: its label, what may be typed, and what is said where that is not so.
#[derive(Debug)]
pub struct FieldText {
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
    pub(crate) missing: &'static str,
    pub(crate) wrong: &'static str,
}

/// The fields of all forms.
#[derive(Debug)]
pub struct Fields {
    pub(crate) customer_id: FieldText,
    pub(crate) access_key: FieldText,
    pub(crate) name: FieldText,
    pub(crate) phone: FieldText,
    pub(crate) contractor: FieldText,
    pub(crate) passport_id: FieldText,
    pub(crate) password: FieldText,
    pub(crate) password_again: FieldText,
    pub(crate) mail: FieldText,
    pub(crate) mail_again: FieldText,
    pub(crate) new_passport_id: FieldText,
    pub(crate) new_password: FieldText,
    pub(crate) new_mail: FieldText,
    pub(crate) line_authentication: FieldText,
    pub(crate) current_password: FieldText,
    pub(crate) limit: FieldText,
    pub(crate) service: FieldText,
    pub(crate) contact: FieldText,
    pub(crate) text: FieldText,
    pub(crate) passport_id_taken: &'static str,
    pub(crate) password_common: &'static str,
    pub(crate) password_is_id: &'static str,
    pub(crate) password_short: With1,
    pub(crate) password_differs: &'static str,
    pub(crate) mail_differs: &'static str,
    pub(crate) nothing_changed: &'static str,
    pub(crate) current_password_wrong: &'static str,
    pub(crate) show: &'static str,
    pub(crate) hide: &'static str,
}

/// ① 新規登録.
#[derive(Debug)]
pub struct Register {
    pub(crate) steps: [&'static str; 5],
    pub(crate) terms_title: &'static str,
    pub(crate) terms_lead: &'static str,
    pub(crate) terms: &'static [&'static str],
    pub(crate) agree: &'static str,
    pub(crate) agree_missing: &'static str,
    pub(crate) applicant_title: &'static str,
    pub(crate) applicant_lead: &'static str,
    pub(crate) privacy_lead: &'static str,
    pub(crate) input_title: &'static str,
    pub(crate) confirm_title: &'static str,
    pub(crate) confirm_lead: &'static str,
    pub(crate) button: &'static str,
    pub(crate) limit_note: With1,
    pub(crate) line_authentication_note: &'static str,
    pub(crate) done_title: &'static str,
    pub(crate) done_lead: &'static str,
    pub(crate) done_mail: &'static str,
}

/// ④ 詳細.
#[derive(Debug)]
pub struct PassportDetails {
    pub(crate) title: &'static str,
    pub(crate) limit: &'static str,
    pub(crate) registered_at: &'static str,
    pub(crate) active_from: &'static str,
    pub(crate) status: &'static str,
    pub(crate) change: &'static str,
    pub(crate) delete: &'static str,
    pub(crate) on: &'static str,
    pub(crate) off: &'static str,
    pub(crate) absent: &'static str,
    pub(crate) not_found_title: &'static str,
    pub(crate) not_found: &'static str,
}

/// ⑤ 登録情報変更.
#[derive(Debug)]
pub struct Change {
    pub(crate) steps: [&'static str; 4],
    pub(crate) applicant_title: &'static str,
    pub(crate) input_title: &'static str,
    pub(crate) input_lead: &'static str,
    pub(crate) keep: &'static str,
    pub(crate) off_warning: [&'static str; 2],
    pub(crate) confirm_title: &'static str,
    pub(crate) confirm_lead: &'static str,
    pub(crate) button: &'static str,
    pub(crate) password_note: &'static str,
    pub(crate) done_title: &'static str,
    pub(crate) done_lead: &'static str,
    pub(crate) done_mail: &'static str,
}

/// ⑩ ご利用限度額変更.
#[derive(Debug)]
pub struct Limits {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) used: With1,
    pub(crate) sum: &'static str,
    pub(crate) line_limit: &'static str,
    pub(crate) line_limit_note: &'static str,
    pub(crate) over: With2,
    pub(crate) confirm_title: &'static str,
    pub(crate) confirm_lead: &'static str,
    pub(crate) warns: With1,
    pub(crate) button: &'static str,
    pub(crate) done_title: &'static str,
    pub(crate) done_lead: &'static str,
}

/// ⑨ 利用規制.
#[derive(Debug)]
pub struct Restrict {
    pub(crate) title: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) terms_title: &'static str,
    pub(crate) terms: &'static [&'static str],
    pub(crate) agree: &'static str,
    pub(crate) agree_missing: &'static str,
    pub(crate) preview_title: &'static str,
    pub(crate) preview_lead: &'static str,
    pub(crate) ends: With1,
    pub(crate) ends_none: &'static str,
    pub(crate) last_month: With1,
    pub(crate) no_return: &'static str,
    pub(crate) still_charged: With2,
    pub(crate) changed: &'static str,
    pub(crate) button: &'static str,
    pub(crate) done_title: &'static str,
    pub(crate) done_lead: &'static str,
    pub(crate) done_lift: &'static str,
    pub(crate) already_title: &'static str,
    pub(crate) already: &'static str,
}

/// ⑥ 廃止.
#[derive(Debug)]
pub struct Deletion {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) effects: &'static [&'static str],
    pub(crate) open_form: &'static str,
    pub(crate) prefilled: With1,
}

/// The inquiry form.
#[derive(Debug)]
pub struct Inquiry {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) no_secrets: &'static str,
    pub(crate) button: &'static str,
    pub(crate) done_title: &'static str,
    pub(crate) done_lead: &'static str,
    pub(crate) too_many: With1,
}

/// ⑧ お問合せ先一覧.
#[derive(Debug)]
pub struct PortalContacts {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) providers: &'static str,
    pub(crate) no_providers: &'static str,
    pub(crate) no_contact: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) access_key_desk: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) site: &'static str,
    pub(crate) hours: &'static str,
    pub(crate) services: &'static str,
}

/// Sessions and recent logins.
#[derive(Debug)]
pub struct Sessions {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) this_one: &'static str,
    pub(crate) opened: With1,
    pub(crate) until: With1,
    pub(crate) from: With2,
    pub(crate) unknown_origin: &'static str,
    pub(crate) end_one: &'static str,
    pub(crate) end_others: &'static str,
    pub(crate) ended: &'static str,
    pub(crate) recent: &'static str,
    pub(crate) recent_lead: &'static str,
    pub(crate) recent_row: With3,
    pub(crate) no_recent: &'static str,
    pub(crate) to_portal: &'static str,
}

/// Refusals by a rule, each a sentence and what can be done.
#[derive(Debug)]
pub struct PortalRefusal {
    pub(crate) title: &'static str,
    pub(crate) nothing_changed: &'static str,
    pub(crate) too_many_ids: With1,
    pub(crate) barred: &'static str,
    pub(crate) ineligible: &'static str,
    pub(crate) taken: &'static str,
    pub(crate) gone: &'static str,
    pub(crate) over_line: With2,
    pub(crate) other: &'static str,
    pub(crate) too_often_title: &'static str,
    pub(crate) too_often: &'static str,
}
