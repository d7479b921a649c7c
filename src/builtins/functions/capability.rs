//! Functions that a provider of the host answers. They compile with their types; without a
//! provider their value is absent and the rule undecided, naming the capability.

use crate::builtins::Registry;
use crate::value::{Cost, EnumDecl, Value};
use std::collections::BTreeMap;

/// Name, type, one sentence.
type Fields = &'static [(&'static str, &'static str, &'static str)];

/// A record that only providers fill: its fields are read by name.
fn record(r: &mut Registry, name: &'static str, doc: &'static str, fields: Fields) {
    let mut builder = r.record::<BTreeMap<String, Value>>(name, doc);
    for (field, ty, doc) in fields {
        let key = *field;
        builder.field(field, ty, Cost::Capability, doc, move |_, map| map.get(key).cloned().unwrap_or_default());
    }
}

fn enumeration(
    r: &mut Registry,
    name: &'static str,
    doc: &'static str,
    values: &'static [&'static str],
    ordered: bool,
) {
    r.enumeration(EnumDecl { name, doc, values, ordered, open: true });
}

pub(super) fn declare(r: &mut Registry) {
    classification(r);
    links(r);
    history(r);
    whois(r);
    files(r);
}

fn classification(r: &mut Registry) {
    enumeration(r, "Confidence", "How sure a classifier is.", &["low", "medium", "high"], true);
    enumeration(
        r,
        "Intent",
        "What a text wants.",
        &["advance_fee", "bec", "benign", "callback_scam", "cred_theft", "extortion", "job_scam", "steal_pii"],
        false,
    );
    enumeration(
        r,
        "EntityKind",
        "What a word in a text is.",
        &["disclaimer", "financial", "greeting", "org", "recipient", "request", "salutation", "sender", "urgency"],
        false,
    );
    record(
        r,
        "NluIntent",
        "An intent that a classifier found.",
        &[("name", "Intent", "Which."), ("confidence", "Confidence", "How sure.")],
    );
    record(
        r,
        "NluEntity",
        "An entity that a classifier found.",
        &[("name", "EntityKind", "Which."), ("text", "string", "The words.")],
    );
    record(
        r,
        "NluTopic",
        "A topic that a classifier found.",
        &[("name", "string", "Which."), ("confidence", "Confidence", "How sure.")],
    );
    record(
        r,
        "NluTag",
        "A tag that a classifier gave.",
        &[("name", "string", "Which."), ("confidence", "Confidence", "How sure.")],
    );
    record(
        r,
        "NluResult",
        "What a text classifier found.",
        &[
            ("intents", "[NluIntent]", "Intents."),
            ("entities", "[NluEntity]", "Entities."),
            ("topics", "[NluTopic]", "Topics."),
            ("tags", "[NluTag]", "Tags."),
            ("language", "string?", "Language, ISO 639-1 or its English name."),
        ],
    );
    r.capability(
        "text_classification",
        "ml.nlu_classifier(text: string, subject: string?) -> NluResult?",
        "Classifies a text: intents, entities, topics.",
    );
    record(r, "TopicResult", "Topics of a text.", &[("topics", "[NluTopic]", "Topics.")]);
    r.capability("text_classification", "beta.ml_topic(text: string) -> TopicResult?", "Topics of a text.");
    record(r, "Translation", "A translated text.", &[("text", "string", "The text in English.")]);
    r.capability("translation", "beta.ml_translate(text: string) -> Translation?", "Translates a text to English.");
    record(
        r,
        "SensitiveElement",
        "Sensitive information in a text.",
        &[
            ("type", "string", "Which kind."),
            ("text", "string", "The words."),
            ("confidence", "Confidence", "How sure."),
        ],
    );
    record(
        r,
        "SensitiveInformation",
        "Sensitive information in a text.",
        &[("elements", "[SensitiveElement]", "Each finding.")],
    );
    r.capability(
        "text_classification",
        "beta.ml_extract_sensitive_information(text: string) -> SensitiveInformation?",
        "Finds sensitive information in a text.",
    );
    record(
        r,
        "AttackScore",
        "The verdict of a whole-message classifier.",
        &[("verdict", "string", "`malicious`, `suspicious`, `unknown` ..."), ("score", "float?", "From 0 to 100.")],
    );
    r.capability("text_classification", "ml.attack_score() -> AttackScore?", "Classifies the whole message.");
    r.capability(
        "text_classification",
        "beta.fuzzy_attack_score() -> AttackScore?",
        "Classifies the whole message by likeness.",
    );
    record(
        r,
        "Brand",
        "A brand whose logo was found.",
        &[("name", "string", "Which."), ("confidence", "Confidence", "How sure.")],
    );
    record(r, "LogoResult", "Logos in a picture.", &[("brands", "[Brand]", "Brands.")]);
    r.capability("logo_detection", "ml.logo_detect(file: any) -> LogoResult?", "Finds brand logos in a picture.");
    record(
        r,
        "MacroVerdict",
        "The verdict of a macro classifier.",
        &[("malicious", "bool", "True if malicious."), ("confidence", "Confidence", "How sure.")],
    );
    r.capability(
        "file_analysis",
        "ml.macro_classifier(file: any) -> MacroVerdict?",
        "Classifies the macros of a document.",
    );
}

fn links(r: &mut Registry) {
    record(
        r,
        "RenderedFile",
        "A file that was made or fetched.",
        &[
            ("file_name", "string?", "Name."),
            ("file_extension", "string?", "Extension."),
            ("file_type", "FileType", "Type by content."),
            ("content_type", "string?", "Declared type."),
            ("size", "int", "Bytes."),
            ("md5", "string?", "MD5."),
            ("sha1", "string?", "SHA-1."),
            ("sha256", "string?", "SHA-256."),
        ],
    );
    enumeration(r, "Disposition", "A verdict about a page.", &["benign", "phishing", "unknown"], false);
    record(
        r,
        "CredPhish",
        "Whether a page asks for credentials it should not.",
        &[
            ("disposition", "Disposition", "Verdict."),
            ("confidence", "Confidence", "How sure."),
            ("brand", "Brand?", "Brand that the page shows."),
            ("contains_login", "bool", "A login form is there."),
            ("contains_captcha", "bool", "A captcha is there."),
        ],
    );
    record(
        r,
        "FinalDom",
        "The page at the end of a link.",
        &[
            ("raw", "string", "Source."),
            ("display_text", "string", "Visible text."),
            ("inner_text", "string", "All text."),
            ("links", "[Link]", "Links."),
        ],
    );
    record(
        r,
        "Response",
        "A further answer that the page loaded.",
        &[
            ("url", "Url", "Address."),
            ("status_code", "int", "HTTP status."),
            ("json", "json?", "Body, if it is JSON."),
            ("file", "RenderedFile?", "Body, if it is a file."),
        ],
    );
    record(
        r,
        "LinkAnalysis",
        "What a crawler saw at a link.",
        &[
            ("submitted", "bool", "The link was visited."),
            ("status_code", "int?", "HTTP status."),
            ("effective_url", "Url?", "Where it ended."),
            ("redirect_history", "[Url]", "Where it went through."),
            ("unique_urls_accessed", "[Url]", "Everything that was loaded."),
            ("final_dom", "FinalDom?", "The page."),
            ("screenshot", "RenderedFile?", "A picture of it."),
            ("files_downloaded", "[RenderedFile]", "Downloads."),
            ("credphish", "CredPhish?", "Verdict about credentials."),
            ("additional_responses", "[Response]", "Further answers."),
        ],
    );
    r.capability("link_analysis", "ml.link_analysis(link: any, mode: string?) -> LinkAnalysis?", "Visits a link.");
    r.capability(
        "link_analysis",
        "beta.linkanalysis(link: any, mode: string?) -> LinkAnalysis?",
        "Older name of `ml.link_analysis`.",
    );
}

fn history(r: &mut Registry) {
    enumeration(
        r,
        "Prevalence",
        "How well known a sender is.",
        &["new", "outlier", "rare", "uncommon", "common"],
        true,
    );
    record(
        r,
        "DaysSince",
        "Days since events; absent if there was none.",
        &[
            ("first_contact", "float?", "First message either way."),
            ("last_contact", "float?", "Last message either way."),
            ("last_inbound", "float?", "Last message received."),
            ("last_outbound", "float?", "Last message sent."),
        ],
    );
    record(
        r,
        "SenderProfile",
        "What this receiver has seen of a sender.",
        &[
            ("prevalence", "Prevalence", "How well known."),
            ("solicited", "bool", "The receiver has written to it."),
            ("any_messages_benign", "bool", "A message was found benign."),
            ("any_messages_malicious_or_spam", "bool", "A message was found malicious or spam."),
            ("any_false_positives", "bool", "A message was wrongly flagged."),
            ("auth_failed", "bool", "A message failed authentication."),
            ("days_known", "float?", "Days since the first message."),
            ("days_since", "DaysSince", "Days since events."),
        ],
    );
    r.capability(
        "history",
        "profile.by_sender() -> SenderProfile?",
        "History of the sender, by address or domain as fits.",
    );
    r.capability("history", "profile.by_sender_email() -> SenderProfile?", "History of the sender's address.");
    r.capability("history", "profile.by_sender_domain() -> SenderProfile?", "History of the sender's domain.");
    r.capability("history", "profile.by_reply_to() -> SenderProfile?", "History of the Reply-To address.");
    r.capability("history", "beta.profile.by_reply_to() -> SenderProfile?", "Older name of `profile.by_reply_to`.");
}

fn whois(r: &mut Registry) {
    record(
        r,
        "Whois",
        "The registration of a domain.",
        &[
            ("found", "bool", "A registration was found."),
            ("days_old", "float?", "Days since it was registered."),
            ("registrar_name", "string?", "Registrar."),
            ("registrant_company", "string?", "Registrant's organisation."),
            ("registrant_country", "string?", "Registrant's country."),
            ("registrant_country_code", "string?", "ISO 3166-1 code of it."),
            ("registrant_email", "string?", "Registrant's address."),
            ("administrative_email", "string?", "Administrative address."),
            ("technical_email", "string?", "Technical address."),
            ("name_servers", "[Domain]", "Name servers."),
        ],
    );
    r.capability("whois", "network.whois(domain: any) -> Whois?", "The registration of a domain.");
}

fn files(r: &mut Registry) {
    r.capability("render", "file.message_screenshot() -> RenderedFile?", "A picture of the message.");
    r.capability("render", "beta.message_screenshot() -> RenderedFile?", "Older name of `file.message_screenshot`.");
    r.capability("render", "file.html_screenshot(html: any) -> RenderedFile?", "A picture of an HTML document.");
    record(r, "OcrPage", "Text of one page.", &[("text", "string", "Text.")]);
    record(
        r,
        "OcrResult",
        "Text in a picture.",
        &[
            ("text", "string", "Text."),
            ("success", "bool", "It could be read."),
            ("page_results", "[OcrPage]", "Page by page."),
        ],
    );
    r.capability("ocr", "beta.ocr(file: any) -> OcrResult?", "Reads the text in a picture.");
    record(r, "ScanText", "A text found by a scanner.", &[("raw", "string", "Text.")]);
}
