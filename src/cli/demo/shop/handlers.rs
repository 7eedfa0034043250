//! The shop's addresses. `/buy`, `/cancel` and `/login` begin a flow, `/callback` ends it.

use std::sync::Arc;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, rt, web};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::backchannel::Backchannel;
use super::error::{CallbackProblem, ShopError};
use super::memory::{Flow, Memory, Outcome, Purchase};
use super::oidc::{self, Asked, CallbackQuery, Cancellation, Expected, FlowSecrets, Order};
use super::pages::{self, Cancelled, LoggedIn, Mine, Page, Problem, Shelves, Thanks};
use super::text::Lang;
use super::{ShopConfig, ShopProvider};

/// Ties a flow, and what was bought, to one browser. Ports of a host share cookies: hence the name.
const SESSION_COOKIE: &str = "shop_session";
/// Keeps the chosen language.
const LANG_COOKIE: &str = "shop_lang";
/// Random bytes in a token: 43 characters, which is also the shortest PKCE verifier allowed.
const TOKEN_BYTES: usize = 32;
/// Length of a token as text.
const TOKEN_CHARS: usize = 43;

/// What the handlers share.
pub struct Shop {
    config: ShopConfig,
    memory: Memory,
}

impl Shop {
    /// An open shop with nothing sold yet.
    pub fn new(config: ShopConfig) -> Self {
        Self { config, memory: Memory::new() }
    }

    fn provider(&self, index: usize) -> Result<&ShopProvider, ShopError> {
        self.config.providers.get(index).ok_or(ShopError::NoSuchItem)
    }

    fn find_provider(&self, client_id: &str) -> Result<usize, ShopError> {
        let found = self.config.providers.iter().position(|one| one.client_id == client_id);
        found.ok_or(ShopError::NoSuchItem)
    }

    /// A purchase as it is kept and shown.
    fn purchase(&self, flow: &Flow, receipt: oidc::Receipt) -> Result<Purchase, ShopError> {
        let provider = self.provider(flow.provider)?.name.clone();
        let item = match &flow.asked {
            Some(Asked::Purchase(order)) => order.description.clone(),
            _ => String::new(),
        };
        let kept = receipt.contract.as_deref();
        let kept = kept.and_then(|contract| self.memory.contract(&flow.session, contract));
        let cancelled = kept.and_then(|purchase| purchase.cancelled);
        Ok(Purchase { seller: flow.provider, provider, item, receipt, cancelled })
    }
}

/// The part of a query that any page understands.
#[derive(Default, Deserialize)]
struct Options {
    lang: Option<String>,
    amount: Option<u64>,
}

/// All addresses of the shop.
pub fn routes(app: &mut web::ServiceConfig) {
    app.route("/", web::get().to(shelves))
        .route("/shop.css", web::get().to(stylesheet))
        .route("/my", web::get().to(mine))
        .route("/buy/{client}/{service}", web::get().to(buy))
        .route("/cancel/{contract}", web::get().to(cancel))
        .route("/again/{state}", web::get().to(again))
        .route("/login/{client}", web::get().to(login))
        .route("/callback", web::get().to(callback))
        .default_service(web::to(nowhere));
}

async fn shelves(request: HttpRequest, shop: web::Data<Shop>) -> HttpResponse {
    html(&request, StatusCode::OK, &Shelves::new(page(&request), &shop.config))
}

async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "max-age=300"))
        .body(pages::CSS)
}

async fn mine(request: HttpRequest, shop: web::Data<Shop>) -> HttpResponse {
    let session = session_of(&request);
    let purchases = session.map(|id| shop.memory.purchases(&id)).unwrap_or_default();
    html(&request, StatusCode::OK, &Mine::new(page(&request), &shop.config, &purchases))
}

async fn nowhere(request: HttpRequest) -> HttpResponse {
    problem(&request, &ShopError::NoSuchItem, None)
}

async fn buy(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    shop: web::Data<Shop>,
    backchannel: web::Data<Backchannel>,
) -> HttpResponse {
    let (client_id, service) = path.into_inner();
    let order = shop.find_provider(&client_id).and_then(|provider| {
        let amount_yen = options(&request).amount;
        let order = new_order(shop.provider(provider)?, &service, amount_yen, &random_token()?)?;
        Ok((provider, Some(Asked::Purchase(order))))
    });
    begin(&request, &shop, &backchannel, order).await
}

/// Asks Linepass to end a contract that this browser bought and that has not ended yet.
async fn cancel(
    request: HttpRequest,
    contract: web::Path<String>,
    shop: web::Data<Shop>,
    backchannel: web::Data<Backchannel>,
) -> HttpResponse {
    let session = session_of(&request);
    let bought = session.and_then(|session| shop.memory.contract(&session, &contract));
    let bought = bought.filter(|purchase| purchase.cancelled.is_none());
    let asked = bought.ok_or(ShopError::NoSuchItem).and_then(|purchase| {
        let (kind, reference) = ("cancellation", reference(&random_token()?));
        let asked = Cancellation { kind, reference, contract: contract.into_inner() };
        Ok((purchase.seller, Some(Asked::Cancellation(asked))))
    });
    begin(&request, &shop, &backchannel, asked).await
}

/// The same order once more, after an exchange that failed: it has the same reference, so whoever
/// has bought it already gets the receipt and pays nothing more.
async fn again(
    request: HttpRequest,
    state: web::Path<String>,
    shop: web::Data<Shop>,
    backchannel: web::Data<Backchannel>,
) -> HttpResponse {
    let flow = session_of(&request).and_then(|session| shop.memory.flow(&state, &session));
    let asked = flow.ok_or_else(|| CallbackProblem::State.into());
    let asked = asked.map(|flow| (flow.provider, flow.asked.clone()));
    begin(&request, &shop, &backchannel, asked).await
}

async fn login(
    request: HttpRequest,
    client_id: web::Path<String>,
    shop: web::Data<Shop>,
    backchannel: web::Data<Backchannel>,
) -> HttpResponse {
    let asked = shop.find_provider(&client_id).map(|provider| (provider, None));
    begin(&request, &shop, &backchannel, asked).await
}

/// Pushes, remembers the flow for this browser, and sends the browser on.
async fn begin(
    request: &HttpRequest,
    shop: &Shop,
    backchannel: &Backchannel,
    asked: Result<(usize, Option<Asked>), ShopError>,
) -> HttpResponse {
    match try_begin(request, shop, backchannel, asked).await {
        Ok((session, location)) => HttpResponse::SeeOther()
            .cookie(cookie(SESSION_COOKIE, session))
            .insert_header((header::LOCATION, location))
            .finish(),
        Err(error) => problem(request, &error, None),
    }
}

async fn try_begin(
    request: &HttpRequest,
    shop: &Shop,
    backchannel: &Backchannel,
    asked: Result<(usize, Option<Asked>), ShopError>,
) -> Result<(String, String), ShopError> {
    let (provider, asked) = asked?;
    let secrets = FlowSecrets::draw(random_token)?;
    let seller = shop.provider(provider)?;
    let locale = lang(request).code();
    let location = backchannel.push(seller, &secrets, asked.as_ref(), locale).await?;
    let session = session_of(request).map_or_else(random_token, Ok)?;
    let outcome = OnceCell::new();
    shop.memory.begin(Flow { session: session.clone(), provider, secrets, asked, outcome });
    Ok((session, location))
}

async fn callback(
    request: HttpRequest,
    shop: web::Data<Shop>,
    backchannel: web::Data<Backchannel>,
) -> HttpResponse {
    match checked_callback(&request, &shop, &backchannel) {
        Err(error) => problem(&request, &error, None),
        Ok((flow, code)) => match settle(&shop, backchannel, &flow, code).await {
            Ok(outcome) => delivery(&request, &shop, &flow, outcome),
            // The household may have been charged: let it ask for this very order again.
            Err(error) => {
                let state = flow.asked.is_some().then_some(&flow.secrets.state);
                problem(&request, &error, state.map(|state| format!("/again/{state}")))
            }
        },
    }
}

/// Finds the flow that this browser began, and the code for it.
fn checked_callback(
    request: &HttpRequest,
    shop: &Shop,
    backchannel: &Backchannel,
) -> Result<(Arc<Flow>, String), ShopError> {
    // A parameter that stands twice is an error here (RFC 6749 section 3.1).
    let query: CallbackQuery =
        serde_urlencoded::from_str(request.query_string()).map_err(|_| CallbackProblem::Code)?;
    let session = session_of(request).ok_or(CallbackProblem::State)?;
    let state = query.state.as_deref().ok_or(CallbackProblem::State)?;
    let flow = shop.memory.flow(state, &session).ok_or(CallbackProblem::State)?;
    let code = oidc::check_callback(&query, &flow.secrets.state, backchannel.issuer());
    match (code, &flow.asked) {
        (Err(ShopError::TurnedBack), Some(Asked::Cancellation(_))) => Err(ShopError::NotCancelled),
        (code, _) => code.map(str::to_owned).map(|code| (flow, code)),
    }
}

/// Exchanges the code unless that was done before, and gives what came of it. It runs as a task of
/// its own, so that a browser that hangs up does not lose the receipt.
async fn settle(
    shop: &web::Data<Shop>,
    backchannel: web::Data<Backchannel>,
    flow: &Arc<Flow>,
    code: String,
) -> Result<Outcome, ShopError> {
    let (shop, flow) = (shop.clone(), Arc::clone(flow));
    let task = rt::spawn(async move {
        let exchange = || exchange(&shop, &backchannel, &flow, &code);
        flow.outcome.get_or_init(exchange).await.clone()
    });
    task.await.map_err(|_| ShopError::Internal)?
}

/// Exchanges the code and believes nothing that was not checked.
async fn exchange(
    shop: &Shop,
    backchannel: &Backchannel,
    flow: &Flow,
    code: &str,
) -> Result<Outcome, ShopError> {
    let provider = shop.provider(flow.provider)?;
    let answer = backchannel.exchange(provider, code, &flow.secrets.verifier).await?;
    let kid = oidc::key_id(&answer.id_token)?;
    let key = backchannel.signing_key(kid.as_deref()).await?;
    let claims = oidc::read_id_token(&answer.id_token, &key)?;
    let expected = Expected {
        issuer: backchannel.issuer(),
        client_id: &provider.client_id,
        nonce: &flow.secrets.nonce,
        now_s: u64::try_from(crate::clock::Clock::host().now().seconds()).unwrap_or_default(),
    };
    oidc::check_claims(&claims, &expected)?;
    let receipts = answer.authorization_details;
    match &flow.asked {
        None => Ok(Outcome::LoggedIn { sub: claims.sub, acr: claims.acr }),
        Some(Asked::Purchase(order)) => {
            let receipt = oidc::check_receipt(receipts, order)?;
            shop.memory.bought(&flow.session, shop.purchase(flow, receipt.clone())?);
            Ok(Outcome::Bought(receipt))
        }
        Some(Asked::Cancellation(asked)) => {
            let receipt = oidc::check_cancellation(receipts, asked)?;
            shop.memory.cancelled(&flow.session, &receipt);
            Ok(Outcome::Cancelled(receipt))
        }
    }
}

/// The page for what a flow came to.
fn delivery(request: &HttpRequest, shop: &Shop, flow: &Flow, outcome: Outcome) -> HttpResponse {
    let page = page(request);
    match outcome {
        Outcome::Bought(receipt) => match shop.purchase(flow, receipt) {
            Ok(bought) => html(request, StatusCode::OK, &Thanks::new(page, &shop.config, &bought)),
            Err(error) => problem(request, &error, None),
        },
        Outcome::Cancelled(receipt) => {
            match shop.memory.contract(&flow.session, &receipt.contract) {
                Some(bought) => {
                    html(request, StatusCode::OK, &Cancelled::new(page, &bought, &receipt))
                }
                // More was bought since than is remembered.
                None => problem(request, &ShopError::NoSuchItem, None),
            }
        }
        Outcome::LoggedIn { sub, acr } => match shop.provider(flow.provider) {
            Ok(provider) => {
                let page = LoggedIn::new(page, &provider.name, &sub, acr.as_deref());
                html(request, StatusCode::OK, &page)
            }
            Err(error) => problem(request, &error, None),
        },
    }
}

/// An order for one item. The amount comes from the shop's own list; where the price is set at each
/// purchase, from the few that the card offers.
fn new_order(
    provider: &ShopProvider,
    service: &str,
    amount_yen: Option<u64>,
    token: &str,
) -> Result<Order, ShopError> {
    let service = provider.services.iter().find(|one| one.service == service);
    let service = service.ok_or(ShopError::NoSuchItem)?;
    let chosen = amount_yen.filter(|yen| !service.monthly && pages::CHOICES_YEN.contains(yen));
    Ok(Order {
        kind: "purchase",
        reference: reference(token),
        service: service.service.clone(),
        quantity: 1,
        amount: service.unit_price_yen.or(chosen).ok_or(ShopError::NoSuchItem)?,
        currency: "JPY",
        description: service.name.chars().take(100).collect(),
        monthly: service.monthly,
    })
}

/// Half a token is still far from ever coming twice, and a person can read it out.
fn reference(token: &str) -> String {
    format!("shop-{}", token.chars().take(TOKEN_CHARS / 2).collect::<String>())
}

fn problem(request: &HttpRequest, error: &ShopError, again: Option<String>) -> HttpResponse {
    if error.status().is_server_error() {
        tracing::warn!(reason = %error, "the sample shop could not serve a flow");
    }
    html(request, error.status(), &Problem::new(page(request), error, again))
}

fn html(request: &HttpRequest, status: StatusCode, page: &impl Template) -> HttpResponse {
    let Ok(body) = page.render() else {
        return HttpResponse::InternalServerError().finish();
    };
    let mut response = HttpResponse::build(status);
    if let Some(chosen) = options(request).lang.as_deref().and_then(Lang::from_code) {
        response.cookie(cookie(LANG_COOKIE, chosen.code().to_owned()));
    }
    response.content_type("text/html; charset=utf-8").body(body)
}

/// What the page's frame needs. The switch is offered only where the address can be opened again
/// at no cost.
fn page(request: &HttpRequest) -> Page {
    let lang = lang(request);
    let switch = matches!(request.path(), "/" | "/my")
        .then(|| format!("{}?lang={}", request.path(), lang.other().code()));
    Page { lang, switch }
}

/// The language that was chosen just now, or before, or that the browser asks for.
fn lang(request: &HttpRequest) -> Lang {
    let now = options(request).lang.as_deref().and_then(Lang::from_code);
    let before = || Lang::from_code(request.cookie(LANG_COOKIE)?.value());
    let header = request.headers().get(header::ACCEPT_LANGUAGE);
    let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    now.or_else(before).unwrap_or_else(|| Lang::from_accept_language(header))
}

fn options(request: &HttpRequest) -> Options {
    serde_urlencoded::from_str(request.query_string()).unwrap_or_default()
}

/// The browser's session, if it brings one of ours.
fn session_of(request: &HttpRequest) -> Option<String> {
    let value = request.cookie(SESSION_COOKIE)?.value().to_owned();
    let ours = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (value.len() == TOKEN_CHARS && value.bytes().all(ours)).then_some(value)
}

/// A cookie for plain HTTP on loopback; a shop on the Internet adds `Secure` and `__Host-`.
fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Lax).finish()
}

/// A fresh random token from the operating system.
fn random_token() -> Result<String, ShopError> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| ShopError::Internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
