//! Where a provider's webhooks go and which keys sign them (interfaces.md 1.4), decided by how the
//! provider stands.

use super::{Decided, LONGEST_URL, ProviderRefusal, RegistrationFault, is_written_out};
use crate::domain::{
    calendar::Instant,
    provider::{Provider, ProviderEvent},
};
use url::{Host, Url};

/// So many keys sign a provider's webhooks at most: the one in use and the next.
pub const MOST_KEYS: usize = 2;

/// Webhooks go to this address from now on; the first address comes with a key. `None` stops them
/// and ends their keys.
pub fn set(standing: Option<&Provider>, url: Option<&str>, new_kid: Option<&str>) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    let is_same = provider.webhook_url.as_deref() == url;
    let set = (!is_same).then(|| ProviderEvent::WebhookSet { url: url.map(str::to_owned) });
    let keys = match (url, new_kid) {
        (None, _) => retired(&provider.webhook_keys),
        (Some(_), None) if provider.webhook_keys.is_empty() => {
            return Err(ProviderRefusal::NoWebhookKey);
        }
        (Some(_), Some(_)) if !provider.webhook_keys.is_empty() => {
            return Err(ProviderRefusal::WebhookKeyStands);
        }
        (Some(_), new_kid) => new_kid.map(added).into_iter().collect(),
    };
    Ok(set.into_iter().chain(keys).collect())
}

/// Another key that signs webhooks beside the one that does, or the old one's end; with both, all
/// that signed before end at once.
pub fn rotate_key(standing: Option<&Provider>, new_kid: Option<&str>, retire_old: bool) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    if provider.webhook_url.is_none() {
        return Err(ProviderRefusal::NoWebhook);
    }
    let kept = usize::from(new_kid.is_none());
    let old = &provider.webhook_keys[..provider.webhook_keys.len().saturating_sub(kept)];
    match (new_kid, retire_old) {
        (None, _) if old.is_empty() => return Err(ProviderRefusal::OnlyWebhookKey),
        (Some(_), false) if old.len() >= MOST_KEYS => {
            return Err(ProviderRefusal::TooManyWebhookKeys);
        }
        _ => {}
    }
    let ended = if retire_old { retired(old) } else { Vec::new() };
    Ok(new_kid.map(added).into_iter().chain(ended).collect())
}

fn added(kid: &str) -> ProviderEvent {
    ProviderEvent::WebhookKeyAdded { kid: kid.to_owned() }
}

fn retired(kids: &[String]) -> Vec<ProviderEvent> {
    kids.iter().map(|kid| ProviderEvent::WebhookKeyRetired { kid: kid.clone() }).collect()
}

/// Messages are sent again: those that were not delivered, or all since then.
pub fn replay(standing: Option<&Provider>, since: Option<Instant>) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    match provider.webhook_url {
        Some(_) => Ok(vec![ProviderEvent::WebhooksReplayed { since }]),
        None => Err(ProviderRefusal::NoWebhook),
    }
}

/// Checks an address for webhooks: absolute, https (plain http where `may_be_plain`), no fragment,
/// no user. Whether it may be called is decided each time it is.
pub fn checked_url(text: &str, may_be_plain: bool) -> Result<String, RegistrationFault> {
    let fault = |allowed: &str| RegistrationFault::new("url", allowed);
    let url = Url::parse(text).map_err(|_| fault("must be an absolute https address"))?;
    let allowed = match url.scheme() {
        _ if text.len() > LONGEST_URL => "must have at most 400 characters",
        "http" if !may_be_plain => {
            "must be https; plain http is for networks that webhook.allowed_networks names"
        }
        // TLS knows no name for it that a certificate holds.
        "http" | "https" if matches!(url.host(), Some(Host::Ipv6(_))) => {
            "must name its host; an IPv6 address in digits is not taken"
        }
        "http" | "https" if url.fragment().is_some() => "must have no fragment",
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            "must name no user"
        }
        "http" | "https" if !is_written_out(text) => {
            "must begin with https:// and hold no white space"
        }
        "http" | "https" => return Ok(url.into()),
        _ => "must be an absolute https address",
    };
    Err(fault(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::{IdTokenAlgorithm, ProviderContact};

    fn then(provider: Option<Provider>, events: Vec<ProviderEvent>) -> Provider {
        let id = "c-sha".parse().expect("an ID");
        let evolve = |state, event| Provider::evolve(state, &id, event);
        events.into_iter().fold(provider, evolve).expect("a provider")
    }

    #[test]
    fn webhooks_begin_with_a_key_and_keys_rotate_without_a_gap_security_45() {
        let url = "https://a.example/webhook";
        let registered = ProviderEvent::ProviderRegistered {
            name: "C社".into(),
            contact: ProviderContact::default(),
            id_token_algorithm: IdTokenAlgorithm::Rs256,
        };
        let provider = then(None, vec![registered]);
        let refused = |decided: Decided| decided.expect_err("refused");
        let refusal = refused(set(Some(&provider), Some(url), None));
        assert_eq!(refusal, ProviderRefusal::NoWebhookKey);
        let refusal = refused(rotate_key(Some(&provider), Some("one"), false));
        assert_eq!(refusal, ProviderRefusal::NoWebhook);
        assert_eq!(refused(replay(Some(&provider), None)), ProviderRefusal::NoWebhook);
        assert_eq!(refused(set(None, Some(url), None)), ProviderRefusal::Unknown);

        let begun = set(Some(&provider), Some(url), Some("one")).expect("allowed");
        let provider = then(Some(provider), begun);
        assert_eq!(
            (provider.webhook_url.as_deref(), &*provider.webhook_keys),
            (Some(url), &["one".to_owned()][..])
        );
        assert_eq!(set(Some(&provider), Some(url), None), Ok(vec![]), "it stands so");
        let refusal = refused(set(Some(&provider), Some(url), Some("two")));
        assert_eq!(refusal, ProviderRefusal::WebhookKeyStands);
        let refusal = refused(rotate_key(Some(&provider), None, true));
        assert_eq!(refusal, ProviderRefusal::OnlyWebhookKey);

        let rotated = rotate_key(Some(&provider), Some("two"), false).expect("allowed");
        let both = then(Some(provider.clone()), rotated);
        assert_eq!(both.webhook_keys, ["one", "two"], "both sign");
        let refusal = refused(rotate_key(Some(&both), Some("three"), false));
        assert_eq!(refusal, ProviderRefusal::TooManyWebhookKeys);
        let changed_over = rotate_key(Some(&both), None, true).expect("allowed");
        assert_eq!(then(Some(both.clone()), changed_over).webhook_keys, ["two"]);
        let at_once = rotate_key(Some(&both), Some("three"), true).expect("allowed");
        assert_eq!(then(Some(both.clone()), at_once).webhook_keys, ["three"]);

        let stopped = set(Some(&both), None, None).expect("allowed");
        let stopped = then(Some(both), stopped);
        assert_eq!((stopped.webhook_url, stopped.webhook_keys), (None, vec![]));
    }

    #[test]
    fn an_address_for_webhooks_is_https_and_names_no_user() {
        for (url, plain, good) in [
            ("https://a.example/webhook?x=1", false, true),
            ("https://1.1.1.1:8443/", false, true),
            ("http://127.0.0.1:9/", false, false),
            ("http://127.0.0.1:9/", true, true),
            ("https://a.example/#f", false, false),
            ("https:a.example", false, false),
            ("https://a.example/ b", false, false),
            ("https://u:p@a.example/", false, false),
            ("https://[2600::1]/", true, false),
            ("ftp://a.example/", true, false),
            ("a.example", false, false),
            ("", false, false),
        ] {
            assert_eq!(checked_url(url, plain).is_ok(), good, "{url}");
        }
        assert!(checked_url(&format!("https://a.example/{}", "x".repeat(400)), false).is_err());
    }
}
