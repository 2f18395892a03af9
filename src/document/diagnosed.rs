//! What the rules say, by rule.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Cell, Column, Layout, Mark, Table, Tone};
use crate::diagnostic::{Diagnostic, Level};

/// Subjects that a row names; `check` lists all.
const MOST_SUBJECTS: usize = 4;

const RULES: &[Column] = &[
    Column::new("rule", "Rule").tight(),
    Column::beneath("name", ""),
    Column::new("level", "Level"),
    Column::new("open", "Open"),
    Column::new("subjects", "About").wide(),
    Column::new("example", "Such as").wide(),
];

/// Counts what is open by rule, errors first; hints are left out.
pub(super) fn rule_table(diagnostics: &[Diagnostic]) -> Table {
    let mut rules: BTreeMap<(Level, &str), Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in diagnostics.iter().filter(|one| one.level != Level::Info) {
        rules
            .entry((diagnostic.level, diagnostic.code))
            .or_default()
            .push(diagnostic);
    }
    let rows = rules.into_iter().map(|((level, code), of_rule)| {
        let subjects: BTreeSet<&str> = of_rule.iter().filter_map(|one| one.subject.as_deref()).collect();
        let more = subjects.len().saturating_sub(MOST_SUBJECTS);
        let mut named: Vec<String> = subjects
            .into_iter()
            .take(MOST_SUBJECTS)
            .map(str::to_owned)
            .collect();
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        let first = of_rule.first();
        vec![
            Cell::text(code),
            Cell::maybe(first.map(|one| one.name)),
            Cell::Mark(mark(level)),
            Cell::count(of_rule.len()),
            Cell::list(named),
            Cell::maybe(first.map(|one| one.message.as_str())),
        ]
    });
    Table {
        name: "nonconformities",
        caption: "What the rules object to, errors first".into(),
        layout: Layout::Plain,
        columns: RULES,
        rows: rows.collect(),
        when_empty: "No rule objects to anything.",
    }
}

fn mark(level: Level) -> Mark {
    let (rank, tone) = match level {
        Level::Error => (0, Tone::Bad),
        Level::Warn => (1, Tone::Warning),
        Level::Info => (2, Tone::Quiet),
    };
    Mark {
        word: level.word(),
        rank,
        tone,
    }
}
