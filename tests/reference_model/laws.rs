//! Laws that hold for every world, whatever the model says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;
use countersign::import::Scan;
use countersign::model::{AsOf, Date, Disposition, Finding, Rate, Zone};
use countersign::reconcile::{Period, Question, Register, reconcile};
use rayon::prelude::*;

use super::build;
use super::compare::{reconciled, reconciled_with, seeds};
use super::generate::generate;
use super::world::{Case, Cover, Sort};
use crate::signing::believing;

/// How many worlds each law is tried on in an ordinary test run.
const WORLDS: u64 = 400;

/// Names each world for which a law does not hold, the first one with its table.
pub(super) fn holds_everywhere(law: impl Fn(&Case) -> Result<(), String> + Sync) {
    let broken: Vec<(u64, String)> = seeds(WORLDS)
        .into_par_iter()
        .filter_map(|seed| law(&generate(seed)).err().map(|why| (seed, why)))
        .collect();
    if let Some((seed, why)) = broken.first() {
        let table = generate(*seed).table();
        panic!(
            "{} worlds break the law; world {seed}: {why}\n{table}",
            broken.len()
        );
    }
}

pub(super) fn same(one: &[Finding], other: &[Finding]) -> Result<(), String> {
    let different = one.iter().zip(other).find(|(one, other)| one != other);
    match different {
        Some((one, other)) => Err(format!("{one:#?}\n{other:#?}")),
        None if one.len() == other.len() => Ok(()),
        None => Err(format!("{} findings and {}", one.len(), other.len())),
    }
}

fn findings(case: &Case, scans: &[Scan]) -> Vec<Finding> {
    reconciled_with(&build::repository(case), scans, case, |register| {
        register.findings.clone()
    })
}

#[test]
fn the_order_of_imports_does_not_matter() {
    holds_everywhere(|case| {
        let mut scans = build::scans(case);
        let first = findings(case, &scans);
        scans.reverse();
        same(&first, &findings(case, &scans))?;
        let turn = scans.len() / 2;
        scans.rotate_left(turn);
        same(&first, &findings(case, &scans))
    });
}

#[test]
fn the_same_export_twice_changes_nothing() {
    holds_everywhere(|case| {
        let once = build::scans(case);
        let twice: Vec<Scan> = build::scans(case).into_iter().chain(build::scans(case)).collect();
        same(&findings(case, &once), &findings(case, &twice))
    });
}

#[test]
fn an_exception_never_gives_time_to_what_it_does_not_cover() {
    holds_everywhere(|case| {
        let before = reconciled(case, |register| register.findings.clone());
        let mut more = case.clone();
        more.covers.push(Cover {
            id: "exc-9999".into(),
            sort: Sort::Exception,
            vulns: vec![0],
            by_patch: false,
            hosts: vec!["app01".into()],
            system: "sys-one".into(),
            starts: case.as_of.date_naive() - Days::new(9),
            expires: case.as_of.date_naive() + Days::new(case.due_soon_days.unsigned_abs()),
            covers_exploited: true,
            renews: None,
            status: "submitted",
            approvals: vec![case.as_of - chrono::TimeDelta::days(5)],
            revoked: None,
        });
        let after = reconciled(&more, |register| register.findings.clone());
        for (before, after) in before.iter().zip(&after) {
            let is_its = *after.host == *"app01" && *after.vuln == *case.vulns[0].id;
            let is_kept = before.base_due == after.base_due && before.first_seen == after.first_seen;
            let is_late = after.disposition.is_by_decision() || after.due <= after.base_due;
            if !is_kept || !is_late || !is_its && before != after {
                return Err(format!("{before:#?}\n{after:#?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn no_finding_disappears() {
    holds_everywhere(|case| {
        let used = case.runs.iter().filter(|run| run.at <= case.as_of);
        let seen: BTreeSet<(&str, &str)> = used
            .flat_map(|run| &run.rows)
            .map(|row| (row.host.as_str(), case.vulns[row.vuln].id.as_str()))
            .collect();
        reconciled(case, |register| {
            let kept: BTreeSet<(&str, &str)> = register
                .findings
                .iter()
                .map(|one| (&*one.host, &*one.vuln))
                .collect();
            if seen == kept {
                Ok(())
            } else {
                Err(format!("seen {seen:?}, kept {kept:?}"))
            }
        })
    });
}

#[test]
fn each_finding_has_one_disposition() {
    holds_everywhere(|case| {
        reconciled(case, |register| {
            let all = register.by_disposition().values().sum::<u64>();
            let mut of_systems: BTreeMap<Disposition, u64> = BTreeMap::new();
            for row in register.systems.values() {
                for (disposition, count) in &row.by_disposition {
                    *of_systems.entry(*disposition).or_default() += count;
                }
            }
            of_systems.retain(|_, count| *count > 0);
            let mut expected: BTreeMap<Disposition, u64> = BTreeMap::new();
            for finding in register
                .findings
                .iter()
                .filter(|finding| finding.system.is_some())
            {
                *expected.entry(finding.disposition).or_default() += 1;
            }
            if all == register.findings.len() as u64 && of_systems == expected {
                Ok(())
            } else {
                Err(format!(
                    "{all} of {}, {of_systems:?}, {expected:?}",
                    register.findings.len()
                ))
            }
        })
    });
}

/// The figures of 3.8, from the findings and hosts of a register alone.
fn figures(register: &Register<'_>) -> BTreeMap<&'static str, Rate> {
    let zone = register.as_of.zone();
    let (mut in_time, mut by_decision, mut all) = (0, 0, 0);
    for finding in &register.findings {
        // E: due in the period and by now, not of rows 3, 4 and 6b; row 1 is neutral unless it is late.
        let due = finding.breached.unwrap_or(finding.base_due);
        let day = zone.day_of(due);
        let is_due = register.period.from <= day && day <= register.period.to;
        let is_neutral = finding.disposition == Disposition::ClosedRetired && finding.breached.is_none();
        let is_removed = [
            Disposition::NotApplicable,
            Disposition::OutOfScope,
            Disposition::UnsupportedUngoverned,
        ]
        .contains(&finding.disposition);
        if !is_due || due > register.as_of.instant() || is_neutral || is_removed {
            continue;
        }
        all += 1;
        // D: a decision stood at the base due, and the finding was still open then.
        if finding.decided_at_base_due && finding.closed.is_none_or(|closed| closed > finding.base_due) {
            by_decision += 1;
        } else if finding.disposition == Disposition::FixedInTime {
            in_time += 1;
        }
    }
    let hosts: Vec<_> = register.hosts.iter().filter(|host| host.counts).collect();
    let scanned: Vec<_> = hosts
        .iter()
        .filter(|host| register.is_scanned_in_time(host))
        .collect();
    let is_overdue = |host: &str| {
        let mut findings = register.findings.iter().filter(|finding| *finding.host == *host);
        findings.any(|finding| finding.disposition == Disposition::Overdue)
    };
    let good = scanned.iter().filter(|host| !is_overdue(&host.id)).count();
    let rate = |numerator: u64, denominator: u64| Rate {
        numerator,
        denominator,
    };
    BTreeMap::from([
        ("sla_rate_strict", rate(in_time, all)),
        ("sla_rate_net", rate(in_time, all - by_decision)),
        ("sla_rate_governed", rate(in_time + by_decision, all)),
        ("host_compliance", rate(good as u64, hosts.len() as u64)),
        ("scan_coverage", rate(scanned.len() as u64, hosts.len() as u64)),
    ])
}

#[test]
fn the_figures_follow_from_the_findings_alone() {
    holds_everywhere(|case| {
        let as_of = AsOf::new(case.as_of, Zone(case.zone));
        let day = as_of.day();
        for period in [
            Period {
                from: day.plus_days(-400),
                to: day,
            },
            Period {
                from: day.plus_days(-14),
                to: day.plus_days(-3),
            },
        ] {
            let repository = build::repository(case);
            let question = Question {
                as_of,
                period: Some(period),
                due_soon_days: case.due_soon_days,
                verify_hours: 72,
            };
            let standings = believing(&repository, case.as_of);
            let scans = build::scans(case);
            let register = reconcile(&repository, standings, &scans, question);
            for (name, rate) in figures(&register) {
                let found = register.kpis[name].rate;
                if found != rate {
                    return Err(format!(
                        "{name}: from the findings {rate:?}, in the register {found:?}"
                    ));
                }
            }
        }
        Ok(())
    });
}

/// What was closed before the period is left out, unless it was due in it and counts in its rates.
#[test]
fn a_period_leaves_out_what_was_neither_open_nor_due_in_it() {
    holds_everywhere(|case| {
        let zone = Zone(case.zone);
        let from = Date(zone.day_of(case.as_of).0 - Days::new(10));
        let all = reconciled(case, |register| register.findings.clone());
        let is_of_period = |finding: &&Finding| {
            let Some(closed) = finding.closed else { return true };
            let counts = matches!(
                finding.disposition,
                Disposition::FixedInTime | Disposition::FixedLate
            );
            let due = finding.breached.unwrap_or(finding.base_due);
            zone.day_of(closed) >= from || (counts && zone.day_of(due) >= from && due <= case.as_of)
        };
        let expected = all.iter().filter(is_of_period);
        let repository = build::repository(case);
        let question = Question {
            as_of: AsOf::new(case.as_of, zone),
            period: Some(Period {
                from,
                to: zone.day_of(case.as_of),
            }),
            due_soon_days: case.due_soon_days,
            verify_hours: 72,
        };
        let scans = build::scans(case);
        let register = reconcile(&repository, believing(&repository, case.as_of), &scans, question);
        same(&expected.cloned().collect::<Vec<_>>(), &register.findings)
    });
}
