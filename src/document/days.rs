//! What ends and what is due, day by day: one list, for the portal's calendar and for iCalendar.
//!
//! What nobody has approved ends nothing, and is not in it.

use std::collections::BTreeMap;

use super::decisions::{Body, Phase, decisions_of};
use super::force::Force;
use super::reviewed::Reviewed;
use crate::model::{Date, Kind, Meta, RecordId, Status};
use crate::reconcile::Register;

/// Days between two reviews of an acceptance whose record tells none. Source: rule RAC001.
const ACCEPTANCE_REVIEW_DAYS: i64 = 365;

/// Why a day matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Occasion {
    /// A decision or an agreement ends.
    End,
    /// A signing key ends.
    Key,
    /// Somebody no longer holds a role, or a delegation is over.
    Term,
    /// A vendor's support ends.
    Support,
    Review,
    Audit,
    /// A step of a plan is due.
    Milestone,
    /// Proof need not be kept any longer.
    Retention,
}

impl Occasion {
    /// Returns one word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::End => "ends",
            Self::Key => "key",
            Self::Term => "term",
            Self::Support => "support",
            Self::Review => "review",
            Self::Audit => "audit",
            Self::Milestone => "milestone",
            Self::Retention => "retention",
        }
    }
}

/// One day on which something ends or is due.
pub(crate) struct Day<'a> {
    pub(crate) day: Date,
    pub(crate) occasion: Occasion,
    pub(crate) what: String,
    /// The record that says so.
    pub(crate) meta: &'a Meta,
    /// Which of the days of this occasion it is in its record, from 0: what stays when the day changes.
    pub(crate) number: usize,
}

/// Returns every such day, in order.
pub(crate) fn days_of<'a>(register: &'a Register<'a>) -> Vec<Day<'a>> {
    let mut days = Days {
        register,
        found: Vec::new(),
        numbers: BTreeMap::new(),
    };
    days.decisions();
    days.triages_and_agreements();
    days.reviews();
    days.people_and_roles();
    days.systems();
    days.plans();
    days.evidence();
    let mut found = days.found;
    found.sort_by(|one, other| {
        (one.day, &one.meta.id.value, &one.what).cmp(&(other.day, &other.meta.id.value, &other.what))
    });
    found
}

/// The days as they are collected.
struct Days<'a> {
    register: &'a Register<'a>,
    found: Vec<Day<'a>>,
    numbers: BTreeMap<(&'a RecordId, Occasion), usize>,
}

impl<'a> Days<'a> {
    fn note(&mut self, meta: &'a Meta, occasion: Occasion, what: impl Into<String>, day: Date) {
        let number = self.numbers.entry((&meta.id.value, occasion)).or_default();
        self.found.push(Day {
            day,
            occasion,
            what: what.into(),
            meta,
            number: *number,
        });
        *number += 1;
    }

    fn decisions(&mut self) {
        for row in decisions_of(self.register) {
            match row.phase {
                Phase::Active | Phase::Expiring | Phase::Expired | Phase::NotStarted => {}
                Phase::NotApproved | Phase::Ended => continue,
            }
            let what = match row.body {
                Body::Exception(_) => "the exception ends",
                Body::Acceptance(_) => "the acceptance ends",
            };
            if let Some(day) = row.expires {
                self.note(row.meta, Occasion::End, what, day);
            }
            if let Body::Exception(exception) = row.body
                && let Some(target) = exception.plan.as_ref().and_then(|plan| plan.target_date.as_ref())
            {
                let what = "the plan of the exception is due";
                self.note(row.meta, Occasion::Milestone, what, target.value);
            }
        }
    }

    fn triages_and_agreements(&mut self) {
        let repository = self.register.repository;
        for triage in &repository.triages {
            let counts = self.register.standings.of(Kind::Triage, triage.id()).counts();
            if counts && triage.meta.declared() == Status::Submitted {
                let day = triage.spec.expires.value;
                self.note(&triage.meta, Occasion::End, "the triage ends", day);
            }
        }
        for sla in &repository.slas {
            let day = sla.spec.expires.value;
            match Force::of(self.register, &sla.meta, Some(day)) {
                Force::Binds | Force::Expired => {
                    self.note(&sla.meta, Occasion::End, "the agreement ends", day);
                }
                Force::NotApproved | Force::Superseded | Force::Ended(_) => {}
            }
        }
    }

    fn reviews(&mut self) {
        let repository = self.register.repository;
        for meta in repository.records().filter(|meta| meta.is_live()) {
            let cycle = (meta.kind == Kind::RiskAcceptance).then_some(ACCEPTANCE_REVIEW_DAYS);
            if let Some(day) = Reviewed::of(self.register, meta, None, cycle).due {
                self.note(meta, Occasion::Review, "the review is due", day);
            }
        }
        if let Some(isms) = &repository.isms
            && let Some(day) = isms.spec.certification.as_ref().and_then(|one| one.next_audit)
        {
            let what = "the audit of the certification body";
            self.note(&isms.meta, Occasion::Audit, what, day);
        }
    }

    fn people_and_roles(&mut self) {
        let repository = self.register.repository;
        for person in repository.people.iter().filter(|person| person.meta.is_live()) {
            for key in &person.spec.keys {
                if let Some(last) = &key.valid_to {
                    let what = format!("the key {} ends", key.fingerprint.value);
                    self.note(&person.meta, Occasion::Key, what, last.value);
                }
            }
            for delegation in &person.spec.delegations {
                let what = format!("the delegation to {} ends", delegation.to.value.0);
                self.note(&person.meta, Occasion::Term, what, delegation.until.value);
            }
        }
        for role in repository.roles.iter().filter(|role| role.meta.is_live()) {
            for holder in &role.spec.holders.value {
                if let Some(last) = &holder.to {
                    let what = format!("the term of {} ends", holder.person.value.0);
                    self.note(&role.meta, Occasion::Term, what, last.value);
                }
            }
        }
    }

    fn systems(&mut self) {
        let repository = self.register.repository;
        for system in repository.systems.iter().filter(|system| system.meta.is_live()) {
            let Some(lifecycle) = &system.spec.lifecycle else {
                continue;
            };
            if let Some(day) = &lifecycle.eol_date {
                self.note(&system.meta, Occasion::Support, "the support ends", day.value);
            }
            if let Some(support) = &lifecycle.extended_support {
                let what = "the extended support ends";
                self.note(&system.meta, Occasion::Support, what, support.until.value);
            }
            for milestone in lifecycle.roadmap.iter().filter(|one| one.done.is_none()) {
                let what = format!("milestone: {}", milestone.milestone);
                self.note(&system.meta, Occasion::Milestone, what, milestone.due.value);
            }
        }
    }

    fn plans(&mut self) {
        let repository = self.register.repository;
        for risk in repository.risks.iter().filter(|risk| risk.meta.is_live()) {
            for step in &risk.spec.plan {
                let what = format!("step of the treatment: {}", step.step);
                self.note(&risk.meta, Occasion::Milestone, what, step.due.value);
            }
        }
        for soa in repository.soas.iter().filter(|soa| soa.meta.is_live()) {
            for entry in soa.spec.entries.value.iter() {
                if let Some(planned) = &entry.planned {
                    let what = format!("control {} is to be implemented", entry.control);
                    self.note(&soa.meta, Occasion::Milestone, what, planned.date.value);
                }
            }
        }
    }

    fn evidence(&mut self) {
        let repository = self.register.repository;
        for evidence in repository.evidence.iter().filter(|one| one.meta.is_live()) {
            let day = evidence.spec.retain_until.value;
            self.note(
                &evidence.meta,
                Occasion::Retention,
                "it need not be kept any longer",
                day,
            );
        }
    }
}
