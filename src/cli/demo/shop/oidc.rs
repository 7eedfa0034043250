//! What a provider site has to do to sell through Linepass, as short as it can honestly be.
//!
//! The steps, in the order in which a purchase takes them. Everything here is pure: the requests
//! themselves are sent by [`backchannel`](super::backchannel), in the same order.
//!
//! 1. [`FlowSecrets::draw`]: fresh `state`, `nonce` and PKCE verifier (RFC 7636).
//! 2. [`par_form`]: push the request with the order in `authorization_details`
//!    (RFC 9126, RFC 9396), authenticated by [`basic_credentials`].
//! 3. [`authorize_url`]: send the browser there; it carries no order, only the `request_uri`.
//! 4. [`check_callback`]: `state` and `iss` of the answer (RFC 9207), then its `error` or `code`.
//! 5. [`token_form`]: exchange the code, once.
//! 6. [`read_id_token`] and [`check_claims`]: whose answer it is (`OpenID Connect Core` 3.1.3.7).
//! 7. [`check_receipt`]: the receipt is for the order we pushed. Only now deliver.
//!
//! A cancellation takes the same steps: a [`Cancellation`] is pushed in the place of an [`Order`],
//! and [`check_cancellation`] is the last of them.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::error::{CallbackProblem, IdTokenProblem, ReceiptField, ShopError};

/// How far our clock may be from the issuer's before an `exp` counts as past, in seconds.
const CLOCK_SKEW_S: u64 = 30;

/// What the client needs of `/.well-known/openid-configuration` (`OpenID Connect Discovery` 3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Metadata {
    /// Must be the issuer that was asked, character by character.
    pub issuer: String,
    /// Where the browser goes.
    pub authorization_endpoint: String,
    /// Where orders are pushed (RFC 9126 section 5).
    pub pushed_authorization_request_endpoint: String,
    /// Where a code is exchanged.
    pub token_endpoint: String,
    /// Where the keys that sign `id_token` are published.
    pub jwks_uri: String,
}

impl Metadata {
    /// Refuses metadata that names another issuer (`OpenID Connect Discovery` 4.3).
    pub fn checked(self, issuer: &str) -> Result<Self, ShopError> {
        if self.issuer == issuer { Ok(self) } else { Err(ShopError::OtherIssuer) }
    }
}

/// The three values that tie an answer to the browser and the request that began the flow.
/// No `Debug`: they are secrets while the flow lives.
#[derive(Clone)]
pub struct FlowSecrets {
    /// Comes back in the query of the callback.
    pub state: String,
    /// Comes back inside the `id_token`.
    pub nonce: String,
    /// Goes to the token endpoint only; the pushed request carries its [`challenge`].
    pub verifier: String,
}

impl FlowSecrets {
    /// Draws the three from `draw`, which gives a fresh random token at each call.
    pub fn draw(mut draw: impl FnMut() -> Result<String, ShopError>) -> Result<Self, ShopError> {
        Ok(Self { state: draw()?, nonce: draw()?, verifier: draw()? })
    }
}

/// What is pushed beside the login, in `authorization_details`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Asked {
    /// 購入.
    Purchase(Order),
    /// 解約.
    Cancellation(Cancellation),
}

/// The end of a monthly contract as it stands in `authorization_details`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cancellation {
    /// Always `cancellation`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Our own number for this, as for an order.
    pub reference: String,
    /// The contract of the purchase's receipt.
    pub contract: String,
}

/// An order as it stands in `authorization_details`, pushed by us and compared with the receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Always `purchase`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Our own number for this order, unique for good: pushed again, it is the same order and is
    /// charged once.
    pub reference: String,
    /// Entry of our catalogue at Linepass.
    pub service: String,
    /// How many, 1 to 99; always 1 for a monthly service.
    pub quantity: u32,
    /// What the household pays in all, in yen, tax included.
    pub amount: u64,
    /// Always `JPY`.
    pub currency: &'static str,
    /// Shown on the confirmation page, at most 100 characters.
    pub description: String,
    /// Whether a contract must be in the receipt. Our own knowledge, not sent.
    #[serde(skip)]
    pub monthly: bool,
}

/// The receipt that Linepass gives for a completed purchase.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the JSON")]
pub struct Receipt {
    /// `purchase`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Our order's number.
    pub reference: String,
    /// Entry of our catalogue.
    pub service: String,
    /// How many.
    pub quantity: u32,
    /// What the household pays, in yen, tax included.
    pub amount: u64,
    /// `JPY`.
    pub currency: String,
    /// `completed` once it is bought.
    pub status: String,
    /// 申込受付番号, 12 digits.
    pub receipt_number: String,
    /// RFC 3339, Japan time.
    pub completed_at: String,
    /// Of a monthly service: what a cancellation will name.
    pub contract: Option<String>,
    /// Of a monthly service: `YYYY-MM`.
    pub first_charge_month: Option<String>,
}

/// The receipt that Linepass gives for a completed cancellation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CancellationReceipt {
    /// `cancellation`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Our own number for it.
    pub reference: String,
    /// The contract that ended.
    pub contract: String,
    /// `completed` once it has ended.
    pub status: String,
    /// 申込受付番号, 12 digits.
    pub receipt_number: String,
    /// RFC 3339, Japan time.
    pub completed_at: String,
    /// 最終課金月, `YYYY-MM`.
    pub last_charge_month: String,
}

/// What the token endpoint answers (RFC 6749 section 5.1, RFC 9396 section 7). The access token is
/// left out: this site has no use for it.
#[derive(Deserialize)]
pub struct TokenAnswer {
    /// Signed proof of who logged in.
    pub id_token: String,
    /// One receipt after a purchase or a cancellation, nothing after a login.
    #[serde(default)]
    pub authorization_details: Vec<Value>,
}

/// The claims of an `id_token` that this site reads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// Who signed it.
    pub iss: String,
    /// Whom it is for.
    pub aud: Audience,
    /// The passport ID as this provider knows it (pairwise, so of no use elsewhere).
    pub sub: String,
    /// End of its life, in Unix seconds.
    pub exp: u64,
    /// Ours, back again.
    pub nonce: Option<String>,
    /// How the household was recognised, e.g. `urn:linepass:acr:line`.
    pub acr: Option<String>,
}

/// `aud` is one string or a list of them (RFC 7519 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// The usual shape.
    One(String),
    /// The list shape.
    Many(Vec<String>),
}

impl Audience {
    /// True when the token is for `client_id` and for nobody else.
    fn is_only(&self, client_id: &str) -> bool {
        match self {
            Self::One(one) => one == client_id,
            Self::Many(many) => !many.is_empty() && many.iter().all(|one| one == client_id),
        }
    }
}

/// What an `id_token` has to say to be believed.
pub struct Expected<'a> {
    /// The issuer's own name.
    pub issuer: &'a str,
    /// Our client ID.
    pub client_id: &'a str,
    /// The nonce we pushed.
    pub nonce: &'a str,
    /// Now, in Unix seconds.
    pub now_s: u64,
}

/// The query of the callback: either `code` or `error`, with `state` and `iss`.
#[derive(Default, Deserialize)]
pub struct CallbackQuery {
    /// Finds the flow and ties it to the browser.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// To be exchanged within 60 seconds.
    pub code: Option<String>,
    /// E.g. `access_denied`, when the household turned back.
    pub error: Option<String>,
}

/// The S256 challenge of a PKCE verifier (RFC 7636 section 4.2).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// The value of `Authorization` for `client_secret_basic`: both parts are form-encoded before they
/// are joined (RFC 6749 section 2.3.1).
pub fn basic_credentials(client_id: &str, client_secret: &str) -> String {
    let encode =
        |part: &str| -> String { url::form_urlencoded::byte_serialize(part.as_bytes()).collect() };
    let pair = format!("{}:{}", encode(client_id), encode(client_secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// The form for the PAR endpoint. Where nothing is asked for it is a login only.
pub fn par_form(
    redirect_uri: &str,
    secrets: &FlowSecrets,
    asked: Option<&Asked>,
    ui_locale: &str,
) -> Result<Vec<(&'static str, String)>, ShopError> {
    let mut form = vec![
        ("response_type", "code".to_owned()),
        ("scope", "openid".to_owned()),
        ("redirect_uri", redirect_uri.to_owned()),
        ("state", secrets.state.clone()),
        ("nonce", secrets.nonce.clone()),
        ("code_challenge", challenge(&secrets.verifier)),
        ("code_challenge_method", "S256".to_owned()),
        ("ui_locales", ui_locale.to_owned()),
    ];
    if let Some(asked) = asked {
        let details = serde_json::to_string(&[asked]).map_err(|_| ShopError::Internal)?;
        form.push(("authorization_details", details));
    }
    Ok(form)
}

/// Where the browser goes after the push (RFC 9126 section 4).
pub fn authorize_url(
    endpoint: &str,
    client_id: &str,
    request_uri: &str,
) -> Result<String, ShopError> {
    let mut url = url::Url::parse(endpoint).map_err(|_| ShopError::OtherIssuer)?;
    url.query_pairs_mut()
        .append_pair("client_id", client_id)
        .append_pair("request_uri", request_uri);
    Ok(url.into())
}

/// Checks the answer in the order that matters: is it for this flow, is it from our issuer, and
/// only then what it says. Gives the code.
pub fn check_callback<'a>(
    query: &'a CallbackQuery,
    state: &str,
    issuer: &str,
) -> Result<&'a str, ShopError> {
    if query.state.as_deref() != Some(state) {
        return Err(CallbackProblem::State.into());
    }
    if query.iss.as_deref() != Some(issuer) {
        return Err(CallbackProblem::Issuer.into());
    }
    match (query.error.as_deref(), query.code.as_deref()) {
        (Some("access_denied"), _) => Err(ShopError::TurnedBack),
        (Some("temporarily_unavailable"), _) => Err(ShopError::Maintenance),
        (Some(error), _) => Err(ShopError::Refused { error: short(error), description: None }),
        (None, Some(code)) if !code.is_empty() => Ok(code),
        (None, _) => Err(CallbackProblem::Code.into()),
    }
}

/// The form for the token endpoint (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
pub fn token_form(code: &str, redirect_uri: &str, verifier: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", redirect_uri.to_owned()),
        ("code_verifier", verifier.to_owned()),
    ]
}

/// The key ID that an `id_token` names, so that it can be looked up in the key set.
pub fn key_id(id_token: &str) -> Result<Option<String>, ShopError> {
    let header = jsonwebtoken::decode_header(id_token).map_err(|_| IdTokenProblem::Format)?;
    match header.alg {
        Algorithm::RS256 => Ok(header.kid),
        _ => Err(IdTokenProblem::Algorithm.into()),
    }
}

/// The signing key with that ID; without an ID, the only key there is.
pub fn find_key<'a>(keys: &'a JwkSet, kid: Option<&str>) -> Option<&'a Jwk> {
    match (kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// Verifies the signature, RS256 and nothing else, and reads the claims. They are not believed yet:
/// [`check_claims`] is the next step.
pub fn read_id_token(id_token: &str, key: &Jwk) -> Result<Claims, ShopError> {
    let key = DecodingKey::from_jwk(key).map_err(|_| IdTokenProblem::Key)?;
    let mut validation = Validation::new(Algorithm::RS256);
    // The claims are checked by `check_claims`, against a clock that is passed in.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let token = jsonwebtoken::decode::<Claims>(id_token, &key, &validation);
    token.map(|token| token.claims).map_err(|_| IdTokenProblem::Signature.into())
}

/// Issuer, audience, nonce and end of life of a token whose signature is good
/// (`OpenID Connect Core` 3.1.3.7).
pub fn check_claims(claims: &Claims, expected: &Expected<'_>) -> Result<(), ShopError> {
    let problem = if claims.iss != expected.issuer {
        IdTokenProblem::Issuer
    } else if !claims.aud.is_only(expected.client_id) {
        IdTokenProblem::Audience
    } else if claims.nonce.as_deref() != Some(expected.nonce) {
        IdTokenProblem::Nonce
    } else if claims.exp.saturating_add(CLOCK_SKEW_S) <= expected.now_s {
        IdTokenProblem::Expired
    } else {
        return Ok(());
    };
    Err(problem.into())
}

/// Takes the one receipt of the token answer and compares it with the order, field by field.
pub fn check_receipt(receipts: Vec<Value>, order: &Order) -> Result<Receipt, ShopError> {
    let receipt: Receipt = only(receipts)?;
    let differs = [
        (receipt.kind != order.kind, ReceiptField::Type),
        (receipt.reference != order.reference, ReceiptField::Reference),
        (receipt.service != order.service, ReceiptField::Service),
        (receipt.quantity != order.quantity, ReceiptField::Quantity),
        (receipt.amount != order.amount, ReceiptField::Amount),
        (receipt.currency != order.currency, ReceiptField::Currency),
        (receipt.status != "completed", ReceiptField::Status),
        (receipt.contract.is_some() != order.monthly, ReceiptField::Contract),
    ];
    none_of(differs).map(|()| receipt)
}

/// The same of a cancellation.
pub fn check_cancellation(
    receipts: Vec<Value>,
    asked: &Cancellation,
) -> Result<CancellationReceipt, ShopError> {
    let receipt: CancellationReceipt = only(receipts)?;
    let differs = [
        (receipt.kind != asked.kind, ReceiptField::Type),
        (receipt.reference != asked.reference, ReceiptField::Reference),
        (receipt.contract != asked.contract, ReceiptField::Contract),
        (receipt.status != "completed", ReceiptField::Status),
    ];
    none_of(differs).map(|()| receipt)
}

/// The one receipt that there is.
fn only<T: DeserializeOwned>(receipts: Vec<Value>) -> Result<T, ShopError> {
    let Ok([receipt]) = <[Value; 1]>::try_from(receipts) else {
        return Err(ReceiptField::Count.into());
    };
    serde_json::from_value(receipt).map_err(|_| ReceiptField::Shape.into())
}

/// Refuses the first field that differs.
fn none_of(differs: impl IntoIterator<Item = (bool, ReceiptField)>) -> Result<(), ShopError> {
    match differs.into_iter().find(|(differs, _)| *differs) {
        Some((_, field)) => Err(field.into()),
        None => Ok(()),
    }
}

/// A code or description from outside, cut to what fits on a page.
pub fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
#[path = "oidc_tests.rs"]
mod tests;
