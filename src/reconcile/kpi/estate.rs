//! Figures over hosts, unsupported systems and checkpoints.

use super::{Figures, Frame, Kpi, Population, Unit, count, number};
use crate::reconcile::register::HostState;

/// How many hosts are in order, and how many are looked at.
pub(super) fn hosts(population: &Population<'_>, frame: Frame, figures: &mut Figures) {
    let all = number(population.hosts.len());
    let good = count(&population.hosts, |(host, _)| {
        !matches!(host.state, HostState::Overdue | HostState::Unscanned)
    });
    figures.insert(
        "host_compliance",
        Kpi::share(
            "hosts with a qualifying scan and nothing overdue, of all active hosts in scope",
            good,
            all,
        ),
    );
    let scanned = count(&population.hosts, |(host, _)| {
        frame.duty.is_met(host, frame.as_of)
    });
    figures.insert(
        "scan_coverage",
        Kpi::share(
            "hosts with a qualifying scan within the cadence, of all active hosts in scope",
            scanned,
            all,
        ),
    );
    let authenticated = count(&population.hosts, |(host, _)| {
        frame.duty.is_recent(host.last_authenticated_scan, frame.as_of)
    });
    figures.insert(
        "scan_coverage_authenticated",
        Kpi::of(
            Unit::Percent,
            "hosts with a scan within the cadence that signed in or ran on the host, of all active hosts in scope",
            authenticated,
            all,
        ),
    );
}

/// How many systems are past their support, and for how many somebody has decided.
pub(super) fn unsupported(population: &Population<'_>, figures: &mut Figures) {
    let all = number(population.unsupported.len());
    let accepted = count(&population.unsupported, |system| system.is_accepted);
    figures.insert(
        "unsupported",
        Kpi::share(
            "systems under a valid acceptance, of the systems in scope past the end of their support",
            accepted,
            all,
        ),
    );
}

/// How many checkpoints have evidence.
pub(super) fn evidence(population: &Population<'_>, figures: &mut Figures) {
    let all = number(population.checkpoints.len());
    figures.insert(
        "evidence_completeness",
        Kpi::share(
            "checkpoints with evidence, of all checkpoints of applicable controls",
            count(&population.checkpoints, |has_evidence| *has_evidence),
            all,
        ),
    );
}
