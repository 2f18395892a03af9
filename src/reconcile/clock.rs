//! When a finding must be remediated.
//!
//! `days` are added to the local date of the start and last to 23:59:59 of that day; `hours` are
//! absolute. Whatever asks for an earlier date wins, and its name is the reason. Source:
//! reconciliation semantics, SLA clock and time rules.

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Months, TimeDelta, Utc, Weekday};

use crate::import::KevListing;
use crate::model::{
    AsOf, CapStart, ClockStart, Date, Exploit, Expression, ExpressionValue, Isms, KevMode, MatrixCell,
    Record, Severity, Sla, System, TimeUnit, Zone, system_value,
};

/// What is known of a finding when its clock is set.
pub(super) struct Facts<'a> {
    pub(super) first_seen: DateTime<Utc>,
    pub(super) severity: Severity,
    pub(super) patch_published: Option<Date>,
    pub(super) kev: Option<KevListing>,
    pub(super) epss: Option<f64>,
    pub(super) exploit: Exploit,
    /// The day on which the exploit became known; the first sighting where nobody says.
    pub(super) exploit_since: Option<Date>,
    pub(super) system: Option<&'a Record<System>>,
}

/// A due date and its reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) at: DateTime<Utc>,
    pub(super) reason: Arc<str>,
}

impl Due {
    fn earlier(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }
}

/// Sets the clock by one agreement.
pub(super) fn due_by_agreement(facts: &Facts<'_>, sla: &Sla, isms: Option<&Isms>, as_of: AsOf) -> Due {
    let zone = as_of.zone();
    let tier = facts
        .system
        .and_then(|system| system.spec.tier.as_ref())
        .map(|tier| tier.value.as_str());
    let start = start_of(facts, sla.clock.start, zone);
    let cell = sla
        .matrix
        .iter()
        .find(|cell| cell.severity == facts.severity && Some(cell.tier.as_str()) == tier);
    let mut due = match cell {
        Some(cell) => Due {
            at: after_cell(start, cell, zone),
            reason: format!("sla:{}/{}", cell.severity, cell.tier).into(),
        },
        // A missing cell is SLA001; until it is there the shortest one of the severity counts.
        None => shortest([sla].into_iter(), facts, zone, "strictest:no-cell"),
    };
    for accelerator in &sla.accelerators {
        if let Some(since) = holds_since(&accelerator.when, facts) {
            let from = facts.first_seen.max(zone.start_of_day(since).with_timezone(&Utc));
            let at = after_days(from, accelerator.days, TimeUnit::Calendar, zone);
            due = due.earlier(Due {
                at,
                reason: format!("accelerator:{}", accelerator.name).into(),
            });
        }
    }
    due = kev_due(facts, sla, zone).into_iter().fold(due, Due::earlier);
    caps(facts, isms, zone).into_iter().fold(due, Due::earlier)
}

/// Takes the shortest cell that any agreement has for the severity; with no agreement at all, the first sighting.
pub(super) fn due_without_agreement<'a>(
    facts: &Facts<'_>,
    slas: impl Iterator<Item = &'a Sla>,
    as_of: AsOf,
    reason: &str,
) -> Due {
    shortest(slas, facts, as_of.zone(), reason)
}

fn shortest<'a>(slas: impl Iterator<Item = &'a Sla>, facts: &Facts<'_>, zone: Zone, reason: &str) -> Due {
    let cells = slas
        .flat_map(|sla| sla.matrix.iter())
        .filter(|cell| cell.severity == facts.severity);
    let at = cells
        .map(|cell| after_cell(facts.first_seen, cell, zone))
        .min()
        .unwrap_or(facts.first_seen);
    Due {
        at,
        reason: reason.into(),
    }
}

fn start_of(facts: &Facts<'_>, start: ClockStart, zone: Zone) -> DateTime<Utc> {
    let released = facts
        .patch_published
        .map(|day| zone.start_of_day(day).with_timezone(&Utc));
    match (start, released) {
        (ClockStart::FirstDetected, _) | (_, None) => facts.first_seen,
        (ClockStart::PatchReleased, Some(released)) => released,
        (ClockStart::Earliest, Some(released)) => released.min(facts.first_seen),
        (ClockStart::Latest, Some(released)) => released.max(facts.first_seen),
    }
}

fn after_cell(start: DateTime<Utc>, cell: &MatrixCell, zone: Zone) -> DateTime<Utc> {
    match (cell.days, cell.hours) {
        (_, Some(hours)) => start + TimeDelta::hours(i64::from(hours)),
        (Some(days), None) => after_days(start, days, cell.unit.unwrap_or(TimeUnit::Calendar), zone),
        (None, None) => start,
    }
}

/// Adds local days and returns the end of the last.
pub(super) fn after_days(start: DateTime<Utc>, days: u32, unit: TimeUnit, zone: Zone) -> DateTime<Utc> {
    let first = zone.day_of(start);
    let last = match unit {
        TimeUnit::Calendar => first.plus_days(i64::from(days)),
        TimeUnit::Business => business_days(first, days),
    };
    zone.end_of_day(last).with_timezone(&Utc)
}

fn business_days(first: Date, days: u32) -> Date {
    let mut day = first;
    let mut left = days;
    while left > 0 {
        day = day.plus_days(1);
        if !matches!(day.0.weekday(), Weekday::Sat | Weekday::Sun) {
            left -= 1;
        }
    }
    day
}

/// Tells since when an accelerator's condition holds; `None` when it does not.
fn holds_since(when: &Expression, facts: &Facts<'_>) -> Option<Date> {
    if !when.holds(&|name| fact(facts, name)) {
        return None;
    }
    let names = when.names();
    let kev = facts
        .kev
        .filter(|_| names.contains(&"kev"))
        .map(|listing| listing.added);
    let exploit = facts.exploit_since.filter(|_| names.contains(&"exploitation"));
    // Without a date of its own a condition has held since the finding was first seen.
    kev.into_iter()
        .chain(exploit)
        .max()
        .or(Some(Date(chrono::NaiveDate::default())))
}

fn fact(facts: &Facts<'_>, name: &str) -> Option<ExpressionValue> {
    match name {
        "exploitation" => Some(ExpressionValue::Text(facts.exploit.word().into())),
        "kev" => Some(ExpressionValue::Bool(facts.kev.is_some())),
        "epss" => facts.epss.map(ExpressionValue::Number),
        "severity" => Some(ExpressionValue::Text(facts.severity.word().into())),
        _ => facts.system.and_then(|system| system_value(system, name)),
    }
}

/// Raises a severity by the agreement's priority rules; none lowers it.
pub(super) fn prioritised(facts: &Facts<'_>, sla: &Sla) -> Severity {
    let raised = sla
        .priority_rules
        .iter()
        .filter(|rule| rule.when.holds(&|name| fact(facts, name)));
    raised
        .map(|rule| rule.severity)
        .fold(facts.severity, Severity::max)
}

/// The date that a listing as exploited asks for.
///
/// A listing that is older than the finding gives `min_days` from the first sighting, and nobody gets less
/// than `floor_hours` (24).
fn kev_due(facts: &Facts<'_>, sla: &Sla, zone: Zone) -> Option<Due> {
    let (listing, kev) = (facts.kev?, sla.kev.as_ref()?);
    let end = |day: Date| zone.end_of_day(day).with_timezone(&Utc);
    let by_listing = match kev.mode {
        KevMode::DaysAfterAdded => kev.days.map(|days| end(listing.added.plus_days(i64::from(days)))),
        KevMode::CatalogDueDate | KevMode::DecisionTable => listing.due.map(end),
    };
    let least = kev
        .min_days
        .map(|days| after_days(facts.first_seen, days, TimeUnit::Calendar, zone));
    let floor = facts.first_seen + TimeDelta::hours(i64::from(kev.floor_hours.unwrap_or(24)));
    let is_old = listing.added < zone.day_of(facts.first_seen);
    let (at, reason) = match (by_listing, least) {
        (Some(listed), Some(least)) if is_old && least > listed => (least, "kev:min_days"),
        (Some(listed), _) => (listed, "kev:listed"),
        (None, Some(least)) => (least, "kev:min_days"),
        (None, None) => return None,
    };
    let (at, reason) = if floor > at {
        (floor, "kev:floor")
    } else {
        (at, reason)
    };
    Some(Due {
        at,
        reason: reason.into(),
    })
}

/// The dates that regulations ask for, for systems that carry their tags.
fn caps(facts: &Facts<'_>, isms: Option<&Isms>, zone: Zone) -> Vec<Due> {
    let (Some(isms), Some(system)) = (isms, facts.system) else {
        return Vec::new();
    };
    let mut dues = Vec::new();
    for regulation in isms
        .regulations
        .iter()
        .filter(|regulation| system.spec.regulations.contains(&regulation.tag))
    {
        for cap in regulation
            .caps
            .iter()
            .filter(|cap| cap.severity == facts.severity)
        {
            let released = facts
                .patch_published
                .filter(|_| cap.from == CapStart::PatchReleased);
            // Where nobody says when the patch was released the clock starts with the first sighting.
            let from = released.unwrap_or_else(|| zone.day_of(facts.first_seen));
            let last = match (cap.days, cap.months) {
                (Some(days), _) => from.plus_days(i64::from(days)),
                (None, Some(months)) => {
                    Date(from.0.checked_add_months(Months::new(months)).unwrap_or(from.0))
                }
                (None, None) => continue,
            };
            let at = zone.end_of_day(last).with_timezone(&Utc).max(facts.first_seen);
            dues.push(Due {
                at,
                reason: format!("cap:{}", regulation.id).into(),
            });
        }
    }
    dues
}
