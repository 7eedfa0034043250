//! What a provider orders, `authorization_details` (`domain::order`, RFC 9396): what is taken is within
//! its bounds and reads back as it was sealed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::domain::order::{LARGEST_AMOUNT, LARGEST_QUANTITY, LONGEST_DESCRIPTION, Order};

fuzz_target!(|text: &str| {
    let Ok(order) = Order::parse(text) else { return };
    if let Order::Purchase(purchase) = &order {
        assert!(purchase.amount <= LARGEST_AMOUNT);
        assert!((1..=LARGEST_QUANTITY).contains(&purchase.quantity));
        let description = purchase.description.as_deref().unwrap_or_default();
        assert!(description.chars().count() <= LONGEST_DESCRIPTION);
        assert!(!description.contains(char::is_control), "{description:?}");
    }
    let sealed = serde_json::to_string(&order).expect("JSON");
    let opened: Order = serde_json::from_str(&sealed).expect("its own JSON");
    assert_eq!(order, opened, "{sealed}");
    // Another program that reads the same text sees the same order.
    let seen: serde_json::Value = serde_json::from_str(text).expect("it was read");
    assert_eq!(seen[0]["reference"].as_str(), Some(order.reference().as_str()));
});
