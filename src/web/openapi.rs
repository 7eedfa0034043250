//! Tables of routes described in `OpenAPI` 3.1, with the types that their handlers read and answer
//! with: one builder for the operators' door and the providers'.

mod values;

use super::problem::{self, ProblemDetails};
use actix_web::http::Method;
use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
    transform::{RecursiveTransform, Transform},
};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

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

/// A door as a whole.
pub struct Api {
    /// Its name.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The address below which its paths stand.
    pub prefix: &'static str,
    /// The name of its bearer token, which all operations ask for that do not say otherwise.
    pub token: &'static str,
    /// The scopes that the token needs, where tokens have some.
    pub scopes: &'static [&'static str],
    /// How that token is shown and got.
    pub security_scheme: Value,
    /// Its refusals, which operations name.
    pub refusals: Vec<Refusal>,
}

/// A refusal that many operations have.
pub struct Refusal {
    /// Its name among the components.
    pub name: &'static str,
    /// When it is answered.
    pub description: &'static str,
    /// The headers that come with it, each with what it says.
    pub headers: &'static [(&'static str, &'static str)],
}

/// One operation of a table.
pub struct Operation<'a> {
    /// The method.
    pub method: &'a Method,
    /// The address below the prefix, with its parameters in braces.
    pub path: &'a str,
    /// What it does, in one sentence.
    pub summary: &'a str,
    /// What its query may say.
    pub query: Option<Shape>,
    /// What its body must say.
    pub body: Option<&'a Content>,
    /// What it answers.
    pub answer: &'a Content,
    /// Its refusals by status, or `default` for all others, as the components name them.
    pub refusals: &'a [(&'static str, &'static str)],
    /// What else is told of it, under its own words.
    pub more: Map<String, Value>,
}

/// The document. What both a request and an answer hold has one description, so a type that is not
/// read as it is written needs two names.
pub fn document<'a>(api: &Api, operations: impl Iterator<Item = Operation<'a>>) -> Value {
    let mut generators = Generators::new();
    let mut paths = Map::new();
    for operation in operations {
        let told = generators.operation(&operation);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = told;
    }
    let problem = of::<problem::Body>(&mut generators.telling);
    let refusal = |refusal: &Refusal| (refusal.name.to_owned(), refused(refusal, &problem));
    let responses: Map<String, Value> = api.refusals.iter().map(refusal).collect();
    let mut schemas = generators.reading.take_definitions(true);
    schemas.extend(generators.telling.take_definitions(true));
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": api.title,
            "version": env!("CARGO_PKG_VERSION"),
            "description": api.description,
        },
        "servers": [{ "url": api.prefix }],
        "security": [{ api.token: api.scopes }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": { api.token: api.security_scheme },
        },
    })
}

fn refused(refusal: &Refusal, problem: &Schema) -> Value {
    let mut told = json!({
        "description": refusal.description,
        "content": { ProblemDetails::MEDIA_TYPE: { "schema": problem } },
    });
    for (name, description) in refusal.headers {
        told["headers"][name] =
            json!({ "description": description, "required": true, "schema": { "type": "string" } });
    }
    told
}

/// What looks at types as they are read, and as they are written.
pub struct Generators {
    /// Of requests.
    pub reading: SchemaGenerator,
    /// Of answers.
    pub telling: SchemaGenerator,
}

impl Generators {
    /// Both, with nothing looked at yet.
    #[expect(clippy::new_without_default, reason = "a default would say nothing more")]
    pub fn new() -> Self {
        Self { reading: generator(Contract::Deserialize), telling: generator(Contract::Serialize) }
    }

    /// An operation as the document has it.
    pub fn operation(&mut self, operation: &Operation<'_>) -> Value {
        let mut parameters: Vec<Value> = path_parameters(operation.path)
            .map(|name| {
                let schema = plain(values::of_path(name));
                json!({ "name": name, "in": "path", "required": true, "schema": schema })
            })
            .collect();
        parameters.extend(operation.query.into_iter().flat_map(query_parameters));
        let mut told = Value::Object(operation.more.clone());
        told["operationId"] = json!(operation_id(operation));
        told["summary"] = json!(operation.summary);
        told["parameters"] = json!(parameters);
        told["responses"]["200"] = json!({
            "description": "Done.",
            "content": content(operation.answer, &mut self.telling),
        });
        for (status, name) in operation.refusals {
            let reference = format!("#/components/responses/{name}");
            told["responses"][status] = json!({ "$ref": reference });
        }
        if let Some(body) = operation.body {
            let content = content(body, &mut self.reading);
            told["requestBody"] = json!({ "required": true, "content": content });
        }
        told
    }
}

fn generator(contract: Contract) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.contract = contract;
        settings.transforms.push(Box::new(RecursiveTransform(values::bound)));
    });
    settings.into_generator()
}

fn content(content: &Content, generator: &mut SchemaGenerator) -> Value {
    json!({ content.media_type: { "schema": (content.shape)(generator) } })
}

/// The names in braces.
pub fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// `restrict_line` would be nicer; a name made from method and address cannot be forgotten.
fn operation_id(operation: &Operation<'_>) -> String {
    let parts = operation.path.split(['/', '.']).map(|part| part.trim_matches(['{', '}']));
    let parts = parts.filter(|part| !part.is_empty()).map(|part| part.replace('-', "_"));
    let method = operation.method.as_str().to_ascii_lowercase();
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
pub(crate) mod checks {
    //! What holds for each door's document, for the tests of both.

    use super::{Map, Value, json};
    use std::collections::BTreeSet;

    /// Sees every object in it.
    pub(crate) fn walk(value: &Value, see: &mut impl FnMut(&Map<String, Value>)) {
        match value {
            Value::Object(fields) => {
                see(fields);
                fields.values().for_each(|value| walk(value, see));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
            _ => {}
        }
    }

    /// Each of these methods and addresses is described, and nothing else.
    pub(crate) fn describes(document: &Value, routes: &[(&str, &str)]) {
        let paths = document["paths"].as_object().expect("paths");
        let described = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        });
        let described: BTreeSet<_> = described.collect();
        assert_eq!(routes.len(), described.len(), "an address stands twice in the table");
        let there = routes.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned()));
        assert_eq!(there.collect::<BTreeSet<_>>(), described);
    }

    /// Every reference leads somewhere, and every type has a name of its own that is referred to.
    pub(crate) fn is_tied_together(document: &Value) {
        let mut references = BTreeSet::new();
        walk(document, &mut |fields| {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
        });
        assert!(references.len() > 5, "{references:?}");
        for reference in &references {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
        for kind in ["schemas", "responses"] {
            for name in document["components"][kind].as_object().expect("components").keys() {
                // schemars numbers types of one name.
                let numbered = name.ends_with(|c: char| c.is_ascii_digit());
                assert!(!numbered, "two types are named {name}");
                let own = format!("#/components/{kind}/{name}");
                assert!(references.contains(&own), "nothing refers to {name}");
            }
        }
    }

    /// Each operation has an ID of its own, a summary and its parameters.
    pub(crate) fn operations_are_whole(document: &Value) {
        assert!(document["openapi"].as_str().expect("a version").starts_with("3.1."));
        let mut ids = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for told in methods.as_object().expect("methods").values() {
                let id = told["operationId"].as_str().expect("an ID");
                assert!(ids.insert(id.to_owned()), "{told}");
                let summary = told["summary"].as_str().expect("a summary");
                assert!(summary.len() > 10 && !summary.ends_with('.'), "{summary}");
                let parameters = told["parameters"].as_array().expect("parameters");
                let declared: Vec<_> = parameters
                    .iter()
                    .filter(|one| one["in"] == "path" && one["required"] == json!(true))
                    .map(|one| one["name"].as_str().expect("a name"))
                    .collect();
                assert_eq!(declared, super::path_parameters(path).collect::<Vec<_>>());
                for one in parameters {
                    let rule = one["in"] != "path" || one["schema"] != json!({ "type": "string" });
                    assert!(rule, "anything can stand in {one}");
                    assert!(one["schema"].is_object() && one["required"].is_boolean(), "{one}");
                }
            }
        }
    }
}
