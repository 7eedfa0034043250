//! What the household's own pages ask of the line: sessions, the line's status,
//! what 利用規制 would end, and inquiries to the desk.

use super::{
    command::{Facts, OpenSession},
    decide::{eligible, open_for_new_use, raise},
    event::{Barrier, EndReason, Event, RowRef},
    refusal::Refusal,
    state::{Contract, ContractEnd, Line, Passport},
};
use crate::domain::{
    calendar::{Instant, Month},
    charge,
    ids::{ContractNumber, PassportNumber},
    limit,
    yen::Yen,
};
use serde::{Deserialize, Serialize};

/// Sessions that a line has at once; the oldest gives way (architecture: "Sealed, not stored").
pub const MOST_SESSIONS: usize = 10;
/// Inquiries that a line may send in a day: rows that stay for good, and work for people.
pub const INQUIRIES_A_DAY: usize = 10;

/// A session of サービス申込受付ページ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalSession {
    /// When it was opened.
    pub opened_at: Instant,
    /// When it ends at the latest.
    pub expires_at: Instant,
    /// The portal's epoch then: one that has moved on ends it.
    pub epoch: u32,
    /// Where it was opened from, as a personal row.
    pub origin: Option<RowRef>,
}

/// An inquiry that the desk was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// When.
    pub at: Instant,
    /// Its row.
    pub row: RowRef,
}

/// ご利用状況 of フレッツ・パスポートID, one for the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceStatus {
    /// 利用中.
    InUse,
    /// 登録中.
    Registering,
    /// 未利用.
    Unused,
    /// 規制中.
    Restricted,
}

/// The line's status: 規制中 wins over the others, whatever bars new use; 利用中 needs one ID that
/// is active; 登録中 is a registration that is accepted and not yet active.
pub fn status(line: &Line, now: Instant) -> ServiceStatus {
    let mut live = line.live_passports().peekable();
    if !line.barriers.none() {
        return ServiceStatus::Restricted;
    }
    if live.peek().is_none() {
        return ServiceStatus::Unused;
    }
    if live.any(|passport| passport.active_from <= now) {
        ServiceStatus::InUse
    } else {
        ServiceStatus::Registering
    }
}

/// One ID's own status: the line's bars hold for each of its IDs.
pub fn status_of(line: &Line, passport: &Passport, now: Instant) -> ServiceStatus {
    match (line.barriers.none(), passport.active_from <= now) {
        (false, _) => ServiceStatus::Restricted,
        (true, true) => ServiceStatus::InUse,
        (true, false) => ServiceStatus::Registering,
    }
}

/// Whether the line may have one more passport ID: asked before a household begins to register one
/// and again when it does.
pub fn may_register(line: &Line, allowed: u32) -> Result<(), Refusal> {
    eligible(line)?;
    open_for_new_use(line)?;
    if line.live_passports().count() >= allowed as usize {
        return Err(Refusal::TooManyPassports { allowed });
    }
    Ok(())
}

/// Whether a sign-in comes from a place that the household should be told of: neither its
/// own line nor where one of the last sign-ins came from. The very first has nothing to compare
/// with and tells nothing.
pub fn is_new_place<'a>(
    known: impl IntoIterator<Item = &'a str>,
    from: &str,
    from_own_line: bool,
) -> bool {
    let mut known = known.into_iter().peekable();
    known.peek().is_some() && !from_own_line && known.all(|place| place != from)
}

/// Tells the household of a sign-in from a new place.
pub(super) fn note_new_place(
    line: &Line,
    passport: Option<PassportNumber>,
    row: RowRef,
) -> Vec<Event> {
    let exists = passport.is_none_or(|passport| line.live_passport(passport).is_some());
    exists.then_some(Event::SignedInFromNewPlace { passport, sign_in: row }).into_iter().collect()
}

/// Whether お客さまID and アクセスキー open the household's own pages: of a line that is
/// there, with its own key. An ineligible line may sign in, one that has ended may not
/// . The code is for the log alone; everybody is told the same.
pub fn may_sign_in(line: Option<&Line>, key_matches: bool) -> Result<&Line, &'static str> {
    let line = line.ok_or("unknown_line")?;
    if !key_matches {
        return Err("wrong_access_key");
    }
    match line.ended {
        None => Ok(line),
        Some(_) => Err("line_ended"),
    }
}

impl Line {
    /// The sessions that stand at `now`, oldest first.
    pub fn live_sessions(&self, now: Instant) -> impl Iterator<Item = (u32, &PortalSession)> {
        let epoch = self.portal_epoch;
        let live =
            move |session: &&PortalSession| session.epoch == epoch && now < session.expires_at;
        self.sessions
            .iter()
            .map(|(number, session)| (*number, session))
            .filter(move |(_, session)| live(session))
    }

    /// A session that stands at `now`; on a line that has ended none does.
    pub fn live_session(&self, number: u32, now: Instant) -> Option<&PortalSession> {
        let mut live = self.live_sessions(now).filter(|_| self.ended.is_none());
        live.find(|(other, _)| *other == number).map(|(_, session)| session)
    }
}

/// Opens a session. What is over is cleared away, with where it came from; where the line still has
/// as many as it may, the oldest ends.
pub(super) fn open_session(
    line: &Line,
    opening: &OpenSession,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    if line.rows.access_key != opening.verified {
        return Err(Refusal::LoginOver);
    }
    let live: Vec<u32> = line.live_sessions(facts.now).map(|(number, _)| number).collect();
    let over = line.sessions.keys().copied().filter(|number| !live.contains(number));
    let too_many = (live.len() + 1).saturating_sub(MOST_SESSIONS);
    let ended = over.chain(live.iter().copied().take(too_many)).collect::<Vec<_>>();
    let opened = Event::PortalSessionOpened {
        session: line.sessions_opened + 1,
        expires_at: facts.now.after_s(opening.lifetime_s),
        origin: Some(opening.origin),
    };
    Ok(ended
        .into_iter()
        .map(|session| Event::PortalSessionEnded { session })
        .chain([opened])
        .collect())
}

/// Ends one session of the line, or none where it has ended already.
pub(super) fn end_session(line: &Line, session: u32, facts: &Facts) -> Vec<Event> {
    let stands = line.live_session(session, facts.now).is_some();
    stands.then_some(Event::PortalSessionEnded { session }).into_iter().collect()
}

/// Ends every session but one.
pub(super) fn end_other_sessions(line: &Line, kept: u32, facts: &Facts) -> Vec<Event> {
    let others = line.live_sessions(facts.now).filter(|(number, _)| *number != kept);
    others.map(|(session, _)| Event::PortalSessionEnded { session }).collect()
}

/// What 利用規制 would end now: each live contract with the last month that it is charged for
/// . The page shows it, and the press agrees to it.
pub fn restriction_ends(line: &Line, now: Instant) -> Vec<(ContractNumber, Month)> {
    let live = line.contracts.values().filter(|contract| contract.is_live());
    live.map(|contract| (contract.number, charge::last_charged_month(contract.bought_at, now)))
        .collect()
}

/// What the month of `now` comes to once 利用規制 has ended what it would end now: what was used, and
/// the contracts that the month is still charged for. On a 1st those of earlier months are not among
/// them, though they count as long as they go on.
pub fn charged_after_restriction(line: &Line, now: Instant) -> Yen {
    let month = now.month();
    let ended = |contract: &Contract| {
        let end = ContractEnd { at: now, reason: EndReason::Restriction };
        Contract { end: contract.end.or(Some(end)), ..contract.clone() }
    };
    let contracts: Vec<Contract> = line.contracts.values().map(ended).collect();
    limit::charges_of(line, &contracts, month).map(|(_, amount)| amount).sum()
}

/// 利用規制 as its customer agreed to it. What it ends must still be what the page showed: neither
/// a contract more nor a month more is ended or charged unseen.
pub(super) fn restrict(
    line: &Line,
    agreed: &[(ContractNumber, Month)],
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    let events = raise(line, Barrier::CustomerRestriction, facts)?;
    if restriction_ends(line, facts.now) != agreed {
        return Err(Refusal::PreviewChanged);
    }
    Ok(events)
}

/// An inquiry to the desk, so many a day.
pub(super) fn inquire(line: &Line, inquiry: RowRef, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let today = facts.now.in_japan().date();
    let sent = line.inquiries.iter().filter(|sent| sent.at.in_japan().date() == today).count();
    if sent >= INQUIRIES_A_DAY {
        return Err(Refusal::TooManyInquiries { allowed: INQUIRIES_A_DAY });
    }
    Ok(vec![Event::InquiryReceived { inquiry }])
}

impl Line {
    pub(super) fn session_opened(&mut self, number: u32, session: PortalSession) {
        self.sessions.insert(number, session);
        self.sessions_opened = self.sessions_opened.max(number);
    }

    /// The desk is shown the newest; a day's worth is what the limit counts.
    pub(super) fn inquired(&mut self, inquiry: Inquiry) {
        let surplus = (self.inquiries.len() + 1).saturating_sub(INQUIRIES_A_DAY * 2);
        self.inquiries.drain(..surplus);
        self.inquiries.push(inquiry);
    }
}
