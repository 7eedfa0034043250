//! Who may use the operator API: the token of the first start, and those that operators added,
//! which the system stream keeps. What was revoked opens nothing from the next request on.

use super::system::{Asked, SystemChange, SystemError, SystemStream};
use crate::{
    domain::{
        ids::OperatorName,
        operator::{FIRST, LiveToken, LiveTokens, Role},
        system::{SystemEvent, SystemRefusal, SystemState},
    },
    security::{OperatorToken, Secret},
    store::StoreError,
};
use std::sync::{Arc, PoisonError, RwLock};

/// A token's name, its role and what it is known by.
type Known = (Arc<str>, Role, OperatorToken);

/// Who may use the operator API.
pub struct Operators {
    stream: SystemStream,
    first: Known,
    live: RwLock<Arc<[Known]>>,
    /// Held from a change's decision until it counts, so that both come in one order.
    changing: tokio::sync::Mutex<()>,
}

impl Operators {
    /// The first token, and what the journal left of the others.
    pub async fn load(stream: SystemStream, first: OperatorToken) -> Result<Self, StoreError> {
        let live = RwLock::new(known(&stream.state().await?.operator_tokens));
        let first = (Arc::from(FIRST), Role::Admin, first);
        Ok(Self { stream, first, live, changing: tokio::sync::Mutex::default() })
    }

    /// Whose token this is. Every live one is compared, each in constant time, so that the answer's
    /// time tells nothing.
    pub fn who(&self, candidate: &str) -> Option<(Arc<str>, Role)> {
        let live = Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner));
        let each = std::iter::once(&self.first).chain(live.iter());
        each.fold(None, |found, (name, role, token)| {
            let is_this = token.is(candidate);
            if is_this { Some((Arc::clone(name), *role)) } else { found }
        })
    }

    /// The live tokens besides the first.
    pub async fn list(&self) -> Result<LiveTokens, StoreError> {
        Ok(self.stream.state().await?.operator_tokens)
    }

    /// Draws a token, which is told this once.
    pub async fn add(
        &self,
        asked: &Asked,
        name: &OperatorName,
        role: Role,
    ) -> Result<Secret, SystemError> {
        let (secret, token) = OperatorToken::draw();
        let added_at = self.stream.clock().now();
        let live = LiveToken { role, sha256: token.sha256(), added_at };
        self.change(asked, |state| Ok(whole(state.add_token(name, &live)?))).await?;
        Ok(secret)
    }

    /// Revokes a token.
    pub async fn revoke(&self, asked: &Asked, name: &OperatorName) -> Result<(), SystemError> {
        self.change(asked, |state| Ok(whole(state.revoke_token(name)?))).await
    }

    async fn change(
        &self,
        asked: &Asked,
        decide: impl Fn(&SystemState) -> Decided,
    ) -> Result<(), SystemError> {
        let _changing = self.changing.lock().await;
        let state = self.stream.change(asked, decide).await?;
        let live = known(&state.operator_tokens);
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        Ok(())
    }
}

/// What a rule decides of the system stream.
type Decided = Result<SystemChange, SystemRefusal>;

fn whole(events: Vec<SystemEvent>) -> SystemChange {
    SystemChange { events, ..SystemChange::default() }
}

fn known(live: &LiveTokens) -> Arc<[Known]> {
    let known = live.iter().filter_map(|(name, live)| {
        Some((Arc::from(name.as_str()), live.role, OperatorToken::known_by(&live.sha256)?))
    });
    known.collect()
}
