//! The shape of the mails' texts; what pages say too stands in [`super::Common`] and is said alike.

use super::texts::With1;

/// Every text of the mails.
#[derive(Debug)]
pub struct Mail {
    pub(crate) registered: Letter,
    pub(crate) changed: Letter,
    pub(crate) changed_former: Letter,
    pub(crate) purchased: Letter,
    pub(crate) cancelled: Letter,
    pub(crate) contracts_ended: Letter,
    pub(crate) limits_changed: Letter,
    pub(crate) restricted: Letter,
    pub(crate) restriction_lifted: Letter,
    pub(crate) use_stopped: Letter,
    pub(crate) use_resumed: Letter,
    pub(crate) passport_deleted: Letter,
    pub(crate) line_ended: Letter,
    pub(crate) new_sign_in: Letter,
    pub(crate) inquiry: Letter,
    /// Before the first sentence; with the applicant's name, or to whoever holds the line.
    pub(crate) dear: With1,
    pub(crate) dear_holder: &'static str,
    pub(crate) dear_desk: &'static str,
    pub(crate) label: Labels,
    pub(crate) value: Values,
    pub(crate) ended_heading: &'static str,
    ///
    pub(crate) notes_restricted: [&'static str; 3],
    ///
    pub(crate) note_line_authentication_off: &'static str,
    pub(crate) note_line_goes_on: &'static str,
    pub(crate) note_not_you: &'static str,
    pub(crate) note_sign_in: &'static str,
    pub(crate) desk: fn(&str, &str) -> String,
    pub(crate) foot: &'static str,
    pub(crate) no_secret: &'static str,
}

/// What one kind of mail says first.
#[derive(Debug)]
pub struct Letter {
    pub(crate) subject: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) lead: &'static str,
    /// What follows from it, in a list.
    pub(crate) then: &'static [&'static str],
}

/// What stands before a value.
#[derive(Debug)]
pub struct Labels {
    pub(crate) accepted_at: &'static str,
    pub(crate) applicant: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) mail: &'static str,
    pub(crate) contractor: &'static str,
    pub(crate) password: &'static str,
    pub(crate) limit: &'static str,
    pub(crate) line_limit: &'static str,
    pub(crate) line_authentication: &'static str,
    pub(crate) active_from: &'static str,
    pub(crate) usage_period: &'static str,
    pub(crate) charge_month: &'static str,
    pub(crate) last_charge_month: &'static str,
    pub(crate) signed_in_at: &'static str,
    pub(crate) signed_in_from: &'static str,
    pub(crate) signed_in_to: &'static str,
}

/// Values that are words.
#[derive(Debug)]
pub struct Values {
    pub(crate) changed: &'static str,
    pub(crate) on: &'static str,
    pub(crate) off: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) portal: &'static str,
    pub(crate) pieces: With1,
    pub(crate) a_month: With1,
}
