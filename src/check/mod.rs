//! One file a rule: a pure function from the register to diagnostics, its explanation beside it.

mod acceptance;
mod actions;
mod approval;
mod changes;
mod context;
mod coverage;
mod date;
mod exception;
mod governance;
mod incident;
mod legacy;
mod people;
mod reconcile;
mod reference;
mod schema;
mod scope;
mod settings;
mod sla;
mod soa;
mod systems;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Level};
use crate::ledger::Ledger;
use crate::load::Generated;
use crate::load::Repository;
use crate::model::{Meta, RecordId};
use crate::reconcile::Register;
use crate::source::{FileId, History, Sources};
use crate::trust::{Anchor, Change, Past, Since, Testimony};

pub use changes::{ChangedRecord, Changes, Covered, Need, changes_of};
pub use context::Context;
pub use coverage::findings_named;
pub use date::{NextReview, next_review};
pub use governance::{changes, only_tightens};
pub use settings::{Setting, Settings};

/// What a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// The form of files and text; these rules cannot be turned off.
    Schema,
    /// Whether decisions count; these rules cannot be turned off.
    Approval,
    /// Whether the repository's own rules stay in force; these rules cannot be turned off.
    Governance,
    Reference,
    Date,
    Exception,
    Acceptance,
    Soa,
    Scope,
    Sla,
    Incident,
    Reconcile,
    Legacy,
}

/// A parameter of a rule, with its default.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub default: Default,
    /// One sentence with the unit.
    pub meaning: &'static str,
}

/// A parameter's default; it also says which type of value `compliance.yaml` may give.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// A whole number, 0 or more.
    Number(i64),
    /// Numbers by name; no other names are allowed.
    Table(&'static [(&'static str, i64)]),
    /// A list of words; any words are allowed.
    Words(&'static [&'static str]),
}

/// One rule.
#[derive(Debug)]
pub struct Check {
    /// Never used again for another rule.
    pub code: &'static str,
    /// Named by what it flags.
    pub name: &'static str,
    pub family: Family,
    /// The level of its gravest diagnostics.
    pub level: Level,
    pub parameters: &'static [Parameter],
    /// What, why, parameters, requirements, and the examples that run as tests.
    pub explanation: &'static str,
    pub run: fn(&Context<'_>, &mut Vec<Diagnostic>),
}

/// Every rule, by code.
pub const CHECKS: &[&Check] = &[
    &approval::APPROVAL_MISSING,
    &approval::AUTHORITY,
    &approval::SEPARATION_OF_DUTIES,
    &approval::STALE,
    &approval::SIGNATURE,
    &approval::TRUST_BOOTSTRAP,
    &approval::TIMING_OR_DELEGATION,
    &date::REVIEW_OVERDUE,
    &date::INTERVAL_OR_CYCLE,
    &exception::EXPIRED,
    &exception::EXPIRING,
    &exception::TOO_LONG,
    &exception::RENEWALS,
    &exception::INCOMPLETE,
    &exception::COMPENSATING_CONTROL,
    &exception::BREADTH,
    &exception::OVERLAP,
    &exception::NOT_PERMITTED,
    &exception::QUARTERLY_REVIEW,
    &governance::IMMUTABLE_FIELD,
    &governance::DELETED_OR_RENAMED,
    &governance::WEAKENING,
    &governance::SUPPRESSION,
    &governance::HISTORY_AND_CLOCK,
    &governance::GENERATED_DOCUMENT,
    &incident::NO_EMERGENCY_ACTION,
    &legacy::EOL_UNRECORDED,
    &legacy::ANNUAL_ACCEPTANCE,
    &legacy::FEASIBILITY_ROADMAP,
    &legacy::COMPENSATE_AND_MONITOR,
    &legacy::EXTENDED_SUPPORT,
    &acceptance::LAPSED_OR_PERPETUAL,
    &acceptance::ABOVE_APPETITE,
    &reconcile::OVERDUE,
    &reconcile::COVERAGE_LAPSED,
    &reconcile::ORPHAN_COVERAGE,
    &reconcile::UNSCANNED,
    &reconcile::UNKNOWN_OR_AMBIGUOUS,
    &reconcile::DECOMMISSIONED,
    &reconcile::SCANNER_DISCREPANCY,
    &reconcile::PATCHED_BUT_VULNERABLE,
    &reconcile::KEV_WITHOUT_ACTION,
    &reconcile::REOPENED,
    &reconcile::TRIAGE_UNSUPPORTED,
    &reconcile::IMPORT_QUALITY,
    &reconcile::IMPORT_PROVENANCE,
    &reconcile::RESCAN_AFTER_CHANGE,
    &reconcile::UNAUTHORISED_DEPLOYMENT,
    &reconcile::OBJECTIVE_MISSED,
    &reconcile::ACTIVE_EXPLOITATION,
    &reference::DANGLING_OR_CYCLIC,
    &reference::INACTIVE_TARGET,
    &reference::EVIDENCE_DIGEST,
    &schema::STRICT_YAML,
    &schema::VIOLATION,
    &schema::RECORD_IDENTITY,
    &schema::UNSAFE_FILE_OR_TEXT,
    &schema::TIME_FORMAT,
    &scope::INVENTORY_ATTRIBUTES,
    &scope::SCOPE_EXCLUSION,
    &scope::TIER_CRITERIA,
    &scope::MANAGEMENT_COVERAGE,
    &sla::MATRIX,
    &sla::COVERAGE,
    &sla::OVERRIDE,
    &soa::INCOMPLETE,
    &soa::JUSTIFICATION,
    &soa::EXCLUDED_BUT_USED,
    &soa::EDITION_CROSSWALK,
];

/// Finds a rule by its code.
pub fn find(code: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.code == code)
}

/// Runs every rule and returns what they say, by file, line and code.
pub fn run(register: &Register<'_>, settings: &Settings) -> Vec<Diagnostic> {
    run_with(register, settings, Beside::default())
}

/// What rules may see beside the register; what is not there is not judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// What history tells of approvals and their records.
    pub testimony: Option<&'a Arc<Testimony>>,
    /// The pull request that is judged, and its base.
    pub change: Option<&'a Change>,
    /// What changed since somebody last vouched for history, where there is no base.
    pub since: Option<&'a Since<'a>>,
    /// What led to the judged commit.
    pub history: Option<&'a History>,
    /// The signed statements of where history stood.
    pub anchors: &'a [Anchor],
    /// What re-reading history found.
    pub past: Option<&'a Past>,
    /// What lies in the folders of generated documents.
    pub generated: Option<&'a Generated>,
    /// What was imported, run by run.
    pub ledger: Option<&'a Ledger>,
}

/// Runs every rule with what can be seen beside the register.
pub fn run_with(register: &Register<'_>, settings: &Settings, beside: Beside<'_>) -> Vec<Diagnostic> {
    let records: BTreeMap<FileId, &Meta> = register
        .repository
        .records()
        .map(|meta| (meta.file, meta))
        .collect();
    let by_check: Vec<Vec<Diagnostic>> = CHECKS
        .par_iter()
        .map(|check| {
            let setting = settings.of(check);
            let context = Context::new(register, setting, settings, beside);
            let mut found = Vec::new();
            (check.run)(&context, &mut found);
            found
                .into_iter()
                .filter_map(|one| setting.judge(check, one, register, &records))
                .collect()
        })
        .collect();
    let mut diagnostics: Vec<Diagnostic> = by_check.into_iter().flatten().collect();
    governance::reread(register.repository, beside.past, &mut diagnostics);
    let setting = settings.of(&governance::SUPPRESSION);
    let context = Context::new(register, setting, settings, beside);
    governance::suppress(&context, &mut diagnostics);
    let owners = Owners {
        repository: register.repository,
        records: &records,
        before: beside.change.map(|change| &change.base),
    };
    for diagnostic in &mut diagnostics {
        diagnostic.owner = owners.of(diagnostic);
    }
    let sources = &register.repository.sources;
    diagnostics.sort_by(|one, other| {
        sources
            .path(one.span.file)
            .cmp(sources.path(other.span.file))
            .then_with(|| order(one, other))
    });
    diagnostics
}

/// Finds who answers for what a diagnostic is about.
struct Owners<'a> {
    repository: &'a Repository,
    records: &'a BTreeMap<FileId, &'a Meta>,
    /// The tip of the base, which still has what a change removes.
    before: Option<&'a Repository>,
}

impl Owners<'_> {
    /// Returns the owner of the record that it stands in, else of the one that is its subject.
    fn of(&self, diagnostic: &Diagnostic) -> Option<String> {
        let subject = diagnostic.subject.as_deref().and_then(RecordId::new);
        let by_subject = |repository: &Repository| {
            let meta = subject.as_ref().and_then(|id| repository.record(id))?;
            Some(meta.owner.to_string())
        };
        self.records
            .get(&diagnostic.span.file)
            .map(|meta| meta.owner.to_string())
            .or_else(|| by_subject(self.repository))
            .or_else(|| self.before.and_then(by_subject))
    }
}

/// Rules whose errors block a pull request even where they stand on the base already.
const ALWAYS_BLOCKING: [&str; 2] = ["EXC001", "REC002"];

/// Returns what tells one thing that a rule says from another, whichever line it stands on.
pub fn mark(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let path = sources.path(diagnostic.span.file);
    let subject = diagnostic.subject.as_deref().unwrap_or_default();
    format!("{}\n{path}\n{subject}\n{}", diagnostic.code, diagnostic.message)
}

/// Makes context of what stands on the base already: it is said, and does not block.
pub fn as_context(
    diagnostics: Vec<Diagnostic>,
    sources: &Sources,
    known: &BTreeSet<String>,
) -> Vec<Diagnostic> {
    diagnostics
        .into_iter()
        .map(|mut diagnostic| {
            let family = find(diagnostic.code).map(|check| check.family);
            let blocks = ALWAYS_BLOCKING.contains(&diagnostic.code)
                || matches!(family, Some(Family::Approval | Family::Governance));
            if diagnostic.level != Level::Info && !blocks && known.contains(&mark(&diagnostic, sources)) {
                let was = diagnostic.level.word();
                diagnostic.level = Level::Info;
                let label = diagnostic.label.take().map(|label| format!("{label}; "));
                diagnostic.label = Some(format!(
                    "{}this {was} stands on the base already and does not block this change",
                    label.unwrap_or_default()
                ));
            }
            diagnostic
        })
        .collect()
}

/// Orders what is said in one file.
fn order(one: &Diagnostic, other: &Diagnostic) -> std::cmp::Ordering {
    let place = |diagnostic: &Diagnostic| (diagnostic.span.line, diagnostic.code, diagnostic.span.column);
    place(one)
        .cmp(&place(other))
        .then_with(|| one.subject.cmp(&other.subject))
        .then_with(|| one.message.cmp(&other.message))
}

/// Returns the digest of all rules: their codes, names, levels, parameters and explanations.
pub fn rule_set_digest() -> String {
    let parts: Vec<String> = CHECKS
        .iter()
        .flat_map(|check| {
            let parameters = format!("{:?}", check.parameters);
            [
                check.code,
                check.name,
                check.level.word(),
                &parameters,
                check.explanation,
            ]
            .map(str::to_owned)
        })
        .collect();
    crate::source::sha256_of_parts(parts.iter().map(String::as_str))
}
