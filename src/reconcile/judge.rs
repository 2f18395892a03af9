//! From one life to one finding: severity, due date, decisions, and the first row of the table that matches.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rayon::prelude::*;

use super::ByVuln;
use super::alerts::Alerts;
use super::clock::{Breach, Course, Courses, Facts, Freeze, Late, Likenesses, Note, late, plan_by};
use super::coverage::{Answer, Coverages};
use super::environment::Environment;
use super::facts::Exposed;
use super::installs::Installs;
use super::join::Life;
use super::rating::Clocks;
use super::register::{HostRow, SystemRow};
use super::seat::Seat;
use crate::import::KevListing;
use crate::load::Repository;
use crate::model::{
    AsOf, ClockStop, CoverageRef, Date, Discrepancy, Disposition, Exploit, Finding, Fingerprint, Installed,
    Kind, Record, RecordId, Status, Triage, TriageStatus,
};
use crate::trust::Standings;

/// A triage that counts, with the moment of its first approval.
pub(super) type Approved<'a> = (&'a Record<Triage>, DateTime<Utc>);

/// Everything that a finding is judged by.
pub(super) struct Bench<'a> {
    pub(super) repository: &'a Repository,
    pub(super) standings: &'a Standings,
    pub(super) as_of: AsOf,
    /// What is due before it is due soon.
    pub(super) soon_until: DateTime<Utc>,
    pub(super) verify_hours: i64,
    pub(super) installs: &'a Installs,
    pub(super) alerts: Alerts,
    pub(super) systems: &'a BTreeMap<RecordId, SystemRow>,
    pub(super) exposed: &'a Exposed,
    pub(super) coverages: &'a Coverages<'a>,
    pub(super) kev: ByVuln<'a, KevListing>,
    pub(super) epss: ByVuln<'a, f64>,
    /// Triages that count, by vulnerability.
    pub(super) triages: ByVuln<'a, Vec<Approved<'a>>>,
    pub(super) clocks: Clocks<'a>,
}

/// Collects the triages that somebody approved and that have not ended, with the moment of approval.
pub(super) fn triages<'a>(
    repository: &'a Repository,
    standings: &Standings,
    as_of: AsOf,
) -> ByVuln<'a, Vec<Approved<'a>>> {
    let mut found: ByVuln<'_, Vec<Approved<'_>>> = ByVuln::default();
    for triage in &repository.triages {
        let standing = standings.of(Kind::Triage, triage.id());
        let approved = standing.approved.first().copied();
        let counts = standing.counts()
            && triage.meta.declared() == Status::Submitted
            && !as_of.is_past(triage.spec.expires.value);
        if let (true, Some(approved)) = (counts, approved) {
            found
                .entry(triage.spec.subject.vuln.value.as_str())
                .or_default()
                .push((triage, approved));
        }
    }
    found
}

/// What the patch of a finding may go by in a deployment tool.
fn names_of(life: &Life) -> impl Iterator<Item = &Arc<str>> + Clone {
    life.names().chain(&life.said.remediation)
}

/// One life with what it is judged by.
struct Matter<'m, 'a> {
    life: &'m Life,
    seat: &'m Seat<'m>,
    triages: Vec<Approved<'a>>,
    /// When its host was retired, where nobody has seen it after.
    retired: Option<DateTime<Utc>>,
}

impl<'a> Bench<'a> {
    /// Judges the lives of hosts in their order, each host's by vulnerability and time: nothing large is sorted after.
    pub(super) fn judge_all(&self, of_hosts: &[(&HostRow, &[Life])]) -> Vec<Finding> {
        let mut likenesses = Likenesses::default();
        let seats: Vec<Seat<'_>> = (of_hosts.iter())
            .map(|(host, _)| self.seat(host, &mut likenesses))
            .collect();
        let of_seats = seats.iter().zip(of_hosts);
        let lives: Vec<(&Life, &Seat<'_>)> = of_seats
            .flat_map(|(seat, (_, lives))| lives.iter().map(move |life| (life, seat)))
            .collect();
        let findings: Vec<Finding> = lives
            .par_iter()
            .map_init(Courses::default, |courses, (life, seat)| {
                self.judge(life, seat, courses)
            })
            .collect();
        debug_assert!(
            findings.is_sorted_by_key(|one| (&one.host, &one.vuln, one.first_seen)),
            "hosts, their vulnerabilities and the lives of each come in order"
        );
        findings
    }

    /// Judges one life on its host.
    fn judge<'s>(&'s self, life: &'s Life, seat: &'s Seat<'s>, courses: &mut Courses) -> Finding {
        let host = seat.host;
        let retired = seat.retired.filter(|retired| {
            life.episode.last_seen <= *retired && host.last_scan.is_none_or(|at| at <= *retired)
        });
        let triages = self.triages_of(life, host);
        let installed = self.installed(life);
        let closed = closed(life, seat, installed).or(retired);
        let mut facts = self.facts(life, seat, &triages, closed);
        let environment = Environment::of(life, seat, &facts);
        environment.rate(&mut facts);
        let course = self.clock(&facts, seat, courses);
        let mut finding = self.finding_of(life, seat, &facts, &course);
        environment.describe(&mut finding);
        finding.installed = installed.cloned();
        finding.discrepancy = life.discrepancy.clone().filter(|one| !is_settled(one, &triages));
        let matter = Matter {
            life,
            seat,
            triages,
            retired,
        };
        self.dispose(&mut finding, &matter, course.notes);
        finding.plan_by = self.plan_by(&finding, seat.freezes);
        if finding.closed.is_none() {
            finding.notes.extend(
                self.installs
                    .not_yet(life.host, names_of(life), self.as_of.zone()),
            );
        }
        finding
    }

    /// Returns what a deployment tool says of the patch, where it says that it is installed.
    fn installed(&self, life: &Life) -> Option<&Arc<Installed>> {
        self.installs.newest(life.host, names_of(life))
    }

    /// Tells whether an installed patch waits for a scan that confirms it.
    fn waits_for_scan(&self, finding: &Finding, host: &HostRow) -> bool {
        finding.installed.as_ref().is_some_and(|installed| {
            let until = installed.at + TimeDelta::hours(self.verify_hours.clamp(0, 1 << 20));
            let has_looked = host.last_qualifying_scan.is_some_and(|at| at > installed.at);
            !has_looked && finding.last_seen <= installed.at && self.as_of.instant() <= until
        })
    }

    /// The day before the freeze in which an open finding is due; nothing moves the date itself.
    fn plan_by(&self, finding: &Finding, freezes: &[Freeze]) -> Option<Date> {
        let is_open = finding.closed.is_none() && !finding.disposition.is_removed();
        if freezes.is_empty() || !is_open {
            return None;
        }
        plan_by(freezes, self.as_of.zone().day_of(finding.due))
    }

    fn triages_of(&self, life: &Life, host: &HostRow) -> Vec<Approved<'a>> {
        let names = life.names();
        let all = names.filter_map(|name| self.triages.get(&**name)).flatten();
        all.filter(|(triage, _)| is_about(triage, host))
            .copied()
            .collect()
    }

    fn dispose(&self, finding: &mut Finding, matter: &Matter<'_, '_>, notes: Vec<Note>) {
        let Matter { life, seat, .. } = *matter;
        let triages = &matter.triages;
        let without_fix = seat.unsupported.filter(|_| !has_vendor_fix(life, triages));
        let last = finding.closed.unwrap_or(self.as_of.instant());
        let stretches: Vec<Late> = late(&finding.segments, last).collect();
        let answer = if seat.host.candidates.is_empty() {
            let about = (finding.exploited_since, without_fix);
            self.coverages.answer(finding, seat.decisions, about, &stretches)
        } else {
            // On an ambiguous host no decision applies: it may have been made for another machine.
            Answer::of_none(&stretches)
        };
        finding.decided_at_base_due = answer.held;
        finding.breached = answer.breach.map(|breach| breach.due);
        let told = notes
            .into_iter()
            .filter_map(|note| self.told(note, answer.breach));
        finding.notes.extend(told);
        finding.disposition = if matter.retired.is_some() {
            Disposition::ClosedRetired
        } else {
            self.first_row(finding, life, seat, triages, &answer)
        };
        if finding.closed.is_none() {
            finding.suspended = answer.suspended;
            finding.lapsed = answer.lapsed;
        }
    }

    /// Returns a note's text; what gave more time is told where a breach before it stays.
    fn told(&self, note: Note, breach: Option<Breach>) -> Option<Arc<str>> {
        match note {
            Note::Plain(text) => Some(text),
            Note::MoreTime { at, text } => {
                let breach = breach.filter(|breach| breach.at < at)?;
                let zone = self.as_of.zone();
                let days = zone.day_of(at).days_since(zone.day_of(breach.due));
                Some(format!("{text}; the breach of {days} d before stays").into())
            }
        }
    }

    /// The table of dispositions from its second row on, row by row; the first that matches wins.
    fn first_row(
        &self,
        finding: &mut Finding,
        life: &Life,
        seat: &Seat<'_>,
        triages: &[Approved<'_>],
        answer: &Answer,
    ) -> Disposition {
        if finding.closed.is_some() {
            let late = finding.breached.is_some();
            return if late {
                Disposition::FixedLate
            } else {
                Disposition::FixedInTime
            };
        }
        if let Some((triage, _)) = triages.iter().find(|(triage, _)| removes(triage, life)) {
            finding.triage = Some(triage.id().clone());
            return Disposition::NotApplicable;
        }
        if seat.is_excluded {
            return Disposition::OutOfScope;
        }
        // For what is exploited and has no decision left, the rows of decisions are passed over.
        let by_decision = if finding.exploited_since.is_some() && answer.standing.is_none() {
            None
        } else {
            self.row_of_decision(finding, seat, answer)
        };
        if let Some(disposition) = by_decision {
            return disposition;
        }
        if self.waits_for_scan(finding, seat.host) {
            return Disposition::PendingVerification;
        }
        if let Some(due) = self.mitigation_due(life, seat, triages) {
            finding.due = due;
            finding.due_reason = "mitigation".into();
            return Disposition::MitigationPending;
        }
        match finding.due {
            due if due < self.as_of.instant() => Disposition::Overdue,
            due if due < self.soon_until => Disposition::DueSoon,
            _ => Disposition::Open,
        }
    }

    /// Rows 6, 6b, 7 and 8.
    fn row_of_decision(
        &self,
        finding: &mut Finding,
        seat: &Seat<'_>,
        answer: &Answer,
    ) -> Option<Disposition> {
        let standing = answer
            .standing
            .map(|(index, until)| (self.coverages.get(index), until));
        let is_for_unsupported = standing.is_some_and(|(coverage, _)| coverage.is_for_unsupported);
        let is_governed = |id: &RecordId| self.coverages.is_governed(id, &seat.host.id);
        if !is_for_unsupported && seat.unsupported.is_some_and(|id| !is_governed(id)) {
            return Some(Disposition::UnsupportedUngoverned);
        }
        let (coverage, until) = standing?;
        finding.coverage = Some(CoverageRef {
            id: coverage.id.clone(),
            until,
            is_emergency: coverage.is_emergency,
        });
        finding.due = until;
        Some(if coverage.is_for_unsupported {
            Disposition::AcceptedUnsupported
        } else if coverage.is_acceptance {
            Disposition::Accepted
        } else {
            Disposition::Deferred
        })
    }

    /// While the vendor has no fix there is a date to mitigate by; with the fix only the patch is due.
    fn mitigation_due(
        &self,
        life: &Life,
        seat: &Seat<'_>,
        triages: &[Approved<'_>],
    ) -> Option<DateTime<Utc>> {
        let sla = seat.sla?;
        let days = sla.clock.mitigate_days.filter(|_| !sla.clock.pause.is_empty())?;
        let since = triages.iter().find_map(|(triage, _)| {
            let fix = triage.spec.fix_available.as_ref()?;
            if fix.value {
                None
            } else {
                fix.since.as_ref().map(|since| since.value)
            }
        })?;
        let by_triage = triages
            .iter()
            .filter_map(|(triage, _)| triage.spec.fix_available.as_ref())
            .filter(|fix| fix.value)
            .map(|fix| fix.since.as_ref().map_or(since, |day| day.value));
        let mut fixed = by_triage.chain(life.said.patch_published.filter(|day| *day > since));
        if fixed.any(|day| day >= since && day <= self.as_of.day()) {
            return None;
        }
        let zone = self.as_of.zone();
        let due = zone
            .end_of_day(since.plus_days(i64::from(days)))
            .with_timezone(&Utc);
        (due >= self.as_of.instant()).then_some(due)
    }

    fn finding_of(&self, life: &Life, seat: &Seat<'_>, facts: &Facts<'_>, course: &Course) -> Finding {
        let (host, exploited) = (seat.host, facts.exploited(self.as_of.zone()));
        let last = course.segments.last();
        // A course has at least one segment.
        let due = last.map_or(life.episode.first_seen, |last| last.due);
        let due_reason = last.map_or_else(|| "strictest:no-sla".into(), |last| Arc::clone(&last.reason));
        Finding {
            host: Arc::clone(&host.id),
            system: host.system.clone(),
            vuln: Arc::clone(&life.vuln),
            said: Arc::clone(&life.said),
            severity: course.severity,
            environmental: None,
            kev: facts.kev.map(|listing| listing.added),
            epss: facts.epss,
            exploit: exploited.map_or(Exploit::None, |(level, _)| level),
            exploited_since: exploited
                .filter(|(level, _)| *level == Exploit::Active)
                .map(|(_, since)| since),
            alerted: self.alerts.first(life),
            patch_published: facts.patch_published,
            first_seen: life.episode.first_seen,
            last_seen: life.episode.last_seen,
            base_due: due,
            due,
            due_reason,
            segments: Arc::clone(&course.segments),
            plan_by: None,
            disposition: Disposition::Open,
            coverage: None,
            triage: None,
            suspended: Vec::new(),
            lapsed: Vec::new(),
            breached: None,
            decided_at_base_due: false,
            closed: facts.closed,
            installed: None,
            recurrence: life.episode.recurrence,
            stale: life.episode.stale,
            discrepancy: None,
            instances: life.on_host.instances,
            tier: seat.tier.clone(),
            notes: Vec::new(),
        }
    }
}

/// Returns when a life ended: with the deployment that a look confirmed, where deployments stop the clock.
fn closed(life: &Life, seat: &Seat<'_>, installed: Option<&Arc<Installed>>) -> Option<DateTime<Utc>> {
    let closed = life.episode.closed?;
    let by_deployment = seat
        .sla
        .is_none_or(|sla| sla.clock.stop == ClockStop::VerifiedDeployment);
    let installed = installed.filter(|one| by_deployment && one.at >= life.episode.last_seen);
    Some(installed.map_or(closed, |installed| closed.min(installed.at)))
}

/// A triage with frozen hosts is about those hosts only; one without is about its systems.
pub(super) fn is_about(triage: &Record<Triage>, host: &HostRow) -> bool {
    let subject = &triage.spec.subject;
    if !subject.resolved.is_empty() {
        return subject.resolved.iter().any(|name| *name.value == *host.id);
    }
    if !subject.hosts.is_empty() {
        return subject.hosts.iter().any(|name| **name == *host.id);
    }
    host.system
        .as_ref()
        .is_some_and(|system| subject.systems.iter().any(|other| other.value.0 == *system))
}

/// A fingerprint in the triage must be that of every open observation.
fn removes(triage: &Record<Triage>, life: &Life) -> bool {
    let is_removal = matches!(
        triage.spec.status,
        TriageStatus::FalsePositive | TriageStatus::NotAffected
    );
    let same_result = triage
        .spec
        .fingerprint
        .as_deref()
        .is_none_or(|expected| life.on_host.open.all_are(Fingerprint::read(expected)));
    is_removal && same_result
}

/// A triage that was approved once both Sources had spoken settles what they disagree about, whatever it found.
fn is_settled(discrepancy: &Discrepancy, triages: &[Approved<'_>]) -> bool {
    let known = discrepancy.gone_at.max(discrepancy.seen_at);
    triages.iter().any(|(triage, approved)| {
        *approved >= known && triage.spec.status != TriageStatus::UnderInvestigation
    })
}

/// Unknown means that there is a fix: not knowing never covers anything.
fn has_vendor_fix(life: &Life, triages: &[Approved<'_>]) -> bool {
    let by_triage = triages
        .iter()
        .find_map(|(triage, _)| triage.spec.fix_available.as_ref())
        .map(|fix| fix.value);
    by_triage.or(life.said.fix_available).unwrap_or(true)
}
