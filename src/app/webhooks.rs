//! Webhooks and whoever takes them, from the configuration.

use super::AppError;
use crate::{
    actors::{
        line::LineServices,
        providers::Providers,
        webhooks::{Sources, WebhookOptions, Webhooks, signing::SigningKeys},
    },
    clock::Clock,
    config::{Config, WebhookConfig},
    security::{AddressPolicy, MasterKey, random},
    webhook::Courier,
};
use std::{path::Path, rc::Rc, sync::Arc, time::Duration};

/// Which addresses webhooks may go to.
pub fn policy(webhook: &WebhookConfig) -> AddressPolicy {
    AddressPolicy {
        allowed: webhook.allowed_networks.clone(),
        denied: webhook.denied_networks.clone(),
    }
}

/// Starts them. They go by the host's clock: a moved one sends nothing sooner.
///
/// # Errors
/// What `[webhook]` names cannot be used.
pub fn start(
    config: &Config,
    services: &LineServices,
    providers: &Arc<Providers>,
    master: &Arc<MasterKey>,
    host: &Clock,
) -> Result<Webhooks, AppError> {
    let webhook = &config.webhook;
    let ca_file = (!webhook.ca_file.is_empty()).then(|| Path::new(&webhook.ca_file));
    let timeout = Duration::from_secs(webhook.timeout_s);
    let courier = Courier::new(policy(webhook), ca_file, timeout)?;
    let sources = Sources {
        store: Arc::clone(&services.store),
        committer: services.committer.clone(),
        providers: Arc::clone(providers),
        keys: SigningKeys::new(Arc::clone(master), Arc::clone(&services.store)),
        clock: host.clone(),
        messenger: Rc::new(courier),
    };
    Ok(Webhooks::start(sources, options(webhook)))
}

fn options(webhook: &WebhookConfig) -> WebhookOptions {
    WebhookOptions {
        most_at_once: webhook.connections_per_provider,
        retry_after: webhook.retry_after_s.iter().copied().map(Duration::from_secs).collect(),
        probe_longest: Duration::from_secs(webhook.probe_longest_s),
        park_after: Duration::from_secs(webhook.park_after_s),
        draw: || u64::from_be_bytes(random::bytes()),
    }
}
