//! Splits a body into what the sender wrote now and what is quoted below.

use super::address::Mailbox;
use super::subject::Subject;
use aho_corasick::AhoCorasick;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// The newest text of a conversation.
#[derive(Clone, Debug, Default)]
pub struct Thread {
    /// What the sender wrote, banners removed.
    pub text: Arc<str>,
    /// Warnings that a gateway put above it.
    pub banners: Vec<Arc<Banner>>,
    /// Legal notices that stand below it.
    pub disclaimers: Vec<Arc<str>>,
}

/// A warning that a gateway put above the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// Its text.
    pub text: Arc<str>,
}

/// Quoted mail.
#[derive(Clone, Debug, Default)]
pub struct PreviousThread {
    /// The quoted text.
    pub text: Arc<str>,
    /// The line or block that introduces it.
    pub preamble: Option<Arc<str>>,
    /// Who wrote it.
    pub sender: Option<Arc<Mailbox>>,
    /// To whom.
    pub to: Vec<Arc<Mailbox>>,
    /// Copies.
    pub cc: Vec<Arc<Mailbox>>,
    /// Its subject.
    pub subject: Option<Arc<Subject>>,
    /// When, milliseconds since 1970.
    pub date: Option<i64>,
    /// Where it stands in the visible text: several stretches if answers stand between them.
    pub(super) ranges: Vec<Range<usize>>,
}

/// Most threads that are kept apart; the last one holds the rest.
const MAX_THREADS: usize = 100;

const FROM: [&str; 16] = [
    "from",
    "von",
    "de",
    "da",
    "van",
    "od",
    "från",
    "fra",
    "lähettäjä",
    "kimden",
    "от",
    "发件人",
    "寄件者",
    "差出人",
    "보낸 사람",
    "expéditeur",
];
const SENT: [&str; 31] = [
    "sent",
    "date",
    "gesendet",
    "datum",
    "envoyé",
    "enviado",
    "enviado el",
    "data",
    "inviato",
    "verzonden",
    "wysłano",
    "skickat",
    "sendt",
    "lähetetty",
    "gönderildi",
    "отправлено",
    "дата",
    "发送时间",
    "寄件日期",
    "送信日時",
    "보낸 날짜",
    "enviada em",
    "fecha",
    "dato",
    "tarih",
    "日期",
    "时间",
    "日期时间",
    "傳送時間",
    "日時",
    "날짜",
];
const TO: [&str; 17] = [
    "to",
    "an",
    "à",
    "para",
    "a",
    "aan",
    "do",
    "till",
    "til",
    "vastaanottaja",
    "kime",
    "кому",
    "收件人",
    "收件者",
    "宛先",
    "받는 사람",
    "destinataire",
];
const CC: [&str; 6] = ["cc", "kopie", "kopia", "copia", "копия", "抄送"];
const SUBJECT: [&str; 18] = [
    "subject",
    "betreff",
    "objet",
    "asunto",
    "assunto",
    "oggetto",
    "onderwerp",
    "temat",
    "ämne",
    "emne",
    "aihe",
    "konu",
    "тема",
    "主题",
    "主旨",
    "件名",
    "제목",
    "re",
];
/// Endings of "On ... wrote:" in the languages of common mail programs.
const WROTE: [&str; 33] = [
    "wrote:",
    "schrieb:",
    "a écrit :",
    "a écrit:",
    "escribió:",
    "escreveu:",
    "ha scritto:",
    "schreef:",
    "napisał(a):",
    "napisał:",
    "skrev:",
    "kirjoitti:",
    "yazdı:",
    "пишет:",
    "写道：",
    "写道:",
    "寫道：",
    "のメール:",
    "님이 작성:",
    "написал:",
    "wrote :",
    "folgendes geschrieben:",
    "het volgende geschreven:",
    "pisze:",
    "написал(а):",
    "написала:",
    "пишет :",
    "のメール：",
    "書き込みました:",
    "書きました:",
    "寫道:",
    "님이 작성했습니다:",
    "님이 작성함:",
];
/// Endings of attributions that people choose themselves: they count right above marked lines only.
const SAID: [&str; 8] =
    ["writes:", "said:", "says:", "mentioned:", "stated:", "stated the following:", "typed:", "skriver:"];
/// Lines that stand alone above quoted or forwarded mail.
const SEPARATORS: [&str; 50] = [
    "original message",
    "ursprüngliche nachricht",
    "originalnachricht",
    "message d'origine",
    "message d’origine",
    "mensaje original",
    "mensagem original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "forwarded message",
    "weitergeleitete nachricht",
    "message transféré",
    "mensaje reenviado",
    "mensagem encaminhada",
    "messaggio inoltrato",
    "begin forwarded message",
    "original-nachricht",
    "anfang der weitergeleiteten nachricht",
    "début du message transféré",
    "inicio del mensaje reenviado",
    "início da mensagem encaminhada",
    "inizio messaggio inoltrato",
    "begin doorgestuurd bericht",
    "doorgestuurd bericht",
    "doorgestuurde bericht",
    "początek przekazywanej wiadomości",
    "przekazana wiadomość",
    "wiadomość oryginalna",
    "oryginalna wiadomość",
    "начало переадресованного сообщения",
    "перенаправленное сообщение",
    "пересылаемое сообщение",
    "пересланное сообщение",
    "исходное сообщение",
    "転送されたメッセージ",
    "転送メッセージ",
    "元のメッセージ",
    "开始转发的邮件",
    "转发的消息",
    "转发邮件信息",
    "原始邮件",
    "原始郵件",
    "轉寄郵件",
    "轉寄訊息",
    "vidarebefordrat brev",
    "vidarebefordrat meddelande",
    "ursprungligt meddelande",
    "videresendt besked",
    "oprindelig meddelelse",
    "전달된 메시지",
];
/// Words between a time and a name.
const DATE_WORDS: [&str; 14] =
    ["am", "pm", "a.m", "p.m", "uhr", "schrieb", "schreef", "skrev", "utc", "gmt", "gmt+1", "cet", "est", "pst"];
/// Tags that gateways put before the text.
const TAGS: [&str; 5] = ["[external]", "[extern]", "[external email]", "[external sender]", "[externe]"];
const BANNERS: [&str; 11] = [
    "external email",
    "external sender",
    "this email originated from outside",
    "this message originated from outside",
    "this message was sent from outside",
    "you don't often get email from",
    "diese e-mail stammt von",
    "externe e-mail",
    "courriel externe",
    "correo externo",
    "diese nachricht kommt von außerhalb",
];

/// The visible text taken apart. `quote_at` is where an element says that quoted mail begins.
pub(super) fn split(text: &str, quote_at: Option<usize>) -> (Thread, Vec<PreviousThread>) {
    let mut cuts = cuts(text);
    if let Some(at) = quote_at.filter(|at| text.is_char_boundary(*at) && !introduced(text, &cuts, *at)) {
        cuts.push(at);
    }
    cuts.sort_unstable();
    // An element and the line in it mark the same place.
    cuts.dedup_by(|later, earlier| text.get(*earlier..*later).is_none_or(|between| between.trim().is_empty()));
    cuts.truncate(MAX_THREADS);
    let first = cuts.first().copied().unwrap_or(text.len());
    let mut own = text[..first].to_owned();
    let mut previous = Vec::new();
    // Below mail that is quoted without marks stands nothing of the sender's own.
    let mut below = false;
    for (index, start) in cuts.iter().copied().enumerate() {
        let next = cuts.get(index + 1).copied().unwrap_or(text.len());
        let piece = &text[start..next];
        below |= !piece.lines().any(is_marked);
        let end = end_of_marked(piece).filter(|_| !below).map_or(next, |length| start + length);
        // What follows marked lines without a mark is the sender's own.
        own.push_str(&text[end..next]);
        let thread = quoted(&text[start..end], start..end);
        match previous.last_mut() {
            Some(before) if thread.continues(before, text) => thread.continue_in(before),
            _ => previous.push(thread),
        }
    }
    previous.retain(|thread| !thread.text.is_empty() || thread.preamble.is_some());
    (current(&own), previous)
}

fn is_marked(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// True if the line before says already that a quotation follows at `at`.
fn introduced(text: &str, cuts: &[usize], at: usize) -> bool {
    let before = cuts.iter().rev().find(|cut| **cut < at).and_then(|cut| text.get(*cut..at));
    before.is_some_and(|between| {
        between.len() < 1500 && between.lines().filter(|line| !line.trim().is_empty()).count() <= 3
    })
}

/// Where lines marked with `>` end, if the quotation is marked so and something else follows.
fn end_of_marked(text: &str) -> Option<usize> {
    let lines = lines(text);
    let introduction = lines.iter().take_while(|(_, line)| !is_marked(line));
    let introduction = introduction.filter(|(_, line)| !line.trim().is_empty()).take(4).count();
    if introduction > 3 || introduction > 0 && !is_attribution(&lines, lines.iter().position(not_blank)?) {
        return None;
    }
    let mut marked = lines.iter().skip_while(|(_, line)| !is_marked(line));
    marked.find(|(_, line)| !is_marked(line) && !line.trim().is_empty()).map(|(at, _)| *at)
}

fn not_blank((_, line): &(usize, &str)) -> bool {
    !line.trim().is_empty()
}

fn current(text: &str) -> Thread {
    let mut banners = Vec::new();
    let mut rest = text.trim();
    while let Some((banner, after)) = first_banner(rest).filter(|_| banners.len() < 4) {
        banners.push(Arc::new(Banner { text: banner.into() }));
        rest = after.trim_start();
    }
    // A text that is nothing but a banner is the text.
    if rest.is_empty() {
        banners.clear();
        rest = text.trim();
    }
    let (rest, disclaimers) = without_disclaimers(rest);
    Thread { text: rest.into(), banners, disclaimers }
}

/// What legal notices below a text say, in the ten most common languages.
const DISCLAIMERS: [&str; 30] = [
    "intended recipient",
    "this email and any attachments",
    "this e-mail and any attachments",
    "this message and any attachments",
    "confidentiality notice",
    "may contain confidential",
    "is confidential and",
    "are confidential and",
    "vertrauliche und/oder rechtlich",
    "vertrauliche informationen",
    "nicht der richtige adressat",
    "nicht der beabsichtigte empfänger",
    "ce message et toutes les pièces jointes",
    "ce message est confidentiel",
    "destinataire prévu",
    "este mensaje y sus archivos adjuntos",
    "este mensaje es confidencial",
    "aviso de confidencialidad",
    "esta mensagem pode conter",
    "aviso de confidencialidade",
    "questo messaggio e i suoi allegati",
    "avviso di riservatezza",
    "dit bericht is vertrouwelijk",
    "de informatie in dit bericht",
    "niniejsza wiadomość",
    "informacje zawarte w tej wiadomości",
    "конфиденциальную информацию",
    "конфиденциальна и предназначена",
    "本メールには機密情報",
    "本邮件及其附件",
];
/// Most notices below a text, and the longest one, in bytes.
const MOST_DISCLAIMERS: usize = 4;
const LONGEST_DISCLAIMER: usize = 4_000;

/// Takes legal notices off the end of a text. One that names an address, a link or a number that could
/// be dialled stays in the text too: a lure may be dressed as one.
fn without_disclaimers(text: &str) -> (&str, Vec<Arc<str>>) {
    let mut found: Vec<Arc<str>> = Vec::new();
    let mut rest = text;
    let mut searched = text;
    while found.len() < MOST_DISCLAIMERS {
        let start = last_paragraph(searched);
        let paragraph = searched[start..].trim();
        if start == 0 || paragraph.len() > LONGEST_DISCLAIMER || !is_disclaimer(paragraph) {
            break;
        }
        searched = searched[..start].trim_end();
        found.push(paragraph.into());
        if rest.len() > searched.len() && !leads_somewhere(paragraph) && rest.trim_end().ends_with(paragraph) {
            rest = searched;
        }
    }
    found.reverse();
    (rest, found)
}

/// Where the last paragraph begins: after a blank line, or the last line.
fn last_paragraph(text: &str) -> usize {
    let blank = text.rfind("\n\n").or_else(|| text.rfind("\n\r\n"));
    blank.or_else(|| text.rfind('\n')).map_or(0, |at| at + 1)
}

fn is_disclaimer(paragraph: &str) -> bool {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(DISCLAIMERS).ok());
    let lower = paragraph.to_lowercase().replace(['\r', '\n'], " ");
    WORDS.as_ref().is_some_and(|words| words.is_match(&lower))
}

fn leads_somewhere(paragraph: &str) -> bool {
    let digits = paragraph.bytes().filter(u8::is_ascii_digit).count();
    digits >= 7 || paragraph.contains('@') || paragraph.contains("http") || paragraph.contains("www.")
}

/// A banner at the beginning of the text, and what follows it.
fn first_banner(text: &str) -> Option<(&str, &str)> {
    let (line, after) = text.split_at(text.find('\n').unwrap_or(text.len()));
    let lower: String = line.chars().take(400).collect::<String>().to_lowercase().replace('’', "'");
    // A tag stands before the sender's text, a warning alone on its line.
    if let Some(tag) = TAGS.iter().find(|tag| lower.starts_with(**tag)) {
        return Some((line.get(..tag.len())?, text.get(tag.len()..)?));
    }
    let short = line.len() <= 400;
    let warns = ["caution", "warning", "attention", "achtung", "warnung", "vorsicht", "avertissement", "[extern"];
    let outside = ["outside", "external", "extern", "außerhalb", "extérieur", "externo", "esterno"];
    let cautions = warns.iter().any(|word| lower.starts_with(word)) && outside.iter().any(|word| lower.contains(word));
    (short && (cautions || BANNERS.iter().any(|banner| lower.starts_with(banner)))).then_some((line.trim(), after))
}

/// Offsets of lines that begin quoted mail.
fn cuts(text: &str) -> Vec<usize> {
    let lines = lines(text);
    let mut cuts = Vec::new();
    let mut in_header_until = 0;
    let mut in_quote = false;
    for (index, (at, line)) in lines.iter().enumerate() {
        let trimmed = line.trim();
        let quoted = trimmed.starts_with('>');
        if *at < in_header_until {
            continue;
        }
        let quoted = quoted && !is_smtp_dialogue(trimmed);
        if quoted && !in_quote && !follows_attribution(&lines, index) {
            cuts.push(*at);
        }
        in_quote = quoted || in_quote && trimmed.is_empty();
        if quoted {
            continue;
        }
        if let Some(end) = attribution_end(&lines, index) {
            cuts.push(*at);
            in_header_until = lines.get(end).map_or(usize::MAX, |(at, _)| *at);
            continue;
        }
        if is_separator(trimmed) && !is_footer(&lines, index) {
            cuts.push(*at);
        }
        if let Some(end) = header_block(&lines, index) {
            let separated = index > 0 && cuts.last().is_some_and(|cut| text[*cut..*at].lines().count() <= 2);
            if !separated {
                cuts.push(*at);
            }
            in_header_until = end;
        }
    }
    cuts
}

/// `>>> DATA` in the transcript of a bounce.
fn is_smtp_dialogue(line: &str) -> bool {
    const VERBS: [&str; 9] = ["DATA", "EHLO", "HELO", "MAIL", "RCPT", "QUIT", "RSET", "STARTTLS", "AUTH"];
    line.strip_prefix(">>> ").is_some_and(|rest| VERBS.iter().any(|verb| rest.starts_with(verb)))
}

fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        found.push((at, line));
        at += line.len();
    }
    found
}

/// `-----Original Message-----`, `________________`, `Begin forwarded message:`
fn is_separator(line: &str) -> bool {
    let ruler = line.len() >= 20 && line.bytes().all(|byte| byte == b'_');
    let framed = line.starts_with('-') || line.ends_with([':', '：']);
    // PERF: most lines are none of it.
    if !(ruler || framed && line.len() < 100) {
        return false;
    }
    let bare = line.trim_matches(['-', '_', '=', ' ', '*', ':', '：']).to_lowercase();
    ruler || framed && line.len() < 100 && SEPARATORS.contains(&bare.as_str())
}

/// A ruler without a header block below it: the footer of a mailing list, or an ornament.
fn is_footer(lines: &[(usize, &str)], index: usize) -> bool {
    let is_ruler = lines.get(index).is_some_and(|(_, line)| line.trim().bytes().all(|byte| byte == b'_'));
    let below = (index + 1..lines.len()).take(4).find(|below| !lines[*below].1.trim().is_empty());
    is_ruler && below.is_none_or(|below| header_block(lines, below).is_none())
}

fn is_attribution(lines: &[(usize, &str)], index: usize) -> bool {
    attribution_end(lines, index).is_some()
}

/// `On Mon, 3 Mar 2025 at 10:11, Ann <ann@example.com> wrote:`, on up to three lines; gives the
/// line after it.
fn attribution_end(lines: &[(usize, &str)], index: usize) -> Option<usize> {
    let first = lines.get(index)?.1.trim();
    if first.is_empty() || first.len() > 400 {
        return None;
    }
    for (offset, (_, line)) in lines.iter().skip(index).take(3).enumerate() {
        let line = line.trim();
        if line.is_empty() || line.len() > 400 {
            break;
        }
        // PERF: most lines end in no colon, as every attribution does.
        if !line.ends_with([':', '：']) {
            continue;
        }
        let joined: Vec<&str> = lines[index..=index + offset].iter().map(|(_, line)| line.trim()).collect();
        let lower = spaced(&joined.join(" ")).to_lowercase();
        let end = index + offset + 1;
        let said = introduces(&lower) && marked_below(lines, end);
        if said || ends_attribution(&lower) {
            // `Ann Example wrote:` right above marked lines.
            let short = offset == 0 && (said || lower.len() < 100) && !without_verb(line).is_empty();
            if short && marked_below(lines, end) {
                return Some(end);
            }
            let dated = lower.bytes().any(|byte| byte.is_ascii_digit());
            // The first of the lines must carry part of it, not be ordinary text above.
            let holds = dated
                && (lower.contains('@') || lower.contains(',') || lower.contains(':'))
                && begins_attribution(first)
                && !(1..=offset).any(|later| opens_later(lines, index + later));
            return holds.then_some(end);
        }
    }
    None
}

/// `Ann Example <ann@example.com> writes:`
fn introduces(lower: &str) -> bool {
    let dated = || opens_attribution(lower) && lower.split([' ', ',']).any(is_date_word);
    let said = || SAID.iter().any(|ending| lower.ends_with(ending));
    lower.ends_with(':') && lower.len() < 300 && (said() || lower.contains('@') || dated())
}

/// Spaces that keep words on one line are spaces: French programs write `a écrit\u{a0}:`.
fn spaced(line: &str) -> Cow<'_, str> {
    const KEPT: [char; 2] = ['\u{a0}', '\u{202f}'];
    if line.is_ascii() || !line.contains(KEPT) { Cow::Borrowed(line) } else { Cow::Owned(line.replace(KEPT, " ")) }
}

fn marked_below(lines: &[(usize, &str)], index: usize) -> bool {
    let below = lines.iter().skip(index).map(|(_, line)| line.trim()).find(|line| !line.is_empty());
    below.is_some_and(|line| line.starts_with('>'))
}

/// A whole attribution begins on a line of its own: what stands above it is the sender's text,
/// even if it begins with a day ("Thursday suits me.").
fn opens_later(lines: &[(usize, &str)], index: usize) -> bool {
    let opens = lines.get(index).is_some_and(|(_, line)| opens_attribution(&spaced(line.trim()).to_lowercase()));
    opens && is_attribution(lines, index)
}

/// Languages that put the verb first end with the address: `... schrieb Ann <ann@example.com>:`
fn ends_attribution(lower: &str) -> bool {
    let dated = || lower.split([' ', '月', ',']).any(is_date_word);
    let with_address = || lower.ends_with(">:") && lower.contains('@') && dated();
    let verb_first = || {
        let verbs = [" schrieb ", " schreef ", " skrev ", " napisana przez "];
        let named = lower.ends_with(':') && verbs.iter().any(|verb| lower.contains(verb));
        named && lower.len() < 200 && dated()
    };
    WROTE.iter().any(|ending| lower.ends_with(ending)) || with_address() || verb_first()
}

/// A time or a year.
fn is_date_word(word: &str) -> bool {
    let word = word.trim_end_matches([',', '.']);
    let time = word.split_once([':', '.']).is_some_and(|(hour, rest)| {
        (1..=2).contains(&hour.len()) && rest.len() >= 2 && rest.bytes().all(|b| b.is_ascii_digit() || b == b':')
    });
    time || word.len() == 4 && word.starts_with("20") && word.bytes().all(|b| b.is_ascii_digit())
}

fn begins_attribution(first: &str) -> bool {
    let words = || first.split([' ', ',']);
    let has_year = || words().any(|word| word.len() == 4 && word.starts_with("20") && is_date_word(word));
    let has_time = || words().any(|word| word.contains([':', '.']) && is_date_word(word));
    opens_attribution(&spaced(first).to_lowercase())
        || first.starts_with(|c: char| c.is_ascii_digit())
        || first.contains('@')
        || has_year() && has_time()
}

fn opens_attribution(lower: &str) -> bool {
    let openers = [
        "on ",
        "am ",
        "le ",
        "el ",
        "em ",
        "il ",
        "op ",
        "dnia ",
        "w dniu ",
        "den ",
        "ti ",
        "ma ",
        "ke ",
        "to ",
        "pe ",
        "la ",
        "su ",
        "在",
        "於",
        "tarihinde",
        "wiadomość napisana",
        "no dia ",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    ];
    openers.iter().any(|opener| lower.starts_with(opener))
}

fn follows_attribution(lines: &[(usize, &str)], index: usize) -> bool {
    let mut before = lines[..index].iter().rev().map(|(_, line)| line.trim()).filter(|line| !line.is_empty());
    before.next().is_some_and(|line| {
        let lower = spaced(line).to_lowercase();
        ends_attribution(&lower) || introduces(&lower) || is_separator(line)
    })
}

/// `From: ... Sent: ... To: ... Subject: ...`: at least three of them within a few lines, the
/// first being the sender. Gives the offset after the block.
fn header_block(lines: &[(usize, &str)], index: usize) -> Option<usize> {
    let (_, first) = lines.get(index)?;
    let (key, _) = header_line(first)?;
    if key != Key::From {
        return None;
    }
    let mut kinds = vec![Key::From];
    let mut end = index + 1;
    for (offset, (_, line)) in lines.iter().skip(index + 1).take(10).enumerate() {
        if let Some((key, _)) = header_line(line) {
            if !kinds.contains(&key) {
                kinds.push(key);
            }
            end = index + offset + 2;
        } else if line.trim().is_empty() {
            break;
        }
    }
    (kinds.len() >= 3).then(|| lines.get(end).map_or(usize::MAX, |(at, _)| *at))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    From,
    Sent,
    To,
    Cc,
    Subject,
}

fn header_line(line: &str) -> Option<(Key, &str)> {
    let line = line.trim().trim_start_matches(['*', '>', ' ']);
    // PERF: the colon is not looked for beyond the longest name.
    let (key, _) = line[..line.floor_char_boundary(LONGEST_KEY)].split_once([':', '：'])?;
    let rest = &line[key.len()..];
    let value = rest.strip_prefix([':', '：']).unwrap_or(rest);
    if key.chars().count() > 20 {
        return None;
    }
    let key = key.trim().trim_matches('*').trim().to_lowercase();
    Some((*KEYS.get(&*key)?, value.trim_start_matches('*').trim()))
}

/// More bytes than the name of a field and its colon take.
const LONGEST_KEY: usize = 20 * 4 + 3;

static KEYS: LazyLock<HashMap<&'static str, Key>> = LazyLock::new(|| {
    let of = |names: &[&'static str], key| names.iter().map(|name| (*name, key)).collect::<Vec<_>>();
    let kinds =
        [of(&SUBJECT, Key::Subject), of(&CC, Key::Cc), of(&TO, Key::To), of(&SENT, Key::Sent), of(&FROM, Key::From)];
    kinds.into_iter().flatten().collect()
});

/// Reads who, to whom, what and when from the beginning of quoted mail.
fn quoted(text: &str, range: Range<usize>) -> PreviousThread {
    let mut thread = PreviousThread { ranges: vec![range], ..PreviousThread::default() };
    let lines = lines(text);
    let mut body = 0;
    let mut headers = 0;
    for (index, (at, line)) in lines.iter().take(16).enumerate() {
        let trimmed = line.trim();
        if let Some((key, value)) = header_line(line) {
            thread.set(key, value);
            headers += 1;
        } else if trimmed.is_empty() && headers == 0 || is_separator(trimmed) {
            // Rulers and blank lines before the block belong to it.
        } else if headers == 0
            && let Some(end) = attribution_end(&lines, index)
        {
            let until = lines.get(end).map_or(text.len(), |(at, _)| *at);
            thread.attribution(text[..until].trim());
            body = until;
            break;
        } else {
            break;
        }
        body = at + line.len();
    }
    let preamble = text[..body].trim();
    thread.preamble = (!preamble.is_empty()).then(|| preamble.into());
    thread.text = unquote(&text[body..]).into();
    thread
}

impl PreviousThread {
    /// Marked lines between which the sender answers are one message.
    fn continues(&self, before: &Self, text: &str) -> bool {
        let marked = |thread: &Self, line: fn(&str) -> bool| {
            thread.ranges.last().and_then(|range| text.get(range.clone())).is_some_and(line)
        };
        let open = before.text.is_empty() || marked(before, |quoted| quoted.lines().any(is_marked));
        self.preamble.is_none() && marked(self, is_marked) && open
    }

    fn continue_in(self, before: &mut Self) {
        before.text = format!("{}\n{}", before.text, self.text).trim().into();
        before.ranges.extend(self.ranges);
    }

    fn set(&mut self, key: Key, value: &str) {
        match key {
            Key::From => self.sender = mailbox(value),
            Key::Sent => self.date = date(value),
            Key::To => self.to = Mailbox::parse_list(value),
            Key::Cc => self.cc = Mailbox::parse_list(value),
            Key::Subject => self.subject = Some(Arc::new(Subject::parse(Some(value)))),
        }
    }

    /// `On DATE, NAME <ADDRESS> wrote:`
    fn attribution(&mut self, line: &str) {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        self.date = date(&line);
        let Some(open) = line.rfind('<') else {
            let name = name_before(without_verb(&line));
            self.sender = if name.contains('@') { mailbox(&name) } else { Mailbox::named(&name) };
            return;
        };
        let name = name_before(line[..open].trim().trim_end_matches(['(', ' ']));
        let address = line[open + 1..].split('>').next().unwrap_or("");
        self.sender = mailbox(&format!("\"{}\" <{}>", name.replace('"', ""), address.trim_start_matches("mailto:")));
    }
}

fn date(text: &str) -> Option<i64> {
    super::quote_date::seconds(text)?.checked_mul(1000)
}

/// `On Mon, Mar 3, 2025, Ann Example` of `On Mon, Mar 3, 2025, Ann Example wrote:`
fn without_verb(line: &str) -> &str {
    let lower = line.to_lowercase();
    let ending = WROTE
        .iter()
        .chain(&SAID)
        .filter(|ending| lower.ends_with(**ending))
        .map(|ending| ending.len())
        .max()
        .unwrap_or(0);
    // Lower case may be longer or shorter; then the verb stays.
    line.len().checked_sub(ending).and_then(|at| line.get(..at)).unwrap_or(line).trim().trim_end_matches([':', '：'])
}

/// The name at the end of `On Mon, Mar 3, 2025 at 10:11 AM Ann Example`.
fn name_before(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let of_date = |word: &&str| {
        let lower = word.trim_matches([',', ';', '.']).to_lowercase();
        is_date_word(word)
            || DATE_WORDS.contains(&lower.as_str())
            || lower.starts_with(['+', '-'])
            || lower.starts_with("gmt")
            || lower.starts_with("utc")
    };
    let start = words.iter().rposition(of_date).map_or(0, |last| last + 1);
    words.get(start..).unwrap_or_default().join(" ").trim_matches([',', ';', ' ']).to_owned()
}

fn mailbox(value: &str) -> Option<Arc<Mailbox>> {
    let cleaned = value.replace("[mailto:", "<").replace("[SMTP:", "<").replace("[smtp:", "<");
    let cleaned = cleaned.replace(']', ">").replace("mailto:", "");
    Mailbox::parse(&cleaned)
}

fn unquote(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(|line| line.trim_start_matches(['>', ' '])).collect();
    lines.join("\n").trim().to_owned()
}
