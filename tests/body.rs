//! What a person reads, which links there are, and what is quoted.

use ruleeval::message::{Link, LinkParser, Message, Settings};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn message(kind: &str, body: &str) -> Arc<Message> {
    let head = "From: Ann <ann@example.com>\r\nSubject: test\r\nMIME-Version: 1.0\r\n";
    let raw = format!("{head}Content-Type: text/{kind}; charset=utf-8\r\n\r\n{body}");
    Message::parse(raw.into_bytes(), Arc::new(Settings::default()))
}

fn html(body: &str) -> Arc<Message> {
    message("html", body)
}

fn display(body: &str) -> String {
    html(body).body().html.as_ref().expect("html").html.display_text().to_string()
}

fn links(message: &Message) -> Vec<Arc<Link>> {
    message.body().links(message).to_vec()
}

fn href(link: &Link) -> &str {
    link.href_url.as_ref().map_or("", |url| &url.url)
}

#[test]
fn hidden_text_is_not_displayed() {
    let hidden = [
        r#"<p style="display:none">secret</p>"#,
        r#"<p style="DISPLAY : NONE ! IMPORTANT">secret</p>"#,
        r#"<p style="visibility:hidden">secret</p>"#,
        r#"<p style="opacity:0">secret</p>"#,
        r#"<p style="opacity:1%">secret</p>"#,
        r#"<p style="font-size:0">secret</p>"#,
        r#"<p style="font-size:1px">secret</p>"#,
        r#"<p style="font-size:0.05em">secret</p>"#,
        r#"<p style="font:0/0 a">secret</p>"#,
        r#"<p style="color:#fff">secret</p>"#,
        r#"<p style="color:#fefefe">secret</p>"#,
        r#"<p style="color:white;background:white">secret</p>"#,
        r#"<p style="color:transparent">secret</p>"#,
        r#"<p style="color:#00000001">secret</p>"#,
        r#"<p style="color:rgba(0,0,0,0)">secret</p>"#,
        r##"<table bgcolor="#000000"><tr><td><font color="black">secret</font></td></tr></table>"##,
        r#"<div style="background-color:rgb(10,20,30)"><b style="color:#0a141e">secret</b></div>"#,
        r"<p hidden>secret</p>",
        r"<p popover>secret</p>",
        r#"<p style="display/**/:/* x */none">secret</p>"#,
        r#"<p style="d\69 splay:no\6e e">secret</p>"#,
        r#"<p style="scale:0">secret</p>"#,
        r#"<p style="font-size:calc(0px)">secret</p>"#,
        r#"<p style="opacity:calc( 0 )">secret</p>"#,
        r"<style>.v{display:var(--c)} :root{--c:none}</style><p class=v>secret</p>",
        r"<style>:root{--a:var(--b);--b:none}</style><p style='display:var(--a)'>secret</p>",
        r#"<p style="display:var(--x, var(--y, none))">secret</p>"#,
        r"<style>p:not(.k){display:none}</style><p>secret</p>",
        r"<p><select>secret<p>secret</p></select>",
        r"<datalist><option>secret</datalist>",
        r#"<p hidden="">secret</p>"#,
        r#"<div style="max-height:0;overflow:hidden">secret</div>"#,
        r#"<div style="height:0px;overflow:hidden">secret</div>"#,
        r#"<div style="position:absolute;left:-9999px">secret</div>"#,
        r#"<div style="text-indent:-9999px">secret</div>"#,
        r#"<div style="display:none"><p><b>secret</b></p></div>"#,
        r"<style>.x{display:none}</style><p class='a x'>secret</p>",
        r"<style>#x{visibility:hidden}</style><p id=x>secret</p>",
        r"<style>p{font-size:0}</style><p>secret</p>",
        r"<style>p.x, .y { color : #FFFFFF }</style><p class=x>secret</p>",
        r"<style>@import url(a.css); .x{display:none}</style><p class=x>secret</p>",
        r"<style>/* look */ .x{display:none}</style><p class=x>secret</p>",
        r"<style><!-- .x{display:none} --></style><p class=x>secret</p>",
        r"<style>@media print{.y{color:red}} .x{display:none}</style><p class=x>secret</p>",
        r"<style>.x{display:none!important}</style><p class=x style='display:block'>secret</p>",
        r#"<div style="display:none"><font></font>secret</div>"#,
        r#"<div style="display:none"><html><body><p>secret</p></body></html></div>"#,
        r#"<div style="overflow:hidden;line-height:0">secret</div>"#,
        r#"<div style="overflow:hidden;line-height:1px">secret</div>"#,
        r#"<font><div style="display:none"></font>secret</div>"#,
        r#"<span style="display:none"><div></span>secret</div></span>"#,
        r"<datalist><option>secret</datalist>",
        r"<script>secret</script><style>secret</style><title>secret</title>",
        r"<!-- secret --><!--[if mso]>secret<![endif]-->",
    ];
    for body in hidden {
        assert_eq!(display(&format!("<h1>Hello</h1>{body}")), "Hello", "{body}");
    }
}

#[test]
fn visible_text_is_displayed() {
    let visible = [
        r#"<p style="font-size:1em">lure</p>"#,
        r#"<p style="font-size:1.2rem">lure</p>"#,
        r#"<p style="font-size:12px;line-height:0">lure</p>"#,
        r#"<div style="overflow:hidden;line-height:1.5">lure</div>"#,
        r#"<div style="overflow:hidden;line-height:150%">lure</div>"#,
        r#"<p style="opacity:1">lure</p>"#,
        r#"<p style="display:none;display:block">lure</p>"#,
        r#"<p style="display:none !ie">lure</p>"#,
        r#"<p style="color:#000000f0">lure</p>"#,
        r#"<p style="display\3a none">lure</p>"#,
        r#"<p style="display:none\9">lure</p>"#,
        r#"<p style="display:var(--x)">lure</p>"#,
        r#"<p style="display:var(--x,block)">lure</p>"#,
        r#"<p style="scale:1;font-size:calc(14px)">lure</p>"#,
        r"<style>p:not(.k){display:none}</style><p class=k>lure</p>",
        r#"<div style="visibility:hidden"><b style="visibility:visible">lure</b></div>"#,
        r#"<div style="font-size:0"><span style="font-size:14px">lure</span></div>"#,
        r##"<table><td bgcolor="#336699"><font color="white">lure</font></td></table>"##,
        r#"<div style="mso-hide:all">lure</div>"#,
        r#"<div style="background:url(x.png)"><p style="color:#fff">lure</p></div>"#,
        r#"<div style="background:linear-gradient(red,blue);color:white">lure</div>"#,
        r#"<div style="color:white"><p style="color:orange">lure</p></div>"#,
        r#"<div style="color:#fff"><a href="https://example.com">lure</a></div>"#,
        r#"<div style="color:#123;background:transparent">lure</div>"#,
        r#"<div style="height:0">lure</div>"#,
        r"<style>@media print{.x{display:none}}</style><p class=x>lure</p>",
        r"<style>.x{display:none} .x{display:block}</style><p class=x>lure</p>",
        r"<noscript><p>lure</p></noscript>",
        r"<head><title>t</title><div>lure</div>",
        r"<head><title>t</title>lure",
        r"<![if !mso]>lure<![endif]>",
        r#"<div style="display:none">"#,
    ];
    for body in &visible[..visible.len() - 1] {
        assert_eq!(display(body), "lure", "{body}");
    }
}

#[test]
fn unclosed_elements_do_not_hide_what_follows() {
    let spans = "<span>".repeat(5_000);
    let stray = "</b></i></font>".repeat(2_000);
    for inside in [spans.clone(), format!("<b><table><tr><td>{spans}{stray}")] {
        let body = format!("<div><div style='display:none'>{inside}</table></div>lure</div>");
        assert_eq!(display(&body), "lure");
    }
    assert_eq!(display("<div><span style='display:none'>x</div>lure"), "lure");
}

#[test]
fn text_is_laid_out_as_it_is_read() {
    let cases = [
        ("a<br>b", "a\nb"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("<p>a<p>b", "a\nb"),
        ("<div>a<div>b</div>c</div>", "a\nb\nc"),
        ("<b>a</b>b", "ab"),
        ("a&nbsp;&nbsp; \n b", "a b"),
        ("<pre>a\nb</pre>", "a\nb"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("&lt;a&gt; &amp; &eacute; &#x41;", "<a> & é A"),
        ("a<img src=x>b", "ab"),
        ("<body>a</body>b", "ab"),
        ("<a href=x>a</a> b", "a b"),
        ("<button>Go</button>", "Go"),
        ("", ""),
    ];
    for (body, expected) in cases {
        assert_eq!(display(body), expected, "{body}");
    }
}

#[test]
fn inner_and_hidden_text() {
    let message = html("<title>T</title><p>a</p><p style='display:none'>b</p><script>c</script>");
    let html = &message.body().html.as_ref().expect("html").html;
    assert_eq!(&*html.inner_text(), "a\nb");
    assert_eq!(&*html.hidden_text(), "b");
    assert_eq!(html.title(), Some("T"));
}

#[test]
fn links_by_kind() {
    // body, target, text, shown URL, mismatched, visible, parser
    type Case<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>, bool, bool, LinkParser);
    use LinkParser::{Hyperlink, Plain};
    let cases: [Case<'_>; 17] = [
        ("<a href='https://example.com/x'>Go</a>", "https://example.com/x", Some("Go"), None, false, true, Hyperlink),
        (
            "<a href='https://example.net/'>https://example.com/</a>",
            "https://example.net/",
            Some("https://example.com/"),
            Some("https://example.com/"),
            true,
            true,
            Hyperlink,
        ),
        (
            "<a href='https://a.example.com/'>www.example.com</a>",
            "https://a.example.com/",
            Some("www.example.com"),
            Some("http://www.example.com/"),
            false,
            true,
            Hyperlink,
        ),
        (
            "<a href=' https://example.com/ '><img src=x alt='Sign in'></a>",
            "https://example.com/",
            Some("Sign in"),
            None,
            false,
            true,
            Hyperlink,
        ),
        ("<a href='https://example.com/'><img src=x></a>", "https://example.com/", None, None, false, true, Hyperlink),
        (
            "<a style='display:none' href='https://example.com/'>x</a>",
            "https://example.com/",
            None,
            None,
            false,
            false,
            Hyperlink,
        ),
        (
            "<a href='https://example.com/'><span style='display:none'>x</span></a>",
            "https://example.com/",
            None,
            None,
            false,
            false,
            Hyperlink,
        ),
        ("<a href='mailto:ann@example.com'>m</a>", "mailto:ann@example.com", Some("m"), None, false, true, Hyperlink),
        ("<a href='tel:+12025550123'>t</a>", "tel:+12025550123", Some("t"), None, false, true, Hyperlink),
        ("<a href='data:text/html,x'>d</a>", "data:text/html,x", Some("d"), None, false, true, Hyperlink),
        (
            "<form action='https://example.com/f'><input></form>",
            "https://example.com/f",
            None,
            None,
            false,
            true,
            Hyperlink,
        ),
        ("<map><area href='https://example.com/'></map>", "https://example.com/", None, None, false, true, Hyperlink),
        (
            "<base href='https://example.net/d/'><a href='x.html'>b</a>",
            "https://example.net/d/x.html",
            Some("b"),
            None,
            false,
            true,
            Hyperlink,
        ),
        (
            "<p>see https://example.com/y.</p>",
            "https://example.com/y",
            Some("https://example.com/y"),
            Some("https://example.com/y"),
            false,
            true,
            Plain,
        ),
        (
            "<p>see example.com/z now</p>",
            "http://example.com/z",
            Some("example.com/z"),
            Some("http://example.com/z"),
            false,
            true,
            Plain,
        ),
        ("<a href='&#104;ttps://example.com/'>e</a>", "https://example.com/", Some("e"), None, false, true, Hyperlink),
        ("<a href='ht\ntps://example.com/'>e</a>", "https://example.com/", Some("e"), None, false, true, Hyperlink),
    ];
    for (body, target, text, shown, mismatched, visible, parser) in cases {
        let message = html(body);
        let found = links(&message);
        assert_eq!(found.len(), 1, "{body}");
        let link = &found[0];
        assert_eq!(href(link), target, "{body}");
        assert_eq!(link.display_text.as_deref(), text, "{body}");
        assert_eq!(link.display_url.as_ref().map(|url| &*url.url), shown, "{body}");
        assert_eq!((link.mismatched, link.visible, link.parser), (mismatched, visible, parser), "{body}");
    }
}

#[test]
fn text_that_is_no_link() {
    for body in ["<a name=x>a</a>", "<a href='#top'>a</a>", "<a href=''>a</a>", "<p>e.g. file.zzzz, 3.14</p>"] {
        assert!(links(&html(body)).is_empty(), "{body}");
    }
}

#[test]
fn links_end_where_their_element_ends() {
    let message = html(
        "<a href='https://a.example/'>a<div>b</a>c</div><a href='https://b.example/'>d<a href='https://c.example/'>e</a>f",
    );
    let texts: Vec<_> =
        links(&message).iter().map(|link| link.display_text.as_deref().unwrap_or("").to_owned()).collect();
    assert_eq!(texts, ["a b", "d", "e"]);
}

#[test]
fn zero_width_characters_hide_no_link() {
    let shown = links(&html("<a href='https://example.net/'>www.exam&#8203;ple.com</a>"));
    assert_eq!(shown[0].display_url.as_ref().map(|url| &*url.url), Some("http://www.example.com/"));
    assert!(shown[0].mismatched);
    let plain = links(&html("<p>go to https://exam&#8203;ple.com/a or exam&shy;ple.org/b</p>"));
    assert_eq!(
        plain.iter().map(|link| href(link)).collect::<Vec<_>>(),
        ["https://example.com/a", "http://example.org/b"]
    );
}

#[test]
fn links_stand_in_the_order_of_the_text() {
    let message = html("<p>https://a.example.com/ <a href='https://b.example.com/'>b</a> https://c.example.com/</p>");
    let hosts: Vec<_> = links(&message).iter().map(|link| href(link).to_owned()).collect();
    assert_eq!(hosts, ["https://a.example.com/", "https://b.example.com/", "https://c.example.com/"]);
}

#[test]
fn defanged_links_are_whole() {
    let message = message("plain", "see hxxps://evil[.]example[.]org/x, then http://a.example.org");
    let found: Vec<_> = links(&message).iter().map(|link| href(link).to_owned()).collect();
    assert_eq!(found, ["https://evil.example.org/x", "http://a.example.org/"]);
}

#[test]
fn links_of_plain_text() {
    let message =
        message("plain", "go to https://example.com/a and www.example.org, not to ann@example.com or 1.2.3\n");
    let found: Vec<_> = links(&message).iter().map(|link| href(link).to_owned()).collect();
    assert_eq!(found, ["https://example.com/a", "http://www.example.org/"]);
}

struct ThreadCase<'a> {
    name: &'a str,
    kind: &'a str,
    body: &'a str,
    current: &'a str,
    sender: Option<&'a str>,
    quoted: &'a str,
}

fn check_thread(case: &ThreadCase<'_>) {
    let message = message(case.kind, case.body);
    let body = message.body();
    assert_eq!(&*body.current_thread().text, case.current, "{}", case.name);
    let previous = body.previous_threads();
    assert_eq!(previous.len(), 1, "{}: {previous:#?}", case.name);
    assert_eq!(&*previous[0].text, case.quoted, "{}", case.name);
    let sender = previous[0].sender.as_ref();
    let shown = sender.map(|mailbox| {
        let email = mailbox.email.as_ref().map_or("", |email| &email.email);
        format!("{} <{email}>", mailbox.display_name.as_deref().unwrap_or(""))
    });
    assert_eq!(shown.as_deref(), case.sender, "{}", case.name);
}

#[test]
fn threads_by_client() {
    let ann = Some("Ann Example <ann@example.com>");
    let cases = [
        ThreadCase {
            name: "Outlook desktop",
            kind: "html",
            body: "<p>New</p><div style='border-top:solid #E1E1E1 1pt'><p><b>From:</b> Ann Example &lt;ann@example.com&gt;<br><b>Sent:</b> Monday, March 3, 2025 10:11 AM<br><b>To:</b> Bob &lt;bob@example.com&gt;<br><b>Subject:</b> Re: Plan</p></div><p>Old</p>",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "Outlook web",
            kind: "html",
            body: "<p>New</p><div id='appendonsend'></div><hr><div id='divRplyFwdMsg'><b>From:</b> Ann Example &lt;ann@example.com&gt;<br><b>Sent:</b> x<br><b>To:</b> Bob &lt;bob@example.com&gt;<br><b>Subject:</b> Plan</div><div>Old</div>",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "Gmail",
            kind: "html",
            body: "<div>New</div><div class='gmail_quote gmail_quote_container'><div class='gmail_attr'>On Mon, Mar 3, 2025 at 10:11 AM Ann Example &lt;<a href='mailto:ann@example.com'>ann@example.com</a>&gt; wrote:<br></div><blockquote class='gmail_quote'><div>Old</div></blockquote></div>",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "Apple Mail",
            kind: "html",
            body: "<div>New</div><div><br><blockquote type='cite'><div>On 3 Mar 2025, at 10:11, Ann Example &lt;ann@example.com&gt; wrote:</div><br><div>Old</div></blockquote></div>",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "Apple Mail, attribution before the quote",
            kind: "html",
            body: "<div>New</div><div>On 3 Mar 2025, at 10:11, Ann Example &lt;ann@example.com&gt; wrote:</div><blockquote type='cite'><div>Old</div></blockquote>",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "Thunderbird",
            kind: "html",
            body: "<p>New</p><div class='moz-cite-prefix'>On 3/3/25 10:11, Ann Example &lt;ann@example.com&gt; wrote:<br></div><blockquote type='cite'>Old</blockquote>",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "Yahoo",
            kind: "html",
            body: "<div>New</div><div id='yahoo_quoted_1' class='yahoo_quoted'><div>On Monday, March 3, 2025 at 10:11:12 AM GMT+1, Ann Example &lt;ann@example.com&gt; wrote:</div><div>Old</div></div>",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "Gmail forward",
            kind: "plain",
            body: "Look\n\n---------- Forwarded message ---------\nFrom: Ann Example <ann@example.com>\nDate: Mon, Mar 3, 2025 at 10:11 AM\nSubject: Plan\nTo: Bob <bob@example.com>\n\n\nOld\n",
            current: "Look",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "Outlook plain",
            kind: "plain",
            body: "New\n\n-----Original Message-----\nFrom: Ann Example [mailto:ann@example.com]\nSent: Monday, March 3, 2025 10:11 AM\nTo: Bob\nSubject: Plan\n\nOld\n",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "underscores",
            kind: "plain",
            body: "New\n\n________________________________\nFrom: Ann Example <ann@example.com>\nSent: Monday\nTo: Bob <bob@example.com>\nSubject: Plan\n\nOld\n",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "quote marks",
            kind: "plain",
            body: "New\n\nOn Mon, 3 Mar 2025 at 10:11, Ann Example <ann@example.com>\nwrote:\n\n> Old\n> Older\n",
            current: "New",
            sender: ann,
            quoted: "Old\nOlder",
        },
        ThreadCase {
            name: "reply below the quote",
            kind: "plain",
            body: "On Mon, 3 Mar 2025 at 10:11, Ann Example <ann@example.com> wrote:\n> Old\n\nNew\n",
            current: "New",
            sender: ann,
            quoted: "Old",
        },
        ThreadCase {
            name: "a quote mark hides no lure",
            kind: "plain",
            body: "> x\nCall 202-555-0123 now\n",
            current: "Call 202-555-0123 now",
            sender: None,
            quoted: "x",
        },
    ];
    for case in &cases {
        check_thread(case);
    }
}

#[test]
fn threads_by_language() {
    let attributions = [
        "On Mon, 3 Mar 2025 at 10:11, Ann Example <ann@example.com> wrote:",
        "Am Mo., 3. März 2025 um 10:11 Uhr schrieb Ann Example <ann@example.com>:",
        "Le lun. 3 mars 2025 à 10:11, Ann Example <ann@example.com> a écrit :",
        "El lun, 3 mar 2025 a las 10:11, Ann Example (<ann@example.com>) escribió:",
        "Em seg., 3 de mar. de 2025 às 10:11, Ann Example <ann@example.com> escreveu:",
        "Il giorno lun 3 mar 2025 alle ore 10:11 Ann Example <ann@example.com> ha scritto:",
        "Op ma 3 mrt 2025 om 10:11 schreef Ann Example <ann@example.com>:",
        "pon., 3 mar 2025 o 10:11 Ann Example <ann@example.com> napisał(a):",
        "Den mån 3 mars 2025 kl 10:11 skrev Ann Example <ann@example.com>:",
        "Den man. 3. mar. 2025 kl. 10.11 skrev Ann Example <ann@example.com>:",
        "ma 3. maalisk. 2025 klo 10.11 Ann Example <ann@example.com> kirjoitti:",
        "пн, 3 мар. 2025 г. в 10:11, Ann Example <ann@example.com>:",
        "2025年3月3日(月) 10:11 Ann Example <ann@example.com>:",
        "Ann Example <ann@example.com> 于2025年3月3日周一 10:11写道：",
        "Ann Example <ann@example.com>, 3 Mar 2025 Pzt, 10:11 tarihinde şunu yazdı:",
        "2025년 3월 3일 (월) 오전 10:11, Ann Example <ann@example.com>님이 작성:",
    ];
    for attribution in attributions {
        check_thread(&ThreadCase {
            name: attribution,
            kind: "plain",
            body: &format!("New\n\n{attribution}\n\n> Old\n"),
            current: "New",
            sender: Some("Ann Example <ann@example.com>"),
            quoted: "Old",
        });
    }
    let blocks = [
        ("Von", "Gesendet", "An", "Betreff"),
        ("De", "Envoyé", "À", "Objet"),
        ("De", "Enviado el", "Para", "Asunto"),
        ("De", "Enviado", "Para", "Assunto"),
        ("Da", "Inviato", "A", "Oggetto"),
        ("Van", "Verzonden", "Aan", "Onderwerp"),
        ("Od", "Wysłano", "Do", "Temat"),
        ("Från", "Skickat", "Till", "Ämne"),
        ("Fra", "Sendt", "Til", "Emne"),
        ("От", "Отправлено", "Кому", "Тема"),
        ("发件人", "发送时间", "收件人", "主题"),
        ("差出人", "送信日時", "宛先", "件名"),
    ];
    for (from, sent, to, subject) in blocks {
        check_thread(&ThreadCase {
            name: from,
            kind: "plain",
            body: &format!(
                "New\n\n{from}: Ann Example <ann@example.com>\n{sent}: x\n{to}: Bob <bob@example.com>\n{subject}: Plan\n\nOld\n"
            ),
            current: "New",
            sender: Some("Ann Example <ann@example.com>"),
            quoted: "Old",
        });
    }
}

#[test]
fn header_block_is_read() {
    let message = message(
        "plain",
        "New\n\nFrom: Ann <ann@example.com>\nSent: Mon, 3 Mar 2025 10:11:12 +0000\nTo: Bob <bob@example.com>\nCc: Cy <cy@example.com>\nSubject: RE: Plan\n\nOld https://example.com/old\n",
    );
    let body = message.body();
    let previous = &body.previous_threads()[0];
    assert_eq!(previous.subject.as_ref().and_then(|subject| subject.base.as_deref()), Some("Plan"));
    assert_eq!(previous.date, Some(1_740_996_672_000));
    assert_eq!((previous.to.len(), previous.cc.len()), (1, 1));
    assert_eq!(body.previous_links(&message, previous).len(), 1);
    assert!(body.current_links(&message).is_empty());
}

#[test]
fn ordinary_text_is_not_split() {
    for text in [
        "Just a text.",
        "From: here we go\nand on",
        "On Monday Ann wrote: a book",
        "The form says\nTo: pay\nFrom: account",
        "a -- b\n--\nAnn",
    ] {
        let message = message("plain", text);
        assert_eq!(&*message.body().current_thread().text, text);
        assert!(message.body().previous_threads().is_empty(), "{text}");
    }
}

#[test]
fn banners_are_taken_off() {
    let banners = [
        "CAUTION: This email originated from outside of the organization. Do not click links.",
        "This message was sent from outside the company.",
        "You don't often get email from ann@example.com. Learn why this is important",
        "You don’t often get email from ann@example.com. Learn why this is important",
        "ACHTUNG: Diese E-Mail stammt von einem externen Absender.",
        "[EXTERNAL]",
        "External Email",
    ];
    for banner in banners {
        let message = message("plain", &format!("{banner}\n\nHello Bob\n"));
        let thread = message.body().current_thread();
        assert_eq!(&*thread.text, "Hello Bob", "{banner}");
        assert_eq!(thread.banners.len(), 1, "{banner}");
        assert_eq!(&*thread.banners[0].text, banner);
    }
    let lure = message("plain", "Caution: your mailbox closes today, call 202-555-0123\nAnn\n");
    assert!(lure.body().current_thread().text.starts_with("Caution: your mailbox"));
    let tag = message("plain", "[EXTERNAL] Call 202-555-0123\n");
    assert_eq!(&*tag.body().current_thread().text, "Call 202-555-0123");
}

#[test]
fn of_a_list_of_choices_only_the_choices_are_drawn() {
    assert_eq!(display("<p>Hello</p><select>secret<option>one<option>two</select>"), "Hello\none\ntwo");
    assert_eq!(display("<select><optgroup>secret<option>one</optgroup></select>"), "one");
    assert_eq!(display("<p>Hello<optgroup>there"), "Hello\nthere");
    assert_eq!(display("<select><option>one</select>after"), "one\nafter");
    assert_eq!(display("<datalist><option>x</datalist>after"), "after");
}

#[test]
fn what_style_sheets_and_drawings_of_word_fetch() {
    let page = "<style>@import 'https://a.example/a.css'; @font-face{src:url(https://b.example/f)}</style>\
        <div style=\"background:url('https://c.example/1'),url(https://c.example/2)\">x</div>\
        <v:rect href='https://d.example/'><v:fill src='https://e.example/i.png'/>Pay now</v:rect>";
    let message = html(page);
    let body = message.body();
    let page = &body.html.as_ref().expect("html").html;
    let fetched: Vec<String> = page.resources().map(|found| format!("{} {}", found.kind(), found.href())).collect();
    assert_eq!(
        fetched,
        [
            "stylesheet https://a.example/a.css",
            "font https://b.example/f",
            "background https://c.example/1",
            "background https://c.example/2",
            "image https://e.example/i.png"
        ]
    );
    let found = links(&message);
    assert_eq!(
        (found.len(), href(&found[0]), found[0].display_text.as_deref()),
        (1, "https://d.example/", Some("Pay now"))
    );
}

fn timed(name: &str, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    assert!(start.elapsed() < Duration::from_mins(1), "{name} took {:?}", start.elapsed());
}

#[test]
fn hostile_input_costs_linear_time() {
    let many_selectors = format!("<style>{}{{color:red}}</style><p>x", "a,".repeat(200_000));
    let heavy_class = format!("<style>.x{{{}}}</style>{}", "color:red;".repeat(50_000), "<b class=x>".repeat(50_000));
    let inputs = [
        ("div", "<div>".repeat(200_000)),
        ("span in td", format!("<b><table><td>{}", "<span></b>".repeat(100_000))),
        ("a in div", "<a href=x><div>".repeat(50_000)),
        ("stray ends", format!("{}{}", "<p><i>".repeat(50_000), "</table></b>".repeat(50_000))),
        ("comment", format!("<!--{}", "-".repeat(1_000_000))),
        ("entities", "&amp;&#65;&notit;&x".repeat(60_000)),
        ("attributes", format!("<p {}>", "a=b ".repeat(200_000))),
        ("selectors", many_selectors),
        ("class", heavy_class),
        ("open style", format!("<style>{}", "@x{".repeat(200_000))),
        (
            "variables",
            format!("<style>:root{{--a:var(--a) var(--a)}}</style>{}", "<p style='color:var(--a)'>x".repeat(3_000)),
        ),
        ("quotes without space", "\"a".repeat(100_000)),
        ("open urls", format!("<style>{}</style><p style='{}'>", "url(\"a\\n".repeat(30_000), "url(".repeat(30_000))),
        ("attributions", "a@b.example writes:<br>&gt; x<br>y<br>".repeat(5_000)),
        ("noscript", "<noscript>".repeat(100_000)),
        ("quotes", "&gt; a<br>b<br>".repeat(50_000)),
        ("headers", "From: a<br>To: b<br>Subject: c<br>".repeat(20_000)),
        ("dots", "a.".repeat(500_000)),
        ("colons", "http:/".repeat(150_000)),
    ];
    for (name, body) in inputs {
        timed(name, || {
            let message = html(&body);
            let body = message.body();
            let _ = (body.links(&message), body.current_thread(), body.previous_threads(), body.ips());
        });
    }
}

#[test]
fn links_are_limited_and_the_limit_is_reported() {
    let message = html(&"<a href='https://example.com/'>x</a>".repeat(100_000));
    timed("links", || assert_eq!(links(&message).len(), 10_000));
    assert!(message.limits_hit().iter().any(|limit| limit.starts_with("links:")));
    let few = html("<a href='https://example.com/'>x</a>");
    assert_eq!(links(&few).len(), 1);
    assert!(few.limits_hit().is_empty());
}

/// The tokeniser calls itself for attributes in a row; a mail must not reach the end of the stack.
#[test]
fn a_tag_with_very_many_attributes_does_not_overflow_the_stack() {
    let shapes = ["a=\"1\" ", "a= \"1\" ", "a=\"\"\t\n", "a=\"1\" b='2' ", "a=\"1\"/", "\"=\"1\" ", "<=\">\" "];
    let run = move || {
        for shape in shapes {
            for open in ["<a ", "</a "] {
                let html = format!("{open}{}>text", shape.repeat(200_000));
                let raw = format!("Content-Type: text/html\r\n\r\n{html}");
                let message = Message::parse(raw.into_bytes(), Arc::default());
                let html = message.body().html.clone().expect("an HTML body");
                assert_eq!(&*html.html.display_text(), "text", "{open}{shape}");
            }
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread").join().expect("no overflow");
}

fn previous_of(body: &str) -> Vec<(String, Option<i64>, String)> {
    let message = message("plain", body);
    let previous = message.body().previous_threads();
    let name = |thread: &ruleeval::message::PreviousThread| {
        thread.sender.as_ref().and_then(|sender| sender.display_name.as_deref()).unwrap_or("").to_owned()
    };
    previous.iter().map(|thread| (name(thread), thread.date, thread.text.to_string())).collect()
}

#[test]
fn answers_between_quoted_lines_belong_to_one_quoted_message() {
    let body = "Kim Lee wrote:\n> first question\n> more\n\nyes\n\n> second question\n\nno\n";
    assert_eq!(previous_of(body), [("Kim Lee".into(), None, "first question\nmore\nsecond question".into())]);
    assert_eq!(&*message("plain", body).body().current_thread().text.replace('\n', ""), "yesno");
}

#[test]
fn quoted_mail_says_who_and_when() {
    // 2025-03-03T10:11:00Z.
    let when = Some(1_740_996_660_000);
    for head in [
        "On 3/3/25 10:11, Ann Example wrote:",
        "Am 03.03.2025 um 10:11 schrieb Ann Example:",
        "Am 03.03.25 um 10:11 schrieb Ann Example <ann@example.com>:",
        "Le lun. 3 mars 2025 à 10:11, Ann Example <ann@example.com> a écrit :",
        "On Mon, 3 Mar 2025 at 12:11 +0200, Ann Example wrote:",
        "-----Original Message-----\nFrom: Ann Example\nSent: Monday, March 3, 2025 10:11 AM\nTo: Bob\nSubject: x\n",
        "De : Ann Example\nEnvoyé : lundi 3 mars 2025 10:11\nÀ : Bob\nObjet : x\n",
    ] {
        assert_eq!(
            previous_of(&format!("New\n\n{head}\n> Old\n")),
            [("Ann Example".into(), when, "Old".into())],
            "{head}"
        );
    }
}

#[test]
fn transcripts_in_bounces_are_no_quotations() {
    let bounce =
        "Transcript of session follows\n... while talking to mx.example.com.:\n>>> DATA\n<<< 550 5.1.1 User unknown\n";
    assert_eq!(previous_of(bounce), []);
    assert!(message("plain", bounce).body().current_thread().text.contains(">>> DATA"));
}

#[test]
fn file_names_are_no_links_and_shown_urls_may_stand_anywhere() {
    let plain = message("plain", "run libtime.so and invoice.zip, then example.com and https://example.zip/a\n");
    let found: Vec<_> = links(&plain).iter().map(|link| href(link).to_owned()).collect();
    assert_eq!(found, ["http://example.com/", "https://example.zip/a"]);
    let shown = html(
        "<a href='https://a.example.com/'>invoice.zip</a><a href='https://a.example.com/'>log in at https://bank.example.org now</a>",
    );
    let mismatched: Vec<_> = links(&shown).iter().map(|link| link.mismatched).collect();
    assert_eq!(mismatched, [false, true]);
}
