//! `Authorization`, Bearer and Basic, `Accept-Language` and the cookies of a request (`web::bearer`,
//! `web::provider::client`, `text`).
#![no_main]

use actix_web::{
    http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, HeaderValue},
    test::TestRequest,
};
use libfuzzer_sys::fuzz_target;
use linepass::{
    text::Language,
    web::{bearer, context, provider::client},
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let request = TestRequest::default()
        .insert_header((AUTHORIZATION, value.clone()))
        .insert_header((ACCEPT_LANGUAGE, value.clone()))
        .insert_header((COOKIE, value.clone()))
        .to_http_request();
    if let Ok(Some(token)) = bearer::token(&request) {
        assert!(value.to_str().expect("text").ends_with(token));
    }
    let _ = (request.cookies().map(|all| all.len()), context::language(&request, None));
    let Ok(text) = value.to_str() else { return };
    let _ = (Language::from_tag(text), Language::from_ui_locales(text));
    if let Some((id, secret)) = client::basic(text) {
        assert!(id.len() + secret.expose().len() <= 3 * text.len(), "longer than what was read");
    }
});
