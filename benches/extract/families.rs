//! The families of features whose cost is told apart.

use ruleeval::engine::Engine;
use ruleeval::message::Message;
use ruleeval::{auth, entities, identity, text, transport};
use std::hint::black_box;
use std::sync::Arc;

/// Features that are read together.
pub(crate) struct Family {
    /// Its name.
    pub(crate) name: &'static str,
    /// Reads all of them from a message.
    pub(crate) read: fn(&Engine, &Arc<Message>),
}

const fn family(name: &'static str, read: fn(&Engine, &Arc<Message>)) -> Family {
    Family { name, read }
}

/// All families; each computes what it stands on, too.
pub(crate) const FAMILIES: [Family; 14] = [
    family("parse", |_, _| {}),
    family("text", |_, message| drop(black_box(message.body().visible_text()))),
    family("links", |_, message| {
        black_box(message.body().links(message));
    }),
    family("threads", |_, message| {
        black_box(message.body().previous_threads());
    }),
    family("attachments", |_, message| {
        black_box(message.attachments());
    }),
    family("anomalies", |_, message| {
        black_box(message.anomalies());
    }),
    family("disguise", |_, message| drop(black_box(text::disguise(&message.body().current_thread().text)))),
    family("phones", |_, message| drop(black_box(entities::phone_numbers(&message.body().current_thread().text)))),
    family("money", |_, message| drop(black_box(entities::money_amounts(&message.body().current_thread().text)))),
    family("entities", |_, message| {
        let own = &message.body().current_thread().text;
        black_box(entities::phone_numbers(own));
        black_box(entities::money_amounts(own));
        black_box(entities::email_addresses(own));
        black_box(entities::urls(own));
        black_box(entities::wallets(own));
        black_box(entities::dates(own));
    }),
    family("auth", |_, message| drop(black_box(auth::of(message)))),
    family("route", |_, message| drop(black_box(transport::Route::of(message)))),
    family("identity", |_, message| drop(black_box(identity::Identity::of(message)))),
    family("all", |engine, message| drop(black_box(engine.features(message)))),
];
