//! The plan as a table that a spreadsheet may open.

use std::io::{self, Write};

use super::{Report, name, opens_in_time};
use crate::output::spreadsheet::{begin, write_row};
use crate::output::text::yes_or_no;
use crate::reconcile::{FrozenDays, MissingPatch, SystemPlan};

const HEADINGS: [&str; 19] = [
    "position",
    "system",
    "after",
    "host",
    "remediation",
    "vulns",
    "title",
    "severity",
    "kev",
    "findings",
    "due",
    "plan_by",
    "state",
    "covered",
    "window",
    "window_start",
    "window_end",
    "window_in_time",
    "freezes",
];

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = begin(out, &HEADINGS)?;
    for (position, system) in report.plan.systems.iter().enumerate() {
        for patch in &system.patches {
            let row = row(report, position + 1, system, patch);
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            write_row(&mut writer, &cells)?;
        }
    }
    writer.flush()
}

fn row(
    report: &Report<'_>,
    position: usize,
    system: &SystemPlan<'_>,
    patch: &MissingPatch<'_>,
) -> [String; 19] {
    let zone = report.as_of.zone();
    let after: Vec<&str> = system.after.iter().map(|id| id.as_str()).collect();
    let freezes: Vec<String> = system.freezes.iter().map(freeze).collect();
    let window = |text: fn(&crate::model::Opening<'_>, crate::model::Zone) -> String| {
        system
            .window
            .map(|window| text(&window, zone))
            .unwrap_or_default()
    };
    [
        position.to_string(),
        name(system, "").to_owned(),
        after.join(" "),
        patch.host.to_owned(),
        patch.remediation.unwrap_or("").to_owned(),
        patch.vulns.join(" "),
        patch.title.to_owned(),
        patch.severity.word().to_owned(),
        yes_or_no(patch.is_listed).to_owned(),
        patch.findings.to_string(),
        zone.text(patch.due),
        patch.plan_by.map(|day| day.to_string()).unwrap_or_default(),
        patch.state.word().to_owned(),
        yes_or_no(patch.state == crate::reconcile::PatchState::Covered).to_owned(),
        window(|window, _| window.window.id.value.to_string()),
        window(|window, zone| zone.text(window.start)),
        window(|window, zone| zone.text(window.end)),
        opens_in_time(system, patch)
            .map(yes_or_no)
            .unwrap_or_default()
            .to_owned(),
        freezes.join("; "),
    ]
}

fn freeze(frozen: &FrozenDays<'_>) -> String {
    format!("{}: {} to {}", frozen.name, frozen.first, frozen.last)
}
