//! Forms and queries (`web::form`): parameters stand once, as the URL standard reads them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::web::form::Form;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut form) = Form::read(bytes) else { return };
    let pairs: Vec<_> = url::form_urlencoded::parse(bytes).collect();
    assert!(pairs.len() <= 64, "more parameters than may be");
    for (name, value) in &pairs {
        assert!(value.len() <= 8 * 1024 && form.stands(name));
        assert_eq!(form.get(name), Some(&**value).filter(|value| !value.is_empty()));
    }
    let names: Vec<&str> = pairs.iter().map(|(name, _)| &**name).collect();
    assert!(form.clone().only(&names).is_ok());
    if let Some((name, value)) = pairs.iter().find(|(_, value)| !value.is_empty()) {
        assert_eq!(form.take(name).as_deref(), Some(&**value));
        assert_eq!(form.take(name), None);
    }
});
