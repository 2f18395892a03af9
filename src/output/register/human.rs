//! The register as one reads it: what was read, the worst findings, the figures, what they leave out.

use std::io::{self, Write};

use super::Report;
use super::exclusions::exclusions;
use super::suppressions;
use super::watch;
use crate::diagnostic::counted;
use crate::model::{AsOf, Disposition, Finding, Severity};
use crate::output::Style;
use crate::output::table::{self, Cell, Column};
use crate::output::text::{Paint, minute, painted, visible};
use crate::reconcile::{ImportLine, ImportState, Kpi, Register, Unit};

/// Rows of findings that are shown; every other format has all.
const MAX_ROWS: usize = 100;

/// Every disposition, in the order in which a reader should see them.
pub(super) const WORST_FIRST: [Disposition; 14] = [
    Disposition::Overdue,
    Disposition::UnsupportedUngoverned,
    Disposition::DueSoon,
    Disposition::Open,
    Disposition::PendingVerification,
    Disposition::MitigationPending,
    Disposition::Deferred,
    Disposition::Accepted,
    Disposition::AcceptedUnsupported,
    Disposition::OutOfScope,
    Disposition::NotApplicable,
    Disposition::FixedLate,
    Disposition::FixedInTime,
    Disposition::ClosedRetired,
];

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let register = report.register;
    let commit = report
        .commit
        .map(|commit| format!(", commit {}", visible(commit)))
        .unwrap_or_default();
    let period = register.period;
    writeln!(
        out,
        "Register as of {}, period {} to {}{commit}",
        register.as_of, period.from, period.to
    )?;
    write_imports(register, style, out)?;
    write_findings(register, style, out)?;
    if !register.suppressed.is_empty() {
        heading("Hidden in scanners", style, out)?;
        suppressions::write(&register.suppressed, register.as_of, style, out)?;
    }
    if !register.watch_list.is_empty() {
        heading(
            "Watch list: suspected by advisories, seen by no scanner, in no figure",
            style,
            out,
        )?;
        watch::write(&register.watch_list, register.as_of, style, out)?;
    }
    write_totals(register, style, out)?;
    write_rates(register, style, out)?;
    write_exclusions(register, style, out)
}

fn heading(title: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", painted(style, Some(Paint::Bold), title))
}

fn write_imports(register: &Register<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Imports", style, out)?;
    if register.imports.is_empty() {
        return writeln!(out, "no export was read, so that nothing is known of any host");
    }
    const COLUMNS: [Column; 9] = [
        Column::flexible("SOURCE", 10, 0),
        Column::whole("FORMAT", 4),
        Column::whole("RUN", 0),
        Column::whole("HOSTS", 0),
        Column::whole("OBSERVATIONS", 0),
        Column::whole("INFORMATIONAL", 3),
        Column::whole("SKIPPED", 2),
        Column::flexible("STATE", 10, 0),
        Column::flexible("FILE", 16, 1),
    ];
    let rows: Vec<[Cell; 9]> = register
        .imports
        .iter()
        .map(|line| import_row(line, register.as_of))
        .collect();
    table::write(&COLUMNS, &rows, style, out)
}

fn import_row(line: &ImportLine, as_of: AsOf) -> [Cell; 9] {
    let run = line
        .run_at
        .map_or_else(|| "not said".to_owned(), |run_at| minute(run_at, as_of));
    let paint = match line.state {
        ImportState::Complete => None,
        ImportState::Incomplete => Some(Paint::Red),
        ImportState::Ignored => Some(Paint::Yellow),
    };
    let state = match &line.reason {
        Some(reason) => format!("{}: {reason}", line.state.word()),
        None => line.state.word().to_owned(),
    };
    [
        Cell::plain(line.source.as_ref().map_or("unknown", |source| source.as_str())),
        Cell::plain(line.format),
        Cell::plain(run),
        Cell::plain(line.hosts.to_string()),
        Cell::plain(line.observations.to_string()),
        Cell::plain(line.informational.to_string()),
        Cell::plain(line.skipped_rows().to_string()),
        Cell::painted(state, paint),
        Cell::plain(&line.file),
    ]
}

fn write_findings(register: &Register<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Findings", style, out)?;
    if register.findings.is_empty() {
        return writeln!(out, "none");
    }
    const COLUMNS: [Column; 9] = [
        Column::flexible("HOST", 14, 0),
        Column::flexible("VULNERABILITY", 14, 0),
        Column::whole("SEVERITY", 0),
        Column::whole("FIRST SEEN", 3),
        Column::whole("DUE", 0),
        Column::flexible("BECAUSE OF", 16, 2),
        Column::whole("DISPOSITION", 0),
        Column::flexible("COVERAGE", 12, 0),
        Column::flexible("SYSTEM", 12, 1),
    ];
    let worst = WORST_FIRST.iter().flat_map(|disposition| {
        register
            .findings
            .iter()
            .filter(|finding| finding.disposition == *disposition)
    });
    let shown: Vec<&Finding> = worst.take(MAX_ROWS).collect();
    let rows: Vec<[Cell; 9]> = shown
        .iter()
        .map(|finding| finding_row(finding, register.as_of))
        .collect();
    table::write(&COLUMNS, &rows, style, out)?;
    let more = register.findings.len() - shown.len();
    if more > 0 {
        writeln!(
            out,
            "… and {more} more; `--format json`, `jsonl` and `csv` have all"
        )?;
    }
    Ok(())
}

fn finding_row(finding: &Finding, as_of: AsOf) -> [Cell; 9] {
    let coverage = finding.coverage.as_ref().map_or_else(String::new, |coverage| {
        if coverage.until == finding.due {
            coverage.id.to_string()
        } else {
            format!("{} until {}", coverage.id, minute(coverage.until, as_of))
        }
    });
    let severity = if finding.kev.is_some() {
        format!("{}, KEV", finding.severity)
    } else {
        finding.severity.to_string()
    };
    let severity_paint = match finding.severity {
        Severity::Critical => Some(Paint::Red),
        Severity::High => Some(Paint::Yellow),
        Severity::Medium | Severity::Low => None,
    };
    [
        Cell::plain(&finding.host),
        Cell::plain(&finding.vuln),
        Cell::painted(severity, severity_paint),
        Cell::plain(as_of.zone().day_of(finding.first_seen).to_string()),
        Cell::plain(minute(finding.due, as_of)),
        Cell::plain(reason_in_words(&finding.due_reason)),
        Cell::painted(
            disposition_in_words(finding, as_of),
            disposition_paint(finding.disposition),
        ),
        Cell::plain(coverage),
        Cell::plain(finding.system.as_ref().map_or("none", |system| system.as_str())),
    ]
}

/// Returns a due reason such as `sla:critical/tier1` in words.
fn reason_in_words(reason: &str) -> String {
    let Some((sort, rest)) = reason.split_once(':') else {
        return reason.to_owned();
    };
    match sort {
        "sla" => format!("SLA {rest}"),
        "kev" => format!("KEV {rest}"),
        "strictest" => format!("strictest SLA, {}", rest.replace('-', " ")),
        _ => format!("{sort} {rest}"),
    }
}

fn disposition_in_words(finding: &Finding, as_of: AsOf) -> String {
    let word = finding.disposition.word().replace('_', " ");
    if finding.disposition != Disposition::Overdue {
        return word;
    }
    let late = as_of.instant() - finding.due;
    // Once the due day has ended the first day of being late has begun.
    let days = as_of.day().days_since(as_of.zone().day_of(finding.due));
    if days == 0 {
        format!("{word} {} h", late.num_hours())
    } else {
        format!("{word} {days} d")
    }
}

fn disposition_paint(disposition: Disposition) -> Option<Paint> {
    match disposition {
        Disposition::Overdue | Disposition::UnsupportedUngoverned => Some(Paint::Red),
        Disposition::DueSoon | Disposition::FixedLate => Some(Paint::Yellow),
        Disposition::Open | Disposition::PendingVerification | Disposition::MitigationPending => None,
        Disposition::Deferred | Disposition::Accepted | Disposition::AcceptedUnsupported => Some(Paint::Cyan),
        Disposition::OutOfScope | Disposition::NotApplicable | Disposition::ClosedRetired => {
            Some(Paint::Faint)
        }
        Disposition::FixedInTime => Some(Paint::Green),
    }
}

fn write_totals(register: &Register<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Totals", style, out)?;
    let by_disposition = register.by_disposition();
    let dispositions: Vec<String> = WORST_FIRST
        .iter()
        .map(|one| (one, by_disposition.get(one).copied().unwrap_or(0)))
        .filter(|(_, number)| *number > 0)
        .map(|(one, number)| {
            let text = format!("{} {number}", one.word().replace('_', " "));
            painted(style, disposition_paint(*one), &text).into_owned()
        })
        .collect();
    let severities: Vec<String> = register
        .by_severity()
        .iter()
        .rev()
        .map(|(severity, number)| format!("{severity} {number}"))
        .collect();
    write!(out, "{}", counted(register.findings.len() as u64, "finding"))?;
    writeln!(
        out,
        "{}{}",
        if dispositions.is_empty() { "" } else { ": " },
        dispositions.join(", ")
    )?;
    writeln!(out, "by severity: {}", severities.join(", "))
}

fn write_rates(register: &Register<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Figures", style, out)?;
    const FIRST: [&str; 3] = ["sla_rate_strict", "sla_rate_net", "sla_rate_governed"];
    const COLUMNS: [Column; 4] = [
        Column::whole("FIGURE", 0),
        Column::whole("VALUE", 0),
        Column::whole("COUNTED", 0),
        Column::flexible("WHAT", 20, 1),
    ];
    let small_n = register.small_n();
    let first = FIRST.iter().filter_map(|name| register.kpis.get_key_value(name));
    let others = register
        .kpis
        .iter()
        .filter(|(name, kpi)| kpi.is_headline && !FIRST.contains(name));
    let rows: Vec<[Cell; 4]> = first
        .chain(others)
        .map(|(name, kpi)| {
            let rate = kpi.rate;
            let small = if rate.denominator > 0 && rate.denominator < small_n {
                ", small n"
            } else {
                ""
            };
            [
                Cell::plain(name),
                Cell::plain(value_in_words(kpi)),
                Cell::plain(format!("{}{small}", counted_in_words(kpi))),
                Cell::plain(kpi.title),
            ]
        })
        .collect();
    if rows.is_empty() {
        writeln!(out, "none")
    } else {
        table::write(&COLUMNS, &rows, style, out)
    }
}

/// Returns the value with its unit.
fn value_in_words(kpi: &Kpi) -> String {
    let value = kpi.value();
    match kpi.unit {
        _ if kpi.rate.denominator == 0 => value,
        Unit::Percent => format!("{value} %"),
        Unit::Exceptions => value,
        Unit::MeanDays | Unit::Days | Unit::FindingDays | Unit::HostDays => format!("{value} d"),
    }
}

fn counted_in_words(kpi: &Kpi) -> String {
    let n = kpi.rate.denominator;
    match kpi.unit {
        Unit::Percent | Unit::Exceptions => format!("{} of {n}", kpi.rate.numerator),
        Unit::MeanDays | Unit::Days | Unit::FindingDays => counted(n, "finding"),
        Unit::HostDays => counted(n, "host"),
    }
}

fn write_exclusions(register: &Register<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Left out, or not to be seen", style, out)?;
    for line in exclusions(register) {
        let text = format!("{:<14}  {}", line.name, visible(&line.sentence));
        let paint = if line.is_empty { Some(Paint::Faint) } else { None };
        writeln!(out, "{}", painted(style, paint, &text))?;
    }
    Ok(())
}
