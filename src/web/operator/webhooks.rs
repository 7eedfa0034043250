//! Webhooks: where a provider's go, the keys that sign them, what waits and what was given up, and
//! a replay. No household is told beside the line whose entry a message is made of.

use super::{
    access::Caller,
    ask,
    maintenance::decision,
    problem::ProblemDetails,
    providers::{Change, Rotate, invalid, problem as of_provider, provider_id},
};
use crate::{
    actors::{
        LineError,
        webhooks::{ReplayError, Seen, Wanted},
    },
    domain::{
        calendar::Instant,
        ids::{CustomerId, ProviderId},
        registration::{LONGEST_URL, ProviderRefusal, webhooks},
        shape::PageAddress,
    },
    security::KeyRecord,
    store::KeptMessage,
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for to set where webhooks go.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WebhookSetting", extend("anyOf" = [
    { "properties": { "draw": { "const": false } } },
    { "required": ["url"], "properties": { "url": { "type": "string" } } },
]))]
pub(super) struct Set {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// The https address; absent or null stops webhooks and ends their keys.
    #[schemars(with = "Option<PageAddress<LONGEST_URL>>")]
    url: Option<String>,
    /// Draw the first key, which is told this once.
    #[serde(default)]
    draw: bool,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Whose webhooks are asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WebhookListing")]
pub struct Listing {
    /// Whose; all that have an address where absent.
    #[schemars(with = "Option<ProviderId>")]
    provider: Option<String>,
}

/// What is asked for to send messages again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WebhookReplay", extend("oneOf" = [
    {
        "required": ["message"],
        "properties": {
            "message": { "type": "string" },
            "parked": { "const": false },
            "since": { "type": "null" },
        },
    },
    {
        "required": ["parked"],
        "properties": {
            "message": { "type": "null" },
            "parked": { "const": true },
            "since": { "type": "null" },
        },
    },
    {
        "required": ["since"],
        "properties": {
            "message": { "type": "null" },
            "parked": { "const": false },
            "since": { "type": "string" },
        },
    },
]))]
pub(super) struct Replay {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Whose.
    #[schemars(with = "ProviderId")]
    provider: String,
    /// One message that waits or was given up, as the list names it.
    message: Option<String>,
    /// All that were given up.
    #[serde(default)]
    parked: bool,
    /// All from this instant on (RFC 3339), delivered or not.
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Webhooks of providers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhooks")]
pub(super) struct Listed {
    webhooks: Vec<ToldWebhook>,
}

/// How a provider's webhooks are.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
struct ToldWebhook {
    provider: ProviderId,
    url: String,
    /// `open`; `silent` where the provider takes nothing and is asked only now and then; `gone`
    /// where its address said so for good; `faulty` where something of this server's own fails;
    /// `starting`.
    #[schemars(extend("enum" = ["answers", "silent", "gone", "faulty", "starting"]))]
    state: &'static str,
    /// Blocks of the journal whose messages have not been tried yet.
    behind_blocks: u64,
    /// When its address said that it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    gone_since: Option<String>,
    /// Until when the provider asked to be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    paused_until: Option<String>,
    messages: Vec<ToldMessage>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookMessage")]
struct ToldMessage {
    /// Its `webhook-id`.
    message: String,
    /// `waiting` or `parked`.
    #[schemars(extend("enum" = ["waiting", "parked"]))]
    state: &'static str,
    line: CustomerId,
    /// RFC 3339, as all times here.
    #[schemars(extend("format" = "date-time"))]
    accepted_at: String,
    #[schemars(extend("format" = "date-time"))]
    since: String,
    /// Of one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    next_at: Option<String>,
    /// Of one that is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    parked_at: Option<String>,
    attempts: u32,
    /// Why the last try failed; empty for one that waits behind its purchase.
    reason: String,
    /// The answer's status.
    status: Option<u16>,
}

/// The answer to a replay.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhooksReplayed")]
pub(super) struct Replayed {
    /// How many messages are tried again; absent with `since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<u64>,
    /// With `since`: how many blocks of the journal are gone through again.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<u64>,
    /// Whether nothing was changed.
    dry_run: bool,
}

/// Sets where a provider's webhooks go, or stops them.
pub async fn set(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    provider: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let id = provider_id(&provider)?;
    let asked: Set = ask::read(&body)?;
    let url = asked.url.map(|url| {
        let addresses = &state.webhook_addresses;
        if addresses.refuses(&url) {
            let detail = "url: stands for an address inside a network; \
                          webhook.allowed_networks names those that may be called";
            return Err(ProblemDetails::invalid(detail));
        }
        webhooks::checked_url(&url, addresses.may_be_plain(&url)).map_err(invalid)
    });
    let url = url.transpose()?;
    if asked.draw && url.is_none() {
        return Err(ProblemDetails::invalid("draw: needs a url"));
    }
    let (webhook_secret, key) = drawn(&context, &state, asked.draw)?;
    let (reason, dry_run) = (asked.reason, asked.dry_run);
    let change = Change::of("set_webhook", id, reason, dry_run);
    let change = change.with_webhook_key(webhook_secret, key.clone());
    let decide = move |standing: Option<&_>| {
        let kid = key.as_ref().map(|key| key.kid.as_str());
        webhooks::set(standing, url.as_deref(), kid)
    };
    change.make(&caller, &context, state, decide).await
}

/// Rotates the keys that sign a provider's webhooks.
pub async fn rotate(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    provider: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let id = provider_id(&provider)?;
    let asked = Rotate::read(&body)?;
    let (webhook_secret, key) = drawn(&context, &state, asked.draw)?;
    let (reason, dry_run, retire_old) = (asked.reason, asked.dry_run, asked.retire_old);
    let change = Change::of("rotate_webhook_key", id, reason, dry_run);
    let change = change.with_webhook_key(webhook_secret, key.clone());
    let decide = move |standing: Option<&_>| {
        let kid = key.as_ref().map(|key| key.kid.as_str());
        webhooks::rotate_key(standing, kid, retire_old)
    };
    change.make(&caller, &context, state, decide).await
}

fn drawn(
    context: &RequestContext,
    state: &WebState,
    wanted: bool,
) -> Result<(Option<String>, Option<KeyRecord>), ProblemDetails> {
    let drawn = wanted.then(|| state.key_keeper.webhook_key()).transpose();
    let drawn = drawn.map_err(|error| ProblemDetails::internal(context, &error))?;
    Ok(drawn.map(|(secret, key)| (secret.expose().to_owned(), key)).unzip())
}

/// Lists how they are, with what waits and what was given up.
pub async fn list(
    state: Data<WebState>,
    listing: Result<Query<Listing>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let listing = listing.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let wanted = listing.provider.as_deref().map(provider_id).transpose()?;
    if let Some(wanted) = &wanted {
        let known = state.providers.get(wanted);
        known.ok_or_else(|| super::providers::refused(ProviderRefusal::Unknown))?;
    }
    let seen = state.webhooks.list();
    let seen =
        seen.into_iter().filter(|seen| wanted.as_ref().is_none_or(|id| *id == seen.provider));
    Ok(HttpResponse::Ok().json(Listed { webhooks: seen.map(told).collect() }))
}

/// Has messages sent again.
pub async fn replay(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Replay = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    let provider = provider_id(&asked.provider)?;
    let wanted = wanted(&asked, state.host.now().max(state.decisions.now()))?;
    let count = if asked.dry_run {
        let rehearsed = state.webhooks.rehearse(&provider, wanted);
        rehearsed.map_err(|error| refused(&context, error))?
    } else {
        let (desk, own, asked_of) = (state.webhooks.clone(), context.clone(), provider.clone());
        let request_id = Some(context.request_id.clone());
        let replaying = async move {
            let replayed = desk.replay(&asked_of, by, request_id, wanted).await;
            replayed.map_err(|error| refused(&own, error))
        };
        let name = provider.to_string();
        let log = move |context: &RequestContext, made: &Result<u64, ProblemDetails>| {
            let decision = decision("replay_webhooks", context, made).provider(name);
            decision.emit("an operator had webhooks sent again");
        };
        Some(ask::to_its_end(&context, replaying, log).await?)
    };
    let (messages, blocks) = match wanted {
        Wanted::Since(_) => (None, count),
        _ => (count, None),
    };
    Ok(HttpResponse::Ok().json(Replayed { messages, blocks, dry_run: asked.dry_run }))
}

fn wanted(asked: &Replay, now: Instant) -> Result<Wanted, ProblemDetails> {
    match (&asked.message, asked.parked, &asked.since) {
        (Some(message), false, None) => message
            .parse()
            .map(Wanted::One)
            .map_err(|error| ProblemDetails::invalid(format!("message: {error}"))),
        (None, true, None) => Ok(Wanted::Parked),
        (None, false, Some(since)) => match since.parse::<Instant>() {
            Ok(since) if since > now => Err(ProblemDetails::invalid("since: must not be to come")),
            Ok(since) => Ok(Wanted::Since(since)),
            Err(error) => Err(ProblemDetails::invalid(format!("since: {error}"))),
        },
        _ => Err(ProblemDetails::invalid("wanted is one of message, parked and since")),
    }
}

fn refused(context: &RequestContext, error: ReplayError) -> ProblemDetails {
    match error {
        ReplayError::Unknown => {
            ProblemDetails::new(StatusCode::NOT_FOUND, "unknown_message", error.to_string())
        }
        ReplayError::NotRunning => ProblemDetails::busy(&error.to_string()),
        ReplayError::Provider(error) => of_provider(context, error),
        ReplayError::Commit(error) => ProblemDetails::of_line(context, &LineError::from(error)),
        ReplayError::Store(error) => ProblemDetails::internal(context, &error),
    }
}

fn told(seen: Seen) -> ToldWebhook {
    let Seen { provider, url, view } = seen;
    let Some(view) = view else {
        let (state, messages) = ("starting", Vec::new());
        let (behind_blocks, gone_since, paused_until) = (0, None, None);
        return ToldWebhook {
            provider,
            url,
            state,
            behind_blocks,
            gone_since,
            paused_until,
            messages,
        };
    };
    let state = match &view {
        view if view.state.gone_at.is_some() => "gone",
        view if view.is_faulty => "faulty",
        view if view.is_silent => "silent",
        _ => "open",
    };
    let parked = view.state.parked.iter().map(|message| message_told(message, "parked"));
    let waiting = view.state.waiting.iter().map(|message| message_told(message, "waiting"));
    ToldWebhook {
        provider,
        url,
        state,
        behind_blocks: view.behind_blocks,
        gone_since: view.state.gone_at.map(Instant::rfc3339),
        paused_until: view.state.paused_until.map(Instant::rfc3339),
        messages: parked.chain(waiting).collect(),
    }
}

fn message_told(message: &KeptMessage, state: &'static str) -> ToldMessage {
    let at = Some(message.at.rfc3339());
    let (next_at, parked_at) = if state == "waiting" { (at, None) } else { (None, at) };
    ToldMessage {
        message: message.id.to_string(),
        state,
        line: message.line,
        accepted_at: message.accepted_at.rfc3339(),
        since: message.since.rfc3339(),
        next_at,
        parked_at,
        attempts: message.attempts,
        reason: message.reason.clone(),
        status: message.status,
    }
}
