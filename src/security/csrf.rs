//! The token in each form of a flow, so that another site cannot post it (security.md 24).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use super::mac;

/// A form's token: HMAC-SHA256 over the form's name under the secret of its flow. It is bound to
/// one flow and one form, needs no storage, and is as short-lived as the flow.
///
/// It is meant for the page, so `Display` shows it; `Debug` does not.
#[derive(Clone)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// The token of a form, `confirm` for example, in the flow with this secret (16 random bytes
    /// or more, kept inside the sealed flow).
    pub fn new(flow_secret: &[u8], form_name: &str) -> Self {
        let tag = mac::tag(flow_secret, "linepass/csrf/v1", &[form_name.as_bytes()]);
        Self(URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether the posted text is this token, in constant time.
    pub fn matches(&self, posted: &str) -> bool {
        self.0.as_bytes().ct_eq(posted.as_bytes()).into()
    }

    /// The text for the hidden field.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_flow_and_form_match() {
        // security.md 24
        let token = CsrfToken::new(&[1; 32], "confirm");
        let shown = token.to_string();
        assert!(CsrfToken::new(&[1; 32], "confirm").matches(&shown));
        assert!(!CsrfToken::new(&[2; 32], "confirm").matches(&shown), "another flow's");
        assert!(!CsrfToken::new(&[1; 32], "login").matches(&shown), "another form's");
        for wrong in ["", "x", &shown[1..], &shown.to_lowercase(), &format!("{shown} ")] {
            assert!(!token.matches(wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "CsrfToken(***)");
    }
}
