//! The shop over HTTP, against an issuer of the test's own that can be told to misbehave.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{App, HttpResponse, HttpServer, rt, web};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{ShopConfig, ShopProvider, ShopService, redirect_uri, run};

/// How the issuer misbehaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Honest,
    WrongNonce,
    WrongAmount,
    OtherKey,
    Maintenance,
}

/// The issuer: what was pushed, and how often a code came.
struct Issuer {
    address: String,
    mood: Mutex<Mood>,
    pushed: Mutex<HashMap<String, String>>,
    exchanges: Mutex<u32>,
    key: EncodingKey,
    other_key: EncodingKey,
    jwks: Value,
}

type Form = web::Form<HashMap<String, String>>;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A fresh RSA key: to sign with, and to publish.
fn rsa_key() -> (EncodingKey, Value) {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8");
    let pem = pem(der.as_ref());
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let modulus = part(pair.public_key().modulus().big_endian_without_leading_zero());
    let exponent = part(pair.public_key().exponent().big_endian_without_leading_zero());
    let jwk = json!({"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig",
                     "n": modulus, "e": exponent});
    (EncodingKey::from_rsa_pem(pem.as_bytes()).expect("the key is RSA"), jwk)
}

fn pem(der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

async fn metadata(issuer: web::Data<Issuer>) -> HttpResponse {
    let at = |path: &str| format!("{}{path}", issuer.address);
    HttpResponse::Ok().json(json!({
        "issuer": issuer.address, "authorization_endpoint": at("/authorize"),
        "pushed_authorization_request_endpoint": at("/par"), "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
    }))
}

async fn jwks(issuer: web::Data<Issuer>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"keys": [issuer.jwks]}))
}

async fn push(
    issuer: web::Data<Issuer>,
    form: Form,
    request: actix_web::HttpRequest,
) -> HttpResponse {
    if *lock(&issuer.mood) == Mood::Maintenance {
        return HttpResponse::ServiceUnavailable()
            .json(json!({"error": "temporarily_unavailable"}));
    }
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if header != Some(super::oidc::basic_credentials("client-b", "secret-b").as_str()) {
        return HttpResponse::Unauthorized().json(json!({"error": "invalid_client"}));
    }
    *lock(&issuer.pushed) = form.into_inner();
    HttpResponse::Created().json(json!({"request_uri": "urn:pushed:1", "expires_in": 600}))
}

async fn token(issuer: web::Data<Issuer>, form: Form) -> HttpResponse {
    *lock(&issuer.exchanges) += 1;
    let pushed = lock(&issuer.pushed).clone();
    let challenge = super::oidc::challenge(&form["code_verifier"]);
    if form["code"] != "the-code" || challenge != pushed["code_challenge"] {
        return HttpResponse::BadRequest().json(json!({"error": "invalid_grant"}));
    }
    let mood = *lock(&issuer.mood);
    let nonce = if mood == Mood::WrongNonce { "x" } else { pushed["nonce"].as_str() };
    let key = if mood == Mood::OtherKey { &issuer.other_key } else { &issuer.key };
    let now_s = jsonwebtoken::get_current_timestamp();
    let claims = json!({"iss": issuer.address, "aud": "client-b", "sub": "subject-of-the-test",
        "exp": now_s + 300, "iat": now_s, "nonce": nonce, "acr": "urn:linepass:acr:line"});
    let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::RS256) };
    let id_token = jsonwebtoken::encode(&header, &claims, key).expect("signed");
    let mut answer = json!({"id_token": id_token, "access_token": "t", "token_type": "Bearer"});
    if let Some(details) = pushed.get("authorization_details") {
        let mut details: Value = serde_json::from_str(details).expect("JSON");
        details[0]["status"] = json!("completed");
        if details[0]["service"] == "pack" {
            details[0]["contract"] = json!("K-100000000016");
            details[0]["first_charge_month"] = json!("2026-11");
        }
        let is_cancellation = details[0]["type"] == "cancellation";
        if is_cancellation {
            details[0]["last_charge_month"] = json!("2026-12");
        }
        let number = if is_cancellation { "100000000024" } else { "100000000016" };
        details[0]["receipt_number"] = json!(number);
        details[0]["completed_at"] = json!("2026-11-23T21:00:00+09:00");
        if mood == Mood::WrongAmount {
            details[0]["amount"] = json!(1);
        }
        answer["authorization_details"] = details;
    }
    HttpResponse::Ok().json(answer)
}

/// An issuer, a shop, and a browser without a mind of its own.
struct Town {
    issuer: Arc<Issuer>,
    shop: String,
    browser: awc::Client,
    session: Option<String>,
}

/// What the browser got.
struct Answer {
    status: u16,
    location: String,
    body: String,
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

fn start_issuer() -> Arc<Issuer> {
    let (listener, address) = listen();
    let (key, jwks_key) = rsa_key();
    let issuer = Arc::new(Issuer {
        address: format!("http://{address}"),
        mood: Mutex::new(Mood::Honest),
        pushed: Mutex::default(),
        exchanges: Mutex::default(),
        key,
        other_key: rsa_key().0,
        jwks: jwks_key,
    });
    let data = web::Data::from(Arc::clone(&issuer));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .route("/.well-known/openid-configuration", web::get().to(metadata))
            .route("/jwks", web::get().to(jwks))
            .route("/par", web::post().to(push))
            .route("/token", web::post().to(token))
    });
    rt::spawn(server.workers(1).disable_signals().listen(listener).expect("listening").run());
    issuer
}

fn service(key: &str, name: &str, yen: Option<u64>) -> ShopService {
    ShopService {
        service: key.to_owned(),
        name: name.to_owned(),
        monthly: key == "pack",
        unit_price_yen: yen,
        description: "<b>説明</b>".to_owned(),
    }
}

impl Town {
    fn new() -> Self {
        let issuer = start_issuer();
        let provider = ShopProvider {
            name: "B社".to_owned(),
            client_id: "client-b".to_owned(),
            client_secret: "secret-b".to_owned(),
            services: vec![
                service("anime-1", "名作アニメ1", Some(300)),
                service("gift", "応援", None),
                service("pack", "パック", Some(525)),
            ],
        };
        let config = ShopConfig { issuer: issuer.address.clone(), providers: vec![provider] };
        let (listener, address) = listen();
        let shop = format!("http://{address}");
        rt::spawn(run(listener, &shop, config).expect("the shop opens"));
        let browser = awc::Client::builder().disable_redirects().finish();
        Self { issuer, shop, browser, session: None }
    }

    async fn get(&mut self, path: &str) -> Answer {
        let mut request = self.browser.get(format!("{}{path}", self.shop));
        if let Some(session) = &self.session {
            request = request.insert_header(("cookie", format!("shop_session={session}")));
        }
        let mut answer = request.send().await.expect("the shop answers");
        let cookies =
            answer.headers().get_all("set-cookie").filter_map(|value| value.to_str().ok());
        for cookie in cookies.filter_map(|cookie| cookie.strip_prefix("shop_session=")) {
            assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
            self.session = cookie.split(';').next().map(str::to_owned);
        }
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        let location = location.unwrap_or_default().to_owned();
        let body = answer.body().await.expect("a body");
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: answer.status().as_u16(), location, body }
    }

    /// Starts at `path` and gives the address at which the issuer sends the browser back.
    async fn begin(&mut self, path: &str) -> String {
        let start = self.get(path).await;
        let expected = format!(
            "{}/authorize?client_id=client-b&request_uri=urn%3Apushed%3A1",
            self.issuer.address
        );
        assert_eq!((start.status, start.location), (303, expected), "{}", start.body);
        let pushed = lock(&self.issuer.pushed).clone();
        assert_eq!(pushed["redirect_uri"], redirect_uri(&self.shop));
        format!("/callback?state={}&iss={}&code=the-code", pushed["state"], self.issuer.address)
    }

    fn exchanges(&self) -> u32 {
        *lock(&self.issuer.exchanges)
    }
}

#[actix_web::test]
async fn a_purchase_is_delivered_once_however_often_the_page_is_loaded() {
    let mut town = Town::new();
    let back = town.begin("/buy/client-b/anime-1").await;
    let first = town.get(&back).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert!(first.body.contains("ご購入ありがとうございます"), "{}", first.body);
    assert!(first.body.contains("1000 0000 0016"));
    assert!(!first.body.contains("the-code"), "a code is in no page");
    let again = town.get(&back).await;
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(town.exchanges(), 1);
    let mine = town.get("/my").await;
    assert_eq!(mine.body.matches("1000 0000 0016").count(), 1);
}

#[actix_web::test]
async fn a_login_shows_only_the_beginning_of_the_subject() {
    let mut town = Town::new();
    let back = town.begin("/login/client-b").await;
    let page = town.get(&back).await;
    assert!(page.body.contains("subject-…"), "{}", page.body);
    assert!(!page.body.contains("subject-of-the-test"));
    assert!(page.body.contains("urn:linepass:acr:line"));
}

#[actix_web::test]
async fn another_browser_cannot_end_the_flow() {
    let mut town = Town::new();
    let back = town.begin("/buy/client-b/anime-1").await;
    for session in [None, Some("A".repeat(43))] {
        town.session = session;
        let page = town.get(&back).await;
        assert_eq!(page.status, 400);
        assert!(page.body.contains("state"), "{}", page.body);
    }
    assert_eq!(town.exchanges(), 0);
}

#[actix_web::test]
async fn turning_back_and_a_foreign_issuer_exchange_nothing() {
    let mut town = Town::new();
    let back = town.begin("/buy/client-b/anime-1").await;
    let denied = town.get(&back.replace("code=the-code", "error=access_denied")).await;
    assert_eq!(denied.status, 200);
    assert!(denied.body.contains("購入は完了していません"), "{}", denied.body);
    let foreign = town.get(&back.replace("iss=http", "iss=https")).await;
    assert_eq!(foreign.status, 400);
    assert_eq!(town.exchanges(), 0);
}

#[actix_web::test]
async fn nothing_is_delivered_on_a_false_proof_and_the_order_can_be_asked_for_again() {
    let moods =
        [(Mood::WrongNonce, "nonce"), (Mood::WrongAmount, "amount"), (Mood::OtherKey, "signature")];
    let mut town = Town::new();
    for (mood, named) in moods {
        *lock(&town.issuer.mood) = mood;
        let back = town.begin("/buy/client-b/anime-1").await;
        let reference = lock(&town.issuer.pushed)["authorization_details"].clone();
        let state = lock(&town.issuer.pushed)["state"].clone();
        let page = town.get(&back).await;
        assert_eq!(page.status, 502);
        assert!(page.body.contains(&format!("{named} is wrong")), "{}", page.body);
        assert!(page.body.contains(&format!("/again/{state}")));
        *lock(&town.issuer.mood) = Mood::Honest;
        let back = town.begin(&format!("/again/{state}")).await;
        assert_eq!(lock(&town.issuer.pushed)["authorization_details"], reference);
        assert_eq!(town.get(&back).await.status, 200);
    }
}

#[actix_web::test]
async fn the_amount_is_the_shops_to_set() {
    let mut town = Town::new();
    town.begin("/buy/client-b/gift?amount=500").await;
    assert!(lock(&town.issuer.pushed)["authorization_details"].contains("\"amount\":500"));
    town.begin("/buy/client-b/anime-1?amount=500").await;
    assert!(lock(&town.issuer.pushed)["authorization_details"].contains("\"amount\":300"));
    let nowhere = [
        "/buy/client-b/gift?amount=1",
        "/buy/client-b/gift",
        "/buy/client-b/x",
        "/buy/x/anime-1",
        "/login/x",
        "/nowhere",
        "/buy/client-b/gift?amount=-1",
    ];
    for path in nowhere {
        assert_eq!(town.get(path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn shelves_are_escaped_and_speak_two_languages() {
    let mut town = Town::new();
    let ja = town.get("/").await.body;
    assert!(ja.contains("ご購入都度</span> <b>300</b><span>円(税込)"), "{ja}");
    assert!(ja.contains("フレッツ・まとめて支払いで購入"));
    assert!(!ja.contains("<b>説明"), "the description is text");
    assert!(town.get("/?lang=en").await.body.contains("<html lang=\"en\">"));
    assert_eq!(town.get("/shop.css").await.status, 200);
}

#[actix_web::test]
async fn an_issuer_that_rests_or_is_down_is_told_of_and_asked_again_next_time() {
    let mut town = Town::new();
    *lock(&town.issuer.mood) = Mood::Maintenance;
    assert_eq!(town.get("/buy/client-b/anime-1").await.status, 503);
    *lock(&town.issuer.mood) = Mood::Honest;
    town.begin("/buy/client-b/anime-1").await;

    let (closed, address) = listen();
    drop(closed);
    let config = ShopConfig {
        issuer: format!("http://{address}"),
        providers: vec![ShopProvider {
            name: "B社".to_owned(),
            client_id: "client-b".to_owned(),
            client_secret: String::new(),
            services: Vec::new(),
        }],
    };
    let (listener, address) = listen();
    town.shop = format!("http://{address}");
    rt::spawn(run(listener, &town.shop, config).expect("the shop opens"));
    let page = town.get("/login/client-b").await;
    assert_eq!(page.status, 502);
    assert!(page.body.contains("discovery"), "{}", page.body);
}

#[actix_web::test]
async fn a_contract_is_cancelled_once_by_the_browser_that_bought_it() {
    const CANCEL: &str = "/cancel/K-100000000016";
    let mut town = Town::new();
    assert_eq!(town.get(CANCEL).await.status, 404, "nothing was bought");
    let back = town.begin("/buy/client-b/anime-1").await;
    assert!(!town.get(&back).await.body.contains("/cancel/"), "a per-use item has no contract");

    let mut town = Town::new();
    let bought = town.begin("/buy/client-b/pack").await;
    assert!(town.get(&bought).await.body.contains(CANCEL));
    let own = town.session.replace("A".repeat(43));
    assert_eq!(town.get(CANCEL).await.status, 404, "another browser");
    town.session = own;
    let back = town.begin(CANCEL).await;
    let denied = town.get(&back.replace("code=the-code", "error=access_denied")).await;
    assert!(denied.status == 200 && denied.body.contains("解約は完了していません"));
    for _ in 0..2 {
        let page = town.get(&back).await;
        assert_eq!(page.status, 200, "{}", page.body);
        for said in ["1000 0000 0024", "パック", "K-100000000016", "2026年12月"] {
            assert!(page.body.contains(said), "{said}: {}", page.body);
        }
    }
    assert_eq!(town.exchanges(), 2, "one for each order");
    for path in ["/my", &bought] {
        let page = town.get(path).await.body;
        assert!(page.contains("2026年12月") && !page.contains("/cancel/"), "{page}");
    }
    assert_eq!(town.get(CANCEL).await.status, 404, "it has ended");
}
