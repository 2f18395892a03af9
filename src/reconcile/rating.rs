//! How grave a finding is, and when it is due: facts, priority rules, triage, the strictest on any ambiguity.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::clock::{Due, Facts, due_by_agreement, due_without_agreement, prioritised};
use super::join::Life;
use super::judge::{Approved, Bench};
use super::register::HostRow;
use crate::model::{CvssVector, Date, Exploit, Record, Severity, Sla, System};

/// What a triage makes of severity and due date.
pub(super) struct Rating {
    pub(super) severity: Severity,
    pub(super) due: Due,
    pub(super) breached: Option<DateTime<Utc>>,
    pub(super) note: Option<Arc<str>>,
}

impl<'a> Bench<'a> {
    pub(super) fn facts(
        &self,
        life: &Life,
        system: Option<&'a Record<System>>,
        triages: &[Approved<'_>],
    ) -> Facts<'a> {
        let kev = self.kev.get(&*life.vuln).copied();
        let mut exploit = life.said.exploit;
        let mut since: Option<Date> = None;
        for (triage, _) in triages {
            let evidence = triage
                .spec
                .exploit_evidence
                .iter()
                .map(|evidence| evidence.at.value)
                .min();
            let (Some(word), Some(at)) = (triage.spec.ssvc.get("exploitation"), evidence) else {
                continue;
            };
            let level = match word.as_str() {
                "active" => Exploit::Active,
                "poc" => Exploit::Poc,
                _ => continue,
            };
            if level > exploit {
                exploit = level;
                since = Some(at);
            }
        }
        if let Some(listing) = kev
            && exploit < Exploit::Active
        {
            exploit = Exploit::Active;
            since = Some(listing.added);
        }
        Facts {
            first_seen: life.episode.first_seen,
            severity: life.said.severity.unwrap_or(Severity::Critical),
            patch_published: life.said.patch_published,
            kev,
            epss: self.epss.get(&*life.vuln).copied(),
            exploit,
            exploit_since: since,
            system,
        }
    }

    pub(super) fn sla_of(&self, host: &HostRow) -> Option<&'a Sla> {
        let row = host.system.as_ref().and_then(|id| self.systems.get(id))?;
        if let [single] = row.slas.as_slice() {
            self.repository.slas.get(single).map(|sla| &sla.spec)
        } else {
            None
        }
    }

    pub(super) fn raised(&self, facts: &Facts<'_>, host: &HostRow) -> Severity {
        self.sla_of(host)
            .map_or(facts.severity, |sla| prioritised(facts, sla))
    }

    /// The due date; on any ambiguity the strictest counts, and the reason says so.
    pub(super) fn due(&self, facts: &Facts<'_>, host: &HostRow) -> Due {
        if let (Some(sla), true) = (self.sla_of(host), host.candidates.is_empty()) {
            return due_by_agreement(
                facts,
                sla,
                self.repository.isms.as_ref().map(|isms| &isms.spec),
                self.as_of,
            );
        }
        let reason = match (&host.system, host.claims.len(), host.candidates.is_empty()) {
            (_, _, false) => "strictest:ambiguous-host",
            (None, 0, true) => "strictest:no-system",
            (None, _, true) => "strictest:several-systems",
            (Some(system), _, true) => match self.systems.get(system).map_or(0, |row| row.slas.len()) {
                0 => "strictest:no-sla",
                _ => "strictest:several-slas",
            },
        };
        let slas = self
            .repository
            .slas
            .iter()
            .filter(|sla| sla.meta.is_live())
            .map(|sla| &sla.spec);
        due_without_agreement(facts, slas, self.as_of, reason)
    }

    /// An approved environmental vector may lower or raise the severity from its approval on.
    ///
    /// A due date that had passed by then stays a recorded breach; an exploited vulnerability is never lowered.
    pub(super) fn lowered(
        &self,
        facts: &Facts<'_>,
        set: &Due,
        triages: &[Approved<'_>],
        host: &HostRow,
    ) -> Rating {
        let plain = Rating {
            severity: facts.severity,
            due: set.clone(),
            breached: None,
            note: None,
        };
        let Some((triage, approved, severity)) = triages.iter().find_map(|(triage, approved)| {
            let vector = CvssVector::parse(&triage.spec.cvss_env.as_ref()?.value)?;
            Some((triage, *approved, vector.severity()?))
        }) else {
            return plain;
        };
        let is_exploited = facts.kev.is_some() || facts.exploit == Exploit::Active;
        if severity == facts.severity || (severity < facts.severity && is_exploited) {
            return plain;
        }
        let rated = Facts {
            severity,
            first_seen: facts.first_seen,
            patch_published: facts.patch_published,
            kev: facts.kev,
            epss: facts.epss,
            exploit: facts.exploit,
            exploit_since: facts.exploit_since,
            system: facts.system,
        };
        if severity > facts.severity {
            let from_approval = self.due(
                &Facts {
                    first_seen: approved.max(facts.first_seen),
                    ..rated
                },
                host,
            );
            let due = if from_approval.at < set.at {
                from_approval
            } else {
                set.clone()
            };
            return Rating {
                severity,
                due,
                breached: None,
                note: None,
            };
        }
        let due = self.due(&rated, host);
        let breached = (set.at < approved).then_some(set.at);
        let days = breached.map(|breached| {
            self.as_of
                .zone()
                .day_of(approved)
                .days_since(self.as_of.zone().day_of(breached))
        });
        let note = days.map(|days| {
            let text = format!(
                "lowered from {} to {severity} by `{}`; the breach of {days} d before stays",
                facts.severity,
                triage.id()
            );
            Arc::from(text)
        });
        Rating {
            severity,
            due,
            breached,
            note,
        }
    }
}
