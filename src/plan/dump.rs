//! The plan as text: what `--emit plan` shows.

use super::build::children;
use super::{Op, Plan};
use crate::check::hir::Program;
use crate::value::Catalog;
use std::fmt::Write;

pub(super) fn dump(plan: &Plan, program: &Program, catalog: &Catalog) -> String {
    let mut out = String::new();
    for (index, node) in plan.nodes.iter().enumerate() {
        let scope = if node.closed { "" } else { " open" };
        let _ = writeln!(out, "n{index} = {}{scope} cost={}", op(&node.op, catalog, program), node.cost);
    }
    for (rule, planned) in program.rules.iter().zip(&plan.rules) {
        let unless: Vec<String> =
            planned.unless.iter().map(|(name, node)| format!(" unless {name}=n{}", node.0)).collect();
        let _ = writeln!(out, "rule {} when=n{}{}", rule.name, planned.when.0, unless.concat());
    }
    out
}

fn op(op: &Op, catalog: &Catalog, program: &Program) -> String {
    let operands: Vec<String> = children(op).iter().map(|child| format!(" n{}", child.0)).collect();
    let operands = operands.concat();
    let list = |id: u32| program.lists.get(id as usize).map_or("?", |info| &info.name).to_owned();
    match op {
        Op::Const(value) => format!("const {value:?}"),
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
        Op::Quantified(quantifier, _, element, _) => {
            format!("{quantifier:?} local={}{operands}", element.0).to_lowercase()
        }
        Op::Let(id, ..) => format!("let local={}{operands}", id.0),
        Op::Not(_) => format!("not{operands}"),
        Op::And(_) => format!("and{operands}"),
        Op::Or(_) => format!("or{operands}"),
        Op::AtLeast(count, _) => format!("at_least {count}{operands}"),
        Op::Compare(ordering, fold, ..) => format!("{ordering:?} {fold:?}{operands}").to_lowercase(),
        Op::InValues(_, fold, _) => format!("in {fold:?}{operands}").to_lowercase(),
        Op::InList(_, fold, id) => format!("in {fold:?} ${}{operands}", list(*id)).to_lowercase(),
        Op::InValue(_, fold, _) => format!("in {fold:?} value{operands}").to_lowercase(),
        Op::TextValues(_, text, no_case, _) => {
            format!("{text:?}{}{operands}", if *no_case { "~" } else { "" }).to_lowercase()
        }
        Op::TextPatterns(_, text, patterns) => {
            let patterns: Vec<&str> = patterns.iter().map(|pattern| pattern.source()).collect();
            format!("{} {patterns:?}{operands}", format!("{text:?}").to_lowercase())
        }
        Op::TextList(_, text, no_case, id) => {
            format!("{text:?}{} ${}{operands}", if *no_case { "~" } else { "" }, list(*id)).to_lowercase()
        }
        Op::IsNull(_) => format!("is_null{operands}"),
        Op::IsEmpty(_) => format!("is_empty{operands}"),
        Op::Coalesce(_) => format!("coalesce{operands}"),
        Op::If(..) => format!("if{operands}"),
        Op::Arith(arith, ..) => format!("{arith:?}{operands}").to_lowercase(),
        Op::Neg(..) => format!("neg{operands}"),
        Op::Array(_) => format!("array{operands}"),
        Op::Rule(id) => format!("rule {}", program.rules.get(id.0 as usize).map_or("?", |rule| &rule.name)),
    }
}
