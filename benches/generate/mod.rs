//! Generated rules shaped like real ones. Deterministic.
//!
//! The mix follows a count over 1,189 public detection rules: what they ask first (a link 32 %, an
//! attachment 24 %, words in subject, body or display name 22 %, an exact sender 12 %, a header
//! field 3 %, the rest a look-alike of a brand), which texts hold their patterns, how often the
//! same block stands in many rules (the high-trust block in 22 %, the sender's history in 12 %),
//! one regex for two literals, one regex in twelve without a usable literal, quantifiers up to
//! three deep. One rule in fifty reads a slot of a template of its own: those are not of that count.

mod words;

use std::fmt::Write;
use words::{BRANDS, EXTENSIONS, SYLLABLES, TLDS, WORDS};

/// Blocks that real rule sets paste into many rules.
const SHARED: &str = "list high_trust: domain = [\"microsoft.com\", \"google.com\", \"apple.com\", \"amazon.com\", \"paypal.com\", \"dropbox.com\", \"adobe.com\", \"github.com\", \"zoom.us\", \"slack.com\"]
list free_hosts: domain = [\"github.io\", \"netlify.app\", \"vercel.app\", \"pages.dev\", \"web.app\", \"glitch.me\"]

def distrusted =
  sender.email.domain.root_domain not in $high_trust or not (auth.dmarc == pass)

def is_stranger =
  not profile.by_sender().solicited
  and not profile.by_sender().any_messages_benign

def is_bounce =
  sender.email.local_part in~ (\"postmaster\", \"mailer-daemon\", \"administrator\")

def names_phone(text: string) =
  text matches /\\+?1?[ .-]?\\(?\\d{3}\\)?[ .-]?\\d{3}[ .-]?\\d{4}/

";

struct Dice(u64);

impl Dice {
    /// A step of a linear congruential generator (Knuth's MMIX constants).
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() % limit
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    /// A brand; a known one for one rule in four.
    fn brand(&mut self) -> String {
        if self.percent(25) {
            return self.pick(&BRANDS).to_owned();
        }
        (0..3 + self.below(2)).map(|_| self.pick(&SYLLABLES)).collect()
    }

    fn domain(&mut self) -> String {
        format!("{}.{}", self.brand(), self.pick(&TLDS))
    }

    /// A phrase of two to four words, seldom a single word.
    fn phrase(&mut self) -> String {
        let words = match self.below(20) {
            0 => return self.pick(&WORDS).to_owned(),
            1..=9 => 2,
            10..=16 => 3,
            _ => 4,
        };
        let glue = [" ", " ", " your ", " the "];
        let mut phrase = self.pick(&WORDS).to_owned();
        for _ in 1..words {
            let glue = glue[self.below(glue.len())];
            phrase = format!("{phrase}{glue}{}", self.pick(&WORDS));
        }
        phrase
    }

    fn phrases(&mut self) -> String {
        let count = [1, 1, 1, 2, 2, 3, 5][self.below(7)];
        (0..count).map(|_| format!("'{}'", self.phrase())).collect::<Vec<_>>().join(", ")
    }

    /// A regex as rules write them: words with something bounded between them, variants, digits.
    fn regex(&mut self) -> String {
        let (a, b) = (self.pick(&WORDS), self.pick(&WORDS));
        match self.below(12) {
            0 => r"\b[A-Z]{2,4}[ #-]?\d{5,9}\b".to_owned(),
            1..=3 => format!(r"\b{a}\W{{1,4}}(?:\w+\W+){{0,2}}{b}\b"),
            4 | 5 => format!(r"{a}s?[ _-]{b}"),
            6 | 7 => format!(r"(?:{a}|{}) (?:has been|was|is) {b}", self.pick(&WORDS)),
            8 | 9 => format!(r"{b}.{{0,20}}{}", self.brand()),
            10 => format!(r"^{a}:? {b}"),
            _ => format!(r"{}[ _-]?{a}", self.brand()),
        }
    }

    /// A question about one text.
    fn words_in(&mut self, text: &str) -> String {
        match self.below(10) {
            0..=3 => format!("strings.icontains({text}, {})", self.phrases()),
            4..=6 => format!("regex.icontains({text}, '{}')", self.regex()),
            7 => format!("strings.ilike({text}, '*{}*')", self.phrase()),
            8 => format!("strings.istarts_with({text}, '{}')", self.phrase()),
            _ => format!("strings.contains({text}, '{}')", self.phrase()),
        }
    }

    /// A text, as often as real rules ask it.
    fn text(&mut self) -> &'static str {
        match self.below(100) {
            0..=38 => "subject.subject",
            39..=72 => "body.current_thread.text",
            73..=86 => "sender.display_name",
            87..=91 => "subject.base",
            92..=95 => "body.html.display_text",
            _ => "body.html.raw",
        }
    }

    /// A condition on one link.
    fn link(&mut self) -> String {
        match self.below(10) {
            0..=3 => format!(".href_url.domain.root_domain == \"{}\"", self.domain()),
            4 => format!(".href_url.domain.root_domain in (\"{}\", \"{}\")", self.domain(), self.domain()),
            5 => format!(".href_url.domain.domain == \"{}.{}\"", self.pick(&WORDS), self.domain()),
            6 => format!("strings.icontains(.href_url.path, '/{}/{}')", self.pick(&WORDS), self.brand()),
            7 => format!("regex.icontains(.href_url.query_params, '{}=[a-z0-9]{{6,}}')", self.pick(&WORDS)),
            8 => ".href_url.domain.domain in $free_hosts".to_owned(),
            _ => format!("strings.icontains(.href_url.url, '{}-{}')", self.brand(), self.pick(&WORDS)),
        }
    }

    fn link_words(&mut self) -> String {
        self.words_in(".display_text")
    }

    fn links(&mut self) -> String {
        let list = if self.percent(15) { "body.current_thread.links" } else { "body.links" };
        let (link, words) = (self.link(), self.link_words());
        match self.below(6) {
            0 | 1 => format!("any({list}, {link})"),
            2 | 3 => format!("any({list}, {link} and {words})"),
            4 => format!("length(filter({list}, {link})) > 0"),
            _ => format!("any({list}, {words}) and length({list}) < {}", 5 + self.below(20)),
        }
    }

    fn attachments(&mut self) -> String {
        let extension = self.pick(&EXTENSIONS);
        let other = self.pick(&EXTENSIONS);
        let name = self.words_in(".file_name");
        match self.below(6) {
            0 | 1 => format!("any(attachments, .file_extension in~ (\"{extension}\", \"x{other}\") and {name})"),
            2 => format!("any(filter(attachments, .file_extension == \"{extension}\"), {name})"),
            3 => format!("length(attachments) == 1 and any(attachments, {name})"),
            4 => format!(
                "any(attachments, .file_extension == \"{extension}\" and any(file.explode(.), strings.icontains(.file_name, '{}')))",
                self.phrase()
            ),
            _ => format!("any(attachments, .content_type == \"application/{}\" and {name})", self.brand()),
        }
    }

    fn sender(&mut self) -> String {
        let brand = self.domain();
        let word = self.pick(&WORDS);
        match self.below(4) {
            0 | 1 => format!("sender.email.email == \"{word}@{brand}\""),
            2 => format!("sender.email.domain.root_domain == \"{brand}\""),
            _ => format!("headers.return_path.domain.root_domain == \"{brand}\""),
        }
    }

    fn header(&mut self) -> String {
        format!(
            "any(headers.hops, any(.fields, .name =~ \"X-{}-Id\" and .value contains \"{}\"))",
            self.brand(),
            self.pick(&WORDS)
        )
    }

    fn look_alike(&mut self) -> String {
        let brand = self.brand();
        let root = format!("{brand}.com");
        let near = if self.percent(50) {
            format!(" or strings.ilevenshtein(sender.display_name, '{brand}') <= 1")
        } else {
            String::new()
        };
        format!(
            "(strings.ilike(sender.display_name, '*{brand}*'){near}) and sender.email.domain.root_domain != \"{root}\""
        )
    }

    /// A genuine notification of a service, in one or two languages.
    fn template(&mut self, name: &str) -> String {
        let domain = self.domain();
        let mut out = format!("template {name} {{\n  from: \"no-reply@{domain}\"\n  links: [\"{domain}\"]\n");
        for variant in 0..=self.below(2) {
            let (subject, body, end) = (self.phrase(), self.phrase(), self.phrase());
            let _ = write!(
                out,
                "  variant v{variant} {{\n    subject: \"{subject} {variant} of {{who}}\"\n    body: \"\"\"\n      {body}: {{note}}\n      {end} at {domain}\n    \"\"\"\n  }}\n"
            );
        }
        out + "}\n"
    }

    /// A question about what the sender chose in a notification of a service.
    fn slot(&mut self, template: &str) -> String {
        let slot = format!("template({template}).note");
        format!("template({template}).matched and {}", self.words_in(&slot))
    }

    fn clauses(&mut self, template: Option<&str>) -> Vec<String> {
        let mut clauses = Vec::new();
        if let Some(template) = template {
            clauses.push(self.slot(template));
            return clauses;
        }
        if !self.percent(1) {
            clauses.push("type.inbound".to_owned());
        }
        match self.below(100) {
            0..=31 => {
                clauses.push(self.links());
                if self.percent(60) {
                    clauses.push(self.topic());
                }
            }
            32..=55 => {
                clauses.push(self.attachments());
                if self.percent(30) {
                    clauses.push(self.topic());
                }
            }
            56..=77 => clauses.push(self.topic()),
            78..=89 => {
                clauses.push(self.sender());
                clauses.push(self.topic());
            }
            90..=92 => clauses.push(self.header()),
            _ => clauses.push(self.look_alike()),
        }
        if self.percent(22) {
            clauses.push("distrusted".to_owned());
        }
        if self.percent(12) {
            clauses.push("is_stranger".to_owned());
        }
        if self.percent(6) {
            clauses.push("length(recipients.to) == 1".to_owned());
        }
        if self.percent(5) {
            clauses.push("not is_bounce".to_owned());
        }
        if self.percent(30) {
            clauses.push(format!(
                "sender.email.domain.root_domain not in (\"{}\", \"{}\")",
                self.domain(),
                self.domain()
            ));
        }
        clauses
    }

    /// Words of the subject or body, alone or several of a few.
    fn topic(&mut self) -> String {
        let text = self.text();
        match self.below(10) {
            0..=4 => self.words_in(text),
            5 | 6 => {
                let operands: Vec<String> = (0..3 + self.below(3))
                    .map(|_| {
                        let text = self.text();
                        self.words_in(text)
                    })
                    .collect();
                format!("2 of ({})", operands.join(", "))
            }
            7 => format!("({} or {})", self.words_in(text), self.words_in("subject.subject")),
            8 => format!("any([subject.subject, body.current_thread.text], {})", self.words_in(".")),
            _ => format!("{} and names_phone(body.current_thread.text)", self.words_in(text)),
        }
    }
}

/// `count` rules; each has a warning more if asked for.
pub(crate) fn rules(count: usize, with_warning: bool) -> String {
    let mut out = String::from(SHARED);
    for index in 0..count {
        one(&mut out, index, with_warning);
    }
    out
}

/// The blocks that all rules share, and rules in files of so many.
#[allow(dead_code)] // not every bench has use for it
pub(crate) fn files(count: usize, per_file: usize) -> Vec<String> {
    let mut files = vec![String::from(SHARED)];
    for start in (0..count).step_by(per_file) {
        let mut out = String::new();
        (start..count.min(start + per_file)).for_each(|index| one(&mut out, index, false));
        files.push(out);
    }
    files
}

fn one(out: &mut String, index: usize, with_warning: bool) {
    let mut dice = Dice(index as u64 * 7919 + 1);
    (0..3).for_each(|_| _ = dice.next());
    let template = dice.percent(2).then(|| format!("notice_{index}"));
    if let Some(template) = &template {
        out.push_str(&dice.template(template));
    }
    let mut clauses = dice.clauses(template.as_deref());
    if with_warning {
        clauses.push("(sender.display_name contains \"x\" or sender.display_name contains \"x\")".to_owned());
    }
    let _ = write!(
        out,
        "rule generated_{index} {{\n  meta:\n    severity = medium\n  when:\n    {}\n",
        clauses.join("\n    and ")
    );
    if dice.percent(30) {
        let _ =
            writeln!(out, "  unless:\n    reply: subject.is_reply and length(body.previous_threads) > {}", index % 3);
    }
    out.push_str("}\n");
}
