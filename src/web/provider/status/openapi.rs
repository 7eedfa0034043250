//! The status API described in `OpenAPI` 3.1, from the table of routes and the types that its
//! handlers answer with.

use super::{PREFIX, ROUTES, StatusRoute};
use crate::web::{
    openapi::{self, Api, Operation, Refusal},
    provider::client_credentials::PURCHASES_READ,
};
use actix_web::{HttpResponse, http::Method};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// The token's name in the document.
const TOKEN: &str = "providerToken";

const RETRY_AFTER: (&str, &str) = ("Retry-After", "Seconds after which to ask again.");
const CHALLENGE: (&str, &str) = ("WWW-Authenticate", "The challenge of RFC 6750 section 3.");

/// What every question may be answered instead, by status.
const REFUSALS: &[(&str, &str)] = &[
    ("400", "InvalidRequest"),
    ("401", "Unauthorized"),
    ("403", "InsufficientScope"),
    ("404", "NotFound"),
    ("405", "MethodNotAllowed"),
    ("429", "TooManyRequests"),
    ("500", "Failed"),
    ("503", "Unavailable"),
];

/// The same for what is told to everybody.
const PUBLIC_REFUSALS: &[(&str, &str)] = &[("405", "MethodNotAllowed")];

/// Tells the document.
pub async fn show() -> HttpResponse {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| document().to_string());
    HttpResponse::Ok().content_type("application/json").body(document.as_str())
}

/// The document.
pub fn document() -> Value {
    let api = Api {
        title: "Linepass status API for providers",
        description: "What became of a provider's orders and contracts, for whatever its token \
                      answers and webhooks did not reach. An order that is not completed is not \
                      there; nor is another provider's.",
        prefix: PREFIX,
        token: TOKEN,
        scopes: &[PURCHASES_READ],
        security_scheme: json!({
            "type": "oauth2",
            "flows": { "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": { PURCHASES_READ: "Read your own orders and contracts." },
            } },
        }),
        refusals: refusals(),
    };
    openapi::document(&api, ROUTES.iter().map(operation))
}

fn refusals() -> Vec<Refusal> {
    let refusal = |name, description, headers| Refusal { name, description, headers };
    vec![
        refusal(
            "InvalidRequest",
            "A parameter is missing, stands twice, is not known or not well formed; the detail \
             begins with its name.",
            &[],
        ),
        refusal("Unauthorized", "There is no token, or it is not valid any more.", &[CHALLENGE]),
        refusal("InsufficientScope", "The token is good for other questions.", &[CHALLENGE]),
        refusal("NotFound", "No order or contract of yours is named like this.", &[]),
        refusal(
            "MethodNotAllowed",
            "The address takes other methods.",
            &[("Allow", "The methods that it takes.")],
        ),
        refusal("TooManyRequests", "You ask too often, or too much at once.", &[RETRY_AFTER]),
        refusal("Failed", "The server failed; its log says why under x-request-id.", &[]),
        refusal("Unavailable", "Too much at once for the server, or maintenance.", &[RETRY_AFTER]),
    ]
}

fn operation(route: &StatusRoute) -> Operation<'_> {
    let mut more = Map::new();
    if route.is_public {
        more.insert("security".to_owned(), json!([]));
    }
    Operation {
        method: &Method::GET,
        path: route.path,
        summary: route.summary,
        query: route.query,
        body: None,
        answer: &route.answer,
        refusals: if route.is_public { PUBLIC_REFUSALS } else { REFUSALS },
        more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::openapi::checks::{self, walk};

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let there: Vec<_> = ROUTES.iter().map(|route| ("GET", route.path)).collect();
        checks::describes(&document(), &there);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_type_has_a_name_of_its_own() {
        checks::is_tied_together(&document());
    }

    #[test]
    fn each_operation_has_what_openapi_asks_for_and_every_status() {
        let document = document();
        checks::operations_are_whole(&document);
        for route in ROUTES {
            let told = &document["paths"][route.path]["get"];
            let statuses: Vec<_> = told["responses"].as_object().expect("some").keys().collect();
            let expected: &[&str] = if route.is_public {
                &["200", "405"]
            } else {
                &["200", "400", "401", "403", "404", "405", "429", "500", "503"]
            };
            assert_eq!(statuses, expected, "{}", route.path);
            assert_eq!(told["security"].is_array(), route.is_public, "{}", route.path);
        }
        assert_eq!(document["security"], json!([{ TOKEN: [PURCHASES_READ] }]));
    }

    #[test]
    fn instants_are_those_of_rfc_3339_and_numbers_have_patterns() {
        let mut found = 0;
        walk(&document(), &mut |fields| {
            for name in ["completed_at", "bought_at", "ended_at"] {
                if let Some(instant) = fields.get(name).filter(|field| field.is_object()) {
                    assert_eq!(instant["format"], "date-time", "{name}");
                    found += 1;
                }
            }
            for name in ["reference", "receipt_number", "contract"] {
                if let Some(text) = fields.get(name).filter(|field| field["type"] == "string") {
                    assert!(text["pattern"].is_string(), "{name}: {text}");
                    found += 1;
                }
            }
            if fields.get("in").is_some_and(Value::is_string) {
                let schema = &fields["schema"];
                assert!(schema["pattern"].is_string(), "{fields:?}");
                found += 1;
            }
        });
        assert!(found >= 12, "{found} were looked at");
    }

    #[test]
    fn the_reference_is_the_one_parameter_of_its_question() {
        let told = &document()["paths"]["/purchases"]["get"]["parameters"];
        assert_eq!(told.as_array().map(Vec::len), Some(1));
        assert_eq!((&told[0]["name"], &told[0]["in"]), (&json!("reference"), &json!("query")));
        assert_eq!(told[0]["required"], true);
    }
}
