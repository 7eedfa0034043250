//! The outbox and whoever takes its letters, from the configuration.

use super::AppError;
use crate::{
    actors::{
        committer::Committer,
        lines::Lines,
        outbox::{self, Outbox, OutboxOptions, Sources},
        providers::Providers,
    },
    clock::Clock,
    config::{Config, MailConfig},
    mail::Office,
    security::random,
    store::Store,
};
use std::{sync::Arc, time::Duration};

/// What the outbox reads and writes.
pub struct Parts<'a> {
    /// Where blocks and rows are.
    pub store: &'a Arc<dyn Store>,
    /// Where its cursor and rows go.
    pub committer: &'a Committer,
    /// Where addresses are asked for.
    pub lines: &'a Lines,
    /// Names of services.
    pub providers: &'a Arc<Providers>,
    /// The host's clock: a moved one sends no mail sooner.
    pub host: &'a Clock,
}

/// Starts the outbox, where mails are switched on.
///
/// # Errors
/// What `[mail]` names cannot be used, or the store cannot be read.
pub async fn start(config: &Config, parts: Parts<'_>) -> Result<Option<Outbox>, AppError> {
    let office = Office::open(&config.mail, config.server.issuer.as_str(), &config.contact)?;
    let Some(office) = office else {
        if let Err(error) = outbox::forget(parts.store.as_ref(), parts.committer).await {
            tracing::warn!(%error, "the mails' cursor could not be forgotten");
        }
        return Ok(None);
    };
    let sources = Sources {
        store: Arc::clone(parts.store),
        committer: parts.committer.clone(),
        lines: parts.lines.clone(),
        providers: Arc::clone(parts.providers),
        clock: parts.host.clone(),
        postman: Arc::new(office),
    };
    Ok(Some(Outbox::start(sources, options(&config.mail)).await?))
}

fn options(mail: &MailConfig) -> OutboxOptions {
    OutboxOptions {
        most_at_once: mail.connections,
        retry_first: Duration::from_secs(mail.retry_first_s),
        retry_longest: Duration::from_secs(mail.retry_longest_s),
        probe_longest: Duration::from_secs(mail.probe_longest_s),
        park_after: Duration::from_secs(mail.park_after_s),
        draw: || u64::from_be_bytes(random::bytes()),
    }
}
