//! A pushed request's parameters (`web::provider::par`, RFC 9126): what is taken leads back to a
//! registered address alone, and reads back as it was sealed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::{
    domain::provider::{IdTokenAlgorithm, Provider, ProviderContact, ProviderEvent},
    web::{
        form::Form,
        provider::{par, request::PushedRequest},
    },
};

const REGISTERED: &str = "https://a.example/cb?x=1";

fn provider() -> Provider {
    let id = "a-sha".parse().expect("an ID");
    let registered = ProviderEvent::ProviderRegistered {
        name: "A社".into(),
        contact: ProviderContact::default(),
        id_token_algorithm: IdTokenAlgorithm::Rs256,
    };
    let provider = Provider::evolve(None, &id, registered);
    let added = ProviderEvent::RedirectUrisSet { redirect_uris: vec![REGISTERED.to_owned()] };
    Provider::evolve(provider, &id, added).expect("registered")
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(form) = Form::read(bytes) else { return };
    let Ok(request) = par::read(&form, &provider()) else { return };
    assert_eq!(request.redirect_uri, REGISTERED);
    assert_eq!(request.code_challenge.len(), 43);
    let sealed = serde_json::to_string(&request).expect("JSON");
    assert!(sealed.len() < 4 * 1024, "larger than a cookie: {}", sealed.len());
    assert_eq!(serde_json::from_str::<PushedRequest>(&sealed).expect("its own JSON"), request);
    let back = request.redirect("https://i.example", &[("code", "c")]);
    let url = url::Url::parse(&back).expect("an address");
    assert_eq!(url.origin(), url::Url::parse(REGISTERED).expect("an address").origin());
    let given: Vec<_> = url.query_pairs().filter(|(name, _)| name == "state").collect();
    assert_eq!(given.first().map(|(_, value)| &**value), request.state.as_deref());
    assert!(given.len() <= 1 && url.query_pairs().filter(|(name, _)| name == "code").count() == 1);
});
