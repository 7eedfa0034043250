//! The operator API described in `OpenAPI` 3.1, from the table of routes and the types that its
//! handlers read and answer with.

mod refusals;

pub use crate::web::openapi::{Content, Document, Shape, json, json_up_to, of};

use super::routes::{ApiRoute, PREFIX, all};
use crate::{
    domain::operator::Role,
    web::openapi::{self, Api, Operation},
};
use actix_web::HttpResponse;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Tells the document.
pub async fn show() -> HttpResponse {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| document().to_string());
    HttpResponse::Ok().content_type("application/json").body(document.as_str())
}

/// The document.
pub fn document() -> Value {
    let api = Api {
        title: "Linepass operator API",
        description: "What operators do to a running server. Every change needs a reason, which \
                      the journal keeps with the token's name; with `dry_run` it tells what would \
                      happen and changes nothing. Besides the roles that an operation names, the \
                      role admin may use it.",
        prefix: PREFIX,
        token: "operatorToken",
        scopes: &[],
        security_scheme: json!({ "type": "http", "scheme": "bearer" }),
        refusals: refusals::all(),
    };
    openapi::document(&api, all().map(operation))
}

fn operation(route: &ApiRoute) -> Operation<'_> {
    let roles: Vec<Role> =
        Role::ALL.into_iter().filter(|role| role.is_one_of(route.roles)).collect();
    Operation {
        method: &route.method,
        path: route.path,
        summary: route.summary,
        query: route.query,
        body: route.body.as_ref(),
        answer: &route.answer,
        refusals: refusals::of(route.body.is_some()),
        more: [("x-roles".to_owned(), json!(roles))].into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::openapi::{Generators, checks};

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let there: Vec<_> = all().map(|route| (route.method.as_str(), route.path)).collect();
        checks::describes(&document(), &there);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_type_has_a_name_of_its_own() {
        checks::is_tied_together(&document());
    }

    /// `document` puts both into one map.
    #[test]
    fn what_is_read_and_told_under_one_name_looks_alike() {
        let mut generators = Generators::new();
        for route in all() {
            generators.operation(&operation(route));
        }
        let read = generators.reading.take_definitions(true);
        let told = generators.telling.take_definitions(true);
        for (name, schema) in &read {
            assert!(told.get(name).is_none_or(|other| other == schema), "two are named {name}");
        }
    }

    #[test]
    fn each_operation_has_what_openapi_asks_for() {
        let document = document();
        checks::operations_are_whole(&document);
        for route in all() {
            let told = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            assert!(told["x-roles"].as_array().expect("roles").contains(&json!("admin")), "{told}");
            let media = route.answer.media_type;
            assert!(told["responses"]["200"]["content"][media]["schema"].is_object(), "{told}");
            assert!(told["responses"]["422"]["$ref"].is_string(), "{told}");
            let unsupported = &told["responses"]["415"]["$ref"];
            assert_eq!(unsupported.is_string(), route.body.is_some(), "{told}");
            assert_eq!(told["requestBody"].is_object(), route.body.is_some(), "{told}");
        }
    }

    #[test]
    fn every_change_asks_for_a_reason_and_no_question_has_a_body() {
        let document = document();
        for route in all() {
            let told = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            if route.method == actix_web::http::Method::GET {
                assert!(route.body.is_none(), "{}", route.path);
                continue;
            }
            let schema = &told["requestBody"]["content"]["application/json"]["schema"];
            let reference = schema["$ref"].as_str().expect("a type of its own");
            let schema = document.pointer(reference.trim_start_matches('#')).expect("there");
            let required = schema["required"].as_array().expect("required fields");
            assert!(required.contains(&json!("reason")), "{} {schema}", route.path);
            // A misspelt field is refused, as the document says.
            assert_eq!(schema["additionalProperties"], false, "{schema}");
        }
    }
}
