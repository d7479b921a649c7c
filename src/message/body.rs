//! The body: texts, links, threads.

use super::Message;
use super::html::{self, RESOURCE_KINDS as KINDS, RawResource, Walked};
use super::links::{self, Link};
use super::threads::{self, PreviousThread, Thread};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// Texts and links of a message; each is computed when it is first asked for.
#[derive(Debug)]
pub struct Body {
    /// The HTML body.
    pub html: Option<Arc<BodyHtml>>,
    /// The plain text body.
    pub plain: Option<Arc<BodyPlain>>,
    max_links: usize,
    links: OnceLock<(Vec<Arc<Link>>, bool)>,
    threads: OnceLock<(Arc<Thread>, Vec<Arc<PreviousThread>>)>,
}

/// Something that a page fetches when it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource(pub(super) RawResource);

/// The kinds of resources.
pub const RESOURCE_KINDS: &[&str] = &KINDS;

impl Resource {
    /// What it is: of [`RESOURCE_KINDS`].
    pub fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// Where it is fetched from, as written, relative to the page's base.
    pub fn href(&self) -> &str {
        &self.0.href
    }

    /// The element that fetches it is visible.
    pub fn is_visible(&self) -> bool {
        self.0.visible
    }
}

/// The HTML body.
#[derive(Debug)]
pub struct BodyHtml {
    /// The document.
    pub html: Arc<Html>,
    /// Declared charset.
    pub charset: Option<Arc<str>>,
    /// Declared type.
    pub content_type: Arc<str>,
    /// Declared transfer encoding.
    pub content_transfer_encoding: Option<Arc<str>>,
}

/// The plain text body.
#[derive(Debug)]
pub struct BodyPlain {
    /// The text, decoded.
    pub raw: Arc<str>,
    /// Declared charset.
    pub charset: Option<Arc<str>>,
    /// Declared type.
    pub content_type: Arc<str>,
    /// Declared transfer encoding.
    pub content_transfer_encoding: Option<Arc<str>>,
}

/// An HTML document with its texts.
#[derive(Debug)]
pub struct Html {
    /// The source, decoded.
    pub raw: Arc<str>,
    max_links: usize,
    walked: OnceLock<Walked>,
    texts: OnceLock<[Arc<str>; 3]>,
    links: OnceLock<(Vec<Arc<Link>>, bool)>,
}

impl Html {
    /// A document of which at most `max_links` links are read.
    pub fn new(raw: Arc<str>, max_links: usize) -> Self {
        Self { raw, max_links, walked: OnceLock::new(), texts: OnceLock::new(), links: OnceLock::new() }
    }

    fn walked(&self) -> &Walked {
        self.walked.get_or_init(|| html::walk(&self.raw, self.max_links))
    }

    fn texts(&self) -> &[Arc<str>; 3] {
        self.texts.get_or_init(|| {
            let walked = self.walked();
            [&walked.display_text, &walked.inner_text, &walked.hidden_text].map(|text| text.as_str().into())
        })
    }

    /// What a person sees.
    pub fn display_text(&self) -> Arc<str> {
        Arc::clone(&self.texts()[0])
    }

    /// All text, visible or not.
    pub fn inner_text(&self) -> Arc<str> {
        Arc::clone(&self.texts()[1])
    }

    /// Only what a person does not see.
    pub fn hidden_text(&self) -> Arc<str> {
        Arc::clone(&self.texts()[2])
    }

    /// The title.
    pub fn title(&self) -> Option<&str> {
        self.walked().title.as_deref()
    }

    fn all_links(&self) -> &(Vec<Arc<Link>>, bool) {
        self.links.get_or_init(|| {
            let walked = self.walked();
            let (links, cut) = links::of_html(&walked.links, &walked.display_text, self.max_links);
            (links.into_iter().map(Arc::new).collect(), cut || walked.links_cut)
        })
    }

    /// Links in document order, URLs in the visible text included.
    pub fn links(&self) -> &[Arc<Link>] {
        &self.all_links().0
    }

    /// What the page fetches when it is shown, in document order.
    pub fn resources(&self) -> impl Iterator<Item = Resource> {
        self.walked().resources.iter().cloned().map(Resource)
    }

    /// Where in the source a place of the visible text was read; exact where a stretch of text begins,
    /// and near it where entities or folded white space stand before it.
    pub fn source_at(&self, at: usize) -> Option<usize> {
        let places = &self.walked().places;
        let index = places.partition_point(|(shown, _)| *shown as usize <= at).checked_sub(1)?;
        let (shown, source) = *places.get(index)?;
        Some((source as usize + at - shown as usize).min(self.raw.len()))
    }

    /// True if rules of style sheets were not looked at, as far as was read until now.
    pub(super) fn styles_cut(&self) -> bool {
        self.walked.get().is_some_and(|walked| walked.styles_cut)
    }

    /// True if some links were not read.
    pub fn links_cut(&self) -> bool {
        self.all_links().1
    }
}

impl Body {
    pub(super) fn of(message: &Message) -> Self {
        let max_links = message.settings().limits.links;
        let owned = |text: &Option<String>| text.as_deref().map(Arc::from);
        let html = message.html_part().map(|part| {
            Arc::new(BodyHtml {
                html: Arc::new(Html::new(message.html_text().unwrap_or_default(), max_links)),
                charset: owned(&part.charset),
                content_type: part.content_type.as_str().into(),
                content_transfer_encoding: owned(&part.transfer_encoding),
            })
        });
        let plain = message.plain_part().map(|part| {
            Arc::new(BodyPlain {
                raw: message.plain_text().unwrap_or_default(),
                charset: owned(&part.charset),
                content_type: part.content_type.as_str().into(),
                content_transfer_encoding: owned(&part.transfer_encoding),
            })
        });
        Self { html, plain, max_links, links: OnceLock::new(), threads: OnceLock::new() }
    }

    /// The text that a person reads: visible HTML text, else plain text.
    pub fn visible_text(&self) -> Arc<str> {
        match (&self.html, &self.plain) {
            (Some(html), _) => html.html.display_text(),
            (None, Some(plain)) => Arc::clone(&plain.raw),
            (None, None) => "".into(),
        }
    }

    /// Links of the body that is shown; of plain text where there is no HTML. What was cut is
    /// reported to the message.
    pub fn links(&self, message: &Message) -> &[Arc<Link>] {
        let (links, cut) = self.links.get_or_init(|| match (&self.html, &self.plain) {
            (Some(html), _) => (html.html.links().to_vec(), html.html.links_cut()),
            (None, Some(plain)) => {
                let (links, cut) = links::plain(&plain.raw, self.max_links);
                (links.into_iter().map(Arc::new).collect(), cut)
            }
            (None, None) => (Vec::new(), false),
        });
        if *cut {
            message.limit(format!("links: only the first {} links were read", self.max_links));
        }
        links
    }

    fn threads(&self) -> &(Arc<Thread>, Vec<Arc<PreviousThread>>) {
        self.threads.get_or_init(|| {
            let quote_at = self.html.as_ref().and_then(|html| html.html.walked().quote_at);
            let (current, previous) = threads::split(&self.visible_text(), quote_at);
            (Arc::new(current), previous.into_iter().map(Arc::new).collect())
        })
    }

    /// What the sender wrote now.
    pub fn current_thread(&self) -> &Arc<Thread> {
        &self.threads().0
    }

    /// What is quoted below, newest first.
    pub fn previous_threads(&self) -> &[Arc<PreviousThread>] {
        &self.threads().1
    }

    /// Links of the current thread: those that stand in no quoted mail.
    pub fn current_links(&self, message: &Message) -> Vec<Arc<Link>> {
        // Links and threads both stand in the order of the text.
        let mut quoted = self.previous_threads().iter().flat_map(|thread| &thread.ranges).peekable();
        let is_own = |link: &&Arc<Link>| {
            while quoted.next_if(|range| range.end <= link.at).is_some() {}
            quoted.peek().is_none_or(|range| link.at < range.start)
        };
        self.links(message).iter().filter(is_own).cloned().collect()
    }

    /// Links of a previous thread.
    pub fn previous_links(&self, message: &Message, thread: &PreviousThread) -> Vec<Arc<Link>> {
        let links = self.links(message);
        let at = |offset: usize| links.partition_point(|link| link.at < offset);
        let ranges = thread.ranges.iter();
        ranges.flat_map(|range| &links[at(range.start)..at(range.end)]).cloned().collect()
    }

    /// IP addresses that stand in the visible text, each once.
    pub fn ips(&self) -> Vec<IpAddr> {
        addresses(&self.visible_text())
    }
}

/// IP addresses in a text, each once, in the order of their values.
pub(crate) fn addresses(text: &str) -> Vec<IpAddr> {
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':')));
    let candidates = words.map(|word| word.trim_matches(['.', ':'])).filter(|word| {
        word.len() >= 7
            && (word.bytes().filter(|b| *b == b'.').count() == 3 || word.bytes().filter(|b| *b == b':').count() >= 2)
    });
    candidates.filter_map(|word| word.parse().ok()).collect::<BTreeSet<IpAddr>>().into_iter().collect()
}
