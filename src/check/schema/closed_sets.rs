//! Words that must be ones of a set which another record, the calendar of zones or this tool lays down.

use super::violation::CHECK;
use crate::check::words::{excerpt, listed};
use crate::diagnostic::Diagnostic;
use crate::import::IMPORTERS;
use crate::load::Repository;
use crate::model::{CvssVector, Isms, Meta, Record, RiskMatrix, RiskRating, Source, SourceRole, Zone};
use crate::source::{Span, Spanned};

/// Flags every word outside its set.
pub(super) fn unknown_words(repository: &Repository, out: &mut Vec<Diagnostic>) {
    if let Some(isms) = &repository.isms {
        zone(&isms.meta, &isms.spec.timezone, out);
        tiers(repository, isms, out);
        regulations(repository, isms, out);
        if let Some(matrix) = &isms.spec.risk_matrix {
            matrix_shape(&isms.meta, matrix, out);
            ratings(repository, matrix, out);
        }
    }
    for source in &repository.tools {
        zone(&source.meta, &source.spec.timezone, out);
        format(source, out);
    }
    vectors(repository, out);
}

/// A vector that no version reads would rate nothing, and nobody would notice.
fn vectors(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for triage in &repository.triages {
        let Some(vector) = &triage.spec.cvss_env else {
            continue;
        };
        if CvssVector::parse(vector).is_none_or(|vector| vector.version < 30) {
            let message = format!("`{}` is no CVSS vector that rates", excerpt(vector));
            out.push(
                Diagnostic::error(CHECK.code, vector.span, message)
                    .help("write one of version 3.0, 3.1 or 4.0 with its prefix, every base metric, each metric once, and those of 4.0 in their order")
                    .subject(triage.id().to_string()),
            );
        }
    }
}

pub(super) fn zone(meta: &Meta, name: &Spanned<String>, out: &mut Vec<Diagnostic>) {
    if Zone::named(name).is_some() {
        return;
    }
    let message = format!("`{}` is no time zone of the IANA database", excerpt(name));
    out.push(
        Diagnostic::error(CHECK.code, name.span, message)
            .help("write a name such as `Europe/Berlin` or `UTC`; it is case-sensitive")
            .subject(meta.id.to_string()),
    );
}

fn tiers(repository: &Repository, isms: &Record<Isms>, out: &mut Vec<Diagnostic>) {
    let known: Vec<&str> = isms.spec.tiers.iter().map(|tier| tier.id.as_str()).collect();
    let mut flag = |meta: &Meta, tier: &str, span: Span| {
        if !known.contains(&tier) {
            out.push(
                Diagnostic::error(
                    CHECK.code,
                    span,
                    format!("`{}` is no tier of the Isms", excerpt(tier)),
                )
                .help(format!("tiers are {}", listed(&known)))
                .subject(meta.id.to_string()),
            );
        }
    };
    for system in &repository.systems {
        if let Some(tier) = &system.spec.tier {
            flag(&system.meta, tier, tier.span);
        }
    }
    for policy in &repository.policies {
        let whole = policy.meta.id.span;
        for cadence in &policy.spec.cadence {
            flag(&policy.meta, &cadence.tier, cadence.tier.span);
        }
        let tested = policy.spec.testing.iter().flat_map(|testing| &testing.tiers);
        let matrix = policy
            .spec
            .approval_matrix
            .iter()
            .filter_map(|row| row.tiers.as_ref())
            .flatten();
        for tier in tested.chain(matrix) {
            flag(&policy.meta, tier, whole);
        }
    }
    for role in &repository.roles {
        for tier in role
            .spec
            .may_approve
            .iter()
            .filter_map(|row| row.tiers.as_ref())
            .flatten()
        {
            flag(&role.meta, tier, role.meta.id.span);
        }
    }
    for sla in &repository.slas {
        for cell in &sla.spec.matrix.value {
            flag(&sla.meta, &cell.tier, cell.span);
        }
    }
    for calendar in &repository.calendars {
        for cycle in &calendar.spec.cycles {
            flag(&calendar.meta, &cycle.tier, cycle.tier.span);
        }
    }
    for incident in &repository.incidents {
        for one in &incident.spec.sla_overrides {
            flag(&incident.meta, &one.tier, one.tier.span);
        }
    }
    for change in &repository.changes {
        for tier in change.spec.limits.iter().flat_map(|limits| &limits.tiers) {
            flag(&change.meta, tier, tier.span);
        }
    }
}

/// A tag that no regulation has would leave a System without the caps that its author meant.
fn regulations(repository: &Repository, isms: &Record<Isms>, out: &mut Vec<Diagnostic>) {
    let known: Vec<&str> = isms
        .spec
        .regulations
        .iter()
        .map(|regulation| regulation.tag.as_str())
        .collect();
    for system in &repository.systems {
        for tag in system
            .spec
            .regulations
            .iter()
            .filter(|tag| !known.contains(&tag.as_str()))
        {
            out.push(
                Diagnostic::error(
                    CHECK.code,
                    system.meta.id.span,
                    format!("`{}` is the tag of no regulation of the Isms", excerpt(tag)),
                )
                .label("named under `regulations`")
                .related(isms.meta.id.span, format!("tags here are {}", listed(&known)))
                .help("mend the tag, or add the regulation to `isms.yaml`")
                .subject(system.id().to_string()),
            );
        }
    }
}

fn matrix_shape(meta: &Meta, matrix: &RiskMatrix, out: &mut Vec<Diagnostic>) {
    let (rows, columns) = (matrix.likelihood.len(), matrix.impact.len());
    let fits = matrix.levels.len() == rows && matrix.levels.iter().all(|row| row.len() == columns);
    if !fits {
        out.push(
            Diagnostic::error(
                CHECK.code,
                meta.id.span,
                "`risk_matrix.levels` does not fit its scales",
            )
            .label(format!("{rows} likelihoods by {columns} impacts are declared"))
            .help(format!(
                "write {rows} rows, one a likelihood, of {columns} levels each"
            ))
            .subject(meta.id.to_string()),
        );
    }
    let mut levels: Vec<&str> = matrix.levels.iter().flatten().map(String::as_str).collect();
    levels.sort_unstable();
    levels.dedup();
    if let Some(appetite) = matrix
        .appetite
        .as_deref()
        .filter(|appetite| !levels.contains(appetite))
    {
        let message = format!(
            "the appetite `{}` is no level of the risk matrix",
            excerpt(appetite)
        );
        out.push(
            Diagnostic::error(CHECK.code, meta.id.span, message)
                .help(format!("levels are {}", listed(levels)))
                .subject(meta.id.to_string()),
        );
    }
}

fn ratings(repository: &Repository, matrix: &RiskMatrix, out: &mut Vec<Diagnostic>) {
    let mut flag = |meta: &Meta, scale: &str, known: &[String], word: &Spanned<String>| {
        if !known.contains(&word.value) {
            out.push(
                Diagnostic::error(
                    CHECK.code,
                    word.span,
                    format!("`{}` is no {scale} of the Isms", excerpt(word)),
                )
                .help(format!("the scale of {scale} is {}", listed(known)))
                .subject(meta.id.to_string()),
            );
        }
    };
    let mut both = |meta: &Meta, likelihood: &Spanned<String>, impact: &Spanned<String>| {
        flag(meta, "likelihood", &matrix.likelihood, likelihood);
        flag(meta, "impact", &matrix.impact, impact);
    };
    let mut rating = |meta: &Meta, rating: &RiskRating| both(meta, &rating.likelihood, &rating.impact);
    for acceptance in &repository.acceptances {
        rating(&acceptance.meta, &acceptance.spec.inherent);
        rating(&acceptance.meta, &acceptance.spec.residual);
    }
    for risk in &repository.risks {
        if let Some(residual) = &risk.spec.residual {
            rating(&risk.meta, residual);
        }
    }
    for risk in &repository.risks {
        both(&risk.meta, &risk.spec.likelihood, &risk.spec.impact);
    }
}

/// Formats whose exports say themselves what is gone or installed, and never list everything.
const NEVER_WHOLE: [&str; 6] = [
    "tenable-vm",
    "ansible-callback",
    "ansible-facts",
    "mapping-alerts",
    "mapping-deployment",
    "puppet-report",
];

/// The columns that each format read through a mapping needs.
const MAPPED: [(&str, &[&str]); 3] = [
    ("mapping", &["name"]),
    ("mapping-deployment", &["name", "patch", "state"]),
    ("mapping-alerts", &["name", "cve", "time"]),
];

/// Finds what a Source's mapping lacks for its format, or has for none.
fn mapping_faults(source: &Record<Source>) -> Vec<Diagnostic> {
    let spec = &source.spec;
    let format = spec.format.as_str();
    let fault = |span: Span, message: String| {
        Diagnostic::error(CHECK.code, span, message).subject(source.id().to_string())
    };
    let needed = MAPPED
        .iter()
        .find(|(name, _)| *name == format)
        .map(|(_, columns)| *columns);
    let (needed, mapping) = match (needed, &spec.mapping) {
        (None, None) => return Vec::new(),
        (Some(needed), Some(mapping)) => (needed, mapping),
        (Some(needed), None) => {
            let help = format!(
                "add `mapping.columns` with at least {}",
                listed(needed.iter().copied())
            );
            let message = format!("`format: {format}` without a mapping");
            return vec![fault(spec.format.span, message).help(help)];
        }
        (None, Some(mapping)) => {
            let message = format!("a mapping without effect: the format is `{}`", excerpt(format));
            let help =
                "write `format: mapping`, `mapping-deployment` or `mapping-alerts`, or remove the mapping";
            return vec![fault(mapping.columns.span, message).help(help)];
        }
    };
    let mut found = Vec::new();
    for column in needed
        .iter()
        .filter(|column| !mapping.columns.contains_key(**column))
    {
        let message = format!("the mapping has no column for `{column}`");
        let help = format!("add `{column}:` with the header of the column");
        found.push(fault(mapping.columns.span, message).help(help));
    }
    if mapping.states.is_some() != (format == "mapping-deployment") {
        let (message, help) = if mapping.states.is_some() {
            (
                "`mapping.states` without effect",
                "write `format: mapping-deployment`, or remove the states",
            )
        } else {
            (
                "the mapping has no `states`",
                "add `mapping.states` with the words of the `state` column",
            )
        };
        found.push(fault(mapping.columns.span, message.into()).help(help));
    }
    found
}

/// A format is judged where this tool reads the Source's exports: scanners, inventories and feeds.
fn format(source: &Record<Source>, out: &mut Vec<Diagnostic>) {
    let spec = &source.spec;
    let format = spec.format.as_str();
    let fault = |span: Span, message: String| {
        Diagnostic::error(CHECK.code, span, message).subject(source.id().to_string())
    };
    out.extend(mapping_faults(source));
    if NEVER_WHOLE.contains(&format) && spec.absence_means_fixed {
        out.push(
            fault(
                spec.format.span,
                "`absence_means_fixed` with exports that never list everything".into(),
            )
            .help(format!("remove `absence_means_fixed`; the exports of `{format}` say themselves what is gone or installed")),
        );
    }
    let is_read =
        |role: &SourceRole| matches!(role, SourceRole::Scanner | SourceRole::Cmdb | SourceRole::Feed);
    let is_known = IMPORTERS.iter().any(|importer| importer.name == format);
    if !is_known && spec.roles.iter().any(is_read) {
        let mut names: Vec<&str> = IMPORTERS.iter().map(|importer| importer.name).collect();
        names.sort_unstable();
        names.dedup();
        out.push(
            fault(
                spec.format.span,
                format!("`{}` is no format that can be imported", excerpt(format)),
            )
            .help(format!("formats are {}", listed(names))),
        );
    }
}
