//! Who may log in, decided once the password was verified.
//!
//! Whatever the outcome, exactly one password hash was computed before this is asked, so that the
//! time of an answer tells nothing. Only a right password on the right line learns that the line
//! is restricted; every other refusal is one and the same page.

use super::{
    command::{Facts, LoggedIn},
    decide::{line_checked, logged_in, open_for_new_use},
    refusal::Refusal,
    state::{Line, Passport},
};
use crate::domain::ids::PassportNumber;

/// What the login is for: the company's stop leaves cancelling open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// To buy.
    Purchase,
    /// To cancel.
    Cancellation,
    /// To use what was bought.
    LoginOnly,
}

/// An attempt whose password was verified, rightly or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Whose ID was typed.
    pub passport: PassportNumber,
    /// The credential the password was verified against.
    pub credential_version: u32,
    /// Whether it matched.
    pub password_matches: bool,
    /// What for.
    pub intent: Intent,
    /// Whether the provider asked that the line be checked.
    pub require_line: bool,
}

/// An accepted login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login {
    /// Who.
    pub passport: PassportNumber,
    /// The ID's epoch now.
    pub epoch: u32,
    /// Whether the line itself was checked: `acr`.
    pub line_checked: bool,
}

/// Why a login is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginRefusal {
    /// The one page for every cause, with the reason for the log alone.
    Generic(&'static str),
    /// A right password on the right line, but new use is barred.
    Barred(Refusal),
    /// A right password, but the provider wants the line checked and it was not.
    LineNotChecked,
}

impl LoginRefusal {
    /// The reason's code in logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Generic(code) => code,
            Self::Barred(refusal) => refusal.code(),
            Self::LineNotChecked => "line_not_checked",
        }
    }

    /// Whether this is a wrong guess, which throttling counts against the ID. A right password
    /// from a foreign line is none: it must not lock the owner out (security.md 60).
    pub fn counts_as_guess(&self) -> bool {
        matches!(self, Self::Generic("wrong_password" | "unknown_passport"))
    }

    /// Whether the household is told what everybody is told, though the password was right.
    pub fn hides_right_password(&self) -> bool {
        matches!(self, Self::Generic(_)) && !self.counts_as_guess()
    }
}

/// Judges an attempt. The order is: password, standing of the ID, line, then what bars new use.
pub fn judge(line: &Line, attempt: &Attempt, facts: &Facts) -> Result<Login, LoginRefusal> {
    let passport = verified(line, attempt)?;
    if line.ended.is_some() {
        return Err(LoginRefusal::Generic("line_ended"));
    }
    if passport.active_from > facts.now {
        return Err(LoginRefusal::Generic("not_yet_active"));
    }
    let line_checked = line_checked(line, passport, attempt.require_line, facts);
    let line_checked = line_checked.map_err(|refusal| match refusal {
        Refusal::LineNotChecked => LoginRefusal::LineNotChecked,
        other => LoginRefusal::Generic(other.code()),
    })?;
    may_use(line, attempt.intent).map_err(LoginRefusal::Barred)?;
    Ok(Login { passport: passport.number, epoch: passport.epoch, line_checked })
}

fn verified<'a>(line: &'a Line, attempt: &Attempt) -> Result<&'a Passport, LoginRefusal> {
    let passport = line.passports.get(&attempt.passport);
    let passport = passport.ok_or(LoginRefusal::Generic("unknown_passport"))?;
    if !attempt.password_matches {
        return Err(LoginRefusal::Generic("wrong_password"));
    }
    if passport.deleted_at.is_some() {
        return Err(LoginRefusal::Generic("deleted_passport"));
    }
    // The password changed while it was being verified.
    if passport.credential_version != attempt.credential_version {
        return Err(LoginRefusal::Generic("login_over"));
    }
    Ok(passport)
}

/// Whether a login from before still opens what it was for, asked again when it is used: the ID,
/// the line it comes from, and what bars new use. Whether the line was checked.
pub fn still_stands(
    line: &Line,
    login: LoggedIn,
    intent: Intent,
    require_line: bool,
    facts: &Facts,
) -> Result<bool, Refusal> {
    let passport = logged_in(line, login, facts)?;
    let line_checked = line_checked(line, passport, require_line, facts)?;
    may_use(line, intent)?;
    Ok(line_checked)
}

/// The customer's restriction stops every login; the company's stop and a line that
/// cannot be billed leave the cancellation flow open (details.md "Line states").
pub fn may_use(line: &Line, intent: Intent) -> Result<(), Refusal> {
    match (open_for_new_use(line), intent) {
        (Err(Refusal::Stopped { .. } | Refusal::Unbillable { .. }), Intent::Cancellation) => Ok(()),
        (standing, _) => standing,
    }
}
