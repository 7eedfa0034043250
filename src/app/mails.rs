//! The outbox and whoever takes its letters, from the configuration.

use super::AppError;
use crate::{
    actors::{
        line::LineServices,
        lines::Lines,
        outbox::{self, Outbox, OutboxOptions, Sources},
        providers::Providers,
    },
    clock::Clock,
    config::{Config, MailConfig},
    domain::field::MailAddress,
    mail::Office,
    security::random,
};
use std::{sync::Arc, time::Duration};

/// Starts the outbox, where mails are switched on. It goes by the host's clock: a moved one sends no
/// mail sooner.
///
/// # Errors
/// What `[mail]` names cannot be used, or the store cannot be read.
pub async fn start(
    config: &Config,
    services: &LineServices,
    lines: &Lines,
    providers: &Arc<Providers>,
    host: &Clock,
) -> Result<Option<Outbox>, AppError> {
    let (store, committer) = (&services.store, &services.committer);
    let office = Office::open(&config.mail, config.server.issuer.as_str(), &config.contact)?;
    let Some(office) = office else {
        if let Err(error) = outbox::forget(store.as_ref(), committer).await {
            tracing::warn!(%error, "the mails' cursor could not be forgotten");
        }
        return Ok(None);
    };
    let sources = Sources {
        store: Arc::clone(store),
        committer: committer.clone(),
        lines: lines.clone(),
        providers: Arc::clone(providers),
        desk: MailAddress::parse(&config.mail.desk_address).ok(),
        clock: host.clone(),
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
