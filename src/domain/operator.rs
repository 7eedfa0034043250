//! Who operates Linepass: the roles of tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

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
