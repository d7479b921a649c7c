//! What `ruleeval.yaml` may look like, said once: errors are told at their places, and a JSON schema for editors
//! is made of it.

use ruleeval::pack::policy_shape;
use ruleeval::pack::shape::{Field, Problem, Shape, Sort};
use ruleeval::pack::yaml::Node;
use serde_json::Value;
use std::sync::LazyLock;

const LINE: Sort = Sort { pattern: r"^[^\r\n]+$", what: "a text of one line" };
const ENTRY: Sort = Sort { pattern: r"^[^\r\n]*$", what: "an entry of a list: a text of one line" };
const LIST: Sort =
    Sort { pattern: r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", what: "the name of a list: letters, digits and `_`" };
const LAYERED: Sort = Sort {
    pattern: r"^([a-z0-9_-]{1,64}/)?[A-Za-z_][A-Za-z0-9_]{0,63}$",
    what: "`pack/list`, or the name of a list of this configuration",
};
const KEY: Sort =
    Sort { pattern: r"^RW[A-Za-z0-9+/]{54}$", what: "a public key of minisign: 56 characters that begin with `RW`" };
const ADDRESS: Sort = Sort {
    pattern: r"^(unix:[^\r\n]{1,107}|(tcp:)?(\[[0-9A-Fa-f:.%]{2,60}\]|[A-Za-z0-9.-]{1,253}):[0-9]{1,5})$",
    what: "an address such as `127.0.0.1:11380`, `[::1]:11380` or `unix:/run/ruleeval/http.sock`",
};
const ACTION: Sort =
    Sort { pattern: r"^[A-Za-z0-9_-]{1,64}$", what: "the name of an action: letters, digits, `-` and `_`" };
const POLICIES: &[&str] = &["tempfail", "accept", "reject"];
const EFFECTS: &[&str] = &["accept", "tag", "quarantine", "tempfail", "reject"];
/// Most items of a list in the configuration; more stand in files.
const MAX_ITEMS: usize = 20_000;

fn texts(sort: Sort) -> Shape {
    Shape::List(Box::new(Shape::Text(sort)), MAX_ITEMS)
}

fn maybe(shape: Shape) -> Shape {
    Shape::OrNull(Box::new(shape))
}

fn shape() -> &'static Shape {
    static SHAPE: LazyLock<Shape> = LazyLock::new(|| {
        Shape::Object(vec![
            Field::optional("org_domains", texts(LINE), "The organisation's own domains."),
            Field::optional("org_display_names", texts(LINE), "The organisation's own display names."),
            Field::optional("org_vips", vips(), "People who are often impersonated."),
            Field::optional("tenant_domains", texts(LINE), "Own Microsoft 365 tenants."),
            Field::optional("trusted_authserv_ids", texts(LINE), "Whose Authentication-Results are believed."),
            Field::optional("trusted_hops", Shape::Count, "Received fields of own servers above that header."),
            Field::optional(
                "trusted_arc_sealers",
                texts(LINE),
                "Whose ARC results are believed, if the chain is valid.",
            ),
            Field::optional("dns", maybe(Shape::Text(LINE)), "Verify with DNS: `live`, or a file of recorded answers."),
            Field::optional(
                "selectivity",
                maybe(Shape::Text(LINE)),
                "A file of `ruleeval profile --write-selectivity`: what decides most is then asked first.",
            ),
            Field::optional("mailbox", maybe(Shape::Text(LINE)), "The mailbox that received the messages."),
            Field::optional("limits", limits(), "Bounds on the work that one message may cause."),
            Field::optional(
                "lists",
                Shape::Map(LIST, Box::new(texts(ENTRY))),
                "Further lists of texts that rules may name.",
            ),
            Field::optional("list_layers", layers(), "What is laid over lists, for everybody, a domain or a user."),
            Field::optional(
                "policy",
                maybe(policy_shape()),
                "A policy that goes before the packs' own, entry by entry.",
            ),
            Field::optional("require_signatures", Shape::Bool, "Packs that no trusted key signed are refused."),
            Field::optional("trusted_pack_keys", texts(KEY), "Public keys of minisign whose packs are believed."),
            Field::optional("service", service(), "What `ruleeval serve` needs."),
        ])
    });
    &SHAPE
}

fn vips() -> Shape {
    let vip = Shape::Object(vec![
        Field::required("display_name", Shape::Text(LINE), "The name as mail shows it."),
        Field::optional("email", maybe(Shape::Text(LINE)), "The person's address."),
    ]);
    Shape::List(Box::new(vip), MAX_ITEMS)
}

fn limits() -> Shape {
    let limits = [
        ("message_bytes", "Bytes of a message that are read."),
        ("header_bytes", "Bytes of a header."),
        ("headers", "Header fields."),
        ("parts", "MIME parts, attached messages included."),
        ("depth", "Depth of nesting."),
        ("text_bytes", "Bytes of text that are looked at."),
        ("links", "Links."),
        ("files", "Files in attachments."),
        ("file_bytes", "Bytes of files in attachments."),
        ("pages", "Pages of a document."),
        ("pixels", "Pixels of a picture."),
    ];
    Shape::Object(limits.into_iter().map(|(name, doc)| Field::optional(name, maybe(Shape::Count), doc)).collect())
}

fn layers() -> Shape {
    let layer = Shape::Object(vec![
        Field::required("list", Shape::Text(LAYERED), "The list."),
        Field::optional("domain", maybe(Shape::Text(LINE)), "Holds for recipients of this domain only."),
        Field::optional("user", maybe(Shape::Text(LINE)), "Holds for this recipient only."),
        Field::optional("enforced", Shape::Bool, "Narrower layers cannot take it back."),
        Field::optional("add", texts(ENTRY), "Entries that are added."),
        Field::optional("remove", texts(ENTRY), "Entries that no longer count."),
        Field::optional("add_file", maybe(Shape::Text(LINE)), "A list file of entries that are added."),
        Field::optional("remove_file", maybe(Shape::Text(LINE)), "A list file of entries that no longer count."),
    ]);
    Shape::List(Box::new(layer), MAX_ITEMS)
}

fn service() -> Shape {
    Shape::Object(vec![
        Field::optional("http", texts(ADDRESS), "Where HTTP is spoken."),
        Field::optional("milter", texts(ADDRESS), "Where the milter protocol is spoken."),
        Field::optional("token_file", maybe(Shape::Text(LINE)), "Holds the bearer token of whatever changes state."),
        Field::optional("workers", Shape::Count, "Messages decided at once; 0: one for each core."),
        Field::optional("queue", Shape::Count, "Messages that wait for a worker."),
        Field::optional("message_bytes", Shape::Count, "Bytes of one message."),
        Field::optional(
            "memory_bytes",
            Shape::Count,
            "Bytes of all messages: half for those that are received and wait, half for deciding.",
        ),
        Field::optional("connections", Shape::Count, "Open connections, HTTP and milter each."),
        Field::optional("seconds", seconds(), "Bounds on time, in seconds."),
        Field::optional("on_error", Shape::OneOf(POLICIES), "Milter: a message without a verdict."),
        Field::optional("on_oversize", Shape::OneOf(POLICIES), "Milter: a message above `message_bytes`."),
        Field::optional("headers", Shape::OneOf(&["always", "flagged", "never"]), "Which messages get result headers."),
        Field::optional(
            "actions",
            Shape::Map(ACTION, Box::new(Shape::OneOf(EFFECTS))),
            "What the site's own actions do.",
        ),
        Field::optional("reload", reload(), "How changes of packs are noticed."),
        Field::optional("breaker", breaker(), "The circuit breaker."),
        Field::optional("log", log(), "What is logged."),
    ])
}

fn seconds() -> Shape {
    Shape::Object(vec![
        Field::optional("header", Shape::Count, "For a request's header, and between requests."),
        Field::optional("body", Shape::Count, "For a request's body."),
        Field::optional("answer", Shape::Count, "From the last byte to the answer."),
        Field::optional("milter", Shape::Count, "Between two commands of a milter connection."),
        Field::optional("drain", Shape::Count, "For messages in flight when the service ends."),
    ])
}

fn reload() -> Shape {
    Shape::Object(vec![
        Field::optional("notify", Shape::Bool, "Ask the file system to tell of changes."),
        Field::optional("quiet_milliseconds", Shape::Count, "Quiet before a change counts as complete."),
        Field::optional("poll_seconds", Shape::Count, "How often to look without being told."),
        Field::optional("tests", Shape::Bool, "Run the tests of packs before they replace the running ones."),
    ])
}

fn breaker() -> Shape {
    Shape::Object(vec![
        Field::optional("rates", maybe(Shape::Text(LINE)), "What `ruleeval run --write-rates` wrote."),
        Field::optional("state", maybe(Shape::Text(LINE)), "Remembers held rules over restarts."),
        Field::optional("ratio", Shape::Number(1.0, 1e9), "The change of a rate that must be noticed, above 1."),
        Field::optional(
            "false_alarm",
            Shape::Number(0.0, 1.0),
            "One false alarm in so many messages, as its reciprocal.",
        ),
        Field::optional("least", Shape::Count, "Messages before any rule trips."),
    ])
}

fn log() -> Shape {
    Shape::Object(vec![
        Field::optional("format", Shape::OneOf(&["text", "json"]), "For people or for machines."),
        Field::optional("level", Shape::OneOf(&["error", "warn", "info", "debug"]), "From which level on."),
    ])
}

/// The published JSON schema of `ruleeval.yaml`.
pub(crate) fn schema() -> Value {
    shape().document("ruleeval.schema.json", "ruleeval.yaml, the configuration of ruleeval")
}

/// The document, or everything that is wrong with it, a line each, with places.
pub(super) fn read(name: &str, text: &str) -> Result<Value, String> {
    let said = |problem: &Problem| {
        let (line, column) = place(text, problem.at.start);
        let help = problem.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{name}:{line}:{column}: {}{help}", problem.message)
    };
    let node = Node::parse(text).map_err(|malformed| {
        let (line, column) = place(text, malformed.at);
        format!("{name}:{line}:{column}: {}", malformed.message)
    })?;
    let problems = shape().check(&node, "the configuration");
    if problems.is_empty() {
        return Ok(node.to_json());
    }
    Err(problems.iter().map(said).collect::<Vec<_>>().join("\n"))
}

/// Line and column of an offset, from 1, columns in characters.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}
