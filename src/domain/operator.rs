//! Who operates Linepass: tokens with a name and a role, and who may do what.
//!
//! A token is known by its SHA-256 alone: it is 256 drawn bits, so nothing can be tried out on that.

use super::{calendar::Instant, ids::OperatorName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The name of the token that the first start makes. Its file is the server's, so it is neither
/// added nor revoked here.
pub const FIRST: &str = "admin";
/// So many tokens live at most, besides the first.
pub const MOST_TOKENS: usize = 100;

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The contact desk: lines and their passport IDs.
    Desk,
    /// Bills, settlement and unpaid bills.
    Billing,
    /// Everything: maintenance, keys, providers too.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Desk, Self::Billing, Self::Admin];

    /// Its word in the journal, in the API and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Billing => "billing",
            Self::Admin => "admin",
        }
    }

    /// Whether this role may do what is for `roles`: the administrator may all.
    pub fn is_one_of(self, roles: &[Self]) -> bool {
        self == Self::Admin || roles.contains(&self)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token that is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveToken {
    /// What it may.
    pub role: Role,
    /// By what it is known, in base64url.
    pub sha256: String,
    /// Since when.
    pub added_at: Instant,
}

/// The live tokens, besides the first.
pub type LiveTokens = BTreeMap<OperatorName, LiveToken>;

/// Why no token is added or revoked. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Another live one has the name, which the journal tells operators apart by.
    #[error("a live token has this name: revoke it first, or choose another name")]
    NameTaken,
    /// There are too many.
    #[error("{MOST_TOKENS} tokens are live: revoke one first")]
    TooMany,
    /// None has this name, or it is revoked already.
    #[error("no live token has this name")]
    Unknown,
    /// The first one.
    #[error(
        "the token of the first start is revoked by removing operator.token_file and starting the \
         server again, which makes another"
    )]
    First,
}

impl TokenRefusal {
    /// The reason's code in logs and answers; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NameTaken => "token_name_taken",
            Self::TooMany => "too_many_tokens",
            Self::Unknown => "unknown_token",
            Self::First => "first_token",
        }
    }
}

/// Whether a token of this name may be added.
pub fn may_add(live: &LiveTokens, name: &OperatorName) -> Result<(), TokenRefusal> {
    if name.as_str() == FIRST || live.contains_key(name) {
        return Err(TokenRefusal::NameTaken);
    }
    if live.len() < MOST_TOKENS { Ok(()) } else { Err(TokenRefusal::TooMany) }
}

/// Whether the token of this name may be revoked.
pub fn may_revoke(live: &LiveTokens, name: &OperatorName) -> Result<(), TokenRefusal> {
    if name.as_str() == FIRST {
        return Err(TokenRefusal::First);
    }
    if live.contains_key(name) { Ok(()) } else { Err(TokenRefusal::Unknown) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_live_token_s_and_the_first_one_is_not_touched() {
        let name = |text: &str| text.parse::<OperatorName>().expect("a name");
        let token = LiveToken {
            role: Role::Desk,
            sha256: String::new(),
            added_at: Instant::from_micros(0),
        };
        let mut live = LiveTokens::from([(name("desk-1"), token.clone())]);
        assert_eq!(may_add(&live, &name("desk-2")), Ok(()));
        assert_eq!(may_add(&live, &name("desk-1")), Err(TokenRefusal::NameTaken));
        assert_eq!(may_add(&live, &name("admin")), Err(TokenRefusal::NameTaken));
        assert_eq!(may_revoke(&live, &name("desk-1")), Ok(()));
        assert_eq!(may_revoke(&live, &name("desk-2")), Err(TokenRefusal::Unknown));
        assert_eq!(may_revoke(&live, &name("admin")), Err(TokenRefusal::First));
        live.extend((0..MOST_TOKENS).map(|n| (name(&format!("t{n}")), token.clone())));
        assert_eq!(may_add(&live, &name("one-more")), Err(TokenRefusal::TooMany));
    }

    #[test]
    fn a_role_may_its_own_and_the_admin_may_all() {
        use Role::{Admin, Billing, Desk};
        for (roles, may) in [
            (&[Desk][..], [true, false, true]),
            (&[Billing], [false, true, true]),
            (&[Desk, Billing], [true, true, true]),
            (&[Admin], [false, false, true]),
            (&[], [false, false, true]),
        ] {
            assert_eq!(Role::ALL.map(|role| role.is_one_of(roles)), may, "{roles:?}");
        }
    }
}
