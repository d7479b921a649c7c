//! The plan against the reference evaluator on generated rules and messages.
//! `RULEEVAL_PAIRS` sets how many pairs of rule and message are compared: see `.ci/nightly`.

mod support;

use ruleeval::engine::{Compiler, Engine, Options};
use ruleeval::message::Settings;
use ruleeval::plan::PlanOptions;

const RULES: usize = 24;
const MESSAGES: u64 = 12;

fn engine(text: &str, options: PlanOptions) -> Result<Engine, String> {
    let mut compiler = Compiler::new();
    let settings = Settings { trusted_authserv_ids: vec!["mx.example.net".into()], ..Settings::default() };
    compiler.settings(settings).plan(options).rules("p", text);
    let compiled = compiler.compile();
    let problem = compiled.diagnostics.iter().find(|problem| problem.is_error());
    compiled.engine.ok_or_else(|| {
        problem.map_or_else(String::new, |problem| {
            let at = compiled.sources.snippet(problem.primary.span);
            format!("{}: {at}", problem.message)
        })
    })
}

fn pairs() -> usize {
    std::env::var("RULEEVAL_PAIRS").ok().and_then(|pairs| pairs.parse().ok()).unwrap_or(12_000)
}

#[test]
fn plan_and_reference_agree_on_generated_rules() {
    let wanted = pairs();
    let (mut compared, mut seed, mut refused) = (0, 0, Vec::new());
    let mut statuses = std::collections::BTreeMap::new();
    while compared < wanted {
        seed += 1;
        let text = support::rules(seed, RULES);
        // Each pack with all optimisations and with one other combination.
        let other = PlanOptions::combinations().nth(seed as usize % PlanOptions::COMBINATIONS).expect("a combination");
        for options in [PlanOptions::default(), other] {
            let engine = match engine(&text, options) {
                Ok(engine) => engine,
                Err(reason) => {
                    refused.push(reason);
                    break;
                }
            };
            // One scratch for all messages: what it remembers must be true of each.
            let mut scratch = engine.scratch();
            let rules = engine.names_by_id();
            for number in 0..MESSAGES {
                let message = engine.parse(support::message(seed * 31 + number));
                let planned = engine.planned_outcomes(&message, &mut scratch);
                let outcomes = planned.into_iter().zip(engine.reference_outcomes(&message)).zip(&rules);
                for ((planned, reference), rule) in outcomes {
                    assert!(!reference.over_budget, "{rule} of seed {seed} costs too much");
                    assert_eq!(planned, reference, "{rule} of seed {seed}, message {number}, {options:?}\n{text}");
                    *statuses.entry(format!("{:?}", reference.status())).or_insert(0) += 1;
                    compared += 1;
                }
            }
        }
        assert!(refused.len() * 10 <= seed as usize + 100, "the checker refuses what is generated: {refused:#?}");
    }
    // A generator that only makes one kind of outcome would prove nothing.
    for status in ["Match", "NoMatch", "Undecided", "Suppressed"] {
        assert!(statuses.get(status).is_some_and(|count| *count * 500 > compared), "{status}: {statuses:?}");
    }
    println!("{compared} pairs, {statuses:?}, {} packs refused", refused.len());
}

#[test]
fn verdicts_agree_with_the_plain_plan() {
    for seed in 1..8 {
        let text = support::rules(seed, RULES);
        let engines: Vec<Engine> = [PlanOptions::default(), PlanOptions::PLAIN]
            .into_iter()
            .filter_map(|options| engine(&text, options).ok())
            .collect();
        let mut scratches: Vec<_> = engines.iter().map(Engine::scratch).collect();
        for number in 0..MESSAGES {
            let verdicts: Vec<String> = engines
                .iter()
                .zip(&mut scratches)
                .map(|(engine, scratch)| {
                    let message = engine.parse(support::message(seed * 31 + number));
                    let verdict = engine.evaluate(&message, scratch, Options::default());
                    serde_json::to_string(&verdict).expect("a verdict is JSON")
                })
                .collect();
            assert!(verdicts.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}, message {number}: {verdicts:#?}");
        }
    }
}
