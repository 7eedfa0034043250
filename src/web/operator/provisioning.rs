//! What the carrier sets of one line: its prefixes, its limit, its access key
//!

use super::{
    access::Caller,
    ask,
    imports::Taken,
    lines::{customer_id, look},
    maintenance::decision,
    problem::ProblemDetails,
};
use crate::{
    actors::{
        change::{Change, What},
        networks::Moved,
    },
    domain::{
        ids::CustomerId,
        line::{Command, Facts, Line, Refusal, decide},
        provisioning::{self, MOST_LINE_LIMIT_YEN, MOST_NETWORKS},
        shape,
        yen::Yen,
    },
    security::{PoolError, Secret, random},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for to set a line's prefixes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineNetworksSet")]
pub(super) struct SetNetworks {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// All of them, such as `2001:db8::/56`; none leaves the line without.
    #[schemars(length(max = MOST_NETWORKS))]
    #[schemars(extend("examples" = [["2001:db8:40:300::/56", "198.51.100.7/32"]]))]
    networks: Vec<String>,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A line's prefixes after a change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LineNetworks")]
pub(super) struct LineNetworks {
    dry_run: bool,
    customer_id: CustomerId,
    networks: Vec<String>,
    /// Other lines that lost prefixes to this one.
    taken_from: Vec<Taken>,
}

/// Sets a line's prefixes, and takes them from whoever has them, in one commit.
pub async fn set_networks(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: SetNetworks = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    if asked.networks.len() > MOST_NETWORKS {
        let detail = format!("networks: at most {MOST_NETWORKS} prefixes");
        return Err(ProblemDetails::invalid(detail));
    }
    let networks = provisioning::networks(&asked.networks.join(","));
    let networks =
        networks.map_err(|fault| ProblemDetails::invalid(format!("networks: {fault}")))?;
    let command = Command::SetNetworks(networks.clone());
    let what = What::Plain(Box::new(command));
    let change = Change { what, by, source: None, request_id: Some(context.request_id.clone()) };
    let own = context.clone();
    let dry_run = asked.dry_run;
    let made = async move {
        let moved = if dry_run {
            state.bulk.rehearse_taking(customer, &change).await
        } else {
            state.bulk.make_taking(customer, &change).await
        };
        moved.map_err(|error| ProblemDetails::of_line(&own, &error))
    };
    let log = move |context: &RequestContext, made: &Result<Moved, ProblemDetails>| {
        decision("set_networks", context, made)
            .line(customer.to_string())
            .emit("an operator set a line's prefixes");
    };
    let moved = if dry_run { made.await? } else { ask::to_its_end(&context, made, log).await? };
    Ok(HttpResponse::Ok().json(LineNetworks {
        dry_run,
        customer_id: customer,
        networks: networks.iter().map(ToString::to_string).collect(),
        taken_from: moved.taken.iter().map(Taken::of).collect(),
    }))
}

/// What is asked for to set a line's limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineLimitSet")]
pub(super) struct SetLimit {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Yen a month, 0 to 9999999.
    #[schemars(range(max = MOST_LINE_LIMIT_YEN))]
    #[serde(deserialize_with = "shape::whole")]
    line_limit_yen: u64,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A line's limit after a change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LineLimit")]
pub(super) struct Limit {
    dry_run: bool,
    customer_id: CustomerId,
    line_limit_yen: Yen,
    /// What it was before.
    before_yen: Yen,
}

/// Sets what a line may be charged in a month.
pub async fn set_limit(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: SetLimit = ask::read(&body)?;
    if asked.line_limit_yen > MOST_LINE_LIMIT_YEN {
        let allowed = format!("line_limit_yen: must be 0 to {MOST_LINE_LIMIT_YEN}");
        return Err(ProblemDetails::invalid(allowed));
    }
    let change = Plain {
        action: "set_line_limit",
        what: What::Plain(Box::new(Command::SetLineLimit(Yen::new(asked.line_limit_yen)))),
        reason: asked.reason,
        dry_run: asked.dry_run,
    };
    let before = made(&caller, &context, &state, customer, change).await?.line_limit;
    Ok(HttpResponse::Ok().json(Limit {
        dry_run: asked.dry_run,
        customer_id: customer,
        line_limit_yen: Yen::new(asked.line_limit_yen),
        before_yen: before,
    }))
}

/// What is asked for to reset an access key. The key itself is never asked for: nobody but the
/// server draws it (ASVS 6.4.6).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessKeyReset")]
pub(super) struct Reset {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A new access key, told this once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AccessKey")]
pub(super) struct NewAccessKey {
    dry_run: bool,
    customer_id: CustomerId,
    /// Eight digits; absent where nothing was changed. It is told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key: Option<String>,
    /// Sessions of the household's own pages that this ends.
    sessions_ended: usize,
}

/// Draws another access key for a line: the old one opens nothing, and what it opened is over.
pub async fn reset_access_key(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: Reset = ask::read(&body)?;
    // A hash is made for a line that is there alone.
    let view = look(&context, &state, customer).await?;
    let line = view.line.as_deref();
    let line = line.ok_or_else(|| ProblemDetails::refused(&Refusal::UnknownLine))?;
    if line.ended.is_some() {
        return Err(ProblemDetails::refused(&Refusal::LineEnded));
    }
    let access_key = drawn();
    let what = if asked.dry_run {
        What::ResetAccessKey(String::new())
    } else {
        let hash = state.hash_password(Secret::from(&*access_key)).await;
        What::ResetAccessKey(hash.map_err(|error| match error {
            PoolError::Overloaded => ProblemDetails::busy("too many passwords wait to be hashed"),
            PoolError::Stopped => ProblemDetails::busy("the server is stopping"),
        })?)
    };
    let (reason, dry_run) = (asked.reason, asked.dry_run);
    let change = Plain { action: "reset_access_key", what, reason, dry_run };
    let before = made(&caller, &context, &state, customer, change).await?;
    let now = view.time(state.decisions.now());
    let epoch = before.portal_epoch;
    let live = |session: &&crate::domain::line::portal::PortalSession| {
        session.epoch == epoch && session.expires_at > now
    };
    let sessions_ended = before.sessions.values().filter(live).count();
    if !dry_run {
        state.throttle.release(state.access_key_id(customer));
    }
    let access_key = (!dry_run).then_some(access_key);
    Ok(HttpResponse::Ok().json(NewAccessKey {
        dry_run,
        customer_id: customer,
        access_key,
        sessions_ended,
    }))
}

/// Eight digits, each as likely as any other: the remainder of 64 drawn bits favours none by more
/// than 1 in 100 thousand million.
fn drawn() -> String {
    let number = u64::from_be_bytes(random::bytes()) % 100_000_000;
    format!("{number:08}")
}

/// A change of one line that concerns no other.
pub(super) struct Plain {
    /// Its name in the log.
    pub action: &'static str,
    /// What.
    pub what: What,
    /// Why.
    pub reason: String,
    /// Whether it is only rehearsed.
    pub dry_run: bool,
}

/// Makes it, or rehearses it; the line as it was before.
pub(super) async fn made(
    caller: &Caller,
    context: &RequestContext,
    state: &Data<WebState>,
    customer: CustomerId,
    plain: Plain,
) -> Result<Line, ProblemDetails> {
    let Plain { action, what, reason, dry_run } = plain;
    let by = ask::by(caller, &ask::reason(&reason)?);
    let view = look(context, state, customer).await?;
    let line = view.line.as_deref();
    if dry_run {
        let facts = Facts {
            now: view.time(state.decisions.now()),
            receipt: None,
            source: None,
            defaults: state.defaults,
        };
        let prepared = crate::actors::change::prepare(customer, line, &what, random::bytes::<32>);
        let events = decide(line, &prepared.command, &facts);
        events.map_err(|refusal| ProblemDetails::refused(&refusal))?;
    } else {
        let request_id = Some(context.request_id.clone());
        let change = Change { what, by, source: None, request_id };
        let (own, state) = (context.clone(), Data::clone(state));
        let making = async move {
            let made = state.lines.make(customer, change).await;
            made.map(drop).map_err(|error| ProblemDetails::of_line(&own, &error))
        };
        let log = move |context: &RequestContext, made: &Result<(), ProblemDetails>| {
            decision(action, context, made)
                .line(customer.to_string())
                .emit("an operator changed a line");
        };
        ask::to_its_end(context, making, log).await?;
    }
    let line = line.cloned();
    line.ok_or_else(|| ProblemDetails::refused(&Refusal::UnknownLine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn an_access_key_is_eight_digits_and_never_the_same_r_058() {
        let drawn: BTreeSet<String> = (0..200).map(|_| drawn()).collect();
        assert!(drawn.len() > 195, "{}", drawn.len());
        assert!(drawn.iter().all(|key| key.len() == 8 && key.bytes().all(|b| b.is_ascii_digit())));
    }
}
