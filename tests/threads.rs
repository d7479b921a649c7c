//! Where quoted mail begins, by mail program and language: each introduction stands between a sentence
//! of the sender and one of the quoted mail.

use ruleeval::message::{Message, Settings};
use std::sync::Arc;

const OWN: &str = "Okay, I will pay it today.";
const QUOTED: &str = "Please find the invoice below.";

/// The introductions of one language: attributions of Gmail, Apple Mail, Yahoo and Thunderbird and
/// Outlook for telephones, the four header names of Outlook, and separators above forwarded mail.
struct Language {
    name: &'static str,
    attributions: [&'static str; 5],
    headers: [&'static str; 4],
    forwarded: [&'static str; 3],
}

const LANGUAGES: [Language; 12] = [
    Language {
        name: "English",
        attributions: [
            "On Tue, May 12, 2026 at 10:02 AM Ann Example <ann@example.com> wrote:",
            "On 12 May 2026, at 10:02, Ann Example <ann@example.com> wrote:",
            "On Tuesday, May 12, 2026 at 10:02:00 AM GMT+2, Ann Example <ann@example.com> wrote:",
            "On 5/12/26 10:02 AM, Ann Example wrote:",
            "On May 12, 2026 10:02, Ann Example <ann@example.com> wrote:",
        ],
        headers: ["From", "Sent", "To", "Subject"],
        forwarded: ["---------- Forwarded message ---------", "Begin forwarded message:", "-----Original Message-----"],
    },
    Language {
        name: "German",
        attributions: [
            "Am Di., 12. Mai 2026 um 10:02 Uhr schrieb Ann Example <ann@example.com>:",
            "Am 12.05.2026 um 10:02 schrieb Ann Example <ann@example.com>:",
            "Am Dienstag, 12. Mai 2026 um 10:02:00 MESZ hat Ann Example <ann@example.com> Folgendes geschrieben:",
            "Am 12.05.26 um 10:02 schrieb Ann Example:",
            "Ann Example <ann@example.com> schrieb am 12.05.2026 10:02:",
        ],
        headers: ["Von", "Gesendet", "An", "Betreff"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Anfang der weitergeleiteten Nachricht:",
            "-------- Weitergeleitete Nachricht --------",
        ],
    },
    Language {
        name: "French",
        attributions: [
            "Le mar. 12 mai 2026 à 10:02, Ann Example <ann@example.com> a écrit :",
            "Le 12 mai 2026 à 10:02, Ann Example <ann@example.com> a écrit :",
            "Le mardi 12 mai 2026 à 10:02:00 UTC+2, Ann Example <ann@example.com> a écrit :",
            "Le 12/05/2026 à 10:02, Ann Example a écrit :",
            "Le 12 mai 2026 10:02, Ann Example <ann@example.com> a écrit :",
        ],
        headers: ["De", "Envoyé", "À", "Objet"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Début du message transféré :",
            "-------- Message transféré --------",
        ],
    },
    Language {
        name: "Spanish",
        attributions: [
            "El mar, 12 may 2026 a las 10:02, Ann Example (<ann@example.com>) escribió:",
            "El 12 may 2026, a las 10:02, Ann Example <ann@example.com> escribió:",
            "El martes, 12 de mayo de 2026, 10:02:00 CEST, Ann Example <ann@example.com> escribió:",
            "El 12/5/26 a las 10:02, Ann Example escribió:",
            "El 12 de mayo de 2026 10:02:11 CEST, Ann Example <ann@example.com> escribió:",
        ],
        headers: ["De", "Enviado", "Para", "Asunto"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Inicio del mensaje reenviado:",
            "-------- Mensaje reenviado --------",
        ],
    },
    Language {
        name: "Portuguese",
        attributions: [
            "Em ter., 12 de mai. de 2026 às 10:02, Ann Example <ann@example.com> escreveu:",
            "Em 12 de mai. de 2026, à(s) 10:02, Ann Example <ann@example.com> escreveu:",
            "Em terça-feira, 12 de maio de 2026 10:02:00 BRT, Ann Example <ann@example.com> escreveu:",
            "Em 12/05/2026 10:02, Ann Example escreveu:",
            "No dia 12 de maio de 2026, às 10:02, Ann Example <ann@example.com> escreveu:",
        ],
        headers: ["De", "Enviada em", "Para", "Assunto"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Início da mensagem encaminhada:",
            "-------- Mensagem encaminhada --------",
        ],
    },
    Language {
        name: "Italian",
        attributions: [
            "Il giorno mar 12 mag 2026 alle ore 10:02 Ann Example <ann@example.com> ha scritto:",
            "Il giorno 12 mag 2026, alle ore 10:02, Ann Example <ann@example.com> ha scritto:",
            "Il martedì 12 maggio 2026 alle ore 10:02:00 CEST, Ann Example <ann@example.com> ha scritto:",
            "Il 12/05/2026 10:02, Ann Example ha scritto:",
            "Il 12 maggio 2026 10:02 Ann Example <ann@example.com> ha scritto:",
        ],
        headers: ["Da", "Inviato", "A", "Oggetto"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Inizio messaggio inoltrato:",
            "-------- Messaggio inoltrato --------",
        ],
    },
    Language {
        name: "Dutch",
        attributions: [
            "Op di 12 mei 2026 om 10:02 schreef Ann Example <ann@example.com>:",
            "Op 12 mei 2026 om 10:02 heeft Ann Example <ann@example.com> het volgende geschreven:",
            "Op dinsdag 12 mei 2026 om 10:02:00 CEST schreef Ann Example <ann@example.com>:",
            "Op 12-05-2026 om 10:02 schreef Ann Example:",
            "Ann Example <ann@example.com> schreef op 12 mei 2026 10:02:",
        ],
        headers: ["Van", "Verzonden", "Aan", "Onderwerp"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Begin doorgestuurd bericht:",
            "-------- Doorgestuurd bericht --------",
        ],
    },
    Language {
        name: "Polish",
        attributions: [
            "wt., 12 maj 2026 o 10:02 Ann Example <ann@example.com> napisał(a):",
            "Wiadomość napisana przez Ann Example <ann@example.com> w dniu 12 maj 2026, o godz. 10:02:",
            "wtorek, 12 maja 2026 10:02:00 CEST Ann Example <ann@example.com> napisał(a):",
            "W dniu 12.05.2026 o 10:02, Ann Example pisze:",
            "Dnia 12 maja 2026 10:02 Ann Example <ann@example.com> napisał:",
        ],
        headers: ["Od", "Wysłano", "Do", "Temat"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Początek przekazywanej wiadomości:",
            "-------- Przekazana wiadomość --------",
        ],
    },
    Language {
        name: "Russian",
        attributions: [
            "вт, 12 мая 2026 г. в 10:02, Ann Example <ann@example.com>:",
            "12 мая 2026 г., в 10:02, Ann Example <ann@example.com> написал(а):",
            "Вторник, 12 мая 2026, 10:02 +03:00 от Ann Example <ann@example.com>:",
            "12.05.2026 10:02, Ann Example пишет:",
            "12.05.2026, 10:02, \"Ann Example\" <ann@example.com>:",
        ],
        headers: ["От", "Отправлено", "Кому", "Тема"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Начало переадресованного сообщения:",
            "-------- Перенаправленное сообщение --------",
        ],
    },
    Language {
        name: "Japanese",
        attributions: [
            "2026年5月12日(火) 10:02 Ann Example <ann@example.com>:",
            "2026/05/12 10:02、Ann Example <ann@example.com>のメール:",
            "2026年5月12日火曜日 10:02:00 JST、Ann Example <ann@example.com> が書き込みました:",
            "On 2026/05/12 10:02, Ann Example wrote:",
            "2026年5月12日 10:02、Ann Example <ann@example.com> のメール：",
        ],
        headers: ["差出人", "送信日時", "宛先", "件名"],
        forwarded: [
            "---------- Forwarded message ---------",
            "転送されたメッセージ:",
            "-------- 転送されたメッセージ --------",
        ],
    },
    Language {
        name: "Chinese",
        attributions: [
            "Ann Example <ann@example.com> 于2026年5月12日周二 10:02写道：",
            "在 2026年5月12日，10:02，Ann Example <ann@example.com> 写道：",
            "在 2026年5月12日星期二 10:02:00 CST，Ann Example <ann@example.com> 写道：",
            "在 2026/5/12 10:02, Ann Example 写道:",
            "Ann Example <ann@example.com> 於 2026年5月12日 週二 上午10:02寫道：",
        ],
        headers: ["发件人", "发送时间", "收件人", "主题"],
        forwarded: ["---------- Forwarded message ---------", "开始转发的邮件：", "-------- 转发的消息 --------"],
    },
    Language {
        name: "Swedish",
        attributions: [
            "Den tis 12 maj 2026 kl 10:02 skrev Ann Example <ann@example.com>:",
            "12 maj 2026 kl. 10:02 skrev Ann Example <ann@example.com>:",
            "Den tisdag 12 maj 2026 10:02:00 CEST skrev Ann Example <ann@example.com>:",
            "Den 2026-05-12 kl. 10:02, skrev Ann Example:",
            "Den 12 maj 2026 10:02 skrev Ann Example <ann@example.com>:",
        ],
        headers: ["Från", "Skickat", "Till", "Ämne"],
        forwarded: [
            "---------- Forwarded message ---------",
            "Vidarebefordrat brev:",
            "-------- Vidarebefordrat meddelande --------",
        ],
    },
];

fn message(kind: &str, body: &str) -> Arc<Message> {
    let raw = format!("From: bob@example.net\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{body}\r\n");
    Message::parse(raw.into_bytes(), Arc::new(Settings::default()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What is wrong with how a body is taken apart, if anything.
fn problem(kind: &str, body: &str) -> Option<String> {
    let message = message(kind, body);
    let own = &message.body().current_thread().text;
    let previous = message.body().previous_threads();
    if own.trim() != OWN {
        return Some(format!("own text {own:?}"));
    }
    match previous {
        [only] if only.text.contains(QUOTED) && !only.text.contains('@') && only.preamble.is_some() => None,
        [only] => Some(format!("quoted {:?} after {:?}", only.text, only.preamble)),
        several => Some(format!("{} quoted", several.len())),
    }
}

/// Introductions of a language as several programs write them around the quoted sentence.
fn bodies(language: &Language) -> Vec<(String, &'static str, String)> {
    let mut all = Vec::new();
    let mut add = |client: &str, kind: &'static str, body: String| {
        all.push((format!("{}, {client}, {kind}", language.name), kind, body));
    };
    for (client, line) in ["Gmail", "Apple Mail", "Yahoo", "Thunderbird", "mobile"].iter().zip(language.attributions) {
        add(client, "plain", format!("{OWN}\r\n\r\n{line}\r\n\r\n> {QUOTED}\r\n"));
        add(client, "plain", format!("{OWN}\r\n\r\n{line}\r\n{QUOTED}\r\n"));
        let line = escaped(line);
        let quote = format!("<blockquote>{QUOTED}</blockquote>");
        add(client, "html", format!("<div>{OWN}</div><br><div>{line}<br></div>{quote}"));
        let (head, tail) = line.split_once("Ann").unwrap_or((&line, ""));
        add(
            client,
            "html",
            format!("<p>{OWN}</p><div class=\"gmail_quote\"><div>{head}<br>Ann{tail}<br></div>{quote}</div>"),
        );
    }
    let [from, sent, to, subject] = language.headers;
    let values = ["Ann Example <ann@example.com>", "12.05.2026 10:02", "bob@example.net", "Invoice"];
    let lines: Vec<(&str, &str)> = [from, sent, to, subject].into_iter().zip(values).collect();
    let plain: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let html: String = lines.iter().map(|(name, value)| format!("<b>{name}:</b> {}<br>", escaped(value))).collect();
    add("Outlook", "plain", format!("{OWN}\r\n\r\n{plain}\r\n{QUOTED}\r\n"));
    add(
        "Outlook with a ruler",
        "plain",
        format!("{OWN}\r\n\r\n________________________________\r\n{plain}\r\n{QUOTED}\r\n"),
    );
    add("Outlook", "html", format!("<p>{OWN}</p><hr><div id=divRplyFwdMsg>{html}</div><p>{QUOTED}</p>"));
    add(
        "Outlook in colour",
        "html",
        format!("<p>{OWN}</p><div style=\"border-top:solid #E1E1E1 1.0pt\"><p>{html}</p></div><p>{QUOTED}</p>"),
    );
    for separator in language.forwarded {
        add("forwarded", "plain", format!("{OWN}\r\n\r\n{separator}\r\n{plain}\r\n{QUOTED}\r\n"));
        add("forwarded", "html", format!("<p>{OWN}</p><p>{separator}</p><p>{html}</p><p>{QUOTED}</p>"));
    }
    all
}

#[test]
fn quoted_mail_in_all_languages_and_programs() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, kind, body) in LANGUAGES.iter().flat_map(bodies) {
        count += 1;
        wrong.extend(problem(kind, &body).map(|problem| format!("{name}: {problem}\n  {body:?}")));
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What people write themselves above the lines that they quote.
#[test]
fn attributions_in_own_words() {
    let rows = [
        ("Ann Example <ann@example.com> writes:", Some("ann@example.com"), "Ann Example"),
        ("\"Ann Example\" said:", None, "Ann Example"),
        ("ann@example.com (Ann Example) writes:", Some("ann@example.com"), ""),
        ("On Tue, May 12, 2026 at 10:02:54AM +0100, Ann Example mentioned:", None, ""),
        ("So then, Ann Example <ann@example.com> is all like:", Some("ann@example.com"), ""),
    ];
    for (line, address, name) in rows {
        assert_eq!(problem("plain", &format!("{line}\r\n> {QUOTED}\r\n\r\n{OWN}")), None, "{line}");
        assert_eq!(problem("plain", &format!("{OWN}\r\n\r\n{line}\r\n\r\n> {QUOTED}\r\n> > more")), None, "{line}");
        let message = message("plain", &format!("{line}\r\n> {QUOTED}\r\n\r\n{OWN}"));
        let sender = message.body().previous_threads()[0].sender.clone().expect("a sender");
        assert_eq!(sender.email.as_ref().map(|email| &*email.email), address, "{line}");
        assert!(name.is_empty() || sender.display_name.as_deref() == Some(name), "{line}: {sender:?}");
    }
    // Above other text it is the sender's own.
    let unmarked = message("plain", "The bank said:\r\n\r\ncall us.\r\n");
    assert!(unmarked.body().previous_threads().is_empty());
}

#[test]
fn spaces_that_keep_words_together() {
    for line in [
        "Le\u{a0}mar. 12 mai 2026 à 10:02, Ann Example <ann@example.com> a écrit\u{a0}:",
        "Le 12/05/2026 à 10:02, Ann Example a écrit\u{202f}:",
        "W\u{a0}dniu wto, 12.05.2026 o\u{a0}godzinie 10:02\u{2009}+0100, użytkownik Ann Example\r\nnapisał:",
    ] {
        assert_eq!(problem("plain", &format!("{OWN}\r\n\r\n{line}\r\n> {QUOTED}\r\n")), None, "{line}");
        assert_eq!(problem("plain", &format!("{line}\r\n> {QUOTED}\r\n\r\n{OWN}\r\n")), None, "{line}");
    }
}

/// How old Outlook writes addresses.
#[test]
fn addresses_in_square_brackets() {
    for address in ["[mailto:ann@example.com]", "[SMTP:ann@example.com]"] {
        let body = format!(
            "{OWN}\r\n\r\n-----Original Message-----\r\nFrom: Ann Example {address}\r\nSent: Tuesday, May 12, 2026 10:02 AM\r\nTo: bob@example.net\r\nSubject: Invoice\r\n\r\n{QUOTED}\r\n"
        );
        let sender = message("plain", &body).body().previous_threads()[0].sender.clone().expect("a sender");
        assert_eq!(sender.email.as_ref().map(|email| &*email.email), Some("ann@example.com"), "{address}");
    }
}

/// Below mail that is quoted whole, an answer between marked lines is part of it.
#[test]
fn answers_within_quoted_mail_are_quoted_too() {
    let body = format!(
        "{OWN}\r\n\r\nOn Tue, May 12, 2026 at 10:02 AM Ann Example <ann@example.com> wrote:\r\n\r\n\
         On 11 May 2026, at 9:00, Carl Example wrote:\r\n> a question\r\n\r\nan answer\r\n"
    );
    let message = message("plain", &body);
    assert_eq!(&*message.body().current_thread().text, OWN);
    let texts: Vec<&str> = message.body().previous_threads().iter().map(|thread| &*thread.text).collect();
    assert_eq!(texts.last().map(|text| text.replace('\r', "")).as_deref(), Some("a question\n\nan answer"));
}
