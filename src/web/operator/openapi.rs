//! The operator API described in `OpenAPI` 3.1, from the table of routes and the types that its
//! handlers read and answer with.

mod refusals;
mod values;

use super::{
    problem,
    routes::{ApiRoute, PREFIX, all},
};
use crate::domain::operator::Role;
use actix_web::HttpResponse;
use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
    transform::{RecursiveTransform, Transform},
};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, sync::OnceLock};

/// What a type's JSON looks like (JSON Schema 2020-12).
pub type Shape = fn(&mut SchemaGenerator) -> Schema;

/// A body: its media type and what is in it.
pub struct Content {
    /// Such as `application/json`.
    pub media_type: &'static str,
    /// What is in it; of one line, where the media type has a value on each line.
    pub shape: Shape,
    /// The most bytes of a request's body.
    pub most_bytes: usize,
}

/// The most bytes of a request's body, where its route does not say otherwise: a reason and a message.
const MOST_BODY_BYTES: usize = 16 * 1024;

/// The shape of a type.
pub fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A body of JSON.
pub const fn json<T: JsonSchema>() -> Content {
    json_up_to::<T>(MOST_BODY_BYTES)
}

/// A body of JSON that may be larger than others.
pub const fn json_up_to<T: JsonSchema>(most_bytes: usize) -> Content {
    Content { media_type: "application/json", shape: of::<T>, most_bytes }
}

/// The document itself, as an answer.
pub struct Document;

impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        "OpenApiDocument".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "An OpenAPI 3.1 document.",
            "required": ["openapi", "info", "paths", "components"],
        })
    }
}

/// Tells the document.
pub async fn show() -> HttpResponse {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| document().to_string());
    HttpResponse::Ok().content_type("application/json").body(document.as_str())
}

/// The document. What both a request and an answer hold has one description, so a type that is not
/// read as it is written needs two names.
pub fn document() -> Value {
    let mut reading = generator(Contract::Deserialize);
    let mut telling = generator(Contract::Serialize);
    let mut paths = Map::new();
    for route in all() {
        let told = operation(route, &mut reading, &mut telling);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = told;
    }
    let problem = of::<problem::Body>(&mut telling);
    let mut schemas = reading.take_definitions(true);
    schemas.extend(telling.take_definitions(true));
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Linepass operator API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What operators do to a running server. Every change needs a reason, \
                            which the journal keeps with the token's name; with `dry_run` it \
                            tells what would happen and changes nothing. Besides the roles that \
                            an operation names, the role admin may use it.",
        },
        "servers": [{ "url": PREFIX }],
        "security": [{ "operatorToken": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals::components(&problem),
            "securitySchemes": { "operatorToken": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn generator(contract: Contract) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.contract = contract;
        settings.transforms.push(Box::new(RecursiveTransform(values::bound)));
    });
    settings.into_generator()
}

fn operation(
    route: &ApiRoute,
    reading: &mut SchemaGenerator,
    telling: &mut SchemaGenerator,
) -> Value {
    let mut parameters: Vec<Value> = path_parameters(route.path)
        .map(|name| {
            let schema = plain(values::of_path(name));
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect();
    parameters.extend(route.query.into_iter().flat_map(query_parameters));
    let roles: Vec<Role> =
        Role::ALL.into_iter().filter(|role| role.is_one_of(route.roles)).collect();
    let mut responses = refusals::of(route.body.is_some());
    let done = json!({ "description": "Done.", "content": content(&route.answer, telling) });
    responses.insert("200".to_owned(), done);
    let mut told = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "x-roles": roles,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(body) = &route.body {
        told["requestBody"] = json!({ "required": true, "content": content(body, reading) });
    }
    told
}

fn content(content: &Content, generator: &mut SchemaGenerator) -> Value {
    json!({ content.media_type: { "schema": (content.shape)(generator) } })
}

/// The names in braces.
pub fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// `restrict_line` would be nicer; a name made from method and address cannot be forgotten.
fn operation_id(route: &ApiRoute) -> String {
    let parts = route.path.split(['/', '.']).map(|part| part.trim_matches(['{', '}']));
    let parts = parts.filter(|part| !part.is_empty()).map(|part| part.replace('-', "_"));
    let method = route.method.as_str().to_ascii_lowercase();
    std::iter::once(method).chain(parts).collect::<Vec<_>>().join("_")
}

/// A shape in itself, without references.
fn plain(shape: Shape) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
    });
    let mut schema = shape(&mut settings.into_generator());
    RecursiveTransform(values::bound).transform(&mut schema);
    schema.to_value()
}

/// Each field of the query's type is a parameter.
fn query_parameters(shape: Shape) -> Vec<Value> {
    let schema = plain(shape);
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let fields = schema["properties"].as_object().cloned().unwrap_or_default();
    let parameter = |(name, schema): (String, Value)| {
        let required = required.iter().any(|required| *required == name);
        json!({ "name": name, "in": "query", "required": required, "schema": schema })
    };
    fields.into_iter().map(parameter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn walk(value: &Value, see: &mut impl FnMut(&Map<String, Value>)) {
        match value {
            Value::Object(fields) => {
                see(fields);
                fields.values().for_each(|value| walk(value, see));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document = document();
        let paths = document["paths"].as_object().expect("paths");
        let described: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().expect("methods").keys();
                methods.map(move |method| (path.clone(), method.to_uppercase()))
            })
            .collect();
        let there = all().map(|route| (route.path.to_owned(), route.method.to_string()));
        let there: Vec<_> = there.collect();
        assert_eq!(there.len(), described.len(), "an address stands twice in the table");
        assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), described);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_type_has_a_name_of_its_own() {
        let document = document();
        let mut references = BTreeSet::new();
        walk(&document, &mut |fields| {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
        });
        assert!(references.len() > 5, "{references:?}");
        for reference in &references {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        for name in schemas.keys() {
            // schemars numbers types of one name.
            assert!(!name.ends_with(|c: char| c.is_ascii_digit()), "two types are named {name}");
            let own = format!("#/components/schemas/{name}");
            assert!(references.contains(&own), "nothing refers to {name}");
        }
    }

    /// `document` puts both into one map.
    #[test]
    fn what_is_read_and_told_under_one_name_looks_alike() {
        let (mut reading, mut telling) =
            (generator(Contract::Deserialize), generator(Contract::Serialize));
        for route in all() {
            operation(route, &mut reading, &mut telling);
        }
        let read = reading.take_definitions(true);
        let told = telling.take_definitions(true);
        for (name, schema) in &read {
            assert!(told.get(name).is_none_or(|other| other == schema), "two are named {name}");
        }
    }

    #[test]
    fn each_operation_has_what_openapi_asks_for() {
        let document = document();
        assert!(document["openapi"].as_str().expect("a version").starts_with("3.1."));
        let mut ids = BTreeSet::new();
        for route in all() {
            let told = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            assert!(ids.insert(told["operationId"].as_str().expect("an ID").to_owned()), "{told}");
            let summary = told["summary"].as_str().expect("a summary");
            assert!(summary.len() > 10 && !summary.ends_with('.'), "{summary}");
            assert!(told["x-roles"].as_array().expect("roles").contains(&json!("admin")), "{told}");
            let parameters = told["parameters"].as_array().expect("parameters");
            let declared: Vec<_> = parameters
                .iter()
                .filter(|one| one["in"] == "path" && one["required"] == true)
                .map(|one| one["name"].as_str().expect("a name"))
                .collect();
            assert_eq!(declared, path_parameters(route.path).collect::<Vec<_>>());
            for one in parameters {
                let rule = one["in"] != "path" || one["schema"] != json!({ "type": "string" });
                assert!(rule, "anything can stand in {one}");
                assert!(one["schema"].is_object() && one["required"].is_boolean(), "{one}");
            }
            let media = route.answer.media_type;
            assert!(told["responses"]["200"]["content"][media]["schema"].is_object(), "{told}");
            for status in ["401", "403", "422", "500", "503"] {
                let told = &told["responses"][status]["$ref"];
                let told = told.as_str().expect("a response").trim_start_matches('#');
                assert!(document.pointer(told).is_some(), "{told}");
            }
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
