//! Figures over findings: rates of agreements, times to patch, ages, exposure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::population::Measured;
use super::{Figures, Frame, Kpi, Stretch, Unit, number, quantile, seconds, united_seconds};
use crate::model::{Disposition, Finding};

/// What is counted and measured of findings, in one pass over them.
#[derive(Default)]
pub(super) struct Sums<'a> {
    due: u64,
    in_time: u64,
    by_decision: u64,
    came_back: u64,
    /// Closed in the period, or come back.
    was_closed: u64,
    /// How long it took from the first sighting to the fix, and from the patch; in seconds.
    detected: Vec<u64>,
    released: Vec<u64>,
    /// How long what is open has been so.
    open: Vec<u64>,
    /// How many findings stood under an exception, and how long all together.
    pub(super) deferred: u64,
    pub(super) deferred_seconds: u64,
    /// How long hosts were open to a known exploit, and when in the period.
    windows: Vec<u64>,
    exposed: Vec<(&'a str, Stretch)>,
}

impl<'a> Sums<'a> {
    /// Sums up what was measured; the order of findings means nothing.
    pub(super) fn of(findings: &[Measured<'a>], frame: Frame) -> Self {
        let mut sums = findings
            .par_iter()
            .fold(Self::default, |mut sums, measured| {
                sums.add(measured, frame);
                sums
            })
            .reduce(Self::default, Self::and);
        for times in [
            &mut sums.detected,
            &mut sums.released,
            &mut sums.open,
            &mut sums.windows,
        ] {
            times.sort_unstable();
        }
        sums
    }

    fn add(&mut self, measured: &Measured<'a>, frame: Frame) {
        let finding = measured.finding;
        let is_closed = finding.closed.is_some_and(|at| frame.holds(at));
        let has_come_back = finding.recurrence > 0 && frame.saw_open(finding);
        self.came_back += u64::from(has_come_back);
        self.was_closed += u64::from(has_come_back || is_closed);
        let outcome = SlaOutcome::of(finding, frame);
        self.due += u64::from(outcome.is_some());
        self.by_decision += u64::from(outcome == Some(SlaOutcome::ByDecision));
        self.in_time += u64::from(outcome == Some(SlaOutcome::InTime));
        if let Some(closed) = fixed_in_period(finding, frame) {
            self.detected.push(seconds(finding.first_seen, closed));
            let zone = frame.as_of.zone();
            let published = finding.patch_published.map(|day| zone.start_of_day(day));
            let released = published.map(|at| seconds(at.with_timezone(&Utc), closed));
            self.released.extend(released);
        }
        if finding.closed.is_none() && !finding.disposition.is_removed() {
            self.open.push(seconds(finding.first_seen, frame.as_of.instant()));
        }
        self.deferred += u64::from(measured.deferred > 0);
        self.deferred_seconds += measured.deferred;
        if let Some((start, stop)) = measured.exposed {
            self.windows.push(seconds(start, stop));
            let in_period = (start.max(frame.begin), stop.min(frame.end));
            self.exposed.push((&finding.host, in_period));
        }
    }

    fn and(mut self, mut other: Self) -> Self {
        let Self {
            due,
            in_time,
            by_decision,
            came_back,
            was_closed,
            detected,
            released,
            open,
            deferred,
            deferred_seconds,
            windows,
            exposed,
        } = &mut self;
        *due += other.due;
        *in_time += other.in_time;
        *by_decision += other.by_decision;
        *came_back += other.came_back;
        *was_closed += other.was_closed;
        *deferred += other.deferred;
        *deferred_seconds += other.deferred_seconds;
        detected.append(&mut other.detected);
        released.append(&mut other.released);
        open.append(&mut other.open);
        windows.append(&mut other.windows);
        exposed.append(&mut other.exposed);
        self
    }
}

/// The three rates of agreements, and how much came back.
pub(super) fn rates(sums: &Sums<'_>, figures: &mut Figures) {
    let Sums {
        due,
        in_time,
        by_decision,
        came_back,
        was_closed,
        ..
    } = *sums;
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
pub(super) fn times(sums: &Sums<'_>, figures: &mut Figures) {
    let (by_detection, by_release, open) = (&sums.detected[..], &sums.released[..], &sums.open[..]);
    let n = number(by_detection.len());
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
    figures.insert("open_age_median", one(title, 5, open).headline());
    let title = "days since the first sighting of what is open at as-of, longest";
    figures.insert("open_age_max", one(title, 10, open));
}

/// How long hosts were open to a known exploit, by finding, and all together in the period.
pub(super) fn exposure(sums: &Sums<'_>, figures: &mut Figures) {
    let mut of_host: BTreeMap<&str, Vec<Stretch>> = BTreeMap::new();
    for (host, stretch) in &sums.exposed {
        of_host.entry(host).or_default().push(*stretch);
    }
    let windows = &sums.windows[..];
    let n = number(windows.len());
    let hosts = number(of_host.len());
    let exposed: u64 = of_host.into_values().map(united_seconds).sum();
    figures.insert(
        "exposure_window_median",
        Kpi::of(
            Unit::Days,
            "days from a known exploit on a host that is there to the fix or as-of, median over what is critical or listed",
            quantile(windows, 5),
            n,
        ),
    );
    figures.insert(
        "exposure_window_max",
        Kpi::of(
            Unit::Days,
            "days from a known exploit on a host that is there to the fix or as-of, longest of what is critical or listed",
            quantile(windows, 10),
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
