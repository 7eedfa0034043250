//! What an operator registers of a provider and its catalogue: checked
//! field by field, and decided by how the provider stands. Here are its own data and its secrets.
//!
//! | file | what |
//! |---|---|
//! | `catalogue` | the services that it sells: listed, and off sale |
//! | [`webhooks`] | where it is told of what happens, and which keys sign that |
//! | `refusal` | why a provider is not changed as asked |

mod catalogue;
mod refusal;
pub mod webhooks;

pub use catalogue::{ServiceEntry, ServiceKind, add_services, retire_service};
pub use refusal::ProviderRefusal;

use super::{
    characters::steers,
    field::name_as_typed,
    provider::{IdTokenAlgorithm, Provider, ProviderContact, ProviderEvent, check_redirect_uri},
};
use url::Url;

/// The most redirect addresses of one provider.
pub const MOST_REDIRECT_URIS: usize = 10;
/// So many secrets stand beside each other at most: the one in use and the next.
pub const MOST_SECRETS: usize = 2;
/// The longest name of a provider, in characters.
pub const LONGEST_NAME: usize = 40;
/// The longest of the other texts that households read, in characters.
pub const LONGEST_CONTACT: usize = 100;
/// The longest address of pages, in characters.
pub const LONGEST_URL: usize = 400;

/// A field that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {allowed}")]
pub struct RegistrationFault {
    /// Which.
    pub field: String,
    /// What is allowed.
    pub allowed: String,
}

impl RegistrationFault {
    fn new(field: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { field: field.into(), allowed: allowed.into() }
    }
}

/// What is said of a provider; what is absent stays, or is nothing at the registration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderData {
    /// Its name as households and bills read it.
    pub name: Option<String>,
    /// A telephone number for households.
    pub contact_phone: Option<String>,
    /// An address of its pages.
    pub contact_url: Option<String>,
    /// When somebody answers.
    pub contact_hours: Option<String>,
    /// Exact addresses to go back to, all of them.
    pub redirect_uris: Option<Vec<String>>,
    /// Whether it is barred from pushing orders.
    pub suspended: Option<bool>,
}

impl ProviderData {
    /// The same with every field checked.
    pub fn check(self) -> Result<Self, RegistrationFault> {
        let text = |field: &str, longest: usize, value: Option<String>| {
            value.map(|value| one_line(field, &value, longest)).transpose()
        };
        let redirect_uris = self.redirect_uris.map(redirect_uris).transpose()?;
        Ok(Self {
            name: text("name", LONGEST_NAME, self.name)?,
            contact_phone: text("contact_phone", LONGEST_CONTACT, self.contact_phone)?,
            contact_url: self.contact_url.map(|url| page("contact_url", url)).transpose()?,
            contact_hours: text("contact_hours", LONGEST_CONTACT, self.contact_hours)?,
            redirect_uris,
            suspended: self.suspended,
        })
    }

    fn contact(&self, standing: &ProviderContact) -> ProviderContact {
        let or = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
        ProviderContact {
            phone: or(&self.contact_phone, &standing.phone),
            url: or(&self.contact_url, &standing.url),
            hours: or(&self.contact_hours, &standing.hours),
        }
    }
}

fn redirect_uris(mut uris: Vec<String>) -> Result<Vec<String>, RegistrationFault> {
    let field = "redirect_uris";
    if !(1..=MOST_REDIRECT_URIS).contains(&uris.len()) {
        let allowed = format!("must be 1 to {MOST_REDIRECT_URIS} addresses");
        return Err(RegistrationFault::new(field, allowed));
    }
    let mut seen = std::collections::BTreeSet::new();
    uris.retain(|uri| seen.insert(uri.clone()));
    for uri in &uris {
        let fault = check_redirect_uri(uri);
        fault.map_err(|fault| RegistrationFault::new(field, fault.to_string()))?;
    }
    Ok(uris)
}

/// Whether an address has its scheme written out, and neither white space nor what steers the text
/// around it: what [`PageAddress`](super::shape::PageAddress) says of
/// itself.
fn is_written_out(text: &str) -> bool {
    let scheme = text.starts_with("https://") || text.starts_with("http://");
    scheme && !text.contains(|c: char| c.is_whitespace() || steers(c))
}

/// A text that households read.
fn one_line(
    field: impl Into<String>,
    value: &str,
    longest: usize,
) -> Result<String, RegistrationFault> {
    name_as_typed(value, longest).map_err(|_| {
        let allowed =
            format!("must be 1 to {longest} characters on one line without bidi formatting");
        RegistrationFault::new(field, allowed)
    })
}

/// An address that households open.
fn page(field: &str, text: String) -> Result<String, RegistrationFault> {
    let url = Url::parse(&text).ok();
    let plain = is_written_out(&text) && text.chars().count() <= LONGEST_URL;
    let open = url.is_some_and(|url| url.has_host() && url.username().is_empty());
    (plain && open).then_some(text).ok_or_else(|| {
        RegistrationFault::new(field, "must be an https:// address of 400 characters at most")
    })
}

type Decided = Result<Vec<ProviderEvent>, ProviderRefusal>;

/// A provider is registered with its first secret.
pub fn register(
    standing: Option<&Provider>,
    data: &ProviderData,
    id_token_algorithm: IdTokenAlgorithm,
    sha256: &str,
) -> Decided {
    if standing.is_some() {
        return Err(ProviderRefusal::AlreadyRegistered);
    }
    Ok(vec![
        ProviderEvent::ProviderRegistered {
            name: data.name.clone().unwrap_or_default(),
            contact: data.contact(&ProviderContact::default()),
            id_token_algorithm,
        },
        ProviderEvent::SecretAdded { sha256: sha256.to_owned() },
        ProviderEvent::RedirectUrisSet {
            redirect_uris: data.redirect_uris.clone().unwrap_or_default(),
        },
    ])
}

/// What differs is set; what stands already is no event.
pub fn set(standing: Option<&Provider>, data: &ProviderData) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    let mut events = Vec::new();
    let name = data.name.clone().filter(|name| *name != provider.name);
    events.extend(name.map(|name| ProviderEvent::NameSet { name }));
    let contact = data.contact(&provider.contact);
    if contact != provider.contact {
        events.push(ProviderEvent::ContactSet { contact });
    }
    let redirect_uris = data.redirect_uris.clone();
    let redirect_uris = redirect_uris.filter(|uris| *uris != provider.redirect_uris);
    events.extend(
        redirect_uris.map(|redirect_uris| ProviderEvent::RedirectUrisSet { redirect_uris }),
    );
    match (data.suspended, provider.suspended) {
        (Some(true), true) => return Err(ProviderRefusal::SuspendedAlready),
        (Some(false), false) => return Err(ProviderRefusal::NotSuspended),
        (Some(true), false) => events.push(ProviderEvent::ProviderSuspended),
        (Some(false), true) => events.push(ProviderEvent::ProviderResumed),
        (None, _) => {}
    }
    Ok(events)
}

/// Another secret beside the one that stands, or without those that stand: all but the newest are
/// retired, and with a new one all that were there.
pub fn rotate_secret(
    standing: Option<&Provider>,
    new_sha256: Option<&str>,
    retire_old: bool,
) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    let secrets = &provider.secrets;
    let kept = usize::from(new_sha256.is_none());
    let old = &secrets[..secrets.len().saturating_sub(kept)];
    match (new_sha256, retire_old) {
        (None, _) if old.is_empty() => return Err(ProviderRefusal::OnlySecret),
        (Some(_), false) if secrets.len() >= MOST_SECRETS => {
            return Err(ProviderRefusal::TooManySecrets);
        }
        _ => {}
    }
    let added = new_sha256.map(|sha256| ProviderEvent::SecretAdded { sha256: sha256.to_owned() });
    let retired = old.iter().filter(|_| retire_old);
    let retired = retired.map(|sha256| ProviderEvent::SecretRetired { sha256: sha256.clone() });
    Ok(added.into_iter().chain(retired).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn after(standing: Option<Provider>, events: Vec<ProviderEvent>) -> Provider {
        let id = "c-sha".parse().expect("an ID");
        let evolve = |state, event| Provider::evolve(state, &id, event);
        events.into_iter().fold(standing, evolve).expect("a provider")
    }

    fn data() -> ProviderData {
        ProviderData {
            name: Some("C社".into()),
            redirect_uris: Some(vec!["https://c.example/cb".into()]),
            ..ProviderData::default()
        }
    }

    pub(super) fn registered() -> Provider {
        let data = data().check().expect("good");
        after(None, register(None, &data, IdTokenAlgorithm::Rs256, "first").expect("allowed"))
    }

    #[test]
    fn a_provider_is_registered_once() {
        let provider = registered();
        assert_eq!((&*provider.name, &*provider.secrets[0]), ("C社", "first"));
        let again = register(Some(&provider), &data(), IdTokenAlgorithm::Rs256, "second");
        assert_eq!(again, Err(ProviderRefusal::AlreadyRegistered));
        assert_eq!(set(None, &data()), Err(ProviderRefusal::Unknown));
    }

    #[test]
    fn each_fault_names_its_field() {
        let with = |change: fn(&mut ProviderData)| {
            let mut data = data();
            change(&mut data);
            data.check().expect_err("refused").field
        };
        assert_eq!(with(|data| data.name = Some(" ".into())), "name");
        assert_eq!(with(|data| data.name = Some("a\nb".into())), "name");
        assert_eq!(with(|data| data.contact_url = Some("javascript:x".into())), "contact_url");
        assert_eq!(with(|data| data.contact_url = Some("https:c.example".into())), "contact_url");
        let control = |data: &mut ProviderData| {
            data.contact_url = Some("https://c.example/\u{1}".into());
        };
        assert_eq!(with(control), "contact_url");
        assert_eq!(with(|data| data.contact_phone = Some("1".repeat(101))), "contact_phone");
        assert_eq!(with(|data| data.redirect_uris = Some(Vec::new())), "redirect_uris");
        // One address eleven times is eleven addresses.
        let many = |data: &mut ProviderData| {
            data.redirect_uris = Some(vec!["https://c.example/cb".into(); MOST_REDIRECT_URIS + 1]);
        };
        assert_eq!(with(many), "redirect_uris");
        let plain = |data: &mut ProviderData| {
            data.redirect_uris = Some(vec!["http://c.example/cb".into()]);
        };
        assert_eq!(with(plain), "redirect_uris");
    }

    #[test]
    fn what_stands_already_is_no_event() {
        let provider = registered();
        assert_eq!(set(Some(&provider), &data()), Ok(Vec::new()));
        let contact_phone = Some("0120-000-000".to_owned());
        let phone = ProviderData { contact_phone, ..ProviderData::default() };
        let provider =
            after(Some(provider.clone()), set(Some(&provider), &phone).expect("allowed"));
        assert_eq!(provider.contact.phone.as_deref(), Some("0120-000-000"));
        let suspend = |suspended| ProviderData { suspended: Some(suspended), ..Default::default() };
        assert_eq!(set(Some(&provider), &suspend(false)), Err(ProviderRefusal::NotSuspended));
        let events = set(Some(&provider), &suspend(true)).expect("allowed");
        let provider = after(Some(provider), events);
        assert_eq!(set(Some(&provider), &suspend(true)), Err(ProviderRefusal::SuspendedAlready));
    }

    #[test]
    fn two_secrets_stand_beside_each_other_until_the_old_one_is_retired() {
        let provider = registered();
        let retire = |provider: &Provider| rotate_secret(Some(provider), None, true);
        assert_eq!(retire(&provider), Err(ProviderRefusal::OnlySecret));
        let second = rotate_secret(Some(&provider), Some("second"), false).expect("allowed");
        let provider = after(Some(provider), second);
        assert_eq!(provider.secrets, ["first", "second"]);
        let third = rotate_secret(Some(&provider), Some("third"), false);
        assert_eq!(third, Err(ProviderRefusal::TooManySecrets));
        let provider = after(Some(provider.clone()), retire(&provider).expect("allowed"));
        assert_eq!(provider.secrets, ["second"]);
        let at_once = rotate_secret(Some(&provider), Some("third"), true).expect("allowed");
        assert_eq!(after(Some(provider), at_once).secrets, ["third"]);
    }
}
