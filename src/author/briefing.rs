//! What a person is shown before deciding: what the record allows, for how long, and what it covers now.

use crate::check::findings_named;
use crate::diagnostic::counted;
use crate::load::Repository;
use crate::model::{
    AsOf, Compensating, Date, Decision, Exception, Kind, Meta, Record, RecordId, RiskAcceptance, Status,
};
use crate::reconcile::Register;
use crate::source::Spanned;
use crate::trust::{Decided, Facts, Question, Standing};

/// The most entries of a list that are written out.
const MAX_LISTED: usize = 8;
/// The most renewals that are followed back.
const MAX_CHAIN: usize = 100;

/// Describes a record in plain words, line by line: what each is about, and what it says.
pub fn briefing(
    register: &Register<'_>,
    question: &Question<'_>,
    meta: &Meta,
    standing: &Standing,
) -> Vec<(&'static str, String)> {
    let repository = register.repository;
    let facts = Facts::of(repository, question.basis.repository, meta);
    let mut rows = vec![
        ("title", meta.title.clone()),
        ("owner", meta.owner.value.to_string()),
    ];
    if let Some(version) = &meta.version {
        rows.push(("version", version.value.clone()));
    }
    if let Some(severity) = facts.severity {
        rows.push(("severity", severity.to_string()));
    }
    if !facts.tiers.is_empty() {
        let tiers: Vec<String> = facts.tiers.iter().cloned().collect();
        rows.push(("tier", tiers.join(", ")));
    }
    if let Some(exception) = repository.exceptions.get(&meta.id) {
        rows.extend(of_exception(repository, exception));
    } else if let Some(acceptance) = repository.acceptances.get(&meta.id) {
        rows.extend(of_acceptance(acceptance));
    } else if let Some(triage) = repository.triages.get(&meta.id) {
        let spec = &triage.spec;
        rows.push(("says", format!("{} is {}", spec.subject.vuln, spec.status)));
        rows.push(("hosts", listed(&spec.subject.resolved)));
        rows.push(("until", spec.expires.to_string()));
    }
    if let Some(level) = &facts.residual {
        rows.push(("residual", format!("risk {level}")));
    }
    if matches!(meta.kind, Kind::Exception | Kind::RiskAcceptance) {
        rows.push(("covers now", covered(register, &meta.id.value)));
    }
    rows.extend(changed(question, meta, standing));
    if let Some(ended) = ended(meta) {
        rows.push(("note", ended));
    }
    rows
}

fn of_exception(repository: &Repository, exception: &Record<Exception>) -> Vec<(&'static str, String)> {
    let spec = &exception.spec;
    let subjects: Vec<&str> = spec
        .scope
        .vulns
        .iter()
        .chain(&spec.scope.patches)
        .map(|named| named.value.as_str())
        .collect();
    let systems: Vec<&str> = spec
        .scope
        .systems
        .iter()
        .map(|system| system.value.0.as_str())
        .collect();
    let mut rows = vec![
        (
            "allows",
            format!("{} to stay open on {}", subjects.join(", "), systems.join(", ")),
        ),
        ("hosts", listed(&spec.scope.resolved)),
        (
            "from, until",
            span_words(spec.starts.value, Some(spec.expires.value)),
        ),
    ];
    if let Some(requester) = &spec.requested_by {
        rows.push(("requested by", requester.value.0.to_string()));
    }
    if let Some(reason) = spec.reason {
        rows.push(("reason", reason.to_string()));
    }
    if let Some(impact) = &spec.business_impact {
        rows.push(("impact", impact.value.clone()));
    }
    rows.push(("meanwhile", compensating(&spec.compensating)));
    if let Some(risk) = &spec.risk {
        rows.push(("risk", risk.value.0.to_string()));
    }
    if spec.covers_exploited {
        rows.push((
            "exploited",
            "holds although the vulnerability is exploited".into(),
        ));
    }
    if let Some(chain) = chain(repository, exception) {
        rows.push(("renews", chain));
    }
    rows
}

fn of_acceptance(acceptance: &Record<RiskAcceptance>) -> Vec<(&'static str, String)> {
    let spec = &acceptance.spec;
    let subject = &spec.subject;
    let subjects: Vec<&str> = subject
        .vulns
        .iter()
        .chain(&subject.patches)
        .map(|named| named.value.as_str())
        .collect();
    let systems: Vec<&str> = subject
        .systems
        .iter()
        .map(|system| system.value.0.as_str())
        .collect();
    let what = if subjects.is_empty() {
        spec.acceptance_type.to_string()
    } else {
        subjects.join(", ")
    };
    let end = spec.expires.map(|expires| expires.value);
    let mut rows = vec![
        ("accepts", format!("{what} on {}", systems.join(", "))),
        ("hosts", listed(&subject.resolved)),
        ("from, until", span_words(spec.starts.value, end)),
        ("statement", spec.statement.clone()),
        ("meanwhile", compensating(&spec.compensating)),
    ];
    if spec.covers_exploited {
        rows.push((
            "exploited",
            "holds although the vulnerability is exploited".into(),
        ));
    }
    if let Some(renews) = &acceptance.meta.renews {
        rows.push(("renews", renews.value.to_string()));
    }
    rows
}

fn span_words(starts: Date, expires: Option<Date>) -> String {
    match expires {
        Some(expires) => format!("{starts} to {expires} ({} d)", expires.days_since(starts)),
        None => format!("{starts}, without an end"),
    }
}

fn compensating(controls: &[Compensating]) -> String {
    if controls.is_empty() {
        return "no compensating control".into();
    }
    let told = controls.iter().map(|control| {
        let assessed = control.assessed_by.as_ref().map_or_else(
            || ", assessed by nobody".to_owned(),
            |by| format!(", assessed by {}", by.value.0),
        );
        format!("{} ({}{assessed})", control.description, control.control_type)
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Tells how often an exception was renewed, and how long the whole chain lasts.
fn chain(repository: &Repository, exception: &Record<Exception>) -> Option<String> {
    let before = exception.meta.renews.as_ref()?;
    let mut names = Vec::new();
    let mut first = exception
        .spec
        .first_granted
        .map_or(exception.spec.starts.value, |day| day.value);
    let mut next = Some(before.value.clone());
    while let Some(id) = next.take().filter(|_| names.len() < MAX_CHAIN) {
        if names.contains(&id) {
            break;
        }
        if let Some(found) = repository.exceptions.get(&id) {
            first = first.min(found.spec.starts.value);
            next = found.meta.renews.as_ref().map(|renews| renews.value.clone());
        }
        names.push(id);
    }
    let days = exception.spec.expires.days_since(first);
    let named: Vec<&str> = names.iter().map(RecordId::as_str).collect();
    Some(format!(
        "{} ({}, since {first}, {days} d in all)",
        named.join(", "),
        counted(names.len(), "renewal")
    ))
}

fn listed(hosts: &[Spanned<String>]) -> String {
    let mut text: Vec<&str> = hosts
        .iter()
        .take(MAX_LISTED)
        .map(|host| host.value.as_str())
        .collect();
    if hosts.len() > MAX_LISTED {
        text.push("…");
    }
    format!("{}: {}", hosts.len(), text.join(", "))
}

fn covered(register: &Register<'_>, id: &RecordId) -> String {
    let findings = findings_named(register, id);
    if findings.is_empty() {
        return "no open finding of the imports that are there".into();
    }
    let mut rows: Vec<String> = findings
        .iter()
        .take(MAX_LISTED)
        .map(|finding| {
            format!(
                "{} {} ({})",
                finding.host,
                finding.vuln,
                finding.disposition.word()
            )
        })
        .collect();
    if findings.len() > MAX_LISTED {
        rows.push("…".into());
    }
    let word = if findings.len() == 1 {
        "finding"
    } else {
        "findings"
    };
    format!("{} open {word}: {}", findings.len(), rows.join(", "))
}

/// Tells what differs from the content that was approved before.
fn changed(question: &Question<'_>, meta: &Meta, standing: &Standing) -> Option<(&'static str, String)> {
    let before = |decided: &&Decided| decided.decision == Decision::Approve && decided.fingerprint.is_some();
    let last = standing.decisions.iter().rfind(before)?;
    if last.covers_current {
        return Some(("changed", format!("nothing since {} approved it", last.person)));
    }
    let edits = question.testimony.edits.get(&meta.id.value);
    let told = edits.filter(|edits| !edits.is_empty()).map(|edits| {
        let edits: Vec<String> = edits.iter().map(ToString::to_string).collect();
        edits.join("; ")
    });
    let told = told.unwrap_or_else(|| "what was approved is not in this history".into());
    Some(("changed", format!("since {} approved it: {told}", last.person)))
}

fn ended(meta: &Meta) -> Option<String> {
    match meta.declared() {
        Status::Submitted => None,
        Status::Draft => Some("it is a draft, and counts only with `status: submitted`".into()),
        Status::Closed | Status::Revoked | Status::Superseded => Some("it has ended".into()),
    }
}

/// Says when a record ends, in days from a moment, and what happens then.
pub fn until_words(repository: &Repository, id: &RecordId, as_of: AsOf) -> Option<String> {
    let (end, then) = if let Some(exception) = repository.exceptions.get(id) {
        let then = "its findings are then due by the agreement again; `countersign renew` asks for more time";
        (exception.spec.expires.value, then)
    } else if let Some(acceptance) = repository.acceptances.get(id) {
        let then = "the risk is then accepted by nobody; `countersign renew` asks for more time";
        (acceptance.spec.expires?.value, then)
    } else if let Some(triage) = repository.triages.get(id) {
        (
            triage.spec.expires.value,
            "its findings then count as they were found",
        )
    } else {
        let sla = repository.slas.get(id)?;
        (
            sla.spec.expires.value,
            "nothing then says how fast findings are due",
        )
    };
    let days = end.days_since(as_of.day());
    let when = if days < 0 {
        format!("{} d ago", -days)
    } else {
        format!("in {days} d")
    };
    Some(format!("{end} ({when}); {then}"))
}
