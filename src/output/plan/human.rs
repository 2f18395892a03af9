//! The plan as one reads it: a table a system, in the order in which to patch.

use std::io::{self, Write};

use super::{Report, name, opens_in_time};
use crate::diagnostic::counted;
use crate::model::{AsOf, Severity};
use crate::output::Style;
use crate::output::table::{self, Cell, Column};
use crate::output::text::{Paint, minute, painted, visible};
use crate::reconcile::{MissingPatch, PatchState, SystemPlan};

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Missing patches as of {}", report.as_of)?;
    for system in &report.plan.systems {
        write_system(report, system, style, out)?;
    }
    let patches: usize = report
        .plan
        .systems
        .iter()
        .map(|system| system.patches.len())
        .sum();
    if patches == 0 {
        writeln!(out, "\nnothing is missing")?;
    }
    if report.plan.left_out > 0 {
        let left_out = counted(report.plan.left_out, "open finding");
        writeln!(out, "\nleft out: {left_out} removed by triage or out of scope")?;
    }
    Ok(())
}

fn write_system(
    report: &Report<'_>,
    system: &SystemPlan<'_>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let tier = system.system.and_then(|record| record.spec.tier.as_ref());
    let tier = tier
        .map(|tier| format!(", {}", visible(&tier.value)))
        .unwrap_or_default();
    let heading = format!("{}{tier}", visible(name(system, "hosts of no single system")));
    writeln!(out, "\n{}", painted(style, Some(Paint::Bold), &heading))?;
    for line in remarks(system, report.as_of) {
        writeln!(out, "{}", visible(&line))?;
    }
    const COLUMNS: [Column; 8] = [
        Column::whole("DUE", 0),
        Column::whole("SEVERITY", 0),
        Column::flexible("HOST", 14, 0),
        Column::flexible("PATCH", 14, 0),
        Column::whole("FINDINGS", 3),
        Column::whole("STATE", 0),
        Column::whole("PLAN BY", 2),
        Column::whole("WINDOW", 1),
    ];
    let rows: Vec<[Cell; 8]> = system
        .patches
        .iter()
        .map(|patch| row(system, patch, report.as_of))
        .collect();
    table::write(&COLUMNS, &rows, style, out)
}

/// What holds for all patches of a system.
fn remarks(system: &SystemPlan<'_>, as_of: AsOf) -> Vec<String> {
    let mut lines = Vec::new();
    if !system.after.is_empty() {
        let ids: Vec<&str> = system.after.iter().map(|id| id.as_str()).collect();
        lines.push(format!("after {}", ids.join(", ")));
    }
    if let Some(window) = system.window {
        lines.push(format!(
            "next window `{}`: {} to {}",
            window.window.id.value,
            minute(window.start, as_of),
            minute(window.end, as_of)
        ));
    } else if system.system.is_some() {
        lines.push("no window is known".into());
    }
    for frozen in &system.freezes {
        lines.push(format!(
            "freeze `{}`: {} to {}",
            frozen.name, frozen.first, frozen.last
        ));
    }
    lines
}

fn row(system: &SystemPlan<'_>, patch: &MissingPatch<'_>, as_of: AsOf) -> [Cell; 8] {
    let severity = if patch.is_listed {
        format!("{}, KEV", patch.severity)
    } else {
        patch.severity.to_string()
    };
    let severity_paint = match patch.severity {
        Severity::Critical => Some(Paint::Red),
        Severity::High => Some(Paint::Yellow),
        Severity::Medium | Severity::Low => None,
    };
    let state_paint = match patch.state {
        PatchState::Overdue => Some(Paint::Red),
        PatchState::Open | PatchState::NoFix => None,
        PatchState::Covered => Some(Paint::Cyan),
    };
    let (window, window_paint) = match opens_in_time(system, patch) {
        Some(true) => ("in time", None),
        Some(false) => ("too late", Some(Paint::Yellow)),
        None => ("", None),
    };
    [
        Cell::plain(minute(patch.due, as_of)),
        Cell::painted(severity, severity_paint),
        Cell::plain(patch.host),
        Cell::plain(
            patch
                .remediation
                .unwrap_or_else(|| patch.vulns.first().copied().unwrap_or("")),
        ),
        Cell::plain(patch.findings.to_string()),
        Cell::painted(patch.state.word().replace('_', " "), state_paint),
        Cell::plain(patch.plan_by.map(|day| day.to_string()).unwrap_or_default()),
        Cell::painted(window, window_paint),
    ]
}
