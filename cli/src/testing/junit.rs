//! JUnit XML as build servers read it: one suite for each rule.

use super::report::{Outcome, Tested};

/// The whole document.
pub(crate) fn document(tested: &[Tested]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = |wanted: fn(&Outcome) -> bool| tested.iter().filter(|one| wanted(&one.outcome)).count();
    out.push_str(&format!(
        "<testsuites name=\"ruleeval\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
        tested.len(),
        count(Outcome::fails),
        count(Outcome::is_known)
    ));
    for suite in tested.chunk_by(|a, b| a.suite == b.suite) {
        let fails = suite.iter().filter(|one| one.outcome.fails()).count();
        let known = suite.iter().filter(|one| one.outcome.is_known()).count();
        out.push_str(&format!(
            "  <testsuite name={} tests=\"{}\" failures=\"{fails}\" skipped=\"{known}\">\n",
            quoted(&suite[0].suite),
            suite.len()
        ));
        suite.iter().for_each(|one| case(one, &mut out));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(one: &Tested, out: &mut String) {
    out.push_str(&format!("    <testcase classname={} name={}", quoted(&one.suite), quoted(&one.name)));
    // `file:line:column`, where the file's name may hold colons of its own.
    let mut place = one.at.rsplitn(3, ':');
    if let (Some(_), Some(line), Some(file)) = (place.next(), place.next(), place.next()) {
        out.push_str(&format!(" file={} line={}", quoted(file), quoted(line)));
    }
    match &one.outcome {
        Outcome::Passed => out.push_str("/>\n"),
        Outcome::Failed { summary, .. } => out.push_str(&format!(
            ">\n      <failure message={} type=\"expectation\">{}</failure>\n    </testcase>\n",
            quoted(summary),
            escaped(&one.outcome.details())
        )),
        Outcome::Known { summary, known } => {
            let message = format!("known failure: {summary}; {known}");
            out.push_str(&format!(">\n      <skipped message={}/>\n    </testcase>\n", quoted(&message)));
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Text and attribute values alike. XML 1.0 has no form at all for most control characters, so
/// those become the replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn hostile_text_is_escaped() {
        let shown = super::quoted("a\"<b>&'\u{0}\u{1b}[31m\u{ffff}é");
        assert_eq!(shown, "\"a&quot;&lt;b&gt;&amp;'\u{fffd}\u{fffd}[31m\u{fffd}é\"");
    }
}
