//! A run as one HTML page that needs nothing but itself: no network, no library, no server.
//!
//! Everything that came from mail is text: escaped where it stands in markup, data of a script
//! that writes with `textContent` only, and a content security policy that allows the page's own
//! script and style by their digests and no request at all.

mod charts;
mod data;
mod svg;
mod tables;
mod text;

use super::Run;
use base64::Engine as _;
use sha2::{Digest, Sha256};
use text::{escape, script_json};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page.
pub fn html(run: &Run) -> String {
    let data = data::data(run);
    let source = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        source(STYLE),
        source(SCRIPT)
    );
    let packs: Vec<String> = run.packs.iter().map(|pack| format!("{} {}", pack.name, pack.version)).collect();
    let title = format!("{} on {} messages", packs.join(", "), run.corpus.messages);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <title>{title} – ruleeval</title><style>{STYLE}</style></head>\n<body>\
         <a class=\"skip\" href=\"#main\">Skip to the numbers</a>{}<main id=\"main\">{}{}{}{}{}{}{}</main>\
         <script type=\"application/json\" id=\"data\">{}</script><script>{SCRIPT}</script></body></html>\n",
        header(run, &title),
        headline(run),
        charts_section(run),
        rules_section(run),
        suspects_section(run),
        messages_section(run, &data),
        section(
            "gaps",
            "What was not decided or not read",
            "A rule that needs something absent is <b>undecided</b>, neither hit nor miss.",
            &tables::gaps(run)
        ),
        about(run),
        script_json(&data.json),
        title = escape(&title),
    )
}

fn section(id: &str, title: &str, legend: &str, body: &str) -> String {
    format!(
        "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{title}</h2><p class=\"note\">{legend}</p>{body}</section>"
    )
}

fn header(run: &Run, title: &str) -> String {
    let links = [
        ("numbers", "Numbers"),
        ("charts", "Charts"),
        ("all-rules", "Rules"),
        ("suspects", "Suspect labels"),
        ("all-messages", "Messages"),
        ("gaps", "Gaps"),
        ("about", "About"),
    ];
    let links: String = links.iter().map(|(id, name)| format!("<a href=\"#{id}\">{name}</a>")).collect();
    let campaigns = run.corpus.campaigns;
    format!(
        "<header><h1>{}</h1><p class=\"note\">{campaigns} campaigns; {} inputs unreadable, {} filtered out, {} no mail.</p>\
         <nav aria-label=\"Sections\">{links}</nav></header>",
        escape(title),
        run.corpus.unreadable,
        run.corpus.filtered,
        run.corpus.skipped
    )
}

fn card(value: &str, name: &str, more: &str) -> String {
    format!(
        "<div class=\"card\"><span>{}</span><strong>{}</strong><span>{}</span></div>",
        escape(name),
        escape(value),
        escape(more)
    )
}

fn headline(run: &Run) -> String {
    let mut cards = String::new();
    if let Some(weakest) = run.actions.first() {
        let of = |one: &super::stats::Proportion| {
            format!("{} of {}; {} to {}", one.hits, one.of, charts::percent(one.low), charts::percent(one.high))
        };
        let shown = |one: &super::stats::Proportion| one.rate.map_or_else(|| "–".into(), charts::percent);
        cards.push_str(&card(&shown(&weakest.recall), "of positive mail is flagged (recall)", &of(&weakest.recall)));
        let fp = &weakest.false_positive_rate;
        let bound = format!(
            "{} of {}; with 95 % confidence at most {}",
            fp.hits,
            fp.of,
            charts::percent(weakest.false_positive_upper)
        );
        cards.push_str(&card(&shown(fp), "of negative mail is flagged (false positives)", &bound));
        cards.push_str(&card(
            &shown(&weakest.precision),
            "of what is flagged is positive (precision)",
            &of(&weakest.precision),
        ));
    }
    if let Some(auc) = run.curves.as_ref().and_then(|curves| curves.roc_auc.as_ref()) {
        cards.push_str(&card(&auc_value(auc), "area under the ROC curve", "1 is perfect, 0.5 is chance"));
    }
    let quiet = run.rules.iter().filter(|rule| rule.hits == 0).count();
    cards.push_str(&card(&run.rules.len().to_string(), "rules", &format!("{quiet} of them hit nothing here")));
    let legend = "<b>Flagged</b> means any action stronger than accept. Ranges are 95 % intervals (Wilson): \
                  with few messages they are wide, and a difference within them means little.";
    let classes = charts::classes(run);
    let body = format!(
        "<div class=\"cards\">{cards}</div>{}<h3>What each action does</h3><p class=\"note\">Each action, with all stronger ones, as a detector of its own. \
         <b>FP rate, at most</b>: the one-sided 95 % upper bound (Clopper-Pearson); no false positive in 2,500 messages still allows 0.12 %.</p>{}",
        tables::labels(run, &classes),
        tables::actions(run)
    );
    section("numbers", "Numbers first", legend, &body)
}

/// The area as the run says it, whatever else stands beside it.
fn auc_value(auc: &super::stats::Auc) -> String {
    format!("{:.3}", auc.value)
}

fn figure(title: &str, chart: &str, legend: &str, class: &str) -> String {
    format!("<figure><h3>{title}</h3><div class=\"{class}\">{chart}</div><figcaption>{legend}</figcaption></figure>")
}

fn charts_section(run: &Run) -> String {
    let mut small = String::new();
    let mut large = String::new();
    if let Some(chart) = charts::scores(run) {
        let legend = "A row for each label, its number of messages beside it. Height is the share of that label's messages, \
                      stretched so that small shares can be seen; the last column holds all higher scores. Dashed lines: thresholds of actions.";
        small.push_str(&figure("Scores", &chart, legend, ""));
    }
    if let Some(curves) = &run.curves {
        let thinned = if curves.thinned { " Not every distinct score has a point." } else { "" };
        let roc = format!(
            "Each point is a threshold of the score: how much positive mail it finds, and at what price in false positives. Up and left is better; dashed: chance.{thinned}"
        );
        small.push_str(&figure("ROC", &charts::roc(curves), &roc, ""));
        let average =
            curves.average_precision.map(|value| format!(" Average precision: {value:.3}.")).unwrap_or_default();
        let legend = format!(
            "How pure the flagged mail is at each level of recall. It depends on the mix of the corpus, which real traffic does not share.{average}"
        );
        small.push_str(&figure("Precision and recall", &charts::precision(curves), &legend, ""));
    }
    if let Some((chart, shown)) = charts::rates(run) {
        let legend = format!(
            "<i class=\"swatch s0\"></i>positive mail<i class=\"swatch n0\"></i>negative mail; the line is the 95 % interval. Rules with false positives come first. {shown} of {} rules; the table below has all.",
            run.rules.len()
        );
        large.push_str(&figure("Rate of each rule", &chart, &legend, "wide"));
    }
    if let Some((chart, left_out)) = charts::timeline(run) {
        let more = if left_out > 0 { format!(" {left_out} earlier months are left out.") } else { String::new() };
        let legend = format!(
            "Outline: messages of the month; filled: flagged. A rule set that ages finds less of the newer positive mail. Messages without a date are not in it.{more}"
        );
        large.push_str(&figure("Over time", &chart, &legend, "wide"));
    }
    if let Some((chart, shown)) = charts::overlap(run) {
        let legend = format!(
            "A row's rule hits; the darker the cell, the more of them the column's rule hits too. {shown} rules with the most shared hits."
        );
        large.push_str(&figure("Overlap", &chart, &legend, "fit"));
    }
    if small.is_empty() && large.is_empty() {
        large.push_str("<p class=\"note\">Nothing to draw: no message of a label that counts.</p>");
    }
    let body = format!("<div class=\"charts\">{small}</div>{large}");
    section("charts", "Charts", "Point at a mark for its numbers.", &body)
}

fn rules_section(run: &Run) -> String {
    let (table, left_out) = tables::rules(run);
    let legend = "Click a column to sort, a rule for its messages.";
    let columns = "<details><summary>What the columns mean</summary><dl>\
        <dt>positive, negative</dt><dd>messages hit of all with such labels; point at it for the 95 % interval</dd>\
        <dt>FP, at most</dt><dd>one-sided 95 % upper bound of the false-positive rate</dd>\
        <dt>S/O</dt><dd>positive rate over the sum of both rates, as SpamAssassin has it: 1 never hits negative mail</dd>\
        <dt>rank</dt><dd>place among the rules, 1 is best: many positive and few negative hits</dd>\
        <dt>campaigns</dt><dd>positive campaigns hit: near-copies count once</dd>\
        <dt>alone</dt><dd>positive messages that no other rule hits</dd>\
        <dt>partner</dt><dd>the rule that shares most of its hits</dd>\
        <dt>first, last</dt><dd>dates of its hits</dd>\
        <dt>suppressed</dt><dd>matches that an <code>unless</code> clause or an exception took back</dd>\
        <dt>undecided</dt><dd>messages on which something it needs was absent</dd>\
        <dt>steps p99</dt><dd>cost on all but the costliest hundredth of the messages; does not depend on the machine</dd></dl></details>";
    section("all-rules", "Rules", legend, &format!("{columns}{table}{}", tables::left_out(left_out, "rules")))
}

fn suspects_section(run: &Run) -> String {
    let body = format!(
        "<h3>Negative mail with the highest scores</h3>{}<h3>Positive mail with the lowest scores</h3>{}",
        tables::suspects(run, "suspect-negative", &run.suspects.negative),
        tables::suspects(run, "suspect-positive", &run.suspects.positive)
    );
    let legend = "Either a rule is wrong here, or the label is. Look before you tune.";
    section("suspects", "Labels that deserve a second look", legend, &body)
}

fn messages_section(run: &Run, data: &data::Data) -> String {
    let left_out = run.messages.len() - data.kept.len();
    let body = format!(
        "<div class=\"tools\"><label>Show <select id=\"m-kind\"><option value=\"wrong\">wrong decisions</option>\
         <option value=\"fp\">false positives</option><option value=\"fn\">missed</option><option value=\"hit\">with a match</option>\
         <option value=\"evidence\">with evidence</option><option value=\"all\">all</option></select></label>\
         <label>hit by <select id=\"m-rule\"><option value=\"\">any rule</option></select></label>\
         <label>Filter <input type=\"search\" id=\"m-text\" aria-controls=\"messages\"></label></div>\
         <div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Messages\"><table id=\"messages\"><thead><tr><th scope=\"col\">Message</th>\
         <th scope=\"col\">label</th><th scope=\"col\">action</th><th scope=\"col\" class=\"n\">score</th><th scope=\"col\">wrong</th>\
         <th scope=\"col\" class=\"n\">rules</th><th scope=\"col\">date</th></tr></thead><tbody></tbody></table></div>\
         <div class=\"tools\"><button type=\"button\" id=\"m-back\">Previous page</button><button type=\"button\" id=\"m-next\">Next page</button>\
         <output id=\"m-count\" aria-live=\"polite\"></output></div><noscript><p class=\"note\">The list of messages needs JavaScript.</p></noscript>{}{}",
        tables::left_out(left_out, "messages"),
        tables::left_out(data.evidence_left_out, "pieces of evidence")
    );
    section(
        "all-messages",
        "Messages",
        "Click a message for the rules that matched and why: each clause, the value that decided it, and where it stands.",
        &body,
    )
}

fn about(run: &Run) -> String {
    let packs = run.packs.iter().map(|pack| {
        format!(
            "<dt>{} {}</dt><dd><code>{}</code></dd>",
            escape(&pack.name),
            escape(&pack.version),
            escape(&pack.digest)
        )
    });
    let clock = run.clock.map_or_else(|| "the machine's".into(), |millis| format!("{millis} ms since 1970"));
    let body = format!(
        "<dl><dt>engine</dt><dd>ruleeval {}</dd>{}<dt>corpus digest</dt><dd><code>{}</code></dd><dt>clock</dt><dd>{clock}</dd>\
         <dt>positive labels</dt><dd>{}</dd><dt>negative labels</dt><dd>{}</dd></dl>",
        escape(&run.engine),
        packs.collect::<String>(),
        escape(&run.corpus.digest),
        escape(&run.roles.positive.join(", ")),
        escape(&run.roles.negative.join(", "))
    );
    section("about", "About this report", "Equal digests mean equal rules on equal mail.", &body)
}
