//! A calendar of what ends and what is due for review.
//!
//! Each day is one event of the whole day. What nobody has approved ends nothing, and is not in it.

mod writer;

use std::collections::BTreeMap;

use super::text::organisation;
use super::{ExportKind, Exported, Request};
use crate::document::{Body, Force, Phase, Reviewed, decisions_of};
use crate::model::{Date, Kind, Meta, Status};
use crate::reconcile::Register;
use writer::{Event, calendar};

/// The calendar.
pub const ICS: ExportKind = ExportKind {
    name: "ics",
    title: "iCalendar",
    purpose: "The days on which exceptions, acceptances, triages, agreements, support and keys end, and on which reviews and milestones are due.",
    make,
};

/// Days between two reviews of an acceptance whose record tells none. Source: rule RAC001.
const ACCEPTANCE_REVIEW_DAYS: i64 = 365;

fn make(request: &Request<'_>) -> Exported {
    let mut days = Days {
        request,
        events: Vec::new(),
        seen: BTreeMap::new(),
    };
    days.decisions();
    days.triages();
    days.agreements();
    days.reviews();
    days.systems();
    days.plans();
    days.people();
    let mut events = days.events;
    events.sort_by(|one, other| {
        (one.day, &one.summary, &one.uid).cmp(&(other.day, &other.summary, &other.uid))
    });
    let mut exported = Exported::default();
    if events.is_empty() {
        exported
            .left_out
            .push("there is no day to note: nothing in force ends, and nothing is due".into());
    } else {
        let name = format!("{}: what ends and what is due", organisation(request.register));
        let tool = &request.provenance.tool_version;
        let text = calendar((&name, tool), request.register.as_of.instant(), &events);
        exported.files.insert("calendar.ics".into(), text.into_bytes());
    }
    exported
}

/// The events as they are collected.
struct Days<'a> {
    request: &'a Request<'a>,
    events: Vec<Event>,
    /// How many events have one record and one word.
    seen: BTreeMap<(String, &'static str), usize>,
}

impl<'a> Days<'a> {
    fn register(&self) -> &'a Register<'a> {
        self.request.register
    }

    /// Notes a day. The id of the event stays when the day changes, so that calendars move it.
    fn note(&mut self, meta: &Meta, (category, what): (&'static str, &str), day: Date) {
        let id = meta.id.to_string();
        let count = self.seen.entry((id.clone(), category)).or_default();
        let number = count.to_string();
        *count += 1;
        let uid = self
            .request
            .uuid(&["event", meta.kind.name(), &id, category, &number]);
        self.events.push(Event {
            uid: uid.to_string(),
            day,
            summary: format!("{id}: {what}"),
            description: format!("{}\nowner: {}\nrecord: {}", meta.title, meta.owner, meta.path),
            category,
        });
    }

    fn decisions(&mut self) {
        for row in decisions_of(self.register()) {
            let stands = match row.phase {
                Phase::Active | Phase::Expiring | Phase::Expired | Phase::NotStarted => true,
                Phase::NotApproved | Phase::Ended => false,
            };
            let what = match row.body {
                Body::Exception(_) => "the exception ends",
                Body::Acceptance(_) => "the acceptance ends",
            };
            if let Some(day) = row.expires.filter(|_| stands) {
                self.note(row.meta, ("ends", what), day);
            }
            if let (true, Body::Exception(exception)) = (stands, &row.body)
                && let Some(target) = exception.plan.as_ref().and_then(|plan| plan.target_date.as_ref())
            {
                self.note(
                    row.meta,
                    ("milestone", "the plan of the exception is due"),
                    target.value,
                );
            }
        }
    }

    fn triages(&mut self) {
        let register = self.register();
        for triage in &register.repository.triages {
            let counts = register.standings.of(Kind::Triage, triage.id()).counts();
            if counts && triage.meta.declared() == Status::Submitted {
                self.note(
                    &triage.meta,
                    ("ends", "the triage ends"),
                    triage.spec.expires.value,
                );
            }
        }
    }

    fn agreements(&mut self) {
        let register = self.register();
        for sla in &register.repository.slas {
            let expires = sla.spec.expires.value;
            match Force::of(register, &sla.meta, Some(expires)) {
                Force::Binds | Force::Expired => {
                    self.note(&sla.meta, ("ends", "the agreement ends"), expires)
                }
                Force::NotApproved | Force::Superseded | Force::Ended(_) => {}
            }
        }
    }

    fn reviews(&mut self) {
        let register = self.register();
        for meta in register.repository.records().filter(|meta| meta.is_live()) {
            let cycle = (meta.kind == Kind::RiskAcceptance).then_some(ACCEPTANCE_REVIEW_DAYS);
            if let Some(day) = Reviewed::of(register, meta, None, cycle).due {
                self.note(meta, ("review", "the review is due"), day);
            }
        }
        if let Some(isms) = &register.repository.isms
            && let Some(day) = isms.spec.certification.as_ref().and_then(|one| one.next_audit)
        {
            self.note(&isms.meta, ("audit", "the audit of the certification body"), day);
        }
    }

    fn systems(&mut self) {
        for system in &self.register().repository.systems {
            let Some(lifecycle) = system.spec.lifecycle.as_ref().filter(|_| system.meta.is_live()) else {
                continue;
            };
            if let Some(day) = &lifecycle.eol_date {
                self.note(&system.meta, ("support", "the support ends"), day.value);
            }
            if let Some(support) = &lifecycle.extended_support {
                self.note(
                    &system.meta,
                    ("support", "the extended support ends"),
                    support.until.value,
                );
            }
            for milestone in lifecycle.roadmap.iter().filter(|one| one.done.is_none()) {
                self.note(
                    &system.meta,
                    ("milestone", &milestone.milestone),
                    milestone.due.value,
                );
            }
        }
    }

    fn plans(&mut self) {
        let repository = self.register().repository;
        for risk in repository.risks.iter().filter(|risk| risk.meta.is_live()) {
            for step in &risk.spec.plan {
                self.note(&risk.meta, ("milestone", &step.step), step.due.value);
            }
        }
        for soa in repository.soas.iter().filter(|soa| soa.meta.is_live()) {
            for entry in soa.spec.entries.value.iter() {
                if let Some(planned) = &entry.planned {
                    let what = format!("control {} is to be implemented", entry.control);
                    self.note(&soa.meta, ("milestone", &what), planned.date.value);
                }
            }
        }
    }

    fn people(&mut self) {
        for person in &self.register().repository.people {
            for day in person.spec.keys.iter().filter_map(|key| key.valid_to.as_ref()) {
                self.note(&person.meta, ("ends", "a signing key ends"), day.value);
            }
        }
    }
}
