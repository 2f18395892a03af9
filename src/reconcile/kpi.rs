//! The figures, each with what it was computed from. Source: reconciliation semantics, KPIs.

use std::collections::BTreeMap;

use super::estate::ScanDuty;
use super::register::{HostRow, HostState, Kpi, Period};
use crate::model::{AsOf, Disposition, Finding, Rate};

/// Computes every figure whose inputs stand.
pub(super) fn kpis(
    findings: &[Finding],
    hosts: &[HostRow],
    period: Period,
    duty: ScanDuty,
    as_of: AsOf,
) -> BTreeMap<&'static str, Kpi> {
    let mut in_time = 0;
    let mut by_decision = 0;
    let mut due_in_period = 0;
    for finding in findings
        .iter()
        .filter(|finding| is_in_period(finding, period, as_of))
    {
        due_in_period += 1;
        let fixed_before = finding.closed.is_some_and(|closed| closed <= finding.base_due);
        // A decision that came after the due date is no decision at it: the breach stays in the rates.
        let decided = finding.decided_at_base_due && !fixed_before;
        if decided {
            by_decision += 1;
        } else if finding.closed.is_some() && finding.breached.is_none() {
            in_time += 1;
        }
    }
    let counted: Vec<&HostRow> = hosts.iter().filter(|host| host.counts).collect();
    let scanned = |host: &&&HostRow| duty.is_met(host, as_of);
    let good = |host: &&&HostRow| !matches!(host.state, HostState::Overdue | HostState::Unscanned);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let all_hosts = count(counted.len());
    let rate = |numerator: u64, denominator: u64| Rate {
        numerator,
        denominator,
    };
    BTreeMap::from([
        (
            "sla_rate_strict",
            Kpi {
                title: "remediated in time, of all findings due in the period; a decision counts as not in time",
                rate: rate(in_time, due_in_period),
            },
        ),
        (
            "sla_rate_net",
            Kpi {
                title: "remediated in time, of the findings due in the period without a decision at their due date",
                rate: rate(in_time, due_in_period - by_decision),
            },
        ),
        (
            "sla_rate_governed",
            Kpi {
                title: "remediated in time or under a decision, of all findings due in the period",
                rate: rate(in_time + by_decision, due_in_period),
            },
        ),
        (
            "host_compliance",
            Kpi {
                title: "hosts with a qualifying scan and nothing overdue, of all active hosts in scope",
                rate: rate(count(counted.iter().filter(good).count()), all_hosts),
            },
        ),
        (
            "scan_coverage",
            Kpi {
                title: "hosts with a qualifying scan within the cadence, of all active hosts in scope",
                rate: rate(count(counted.iter().filter(scanned).count()), all_hosts),
            },
        ),
    ])
}

/// Tells whether a finding was due in the period, is in scope and was not removed.
fn is_in_period(finding: &Finding, period: Period, as_of: AsOf) -> bool {
    // What ended with its host before it was late is neither in time nor a breach.
    let is_neutral = finding.disposition == Disposition::ClosedRetired && finding.breached.is_none();
    if finding.disposition.is_removed() || is_neutral {
        return false;
    }
    let due = finding.breached.unwrap_or(finding.base_due);
    let day = as_of.zone().day_of(due);
    due <= as_of.instant() && (period.from..=period.to).contains(&day)
}
