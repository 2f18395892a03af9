//! The sentence and the status of one finding, one decision, one triage.

use std::collections::{BTreeMap, BTreeSet};

use super::triages::Triages;
use super::{Measure, Said, Status};
use crate::document::{Body, DecisionRow};
use crate::model::{Date, Disposition, Finding, Record, RecordId, Triage, TriageStatus};
use crate::reconcile::Register;
use crate::trust::ApprovalState;

/// States a finding by its disposition. A host that is retired is not stated; it counts as affected until then.
pub(super) fn of_finding(
    register: &Register<'_>,
    finding: &Finding,
    triages: &Triages<'_>,
    decisions: &BTreeMap<&RecordId, &DecisionRow<'_>>,
) -> Said {
    let by = finding.coverage.as_ref();
    let row = by.and_then(|coverage| decisions.get(&coverage.id));
    match finding.disposition {
        Disposition::FixedInTime | Disposition::FixedLate => fixed(register, finding),
        Disposition::NotApplicable => {
            let triage = finding.triage.as_ref();
            let triage = triage.and_then(|id| register.repository.triages.get(id));
            let said = triage.and_then(by_triage);
            said.unwrap_or_else(|| open(register, finding, triages))
        }
        Disposition::Accepted | Disposition::AcceptedUnsupported | Disposition::Deferred => row.map_or_else(
            || open(register, finding, triages),
            |row| {
                let until = by.map(|coverage| register.as_of.zone().day_of(coverage.until));
                let mut said = by_decision(register, row, until);
                let is_deferred = finding.disposition == Disposition::Deferred;
                if let (true, Status::Affected(measures)) = (is_deferred, &mut said.status) {
                    measures.insert(fix(finding, triages));
                }
                if finding.disposition == Disposition::AcceptedUnsupported {
                    said.status = affected([Measure::Unsupported], row);
                }
                said
            },
        ),
        Disposition::OutOfScope => out_of_scope(register, finding),
        Disposition::UnsupportedUngoverned => Said {
            status: Status::Affected([Measure::NoFixKnown].into()),
            text: "the system is past its support, and nobody bears the risk".into(),
            record: None,
        },
        Disposition::ClosedRetired
        | Disposition::PendingVerification
        | Disposition::MitigationPending
        | Disposition::Open
        | Disposition::DueSoon
        | Disposition::Overdue => open(register, finding, triages),
    }
}

fn fixed(register: &Register<'_>, finding: &Finding) -> Said {
    let day = finding.closed.map(|at| register.as_of.zone().day_of(at));
    Said {
        status: Status::Fixed,
        text: day.map_or_else(
            || "fixed".into(),
            |day| format!("fixed on {day}, and no scan has seen it since"),
        ),
        record: None,
    }
}

/// What nobody has decided about: under investigation where a triage says so, else affected.
fn open(register: &Register<'_>, finding: &Finding, triages: &Triages<'_>) -> Said {
    let investigation = triages
        .about(finding)
        .find(|triage| triage.spec.status == TriageStatus::UnderInvestigation);
    if let Some(said) = investigation.and_then(by_triage) {
        return said;
    }
    let day = register.as_of.zone().day_of(finding.due);
    let patch = finding.said.remediation.as_deref();
    let installed = finding.installed.as_ref();
    let mut text = match (finding.disposition, patch) {
        (Disposition::PendingVerification, _) => {
            let patch = installed.map_or("the patch", |installed| &*installed.patch);
            format!("{patch} is installed, and a scan has to confirm it")
        }
        (Disposition::MitigationPending, _) => {
            format!("there is no fix yet; the risk is to be lowered by {day}")
        }
        (Disposition::Overdue, Some(patch)) => format!("overdue: {patch} was to be installed by {day}"),
        (Disposition::Overdue, None) => format!("overdue: it was to be remediated by {day}"),
        (_, Some(patch)) => format!("{patch} is to be installed by {day}"),
        (_, None) => format!("it is to be remediated by {day}"),
    };
    let fix = fix(finding, triages);
    if fix == Measure::NoFixKnown && finding.disposition != Disposition::MitigationPending {
        text.push_str("; no export names a patch");
    }
    for id in &finding.suspended {
        text.push_str(&format!("; {id} is set aside, since it is exploited"));
    }
    for id in &finding.lapsed {
        text.push_str(&format!("; {id} has ended"));
    }
    Said {
        status: Status::Affected([fix].into()),
        text,
        record: None,
    }
}

/// A triage that counts knows better than an export whether the vendor has a fix.
fn fix(finding: &Finding, triages: &Triages<'_>) -> Measure {
    let told = triages
        .about(finding)
        .find_map(|triage| triage.spec.fix_available.as_ref())
        .map(|fix| fix.value);
    let is_named = finding.said.remediation.is_some() || finding.patch_published.is_some();
    if finding.installed.is_some() || told.unwrap_or(is_named) {
        Measure::Fix
    } else {
        Measure::NoFixKnown
    }
}

/// Puts what a record's controls do beside what is done.
fn affected<const N: usize>(measures: [Measure; N], row: &DecisionRow<'_>) -> Status {
    let mut measures: BTreeSet<Measure> = measures.into();
    if !row.body.compensating().is_empty() {
        measures.insert(Measure::Workaround);
    }
    Status::Affected(measures)
}

/// States what an exception or an acceptance is for: always `affected`.
pub(super) fn by_decision(register: &Register<'_>, row: &DecisionRow<'_>, until: Option<Date>) -> Said {
    let id = &row.meta.id.value;
    let standing = register.standings.of(row.body.kind(), id);
    let approved = if standing.state == ApprovalState::Emergency {
        " by an emergency approval"
    } else {
        ""
    };
    let until = until.map_or_else(|| "a day that is not told".to_owned(), |day| day.to_string());
    let (status, mut text) = match &row.body {
        Body::Exception(_) => (
            affected([], row),
            format!("its remediation is deferred{approved} until {until} by the exception {id}"),
        ),
        Body::Acceptance(_) => (
            affected([Measure::NotPlanned], row),
            format!("its risk is accepted{approved} until {until} in {id}, and it is not remediated before"),
        ),
    };
    let controls: Vec<&str> = row
        .body
        .compensating()
        .iter()
        .map(|one| &*one.description)
        .collect();
    if !controls.is_empty() {
        text.push_str(&format!("; meanwhile: {}", controls.join("; ")));
    }
    let record = Some(id.clone());
    Said { status, text, record }
}

/// States what a triage that counts says; `None` where it only settles how grave the vulnerability is.
pub(super) fn by_triage(triage: &Record<Triage>) -> Option<Said> {
    let status = match triage.spec.status {
        TriageStatus::FalsePositive | TriageStatus::NotAffected => Status::NotAffected {
            justification: triage.spec.justification,
            is_false_positive: triage.spec.status == TriageStatus::FalsePositive,
        },
        TriageStatus::UnderInvestigation => Status::UnderInvestigation,
        TriageStatus::Affected => {
            let fix = triage.spec.fix_available.as_ref().is_some_and(|fix| fix.value);
            let measure = if fix { Measure::Fix } else { Measure::NoFixKnown };
            Status::Affected([measure].into())
        }
        TriageStatus::Resolution => return None,
    };
    Some(Said {
        status,
        text: triage.spec.method.clone(),
        record: Some(triage.id().clone()),
    })
}

fn out_of_scope(register: &Register<'_>, finding: &Finding) -> Said {
    let scope = register.system_of(finding).map(|system| &system.spec.scope);
    let acceptance = scope
        .and_then(|scope| scope.acceptance.as_ref())
        .map(|one| &one.value.0);
    let by = acceptance.map_or(String::new(), |id| format!(", as accepted in {id}"));
    Said {
        status: Status::Affected([Measure::NotPlanned].into()),
        text: format!("the system is out of scope{by}, and it is not remediated under this agreement"),
        record: acceptance.cloned(),
    }
}
