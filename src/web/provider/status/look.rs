//! The questions: read strictly, answered from the journal, one line in the log for each.

use super::access::{self, Unheard};
use crate::{
    actors::orders,
    domain::{
        ids::{CustomerId, NotAnId, Reference, ServiceCode},
        provider::Provider,
        receipt::{Completed, Receipt},
    },
    store::StoreError,
    telemetry::{Decision, Outcome},
    web::{
        context::RequestContext,
        form::{Form, FormFault},
        problem::ProblemDetails,
        provider::limits::{self, Door},
        state::WebState,
    },
};
use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
    web::Data,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::str::FromStr;

/// The actions of the decision lines.
const LOOK_UP_ORDER: &str = "look_up_order";
const LOOK_UP_CONTRACT: &str = "look_up_contract";

/// What the question for an order says.
#[derive(JsonSchema)]
#[schemars(rename = "OrderByReference")]
pub struct ByReference {
    /// The provider's own number of a purchase or a cancellation, 1 to 64 printable ASCII
    /// characters.
    reference: Reference,
}

impl ByReference {
    fn read(request: &HttpRequest) -> Result<Self, ProblemDetails> {
        let form = parameters(request, &["reference"])?;
        let text =
            form.get("reference").ok_or_else(|| invalid("reference: is missing".to_owned()))?;
        Ok(Self { reference: id("reference", text)? })
    }
}

/// The completed order of a reference: its receipt.
pub async fn order_by_reference(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
) -> HttpResponse {
    answered(LOOK_UP_ORDER, &request, &context, &state, async |provider| {
        let ByReference { reference } = ByReference::read(&request)?;
        let completed = orders::completed(state.store.as_ref(), &provider.id, &reference).await;
        order(&context, completed)
    })
    .await
}

/// The completed order of a receipt number: its receipt.
pub async fn order_by_number(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
) -> HttpResponse {
    answered(LOOK_UP_ORDER, &request, &context, &state, async |provider| {
        let number = path_id(&request, "receipt_number")?;
        let completed = orders::by_number(state.store.as_ref(), &provider.id, number).await;
        order(&context, completed)
    })
    .await
}

/// How a contract stands.
pub async fn contract(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
) -> HttpResponse {
    answered(LOOK_UP_CONTRACT, &request, &context, &state, async |provider| {
        let number = path_id(&request, "contract")?;
        let found = orders::contract(state.store.as_ref(), &provider.id, number).await;
        let found = found.map_err(|error| ProblemDetails::internal(&context, &error))?;
        let (customer, told) =
            found.ok_or_else(|| not_found("no contract of yours has this number"))?;
        Ok(Found { customer, service: told.bought().service.clone(), told })
    })
    .await
}

/// What was found: what is told of it, and what its line in the log says.
struct Found<T> {
    customer: CustomerId,
    service: ServiceCode,
    told: T,
}

/// Lets the provider of the token ask, and logs how it ended.
async fn answered<T: Serialize>(
    action: &'static str,
    request: &HttpRequest,
    context: &RequestContext,
    state: &WebState,
    ask: impl AsyncFnOnce(&Provider) -> Result<Found<T>, ProblemDetails>,
) -> HttpResponse {
    let caller = access::caller(state, request);
    let found = match &caller {
        Ok(provider) => match limits::admit(state, &provider.id, Door::Status).await {
            Ok(_admitted) => ask(provider).await,
            Err(turned_away) => Err(turned_away.into()),
        },
        Err(Unheard::Known(problem)) => Err(problem.clone()),
        Err(Unheard::Stranger(problem)) => {
            Err(limits::unknown(state, &context.source, Door::Status, problem.clone()))
        }
    };
    let mut decision = match &found {
        Ok(found) => Decision::new(action, Outcome::Accepted)
            .line(found.customer.to_string())
            .service(found.service.as_str()),
        Err(problem) => problem.decision(action),
    };
    if let Ok(provider) = &caller {
        decision = decision.provider(provider.id.as_str());
    }
    decision
        .source(context.source.address())
        .latency(context.began.elapsed())
        .request_id(&*context.request_id)
        .emit("a provider asked for an order or a contract");
    let mut response = match found {
        Ok(found) => HttpResponse::Ok().json(found.told),
        Err(problem) => problem.error_response(),
    };
    let never = header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    response
}

fn order(
    context: &RequestContext,
    completed: Result<Option<Completed>, StoreError>,
) -> Result<Found<Receipt>, ProblemDetails> {
    let completed = completed.map_err(|error| ProblemDetails::internal(context, &error))?;
    let Completed { customer, service, receipt: told, .. } = completed
        .ok_or_else(|| not_found("no completed order of yours has this reference or number"))?;
    Ok(Found { customer, service, told })
}

/// The same for what is another provider's and for what does not exist.
fn not_found(detail: &'static str) -> ProblemDetails {
    ProblemDetails::new(StatusCode::NOT_FOUND, "not_found", detail)
}

fn invalid(detail: String) -> ProblemDetails {
    ProblemDetails::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
}

/// The query's parameters, of which there may be none but these.
fn parameters(request: &HttpRequest, known: &[&str]) -> Result<Form, ProblemDetails> {
    let form = Form::read(request.query_string().as_bytes());
    let fault = |fault: FormFault| invalid(fault.to_string());
    form.and_then(|form| form.only(known)).map_err(fault)
}

/// The number in the address, beside which no query says anything.
fn path_id<T: FromStr<Err = NotAnId>>(
    request: &HttpRequest,
    name: &'static str,
) -> Result<T, ProblemDetails> {
    parameters(request, &[])?;
    id(name, request.match_info().query(name))
}

fn id<T: FromStr<Err = NotAnId>>(name: &'static str, text: &str) -> Result<T, ProblemDetails> {
    text.parse().map_err(|error: NotAnId| invalid(format!("{name}: wanted is {}", error.allowed)))
}
