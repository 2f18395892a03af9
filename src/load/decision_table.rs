//! Decision tables: the YAML files that agreements name under `kev.table`.
//!
//! ```yaml
//! rows:
//!   - {when: "exploitation == active and exposure == internet", hours: 48}
//!   - {when: "kev and ssvc.technical_impact == total", days: 7}
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{LoadLimits, Repository, yaml_fault};
use crate::diagnostic::Diagnostic;
use crate::model::{DecisionRow, DecisionTable, Expression, Record, Sla, TableTime};
use crate::source::{FileId, Node, NodeValue, Spanned, parse};

/// A table may have this many rows; each may be asked for every finding.
const MAX_ROWS: usize = 200;
/// The longest time of a row, in days: that of a cell of a matrix.
const MAX_DAYS: u32 = 3_660;
/// The longest time of a row, in hours: that of a cell of a matrix.
const MAX_HOURS: u32 = 87_840;

/// Reads each table once, and says what is wrong with it; a missing file is told by its reference.
pub(super) fn decision_tables(
    repository: &Repository,
    limits: LoadLimits,
) -> (BTreeMap<Arc<str>, DecisionTable>, Vec<Diagnostic>) {
    let mut tables = BTreeMap::new();
    let mut faults = Vec::new();
    for sla in &repository.slas {
        let Some(named) = sla.spec.kev.as_ref().and_then(|kev| kev.table.as_ref()) else {
            continue;
        };
        let path: Arc<str> = named.value.0.as_str().into();
        if tables.contains_key(&path) || !repository.files.contains(&path) {
            continue;
        }
        let text = repository
            .sources
            .find(&path)
            .and_then(|file| Some((file, repository.sources.get(file)?)));
        let Some((file, source)) = text else {
            faults.push(not_read(sla, &path, named.span));
            continue;
        };
        match table(file, &path, &source.text, limits) {
            Ok(table) => {
                tables.insert(path, table);
            }
            Err(found) => faults.extend(found.into_iter().map(|fault| fault.subject(path.to_string()))),
        }
    }
    (tables, faults)
}

/// Reads the text of a table, such as one from history; `None` for one that is wrong.
pub fn read_decision_table(path: &Arc<str>, text: &str, limits: LoadLimits) -> Option<DecisionTable> {
    table(FileId(0), path, text, limits).ok()
}

fn not_read(sla: &Record<Sla>, path: &str, span: crate::source::Span) -> Diagnostic {
    Diagnostic::error(
        "SCH002",
        span,
        format!("`{path}` is no decision table that can be read"),
    )
    .help("name a file `data/<name>.yaml`")
    .subject(sla.id().to_string())
}

type Faults = Vec<Diagnostic>;

fn fault(node: &Node, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error("SCH002", node.span, message).help(help)
}

fn table(file: FileId, path: &Arc<str>, text: &str, limits: LoadLimits) -> Result<DecisionTable, Faults> {
    let root = parse(file, text, limits.yaml).map_err(|fault| vec![yaml_fault(*fault)])?;
    let mut faults = unknown_fields(&root, &["rows"]);
    let Some(NodeValue::Sequence(items)) = root.get("rows").map(|node| &node.value) else {
        let help = "write `rows:` with a list of `{when: …, days: …}`";
        faults.push(fault(&root, "a decision table without a list of `rows`", help));
        return Err(faults);
    };
    if items.is_empty() || items.len() > MAX_ROWS {
        let message = format!(
            "a decision table has 1 to {MAX_ROWS} rows; this one has {}",
            items.len()
        );
        faults.push(fault(
            &root,
            message,
            "a table without rows sets no date; remove it, or add a row",
        ));
        return Err(faults);
    }
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        match row(item) {
            Ok(row) => rows.push(row),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() {
        Ok(DecisionTable {
            path: Arc::clone(path),
            file,
            rows,
        })
    } else {
        Err(faults)
    }
}

fn unknown_fields(node: &Node, known: &[&str]) -> Faults {
    let NodeValue::Mapping(entries) = &node.value else {
        return Vec::new();
    };
    let unknown = entries.iter().filter(|(key, _)| !known.contains(&&*key.name));
    unknown
        .map(|(key, _)| {
            let listed: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            Diagnostic::error("SCH002", key.span, format!("unknown field `{}`", key.name))
                .help(format!("remove it; allowed are {}", listed.join(", ")))
        })
        .collect()
}

fn row(node: &Node) -> Result<DecisionRow, Faults> {
    let NodeValue::Mapping(_) = &node.value else {
        let help = "write `{when: …, days: …}` or `{when: …, hours: …}`";
        return Err(vec![fault(node, "a row of a decision table is a mapping", help)]);
    };
    let mut faults = unknown_fields(node, &["when", "days", "hours"]);
    let when = condition(node).map_err(|found| faults.push(*found)).ok();
    let time = time(node).map_err(|found| faults.push(*found)).ok();
    let (Some(when), Some(time), true) = (when, time, faults.is_empty()) else {
        return Err(faults);
    };
    Ok(DecisionRow {
        when,
        time,
        span: node.span,
    })
}

fn condition(node: &Node) -> Result<Spanned<Expression>, Box<Diagnostic>> {
    let help = "write an expression such as `exploitation == active and exposure == internet`";
    let Some(when) = node.get("when") else {
        return Err(Box::new(fault(node, "the field `when` is missing", help)));
    };
    let Some(text) = when.text() else {
        return Err(Box::new(fault(when, "`when` must be text", help)));
    };
    match Expression::parse(text) {
        Ok(value) => Ok(Spanned {
            value,
            span: when.span,
        }),
        Err(error) => Err(Box::new(fault(when, error.to_string(), help))),
    }
}

fn time(node: &Node) -> Result<TableTime, Box<Diagnostic>> {
    let number = |name: &str, max: u32| -> Result<Option<u32>, Box<Diagnostic>> {
        let Some(value) = node.get(name) else {
            return Ok(None);
        };
        let parsed = value.text().and_then(|text| text.parse::<u32>().ok());
        match parsed.filter(|number| (1..=max).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Box::new(fault(
                value,
                format!("`{name}` must be a whole number from 1 to {max}"),
                format!("write a number such as `{name}: 14`"),
            ))),
        }
    };
    match (number("days", MAX_DAYS)?, number("hours", MAX_HOURS)?) {
        (Some(days), None) => Ok(TableTime::Days(days)),
        (None, Some(hours)) => Ok(TableTime::Hours(hours)),
        (Some(_), Some(_)) | (None, None) => Err(Box::new(fault(
            node,
            "a row needs exactly one of `days` and `hours`",
            "write `days` for local days that end at midnight, or `hours` for an absolute time",
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DecisionTable, Faults> {
        table(FileId(0), &"data/t.yaml".into(), text, LoadLimits::default())
    }

    #[test]
    fn rows_keep_their_order_and_their_unit() {
        let table = read("rows:\n  - {when: exploitation == active, hours: 48}\n  - {when: kev, days: 14}\n")
            .unwrap();
        let rows: Vec<(&str, TableTime)> = table.rows.iter().map(|row| (row.when.text(), row.time)).collect();
        assert_eq!(
            rows,
            [
                ("exploitation == active", TableTime::Hours(48)),
                ("kev", TableTime::Days(14))
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named_at_its_line() {
        for (text, line, words) in [
            ("- {when: kev, days: 1}\n", 1, "without a list of `rows`"),
            ("rows: []\n", 1, "1 to 200 rows"),
            (
                "rows:\n  - {when: kev, days: 1}\nrow: 1\n",
                3,
                "unknown field `row`",
            ),
            ("rows:\n  - {when: kev, day: 1}\n", 2, "unknown field `day`"),
            ("rows:\n  - {when: kev}\n", 2, "exactly one of `days` and `hours`"),
            ("rows:\n  - {when: kev, days: 1, hours: 1}\n", 2, "exactly one of"),
            ("rows:\n  - {days: 1}\n", 2, "`when` is missing"),
            ("rows:\n  - {when: kev, days: 0}\n", 2, "from 1 to 3660"),
            ("rows:\n  - {when: kev, hours: 1.5}\n", 2, "from 1 to 87840"),
            (
                "rows:\n  - {when: kev, days: 1}\n  - {when: tier =, days: 1}\n",
                3,
                "is expected at character",
            ),
            ("rows:\n  - [kev, 1]\n", 2, "is a mapping"),
            ("rows:\n  - {when: kev, when: kev, days: 1}\n", 2, "when"),
        ] {
            let faults = read(text).unwrap_err();
            let found = |fault: &&Diagnostic| fault.span.line == line && fault.message.contains(words);
            assert!(faults.iter().any(|fault| found(&fault)), "{text}: {faults:#?}");
        }
    }
}
