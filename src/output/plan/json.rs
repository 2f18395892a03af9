//! countersign/plan/v1.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::{Report, opens_in_time};
use crate::model::{Date, Opening, RecordId, Severity, Zone};
use crate::output::json::write_pretty;
use crate::reconcile::{FrozenDays, MissingPatch, PatchState, SystemPlan};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: String,
    commit: Option<&'a str>,
    totals: Totals,
    systems: Vec<SystemEntry<'a>>,
}

#[derive(Serialize)]
struct Totals {
    missing_patches: usize,
    findings: u64,
    covered: usize,
    left_out: u64,
}

#[derive(Serialize)]
struct SystemEntry<'a> {
    system: Option<&'a RecordId>,
    tier: Option<&'a str>,
    after: &'a BTreeSet<&'a RecordId>,
    window: Option<WindowEntry<'a>>,
    freezes: Vec<FreezeEntry<'a>>,
    patches: Vec<PatchEntry<'a>>,
}

#[derive(Serialize)]
struct WindowEntry<'a> {
    calendar: &'a RecordId,
    id: &'a RecordId,
    start: String,
    end: String,
}

#[derive(Serialize)]
struct FreezeEntry<'a> {
    calendar: &'a RecordId,
    name: &'a str,
    first: Date,
    last: Date,
}

#[derive(Serialize)]
struct PatchEntry<'a> {
    host: &'a str,
    remediation: Option<&'a str>,
    vulns: &'a [&'a str],
    title: &'a str,
    severity: Severity,
    kev: bool,
    findings: u64,
    due: String,
    plan_by: Option<Date>,
    state: &'static str,
    covered: bool,
    window_in_time: Option<bool>,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let zone = report.as_of.zone();
    let patches = || report.plan.systems.iter().flat_map(|system| &system.patches);
    let document = Document {
        schema: "countersign/plan/v1",
        as_of: report.as_of.to_string(),
        commit: report.commit,
        totals: Totals {
            missing_patches: patches().count(),
            findings: patches().map(|patch| patch.findings).sum(),
            covered: patches().filter(|patch| is_covered(patch)).count(),
            left_out: report.plan.left_out,
        },
        systems: report
            .plan
            .systems
            .iter()
            .map(|system| entry(system, zone))
            .collect(),
    };
    write_pretty(&document, out)
}

fn is_covered(patch: &MissingPatch<'_>) -> bool {
    patch.state == PatchState::Covered
}

fn entry<'a>(system: &'a SystemPlan<'a>, zone: Zone) -> SystemEntry<'a> {
    let tier = system.system.and_then(|record| record.spec.tier.as_ref());
    SystemEntry {
        system: system.system.map(|record| record.id()),
        tier: tier.map(|tier| tier.value.as_str()),
        after: &system.after,
        window: system.window.map(|window| window_entry(window, zone)),
        freezes: system.freezes.iter().map(freeze_entry).collect(),
        patches: system
            .patches
            .iter()
            .map(|patch| patch_entry(system, patch, zone))
            .collect(),
    }
}

fn window_entry(opening: Opening<'_>, zone: Zone) -> WindowEntry<'_> {
    WindowEntry {
        calendar: opening.calendar.id(),
        id: &opening.window.id.value,
        start: zone.text(opening.start),
        end: zone.text(opening.end),
    }
}

fn freeze_entry<'a>(frozen: &FrozenDays<'a>) -> FreezeEntry<'a> {
    FreezeEntry {
        calendar: frozen.calendar,
        name: frozen.name,
        first: frozen.first,
        last: frozen.last,
    }
}

fn patch_entry<'a>(system: &SystemPlan<'_>, patch: &'a MissingPatch<'a>, zone: Zone) -> PatchEntry<'a> {
    PatchEntry {
        host: patch.host,
        remediation: patch.remediation,
        vulns: &patch.vulns,
        title: patch.title,
        severity: patch.severity,
        kev: patch.is_listed,
        findings: patch.findings,
        due: zone.text(patch.due),
        plan_by: patch.plan_by,
        state: patch.state.word(),
        covered: is_covered(patch),
        window_in_time: opens_in_time(system, patch),
    }
}
