//! What households, providers and attackers do, one step at a time.
//!
//! | file | what |
//! |---|---|
//! | [`flow`] | a provider's flow: login, purchase, cancellation, and the press alone |
//! | [`portal`] | the household's own pages |
//! | [`attack`] | what a server on the open network meets beside its customers |

pub mod attack;
pub mod flow;
pub mod portal;

use serde::Serialize;
use std::{fmt, str::FromStr};

/// What is done from one intended start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// A login alone, from the pushed request to the tokens.
    Login,
    /// A whole purchase, from the pushed order to the receipt in the token's answer.
    Purchase,
    /// The press on 購入 alone, with flows that were brought to their confirmation before.
    Press,
    /// A whole cancellation of a contract that was bought before.
    Cancellation,
    /// ご利用明細 of a household that has signed in before.
    Statement,
    /// The household's own pages, from the sign-in to the sign-out.
    Portal,
    /// Guessing, unknown IDs, foreign sources, crooked requests and slow clients.
    Attack,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Login,
        Self::Purchase,
        Self::Press,
        Self::Cancellation,
        Self::Statement,
        Self::Portal,
        Self::Attack,
    ];

    /// Its name in arguments and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Purchase => "purchase",
            Self::Press => "press",
            Self::Cancellation => "cancellation",
            Self::Statement => "statement",
            Self::Portal => "portal",
            Self::Attack => "attack",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One request of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `POST /oauth/par`
    Push,
    /// `GET /oauth/authorize`
    Arrive,
    /// `GET /flow/{id}/login`
    LoginPage,
    /// `POST /flow/{id}/login`
    Login,
    /// `GET /flow/{id}/success`
    Success,
    /// `GET /flow/{id}/confirm`
    Confirmation,
    /// `POST /flow/{id}/confirm`
    Press,
    /// `GET /flow/{id}/complete`
    Completion,
    /// `GET /flow/{id}/return`
    Return,
    /// `POST /oauth/token`
    Exchange,
    /// `GET /wso/login`
    Entrance,
    /// `POST /wso/login`
    SignIn,
    /// `GET /wso/`
    Menu,
    /// `GET /wso/details`
    Details,
    /// `GET /wso/statement`
    Statement,
    /// `POST /wso/logout`
    SignOut,
    /// A wrong password for an ID that exists.
    Guess,
    /// A password for an ID that does not exist.
    UnknownId,
    /// The right password from a line that is not the ID's.
    ForeignSource,
    /// A request that cannot be read.
    Crooked,
    /// A request that comes a byte at a time.
    Slow,
}

impl Step {
    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Arrive => "arrive",
            Self::LoginPage => "login_page",
            Self::Login => "login",
            Self::Success => "success",
            Self::Confirmation => "confirmation",
            Self::Press => "press",
            Self::Completion => "completion",
            Self::Return => "return",
            Self::Exchange => "exchange",
            Self::Entrance => "entrance",
            Self::SignIn => "sign_in",
            Self::Menu => "menu",
            Self::Details => "details",
            Self::Statement => "statement",
            Self::SignOut => "sign_out",
            Self::Guess => "guess",
            Self::UnknownId => "unknown_id",
            Self::ForeignSource => "foreign_source",
            Self::Crooked => "crooked",
            Self::Slow => "slow",
        }
    }
}

/// Which scenarios come how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Mix(Vec<(Scenario, u32)>);

impl Mix {
    /// The scenarios with their weights.
    pub fn parts(&self) -> &[(Scenario, u32)] {
        &self.0
    }

    /// Whether this scenario is among them.
    pub fn has(&self, scenario: Scenario) -> bool {
        self.0.iter().any(|(other, _)| *other == scenario)
    }

    /// The scenario at a number below [`Mix::weight`].
    pub fn at(&self, mut number: u64) -> Scenario {
        for (scenario, weight) in &self.0 {
            match number.checked_sub(u64::from(*weight)) {
                None => return *scenario,
                Some(rest) => number = rest,
            }
        }
        self.0.first().map_or(Scenario::Login, |(scenario, _)| *scenario)
    }

    /// The sum of the weights.
    pub fn weight(&self) -> u64 {
        self.0.iter().map(|(_, weight)| u64::from(*weight)).sum()
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const ALLOWED: &str = "allowed is one of login, purchase, press, cancellation, statement, \
                               portal, attack, or mix=NAME:WEIGHT,NAME:WEIGHT with whole weights \
                               from 1 to 1000";
        let named = |name: &str| {
            let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
            found.ok_or_else(|| format!("{name:?} is no scenario; {ALLOWED}"))
        };
        let Some(parts) = text.strip_prefix("mix=") else {
            let scenario = named(text)?;
            // An attack is measured by what it does to those who mean well.
            return Ok(Self(match scenario {
                Scenario::Attack => vec![(Scenario::Purchase, 1), (Scenario::Attack, 4)],
                one => vec![(one, 1)],
            }));
        };
        let mut mix: Vec<(Scenario, u32)> = Vec::new();
        for part in parts.split(',') {
            let (name, weight) = part.split_once(':').unwrap_or((part, ""));
            let scenario = named(name.trim())?;
            // One that was forgotten is no weight of 1 beside others.
            if weight.trim().is_empty() {
                return Err(format!("{scenario} has no weight, as in {scenario}:3; {ALLOWED}"));
            }
            let weight = weight.trim().parse().ok().filter(|weight| (1..=1000).contains(weight));
            let weight = weight.ok_or_else(|| format!("{part:?} has no such weight; {ALLOWED}"))?;
            if mix.iter().any(|(other, _)| *other == scenario) {
                return Err(format!("{scenario} is named twice; {ALLOWED}"));
            }
            mix.push((scenario, weight));
        }
        Ok(Self(mix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_read_and_drawn_by_its_weights() {
        let mix: Mix = "mix=purchase:3, login:1".parse().expect("a mix");
        assert_eq!(mix.weight(), 4);
        let drawn: Vec<_> = (0..4).map(|number| mix.at(number).name()).collect();
        assert_eq!(drawn, ["purchase", "purchase", "purchase", "login"]);
        let attack: Mix = "attack".parse().expect("a mix");
        assert!(attack.has(Scenario::Purchase) && attack.has(Scenario::Attack));
    }

    #[test]
    fn what_is_no_mix_is_told_with_what_is_allowed() {
        for (wrong, what) in [
            ("buy", "\"buy\" is no scenario"),
            ("mix=", "\"\" is no scenario"),
            ("mix=login", "login has no weight, as in login:3"),
            ("mix=purchase:3,login", "login has no weight, as in login:3"),
            ("mix=login:", "login has no weight, as in login:3"),
            ("mix=login:0", "\"login:0\" has no such weight"),
            ("mix=login:x", "\"login:x\" has no such weight"),
            ("mix=login:1,login:2", "login is named twice"),
            ("mix=login:1001", "\"login:1001\" has no such weight"),
        ] {
            let told = wrong.parse::<Mix>().expect_err("refuses");
            let expected = format!("{what}; allowed is one of login, purchase");
            assert!(told.starts_with(&expected), "{wrong}: {told}");
        }
    }
}
