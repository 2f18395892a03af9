//! Figures over findings: rates of agreements, times to patch, ages, exposure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::population::Measured;
use super::{Figures, Frame, Kpi, Population, Stretch, Unit, number, quantile, seconds, united_seconds};
use crate::model::{Disposition, Finding};

/// The three rates of agreements, and how much came back.
pub(super) fn rates(population: &Population<'_>, frame: Frame, figures: &mut Figures) {
    let (mut in_time, mut by_decision, mut due) = (0, 0, 0);
    let (mut came_back, mut was_closed) = (0, 0);
    for Measured { finding, .. } in &population.findings {
        let is_closed = finding.closed.is_some_and(|at| frame.holds(at));
        let has_come_back = finding.recurrence > 0 && frame.saw_open(finding);
        came_back += u64::from(has_come_back);
        was_closed += u64::from(has_come_back || is_closed);
        let outcome = SlaOutcome::of(finding, frame);
        due += u64::from(outcome.is_some());
        by_decision += u64::from(outcome == Some(SlaOutcome::ByDecision));
        in_time += u64::from(outcome == Some(SlaOutcome::InTime));
    }
    figures.insert(
        "sla_rate_strict",
        Kpi::share(
            "remediated in time, of all findings due in the period; a decision counts as not in time",
            in_time,
            due,
        ),
    );
    figures.insert(
        "sla_rate_net",
        Kpi::share(
            "remediated in time, of the findings due in the period without a decision at their due date",
            in_time,
            due - by_decision,
        ),
    );
    figures.insert(
        "sla_rate_governed",
        Kpi::share(
            "remediated in time or under a decision, of all findings due in the period",
            in_time + by_decision,
            due,
        ),
    );
    figures.insert(
        "recurrence",
        Kpi::of(
            Unit::Percent,
            "findings that came back, of those closed in the period or come back",
            came_back,
            was_closed,
        ),
    );
}

/// As what a finding that was due in the period counts in the rates of agreements.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SlaOutcome {
    /// Fixed by its due date.
    InTime,
    /// A decision stood for it at its due date.
    ByDecision,
    /// Fixed late, or still open.
    Missed,
}

impl SlaOutcome {
    /// Judges a finding; `None` where it was not due in the period, or is left out of the rates.
    pub(in crate::reconcile) fn of(finding: &Finding, frame: Frame) -> Option<Self> {
        if !is_due_in_period(finding, frame) {
            return None;
        }
        let fixed_before = finding.closed.is_some_and(|closed| closed <= finding.base_due);
        // A decision that came after the due date is no decision at it: the breach stays in the rates.
        if finding.decided_at_base_due && !fixed_before {
            Some(Self::ByDecision)
        } else if finding.closed.is_some() && finding.breached.is_none() {
            Some(Self::InTime)
        } else {
            Some(Self::Missed)
        }
    }
}

/// Tells whether a finding was due in the period, is in scope, was not removed and did not go with its host.
fn is_due_in_period(finding: &Finding, frame: Frame) -> bool {
    let due = finding.breached.unwrap_or(finding.base_due);
    // A host that went in time takes its findings with it: they are neither in time nor late.
    let is_neutral = finding.disposition == Disposition::ClosedRetired && finding.breached.is_none();
    !finding.disposition.is_removed() && !is_neutral && frame.holds(due)
}

/// Returns when a finding was fixed, if that was in the period; one that went with its host was not fixed.
pub(super) fn fixed_in_period(finding: &Finding, frame: Frame) -> Option<DateTime<Utc>> {
    let is_fixed = matches!(
        finding.disposition,
        Disposition::FixedInTime | Disposition::FixedLate
    );
    finding.closed.filter(|at| is_fixed && frame.holds(*at))
}

/// Times to patch, published together with the age of what is open: closing only what is easy must not look good.
pub(super) fn times(population: &Population<'_>, frame: Frame, figures: &mut Figures) {
    let (mut detected, mut released, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let zone = frame.as_of.zone();
    for Measured { finding, .. } in &population.findings {
        if let Some(closed) = fixed_in_period(finding, frame) {
            detected.push(seconds(finding.first_seen, closed));
            let published = finding.patch_published.map(|day| zone.start_of_day(day));
            released.extend(published.map(|at| seconds(at.with_timezone(&Utc), closed)));
        }
        if finding.closed.is_none() && !finding.disposition.is_removed() {
            open.push(seconds(finding.first_seen, frame.as_of.instant()));
        }
    }
    for times in [&mut detected, &mut released, &mut open] {
        times.sort_unstable();
    }
    let (by_detection, by_release, n) = (&detected[..], &released[..], number(detected.len()));
    let one = |title, tenths, sorted: &[u64]| {
        Kpi::of(Unit::Days, title, quantile(sorted, tenths), number(sorted.len()))
    };
    let mean =
        |title, sorted: &[u64]| Kpi::of(Unit::MeanDays, title, sorted.iter().sum(), number(sorted.len()));
    let title = "days from the first sighting to the fix, mean over the findings fixed in the period";
    figures.insert("mttp_mean", mean(title, by_detection));
    let title = "days from the first sighting to the fix, median over the findings fixed in the period";
    figures.insert("mttp_median", one(title, 5, by_detection).headline());
    let title = "days from the first sighting to the fix, nine of ten findings fixed in the period within";
    figures.insert("mttp_p90", one(title, 9, by_detection));
    let title = "days from the vendor's patch to the fix, mean over the findings fixed in the period";
    figures.insert("mttp_released_mean", mean(title, by_release));
    let title = "days from the vendor's patch to the fix, median over the findings fixed in the period";
    figures.insert("mttp_released_median", one(title, 5, by_release));
    let title = "days from the vendor's patch to the fix, nine of ten findings fixed in the period within";
    figures.insert("mttp_released_p90", one(title, 9, by_release));
    let title = "fixed findings of the period whose patch date an export says";
    figures.insert(
        "mttp_released_known",
        Kpi::of(Unit::Percent, title, number(by_release.len()), n),
    );
    let title = "days since the first sighting of what is open at as-of, median";
    figures.insert("open_age_median", one(title, 5, &open).headline());
    let title = "days since the first sighting of what is open at as-of, longest";
    figures.insert("open_age_max", one(title, 10, &open));
}

/// How long hosts were open to a known exploit, by finding, and all together in the period.
pub(super) fn exposure(population: &Population<'_>, frame: Frame, figures: &mut Figures) {
    let mut windows: Vec<u64> = Vec::new();
    let mut of_host: BTreeMap<&str, Vec<Stretch>> = BTreeMap::new();
    for measured in &population.findings {
        if let Some((start, stop)) = measured.exposed {
            windows.push(seconds(start, stop));
            of_host
                .entry(&measured.finding.host)
                .or_default()
                .push((start.max(frame.begin), stop.min(frame.end)));
        }
    }
    windows.sort_unstable();
    let n = number(windows.len());
    let hosts = number(of_host.len());
    let exposed: u64 = of_host.into_values().map(united_seconds).sum();
    figures.insert(
        "exposure_window_median",
        Kpi::of(
            Unit::Days,
            "days from a known exploit on a host that is there to the fix or as-of, median over what is critical or listed",
            quantile(&windows, 5),
            n,
        ),
    );
    figures.insert(
        "exposure_window_max",
        Kpi::of(
            Unit::Days,
            "days from a known exploit on a host that is there to the fix or as-of, longest of what is critical or listed",
            quantile(&windows, 10),
            n,
        ),
    );
    figures.insert(
        "exposure_host_days",
        Kpi::of(
            Unit::HostDays,
            "days of the period on which hosts were open to a known exploit, summed up over those hosts",
            exposed,
            hosts,
        ),
    );
}
