//! Tables for each check of the client.

use serde_json::json;

use super::*;

const ISSUER: &str = "http://127.0.0.1:8080";

fn order(monthly: bool) -> Order {
    Order {
        kind: "purchase",
        reference: "shop-1".to_owned(),
        service: "anime-1".to_owned(),
        quantity: 1,
        amount: 300,
        currency: "JPY",
        description: "名作アニメ1".to_owned(),
        monthly,
    }
}

fn receipt(change: impl FnOnce(&mut serde_json::Value)) -> serde_json::Value {
    let mut value = json!({
        "type": "purchase", "reference": "shop-1", "service": "anime-1", "quantity": 1,
        "amount": 300, "currency": "JPY", "status": "completed",
        "receipt_number": "100000000016", "completed_at": "2026-11-23T21:00:00+09:00"
    });
    change(&mut value);
    value
}

#[test]
fn challenge_is_the_one_of_rfc_7636_appendix_b() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn credentials_are_form_encoded_before_they_are_joined() {
    // RFC 6749 section 2.3.1: a colon in the ID must not end it.
    assert_eq!(basic_credentials("a:b", "c d"), format!("Basic {}", STANDARD.encode("a%3Ab:c+d")));
}

#[test]
fn pushed_form_carries_the_order_and_no_verifier() {
    let mut numbers = 0..;
    let secrets = FlowSecrets::draw(|| {
        numbers.next().map(|n| format!("token-{n}")).ok_or(ShopError::Internal)
    });
    let secrets = secrets.expect("the draw never fails here");
    let asked = Asked::Purchase(order(false));
    let form = par_form("http://shop/callback", &secrets, Some(&asked), "ja")
        .expect("the order is written");
    let get = |key: &str| {
        let found = form.iter().find(|(name, _)| *name == key);
        found.map_or("", |(_, value)| value.as_str())
    };
    assert_eq!((get("state"), get("nonce")), ("token-0", "token-1"));
    assert_eq!(get("code_challenge"), challenge("token-2"));
    assert_eq!(get("code_challenge_method"), "S256");
    assert!(form.iter().all(|(_, value)| value != "token-2"), "the verifier stays here");
    let details: serde_json::Value =
        serde_json::from_str(get("authorization_details")).expect("JSON");
    // interfaces of the order: exactly these fields.
    assert_eq!(
        details,
        json!([{"type": "purchase", "reference": "shop-1", "service": "anime-1", "quantity": 1,
                "amount": 300, "currency": "JPY", "description": "名作アニメ1"}])
    );
    let login = par_form("http://shop/callback", &secrets, None, "en").expect("a login");
    assert!(login.iter().all(|(name, _)| *name != "authorization_details"));
}

#[test]
fn browser_is_sent_with_nothing_but_the_request_uri() {
    let url = authorize_url("http://127.0.0.1:1/oauth/authorize", "a&b", "urn:x:1");
    let expected = "http://127.0.0.1:1/oauth/authorize?client_id=a%26b&request_uri=urn%3Ax%3A1";
    assert_eq!(url.as_deref(), Ok(expected));
}

#[test]
fn metadata_of_another_issuer_is_refused() {
    let metadata = Metadata {
        issuer: ISSUER.to_owned(),
        authorization_endpoint: String::new(),
        pushed_authorization_request_endpoint: String::new(),
        token_endpoint: String::new(),
        jwks_uri: String::new(),
    };
    assert!(metadata.clone().checked(ISSUER).is_ok());
    let other = metadata.checked("http://127.0.0.1:8080/");
    assert_eq!(other, Err(ShopError::OtherIssuer));
}

#[test]
fn callback_is_checked_before_it_is_believed() {
    let refused = |error: &str| ShopError::Refused { error: error.to_owned(), description: None };
    let state = "state=s&";
    let iss = "iss=http://127.0.0.1:8080&";
    let table: [(&str, Result<&str, ShopError>); 10] = [
        (&format!("{state}{iss}code=c"), Ok("c")),
        (&format!("{iss}code=c"), Err(CallbackProblem::State.into())),
        (&format!("state=t&{iss}code=c"), Err(CallbackProblem::State.into())),
        (&format!("{state}code=c"), Err(CallbackProblem::Issuer.into())),
        (&format!("{state}iss=http://other&code=c"), Err(CallbackProblem::Issuer.into())),
        // RFC 9207 section 2.4: an error from elsewhere is no more to be believed than a code.
        (
            &format!("{state}iss=http://other&error=access_denied"),
            Err(CallbackProblem::Issuer.into()),
        ),
        (&format!("{state}{iss}"), Err(CallbackProblem::Code.into())),
        (&format!("{state}{iss}code="), Err(CallbackProblem::Code.into())),
        (&format!("{state}{iss}error=access_denied&code=c"), Err(ShopError::TurnedBack)),
        (&format!("{state}{iss}error=server_error"), Err(refused("server_error"))),
    ];
    for (query, expected) in table {
        let parsed: CallbackQuery = serde_urlencoded::from_str(query).expect(query);
        assert_eq!(check_callback(&parsed, "s", ISSUER), expected, "{query}");
    }
    let twice = serde_urlencoded::from_str::<CallbackQuery>("state=s&code=a&code=b");
    assert!(twice.is_err(), "a parameter that stands twice");
}

#[test]
fn claims_must_be_for_this_client_this_flow_and_now() {
    let expected =
        Expected { issuer: ISSUER, client_id: "a", nonce: "n", now_s: 1_000 + CLOCK_SKEW_S };
    let table = [
        (json!({}), Ok(())),
        (json!({"aud": ["a"]}), Ok(())),
        (json!({"iss": "http://other"}), Err(IdTokenProblem::Issuer)),
        (json!({"aud": "b"}), Err(IdTokenProblem::Audience)),
        (json!({"aud": ["a", "b"]}), Err(IdTokenProblem::Audience)),
        (json!({"aud": []}), Err(IdTokenProblem::Audience)),
        (json!({"nonce": "m"}), Err(IdTokenProblem::Nonce)),
        (json!({"nonce": null}), Err(IdTokenProblem::Nonce)),
        (json!({"exp": 1_000}), Err(IdTokenProblem::Expired)),
        (json!({"exp": 1_001}), Ok(())),
    ];
    for (change, outcome) in table {
        let mut value = json!({"iss": ISSUER, "aud": "a", "sub": "u", "exp": 2_000, "nonce": "n"});
        for (key, field) in change.as_object().into_iter().flatten() {
            value[key] = field.clone();
        }
        let claims: Claims = serde_json::from_value(value).expect("the claims have their shape");
        assert_eq!(check_claims(&claims, &expected), outcome.map_err(Into::into), "{change}");
    }
}

#[test]
fn only_rs256_is_looked_at() {
    let token = |alg: &str| {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": "k"}).to_string());
        format!("{header}.e30.c2ln")
    };
    let table = [
        (token("RS256"), Ok(Some("k".to_owned()))),
        (token("none"), Err(IdTokenProblem::Format.into())),
        (token("HS256"), Err(IdTokenProblem::Algorithm.into())),
        (token("ES256"), Err(IdTokenProblem::Algorithm.into())),
        ("no token".to_owned(), Err(IdTokenProblem::Format.into())),
    ];
    for (token, outcome) in table {
        assert_eq!(key_id(&token), outcome, "{token}");
    }
}

#[test]
fn receipt_must_be_for_the_order() {
    type Change = fn(&mut serde_json::Value);
    let table: [(Change, Option<ReceiptField>); 10] = [
        (|_| (), None),
        (|r| r["amount"] = json!("300"), Some(ReceiptField::Shape)),
        (|r| r["type"] = json!("cancellation"), Some(ReceiptField::Type)),
        (|r| r["reference"] = json!("shop-2"), Some(ReceiptField::Reference)),
        (|r| r["service"] = json!("anime-2"), Some(ReceiptField::Service)),
        (|r| r["quantity"] = json!(2), Some(ReceiptField::Quantity)),
        (|r| r["amount"] = json!(299), Some(ReceiptField::Amount)),
        (|r| r["currency"] = json!("USD"), Some(ReceiptField::Currency)),
        (|r| r["status"] = json!("pending"), Some(ReceiptField::Status)),
        (|r| r["contract"] = json!("K-100000000016"), Some(ReceiptField::Contract)),
    ];
    for (change, problem) in table {
        let outcome = check_receipt(vec![receipt(change)], &order(false));
        assert_eq!(outcome.err(), problem.map(ShopError::from));
    }
    let count = Some(ReceiptField::Count.into());
    assert_eq!(check_receipt(Vec::new(), &order(false)).err(), count);
    let two = vec![receipt(|_| ()), receipt(|_| ())];
    assert_eq!(check_receipt(two, &order(false)).err(), count);
    // A monthly service without a contract could never be cancelled.
    let monthly = check_receipt(vec![receipt(|_| ())], &order(true));
    assert_eq!(monthly.err(), Some(ReceiptField::Contract.into()));
}

#[test]
fn a_cancellation_carries_the_contract_and_its_receipt_must_be_for_it() {
    type Change = fn(&mut serde_json::Value);
    let asked = Cancellation {
        kind: "cancellation",
        reference: "shop-2".to_owned(),
        contract: "K-100000000016".to_owned(),
    };
    let pushed = json!({"type": "cancellation", "reference": "shop-2",
                        "contract": "K-100000000016"});
    assert_eq!(json!(Asked::Cancellation(asked.clone())), pushed);
    let table: [(Change, Option<ReceiptField>); 6] = [
        (|_| (), None),
        (|r| r["type"] = json!("purchase"), Some(ReceiptField::Type)),
        (|r| r["reference"] = json!("shop-1"), Some(ReceiptField::Reference)),
        (|r| r["contract"] = json!("K-100000000024"), Some(ReceiptField::Contract)),
        (|r| r["status"] = json!("pending"), Some(ReceiptField::Status)),
        (|r| r["last_charge_month"] = json!(null), Some(ReceiptField::Shape)),
    ];
    for (change, problem) in table {
        let mut value = pushed.clone();
        value["status"] = json!("completed");
        value["receipt_number"] = json!("100000000024");
        value["completed_at"] = json!("2026-11-23T21:00:00+09:00");
        value["last_charge_month"] = json!("2026-11");
        change(&mut value);
        let outcome = check_cancellation(vec![value], &asked);
        assert_eq!(outcome.err(), problem.map(ShopError::from));
    }
    let count = Some(ReceiptField::Count.into());
    assert_eq!(check_cancellation(Vec::new(), &asked).err(), count);
}
