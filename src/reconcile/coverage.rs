//! Which decisions stand for a finding: exceptions and risk acceptances with frozen hosts.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::load::Repository;
use crate::model::{AsOf, Date, Finding, Kind, Meta, RecordId, RiskAcceptanceType, Severity, Status};
use crate::source::Spanned;
use crate::trust::{ApprovalState, Standings};

/// A decision that may stand for findings.
pub(super) struct Coverage {
    pub(super) id: RecordId,
    pub(super) is_acceptance: bool,
    /// For a whole unsupported system rather than for vulnerabilities.
    pub(super) is_for_unsupported: bool,
    hosts: BTreeSet<String>,
    pub(super) systems: BTreeSet<RecordId>,
    /// From when it can count: its start, and not before its first approval.
    from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    pub(super) covers_exploited: bool,
    approvals: Vec<DateTime<Utc>>,
    renews: Option<RecordId>,
    /// The gravest severity that its approvers were asked about; only an exception names one.
    severity: Option<Severity>,
    /// Whether it counts by an emergency approval only.
    pub(super) is_emergency: bool,
    /// Whether all its approvals were there at some time.
    was_approved: bool,
    /// Withdrawn: revoked by its author or by an approver, or changed after it was approved.
    is_withdrawn: bool,
    /// Approved by everybody who must, refused by nobody, and not ended by its author.
    pub(super) counts: bool,
}

/// All decisions, found by vulnerability or by patch.
pub(super) struct Coverages {
    all: Vec<Coverage>,
    by_key: HashMap<String, Vec<usize>>,
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
    /// Whether decisions stood for the finding at its base due, and still when it was closed or is judged.
    pub(super) held: bool,
}

impl Coverages {
    pub(super) fn new(repository: &Repository, standings: &Standings, as_of: AsOf) -> Self {
        let mut coverages = Self {
            all: Vec::new(),
            by_key: HashMap::new(),
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
            coverage.hosts = texts(&scope.resolved);
            coverage.systems = scope
                .systems
                .iter()
                .map(|system| system.value.0.clone())
                .collect();
            coverage.covers_exploited = spec.covers_exploited;
            coverage.severity = Some(spec.severity.value);
            coverages.add(coverage, &[&scope.vulns, &scope.patches]);
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
            coverage.hosts = texts(&subject.resolved);
            coverage.systems = subject
                .systems
                .iter()
                .map(|system| system.value.0.clone())
                .collect();
            coverage.covers_exploited = spec.covers_exploited;
            coverages.add(coverage, &[&subject.vulns, &subject.patches]);
        }
        coverages
    }

    fn add(&mut self, coverage: Coverage, keys: &[&Vec<Spanned<String>>]) {
        let index = self.all.len();
        for key in keys.iter().flat_map(|keys| keys.iter()) {
            self.by_key.entry(key.value.clone()).or_default().push(index);
        }
        self.all.push(coverage);
    }

    pub(super) fn get(&self, index: usize) -> &Coverage {
        &self.all[index]
    }

    /// Finds the acceptance of an unsupported system that stands for a host of it now.
    pub(super) fn unsupported(&self, system: &RecordId, host: &str) -> Option<&Coverage> {
        self.all.iter().find(|coverage| {
            coverage.is_for_unsupported
                && coverage.counts
                && coverage.is_active(self.as_of.instant())
                && coverage.systems.contains(system)
                && (coverage.hosts.is_empty() || coverage.hosts.contains(host))
        })
    }

    /// Decides what stands for a finding; `exploited_since` is the day on which exploitation became known.
    pub(super) fn answer(&self, finding: &Finding, exploited_since: Option<Date>) -> Answer {
        let matching = self.matching(finding);
        let now = self.as_of.instant();
        let opened = finding.first_seen;
        // What ends while the finding is open leaves it late since its base due, however short the gap.
        let last = finding.closed.unwrap_or(now);
        let stood_at = |at: DateTime<Utc>| {
            matching
                .iter()
                .any(|&index| self.all[index].was_approved && self.all[index].is_active(at))
        };
        let mut answer = Answer {
            held: stood_at(finding.base_due) && stood_at(last),
            ..Answer::default()
        };
        let mut candidates: Vec<usize> = Vec::new();
        for &index in &matching {
            let coverage = &self.all[index];
            if coverage.has_lapsed(now, opened) && !self.is_renewed(coverage, &matching) {
                answer.lapsed.push(coverage.id.clone());
            }
            if !coverage.counts || !coverage.is_active(now) || self.is_spent(index, &matching) {
                continue;
            }
            if exploited_since.is_some_and(|day| !coverage.survives_exploitation(day, self.as_of)) {
                answer.suspended.push(coverage.id.clone());
                continue;
            }
            candidates.push(index);
        }
        answer.standing = self.govern(&candidates);
        answer
    }

    fn matching(&self, finding: &Finding) -> Vec<usize> {
        let keys = std::iter::once(&finding.vuln)
            .chain(&finding.aliases)
            .chain(finding.remediation.as_ref());
        let mut found: Vec<usize> = keys
            .filter_map(|key| self.by_key.get(&**key))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|&index| {
            let coverage = &self.all[index];
            // Whoever was asked about a lower severity has not decided about this finding.
            let reaches = coverage
                .severity
                .is_none_or(|severity| finding.severity <= severity);
            !coverage.is_for_unsupported && reaches && coverage.hosts.contains(&*finding.host)
        });
        found
    }

    /// Of decisions active together the earliest end governs, unless a later one renews it; an acceptance names the row.
    fn govern(&self, candidates: &[usize]) -> Option<(usize, DateTime<Utc>)> {
        let renewed: BTreeSet<&RecordId> = candidates
            .iter()
            .filter_map(|&index| self.all[index].renews.as_ref())
            .collect();
        let governing: Vec<usize> = candidates
            .iter()
            .copied()
            .filter(|&index| !renewed.contains(&self.all[index].id))
            .collect();
        let until = governing.iter().map(|&index| self.all[index].until).min()?;
        let named = governing.iter().copied().min_by_key(|&index| {
            (
                !self.all[index].is_acceptance,
                self.all[index].until,
                &self.all[index].id,
            )
        })?;
        Some((named, until))
    }

    /// After the earlier of two overlapping decisions has ended, the later counts only once approved anew, or if it renews it.
    fn is_spent(&self, index: usize, matching: &[usize]) -> bool {
        let mine = &self.all[index];
        let now = self.as_of.instant();
        matching.iter().filter(|&&other| other != index).any(|&other| {
            let other = &self.all[other];
            let overlapped = other.from <= mine.until && mine.from <= other.until;
            let ended = other.counts && other.until < now && overlapped;
            ended && !self.renews(mine, &other.id) && !mine.approvals.iter().any(|at| *at > other.until)
        })
    }

    fn renews(&self, coverage: &Coverage, id: &RecordId) -> bool {
        let mut next = coverage.renews.clone();
        for _ in 0..self.all.len() {
            match next {
                Some(renewed) if renewed == *id => return true,
                Some(renewed) => {
                    next = self
                        .all
                        .iter()
                        .find(|other| other.id == renewed)
                        .and_then(|other| other.renews.clone());
                }
                None => return false,
            }
        }
        false
    }

    fn is_renewed(&self, coverage: &Coverage, matching: &[usize]) -> bool {
        matching.iter().any(|&index| {
            let other = &self.all[index];
            other.counts && other.is_active(self.as_of.instant()) && self.renews(other, &coverage.id)
        })
    }
}

impl Coverage {
    pub(super) fn is_active(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at <= self.until
    }

    fn has_lapsed(&self, now: DateTime<Utc>, opened: DateTime<Utc>) -> bool {
        let ended = self.until < now && self.counts;
        self.was_approved && (ended || self.is_withdrawn) && opened <= self.until
    }

    /// A decision made before exploitation was known does not stand for an exploited vulnerability.
    fn survives_exploitation(&self, since: Date, as_of: AsOf) -> bool {
        self.covers_exploited && self.approvals.iter().any(|at| as_of.zone().day_of(*at) > since)
    }
}

fn base(
    meta: &Meta,
    kind: Kind,
    starts: Date,
    expires: Date,
    standings: &Standings,
    as_of: AsOf,
) -> Coverage {
    let standing = standings.of(kind, &meta.id.value);
    let approvals: Vec<DateTime<Utc>> = standing.approved.clone();
    let start = as_of.zone().start_of_day(starts).with_timezone(&Utc);
    let end = as_of.zone().end_of_day(expires).with_timezone(&Utc);
    let emergency = standing
        .emergency
        .as_ref()
        .filter(|_| standing.state == ApprovalState::Emergency);
    let fuse = emergency.map(|emergency| emergency.until);
    let declared = meta.declared();
    Coverage {
        id: meta.id.value.clone(),
        is_acceptance: false,
        is_for_unsupported: false,
        hosts: BTreeSet::new(),
        systems: BTreeSet::new(),
        from: standing.since.map_or(start, |since| start.max(since)),
        // An emergency approval ends with its fuse.
        until: fuse.map_or(end, |fuse| end.min(fuse)),
        covers_exploited: false,
        approvals,
        renews: meta.renews.as_ref().map(|id| id.value.clone()),
        severity: None,
        is_emergency: standing.state == ApprovalState::Emergency,
        was_approved: standing.since.is_some() || standing.state == ApprovalState::Stale,
        is_withdrawn: declared == Status::Revoked
            || matches!(standing.state, ApprovalState::Revoked | ApprovalState::Stale),
        counts: standing.counts() && declared == Status::Submitted,
    }
}

fn texts(values: &[Spanned<String>]) -> BTreeSet<String> {
    values.iter().map(|value| value.value.clone()).collect()
}
