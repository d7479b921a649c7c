//! Rows of cells: what CSV and Parquet hold.

use crate::report::run::{LabelStats, MessageRow, RuleStats, Run};
use crate::report::stats::Proportion;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which rows a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// One row for each rule.
    Rules,
    /// One row for each message.
    Messages,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    None,
    Text(String),
    Int(i64),
    Float(f64),
}

/// What all cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Int,
    Float,
}

/// A table; every row has a cell for every column.
pub(super) struct Flat {
    pub(super) columns: Vec<(String, Type)>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// The chosen rows.
pub(super) fn flat(run: &Run, rows: Rows) -> Flat {
    match rows {
        Rows::Rules => rules(run),
        Rows::Messages => messages(run),
    }
}

fn int(value: u64) -> Cell {
    Cell::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn maybe(value: Option<&str>) -> Cell {
    value.map_or(Cell::None, text)
}

fn rules(run: &Run) -> Flat {
    let mut columns: Vec<(String, Type)> = [
        ("rule", Type::Text),
        ("title", Type::Text),
        ("severity", Type::Text),
        ("mode", Type::Text),
        ("status", Type::Text),
        ("score", Type::Float),
        ("hits", Type::Int),
        ("overall_percent", Type::Float),
        ("spam_percent", Type::Float),
        ("ham_percent", Type::Float),
        ("so", Type::Float),
        ("rank", Type::Float),
    ]
    .map(|(name, ty)| (name.to_owned(), ty))
    .to_vec();
    for role in ["positive", "negative"] {
        proportion_columns(role, &mut columns);
        columns.extend(
            [("campaigns_hit", Type::Int), ("campaigns", Type::Int), ("campaign_rate", Type::Float)]
                .map(|(name, ty)| (format!("{role}_{name}"), ty)),
        );
    }
    columns.extend(
        [
            ("false_positive_upper", Type::Float),
            ("unique_positive", Type::Int),
            ("unique_negative", Type::Int),
            ("partner", Type::Text),
            ("partner_both", Type::Int),
            ("first_hit", Type::Text),
            ("last_hit", Type::Text),
            ("suppressed", Type::Int),
            ("undecided", Type::Int),
            ("over_budget", Type::Int),
            ("steps", Type::Int),
            ("steps_p50", Type::Int),
            ("steps_p99", Type::Int),
            ("steps_max", Type::Int),
        ]
        .map(|(name, ty)| (name.to_owned(), ty)),
    );
    for LabelStats { label, .. } in &run.labels {
        columns.push((format!("hits_{label}"), Type::Int));
    }
    Flat { columns, rows: run.rules.iter().map(|rule| rule_cells(run, rule)).collect() }
}

fn proportion_columns(name: &str, columns: &mut Vec<(String, Type)>) {
    let parts = [
        ("hits", Type::Int),
        ("messages", Type::Int),
        ("rate", Type::Float),
        ("low", Type::Float),
        ("high", Type::Float),
    ];
    columns.extend(parts.map(|(part, ty)| (format!("{name}_{part}"), ty)));
}

fn proportion(value: &Proportion) -> [Cell; 5] {
    let rate = value.rate.map_or(Cell::None, Cell::Float);
    [int(value.hits), int(value.of), rate, Cell::Float(value.low), Cell::Float(value.high)]
}

fn rule_cells(run: &Run, rule: &RuleStats) -> Vec<Cell> {
    let frequencies = &rule.frequencies;
    let mut cells = vec![
        text(&rule.name),
        maybe(rule.title.as_deref()),
        text(&rule.severity),
        text(&rule.mode),
        text(&rule.status),
        Cell::Float(rule.score.0 as f64 / 1000.0),
        int(rule.hits),
        Cell::Float(frequencies.overall),
        Cell::Float(frequencies.spam),
        Cell::Float(frequencies.ham),
        frequencies.so.map_or(Cell::None, Cell::Float),
        Cell::Float(frequencies.rank),
    ];
    for (rate, campaigns) in [(&rule.positive, &rule.positive_campaigns), (&rule.negative, &rule.negative_campaigns)] {
        cells.extend(proportion(rate));
        cells.extend([int(campaigns.hit), int(campaigns.of), Cell::Float(campaigns.weighted_rate)]);
    }
    let partner = rule.partner.and_then(|partner| Some((run.rules.get(partner.rule)?, partner.both)));
    cells.extend([
        Cell::Float(rule.false_positive_upper),
        int(rule.unique.positive),
        int(rule.unique.negative),
        partner.map_or(Cell::None, |(partner, _)| text(&partner.name)),
        partner.map_or(Cell::None, |(_, both)| int(both)),
        maybe(rule.first_hit.as_deref()),
        maybe(rule.last_hit.as_deref()),
        int(rule.suppressed),
        int(rule.undecided),
        int(rule.over_budget),
        int(rule.cost.steps),
        int(rule.cost.p50),
        int(rule.cost.p99),
        int(rule.cost.max),
    ]);
    cells.extend(rule.labels.iter().map(|label| int(label.rate.hits)));
    cells
}

fn messages(run: &Run) -> Flat {
    let attributes: BTreeSet<&Arc<str>> = run.messages.iter().flat_map(|row| row.attributes.keys()).collect();
    let mut columns: Vec<(String, Type)> = [
        ("id", Type::Text),
        ("label", Type::Text),
        ("cluster", Type::Text),
        ("date", Type::Text),
        ("action", Type::Text),
        ("score", Type::Float),
        ("rules", Type::Text),
        ("suppressed", Type::Text),
        ("undecided", Type::Int),
        ("damaged", Type::Int),
    ]
    .map(|(name, ty)| (name.to_owned(), ty))
    .to_vec();
    // Further columns of the manifest may be called like one of ours.
    columns.extend(attributes.iter().map(|column| (format!("attr_{column}"), Type::Text)));
    let names = |rules: &[u32]| {
        let names = rules.iter().filter_map(|rule| run.rules.get(*rule as usize)).map(|rule| &*rule.name);
        Cell::Text(names.collect::<Vec<_>>().join(" "))
    };
    let cells = |row: &MessageRow| {
        let mut cells = vec![
            text(&row.id),
            text(&row.label),
            maybe(row.cluster.as_deref()),
            maybe(row.date.as_deref()),
            text(&row.action),
            Cell::Float(row.score.0 as f64 / 1000.0),
            names(&row.matched),
            names(&row.suppressed),
            int(row.undecided.len() as u64),
            Cell::Int(i64::from(row.damaged)),
        ];
        cells.extend(attributes.iter().map(|column| maybe(row.attributes.get(*column).map(|value| &**value))));
        cells
    };
    Flat { columns, rows: run.messages.iter().map(cells).collect() }
}
