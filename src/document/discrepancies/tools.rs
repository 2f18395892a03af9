//! Scanners and deployment tools that do not say the same, or say what nobody decided.

use super::super::Request;
use super::super::findings::owner;
use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{day, severity};
use crate::model::{Discrepancy, DiscrepancyKind, Disposition, Finding};
use crate::reconcile::{HiddenBy, ImportLine, Register, Suppressed, SuppressedState};

const SCANNERS: &[Column] = &[
    Column::new("host", "Host"),
    Column::beneath("system", "").tight(),
    Column::new("vuln", "Vulnerability").tight(),
    Column::beneath("severity", ""),
    Column::new("one_says", "One says").wide(),
    Column::new("other_says", "The other says").wide(),
    Column::new("counts_as", "What counts"),
    Column::new("owner", "Who acts").tight(),
    Column::new("action", "What to do").wide(),
    Column::data("kind"),
];

/// Lists findings about which Sources disagree and that no triage has settled.
pub(super) fn scanners(register: &Register<'_>) -> Table {
    let is_told = |finding: &&Finding| {
        finding.disposition != Disposition::ClosedRetired && !finding.disposition.is_removed()
    };
    let rows = register.findings.iter().filter(is_told).filter_map(|finding| {
        let discrepancy = finding.discrepancy.as_deref()?;
        Some(scanner_row(register, finding, discrepancy))
    });
    Table {
        name: "scanners",
        caption: "Findings that one scanner calls gone and another does not".into(),
        layout: Layout::Sortable,
        columns: SCANNERS,
        rows: rows.collect(),
        when_empty: "No two scanners disagree about a finding.",
    }
}

fn scanner_row(register: &Register<'_>, finding: &Finding, discrepancy: &Discrepancy) -> Vec<Cell> {
    let (gone, seen) = (
        day(register.as_of, discrepancy.gone_at),
        day(register.as_of, discrepancy.seen_at),
    );
    let by = &discrepancy.seen_by;
    let (other, counts_as, action) = match discrepancy.kind {
        DiscrepancyKind::Suspected => (
            format!("{by}: there on {seen}; it sees worse than the other"),
            "closed, and suspected",
            "Scan the host again with credentials, or settle it by a triage.",
        ),
        DiscrepancyKind::Contradicted => (
            format!("{by}: there on {seen}"),
            "open",
            "Scan the host again with credentials, or settle it by a triage that says what each of them looked at.",
        ),
        DiscrepancyKind::Awaited => (
            format!("{by}: there on {seen}; has not looked since"),
            "open",
            "Let the other scanner look again.",
        ),
    };
    vec![
        Cell::text(finding.host.clone()),
        Cell::maybe_shown(finding.system.as_ref()),
        Cell::text(finding.vuln.clone()),
        Cell::Mark(severity(finding.severity)),
        Cell::text(format!("{}: gone since {gone}", discrepancy.gone_by)),
        Cell::text(other),
        Cell::text(counts_as),
        owner(register, finding),
        Cell::text(action),
        Cell::text(discrepancy.kind.word()),
    ]
}

const INSTALLS: &[Column] = &[
    Column::new("host", "Host"),
    Column::beneath("system", "").tight(),
    Column::new("vuln", "Vulnerability").tight(),
    Column::beneath("severity", ""),
    Column::new("tool_says", "Deployment tool says").wide(),
    Column::new("scanners_say", "Scanners say").wide(),
    Column::new("state", "State"),
    Column::new("owner", "Who acts").tight(),
    Column::new("action", "What to do").wide(),
];

/// Lists open findings of which a deployment tool calls the patch installed.
pub(super) fn installs(register: &Register<'_>) -> Table {
    let is_open = |finding: &&Finding| finding.closed.is_none() && !finding.disposition.is_removed();
    let mut found: Vec<(u8, Vec<Cell>)> = register
        .findings
        .iter()
        .filter(is_open)
        .filter_map(|finding| install_row(register, finding))
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    let rows = found.into_iter().map(|(_, row)| row).collect();
    Table {
        name: "installs",
        caption: "Findings that are open in the scans, and patched by a deployment tool".into(),
        layout: Layout::Sortable,
        columns: INSTALLS,
        rows,
        when_empty: "No deployment tool calls the patch of an open finding installed.",
    }
}

/// Returns the row with its rank, what a scan contradicts first.
fn install_row(register: &Register<'_>, finding: &Finding) -> Option<(u8, Vec<Cell>)> {
    let installed = finding.installed.as_deref()?;
    let (at, last) = (
        day(register.as_of, installed.at),
        day(register.as_of, finding.last_seen),
    );
    let observers = finding.said.observers.join(", ");
    let (word, tone, rank, says, action) = if finding.last_seen > installed.at {
        (
            "contradicted",
            Tone::Bad,
            0,
            format!("still there on {last} ({observers})"),
            "Restart what still runs the old version, or install it again; then scan with credentials.",
        )
    } else {
        (
            "not_confirmed",
            Tone::Busy,
            1,
            format!("there on {last} ({observers}); no scan since"),
            "Scan the host with credentials.",
        )
    };
    let row = vec![
        Cell::text(finding.host.clone()),
        Cell::maybe_shown(finding.system.as_ref()),
        Cell::text(finding.vuln.clone()),
        Cell::Mark(severity(finding.severity)),
        Cell::text(format!(
            "{}: {} installed since {at}",
            installed.source, installed.patch
        )),
        Cell::text(says),
        Cell::Mark(Mark { word, rank, tone }),
        owner(register, finding),
        Cell::text(action),
    ];
    Some((rank, row))
}

/// The rule that judges what was installed without an approved change.
const UNAUTHORISED: &str = "REC015";

const DEPLOYMENTS: &[Column] = &[
    Column::new("subject", "About").tight(),
    Column::new("says", "What was installed, and what the records say").wide(),
    Column::beneath("note", ""),
    Column::new("action", "What to do").wide(),
    Column::new("level", "Level"),
];

/// Lists what the rule about unauthorised deployments objects to.
pub(super) fn deployments(request: &Request<'_>) -> Table {
    let of_rule = |diagnostic: &&crate::diagnostic::Diagnostic| diagnostic.code == UNAUTHORISED;
    let rows = request
        .provenance
        .diagnostics
        .iter()
        .filter(of_rule)
        .map(|diagnostic| {
            vec![
                Cell::maybe(diagnostic.subject.as_deref()),
                Cell::text(diagnostic.message.as_str()),
                Cell::maybe(diagnostic.label.as_deref()),
                Cell::maybe(diagnostic.help.as_deref()),
                Cell::text(diagnostic.level.word()),
            ]
        });
    Table {
        name: "deployments",
        caption: "Patches that a deployment tool installed and no approved change covers (rule REC015)"
            .into(),
        layout: Layout::Sortable,
        columns: DEPLOYMENTS,
        rows: rows.collect(),
        when_empty: "Rule REC015 objects to no installed patch.",
    }
}

const HIDDEN: &[Column] = &[
    Column::new("state", "State").facet(),
    Column::new("hidden_by", "Hidden by"),
    Column::beneath("place", ""),
    Column::new("what", "What is hidden").wide(),
    Column::beneath("reason", "").around("reason given: ", ""),
    Column::beneath("until", "").around("hidden until ", "").tight(),
    Column::new("open_findings", "Open findings"),
    Column::new("records_say", "Records say").wide(),
    Column::new("action", "What to do").wide(),
];

/// Lists what scanners hide and no decision covers, the worst first.
pub(super) fn hidden(register: &Register<'_>) -> Table {
    let mut listed: Vec<(&Suppressed, Mark, &'static str)> = register
        .suppressed
        .iter()
        .filter_map(|one| {
            let (mark, action) = suppression(one.state)?;
            Some((one, mark, action))
        })
        .collect();
    listed.sort_by_key(|(_, mark, _)| mark.rank);
    let rows = listed
        .into_iter()
        .map(|(one, mark, action)| hidden_row(register, one, mark, action));
    Table {
        name: "hidden",
        caption: "Findings that scanners hide or are told to hide, without a decision that covers it".into(),
        layout: Layout::Sortable,
        columns: HIDDEN,
        rows: rows.collect(),
        when_empty: "No scanner hides anything that no decision covers.",
    }
}

/// Returns the mark of what is not covered, with what to do; `None` for what is.
fn suppression(state: SuppressedState) -> Option<(Mark, &'static str)> {
    let (rank, tone, action) = match state {
        SuppressedState::Uncovered => (
            0,
            Tone::Bad,
            "Remove the entry, or have an exception, acceptance or triage that names it approved.",
        ),
        SuppressedState::Outlasting => (1, Tone::Bad, "Let it end with the decision that stands for it."),
        SuppressedState::Dead => (2, Tone::Quiet, "Remove it: it hides nothing any more."),
        SuppressedState::Covered => return None,
    };
    let word = state.word();
    Some((Mark { word, rank, tone }, action))
}

fn hidden_row(register: &Register<'_>, one: &Suppressed, mark: Mark, action: &str) -> Vec<Cell> {
    let (by, place) = match &one.by {
        HiddenBy::IgnoreFile { tool, span } => (
            format!("ignore file of {}", tool.word()),
            format!("{}, line {}", one.file, span.line),
        ),
        HiddenBy::Scanner {
            observer, host, why, ..
        } => (format!("{observer}: {why}"), format!("{host}, {}", one.file)),
    };
    let records = one.records.iter().map(|record| match record.not_because {
        Some(why) => format!("{} names {}, but {why}", record.id, record.name),
        None => format!("{} stands for {}", record.id, record.name),
    });
    let records: Vec<String> = records.collect();
    let what = one.id.clone().unwrap_or_else(|| one.narrowed_to.join(", "));
    vec![
        Cell::Mark(mark),
        Cell::text(by),
        Cell::text(place),
        Cell::text(if what.is_empty() {
            "everything".to_owned()
        } else {
            what
        }),
        Cell::maybe(one.reason.as_deref()),
        one.until.map_or_else(
            || Cell::text("no end told"),
            |until| Cell::text(day(register.as_of, until)),
        ),
        Cell::count(one.open),
        if records.is_empty() {
            Cell::text("nothing: no record names it")
        } else {
            Cell::list(records)
        },
        Cell::text(action),
    ]
}

const EXPORTS: &[Column] = &[
    Column::new("source", "Source").tight(),
    Column::new("one_file", "One export").wide(),
    Column::beneath("sha256", ""),
    Column::new("other_file", "The other, of the same run").wide(),
    Column::new("run_at", "Run").tight(),
    Column::new("action", "What to do").wide(),
];

/// Lists exports of one Source that tell the same run with another content.
pub(super) fn exports(register: &Register<'_>) -> Table {
    let rows = register.imports.iter().filter_map(|line: &ImportLine| {
        let other = line.same_run_as.as_deref()?;
        Some(vec![
            line.source.as_ref().map_or_else(|| Cell::text("no Source"), Cell::shown),
            Cell::text(line.file.as_str()),
            Cell::Code(line.sha256.as_str().into()),
            Cell::text(other),
            Cell::maybe(line.run_at.map(|at| day(register.as_of, at))),
            Cell::text("Find out which of them was altered or cut, and take it out of the imports by a reviewed change."),
        ])
    });
    Table {
        name: "exports",
        caption: "Exports that tell one run in two ways".into(),
        layout: Layout::Sortable,
        columns: EXPORTS,
        rows: rows.collect(),
        when_empty: "No two exports tell the same run in different ways.",
    }
}
