//! What a household changes of its IDs: the change form, limits
//! and line authentication.

use super::{
    command::{ChangePassport, Facts},
    event::Event,
    refusal::Refusal,
    state::{Line, Passport},
};
use crate::domain::{calendar::Month, ids::PassportNumber, limit, yen::Yen};

/// The change form of an ID, whole or not at all: what was left blank stays. Its number
/// stays, so contracts, charges and the right to cancel follow it. Only a new password
/// ends its logins. A restriction, a stop or an unpaid bill keeps nobody from it.
pub(super) fn change_passport(line: &Line, change: &ChangePassport) -> Result<Vec<Event>, Refusal> {
    let passport = line.live_passport(change.passport).ok_or(Refusal::UnknownPassport)?.number;
    let switched = match change.line_authentication {
        Some(on) => set_line_authentication(line, passport, on)?,
        None => Vec::new(),
    };
    let renamed = change.name.map(|name| Event::PassportRenamed { passport, name });
    let password = |credential| Event::PasswordSet { passport, credential, rehash: false };
    let password = change.credential.map(password);
    let applicant = change.applicant.map(|applicant| Event::ApplicantSet { passport, applicant });
    Ok(renamed.into_iter().chain(password).chain(applicant).chain(switched).collect())
}

pub(super) fn set_line_authentication(
    line: &Line,
    passport: PassportNumber,
    on: bool,
) -> Result<Vec<Event>, Refusal> {
    let passport = line.live_passport(passport).ok_or(Refusal::UnknownPassport)?;
    if !line.service.has_line_authentication() {
        return Err(Refusal::NoLineAuthentication);
    }
    let changed = passport.line_authentication != on;
    let event = Event::LineAuthenticationSet { passport: passport.number, on };
    Ok(changed.then_some(event).into_iter().collect())
}

/// What the change form asks of 回線認証機能: another setting than the one that stands, where the
/// service has the function.
pub fn switched(line: &Line, passport: &Passport, chosen: Option<bool>) -> Option<bool> {
    let has_it = line.service.has_line_authentication();
    chosen.filter(|on| has_it && *on != passport.line_authentication)
}

/// Whether the change must be proved with the ID's password: switched off, the ID can be used from
/// anywhere, and what a leak buys is charged as usual (R-178, security.md 59).
pub const fn needs_password(switched: Option<bool>) -> bool {
    matches!(switched, Some(false))
}

/// One row of the limit form: what stands now, what is wanted, what is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitChange {
    /// Whose.
    pub passport: PassportNumber,
    /// The limit as it stands, yen a month.
    pub current: Yen,
    /// The limit from then on, yen a month; the same where nothing is set anew.
    pub wanted: Yen,
    /// What the ID is charged this month so far.
    pub used: Yen,
}

impl LimitChange {
    /// Whether the row sets another limit (「再設定なし」 otherwise, R-155).
    pub fn is_change(&self) -> bool {
        self.wanted != self.current
    }

    /// Whether the confirm page warns: the new limit is below what the month is charged already,
    /// which ends nothing and stops further purchases.
    pub fn warns(&self) -> bool {
        self.is_change() && self.wanted < self.used
    }
}

/// Whether limits may be set, asked before the household confirms and again when it does: one row
/// for each live ID. The sum may reach the line's limit, not pass it; lowering below this
/// month's use is allowed with a warning.
pub fn may_set_limits(
    line: &Line,
    limits: &[(PassportNumber, Yen)],
    month: Month,
) -> Result<Vec<LimitChange>, Refusal> {
    if line.ended.is_some() {
        return Err(Refusal::LineEnded);
    }
    if limits.iter().any(|(number, _)| line.live_passport(*number).is_none()) {
        return Err(Refusal::UnknownPassport);
    }
    let row = |passport: &Passport| {
        let wanted = limits.iter().rfind(|(number, _)| *number == passport.number);
        LimitChange {
            passport: passport.number,
            current: passport.limit,
            wanted: wanted.map_or(passport.limit, |(_, limit)| *limit),
            used: limit::used(line, passport.number, month).by_passport,
        }
    };
    let rows: Vec<LimitChange> = line.live_passports().map(row).collect();
    let sum: Yen = rows.iter().map(|row| row.wanted).sum();
    if sum > line.line_limit {
        return Err(Refusal::LimitsOverLine { sum, limit: line.line_limit });
    }
    Ok(rows)
}

pub(super) fn set_limits(
    line: &Line,
    limits: &[(PassportNumber, Yen)],
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let rows = may_set_limits(line, limits, facts.now.month())?;
    let changed = rows.into_iter().filter(LimitChange::is_change);
    let set =
        |row: LimitChange| Event::PassportLimitSet { passport: row.passport, limit: row.wanted };
    Ok(changed.map(set).collect())
}

/// a line limit below the sum of its IDs' limits is refused.
pub(super) fn set_line_limit(line: &Line, limit: Yen) -> Result<Vec<Event>, Refusal> {
    let sum = limit::sum_of_limits(line);
    if sum > limit {
        return Err(Refusal::LimitsOverLine { sum, limit });
    }
    let changed = line.line_limit != limit;
    Ok(changed.then_some(Event::LineLimitSet { line_limit: limit }).into_iter().collect())
}
