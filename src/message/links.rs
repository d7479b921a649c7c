//! Links: where they lead, what they show.

use super::html::RawLink;
use super::url::Url;
use std::sync::Arc;

/// A link in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub href_url: Option<Arc<Url>>,
    /// The text that a person sees, or the alternative text of its image.
    pub display_text: Option<Arc<str>>,
    /// The text, if it is a URL itself.
    pub display_url: Option<Arc<Url>>,
    /// The text is a URL of another root domain than the target.
    pub mismatched: bool,
    /// A person can see it.
    pub visible: bool,
    /// How it was found.
    pub parser: LinkParser,
    /// Offset of the link in the text that it was found in.
    pub(super) at: usize,
}

/// How a link was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkParser {
    /// `<a href>` and its kind.
    Hyperlink,
    /// A URL in plain text.
    Plain,
}

impl LinkParser {
    /// The name that rules compare with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hyperlink => "hyperlink",
            Self::Plain => "plain",
        }
    }
}

impl Link {
    pub(super) fn of(raw: &RawLink) -> Self {
        let href_url = Url::parse(&raw.href);
        let text = raw.text.trim();
        let display_url = displayed_url(text);
        let mismatched = match (&href_url, &display_url) {
            (Some(href), Some(shown)) => root(href) != root(shown),
            _ => false,
        };
        Self {
            href_url,
            display_text: (!text.is_empty()).then(|| text.into()),
            display_url,
            mismatched,
            visible: raw.visible,
            parser: LinkParser::Hyperlink,
            at: raw.at,
        }
    }
}

fn root(url: &Url) -> Option<String> {
    let name = url.domain.as_ref().map(|domain| domain.root_domain.as_ref().unwrap_or(&domain.domain).to_string());
    name.or_else(|| url.ip.map(|ip| ip.to_string()))
}

/// Most words of a link's text that are looked at for a URL.
const MAX_WORDS: usize = 100;

/// A URL that the text shows: written out anywhere in it, or a host name that it begins with.
fn displayed_url(text: &str) -> Option<Arc<Url>> {
    let parse = |word: &str| {
        Url::parse(word.trim_matches(['.', ',', ')', ';', '(', '<', '>', '"'])).filter(|url| root(url).is_some())
    };
    let written_out = |word: &&str| word.contains("://") || word.starts_with("www.");
    let explicit = text.split_whitespace().take(MAX_WORDS).filter(written_out).find_map(parse);
    explicit.or_else(|| {
        let first = text.split_whitespace().next()?;
        (first.contains('.') && !first.contains('@') && !is_file_name(first)).then(|| parse(first)).flatten()
    })
}

/// `invoice.zip`, `libtime.so`: the last label is a suffix of the public list, but more often the
/// extension of a file.
fn is_file_name(word: &str) -> bool {
    const EXTENSIONS: [&str; 6] = ["md", "mov", "py", "sh", "so", "zip"];
    let extension = word.trim_end_matches(['.', ',', ')', ';']).rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    !word.contains('/') && !word.starts_with("www.") && EXTENSIONS.contains(&extension.as_str())
}

/// URLs in plain text, in order, at most `limit`; true if there were more.
pub(super) fn plain(text: &str, limit: usize) -> (Vec<Link>, bool) {
    plain_between(text, limit, &[])
}

/// Links of HTML: those that are written as such, and URLs in the visible text that programs make
/// links of when they show it; in the order of the text.
pub(super) fn of_html(written: &[RawLink], display_text: &str, limit: usize) -> (Vec<Link>, bool) {
    let taken: Vec<(usize, usize)> =
        written.iter().filter(|raw| raw.end > raw.at).map(|raw| (raw.at, raw.end)).collect();
    let (plain, cut) = plain_between(display_text, limit.saturating_sub(written.len()), &taken);
    let mut links: Vec<Link> = written.iter().map(Link::of).chain(plain).collect();
    links.sort_by_key(|link| link.at);
    (links, cut)
}

/// `taken` stretches, in order, hold no links of their own.
fn plain_between(text: &str, limit: usize, taken: &[(usize, usize)]) -> (Vec<Link>, bool) {
    let mut taken = taken.iter().peekable();
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Url]).url_must_have_scheme(false);
    let mut links = Vec::new();
    let mut read_to = 0;
    for found in finder.links(text) {
        if found.start() < read_to {
            continue;
        }
        let written = whole(text, found.start(), found.end());
        read_to = found.start() + written.len();
        while taken.next_if(|(_, end)| *end <= found.start()).is_some() {}
        if taken.peek().is_some_and(|(start, _)| *start < found.end()) {
            continue;
        }
        let Some(url) = Url::parse(written) else { continue };
        // Without a scheme only names under a known suffix are meant as links.
        let explicit = written.contains("://");
        let known = url.domain.as_ref().is_some_and(|domain| domain.valid) && !is_file_name(written);
        if !explicit && !known {
            continue;
        }
        if links.len() == limit {
            return (links, true);
        }
        links.push(Link {
            display_text: Some(written.into()),
            display_url: Some(Arc::clone(&url)),
            href_url: Some(url),
            mismatched: false,
            visible: true,
            parser: LinkParser::Plain,
            at: found.start(),
        });
    }
    (links, false)
}

/// A URL as it is written, with what a dot in brackets cuts off: `hxxps://evil[.]example[.]org/x`.
fn whole(text: &str, start: usize, end: usize) -> &str {
    let rest = &text[end..];
    if !["[.]", "(.)", "{.}", "[dot]", "[:]"].iter().any(|defanged| rest.starts_with(defanged)) {
        return &text[start..end];
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ',' | ';');
    let length = rest.find(ends).unwrap_or(rest.len());
    text[start..end + length].trim_end_matches(['.', ')', '!', '?', ':'])
}

/// URLs in a text with their places: written with a scheme, or host names under a known suffix.
pub(crate) fn urls_in(text: &str) -> Vec<(std::ops::Range<usize>, Arc<Url>)> {
    let (links, _) = plain_between(text, usize::MAX, &[]);
    let found = links.into_iter().filter_map(|link| {
        let length = link.display_text.as_ref()?.len();
        Some((link.at..link.at + length, link.href_url?))
    });
    found.collect()
}
