//! JUnit's XML, as continuous integration reads it: one test for each gate; without gates one for
//! each rule, which fails if the rule spent its budget.

use crate::report::gates::GateResult;
use crate::report::run::Run;

pub(super) fn render(run: &Run, gates: &[GateResult]) -> String {
    let mut cases = Vec::new();
    for gate in gates {
        let failure = (!gate.passed).then(|| format!("required {}, found {}", gate.required, gate.found));
        cases.push(case(&gate.subject, &gate.condition, failure));
    }
    if gates.is_empty() {
        for rule in &run.rules {
            let spent = rule.over_budget;
            let failure = (spent > 0).then(|| format!("spent its budget on {spent} message(s)"));
            cases.push(case(&rule.name, "decides within its budget", failure));
        }
    }
    for problem in &run.problems {
        cases.push(
            case("corpus", &problem.id, None)
                .replace("/>", &format!("><skipped message=\"{}\"/></testcase>", xml(&problem.reason))),
        );
    }
    let failures = cases.iter().filter(|case| case.contains("<failure ")).count();
    let skipped = run.problems.len();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"ruleeval\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n{}</testsuite>\n</testsuites>\n",
        cases.len(),
        cases.concat()
    )
}

fn case(class: &str, name: &str, failure: Option<String>) -> String {
    let head = format!("<testcase classname=\"{}\" name=\"{}\"", xml(class), xml(name));
    match failure {
        None => format!("{head}/>\n"),
        Some(failure) => format!("{head}><failure message=\"{}\"></failure></testcase>\n", xml(&failure)),
    }
}

/// Text of an attribute. Characters that XML 1.0 has no form for are replaced.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(c))),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
