//! Which field gets looser in which direction, as data.
//!
//! `[*]` stands for any entry of a list, a final `**` for everything below. The first row that fits decides.

use super::looser::Looser::{self, *};
use super::looser::SEVERITIES;
use super::{trust_table, work_table};
use crate::model::Kind::{self, *};

/// One row.
pub(super) struct Row {
    /// No kinds mean every kind.
    pub(super) kinds: &'static [Kind],
    pub(super) field: &'static str,
    pub(super) looser: Looser,
    /// What is looser by it, to follow on "it weakens:".
    pub(super) why: &'static str,
}

pub(super) const fn row(
    kinds: &'static [Kind],
    field: &'static str,
    looser: Looser,
    why: &'static str,
) -> Row {
    Row {
        kinds,
        field,
        looser,
        why,
    }
}

pub(super) const NO_LIMIT: f64 = f64::INFINITY;
const DECISIONS: &[Kind] = &[Exception, RiskAcceptance, Triage];
const STATEMENTS: &[Kind] = &[
    Exception,
    RiskAcceptance,
    Triage,
    Risk,
    Soa,
    Evidence,
    Change,
    Incident,
];
const TRIAGE_STATES: &[&str] = &[
    "affected",
    "under_investigation",
    "resolution",
    "not_affected",
    "false_positive",
];

const ROWS: &[Row] = &[
    // The envelope.
    row(&[], "id", Any, "an id never changes"),
    row(&[], "kind", Any, "a kind never changes"),
    row(&[], "title", Nothing, ""),
    row(&[], "apiVersion", Nothing, ""),
    row(&[], "created", Nothing, ""),
    row(&[], "version", Nothing, ""),
    row(&[], "supersedes", Nothing, ""),
    row(&[], "renews", Nothing, ""),
    row(&[], "classification", Nothing, ""),
    row(&[], "controls[*]", Removed, "a control is no longer served"),
    row(
        &[],
        "review.cycle_days",
        Larger(NO_LIMIT),
        "it is looked at less often",
    ),
    row(&[], "review.last", Nothing, ""),
    row(&[], "review.next", Nothing, ""),
    row(STATEMENTS, "owner", Nothing, ""),
    row(&[], "owner", Any, "somebody else answers for it"),
    // Decisions.
    row(DECISIONS, "spec.expires", Later, "it lasts longer"),
    row(DECISIONS, "spec.starts", Earlier, "it begins earlier"),
    row(
        DECISIONS,
        "spec.requested_on",
        Any,
        "when it was asked for is not rewritten",
    ),
    row(
        DECISIONS,
        "spec.requested_by",
        Any,
        "who asked for it decides who may not approve it",
    ),
    row(
        DECISIONS,
        "spec.first_granted",
        Any,
        "the age of the chain is counted from it",
    ),
    row(
        DECISIONS,
        "spec.severity",
        Further(SEVERITIES, 4),
        "a lower severity needs lower approvers",
    ),
    row(
        DECISIONS,
        "spec.covers_exploited",
        True,
        "it covers what is exploited",
    ),
    row(DECISIONS, "spec.scope.as_of", Any, "the hosts are of another day"),
    row(DECISIONS, "spec.scope.**", Added, "it covers more"),
    row(DECISIONS, "spec.subject.vuln", Any, "it is about something else"),
    row(DECISIONS, "spec.subject.risk", Any, "it is about something else"),
    row(
        DECISIONS,
        "spec.subject.as_of",
        Any,
        "the hosts are of another day",
    ),
    row(DECISIONS, "spec.subject.**", Added, "it covers more"),
    row(
        DECISIONS,
        "spec.compensating[*]",
        Removed,
        "a compensating control is dropped",
    ),
    row(DECISIONS, "spec.conditions[*]", Removed, "a condition is dropped"),
    row(DECISIONS, "spec.acceptance", Removed, "nobody accepts the risk"),
    row(DECISIONS, "spec.consulted[*]", Removed, "one fewer is asked"),
    row(DECISIONS, "spec.evidence[*]", Removed, "evidence is dropped"),
    row(
        DECISIONS,
        "spec.residual.**",
        Any,
        "the residual risk decides who approves it",
    ),
    row(DECISIONS, "spec.plan.target_date", Later, "the plan ends later"),
    row(
        &[RiskAcceptance],
        "spec.type",
        Any,
        "another type needs other approvers",
    ),
    row(
        &[Triage],
        "spec.status",
        Further(TRIAGE_STATES, 5),
        "the finding counts less",
    ),
    row(&[Triage], "spec.fingerprint", Any, "it is about another result"),
    row(&[Triage], "spec.cvss_env", Any, "the finding is rated otherwise"),
    row(
        &[Triage],
        "spec.fix_available.**",
        Any,
        "it decides whether the clock runs",
    ),
    row(&[Triage], "spec.settles", Any, "it settles something else"),
    row(&[Risk], "spec.likelihood", Any, "the risk is rated otherwise"),
    row(&[Risk], "spec.impact", Any, "the risk is rated otherwise"),
    row(
        &[Risk],
        "spec.residual.**",
        Any,
        "the residual risk is rated otherwise",
    ),
    row(&[Risk], "spec.treatment", Any, "the risk is treated otherwise"),
    row(&[Risk], "spec.controls[*]", Removed, "a control is dropped"),
    row(
        &[Risk],
        "spec.plan[*]",
        Removed,
        "a step of the treatment is dropped",
    ),
    row(
        &[Risk],
        "spec.plan[*].due",
        Later,
        "a step of the treatment is due later",
    ),
    row(&[Soa], "spec.edition", Any, "it is of another edition"),
    row(
        &[Soa],
        "spec.entries[*]",
        Removed,
        "a control is no longer stated",
    ),
    row(
        &[Soa],
        "spec.entries[*].applicable",
        False,
        "a control no longer applies",
    ),
    row(
        &[Soa],
        "spec.entries[*].implementation",
        Any,
        "another implementation is claimed",
    ),
    row(
        &[Soa],
        "spec.entries[*].policies[*]",
        Removed,
        "a policy is no longer named",
    ),
    row(&[Evidence], "spec.sha256", Any, "it is another file"),
    row(&[Evidence], "spec.location", Any, "it is another file"),
    row(&[Evidence], "spec.produced_at", Any, "it is of another day"),
    row(&[Evidence], "spec.retain_until", Earlier, "it is kept less long"),
    row(
        &[Evidence],
        "spec.legal_hold",
        False,
        "it is no longer held back from removal",
    ),
];

/// Finds the row of a field.
pub(super) fn find(kind: Kind, field: &str) -> Option<&'static Row> {
    ROWS.iter()
        .chain(trust_table::ROWS)
        .chain(work_table::ROWS)
        .find(|row| (row.kinds.is_empty() || row.kinds.contains(&kind)) && fits(row.field, field))
}

/// Tells whether a field fits a pattern.
fn fits(pattern: &str, field: &str) -> bool {
    if pattern == "**" {
        return true;
    }
    let Some((plain, rest)) = pattern.split_once("[*]") else {
        return match pattern.strip_suffix("**") {
            Some(start) => field.starts_with(start),
            None => field == pattern,
        };
    };
    let Some(entry) = field
        .strip_prefix(plain)
        .and_then(|entry| entry.strip_prefix('['))
    else {
        return false;
    };
    // What stands in the brackets is foreign text and may hold brackets itself.
    entry
        .match_indices(']')
        .any(|(end, _)| fits(rest, &entry[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_fit_entries_whatever_their_names_hold() {
        let rows = [
            ("spec.keys[*]", "spec.keys[SHA256:a]b.c]", true),
            ("spec.keys[*]", "spec.keys[a].valid_to", false),
            ("spec.keys[*].valid_to", "spec.keys[a.b].valid_to", true),
            ("spec.scope.**", "spec.scope.vulns[CVE-1]", true),
            ("spec.scope.**", "spec.scopes", false),
            ("spec.members**", "spec.members[web01]", true),
            ("spec.tier", "spec.tiers", false),
            ("a[*].b[*]", "a[1].b[2]", true),
        ];
        for (pattern, field, expected) in rows {
            assert_eq!(fits(pattern, field), expected, "{pattern} {field}");
        }
    }
}
