//! Which decisions stand for a finding: exceptions and risk acceptances with frozen hosts.

mod past;

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use foldhash::fast::RandomState;

use super::clock::{Breach, Late};
use super::kpi::united_seconds;
use crate::load::Repository;
use crate::model::{
    AsOf, Date, Decision, Finding, Kind, Meta, RecordId, RiskAcceptanceType, Severity, Status,
};
use crate::source::Spanned;
use crate::trust::{ApprovalState, Standings};
use past::Past;

/// A decision that may stand for findings.
pub(super) struct Coverage<'a> {
    pub(super) id: &'a RecordId,
    pub(super) is_acceptance: bool,
    /// For a whole unsupported system rather than for vulnerabilities.
    pub(super) is_for_unsupported: bool,
    /// The hosts that one for a whole unsupported system is about, each once, sorted; the others are found by theirs.
    hosts: Box<[&'a str]>,
    /// The vulnerabilities and patches that a wide one names, each once, sorted; the others are found by theirs.
    keys: Box<[&'a str]>,
    pub(super) systems: Box<[&'a RecordId]>,
    /// From when it can count: its start, and not before its first approval.
    from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    pub(super) covers_exploited: bool,
    approvals: &'a [DateTime<Utc>],
    /// When an approver withdrew it, the moments that an approval followed included.
    revocations: Vec<DateTime<Utc>>,
    renews: Option<&'a RecordId>,
    /// The gravest severity that its approvers were asked about; only an exception names one.
    severity: Option<Severity>,
    /// Whether it counts by an emergency approval only.
    pub(super) is_emergency: bool,
    /// Whether all its approvals were there at some time, and it was no draft.
    was_approved: bool,
    /// Withdrawn: revoked by its author or by an approver, or changed after it was approved.
    is_withdrawn: bool,
    /// Approved by everybody who must, refused by nobody, and not ended by its author.
    pub(super) counts: bool,
}

/// The decisions about one host.
#[derive(Default)]
pub(super) struct OfHost {
    /// The number of a vulnerability or patch, and the place of a decision that names it; sorted.
    narrow: Vec<(u32, u32)>,
    /// Those that name many of them on many hosts: each pair would take too much room.
    wide: Vec<usize>,
}

/// A decision that names more pairs of a host and a vulnerability than this is wide.
const MOST_PAIRS: usize = 256;

/// All decisions, found by host and there by vulnerability or patch.
pub(super) struct Coverages<'a> {
    all: Vec<Coverage<'a>>,
    /// What decisions name, numbered.
    numbers: HashMap<&'a str, u32, RandomState>,
    by_host: HashMap<&'a str, OfHost, RandomState>,
    /// Those that another decision renews, by id.
    renewed: HashMap<&'a RecordId, usize, RandomState>,
    /// Those for whole unsupported systems, by system.
    by_unsupported: HashMap<&'a RecordId, Vec<usize>>,
    as_of: AsOf,
}

/// What the decisions come to for one finding.
#[derive(Default)]
pub(super) struct Answer {
    /// The decision that names the disposition, and the moment at which the decisions end.
    pub(super) standing: Option<(usize, DateTime<Utc>)>,
    /// Set aside because the vulnerability is exploited.
    pub(super) suspended: Vec<RecordId>,
    /// Ended, or withdrawn, while the finding was open.
    pub(super) lapsed: Vec<RecordId>,
    /// Whether decisions stood for the finding from its base due on, until it was closed or is judged.
    pub(super) held: bool,
    /// The first due date that passed with nothing standing for the finding.
    pub(super) breach: Option<Breach>,
}

impl Answer {
    /// Where nothing stands for a finding, the first date that passed is the breach.
    pub(super) fn of_none(late: &[Late]) -> Self {
        Self {
            breach: late.first().map(Late::breach),
            ..Self::default()
        }
    }
}

impl<'a> Coverages<'a> {
    pub(super) fn new(repository: &'a Repository, standings: &'a Standings, as_of: AsOf) -> Self {
        let mut coverages = Self {
            all: Vec::with_capacity(repository.exceptions.len() + repository.acceptances.len()),
            numbers: HashMap::default(),
            by_host: HashMap::default(),
            renewed: HashMap::default(),
            by_unsupported: HashMap::new(),
            as_of,
        };
        for exception in &repository.exceptions {
            let (scope, spec) = (&exception.spec.scope, &exception.spec);
            let mut coverage = base(
                &exception.meta,
                Kind::Exception,
                spec.starts.value,
                spec.expires.value,
                standings,
                as_of,
            );
            coverage.systems = once(scope.systems.iter().map(|system| &system.value.0));
            coverage.covers_exploited = spec.covers_exploited;
            coverage.severity = Some(spec.severity.value);
            coverages.add(coverage, &scope.resolved, [&scope.vulns, &scope.patches]);
        }
        for acceptance in &repository.acceptances {
            let (subject, spec) = (&acceptance.spec.subject, &acceptance.spec);
            let Some(expires) = spec.expires else { continue };
            let kind = Kind::RiskAcceptance;
            let mut coverage = base(
                &acceptance.meta,
                kind,
                spec.starts.value,
                expires.value,
                standings,
                as_of,
            );
            coverage.is_acceptance = true;
            coverage.is_for_unsupported = spec.acceptance_type == RiskAcceptanceType::UnsupportedSystem;
            coverage.systems = once(subject.systems.iter().map(|system| &system.value.0));
            coverage.covers_exploited = spec.covers_exploited;
            coverages.add(coverage, &subject.resolved, [&subject.vulns, &subject.patches]);
        }
        coverages.sort();
        coverages.find_renewed();
        coverages
    }

    fn add(
        &mut self,
        mut coverage: Coverage<'a>,
        hosts: &'a [Spanned<String>],
        keys: [&'a [Spanned<String>]; 2],
    ) {
        let index = self.all.len();
        if coverage.is_for_unsupported {
            coverage.hosts = once(hosts.iter().map(|host| host.value.as_str()));
            for system in &coverage.systems {
                self.by_unsupported.entry(system).or_default().push(index);
            }
        } else {
            let is_wide = (keys[0].len() + keys[1].len()).saturating_mul(hosts.len()) > MOST_PAIRS;
            if is_wide {
                coverage.keys = once(keys.into_iter().flatten().map(|key| key.value.as_str()));
            }
            self.add_by_host(index, is_wide, hosts, keys);
        }
        self.all.push(coverage);
    }

    #[expect(clippy::iter_over_hash_type, reason = "each is sorted by itself")]
    fn sort(&mut self) {
        for of_host in self.by_host.values_mut() {
            of_host.narrow.sort_unstable();
        }
    }

    fn find_renewed(&mut self) {
        let ids: HashSet<&RecordId, RandomState> =
            self.all.iter().filter_map(|coverage| coverage.renews).collect();
        for (index, coverage) in self.all.iter().enumerate() {
            if ids.contains(coverage.id) {
                self.renewed.entry(coverage.id).or_insert(index);
            }
        }
    }

    fn add_by_host(
        &mut self,
        index: usize,
        is_wide: bool,
        hosts: &'a [Spanned<String>],
        keys: [&'a [Spanned<String>]; 2],
    ) {
        let place = u32::try_from(index).ok().filter(|_| !is_wide);
        let mut numbers = Vec::new();
        for key in keys.into_iter().flatten() {
            let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            numbers.push(*self.numbers.entry(&key.value).or_insert(next));
        }
        for host in hosts {
            let of_host = self.by_host.entry(&host.value).or_default();
            match place {
                Some(place) => of_host
                    .narrow
                    .extend(numbers.iter().map(|number| (*number, place))),
                None => of_host.wide.push(index),
            }
        }
    }

    /// Sums up the seconds between two moments in which exceptions stood for a finding, each once.
    pub(super) fn deferred_seconds(
        &self,
        finding: &Finding,
        of_host: Option<&OfHost>,
        (begin, end): (DateTime<Utc>, DateTime<Utc>),
    ) -> u64 {
        let matching = self.matching(finding, of_host, None);
        if matching.is_empty() {
            return 0;
        }
        let zone = self.as_of.zone();
        let exploited = finding.exploited_since.map(|day| (day, zone.start_of_day(day)));
        let spans = matching.into_iter().filter_map(|index| {
            let coverage = &self.all[index];
            let (from, until) = coverage.stood(self.as_of).filter(|_| !coverage.is_acceptance)?;
            let mut last = until.min(end).min(finding.closed.unwrap_or(end));
            if let Some((day, since)) = exploited
                && !coverage.survives_exploitation(day, end, self.as_of)
            {
                last = last.min(since.with_timezone(&Utc));
            }
            let first = from.max(finding.first_seen).max(begin);
            (first < last).then_some((first, last))
        });
        united_seconds(spans.collect())
    }

    /// Returns the decisions about a host.
    pub(super) fn of_host(&self, host: &str) -> Option<&OfHost> {
        self.by_host.get(host)
    }

    pub(super) fn get(&self, index: usize) -> &Coverage<'a> {
        &self.all[index]
    }

    /// Tells whether an acceptance of an unsupported system stands for a host of it now.
    pub(super) fn is_governed(&self, system: &RecordId, host: &str) -> bool {
        let indexes = self.by_unsupported.get(system).map_or(&[][..], Vec::as_slice);
        indexes.iter().map(|&index| &self.all[index]).any(|coverage| {
            coverage.counts && coverage.is_active(self.as_of.instant()) && coverage.is_for(host)
        })
    }

    /// Decides what stands for a finding; `exploited_since` is the day on which exploitation became known.
    ///
    /// `of_host` are the decisions about its host, and `unsupported` is its system, where that is unsupported and the
    /// vendor has no fix; `late` are the stretches in which a due date had passed.
    pub(super) fn answer(
        &self,
        finding: &Finding,
        of_host: Option<&OfHost>,
        (exploited_since, unsupported): (Option<Date>, Option<&RecordId>),
        late: &[Late],
    ) -> Answer {
        let matching = self.matching(finding, of_host, unsupported);
        if matching.is_empty() {
            return Answer::of_none(late);
        }
        let now = self.as_of.instant();
        let past = Past::new(self, finding, exploited_since, &matching);
        let mut answer = Answer {
            held: past.held(finding),
            breach: late.iter().find_map(|late| past.breach(late)),
            ..Answer::default()
        };
        let mut candidates: Vec<usize> = Vec::new();
        for &index in &matching {
            let coverage = &self.all[index];
            if coverage.has_lapsed(now, finding.first_seen) && !self.is_renewed(coverage, &matching) {
                answer.lapsed.push(coverage.id.clone());
            }
            let is_spent = || self.is_spent(index, &matching, now, &|other| other.counts);
            if !coverage.counts || !coverage.is_active(now) || is_spent() {
                continue;
            }
            if exploited_since.is_some_and(|day| !coverage.survives_exploitation(day, now, self.as_of)) {
                answer.suspended.push(coverage.id.clone());
                continue;
            }
            candidates.push(index);
        }
        answer.standing = self.govern(&candidates);
        answer
    }

    fn matching(
        &self,
        finding: &Finding,
        of_host: Option<&OfHost>,
        unsupported: Option<&RecordId>,
    ) -> Vec<usize> {
        let keys = finding.names().chain(finding.said.remediation.as_ref());
        let mut found: Vec<usize> = Vec::new();
        if let Some(of_host) = of_host {
            for number in keys.clone().filter_map(|key| self.numbers.get(&**key)) {
                let start = of_host.narrow.partition_point(|(known, _)| known < number);
                let of_key = of_host.narrow[start..].iter();
                let of_key = of_key.take_while(|(known, _)| known == number);
                found.extend(of_key.map(|(_, place)| *place as usize));
            }
            let names = |index: &usize| {
                keys.clone()
                    .any(|key| self.all[*index].keys.binary_search(&&**key).is_ok())
            };
            found.extend(of_host.wide.iter().copied().filter(names));
        }
        found.sort_unstable();
        found.dedup();
        // Whoever was asked about a lower severity has not decided about this finding.
        found.retain(|&index| {
            let asked = self.all[index].severity;
            asked.is_none_or(|severity| finding.severity <= severity)
        });
        let of_system = unsupported.and_then(|system| self.by_unsupported.get(system));
        let is_for_host = |index: &usize| self.all[*index].is_for(&finding.host);
        found.extend(of_system.into_iter().flatten().copied().filter(is_for_host));
        found
    }

    /// Of decisions active together the earliest end governs, unless a later one renews it; an acceptance names the row.
    fn govern(&self, candidates: &[usize]) -> Option<(usize, DateTime<Utc>)> {
        let renewed: BTreeSet<&RecordId> = candidates
            .iter()
            .filter_map(|&index| self.all[index].renews)
            .collect();
        let governing: Vec<usize> = candidates
            .iter()
            .copied()
            .filter(|&index| !renewed.contains(&self.all[index].id))
            .collect();
        let until = governing.iter().map(|&index| self.all[index].until).min()?;
        let named = governing.iter().copied().min_by_key(|&index| {
            (
                !self.all[index].is_for_unsupported,
                !self.all[index].is_acceptance,
                self.all[index].until,
                &self.all[index].id,
            )
        })?;
        Some((named, until))
    }

    /// After the earlier of two overlapping decisions has ended, the later counts only once approved anew, or if it renews it.
    fn is_spent(
        &self,
        index: usize,
        matching: &[usize],
        at: DateTime<Utc>,
        lives: &dyn Fn(&Coverage<'_>) -> bool,
    ) -> bool {
        let mine = &self.all[index];
        matching.iter().filter(|&&other| other != index).any(|&other| {
            let other = &self.all[other];
            let stood = other.from <= other.until;
            let overlapped = stood && other.from <= mine.until && mine.from <= other.until;
            let ended = lives(other) && other.until < at && overlapped;
            let is_anew = |approved: &DateTime<Utc>| other.until < *approved && *approved <= at;
            ended && !self.renews(mine, other.id) && !mine.approvals.iter().any(is_anew)
        })
    }

    /// Follows renewals back; a circle of them renews nothing.
    fn renews(&self, coverage: &Coverage<'_>, id: &RecordId) -> bool {
        let mut passed: HashSet<&RecordId> = HashSet::new();
        let mut next = coverage.renews;
        while let Some(renewed) = next.filter(|renewed| passed.insert(*renewed)) {
            if renewed == id {
                return true;
            }
            next = self
                .renewed
                .get(renewed)
                .and_then(|&index| self.all[index].renews);
        }
        false
    }

    fn is_renewed(&self, coverage: &Coverage<'_>, matching: &[usize]) -> bool {
        matching.iter().any(|&index| {
            let other = &self.all[index];
            other.counts && other.is_active(self.as_of.instant()) && self.renews(other, coverage.id)
        })
    }
}

impl Coverage<'_> {
    pub(super) fn is_active(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at <= self.until
    }

    /// Returns from when it stood, and the first moment at which it no longer does; `None` where it never did.
    ///
    /// What its author has ended, or changed, has no date in the record: it stood until as-of at the latest.
    pub(super) fn stood(&self, as_of: AsOf) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let mut until = self.until + TimeDelta::seconds(1);
        let revoked = self.revocations.iter().filter(|at| self.is_revoked(**at)).min();
        if let Some(revoked) = revoked {
            until = until.min(*revoked);
        } else if !self.counts {
            until = until.min(as_of.instant());
        }
        (self.was_approved && self.from < until).then_some((self.from, until))
    }

    /// Tells whether a host of the systems is meant: each, or those that are frozen.
    fn is_for(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.binary_search(&host).is_ok()
    }

    /// Tells whether an approver had withdrawn it at a moment, and nobody approved it again.
    fn is_revoked(&self, at: DateTime<Utc>) -> bool {
        let last = |moments: &[DateTime<Utc>]| moments.iter().copied().filter(|one| *one <= at).max();
        last(&self.revocations).is_some_and(|revoked| last(self.approvals) <= Some(revoked))
    }

    fn has_lapsed(&self, now: DateTime<Utc>, opened: DateTime<Utc>) -> bool {
        let ended = self.until < now && self.counts;
        self.was_approved && (ended || self.is_withdrawn) && opened <= self.until
    }

    /// A decision made before exploitation was known does not stand for an exploited vulnerability.
    fn survives_exploitation(&self, since: Date, at: DateTime<Utc>, as_of: AsOf) -> bool {
        let mut known = self.approvals.iter().filter(|approved| **approved <= at);
        self.covers_exploited && known.any(|approved| as_of.zone().day_of(*approved) > since)
    }
}

fn base<'a>(
    meta: &'a Meta,
    kind: Kind,
    starts: Date,
    expires: Date,
    standings: &'a Standings,
    as_of: AsOf,
) -> Coverage<'a> {
    let standing = standings.of(kind, &meta.id.value);
    let start = as_of.zone().start_of_day(starts).with_timezone(&Utc);
    let end = as_of.zone().end_of_day(expires).with_timezone(&Utc);
    let emergency = standing
        .emergency
        .as_ref()
        .filter(|_| standing.state == ApprovalState::Emergency);
    let fuse = emergency.map(|emergency| emergency.until);
    let declared = meta.declared();
    let withdrawals = standing.decisions.iter().filter(|decided| {
        decided.counts() && matches!(decided.decision, Decision::Revoke | Decision::ReviewEnd)
    });
    Coverage {
        id: &meta.id.value,
        is_acceptance: false,
        is_for_unsupported: false,
        hosts: Box::default(),
        keys: Box::default(),
        systems: Box::default(),
        from: standing.since.map_or(start, |since| start.max(since)),
        // An emergency approval ends with its fuse.
        until: fuse.map_or(end, |fuse| end.min(fuse)),
        covers_exploited: false,
        approvals: &standing.approved,
        revocations: withdrawals.map(|decided| decided.at).collect(),
        renews: meta.renews.as_ref().map(|id| &id.value),
        severity: None,
        is_emergency: standing.state == ApprovalState::Emergency,
        was_approved: declared != Status::Draft
            && (standing.since.is_some() || standing.state == ApprovalState::Stale),
        is_withdrawn: declared == Status::Revoked
            || matches!(standing.state, ApprovalState::Revoked | ApprovalState::Stale),
        counts: standing.counts() && declared == Status::Submitted,
    }
}

/// Sorts what records name, each once.
fn once<T: Ord>(named: impl Iterator<Item = T>) -> Box<[T]> {
    let mut named: Vec<T> = named.collect();
    named.sort_unstable();
    named.dedup();
    named.into()
}
