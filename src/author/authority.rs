//! What a person may approve, in words, and in which role.

use super::decide::{Act, Subject};
use crate::load::Repository;
use crate::model::{Decision, RecordId, Severity};
use crate::trust::{Met, Question, Standing, answers, foresee, roles_in_any_capacity};

/// Says in which roles a person may approve, and how far they reach.
pub fn authority(
    repository: &Repository,
    question: &Question<'_>,
    subject: &Subject<'_>,
    standing: &Standing,
    person: &RecordId,
) -> String {
    let mut told = Vec::new();
    for role in roles_in_any_capacity(question, person) {
        let act = Act::thought(Decision::Approve, role, person, question.at);
        let mut flaws = foresee(repository, question, &act.intent(subject)).into_iter();
        let is_asked = is_asked(question, standing, person, role);
        match flaws.next() {
            None => {
                let asked = if is_asked {
                    ""
                } else {
                    ", though nobody asks for it"
                };
                told.push(format!(
                    "approve: yes, as {role}{}{asked}",
                    reach(question, role, subject.kind)
                ));
            }
            Some(flaw) if is_asked => told.push(format!("not approve as {role}: {flaw}")),
            Some(_) => {}
        }
    }
    if told.is_empty() {
        "not approve: no role of yours may".into()
    } else {
        told.join("; ")
    }
}

/// Tells whether an approval brings the record further: for a demand, or as an emergency.
pub fn is_asked(question: &Question<'_>, standing: &Standing, person: &RecordId, role: &RecordId) -> bool {
    let mut demands = standing.demands.iter();
    demands.any(|met| answers(question, &met.demand, person, role))
        || question.rules.roles("emergency_approver").contains(role)
}

/// Tells how far a role reaches for a kind.
fn reach(question: &Question<'_>, role: &RecordId, kind: &str) -> String {
    let role = question.basis.repository.roles.get(role);
    let Some(may) = role.and_then(|role| role.spec.may_approve.iter().find(|may| may.kind == kind)) else {
        return String::new();
    };
    let severity = may.max_severity.map(|max: Severity| format!(", up to {max}"));
    let days = may.max_days.map(|max| format!(", {max} d"));
    let residual = may
        .max_residual
        .as_ref()
        .map(|max| format!(", residual risk up to {max}"));
    [severity, days, residual].into_iter().flatten().collect()
}

/// Returns the roles in which a person could make a decision that is asked for, and that would count.
pub fn fitting_roles<'a>(
    repository: &Repository,
    question: &Question<'a>,
    subject: &Subject<'_>,
    standing: &Standing,
    (person, decision): (&RecordId, Decision),
) -> Vec<&'a RecordId> {
    let is_asked = |role: &RecordId| {
        let mut demands = standing.demands.iter();
        let is_open = |met: &Met| decision != Decision::Approve || !met.is_met();
        demands.any(|met| is_open(met) && answers(question, &met.demand, person, role))
    };
    let would_count = |role: &RecordId| {
        let act = Act::thought(decision, role, person, question.at);
        foresee(repository, question, &act.intent(subject)).is_empty()
    };
    let roles = roles_in_any_capacity(question, person).into_iter();
    roles.filter(|role| is_asked(role) && would_count(role)).collect()
}
