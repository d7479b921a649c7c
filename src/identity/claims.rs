//! Brands that a message names, held against who authenticated it and where it leads. Which brands
//! there are, a list says: `Name = domain, domain`.

use super::{authenticates, is_below, link_domains};
use crate::auth;
use crate::message::{Domain, Message};
use crate::text::replace_confusables;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A brand that a message names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandClaim {
    /// Its name as the list has it.
    pub brand: Arc<str>,
    /// Where it is named: of [`PLACES`].
    pub places: Vec<&'static str>,
    /// A domain of the brand's is authenticated.
    pub authenticated: bool,
    /// From is of a domain of the brand's, authenticated or not.
    pub sender_owned: bool,
    /// A visible link leads to a domain of the brand's.
    pub leads_home: bool,
    /// A visible link leads to another domain.
    pub leads_elsewhere: bool,
}

/// Where a message names a brand.
pub const PLACES: &[&str] = &["display_name", "subject", "body", "link_text"];

/// Most text of one place that is read, in bytes.
const MOST_TEXT: usize = 256 << 10;
/// Most links whose texts are read.
const MOST_LINKS: usize = 500;
/// Most words of a name.
const MOST_WORDS: usize = 8;

/// An entry of a brand list.
struct Brand {
    name: Arc<str>,
    words: Vec<String>,
    domains: Vec<String>,
}

impl Brand {
    fn parse(entry: &str) -> Option<Self> {
        let (name, domains) = entry.split_once('=').unwrap_or((entry, ""));
        let words: Vec<String> = words(name).collect();
        let domains = domains.split([',', ' ']).map(|domain| domain.trim().trim_end_matches('.').to_lowercase());
        let known = (1..=MOST_WORDS).contains(&words.len());
        known.then(|| Self {
            name: name.trim().into(),
            words,
            domains: domains.filter(|domain| !domain.is_empty()).collect(),
        })
    }
}

/// Words as people read them, lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = replace_confusables(text).to_lowercase();
    let words: Vec<String> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    words.into_iter()
}

/// The brands of a list that a message names, in the list's order. Whole words count, behind
/// look-alikes and invisible characters too.
pub fn brand_claims(message: &Message, brands: &[&str]) -> Vec<BrandClaim> {
    let brands: Vec<Brand> = brands.iter().filter_map(|entry| Brand::parse(entry)).collect();
    let mut by_word: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, brand) in brands.iter().enumerate() {
        by_word.entry(&brand.words[0]).or_default().push(index);
    }
    let mut places: BTreeMap<usize, Vec<&'static str>> = BTreeMap::new();
    for (place, text) in texts(message) {
        for index in named(&text, &brands, &by_word) {
            let known = places.entry(index).or_default();
            if !known.contains(&place) {
                known.push(place);
            }
        }
    }
    let auth = auth::of(message);
    let sender = message.sender().and_then(|sender| sender.email.as_ref()?.domain.clone());
    let links = link_domains(message);
    let claim = |(index, places): (usize, Vec<&'static str>)| {
        let Brand { name, domains, .. } = &brands[index];
        let owned = |domain: &Arc<Domain>| is_below(&domain.domain, domains);
        BrandClaim {
            brand: Arc::clone(name),
            places,
            authenticated: authenticates(&auth, domains),
            sender_owned: sender.as_ref().is_some_and(owned),
            leads_home: links.iter().any(owned),
            leads_elsewhere: !links.iter().all(owned),
        }
    };
    places.into_iter().map(claim).collect()
}

fn named(text: &str, brands: &[Brand], by_word: &BTreeMap<&str, Vec<usize>>) -> Vec<usize> {
    let words: Vec<String> = words(text).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let candidates = by_word.get(word.as_str()).into_iter().flatten();
        found.extend(candidates.copied().filter(|index| words[at..].starts_with(&brands[*index].words)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn texts(message: &Message) -> Vec<(&'static str, Arc<str>)> {
    let name = message.sender().and_then(|sender| sender.display_name.clone());
    let subject = message.subject().base.clone();
    let body = Arc::clone(&message.body().current_thread().text);
    let found = message.body().links(message);
    if found.len() > MOST_LINKS {
        message.limit(format!("brand_claims: texts of {MOST_LINKS} of {} links read", found.len()));
    }
    let links = found.iter().take(MOST_LINKS).filter_map(|link| link.display_text.clone());
    let links: Vec<Arc<str>> = links.collect();
    let all = [
        ("display_name", name),
        ("subject", subject),
        ("body", Some(body)),
        ("link_text", Some(links.join("\n").into())),
    ];
    all.into_iter().filter_map(|(place, text)| Some((place, cut(message, place, text?)))).collect()
}

fn cut(message: &Message, place: &str, text: Arc<str>) -> Arc<str> {
    if text.len() <= MOST_TEXT {
        return text;
    }
    message.limit(format!("brand_claims: {MOST_TEXT} of {} bytes of {place} read", text.len()));
    let mut end = MOST_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].into()
}
