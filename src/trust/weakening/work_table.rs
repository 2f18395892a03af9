//! The rows of calendars, changes and incidents.

use super::looser::Looser::*;
use super::table::{NO_LIMIT, Row, row};
use crate::model::Kind::*;

const RISKS: &[&str] = &["low", "medium", "high"];

/// They come behind those of trust and rules.
pub(super) const ROWS: &[Row] = &[
    // A freeze holds work back and keeps systems from breaking, so that both a longer and a shorter one weaken.
    row(
        &[Calendar],
        "spec.freezes[*].to",
        Later,
        "nothing is patched for longer",
    ),
    row(
        &[Calendar],
        "spec.freezes[*].from",
        Earlier,
        "nothing is patched from earlier on",
    ),
    row(
        &[Calendar],
        "spec.freezes[*].count",
        Larger(0.0),
        "nothing is patched for longer",
    ),
    row(
        &[Calendar],
        "spec.freezes[*].exempt[*]",
        Added,
        "one type of change more is made in it",
    ),
    row(&[Calendar], "spec.freezes[*].rrule", Any, "other days are frozen"),
    row(&[Calendar], "spec.freezes[*].rule", Any, "other days are frozen"),
    row(
        &[Calendar],
        "spec.freezes[*].systems**",
        Any,
        "other systems rest",
    ),
    row(
        &[Calendar],
        "spec.freezes[*].name",
        Any,
        "changes name the freeze by it",
    ),
    row(&[Calendar], "spec.freezes[*]", Any, "the freezes are others"),
    row(
        &[Calendar],
        "spec.windows[*]",
        Removed,
        "a window to patch in is dropped",
    ),
    row(
        &[Calendar],
        "spec.windows[*].duration",
        Any,
        "the window is longer or shorter",
    ),
    row(
        &[Calendar],
        "spec.windows[*].**",
        Any,
        "it opens at other times or for other systems",
    ),
    row(
        &[Calendar],
        "spec.cycles[*].offset_days",
        Larger(0.0),
        "patches are taken later",
    ),
    row(
        &[Calendar],
        "spec.cycles[*]",
        Removed,
        "a tier is no longer patched on a cycle",
    ),
    row(
        &[Calendar],
        "spec.cycles[*].**",
        Any,
        "it is patched on other days",
    ),
    row(
        &[Calendar],
        "spec.holidays[*]",
        Added,
        "times in working days end later",
    ),
    row(&[Calendar], "spec.meetings**", Nothing, ""),
    // Changes.
    row(&[Change], "spec.type", Any, "another type needs other approvers"),
    row(
        &[Change],
        "spec.template",
        Any,
        "a template needs other approvers",
    ),
    row(
        &[Change],
        "spec.uses",
        Any,
        "its template decides who approves it",
    ),
    row(
        &[Change],
        "spec.freeze_approval.**",
        Added,
        "it is made in a freeze",
    ),
    row(&[Change], "spec.risk", Nothing, ""),
    row(&[Change], "spec.systems[*]", Added, "it changes more"),
    row(&[Change], "spec.patches[*]", Removed, "a patch is left out"),
    row(&[Change], "spec.end", Any, "the work ends at another time"),
    row(&[Change], "spec.start", Any, "the work begins at another time"),
    row(&[Change], "spec.phases[*]", Removed, "a phase is dropped"),
    row(
        &[Change],
        "spec.phases[*].soak_hours",
        Smaller(0.0),
        "it is watched less long",
    ),
    row(
        &[Change],
        "spec.phases[*].gate.max",
        Larger(NO_LIMIT),
        "it goes on with more errors",
    ),
    row(
        &[Change],
        "spec.rollback.steps[*]",
        Removed,
        "a step back is dropped",
    ),
    row(
        &[Change],
        "spec.rollback.ha_steps[*]",
        Removed,
        "a step back is dropped",
    ),
    row(
        &[Change],
        "spec.rollback.manual_steps[*]",
        Removed,
        "a step back is dropped",
    ),
    row(
        &[Change],
        "spec.rollback.triggers[*]",
        Removed,
        "it is taken back less often",
    ),
    row(
        &[Change],
        "spec.rollback.max_minutes",
        Larger(NO_LIMIT),
        "taking it back may last longer",
    ),
    row(
        &[Change],
        "spec.rollback.script_sha256",
        Any,
        "it is another script",
    ),
    row(&[Change], "spec.prechecks[*]", Removed, "a check is dropped"),
    row(&[Change], "spec.postchecks[*]", Removed, "a check is dropped"),
    row(
        &[Change],
        "spec.limits.max_hosts",
        Larger(NO_LIMIT),
        "the template is for more hosts",
    ),
    row(
        &[Change],
        "spec.limits.max_minutes",
        Larger(NO_LIMIT),
        "the template is for longer work",
    ),
    row(
        &[Change],
        "spec.limits.max_risk",
        Further(RISKS, 3),
        "the template is for graver work",
    ),
    row(
        &[Change],
        "spec.limits.tiers[*]",
        Any,
        "the template is for other tiers",
    ),
    row(
        &[Change],
        "spec.valid_until",
        Later,
        "the template is valid for longer",
    ),
    // Incidents: an override only ever shortens.
    row(
        &[Incident],
        "spec.sla_overrides[*].hours",
        Larger(NO_LIMIT),
        "the override gives more time",
    ),
    row(
        &[Incident],
        "spec.sla_overrides[*].from",
        Later,
        "the override begins later",
    ),
    row(
        &[Incident],
        "spec.sla_overrides[*].to",
        Earlier,
        "the override ends earlier",
    ),
    row(&[Incident], "spec.sla_overrides[*].justification", Nothing, ""),
    row(
        &[Incident],
        "spec.sla_overrides[*].**",
        Any,
        "the override is for other findings",
    ),
    row(
        &[Incident],
        "spec.sla_overrides[*]",
        Removed,
        "an override is dropped",
    ),
    row(&[Incident], "spec.vulns[*]", Removed, "it is about less"),
    row(&[Incident], "spec.systems[*]", Removed, "it is about less"),
    row(
        &[Incident],
        "spec.timeline[*]",
        Removed,
        "a part of the story is dropped",
    ),
    row(
        &[Incident],
        "spec.containment[*]",
        Removed,
        "a part of the story is dropped",
    ),
    row(
        &[Incident],
        "spec.verification[*]",
        Removed,
        "a part of the story is dropped",
    ),
];
