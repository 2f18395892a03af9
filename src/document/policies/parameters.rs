//! What policies lay down in numbers, a sentence each.

use super::super::table::{Cell, Column, Layout, Table};
use crate::diagnostic::counted;
use crate::model::{AdoptionStrategy, Cycle, Policy, Record, RoleRef};
use crate::source::Spanned;

const RULES: &[Column] = &[
    Column::new("policy", "Policy").tight(),
    Column::new("subject", "About").tight(),
    Column::new("rule", "What it lays down").wide(),
];

/// Lists the parameters of policies in words.
pub(super) fn rules(policies: &[&Record<Policy>]) -> Table {
    let mut rows = Vec::new();
    for policy in policies {
        let mut add = |subject: &str, rule: String| {
            rows.push(vec![
                Cell::shown(policy.id()),
                Cell::text(subject),
                Cell::text(rule),
            ]);
        };
        patching(&policy.spec, &mut add);
        work(&policy.spec, &mut add);
        keeping(&policy.spec, &mut add);
    }
    Table {
        name: "rules",
        caption: "What the policies lay down".into(),
        layout: Layout::Plain,
        columns: RULES,
        rows,
        when_empty: "There is no policy.",
    }
}

type Add<'a> = &'a mut dyn FnMut(&str, String);

fn joined(roles: &[Spanned<RoleRef>]) -> String {
    let roles: Vec<String> = roles.iter().map(|role| role.value.to_string()).collect();
    roles.join(", ")
}

fn cycle(cycle: Cycle) -> &'static str {
    match cycle {
        Cycle::Weekly => "every week",
        Cycle::Fortnightly => "every two weeks",
        Cycle::Monthly => "every month",
        Cycle::Quarterly => "every quarter",
    }
}

fn patching(policy: &Policy, add: Add<'_>) {
    for cadence in &policy.cadence {
        let lane = if cadence.emergency_lane {
            ", and at once in an emergency"
        } else {
            ""
        };
        add(
            "patch cycle",
            format!("{}: {}{lane}", cadence.tier.value, cycle(cadence.cycle.value)),
        );
    }
    for adoption in &policy.adoption {
        let condition = adoption
            .condition
            .as_ref()
            .map_or_else(String::new, |when| format!(", if {when}"));
        let when = match (adoption.strategy, adoption.delay_days) {
            (AdoptionStrategy::VendorRecommended, _) => "as the vendor recommends".to_owned(),
            (AdoptionStrategy::Delay, Some(days)) => format!("after {}", counted(days as usize, "day")),
            (AdoptionStrategy::Delay, None) => "after a delay that is not told".to_owned(),
        };
        add(
            "adoption",
            format!("{}: {when}{condition}", adoption.class.replace('_', " ")),
        );
    }
    let scanning = &policy.scanning;
    let how = if scanning.authenticated {
        ", with credentials or an agent"
    } else {
        ""
    };
    let age = counted(scanning.max_age_days as usize, "day");
    add(
        "scans",
        format!("every host is scanned at least every {age}{how}"),
    );
    if let Some(hours) = scanning.after_change_hours {
        add(
            "scans",
            format!("and within {} after a change", counted(hours as usize, "hour")),
        );
    }
    if let Some(testing) = &policy.testing {
        let most = testing.max_regression_pct;
        let most = most.map_or_else(String::new, |most| {
            format!("; at most {most} % of the tests may fail anew")
        });
        add(
            "tests",
            format!("patches are tested first on {}{most}", testing.tiers.join(", ")),
        );
    }
    let sources: Vec<String> = policy
        .approved_sources
        .iter()
        .map(|source| source.value.to_string())
        .collect();
    add(
        "sources of patches",
        if sources.is_empty() {
            "none is approved".into()
        } else {
            sources.join(", ")
        },
    );
    for install in &policy.auto_install {
        let hours = counted(install.within_hours.value as usize, "hour");
        add(
            "automatic installation",
            format!("{}: within {hours}", install.severity.word()),
        );
    }
}

fn work(policy: &Policy, add: Add<'_>) {
    for rule in &policy.change_rules {
        let by = if rule.approvals.is_empty() {
            String::new()
        } else {
            format!(", approved by {}", joined(&rule.approvals))
        };
        add(
            "changes",
            format!("{}: {} change{by}", rule.when.value.text(), rule.change_type),
        );
    }
    if let Some(phasing) = &policy.phasing {
        add(
            "roll-out",
            format!(
                "from {} on in phases: at most {} % first, then {} of watching",
                counted(phasing.min_hosts as usize, "host"),
                phasing.first_max_pct,
                counted(phasing.min_soak_hours as usize, "hour")
            ),
        );
    }
    for ring in &policy.rings {
        let delay = counted(ring.delay_hours.unwrap_or(0) as usize, "hour");
        let by = if ring.approvals.is_empty() {
            String::new()
        } else {
            format!(", approved by {}", joined(&ring.approvals))
        };
        add(
            "rings",
            format!("{}: {}, after {delay}{by}", ring.id, ring.selector.value.0.text()),
        );
    }
    for (subject, checks) in [
        ("checks before", &policy.prechecks),
        ("checks after", &policy.postchecks),
    ] {
        if !checks.is_empty() {
            add(subject, checks.join("; "));
        }
    }
    for row in &policy.incident_priority {
        add(
            "incident priority",
            format!(
                "impact {}, urgency {}: {}, worked on by {}",
                row.impact, row.urgency, row.priority, row.tier
            ),
        );
    }
    if !policy.playbooks.is_empty() {
        add("playbooks", policy.playbooks.join(", "));
    }
    if !policy.runbooks.is_empty() {
        let runbooks: Vec<String> = policy
            .runbooks
            .iter()
            .map(|one| format!("{} {}", one.id, one.version))
            .collect();
        add("runbooks", runbooks.join(", "));
    }
}

fn keeping(policy: &Policy, add: Add<'_>) {
    if let Some(rules) = &policy.exception_rules {
        let mut caps: Vec<_> = rules.caps.iter().collect();
        caps.sort_by(|one, other| other.0.cmp(one.0));
        let caps: Vec<String> = caps
            .into_iter()
            .map(|(severity, days)| format!("{} {}", severity.word(), counted(*days as usize, "day")))
            .collect();
        add("longest exceptions", caps.join(", "));
    }
    if let Some(days) = policy.reopen_window_days {
        let days = counted(days as usize, "day");
        add(
            "seen again",
            format!("within {days} after it was closed, a finding goes on under its old due date"),
        );
    }
    if let Some(emergency) = &policy.emergency {
        let hours = counted(emergency.fuse_hours as usize, "hour");
        add(
            "emergency approvals",
            format!("end after {hours}, unless they are ratified"),
        );
    }
    add(
        "retention",
        format!(
            "records and evidence are kept {} at least",
            counted(policy.retention_years as usize, "year")
        ),
    );
    if !policy.triggers.is_empty() {
        add("reviewed early after", policy.triggers.join(", "));
    }
}

const CLAUSES: &[Column] = &[
    Column::new("policy", "Policy").tight(),
    Column::new("clause", "Clause"),
    Column::new("controls", "Controls that it answers").wide(),
];

/// Lists which clause answers which control.
pub(super) fn clauses(policies: &[&Record<Policy>]) -> Table {
    let mut rows = Vec::new();
    for policy in policies {
        rows.extend(policy.spec.clauses.iter().map(|clause| {
            vec![
                Cell::shown(policy.id()),
                Cell::text(clause.id.as_str()),
                Cell::list(clause.controls.iter().map(|control| control.value.0.as_str())),
            ]
        }));
    }
    Table {
        name: "clauses",
        caption: "Clauses and the controls that they answer".into(),
        layout: Layout::Sortable,
        columns: CLAUSES,
        rows,
        when_empty: "No policy names its clauses.",
    }
}

const NOTICES: &[Column] = &[
    Column::new("policy", "Policy").tight(),
    Column::new("audience", "Who is told"),
    Column::new("lead_hours", "Hours before"),
    Column::new("channel", "How"),
    Column::new("template", "With the text"),
];

/// Lists who is told of work, how and how long before.
pub(super) fn notices(policies: &[&Record<Policy>]) -> Table {
    let mut rows = Vec::new();
    for policy in policies {
        rows.extend(policy.spec.communications.iter().map(|one| {
            vec![
                Cell::shown(policy.id()),
                Cell::text(one.audience.as_str()),
                Cell::count(one.lead_hours),
                Cell::text(one.channel.as_str()),
                Cell::maybe(one.template.as_deref()),
            ]
        }));
    }
    Table {
        name: "notices",
        caption: "Who is told, and how long before".into(),
        layout: Layout::Plain,
        columns: NOTICES,
        rows,
        when_empty: "No policy says who is told.",
    }
}
