//! What asks for a due date at one moment: the matrix, accelerators, listings, regulations.

use std::sync::Arc;

use chrono::{DateTime, Months, TimeDelta, Utc};

use super::{AgreementVersion, Almanac, Due, Ground, Law, State};
use crate::model::{
    CapStart, ClockStart, Date, DecisionRow, Governor, KevMode, SegmentCause, Severity, Sla, TableTime,
    TimeUnit,
};

/// What asks for a date; those of the agreement wait while the clock pauses.
#[derive(Default)]
pub(super) struct Demands {
    /// The matrix and the accelerators.
    pub(super) agreed: Vec<Due>,
    /// Listings and regulations, which no pause moves.
    pub(super) fixed: Vec<Due>,
}

/// Collects what asks for a date at a moment.
pub(super) fn demands(state: &State<'_, '_>, law: Law<'_>, index: usize, ground: &Ground<'_>) -> Demands {
    let mut demands = Demands::default();
    let version = match law {
        Law::Strictest { versions, reason, .. } => {
            demands
                .agreed
                .push(shortest(versions, state, &ground.almanac, reason, None));
            // What the law asks for does not wait for an agreement.
            by_regulation(state, ground, &mut demands.fixed);
            return demands;
        }
        Law::Agreement(versions) => match versions.get(index) {
            Some(version) => version,
            None => return demands,
        },
    };
    demands.agreed.push(by_matrix(state, version, &ground.almanac));
    for accelerator in &version.sla.accelerators {
        if accelerator.when.holds(&|name| state.fact(name)) {
            demands.agreed.push(Due {
                at: ground
                    .almanac
                    .after_days(state.at, accelerator.days, TimeUnit::Calendar),
                reason: format!("accelerator:{}", accelerator.name).into(),
                by: Arc::clone(&version.by),
                cause: Some(SegmentCause::Condition),
            });
        }
    }
    demands.fixed.extend(by_listing(state, version, ground));
    by_regulation(state, ground, &mut demands.fixed);
    demands
}

/// Raises a severity by the agreement's priority rules; none lowers it.
pub(super) fn prioritised(state: &State<'_, '_>, sla: &Sla) -> Severity {
    let raised = sla
        .priority_rules
        .iter()
        .filter(|rule| rule.when.holds(&|name| state.fact(name)));
    raised
        .map(|rule| rule.severity)
        .fold(state.severity, Severity::max)
}

/// Returns the date of the cell, counted from the moment, and never from before the clock starts.
pub(super) fn by_matrix(state: &State<'_, '_>, version: &AgreementVersion<'_>, almanac: &Almanac) -> Due {
    let start = start_of(state, version.sla.clock.start, almanac);
    let first_seen = state.facts.first_seen;
    // At the first sighting the clock may have started before; later it counts from what happened.
    let from = if state.at > first_seen {
        start.max(state.at)
    } else {
        start
    };
    let tier = state.tier();
    let cell = version
        .sla
        .matrix
        .iter()
        .find(|cell| cell.severity == state.severity && Some(cell.tier.as_str()) == tier);
    match cell {
        Some(cell) => Due {
            at: almanac.after_cell(from, cell),
            reason: format!("sla:{}/{}", cell.severity, cell.tier).into(),
            by: Arc::clone(&version.by),
            cause: None,
        },
        // A missing cell is SLA001; until it is there the shortest one of the severity counts.
        None => shortest(
            std::slice::from_ref(version),
            state,
            almanac,
            "strictest:no-cell",
            Some(from),
        ),
    }
}

/// Takes the shortest cell that any agreement has for the severity; with none at all it is due at once.
fn shortest(
    versions: &[AgreementVersion<'_>],
    state: &State<'_, '_>,
    almanac: &Almanac,
    reason: &str,
    from: Option<DateTime<Utc>>,
) -> Due {
    let from = from.unwrap_or(state.at);
    let cells = versions
        .iter()
        .flat_map(|version| version.sla.matrix.iter().map(move |cell| (version, cell)))
        .filter(|(_, cell)| cell.severity == state.severity);
    let first = cells
        .map(|(version, cell)| (almanac.after_cell(from, cell), version))
        .min_by_key(|(at, _)| *at);
    Due {
        at: first.map_or(from, |(at, _)| at),
        reason: reason.into(),
        by: first.map_or_else(Arc::default, |(_, version)| Arc::clone(&version.by)),
        cause: None,
    }
}

fn start_of(state: &State<'_, '_>, start: ClockStart, almanac: &Almanac) -> DateTime<Utc> {
    let first_seen = state.facts.first_seen;
    let released = state.facts.patch_published.map(|day| almanac.start_of(day));
    match (start, released) {
        (ClockStart::FirstDetected, _) | (_, None) => first_seen,
        (ClockStart::PatchReleased, Some(released)) => released,
        (ClockStart::Earliest, Some(released)) => released.min(first_seen),
        (ClockStart::Latest, Some(released)) => released.max(first_seen),
    }
}

/// The date that a listing as exploited, or the decision table in its place, asks for.
///
/// A listing that is older than the finding gives `min_days` from the first sighting, and nobody gets less
/// than `floor_hours` (24).
fn by_listing(state: &State<'_, '_>, version: &AgreementVersion<'_>, ground: &Ground<'_>) -> Option<Due> {
    let kev = version.sla.kev.as_ref()?;
    let almanac = &ground.almanac;
    let catalogue = state
        .kev
        .and_then(|listing| listing.due)
        .map(|day| almanac.end_of(day));
    let mut table: Option<usize> = None;
    let listed = match kev.mode {
        KevMode::DaysAfterAdded => {
            let listing = state.kev?;
            kev.days
                .map(|days| almanac.end_of(listing.added.plus_days(i64::from(days))))
        }
        KevMode::CatalogDueDate => catalogue,
        KevMode::DecisionTable => match table_of(version, ground) {
            Some(rows) => {
                let mut numbered = (1..).zip(rows);
                let row = numbered.find(|(_, row)| row.when.holds(&|name| state.fact(name)));
                table = row.map(|(number, _)| number);
                row.map(|(_, row)| match row.time {
                    TableTime::Days(days) => almanac.after_days(state.at, days, TimeUnit::Calendar),
                    TableTime::Hours(hours) => state.at + TimeDelta::hours(i64::from(hours)),
                })
            }
            // A table that cannot be read is an error; until it is there the catalogue's own date counts.
            None => catalogue,
        },
    };
    let first_seen = state.facts.first_seen;
    let is_old = state
        .kev
        .is_some_and(|listing| listing.added < almanac.day_of(first_seen));
    let least = state.kev.and(kev.min_days);
    let least = least.map(|days| almanac.after_days(first_seen, days, TimeUnit::Calendar));
    let (at, reason) = match (listed, least, table) {
        (Some(listed), Some(least), _) if is_old && least > listed => (least, "kev:min_days".into()),
        (Some(listed), _, Some(row)) => (listed, format!("kev:table/{row}")),
        (Some(listed), _, None) => (listed, "kev:listed".into()),
        (None, Some(least), _) => (least, "kev:min_days".into()),
        (None, None, _) => return None,
    };
    let floor = first_seen + TimeDelta::hours(i64::from(kev.floor_hours.unwrap_or(24)));
    let (at, reason) = if floor > at {
        (floor, "kev:floor".into())
    } else {
        (at, reason)
    };
    Some(Due {
        at,
        reason: reason.into(),
        by: Arc::clone(&version.by),
        cause: Some(SegmentCause::Condition),
    })
}

/// The rows of the table as it was with that version, else as it is.
fn table_of<'a>(version: &AgreementVersion<'a>, ground: &'a Ground<'_>) -> Option<&'a [DecisionRow]> {
    let path = version.sla.kev.as_ref()?.table.as_ref()?;
    let now = || ground.tables.get(path.value.0.as_str());
    let table = version.table.or_else(now);
    table.map(|table| table.rows.as_slice())
}

/// The dates that regulations ask for, for systems that carry their tags.
fn by_regulation(state: &State<'_, '_>, ground: &Ground<'_>, out: &mut Vec<Due>) {
    let (Some(isms), Some(system)) = (ground.isms, state.system) else {
        return;
    };
    let almanac = &ground.almanac;
    for regulation in isms
        .regulations
        .iter()
        .filter(|regulation| system.spec.regulations.contains(&regulation.tag))
    {
        for cap in regulation
            .caps
            .iter()
            .filter(|cap| cap.severity == state.severity)
        {
            let facts = state.facts;
            let released = facts
                .patch_published
                .filter(|_| cap.from == CapStart::PatchReleased);
            // Where nobody says when the patch was released the clock starts with the first sighting.
            let from = released.unwrap_or_else(|| almanac.day_of(facts.first_seen));
            let last = match (cap.days, cap.months) {
                (Some(days), _) => from.plus_days(i64::from(days)),
                (None, Some(months)) => {
                    Date(from.0.checked_add_months(Months::new(months)).unwrap_or(from.0))
                }
                (None, None) => continue,
            };
            out.push(Due {
                at: almanac.end_of(last).max(state.at),
                reason: format!("cap:{}", regulation.id).into(),
                by: Arc::new([Governor::Regulation {
                    id: regulation.id.as_str().into(),
                    edition: regulation.edition.as_deref().map(Into::into),
                }]),
                cause: Some(SegmentCause::Condition),
            });
        }
    }
}
