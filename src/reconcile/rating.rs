//! What a finding's clock is set by: its facts, the agreement over its life, triages, the strictest on any ambiguity.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::ByVuln;
use super::clock::{
    AgreementVersion, Almanac, Course, Courses, Facts, FixWord, Freeze, Ground, Law, Override, Pause, Rated,
    Records, Sharing, SystemVersion, course, laid_out, pause_of, standing_alone, system_versions,
    versions_of,
};
use super::join::Life;
use super::judge::{Approved, Bench, is_about};
use super::moves::{Moves, Stay};
use super::register::{HostRow, SystemRow};
use super::seat::Seat;
use crate::load::Repository;
use crate::model::{
    AsOf, Calendar, CvssVector, Date, Decision, Exploit, Governor, Kind, MOST_TIMETABLE_DAYS, Meta, Record,
    RecordId, Severity, Sla, Status, System, Timetable, Triage,
};
use crate::source::Spanned;
use crate::trust::{ApprovalRules, ApprovalState, Standings};

/// What an incident sets, with the vulnerabilities that it is about; none of them means all.
pub(super) type OverrideOf<'a> = (&'a [Spanned<String>], Override);

/// What the clocks of all findings share.
pub(super) struct Clocks<'a> {
    pub(super) ground: Ground<'a>,
    /// The versions of the one agreement of each system that has one.
    agreements: BTreeMap<RecordId, Vec<AgreementVersion<'a>>>,
    /// What each system that was changed in place has said.
    changed: BTreeMap<RecordId, Vec<SystemVersion<'a>>>,
    /// Every live agreement, for what no single one governs.
    alone: Vec<AgreementVersion<'a>>,
    /// Triages that speak of a vendor's fix, those that have ended, too, by vulnerability.
    fixes: ByVuln<'a, Vec<Approved<'a>>>,
    /// The freezes of each system, by their first day.
    freezes: BTreeMap<RecordId, Vec<Freeze>>,
    /// What incidents set for each system.
    overrides: BTreeMap<RecordId, Vec<OverrideOf<'a>>>,
    /// The Systems that hosts were of before.
    moves: Moves,
}

/// Days before and after as-of for which freezes are laid out.
const FREEZE_SPAN_DAYS: i64 = MOST_TIMETABLE_DAYS / 2;

impl<'a> Clocks<'a> {
    pub(super) fn new(
        records: Records<'a>,
        systems: &BTreeMap<RecordId, SystemRow>,
        moves: Moves,
        as_of: AsOf,
    ) -> Self {
        let Records {
            repository,
            standings,
            ..
        } = records;
        let mut agreements = BTreeMap::new();
        for row in systems.values() {
            if let ([single], Some(system)) = (row.slas.as_slice(), repository.systems.get(&row.id)) {
                let versions = versions_of(records, system, single, as_of.zone());
                agreements.insert(row.id.clone(), versions);
            }
        }
        let changed = systems
            .keys()
            .filter_map(|id| Some((id.clone(), system_versions(records, id)?)));
        let calendars: Vec<&Record<Calendar>> = repository
            .calendars
            .iter()
            .filter(|calendar| {
                let is_asked = calendar.meta.declared() == Status::Submitted;
                is_asked && standings.of(Kind::Calendar, calendar.id()).counts()
            })
            .collect();
        let holidays = calendars.iter().flat_map(|calendar| &calendar.spec.holidays);
        Self {
            ground: Ground {
                as_of,
                isms: repository.isms.as_ref().map(|isms| &isms.spec),
                tables: &repository.decision_tables,
                almanac: Almanac {
                    zone: as_of.zone(),
                    holidays: holidays.map(|day| day.value).collect(),
                },
                sharing: Sharing::default(),
            },
            agreements,
            changed: changed.collect(),
            alone: standing_alone(records),
            fixes: fixes(repository, standings),
            freezes: freezes(repository, &calendars, as_of),
            overrides: overrides(repository, standings, as_of),
            moves,
        }
    }

    /// Returns the freezes of a host's system, by their first day.
    pub(super) fn freezes_of(&self, host: &HostRow) -> &[Freeze] {
        let of_system = host.system.as_ref().and_then(|id| self.freezes.get(id));
        of_system.map_or(&[], Vec::as_slice)
    }

    /// Returns what a system has said, by time; the first holds from the start.
    pub(super) fn systems_of<'s>(
        &'s self,
        system: Option<&'s Record<System>>,
    ) -> Cow<'s, [SystemVersion<'s>]> {
        match system.and_then(|system| self.changed.get(system.id())) {
            Some(versions) => Cow::Borrowed(versions),
            None => Cow::Owned(vec![SystemVersion {
                from: DateTime::<Utc>::MIN_UTC,
                loosens: true,
                system,
                by: None,
                line: 0,
            }]),
        }
    }

    /// Returns the Systems that a host has been of; none where it has always been of one.
    pub(super) fn stays(&self, host: &HostRow) -> &[Stay] {
        self.moves.get(&host.id).map_or(&[], Vec::as_slice)
    }

    /// Returns what incidents set for a host's system.
    pub(super) fn overrides_of(&self, host: &HostRow) -> &[OverrideOf<'a>] {
        let of_system = host.system.as_ref().and_then(|id| self.overrides.get(id));
        of_system.map_or(&[], Vec::as_slice)
    }

    /// Returns the one agreement of a host's system, as it governs now.
    pub(super) fn sla_of(&self, host: &HostRow) -> Option<&'a Sla> {
        let versions = self.agreements.get(host.system.as_ref()?)?;
        versions.last().map(|version| version.sla)
    }

    /// Returns by what the clocks of a host are set; on any ambiguity the strictest counts, and the reason says so.
    pub(super) fn law(&self, host: &HostRow, ambiguity: Option<&'static str>) -> Law<'_> {
        let versions = host.system.as_ref().and_then(|id| self.agreements.get(id));
        match (versions, ambiguity) {
            (Some(versions), None) => Law::Agreement(versions),
            (None, _) | (_, Some(_)) => Law::Strictest {
                versions: &self.alone,
                reason: ambiguity.unwrap_or("strictest:no-sla"),
                own: self.sla_of(host),
            },
        }
    }

    /// Returns the stays of a host that a finding has seen, each in a System with one agreement.
    ///
    /// There are none where the host has not moved since, and none on any ambiguity of where it is now.
    fn stays_since<'s>(&self, seat: &Seat<'s>, first_seen: DateTime<Utc>) -> Vec<&'s Stay> {
        let first = seat
            .stays
            .iter()
            .rposition(|stay| stay.from <= first_seen)
            .unwrap_or(0);
        let seen = seat.stays[first..].iter();
        let governed: Vec<&Stay> = seen
            .filter(|stay| self.agreements.contains_key(&stay.system))
            .collect();
        let is_here = governed
            .last()
            .is_some_and(|last| Some(&last.system) == seat.host.system.as_ref());
        if is_here && governed.len() > 1 && seat.host.candidates.is_empty() {
            governed
        } else {
            Vec::new()
        }
    }
}

fn freezes(
    repository: &Repository,
    calendars: &[&Record<Calendar>],
    as_of: AsOf,
) -> BTreeMap<RecordId, Vec<Freeze>> {
    if calendars.is_empty() {
        return BTreeMap::new();
    }
    let (first, last) = (
        as_of.day().plus_days(-FREEZE_SPAN_DAYS),
        as_of.day().plus_days(FREEZE_SPAN_DAYS),
    );
    let timetable = Timetable::new(calendars.iter().copied(), as_of.zone(), first, last);
    let of = |system: &Record<System>| -> Vec<Freeze> {
        let stretches = timetable.stretches(system).into_iter();
        stretches
            .map(|(in_force, first, last)| Freeze {
                first,
                last,
                by: governor(Kind::Calendar, &in_force.calendar.meta),
            })
            .collect()
    };
    let systems = repository.systems.iter();
    systems.map(|system| (system.id().clone(), of(system))).collect()
}

/// Collects the overrides of incidents that were approved and not revoked; they stay when the incident is closed.
///
/// An incident that was approved and has grown since, as its timeline does, still shortens times.
fn overrides<'a>(
    repository: &'a Repository,
    standings: &Standings,
    as_of: AsOf,
) -> BTreeMap<RecordId, Vec<OverrideOf<'a>>> {
    let rules = ApprovalRules::default();
    let seniors = rules.roles("senior_management");
    let mut found: BTreeMap<RecordId, Vec<OverrideOf<'_>>> = BTreeMap::new();
    for incident in &repository.incidents {
        let standing = standings.of(Kind::Incident, incident.id());
        let is_meant = matches!(incident.meta.declared(), Status::Submitted | Status::Closed);
        let is_approved = standing.counts() || standing.state == ApprovalState::Stale;
        if !is_meant || !is_approved {
            continue;
        }
        let by_senior = standing.decisions.iter().any(|decided| {
            decided.decision == Decision::Approve && decided.is_in_force() && seniors.contains(&decided.role)
        });
        for one in &incident.spec.sla_overrides {
            let (from, to) = (one.from.value.utc(), one.to.value.utc());
            if from > as_of.instant() {
                continue;
            }
            let one = Override {
                severity: one.severity,
                tier: one.tier.value.clone(),
                hours: one.hours,
                from,
                to,
                may_loosen: by_senior && standing.counts(),
                by: governor(Kind::Incident, &incident.meta),
                id: incident.id().clone(),
            };
            for system in &incident.spec.systems {
                let of_system = found.entry(system.value.0.clone()).or_default();
                of_system.push((&incident.spec.vulns, one.clone()));
            }
        }
    }
    for of_system in found.values_mut() {
        of_system.sort_by(|(_, one), (_, other)| (one.from, &one.id).cmp(&(other.from, &other.id)));
    }
    found
}

fn governor(kind: Kind, meta: &Meta) -> Governor {
    Governor::Record {
        kind,
        id: meta.id.value.clone(),
        version: meta.version.as_ref().map(|version| version.as_str().into()),
        content: None,
    }
}

/// Collects the triages that were approved and say whether there is a fix; one that ended has still paused a clock.
fn fixes<'a>(repository: &'a Repository, standings: &Standings) -> ByVuln<'a, Vec<Approved<'a>>> {
    let mut found: ByVuln<'_, Vec<Approved<'_>>> = ByVuln::default();
    for triage in &repository.triages {
        let standing = standings.of(Kind::Triage, triage.id());
        let is_meant = !matches!(triage.meta.declared(), Status::Draft | Status::Revoked);
        let approved = standing.approved.first().copied();
        if let (Some(_), Some(approved), true, true) =
            (&triage.spec.fix_available, approved, standing.counts(), is_meant)
        {
            found
                .entry(triage.spec.subject.vuln.value.as_str())
                .or_default()
                .push((triage, approved));
        }
    }
    found
}

/// The day and the level of each piece of evidence that a triage names, by day.
fn evidence(triages: &[Approved<'_>]) -> Vec<(Date, Exploit)> {
    let mut found: Vec<(Date, Exploit)> = triages
        .iter()
        .filter_map(|(triage, _)| {
            let days = triage.spec.exploit_evidence.iter();
            let day = days.map(|evidence| evidence.at.value).min()?;
            let level = match triage.spec.ssvc.get("exploitation")?.as_str() {
                "active" => Exploit::Active,
                "poc" => Exploit::Poc,
                _ => return None,
            };
            Some((day, level))
        })
        .collect();
    found.sort_unstable();
    found
}

/// The severity at the first sighting of a life, and where scanners rated it higher while it lasted.
fn severities(life: &Life) -> (Severity, Vec<(DateTime<Utc>, Severity)>) {
    let highest = life.said.severity.unwrap_or(Severity::Critical);
    let steps = &life.on_host.rises;
    let Some((_, first)) = steps.first() else {
        return (highest, Vec::new());
    };
    let first_seen = life.episode.first_seen;
    let known = steps.iter().rev().find(|(at, _)| *at <= first_seen);
    let start = known.map_or(*first, |(_, severity)| *severity);
    let later = steps.iter().filter(|(_, severity)| *severity > start);
    (start, later.copied().collect())
}

impl<'a> Bench<'a> {
    /// Returns what scanners and alerts say of exploits, by time.
    fn exploit_said(&self, life: &Life) -> Vec<(DateTime<Utc>, Exploit)> {
        let mut said = life.on_host.exploits.clone();
        self.alerts.add_to(life, &mut said);
        said
    }

    pub(super) fn facts<'s>(
        &'s self,
        life: &Life,
        seat: &'s Seat<'s>,
        triages: &[Approved<'a>],
        closed: Option<DateTime<Utc>>,
    ) -> Facts<'s> {
        let (severity, rises) = severities(life);
        let about = |vulns: &[Spanned<String>]| {
            let mut names = life.names();
            vulns.is_empty() || names.any(|name| vulns.iter().any(|vuln| vuln.value == **name))
        };
        let overrides = seat.overrides.iter().filter(|(vulns, _)| about(vulns));
        Facts {
            first_seen: life.episode.first_seen,
            closed,
            severity,
            rises,
            rated: rated(triages),
            patch_published: life.said.patch_published,
            kev: self.kev.get(&*life.vuln).copied(),
            epss: self.epss.get(&*life.vuln).copied(),
            exploit_said: self.exploit_said(life),
            evidence: evidence(triages),
            triages: triages.to_vec(),
            systems: self.systems(seat, life.episode.first_seen),
            pause: self.pause(life, seat.host),
            overrides: overrides.map(|(_, one)| one).collect(),
            freezes: seat.freezes,
        }
    }

    /// The systems that a host has been of since a finding of it, each as it was then.
    fn systems<'s>(&'s self, seat: &'s Seat<'s>, first_seen: DateTime<Utc>) -> Cow<'s, [SystemVersion<'s>]> {
        let stays = self.clocks.stays_since(seat, first_seen);
        if stays.is_empty() {
            return Cow::Borrowed(&seat.systems);
        }
        let of_stay = |stay: &&Stay| {
            let system = self.repository.systems.get(&stay.system);
            (stay.from, self.clocks.systems_of(system))
        };
        let stays: Vec<_> = stays.iter().map(of_stay).collect();
        Cow::Owned(laid_out(&stays))
    }

    fn pause(&self, life: &Life, host: &HostRow) -> Option<Pause> {
        if self.clocks.fixes.is_empty() {
            return None;
        }
        let zone = self.as_of.zone();
        let names = life.names();
        let about = names
            .filter_map(|name| self.clocks.fixes.get(&**name))
            .flatten()
            .filter(|(triage, _)| is_about(triage, host));
        let words: Vec<FixWord> = about
            .filter_map(|(triage, approved)| fix_word(triage, *approved, zone.day_of(*approved)))
            .collect();
        pause_of(&words, life.said.patch_published, &self.clocks.ground.almanac)
    }

    /// Sets the clock, with what others came to that nothing tells apart.
    pub(super) fn clock(&self, facts: &Facts<'_>, seat: &Seat<'_>, courses: &mut Courses) -> Course {
        courses.of(seat.likeness, facts, || {
            let stays = self.clocks.stays_since(seat, facts.first_seen);
            if stays.is_empty() {
                return course(facts, seat.law, &self.clocks.ground);
            }
            let of_stay = |stay: &&Stay| {
                let versions = self.clocks.agreements.get(&stay.system);
                (stay.from, Cow::Borrowed(versions.map_or(&[][..], Vec::as_slice)))
            };
            let stays: Vec<_> = stays.iter().map(of_stay).collect();
            course(facts, Law::Agreement(&laid_out(&stays)), &self.clocks.ground)
        })
    }
}

/// An approved environmental vector, with the moment of its approval; of several the gravest.
fn rated(triages: &[Approved<'_>]) -> Option<Rated> {
    let vectors = triages.iter().filter_map(|(triage, approved)| {
        let vector = CvssVector::parse(&triage.spec.cvss_env.as_ref()?.value)?;
        Some(Rated {
            at: *approved,
            severity: vector.severity()?,
            by: triage.id().clone(),
        })
    });
    vectors.max_by_key(|rated| (rated.severity, std::cmp::Reverse(rated.at)))
}

fn fix_word(triage: &Record<Triage>, approved: DateTime<Utc>, approved_on: Date) -> Option<FixWord> {
    let fix = triage.spec.fix_available.as_ref()?;
    Some(FixWord {
        is_there: fix.value,
        since: fix.since.as_ref().map_or(approved_on, |since| since.value),
        approved,
        expires: triage.spec.expires.value,
        is_ended: triage.meta.declared() != Status::Submitted,
        has_reference: fix.reference.is_some(),
        by: governor(Kind::Triage, &triage.meta),
    })
}
