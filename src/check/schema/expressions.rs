//! Names in expressions that nothing gives a value to.

use std::collections::BTreeSet;

use super::violation::CHECK;
use crate::check::words::{excerpt, listed};
use crate::diagnostic::Diagnostic;
use crate::load::Repository;
use crate::model::{Expression, HOST_NAMES, Members, Meta, SSVC_NAMES, SYSTEM_NAMES, SourceRole};
use crate::source::Span;

/// What an expression over a finding may read besides the System's fields.
const FINDING_NAMES: &[&str] = &["epss", "exploitation", "kev", "severity"];
/// What a rule of a Policy may read besides the System's fields.
const POLICY_NAMES: &[&str] = &["template"];
/// Flags every name of an expression that cannot have a value.
pub(super) fn unknown_names(repository: &Repository, out: &mut Vec<Diagnostic>) {
    let over_system: BTreeSet<&str> = SYSTEM_NAMES.iter().copied().collect();
    let over_finding: BTreeSet<&str> = SYSTEM_NAMES.iter().chain(FINDING_NAMES).copied().collect();
    let of_triages = decision_points(repository);
    let over_clock: BTreeSet<&str> = over_finding
        .iter()
        .chain(SSVC_NAMES)
        .copied()
        .chain(of_triages.iter().map(String::as_str))
        .collect();
    let over_change: BTreeSet<&str> = SYSTEM_NAMES.iter().chain(POLICY_NAMES).copied().collect();
    let over_decision: BTreeSet<&str> = over_finding.iter().chain(&over_change).copied().collect();
    let mut flag = |meta: &Meta, expression: &Expression, span: Span, names: &BTreeSet<&str>| {
        out.extend(unknown(meta, expression, span, names));
    };
    if let Some(isms) = &repository.isms {
        for criterion in isms.spec.tiers.iter().flat_map(|tier| &tier.criteria) {
            flag(&isms.meta, criterion, criterion.span, &over_system);
        }
    }
    for policy in &repository.policies {
        for rule in &policy.spec.change_rules {
            flag(&policy.meta, &rule.when, rule.when.span, &over_change);
        }
        for ring in &policy.spec.rings {
            flag(&policy.meta, &ring.selector.0, ring.selector.span, &over_change);
        }
        for when in policy
            .spec
            .approval_matrix
            .iter()
            .filter_map(|row| row.when.as_ref())
        {
            flag(&policy.meta, when, when.span, &over_decision);
        }
    }
    for sla in &repository.slas {
        flag(
            &sla.meta,
            &sla.spec.applies_to.0,
            sla.spec.applies_to.span,
            &over_system,
        );
        for accelerator in &sla.spec.accelerators {
            flag(&sla.meta, &accelerator.when, accelerator.when.span, &over_clock);
        }
        for rule in &sla.spec.priority_rules {
            flag(&sla.meta, &rule.when, rule.when.span, &over_clock);
        }
        let table = sla.spec.kev.as_ref().and_then(|kev| kev.table.as_ref());
        let table = table.and_then(|path| repository.decision_tables.get(path.value.0.as_str()));
        for row in table.iter().flat_map(|table| &table.rows) {
            flag(&sla.meta, &row.when, row.when.span, &over_clock);
        }
    }
    for calendar in &repository.calendars {
        let windows = calendar.spec.windows.iter().map(|window| &window.systems);
        let freezes = calendar.spec.freezes.iter().map(|freeze| &freeze.systems);
        for selector in windows.chain(freezes).flatten() {
            flag(&calendar.meta, &selector.0, selector.span, &over_system);
        }
    }
    if let Some(over_host) = inventory_names(repository) {
        for system in &repository.systems {
            if let Members::Cmdb(expression) = &system.spec.members.value {
                flag(&system.meta, expression, system.spec.members.span, &over_host);
            }
        }
    }
}

/// Returns the names of the SSVC decision points that some triage decides, known to SSVC or not.
fn decision_points(repository: &Repository) -> BTreeSet<String> {
    let points = repository
        .triages
        .iter()
        .flat_map(|triage| triage.spec.ssvc.keys());
    points.map(|point| format!("ssvc.{point}")).collect()
}

/// Returns the names that some inventory gives a value to; `None` where an inventory has columns of its own.
fn inventory_names(repository: &Repository) -> Option<BTreeSet<&str>> {
    let mut names: BTreeSet<&str> = HOST_NAMES.iter().copied().collect();
    for source in repository
        .tools
        .iter()
        .filter(|source| source.spec.roles.contains(&SourceRole::Cmdb))
    {
        let mapping = source.spec.mapping.as_ref()?;
        names.extend(mapping.columns.keys().map(String::as_str));
    }
    Some(names)
}

fn unknown(meta: &Meta, expression: &Expression, span: Span, known: &BTreeSet<&str>) -> Option<Diagnostic> {
    let names: Vec<&str> = expression
        .names()
        .into_iter()
        .filter(|name| !known.contains(name))
        .collect();
    let first = names.first()?;
    Some(
        Diagnostic::error(
            CHECK.code,
            span,
            format!("`{}` is a name without a value", excerpt(first)),
        )
        .label(format!(
            "unknown in `{}`: {}",
            excerpt(expression.text()),
            listed(names)
        ))
        .help(format!("names that can be read here are {}", listed(known)))
        .subject(meta.id.to_string()),
    )
}
