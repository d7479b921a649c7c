//! The plan as text: what `--emit plan` shows.

use super::index::{Bits, Group, Probe, Span, Subject};
use super::intern::each_child;
use super::settle::{Asks, Settlement};
use super::texts::Needle;
use super::{Keep, NodeId, Op, Plan};
use crate::check::hir::{Program, RuleId};
use crate::value::Catalog;
use std::fmt::Write;

pub(super) fn dump(plan: &Plan, program: &Program, catalog: &Catalog) -> String {
    let mut out = String::new();
    nodes(plan, program, catalog, &mut out);
    rules(plan, program, &mut out);
    texts(plan, &mut out);
    if plan.options.guard {
        index(plan, program, &mut out);
    }
    if plan.options.settle {
        settlement(plan, program, &mut out);
    }
    out
}

fn nodes(plan: &Plan, program: &Program, catalog: &Catalog, out: &mut String) {
    let _ = writeln!(out, "nodes: {}", plan.nodes.len());
    for (index, node) in plan.nodes.iter().enumerate() {
        let keep = match node.keep {
            Keep::No => "",
            Keep::Message(_) => " kept",
            Keep::Element(..) => " kept for each element",
        };
        let text = op(&node.op, catalog, program);
        let _ = writeln!(out, "  n{index} = {text}  [cost {}, chance {}{keep}]", node.cost, node.chance);
    }
}

fn rules(plan: &Plan, program: &Program, out: &mut String) {
    let _ = writeln!(out, "rules: {}", plan.rules.len());
    for (index, (rule, planned)) in program.rules.iter().zip(&plan.rules).enumerate() {
        let unless: Vec<String> =
            planned.unless.iter().map(|(name, node)| format!(" unless {name}=n{}", node.0)).collect();
        let _ = write!(out, "  {} when n{}{}", rule.name, planned.when.0, unless.concat());
        if let Some(guards) = plan.index.waits.get(index) {
            if !plan.index.can_hold(RuleId(index as u32)) {
                out.push_str(" never");
            }
            for guard in guards {
                let groups: Vec<String> = guard.iter().map(|group| format!("g{group}")).collect();
                let _ = write!(out, " waits for {}", groups.join(" or "));
            }
        }
        out.push('\n');
    }
}

fn texts(plan: &Plan, out: &mut String) {
    let _ = writeln!(out, "texts: {}", plan.texts.len());
    for (index, text) in plan.texts.iter().enumerate() {
        let _ = writeln!(out, "  t{index} = n{}", text.text.0);
        for (number, needle) in text.set.needles().iter().enumerate() {
            let always = if text.set.is_always(number as u32) { "  [no literal: any text is a candidate]" } else { "" };
            let _ = match needle {
                Needle::Literal(op, no_case, text) => {
                    let case = if *no_case { "~" } else { "" };
                    writeln!(out, "    {number}: {op:?}{case} {text:?}{always}")
                }
                Needle::Pattern(pattern) => {
                    let case = if pattern.0.options().no_case { "i" } else { "" };
                    let whole = if pattern.0.options().whole { " whole" } else { "" };
                    writeln!(out, "    {number}: /{}/{case}{whole}{always}", pattern.0.source())
                }
            };
        }
    }
}

fn index(plan: &Plan, program: &Program, out: &mut String) {
    let _ = writeln!(out, "groups: {}", plan.index.groups.len());
    for (index, group) in plan.index.groups.iter().enumerate() {
        let subject = match &group.subject {
            Subject::One(id) => node(*id),
            Subject::Each { lists, node: id } => {
                let lists: Vec<String> = lists.iter().map(|(list, _)| node(*list)).collect();
                format!("{} for each of {}", node(*id), lists.join(" of "))
            }
        };
        let _ = writeln!(out, "  g{index} on {subject}, {}", probe(&group.probe));
        keys(plan, group, program, out);
    }
    let unguarded: Vec<RuleId> = plan.index.unguarded().collect();
    if !unguarded.is_empty() {
        let _ = writeln!(out, "unguarded: {}", names(program, unguarded.into_iter()));
    }
}

fn settlement(plan: &Plan, program: &Program, out: &mut String) {
    let Settlement { first, then, asked, .. } = &plan.settlement;
    let rules = |bits: &[Bits]| names(program, bits.iter().flat_map(|bits| rules_in(plan, bits.word, bits.bits)));
    let _ = writeln!(out, "settled: {}", first.len() + then.len());
    let when = std::iter::repeat_n(", before the index", first.len()).chain(std::iter::repeat(""));
    for (settler, when) in first.iter().chain(then).zip(when) {
        match &settler.asks {
            Asks::Condition(id, _) => {
                let _ = writeln!(out, "  {}{when}: {}", node(*id), rules(&settler.rules));
            }
            Asks::Exclusion { value, keys, excluded } => {
                let (value, rules_of) = (node(*value), rules(&settler.rules));
                let _ = writeln!(out, "  {value} is none of, {:?}{when}: {rules_of}", keys.fold());
                let mut keys: Vec<(&str, u32)> = keys.iter().collect();
                keys.sort_unstable();
                for (text, key) in keys {
                    let excluded = excluded.get(key as usize).map_or(&[] as &[Bits], Vec::as_slice);
                    let _ = writeln!(out, "    {text:?}: {}", rules(excluded));
                }
            }
        }
    }
    let asked = asked.iter().zip(0..).flat_map(|(bits, word)| rules_in(plan, word, *bits));
    let _ = writeln!(out, "evaluated whenever they can hold: {}", names(program, asked));
}

/// The rules of some bits of a word.
fn rules_in(plan: &Plan, word: u32, bits: u64) -> impl Iterator<Item = RuleId> + '_ {
    let held = (0..64).filter(move |bit| bits >> bit & 1 == 1);
    held.filter_map(move |bit| plan.index.rules.get((word * 64 + bit) as usize).copied())
}

fn keys(plan: &Plan, group: &Group, program: &Program, out: &mut String) {
    let mut named: Vec<(String, u32)> = match &group.probe {
        Probe::Truth => vec![("not false".into(), 0)],
        Probe::Absent => vec![("absent".into(), 0)],
        Probe::Near { keys, .. } => keys.iter().map(|(text, key)| (format!("{text:?}"), *key)).collect(),
        Probe::Template(keys) => {
            let name = |id: u32| program.templates.get(id as usize).map_or("?", |template| &template.name);
            keys.iter().map(|(id, key)| (name(*id).to_owned(), *key)).collect()
        }
        Probe::Number(_, spans) => spans.iter().map(|span| (range(*span), span.key)).collect(),
        Probe::Equal(keys) => keys.iter().map(|(text, key)| (format!("{text:?}"), key)).collect(),
        Probe::Text(_, keys) => {
            let used = keys.iter().enumerate().filter(|(_, key)| **key != u32::MAX);
            used.map(|(needle, key)| (format!("needle {needle:>4}"), *key)).collect()
        }
    };
    named.sort();
    for (name, key) in named {
        let _ = writeln!(out, "    {name}: {}", names(program, rules_of(plan, group.of_key(key))));
    }
}

fn rules_of<'p>(plan: &'p Plan, places: &'p [u32]) -> impl Iterator<Item = RuleId> + 'p {
    let stride = plan.index.words.max(1) as u32 * 64;
    places.iter().filter_map(move |place| plan.index.rules.get((place % stride) as usize).copied())
}

fn range(span: Span) -> String {
    let end = |number: i64| if matches!(number, i64::MIN | i64::MAX) { String::new() } else { number.to_string() };
    format!("{}..={}", end(span.least), end(span.most))
}

fn probe(probe: &Probe) -> String {
    match probe {
        Probe::Truth => "truth".into(),
        Probe::Absent => "absence".into(),
        Probe::Near { no_case, edits, .. } => format!("up to {edits} edits, no_case={no_case}"),
        Probe::Template(_) => "templates of the sender".into(),
        Probe::Number(kind, _) => format!("{kind:?} within"),
        Probe::Equal(keys) => format!("equality {:?}", keys.fold()),
        Probe::Text(set, _) => format!("needles of t{set}"),
    }
}

fn names(program: &Program, rules: impl Iterator<Item = RuleId>) -> String {
    let names = rules.map(|id| program.rules.get(id.0 as usize).map_or("?", |rule| &rule.name));
    names.collect::<Vec<_>>().join(" ")
}

fn node(id: NodeId) -> String {
    format!("n{}", id.0)
}

pub(super) fn op(op: &Op, catalog: &Catalog, program: &Program) -> String {
    let mut operands = String::new();
    each_child(op, |child| operands.push_str(&format!(" n{}", child.0)));
    let list = |id: u32| program.lists.get(id as usize).map_or("?", |info| &info.name).to_owned();
    match op {
        Op::Const(constant) => format!("const {:?}", constant.0),
        Op::Message => "message".into(),
        Op::Local(id) => format!("local {}", id.0),
        Op::List(id) => format!("list ${}", list(*id)),
        Op::Template(id) => {
            format!("template {}", program.templates.get(id.0 as usize).map_or("?", |template| &template.name))
        }
        Op::Field(_, field) => {
            let decl = catalog.field(*field);
            format!("field {}.{}{operands}", catalog.record(decl.record).name, decl.name)
        }
        Op::Index(..) => format!("index{operands}"),
        Op::Key(..) => format!("key{operands}"),
        Op::Call(function, _) => format!("call {}{operands}", catalog.function(*function).name),
        Op::Length(_) => format!("length{operands}"),
        Op::Sum(_) => format!("sum{operands}"),
        Op::Flatten(_) => format!("flatten{operands}"),
        Op::Keys(_) => format!("keys{operands}"),
        Op::Values(_) => format!("values{operands}"),
        Op::Quantified(quantifier, _, element, _) => format!("{quantifier:?} {}:{operands}", element.0),
        Op::Let(id, ..) => format!("let {}:{operands}", id.0),
        Op::Not(_) => format!("not{operands}"),
        Op::And(_) => format!("and{operands}"),
        Op::Or(_) => format!("or{operands}"),
        Op::AtLeast(count, _) => format!("{count} of{operands}"),
        Op::Compare(ordering, fold, ..) => format!("{ordering:?} {fold:?}{operands}"),
        Op::InValues(_, fold, _) | Op::InValue(_, fold, _) => format!("in {fold:?}{operands}"),
        Op::InList(_, fold, id) => format!("in {fold:?} ${}{operands}", list(*id)),
        Op::TextValues(_, op, no_case, _) => format!("{op:?} no_case={no_case}{operands}"),
        Op::TextPatterns(_, op, patterns) => {
            let sources: Vec<&str> = patterns.iter().map(|pattern| pattern.0.source()).collect();
            format!("{op:?} {sources:?}{operands}")
        }
        Op::TextList(_, op, no_case, id) => format!("{op:?} no_case={no_case} ${}{operands}", list(*id)),
        Op::TextSet(_, set, needles) => format!("any of t{set} {needles:?}{operands}"),
        Op::IsNull(_) => format!("is null{operands}"),
        Op::IsEmpty(_) => format!("is empty{operands}"),
        Op::Coalesce(_) => format!("coalesce{operands}"),
        Op::If(..) => format!("if{operands}"),
        Op::Arith(arith, ..) => format!("{arith:?}{operands}"),
        Op::Neg(..) => format!("neg{operands}"),
        Op::Array(_) => format!("array{operands}"),
        Op::Rule(id) => format!("rule {}", program.rules.get(id.0 as usize).map_or("?", |rule| &rule.name)),
    }
}
