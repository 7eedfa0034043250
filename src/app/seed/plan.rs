//! Which lines there are, what they look like and how many things each buys: all of it from the
//! arguments, nothing from a store, so that the store and the file of credentials agree.

use super::draw::{Draw, Kind};
use crate::domain::{
    calendar::{Instant, Month},
    ids::CustomerId,
    line::LineService,
    synthetic::{Spread, SyntheticData},
    yen::Yen,
};
use ipnetwork::{IpNetwork, Ipv4Network};
use serde::Serialize;
use std::net::Ipv4Addr;

/// The most lines: each has an address of 10.0.0.0/8.
pub const MOST_LINES: u64 = 10_000_000;
/// The most purchases of one line: what its months and the smallest limit have room for.
pub const MOST_PURCHASES_OF_A_LINE: u8 = 60;
/// So many months before the end hold purchases.
const BUYING_MONTHS: u32 = 6;
/// Lines were opened within so many seconds before the first month of purchases: about a year.
const OPENING_SPAN_S: u64 = 365 * 86_400;
/// IDs were registered at the latest so many seconds before that month, one after the other.
const REGISTERING_S: u64 = 86_400;

/// How a line may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Its IDs buy.
    Open,
    /// 利用規制 by the customer: a right password is told of it, and opens nothing.
    Restricted,
    /// The company's stop: its IDs log in to cancel, and for nothing else.
    Stopped,
    /// A service that has no passport IDs.
    Ineligible,
}

/// A line as it will stand.
#[derive(Debug, Clone)]
pub struct LinePlan {
    /// Its place among the lines, from 0.
    pub index: u64,
    /// お客さまID.
    pub customer: CustomerId,
    /// Which access service.
    pub service: LineService,
    /// How it may be used.
    pub state: LineState,
    /// Its own prefix.
    pub network: IpNetwork,
    /// What all its IDs may spend in a month.
    pub line_limit: Yen,
    /// What each of its IDs may when it is registered.
    pub passport_limit: Yen,
    /// What the first of them may since the household changed it, where it did.
    pub changed_limit: Option<Yen>,
    /// Which of the access keys is its own.
    pub access_key: u32,
    /// When it was opened.
    pub opened_at: Instant,
    /// Its passport IDs, in the order of their numbers.
    pub passports: Vec<PassportPlan>,
    /// How many things it buys.
    pub purchases: u8,
}

/// A passport ID as it will stand.
#[derive(Debug, Clone)]
pub struct PassportPlan {
    /// As entered.
    pub name: String,
    /// Which of the passwords is its own.
    pub password: u32,
    /// Whether it only authenticates from its own line.
    pub line_authentication: bool,
    /// When it was registered.
    pub registered_at: Instant,
}

/// All lines.
#[derive(Debug)]
pub struct Plan {
    /// What it is made from.
    pub data: SyntheticData,
    /// From when on things are bought.
    pub buying_from: Instant,
    purchases: Vec<u8>,
}

/// More purchases than the lines have room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "--purchases: {asked} are more than these lines have room for; allowed are 0 to {most}, \
     {MOST_PURCHASES_OF_A_LINE} for each line that can buy"
)]
pub struct TooManyPurchases {
    /// How many were asked for.
    pub asked: u64,
    /// How many there may be.
    pub most: u64,
}

impl Plan {
    /// The plan of these data.
    pub fn new(data: SyntheticData) -> Result<Self, TooManyPurchases> {
        let purchases = spread(&data)?;
        let first = |month: Month, _| month.previous();
        let buying_from = (0..BUYING_MONTHS).fold(data.until.month(), first).begins_at();
        Ok(Self { data, buying_from, purchases })
    }

    /// How many things the lines before this one buy.
    pub fn purchases_before(&self, index: u64) -> u64 {
        let before = usize::try_from(index).unwrap_or(usize::MAX).min(self.purchases.len());
        self.purchases[..before].iter().map(|count| u64::from(*count)).sum()
    }

    /// The customer ID of a line, from 0.
    pub fn customer(&self, index: u64) -> CustomerId {
        self.numbered(index + 1)
    }

    /// The ID that all of them come after.
    pub fn before_first(&self) -> CustomerId {
        self.numbered(0)
    }

    /// # Panics
    /// Never: there are fewer lines than ten digits can count.
    fn numbered(&self, number: u64) -> CustomerId {
        let text = format!("{}{number:010}", self.data.first_customer.prefix());
        text.parse().expect("three capital letters and ten digits")
    }

    /// A line.
    pub fn line(&self, index: u64) -> LinePlan {
        let mut draw = Draw::of(self.data.seed, Kind::Line, index);
        let service = service(&mut draw);
        let eligible = service.is_eligible();
        let state = match draw.below(100) {
            _ if !eligible => LineState::Ineligible,
            0..2 => LineState::Restricted,
            2 => LineState::Stopped,
            _ => LineState::Open,
        };
        let ordinary = draw.percent(10);
        let (line_limit, passport_limit) =
            if ordinary { (30_000, 10_000) } else { (9_999_999, 3_000_000) };
        let changed = eligible && draw.percent(20);
        let access_key = self.one_of_passwords(&mut draw);
        let opened_before_s = 2 * REGISTERING_S + draw.below(OPENING_SPAN_S);
        let opened_at = before(self.buying_from, opened_before_s);
        let count = match draw.below(10) {
            _ if !eligible => 0,
            0..6 => 1,
            6..9 => 2,
            _ => 3,
        };
        let passport = |number: u8| self.passport(index, number, service, opened_at, &mut draw);
        Self::with_purchases(
            LinePlan {
                index,
                customer: self.customer(index),
                service,
                state,
                network: network(index),
                line_limit: Yen::new(line_limit),
                passport_limit: Yen::new(passport_limit),
                changed_limit: changed.then(|| Yen::new(passport_limit / 2)),
                access_key,
                opened_at,
                passports: (0..count).map(passport).collect(),
                purchases: 0,
            },
            &self.purchases,
        )
    }

    fn with_purchases(line: LinePlan, purchases: &[u8]) -> LinePlan {
        let own = usize::try_from(line.index).ok().and_then(|index| purchases.get(index));
        LinePlan { purchases: own.copied().unwrap_or_default(), ..line }
    }

    fn passport(
        &self,
        line: u64,
        number: u8,
        service: LineService,
        opened_at: Instant,
        draw: &mut Draw,
    ) -> PassportPlan {
        let asked = draw.percent(60);
        PassportPlan {
            name: format!("lp{:08}{}", line + 1, char::from(b'a' + number)),
            password: self.one_of_passwords(draw),
            line_authentication: service.has_line_authentication() && asked,
            registered_at: opened_at.after_s(REGISTERING_S / 4 * (u64::from(number) + 1)),
        }
    }

    fn one_of_passwords(&self, draw: &mut Draw) -> u32 {
        let drawn = draw.below(u64::from(self.data.passwords.max(1)));
        u32::try_from(drawn).unwrap_or_default()
    }
}

/// Of what service a line is: its first draw, so that it is known without the rest.
fn service(draw: &mut Draw) -> LineService {
    match draw.below(100) {
        0..70 => LineService::HikariNext,
        70..85 => LineService::HikariLight,
        85..97 => LineService::HikariPremium,
        _ => LineService::BFlets,
    }
}

/// The own address of a line.
fn network(index: u64) -> IpNetwork {
    let number = u32::try_from(index + 1).unwrap_or(u32::MAX) & 0x00ff_ffff;
    Ipv4Network::from(Ipv4Addr::from_bits(0x0a00_0000 | number)).into()
}

/// So many seconds earlier.
fn before(at: Instant, seconds: u64) -> Instant {
    let earlier_us = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    Instant::from_micros(at.micros().saturating_sub(earlier_us))
}

/// How many things each line buys. The eager ones lie at random among the others; shares are added
/// up in one order and by operations that are exact everywhere (IEEE 754), so the same arguments
/// give the same on any machine.
#[expect(clippy::cast_precision_loss, reason = "counts of some million are exact")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of shares")]
fn spread(data: &SyntheticData) -> Result<Vec<u8>, TooManyPurchases> {
    let SyntheticData { seed, lines, purchases, .. } = *data;
    let mut counts = vec![0_u8; usize::try_from(lines).unwrap_or_default()];
    if purchases == 0 {
        return Ok(counts);
    }
    let mut buyers: Vec<usize> = (0..counts.len())
        .filter(|index| service(&mut Draw::of(seed, Kind::Line, *index as u64)).is_eligible())
        .collect();
    let most = buyers.len() as u64 * u64::from(MOST_PURCHASES_OF_A_LINE);
    if purchases > most {
        return Err(TooManyPurchases { asked: purchases, most });
    }
    shuffle(&mut buyers, &mut Draw::of(seed, Kind::Order, 0));
    let weight = |rank: usize| match data.spread {
        Spread::Zipf => 1.0 / (rank + 1) as f64,
        Spread::Uniform => 1.0,
    };
    let all: f64 = (0..buyers.len()).map(weight).sum();
    let (mut due, mut given) = (0.0, 0);
    for (rank, line) in buyers.iter().enumerate() {
        due += purchases as f64 * weight(rank) / all;
        give(&mut counts[*line], (due as u64).min(purchases), &mut given);
    }
    // What the bound of a line and the rounding left over goes to those that have room.
    for line in &buyers {
        give(&mut counts[*line], purchases, &mut given);
    }
    Ok(counts)
}

/// Gives a line what is due and not given yet, as far as it has room.
fn give(count: &mut u8, due: u64, given: &mut u64) {
    let room = MOST_PURCHASES_OF_A_LINE - *count;
    let more = due.saturating_sub(*given).min(u64::from(room));
    *count += u8::try_from(more).unwrap_or_default();
    *given += more;
}

/// Fisher and Yates.
fn shuffle(all: &mut [usize], draw: &mut Draw) {
    for last in (1..all.len()).rev() {
        let other = usize::try_from(draw.below(last as u64 + 1)).unwrap_or_default();
        all.swap(last, other);
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
pub(super) mod tests;
