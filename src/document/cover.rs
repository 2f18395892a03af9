//! The cover block of every document: what it is, where it comes from, what is open, how to check it.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::table::{Cell, Column, Layout, Table};
use super::template::Templates;
use super::words::{age, approval_mark, approvals, import_state, moment};
use super::{DocumentKind, Request, View};
use crate::diagnostic::counted;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Kind;
use crate::reconcile::{ImportLine, Register};

/// Open errors that a document lists; of more than these the number is told, and `check` lists all.
const MAX_ERRORS_SHOWN: usize = 100;

/// What every document says of itself.
#[derive(Serialize)]
pub(super) struct Cover {
    #[serde(flatten)]
    pub(super) values: CoverValues,
    #[serde(flatten, serialize_with = "by_name")]
    pub(super) tables: Vec<Table>,
}

fn by_name<S: Serializer>(tables: &[Table], serializer: S) -> Result<S::Ok, S::Error> {
    let shown: Vec<&Table> = tables
        .iter()
        .filter(|table| table.layout != Layout::Facts)
        .collect();
    let mut object = serializer.serialize_map(Some(shown.len()))?;
    for table in shown {
        object.serialize_entry(table.name, table)?;
    }
    object.end()
}

/// The single values of the cover, under the names that templates use.
#[derive(Serialize)]
pub(super) struct CoverValues {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) purpose: &'static str,
    pub(super) organisation: String,
    pub(super) scope: String,
    pub(super) as_of: String,
    pub(super) as_of_day: String,
    pub(super) period_from: String,
    pub(super) period_to: String,
    /// Whether as-of is the period's end or later.
    pub(super) period_has_ended: bool,
    /// Exports whose scan ran after as-of; nothing of them is in the document.
    pub(super) imports_newer: usize,
    pub(super) classification: &'static str,
    pub(super) commit: Option<String>,
    pub(super) modified: bool,
    pub(super) tree_digest: String,
    pub(super) config_digest: Option<String>,
    pub(super) template_digest: String,
    pub(super) tool_version: String,
    pub(super) rule_set_digest: String,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) has_errors: bool,
    pub(super) errors_in_words: String,
    pub(super) commands: Vec<Command>,
}

/// One step of verification with standard tools.
#[derive(Serialize)]
pub(super) struct Command {
    pub(super) shows: &'static str,
    pub(super) run: String,
}

impl Cover {
    /// Computes the cover of a document.
    pub(super) fn new(
        request: &Request<'_>,
        kind: &DocumentKind,
        view: &View,
        templates: &Templates,
    ) -> Self {
        let Request {
            register, provenance, ..
        } = request;
        let isms = register.repository.isms.as_ref();
        let unstated = || "not stated: there is no readable `isms.yaml`".to_owned();
        let errors = provenance.count(Level::Error);
        let values = CoverValues {
            id: kind.id,
            title: kind.title,
            purpose: kind.purpose,
            organisation: isms.map_or_else(unstated, |isms| isms.spec.organisation.clone()),
            scope: isms.map_or_else(unstated, |isms| isms.spec.scope_statement.clone()),
            as_of: register.as_of.to_string(),
            as_of_day: register.as_of.day().to_string(),
            period_from: register.period.from.to_string(),
            period_to: register.period.to.to_string(),
            period_has_ended: register.period.to <= register.as_of.day(),
            imports_newer: register
                .imports
                .iter()
                .filter(|line| line.is_newer_than(register.as_of))
                .count(),
            classification: view.classification,
            commit: provenance.commit.clone(),
            modified: provenance.modified,
            tree_digest: provenance.tree_digest.clone(),
            config_digest: provenance.config_digest.clone(),
            template_digest: templates.digest(kind),
            tool_version: provenance.tool_version.clone(),
            rule_set_digest: provenance.rule_set_digest.clone(),
            errors,
            warnings: provenance.count(Level::Warn),
            has_errors: errors > 0,
            errors_in_words: counted(errors, "error"),
            commands: commands(provenance.commit.is_some() && !provenance.modified),
        };
        let tables = vec![
            facts(&values, kind),
            origin(&values, register, &templates.replaced_of(kind)),
            imports(register),
            underlying(register, view),
            error_codes(provenance.diagnostics),
            open_errors(register, provenance.diagnostics, errors),
        ];
        Self { values, tables }
    }
}

const PAIR: &[Column] = &[Column::new("item", "Item"), Column::new("value", "Value")];

fn pairs(name: &'static str, caption: &str, pairs: Vec<(&'static str, Cell)>) -> Table {
    let rows = pairs
        .into_iter()
        .map(|(item, value)| vec![Cell::text(item), value])
        .collect();
    Table {
        name,
        caption: caption.into(),
        layout: Layout::Facts,
        columns: PAIR,
        rows,
        when_empty: "",
    }
}

/// The name of the table that says what a document is.
pub(super) const FACTS: &str = "facts";

fn facts(values: &CoverValues, kind: &DocumentKind) -> Table {
    pairs(
        FACTS,
        "What this document is",
        vec![
            ("Document", Cell::text(kind.id)),
            ("Organisation", Cell::text(values.organisation.as_str())),
            ("Period", Cell::text(period_in_words(values))),
            ("As of", Cell::text(values.as_of.as_str())),
            ("Classification", Cell::text(values.classification)),
            ("For", Cell::text(kind.audience)),
            ("Open errors", Cell::count(values.errors)),
            ("Warnings", Cell::count(values.warnings)),
            ("Scope", Cell::text(values.scope.as_str())),
        ],
    )
}

fn period_in_words(values: &CoverValues) -> String {
    let note = if values.period_has_ended {
        ""
    } else {
        "; it has not ended: the figures go up to as-of"
    };
    format!("{} to {}{note}", values.period_from, values.period_to)
}

fn origin(values: &CoverValues, register: &Register<'_>, replaced: &[&str]) -> Table {
    let commit = match (&values.commit, values.modified) {
        (None, _) => Cell::text("not in git"),
        (Some(commit), false) => Cell::Code(commit.as_str().into()),
        (Some(commit), true) => Cell::text(format!("{commit}; work tree differs from the commit")),
    };
    let templates = if replaced.is_empty() {
        "built in".to_owned()
    } else {
        format!("of the repository: {}", replaced.join(", "))
    };
    let rows: u64 = register.imports.iter().map(rows_read).sum();
    let oldest = register
        .imports
        .iter()
        .filter_map(|line| hours_old(register, line))
        .max();
    let oldest = oldest.map_or_else(String::new, |hours| {
        format!(", the oldest {} before as-of", age(hours))
    });
    let imports = format!(
        "{}, {rows} rows read{oldest}; newer than as-of and left out: {}",
        counted(register.imports.len(), "file"),
        values.imports_newer
    );
    let config = match &values.config_digest {
        Some(digest) => Cell::Code(digest.as_str().into()),
        None => Cell::text("no `compliance.yaml`: the defaults hold"),
    };
    pairs(
        "origin",
        "Where it comes from",
        vec![
            ("Commit", commit),
            (
                "Tree digest (SHA-256)",
                Cell::Code(values.tree_digest.as_str().into()),
            ),
            ("Configuration digest (SHA-256)", config),
            (
                "Template digest (SHA-256)",
                Cell::Code(values.template_digest.as_str().into()),
            ),
            (
                "Rule set digest (SHA-256)",
                Cell::Code(values.rule_set_digest.as_str().into()),
            ),
            (
                "Tool",
                Cell::text(format!(
                    "countersign {}; templates: {templates}",
                    values.tool_version
                )),
            ),
            ("Imports", Cell::text(imports)),
        ],
    )
}

/// Returns the rows of an export: what was kept, what was informational and what was skipped.
pub(super) fn rows_read(line: &ImportLine) -> u64 {
    line.observations + line.informational + line.skipped_rows()
}

const IMPORTS: &[Column] = &[
    Column::new("source", "Source").tight(),
    Column::beneath("format", "format"),
    Column::new("file", "File").wide(),
    Column::beneath("sha256", "SHA-256"),
    Column::new("run_at", "Run").tight(),
    Column::beneath("age", "age").around("", " old"),
    Column::data("age_hours"),
    Column::beneath("staleness", ""),
    Column::new("hosts", "Hosts"),
    Column::new("rows_read", "Rows read"),
    Column::new("observations", "= observations"),
    Column::new("informational", "+ informational"),
    Column::new("skipped", "+ skipped"),
    Column::beneath("skipped_reasons", ""),
    Column::new("state", "State"),
    Column::beneath("reason", ""),
];

/// Lists every export with its age and what became of its rows.
pub(super) fn imports(register: &Register<'_>) -> Table {
    Table {
        name: "imports",
        caption: "Imports: rows read = observations + informational + skipped".into(),
        layout: Layout::Plain,
        columns: IMPORTS,
        rows: register
            .imports
            .iter()
            .map(|line| import_row(register, line))
            .collect(),
        when_empty: "No export was read: nothing is known of any host.",
    }
}

fn import_row(register: &Register<'_>, line: &ImportLine) -> Vec<Cell> {
    let hours = hours_old(register, line);
    let reasons = line
        .skipped
        .iter()
        .map(|skipped| format!("{}: {}", skipped.rows, skipped.reason));
    vec![
        line.source
            .as_ref()
            .map_or_else(|| Cell::text("no Source"), Cell::shown),
        Cell::text(line.format),
        Cell::text(line.file.as_str()),
        Cell::Code(line.sha256.as_str().into()),
        line.run_at.map_or_else(
            || Cell::text("not told"),
            |run_at| Cell::text(moment(register.as_of, run_at)),
        ),
        Cell::maybe(hours.map(age)),
        hours.map_or(Cell::Empty, Cell::Number),
        Cell::maybe(hours.and_then(|hours| staleness(register, line, hours))),
        Cell::count(line.hosts),
        Cell::count(rows_read(line)),
        Cell::count(line.observations),
        Cell::count(line.informational),
        Cell::count(line.skipped_rows()),
        Cell::list(reasons),
        Cell::Mark(import_state(line.state)),
        Cell::maybe(line.reason.as_deref()),
    ]
}

/// Returns the whole hours from a run to as-of; `None` where no time is told, or it lies after as-of.
pub(super) fn hours_old(register: &Register<'_>, line: &ImportLine) -> Option<i64> {
    line.age_hours(register.as_of).filter(|hours| *hours >= 0)
}

/// Says how old an import of this Source may be, when this one is older.
pub(super) fn staleness(register: &Register<'_>, line: &ImportLine, hours: i64) -> Option<String> {
    let source = register.repository.tools.get(line.source.as_ref()?)?;
    let allowed = source.spec.max_age_hours;
    (hours > i64::from(allowed)).then(|| format!("stale: {} allowed", age(i64::from(allowed))))
}

const UNDERLYING: &[Column] = &[
    Column::new("record", "Record").wide(),
    Column::beneath("title", "title"),
    Column::new("version", "Version"),
    Column::new("state", "Approval"),
    Column::new("approvals", "By whom").wide(),
];

fn underlying(register: &Register<'_>, view: &View) -> Table {
    let rows = view.underlying.iter().map(|(kind, id)| {
        let meta = register.repository.record(id);
        let version = meta
            .and_then(|meta| meta.version.as_ref())
            .map(|version| version.value.as_str());
        vec![
            Cell::shown(id),
            Cell::maybe(meta.map(|meta| meta.title.as_str())),
            Cell::maybe(version),
            Cell::Mark(approval_mark(register, *kind, id)),
            approvals(register, *kind, id),
        ]
    });
    Table {
        name: "approvals",
        caption: "Approvals of the records that this document rests on, as this run judged them".into(),
        layout: Layout::Plain,
        columns: UNDERLYING,
        rows: rows.collect(),
        when_empty: "This document rests on no record that needs an approval.",
    }
}

const ERROR_CODES: &[Column] = &[
    Column::new("code", "Rule"),
    Column::new("name", "Name"),
    Column::new("errors", "Errors"),
];

fn error_codes(diagnostics: &[Diagnostic]) -> Table {
    let mut counts: std::collections::BTreeMap<(&str, &str), usize> = std::collections::BTreeMap::new();
    for diagnostic in open(diagnostics) {
        *counts.entry((diagnostic.code, diagnostic.name)).or_default() += 1;
    }
    let rows = counts
        .into_iter()
        .map(|((code, name), errors)| vec![Cell::text(code), Cell::text(name), Cell::count(errors)]);
    Table {
        name: "error-codes",
        caption: "Open errors by rule".into(),
        layout: Layout::Plain,
        columns: ERROR_CODES,
        rows: rows.collect(),
        when_empty: "No rule has an error open.",
    }
}

const ERRORS: &[Column] = &[
    Column::new("code", "Rule"),
    Column::new("subject", "About"),
    Column::new("message", "What is wrong").wide(),
    Column::new("place", "Place"),
];

fn open(diagnostics: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.level == Level::Error)
}

fn open_errors(register: &Register<'_>, diagnostics: &[Diagnostic], errors: usize) -> Table {
    let rows = open(diagnostics).take(MAX_ERRORS_SHOWN).map(|diagnostic| {
        let path = register.repository.sources.path(diagnostic.span.file);
        vec![
            Cell::text(diagnostic.code),
            Cell::maybe(diagnostic.subject.as_deref()),
            Cell::text(diagnostic.message.as_str()),
            Cell::text(format!("{path}:{}", diagnostic.span.line)),
        ]
    });
    let caption = if errors > MAX_ERRORS_SHOWN {
        format!("The first {MAX_ERRORS_SHOWN} of {errors} open errors; `countersign check` lists all")
    } else {
        "Open errors of the run".to_owned()
    };
    Table {
        name: "errors",
        caption,
        layout: Layout::Plain,
        columns: ERRORS,
        rows: rows.collect(),
        when_empty: "No error is open.",
    }
}

/// Returns the steps of verification; the files of a modified work tree can only be compared as they lie.
fn commands(is_committed: bool) -> Vec<Command> {
    let left_out = r"'(^|/)\.[^/]*/|^(imports|ledger|generated)/'";
    let list = if is_committed {
        "git ls-files -z"
    } else {
        "find . -type f -printf '%P\\0'"
    };
    vec![
        Command {
            shows: "In the bundle that holds this document, each file is as it was written:",
            run: "sha256sum -c SHA256SUMS".into(),
        },
        Command {
            shows: "The list of those files was signed by the person named (compare the key's fingerprint on another way):",
            run: "ssh-keygen -Y verify -f allowed_signers -I <principal> -n countersign-bundle -s SHA256SUMS.sig < SHA256SUMS".into(),
        },
        Command {
            shows: "In the governed folder at the commit above, the records have the tree digest above:",
            run: format!("{list} | grep -zvE {left_out} | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"),
        },
    ]
}

/// Returns the word of a record's own classification.
pub(super) fn classification(meta: &crate::model::Meta) -> Option<&'static str> {
    meta.classification.map(|classification| match classification {
        crate::model::Classification::Public => "public",
        crate::model::Classification::Internal => "internal",
        crate::model::Classification::Confidential => "confidential",
    })
}

/// Keeps each record once, in the order of kinds and ids.
pub(super) fn each_once(
    mut records: Vec<(Kind, crate::model::RecordId)>,
) -> Vec<(Kind, crate::model::RecordId)> {
    records.sort();
    records.dedup();
    records
}
