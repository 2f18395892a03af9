//! Clocks that were set before: most findings of a System differ in nothing that sets their clock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;

use super::{Course, Facts};
use crate::import::KevListing;
use crate::model::{Date, Exposure, RecordId, Severity};

/// What sets the clock of a finding of which nothing else is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Plain {
    first_seen: DateTime<Utc>,
    closed: Option<DateTime<Utc>>,
    severity: Severity,
    patch_published: Option<Date>,
    kev: Option<KevListing>,
    /// Its bits.
    epss: Option<u64>,
}

/// Hosts that are alike in all that sets the clocks of their findings; those that have moved are alike to none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::reconcile) struct Alike<'s> {
    pub(in crate::reconcile) system: Option<&'s RecordId>,
    /// As it is judged, which may be stricter than the record.
    pub(in crate::reconcile) exposure: Option<Exposure>,
    /// Why no single agreement counts.
    pub(in crate::reconcile) ambiguity: Option<&'static str>,
}

/// Numbers hosts; those that are alike have the same.
#[derive(Default)]
pub(in crate::reconcile) struct Likenesses<'s>(HashMap<Alike<'s>, Likeness>);

/// The number of hosts that are alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::reconcile) struct Likeness(usize);

impl<'s> Likenesses<'s> {
    pub(in crate::reconcile) fn number(&mut self, host: Alike<'s>) -> Likeness {
        let next = Likeness(self.0.len());
        *self.0.entry(host).or_insert(next)
    }
}

/// What clocks came to, by all that set them.
#[derive(Default)]
pub(in crate::reconcile) struct Courses {
    known: HashMap<(Likeness, Plain), Course, RandomState>,
}

/// So many are kept; a history of many days has findings that are alike in nothing.
const MOST: usize = 4096;

impl Courses {
    /// Returns what the clock of a finding comes to, which is worked out where none was alike.
    pub(in crate::reconcile) fn of(
        &mut self,
        hosts: Option<Likeness>,
        facts: &Facts<'_>,
        work_out: impl Fn() -> Course,
    ) -> Course {
        let Some(key) = hosts.zip(facts.plain()) else {
            return work_out();
        };
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let course = self.known.entry(key).or_insert_with(&work_out).clone();
        debug_assert_eq!(course, work_out(), "something else sets the clock");
        course
    }
}

impl Facts<'_> {
    /// Returns what sets its clock beside its host; `None` where decisions, evidence or changes do so, too.
    fn plain(&self) -> Option<Plain> {
        // Every field by its name, so that a new one cannot be forgotten here.
        let Self {
            first_seen,
            closed,
            severity,
            rises,
            rated,
            patch_published,
            kev,
            epss,
            exploit_said,
            evidence,
            triages,
            systems: _,
            pause,
            overrides,
            freezes: _,
        } = self;
        let is_plain = rises.is_empty()
            && rated.is_none()
            && exploit_said.is_empty()
            && evidence.is_empty()
            && triages.is_empty()
            && pause.is_none()
            && overrides.is_empty();
        is_plain.then_some(Plain {
            first_seen: *first_seen,
            closed: *closed,
            severity: *severity,
            patch_published: *patch_published,
            kev: *kev,
            epss: epss.map(f64::to_bits),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::Arc;

    use super::super::tests::{at, record};
    use super::super::{Override, Pause, Rated};
    use super::*;
    use crate::model::{Exploit, Governor, Kind, Record, Triage};

    fn facts<'a>() -> Facts<'a> {
        Facts {
            first_seen: at("2026-09-01T08:00:00Z"),
            closed: None,
            severity: Severity::High,
            rises: Vec::new(),
            rated: None,
            patch_published: None,
            kev: None,
            epss: None,
            exploit_said: Vec::new(),
            evidence: Vec::new(),
            triages: Vec::new(),
            systems: Cow::Owned(Vec::new()),
            pause: None,
            overrides: Vec::new(),
            freezes: &[],
        }
    }

    /// A course that is told from others by its severity.
    fn course(severity: Severity) -> Course {
        Course {
            segments: Arc::new([]),
            severity,
            notes: Vec::new(),
        }
    }

    fn triage() -> Record<Triage> {
        record(
            Kind::Triage,
            "kind: Triage\nid: tri-1\ntitle: Seen\nspec:\n  subject: {vuln: CVE-2026-1111, resolved: [app01]}\n  \
             status: affected\n  method: looked\n  evidence: []\n  expires: 2026-12-31\n",
        )
    }

    fn id(text: &str) -> RecordId {
        RecordId::new(text).unwrap()
    }

    #[test]
    fn whatever_sets_a_clock_tells_findings_apart() {
        let (then, day) = (
            at("2026-09-02T08:00:00Z"),
            Date(at("2026-09-02T08:00:00Z").date_naive()),
        );
        let by = || Governor::Regulation {
            id: "r".into(),
            edition: None,
        };
        let (triage, override_) = (
            triage(),
            Override {
                severity: Severity::High,
                tier: "tier1".into(),
                hours: 1,
                from: then,
                to: then,
                may_loosen: false,
                by: by(),
                id: id("inc-1"),
            },
        );
        type Change<'a> = Box<dyn Fn(&mut Facts<'a>) + 'a>;
        let changes: Vec<(&str, Change<'_>)> = vec![
            ("first seen", Box::new(|facts| facts.first_seen = then)),
            ("closed", Box::new(|facts| facts.closed = Some(then))),
            ("severity", Box::new(|facts| facts.severity = Severity::Low)),
            (
                "rises",
                Box::new(|facts| facts.rises = vec![(then, Severity::Critical)]),
            ),
            (
                "rated",
                Box::new(|facts| {
                    facts.rated = Some(Rated {
                        at: then,
                        severity: Severity::Low,
                        by: id("tri-1"),
                    });
                }),
            ),
            ("patch", Box::new(|facts| facts.patch_published = Some(day))),
            (
                "kev",
                Box::new(|facts| {
                    facts.kev = Some(KevListing {
                        added: day,
                        due: None,
                    })
                }),
            ),
            ("epss", Box::new(|facts| facts.epss = Some(0.5))),
            (
                "exploit said",
                Box::new(|facts| facts.exploit_said = vec![(then, Exploit::Active)]),
            ),
            (
                "evidence",
                Box::new(|facts| facts.evidence = vec![(day, Exploit::Active)]),
            ),
            ("triages", Box::new(|facts| facts.triages = vec![(&triage, then)])),
            (
                "pause",
                Box::new(|facts| {
                    facts.pause = Some(Pause {
                        since: day,
                        known: then,
                        until: None,
                        until_known: None,
                        by: by(),
                        ended_by: None,
                    });
                }),
            ),
            ("overrides", Box::new(|facts| facts.overrides = vec![&override_])),
        ];
        let hosts = Alike {
            system: None,
            exposure: None,
            ambiguity: None,
        };
        let (mut likenesses, mut courses) = (Likenesses::default(), Courses::default());
        let mut told = |hosts, facts: &Facts<'_>, severity| {
            let hosts: Option<Likeness> = Option::map(hosts, |hosts| likenesses.number(hosts));
            courses.of(hosts, facts, || course(severity)).severity
        };
        assert_eq!(told(Some(hosts), &facts(), Severity::High), Severity::High);
        for (what, change) in changes {
            let mut changed = facts();
            change(&mut changed);
            assert_eq!(
                told(Some(hosts), &changed, Severity::Low),
                Severity::Low,
                "{what}"
            );
        }
        let app = id("sys-app");
        let other_hosts = [
            None,
            Some(Alike {
                system: Some(&app),
                ..hosts
            }),
            Some(Alike {
                exposure: Some(Exposure::Internet),
                ..hosts
            }),
            Some(Alike {
                ambiguity: Some("strictest:no-sla"),
                ..hosts
            }),
        ];
        for other in other_hosts {
            assert_eq!(told(other, &facts(), Severity::Low), Severity::Low);
        }
    }
}
