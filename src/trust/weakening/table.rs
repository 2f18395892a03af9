//! Which field gets looser in which direction, as data.
//!
//! `[*]` stands for any entry of a list, a final `**` for everything below. The first row that fits decides.

use super::looser::Looser::{self, *};
use super::looser::{SEVERITIES, SEVERITY_LIMITS};
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

const fn row(kinds: &'static [Kind], field: &'static str, looser: Looser, why: &'static str) -> Row {
    Row {
        kinds,
        field,
        looser,
        why,
    }
}

const NO_LIMIT: f64 = f64::INFINITY;
const NOT_KNOWN: f64 = f64::NAN;
const DECISIONS: &[Kind] = &[Exception, RiskAcceptance, Triage];
const STATEMENTS: &[Kind] = &[Exception, RiskAcceptance, Triage, Risk, Soa, Evidence];
const CYCLES: &[&str] = &["weekly", "fortnightly", "monthly", "quarterly"];
const EXPOSURES: &[&str] = &["internet", "partner", "internal", "isolated"];
const QUALITIES: &[&str] = &["agent", "authenticated", "unauthenticated"];
const SOURCE_STATES: &[&str] = &["prohibited", "retired", "proposed", "approved"];
const TRIAGE_STATES: &[&str] = &[
    "affected",
    "under_investigation",
    "resolution",
    "not_affected",
    "false_positive",
];

pub(super) const ROWS: &[Row] = &[
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
    // The management system.
    row(&[Isms], "spec.timezone", Any, "days are counted in another zone"),
    row(&[Isms], "spec.severities[*]", Removed, "a severity is dropped"),
    row(
        &[Isms],
        "spec.severities.order",
        Any,
        "the severities are ranked otherwise",
    ),
    row(&[Isms], "spec.tiers.order", Any, "the tiers are ranked otherwise"),
    row(&[Isms], "spec.tiers[*].name", Nothing, ""),
    row(
        &[Isms],
        "spec.tiers[*].criteria[*]",
        Removed,
        "fewer systems fall into the tier",
    ),
    row(&[Isms], "spec.tiers[*]", Any, "the tiers are others"),
    row(&[Isms], "spec.regulations[*]", Removed, "a regulation is dropped"),
    row(
        &[Isms],
        "spec.regulations[*].caps[*]",
        Removed,
        "a cap is dropped",
    ),
    row(
        &[Isms],
        "spec.regulations[*].caps[*].days",
        Larger(NO_LIMIT),
        "a cap is longer",
    ),
    row(
        &[Isms],
        "spec.regulations[*].caps[*].months",
        Larger(NO_LIMIT),
        "a cap is longer",
    ),
    row(
        &[Isms],
        "spec.regulations[*].retention_years",
        Smaller(0.0),
        "records are kept less long",
    ),
    row(&[Isms], "spec.risk_matrix.**", Any, "risks are rated otherwise"),
    row(
        &[Isms],
        "spec.certainty.small_n",
        Smaller(NOT_KNOWN),
        "a rate is called certain earlier",
    ),
    row(&[Isms], "spec.certification.**", Nothing, ""),
    row(&[Isms], "spec.glossary**", Nothing, ""),
    row(&[Isms], "spec.benchmarks**", Nothing, ""),
    // People.
    row(&[Person], "spec.name", Nothing, ""),
    row(&[Person], "spec.email", Any, "the keys stand for another address"),
    row(
        &[Person],
        "spec.active.to",
        Later,
        "the person may sign for longer",
    ),
    row(
        &[Person],
        "spec.active.from",
        Earlier,
        "the person may sign from earlier on",
    ),
    row(&[Person], "spec.keys[*]", Added, "one key more counts"),
    row(
        &[Person],
        "spec.keys[*].valid_to",
        Later,
        "a key counts for longer",
    ),
    row(
        &[Person],
        "spec.keys[*].valid_from",
        Earlier,
        "a key counts from earlier on",
    ),
    row(&[Person], "spec.delegations[*]", Added, "roles are handed on"),
    row(
        &[Person],
        "spec.delegations[*].roles[*]",
        Added,
        "one role more is handed on",
    ),
    row(
        &[Person],
        "spec.delegations[*].until",
        Later,
        "roles are handed on for longer",
    ),
    row(
        &[Person],
        "spec.delegations[*].from",
        Earlier,
        "roles are handed on from earlier on",
    ),
    row(&[Person], "spec.delegations[*].reason", Nothing, ""),
    // Roles.
    row(&[Role], "spec.holders[*]", Added, "one person more may decide"),
    row(
        &[Role],
        "spec.holders[*].to",
        Later,
        "somebody may decide for longer",
    ),
    row(
        &[Role],
        "spec.holders[*].from",
        Earlier,
        "somebody may decide from earlier on",
    ),
    row(&[Role], "spec.deputy", Added, "a deputy may decide"),
    row(&[Role], "spec.quorum", Smaller(NOT_KNOWN), "fewer members decide"),
    row(
        &[Role],
        "spec.incompatible_with[*]",
        Removed,
        "duties are no longer separated",
    ),
    row(
        &[Role],
        "spec.functions_required[*]",
        Removed,
        "a function is no longer required",
    ),
    row(
        &[Role],
        "spec.may_approve[*].max_days",
        Larger(NO_LIMIT),
        "it may approve for longer",
    ),
    row(
        &[Role],
        "spec.may_approve[*].max_severity",
        Further(SEVERITY_LIMITS, 4),
        "it may approve what is graver",
    ),
    row(&[Role], "spec.may_approve[*]", Added, "it may approve more"),
    row(&[Role], "spec.raci_labels[*]", Nothing, ""),
    // Policies.
    row(&[Policy], "spec.clauses**", Nothing, ""),
    row(&[Policy], "spec.playbooks[*]", Nothing, ""),
    row(&[Policy], "spec.runbooks**", Nothing, ""),
    row(
        &[Policy],
        "spec.cadence[*]",
        Removed,
        "a tier is no longer patched on a cycle",
    ),
    row(
        &[Policy],
        "spec.cadence[*].cycle",
        Further(CYCLES, 4),
        "it is patched less often",
    ),
    row(
        &[Policy],
        "spec.cadence[*].emergency_lane",
        False,
        "there is no emergency lane",
    ),
    row(
        &[Policy],
        "spec.adoption[*].delay_days",
        Larger(0.0),
        "patches are taken later",
    ),
    row(
        &[Policy],
        "spec.scanning.max_age_days",
        Larger(NO_LIMIT),
        "older scans count",
    ),
    row(
        &[Policy],
        "spec.scanning.after_change_hours",
        Larger(NO_LIMIT),
        "changes are scanned later",
    ),
    row(
        &[Policy],
        "spec.scanning.authenticated",
        False,
        "a scan without credentials counts",
    ),
    row(
        &[Policy],
        "spec.testing.tiers[*]",
        Removed,
        "a tier is no longer tested first",
    ),
    row(
        &[Policy],
        "spec.testing.max_regression_pct",
        Larger(NO_LIMIT),
        "a worse test passes",
    ),
    row(
        &[Policy],
        "spec.approved_sources[*]",
        Added,
        "patches may come from one source more",
    ),
    row(&[Policy], "spec.prechecks[*]", Removed, "a check is dropped"),
    row(&[Policy], "spec.postchecks[*]", Removed, "a check is dropped"),
    row(
        &[Policy],
        "spec.communications[*].lead_hours",
        Smaller(0.0),
        "people are told later",
    ),
    row(
        &[Policy],
        "spec.retention_years",
        Smaller(0.0),
        "records are kept less long",
    ),
    row(
        &[Policy],
        "spec.exception_rules.caps.**",
        Larger(NO_LIMIT),
        "exceptions may last longer",
    ),
    row(
        &[Policy],
        "spec.reopen_window_days",
        Smaller(90.0),
        "a finding that comes back gets a new date",
    ),
    row(
        &[Policy],
        "spec.approval_matrix[*]",
        Removed,
        "an approval is no longer demanded",
    ),
    row(
        &[Policy],
        "spec.approval_matrix[*].roles[*]",
        Removed,
        "an approval is no longer demanded",
    ),
    row(
        &[Policy],
        "spec.emergency.fuse_hours",
        Larger(0.0),
        "an emergency approval lasts longer",
    ),
    row(&[Policy], "spec.triggers[*]", Removed, "a trigger is dropped"),
    // Systems.
    row(&[System], "spec.tier", LowerTier, "a lower tier gets more time"),
    row(
        &[System],
        "spec.exposure",
        Further(EXPOSURES, 4),
        "it counts as less exposed",
    ),
    row(&[System], "spec.scope.in", False, "it is no longer governed"),
    row(&[System], "spec.scope.basis", Nothing, ""),
    row(
        &[System],
        "spec.regulations[*]",
        Removed,
        "a regulation no longer applies",
    ),
    row(&[System], "spec.monitoring.edr", False, "it is no longer watched"),
    row(&[System], "spec.monitoring.nta", False, "it is no longer watched"),
    row(
        &[System],
        "spec.monitoring.review_days",
        Larger(NO_LIMIT),
        "it is watched less often",
    ),
    row(
        &[System],
        "spec.management.manual.verify_days",
        Larger(NO_LIMIT),
        "it is verified less often",
    ),
    row(
        &[System],
        "spec.lifecycle.eol_date",
        Later,
        "its end of support is put off",
    ),
    row(
        &[System],
        "spec.lifecycle.extended_support.until",
        Later,
        "its support counts for longer",
    ),
    row(&[System], "spec.lifecycle.**", Nothing, ""),
    row(&[System], "spec.location", Nothing, ""),
    row(&[System], "spec.software**", Nothing, ""),
    row(&[System], "spec.critical_apps[*]", Nothing, ""),
    row(&[System], "spec.window", Nothing, ""),
    row(&[System], "spec.staging.**", Nothing, ""),
    row(&[System], "spec.members**", Any, "other hosts belong to it"),
    // Sources.
    row(
        &[Source],
        "spec.absence_means_fixed",
        True,
        "what a scan no longer lists is closed",
    ),
    row(&[Source], "spec.quality", Further(QUALITIES, 3), "it sees less"),
    row(
        &[Source],
        "spec.max_age_hours",
        Larger(NO_LIMIT),
        "older imports count",
    ),
    row(
        &[Source],
        "spec.import_signers[*]",
        Added,
        "one person more may sign imports",
    ),
    row(
        &[Source],
        "spec.severity_map.**",
        Further(SEVERITIES, 4),
        "findings are rated lower",
    ),
    row(
        &[Source],
        "spec.roles[*]",
        Added,
        "it is believed in one more thing",
    ),
    row(
        &[Source],
        "spec.state",
        Further(SOURCE_STATES, 3),
        "it is believed",
    ),
    row(
        &[Source],
        "spec.priority",
        Any,
        "another source is believed first",
    ),
    row(&[Source], "spec.selection.**", Nothing, ""),
    row(&[Source], "spec.locations[*]", Nothing, ""),
    // Agreements.
    row(&[Sla], "spec.parties[*]", Removed, "one party fewer must approve"),
    row(&[Sla], "spec.applies_to", Any, "it is for other systems"),
    row(&[Sla], "spec.matrix[*]", Removed, "a cell is dropped"),
    row(
        &[Sla],
        "spec.matrix[*].days",
        Larger(NO_LIMIT),
        "there is more time to remediate",
    ),
    row(
        &[Sla],
        "spec.matrix[*].hours",
        Larger(NO_LIMIT),
        "there is more time to remediate",
    ),
    row(
        &[Sla],
        "spec.clock.pause[*]",
        Added,
        "the clock pauses more often",
    ),
    row(
        &[Sla],
        "spec.clock.max_pause_days",
        Larger(NO_LIMIT),
        "the clock pauses for longer",
    ),
    row(
        &[Sla],
        "spec.clock.mitigate_days",
        Larger(NO_LIMIT),
        "there is more time to mitigate",
    ),
    row(
        &[Sla],
        "spec.clock.freeze_pauses",
        True,
        "a freeze pauses the clock",
    ),
    row(&[Sla], "spec.clock.**", Any, "the clock runs otherwise"),
    row(
        &[Sla],
        "spec.accelerators[*]",
        Removed,
        "exploited findings get as much time as others",
    ),
    row(
        &[Sla],
        "spec.accelerators[*].days",
        Larger(NO_LIMIT),
        "there is more time for what is exploited",
    ),
    row(
        &[Sla],
        "spec.kev.days",
        Larger(NO_LIMIT),
        "there is more time for what is exploited",
    ),
    row(
        &[Sla],
        "spec.kev.min_days",
        Larger(0.0),
        "there is more time for what is exploited",
    ),
    row(
        &[Sla],
        "spec.kev.floor_hours",
        Larger(24.0),
        "there is more time for what is exploited",
    ),
    row(&[Sla], "spec.raci**", Nothing, ""),
    row(
        &[Sla],
        "spec.escalation[*]",
        Removed,
        "a step of the escalation is dropped",
    ),
    row(
        &[Sla],
        "spec.escalation[*].within_hours",
        Larger(NO_LIMIT),
        "it escalates later",
    ),
    row(
        &[Sla],
        "spec.tolerance.sla_rate_min",
        Smaller(0.0),
        "a lower rate is tolerated",
    ),
    row(
        &[Sla],
        "spec.tolerance.max_exceptions",
        Larger(NO_LIMIT),
        "more exceptions are tolerated",
    ),
    row(&[Sla], "spec.headline", Any, "another rate heads the report"),
    row(&[Sla], "spec.expires", Later, "the agreement lasts longer"),
];

/// Finds the row of a field.
pub(super) fn find(kind: Kind, field: &str) -> Option<&'static Row> {
    ROWS.iter()
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
