//! A provider's request as it was pushed and checked, and as it is sealed into the `request_uri`
//! and the flow's cookie: names are short, since a cookie has 4 KiB.

use crate::domain::{ids::ProviderId, order::Order};
use serde::{Deserialize, Serialize};

/// What the provider asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedRequest {
    /// Who asks.
    #[serde(rename = "c")]
    pub client: ProviderId,
    /// Where the browser goes back to: one of the registered addresses.
    #[serde(rename = "r")]
    pub redirect_uri: String,
    /// Given back as it came.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Put into the `id_token`.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// PKCE, S256 (RFC 7636).
    #[serde(rename = "h")]
    pub code_challenge: String,
    /// Whether scope `entitlements` was asked for.
    #[serde(rename = "e", default, skip_serializing_if = "is_false")]
    pub entitlements: bool,
    /// Whether the line itself must be checked (`acr_values`).
    #[serde(rename = "a", default, skip_serializing_if = "is_false")]
    pub require_line: bool,
    /// Whether `prompt=none` was asked for, which no flow of ours can do.
    #[serde(rename = "p", default, skip_serializing_if = "is_false")]
    pub prompt_none: bool,
    /// The languages the provider asks for.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub ui_locales: Option<String>,
    /// What is ordered; absent for a login alone.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl PushedRequest {
    /// The address to go back to with these parameters, `state` and `iss` (RFC 9207) added. The
    /// registered address keeps its own query (RFC 6749 section 3.1.2).
    pub fn redirect(&self, issuer: &str, parameters: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }

    /// The host of the address to go back to, with its port where it names one: what the pages
    /// tell the household.
    pub fn domain(&self) -> String {
        let Ok(url) = url::Url::parse(&self.redirect_uri) else { return String::new() };
        let host = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_keeps_its_own_query() {
        let request = |redirect_uri: &str| PushedRequest {
            client: "a-sha".parse().expect("an ID"),
            redirect_uri: redirect_uri.into(),
            state: Some("s t".into()),
            nonce: None,
            code_challenge: "c".into(),
            entitlements: false,
            require_line: false,
            prompt_none: false,
            ui_locales: None,
            order: None,
        };
        let back = |uri| request(uri).redirect("https://i.example", &[("code", "a+b")]);
        let tail = "code=a%2Bb&state=s+t&iss=https%3A%2F%2Fi.example";
        assert_eq!(back("https://a.example/cb"), format!("https://a.example/cb?{tail}"));
        assert_eq!(back("https://a.example/cb?x=1"), format!("https://a.example/cb?x=1&{tail}"));
    }
}
