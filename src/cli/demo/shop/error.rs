//! Everything that can end a flow on the shop's side, each with words for the shopper.
//!
//! The texts are in [`text`](super::text); here is what happened and which status it has.

use actix_web::http::StatusCode;
use thiserror::Error;

/// Why a request to the shop did not end with a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShopError {
    /// The address names no provider, service, amount or page of this shop.
    #[error("there is no such item")]
    NoSuchItem,
    /// No answer, or none that could be read, at this step.
    #[error("the payment service did not answer ({0})")]
    Unreachable(Step),
    /// The payment service is being maintained (`temporarily_unavailable`, or a 503).
    #[error("the payment service is under maintenance")]
    Maintenance,
    /// The metadata is of another issuer, or names an address that is none.
    #[error("the metadata is not the issuer's own")]
    OtherIssuer,
    /// An OAuth error, from an endpoint or from the callback.
    #[error("the payment service refused: {error}")]
    Refused {
        /// The code, e.g. `invalid_authorization_details`.
        error: String,
        /// What it said about it.
        description: Option<String>,
    },
    /// The household turned back or was refused; a provider does not learn which.
    #[error("the household turned back")]
    TurnedBack,
    /// The same of a cancellation.
    #[error("the household turned back from a cancellation")]
    NotCancelled,
    /// The callback does not belong to a flow of this browser, or is not complete.
    #[error("the callback's {0} is wrong")]
    Callback(#[from] CallbackProblem),
    /// The `id_token` is not to be believed.
    #[error("the id_token's {0} is wrong")]
    IdToken(#[from] IdTokenProblem),
    /// The receipt is not for what was ordered.
    #[error("the receipt's {0} is wrong")]
    Receipt(#[from] ReceiptField),
    /// The machine refused randomness, or a page could not be written.
    #[error("an internal error")]
    Internal,
}

/// The requests that the shop sends to Linepass itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Step {
    /// Reading the metadata.
    #[error("discovery")]
    Discovery,
    /// Pushing the order.
    #[error("pushed authorization request")]
    Push,
    /// Exchanging the code.
    #[error("token")]
    Token,
    /// Reading the signing keys.
    #[error("jwks")]
    Keys,
}

/// What is wrong with a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallbackProblem {
    /// Not the state of a flow that this browser began.
    #[error("state")]
    State,
    /// Not from our issuer, or it does not say (RFC 9207).
    #[error("iss")]
    Issuer,
    /// Neither a code nor an error, or one of them twice.
    #[error("code")]
    Code,
}

/// What is wrong with an `id_token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdTokenProblem {
    /// Not a JWT, or signed with an algorithm of another world, such as `none`.
    #[error("format")]
    Format,
    /// Signed with another algorithm than RS256.
    #[error("alg")]
    Algorithm,
    /// Names a key that the issuer does not publish.
    #[error("kid")]
    Key,
    /// Not signed by the issuer, or its claims cannot be read.
    #[error("signature")]
    Signature,
    /// Of another issuer.
    #[error("iss")]
    Issuer,
    /// For another client.
    #[error("aud")]
    Audience,
    /// Of another flow.
    #[error("nonce")]
    Nonce,
    /// Its time is over.
    #[error("exp")]
    Expired,
}

/// The first field in which receipt and order differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReceiptField {
    /// Not exactly one receipt.
    #[error("number of receipts")]
    Count,
    /// Not with the fields of a receipt.
    #[error("shape")]
    Shape,
    /// Not of the kind that was asked for.
    #[error("type")]
    Type,
    /// Another order's.
    #[error("reference")]
    Reference,
    /// Another service.
    #[error("service")]
    Service,
    /// Another quantity.
    #[error("quantity")]
    Quantity,
    /// Another amount.
    #[error("amount")]
    Amount,
    /// Not yen.
    #[error("currency")]
    Currency,
    /// Not completed.
    #[error("status")]
    Status,
    /// A contract where there should be none, none where there should be one, or another.
    #[error("contract")]
    Contract,
}

impl ShopError {
    /// The HTTP status of the page that tells of it.
    pub fn status(&self) -> StatusCode {
        match self {
            // A household that turned back did nothing wrong.
            Self::TurnedBack | Self::NotCancelled => StatusCode::OK,
            Self::NoSuchItem => StatusCode::NOT_FOUND,
            Self::Callback(_) => StatusCode::BAD_REQUEST,
            Self::Maintenance => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unreachable(_)
            | Self::OtherIssuer
            | Self::Refused { .. }
            | Self::IdToken(_)
            | Self::Receipt(_) => StatusCode::BAD_GATEWAY,
        }
    }
}
