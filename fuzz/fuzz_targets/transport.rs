//! Any header gives a route, Microsoft's and Google's fields, signs and identities, each bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::identity::{Identity, brand_claims};
use ruleeval::message::{Message, Received, Settings};
use ruleeval::transport::{Google, Microsoft, Route, RouteHop, Signs, signatures};
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let settings = Settings {
        trusted_authserv_ids: vec!["mx.example.net".into(), "microsoft".into(), "mx.google.com".into()],
        org_domains: vec!["example.net".into()],
        ..Settings::default()
    };
    let message = Message::parse(bytes, Arc::new(settings));
    let route = Route::of(&message);
    assert!(route.hops.len() <= 200 && route.border.is_none_or(|border| border < route.hops.len()));
    assert!(signatures(&message).len() <= 50);
    let (_, _, _) = (Microsoft::of(&message), Google::of(&message), Signs::of(&message));
    let _ = Identity::of(&message);
    let claims = brand_claims(&message, &["Bank = bank.example", "PayPal", "Example Net Ltd = example.net"]);
    assert!(claims.len() <= 3);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = RouteHop::new(0, &Received::parse(text), false);
    }
});
