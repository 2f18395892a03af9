//! The difference in posture between two moments: records, decisions, findings, figures, rules and imports.

mod findings;
mod records;

use std::collections::BTreeMap;

use serde::Serialize;

use super::cover::each_once;
use super::measures::{RATES, counted, label, shown};
use super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::words::moment;
use super::{DocumentKind, Earlier, Request, View, values};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Disposition, Kind, RecordId};
use crate::reconcile::{ImportLine, Kpi, Register};
use findings::{count_table, finding_table, turned};
use records::{decision_table, edit_table, record_table};

/// The difference in posture between two moments; made by [`super::render_difference`] alone.
pub const POSTURE_DIFF: DocumentKind = DocumentKind {
    id: "posture-diff",
    slug: "posture-diff",
    title: "Difference in posture",
    audience: "auditors, management",
    purpose: "What changed between two moments: rules and records, decisions, findings, figures, and what each was counted from.",
    template: "posture-diff.md",
    tables: &[
        "moments",
        "records",
        "edits",
        "decisions",
        "counts",
        "findings",
        "figures",
        "rules",
        "imports-used",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Difference {
    from: String,
    to: String,
    headline: String,
    records: usize,
    weakenings: usize,
    findings: usize,
    unexplained: usize,
    has_figures_of_both: bool,
}

fn view(request: &Request<'_>) -> View {
    // Nothing but `render_difference` asks for this document, and it always tells the earlier moment.
    let Some(earlier) = request.earlier else {
        return View {
            classification: "confidential",
            values: serde_json::Value::Null,
            tables: Vec::new(),
            figures: Vec::new(),
            underlying: Vec::new(),
        };
    };
    let register = request.register;
    let turned = turned(earlier.register, register);
    let unexplained = turned.iter().filter(|one| one.is_unexplained()).count();
    let changed = earlier.changes.records.iter();
    let underlying = changed.filter_map(|one| {
        let kind = Kind::from_name(one.change.kind)?;
        Some((kind, RecordId::new(&one.change.id)?))
    });
    let live = underlying.filter(|(_, id)| register.repository.record(id).is_some());
    View {
        classification: "confidential",
        values: values(&Difference {
            from: moment(earlier.register.as_of, earlier.register.as_of.instant()),
            to: moment(register.as_of, register.as_of.instant()),
            headline: earlier.changes.headline.clone(),
            records: earlier.changes.records.len(),
            weakenings: earlier.changes.weakenings,
            findings: turned.len(),
            unexplained,
            has_figures_of_both: !earlier.register.imports.is_empty() && !register.imports.is_empty(),
        }),
        underlying: each_once(live.collect()),
        tables: vec![
            moment_table(request, earlier),
            record_table(earlier.changes),
            edit_table(earlier.changes),
            decision_table(request, earlier),
            count_table(&turned),
            finding_table(register, &turned),
            figure_table(earlier.register, register),
            rule_table(earlier.provenance.diagnostics, request.provenance.diagnostics),
            import_table(earlier.register, register),
        ],
        figures: Vec::new(),
    }
}

const MOMENTS: &[Column] = &[
    Column::new("item", "").tight(),
    Column::new("from", "From").wide(),
    Column::new("to", "To").wide(),
];

fn moment_table(request: &Request<'_>, earlier: &Earlier<'_>) -> Table {
    let sides = [
        (earlier.register, earlier.provenance, earlier.names.0),
        (request.register, request.provenance, earlier.names.1),
    ];
    let of = |disposition: Disposition| {
        sides.map(|(register, ..)| {
            Cell::count(
                register
                    .by_disposition()
                    .get(&disposition)
                    .copied()
                    .unwrap_or_default(),
            )
        })
    };
    let open = |register: &Register<'_>| {
        let open = register
            .findings
            .iter()
            .filter(|finding| finding.closed.is_none());
        Cell::count(open.count())
    };
    let code = |text: Option<&str>| text.map_or_else(|| Cell::text("none"), |text| Cell::Code(text.into()));
    let rows = [
        ("As named", sides.map(|(_, _, name)| Cell::text(name))),
        (
            "Judged at",
            sides.map(|(register, ..)| Cell::text(register.as_of.to_string())),
        ),
        (
            "Commit",
            sides.map(|(_, provenance, _)| code(provenance.commit.as_deref())),
        ),
        (
            "Tree digest (SHA-256)",
            sides.map(|(_, provenance, _)| code(Some(&provenance.tree_digest))),
        ),
        (
            "Configuration digest (SHA-256)",
            sides.map(|(_, provenance, _)| code(provenance.config_digest.as_deref())),
        ),
        (
            "Records",
            sides.map(|(register, ..)| Cell::count(register.repository.records().count())),
        ),
        (
            "Hosts that count",
            sides.map(|(register, ..)| Cell::count(register.hosts.iter().filter(|host| host.counts).count())),
        ),
        ("Open findings", sides.map(|(register, ..)| open(register))),
        ("of these overdue", of(Disposition::Overdue)),
        ("of these under an exception", of(Disposition::Deferred)),
        ("of these accepted", of(Disposition::Accepted)),
        (
            "Open errors of the rules",
            sides.map(|(_, provenance, _)| Cell::count(provenance.count(Level::Error))),
        ),
        (
            "Warnings of the rules",
            sides.map(|(_, provenance, _)| Cell::count(provenance.count(Level::Warn))),
        ),
    ];
    let rows = rows
        .into_iter()
        .map(|(item, [from, to])| vec![Cell::text(item), from, to]);
    Table {
        name: "moments",
        caption: "The two moments, each judged by its own records, rules and imports".into(),
        layout: Layout::Plain,
        columns: MOMENTS,
        rows: rows.collect(),
        when_empty: "",
    }
}

const FIGURES: &[Column] = &[
    Column::new("label", "Figure"),
    Column::data("name"),
    Column::new("from", "From").tight(),
    Column::data("from_value"),
    Column::data("from_unit"),
    Column::data("from_numerator"),
    Column::data("from_denominator"),
    Column::new("to", "To").tight(),
    Column::data("to_value"),
    Column::data("to_unit"),
    Column::data("to_numerator"),
    Column::data("to_denominator"),
    Column::new("direction", "Direction"),
    Column::new("definition", "What over what").wide(),
];

/// Lists the figures of both moments side by side, the rates first.
fn figure_table(before: &Register<'_>, after: &Register<'_>) -> Table {
    let is_rate = |name: &str| RATES.iter().any(|(rate, _)| *rate == name);
    let others = after.kpis.keys().copied().filter(|name| !is_rate(name));
    let names = RATES.iter().map(|(name, _)| *name).chain(others);
    let rows = names.map(|name| {
        let (was, is) = (before.kpis.get(name), after.kpis.get(name));
        let mut row = vec![Cell::text(label(name)), Cell::text(name), shown(before, was)];
        row.extend(counted(was));
        row.push(shown(after, is));
        row.extend(counted(is));
        row.push(Cell::text(direction(was, is)));
        row.push(Cell::maybe(is.map(|kpi| kpi.title)));
        row
    });
    Table {
        name: "figures",
        caption: "Figures of the twelve months before each moment".into(),
        layout: Layout::Plain,
        columns: FIGURES,
        rows: rows.collect(),
        when_empty: "",
    }
}

/// Compares two figures without rounding; whether that is good only a target can tell.
fn direction(was: Option<&Kpi>, is: Option<&Kpi>) -> &'static str {
    let exact = |kpi: Option<&Kpi>| kpi.and_then(Kpi::exact);
    let (Some((was, of)), Some((is, over))) = (exact(was), exact(is)) else {
        return "n/a";
    };
    let was = u128::from(was) * u128::from(over);
    match (u128::from(is) * u128::from(of)).cmp(&was) {
        std::cmp::Ordering::Greater => "up",
        std::cmp::Ordering::Equal => "level",
        std::cmp::Ordering::Less => "down",
    }
}

const RULES: &[Column] = &[
    Column::new("rule", "Rule").tight(),
    Column::new("name", "Name"),
    Column::new("level", "Level"),
    Column::new("from", "From"),
    Column::new("to", "To"),
];

/// Counts what the rules said at both moments; hints are left out.
fn rule_table(before: &[Diagnostic], after: &[Diagnostic]) -> Table {
    let mut rules: BTreeMap<(Level, &str, &str), [u64; 2]> = BTreeMap::new();
    for (side, diagnostics) in [before, after].into_iter().enumerate() {
        for one in diagnostics.iter().filter(|one| one.level != Level::Info) {
            rules.entry((one.level, one.code, one.name)).or_default()[side] += 1;
        }
    }
    let rows = rules.into_iter().map(|((level, code, name), [from, to])| {
        let tone = if level == Level::Error {
            Tone::Bad
        } else {
            Tone::Warning
        };
        vec![
            Cell::text(code),
            Cell::text(name),
            Cell::Mark(Mark {
                word: level.word(),
                rank: u8::from(level != Level::Error),
                tone,
            }),
            Cell::count(from),
            Cell::count(to),
        ]
    });
    Table {
        name: "rules",
        caption: "What the rules objected to, counted".into(),
        layout: Layout::Plain,
        columns: RULES,
        rows: rows.collect(),
        when_empty: "No rule objected to anything at either moment.",
    }
}

const IMPORTS: &[Column] = &[
    Column::new("source", "Source").tight(),
    Column::new("file", "File").wide(),
    Column::beneath("sha256", "SHA-256"),
    Column::new("run_at", "Run").tight(),
    Column::new("from", "From"),
    Column::new("to", "To"),
];

/// Lists every export that either side has, with what became of it there.
fn import_table(before: &Register<'_>, after: &Register<'_>) -> Table {
    let mut exports: BTreeMap<(&str, &str), [Option<&ImportLine>; 2]> = BTreeMap::new();
    for (side, register) in [before, after].into_iter().enumerate() {
        for line in &register.imports {
            exports.entry((&line.file, &line.sha256)).or_default()[side] = Some(line);
        }
    }
    let used = |line: Option<&ImportLine>, register: &Register<'_>| match line {
        None => Cell::text("not there"),
        Some(line) if line.is_newer_than(register.as_of) => Cell::text("newer, left out"),
        Some(line) => Cell::text(format!("used: {} rows", super::cover::rows_read(line))),
    };
    let rows = exports.into_iter().filter_map(|((file, sha256), [was, is])| {
        let line = is.or(was)?;
        Some(vec![
            line.source
                .as_ref()
                .map_or_else(|| Cell::text("no Source"), Cell::shown),
            Cell::text(file),
            Cell::Code(sha256.into()),
            line.run_at.map_or_else(
                || Cell::text("not told"),
                |run_at| Cell::text(moment(after.as_of, run_at)),
            ),
            used(was, before),
            used(is, after),
        ])
    });
    Table {
        name: "imports-used",
        caption: "Exports behind each moment".into(),
        layout: Layout::Plain,
        columns: IMPORTS,
        rows: rows.collect(),
        when_empty: "No export was read at either moment: nothing is known of any host.",
    }
}
