//! Every decision of a repository judged, and what they come to for each record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::authority::{Capacity, is_grant, objections};
use super::canonical::{configuration_digest, digest};
use super::facts::Facts;
use super::flaw::Flaw;
use super::matching::{Met, answer};
use super::matrix::{Demand, configuration_demands, demands, is_always_demanded};
use super::rules::ApprovalRules;
use super::standing::{
    ApprovalState, CONFIGURATION_ID, CONFIGURATION_KIND, Decided, Emergency, Standing, Standings,
};
use super::verdict::{Basis, Bench, Testimony};
use crate::load::{ApprovalFile, Repository};
use crate::model::{Decision, Kind, Meta, RecordId, Status};

/// What the approvals are judged by.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Later decisions are not yet made.
    pub at: DateTime<Utc>,
    /// Whose keys, people, roles and matrix are believed.
    pub basis: Basis<'a>,
    /// The trust of the change itself, where another is believed: it only tells what the change brings.
    pub own: Option<Basis<'a>>,
    pub rules: ApprovalRules,
    pub testimony: Arc<Testimony>,
    /// The records that the change touches: each of them needs its approvals, whatever its kind.
    pub changed: BTreeSet<RecordId>,
}

impl<'a> Question<'a> {
    /// Asks about a repository that is judged by itself.
    pub fn of_itself(repository: &'a Repository, at: DateTime<Utc>) -> Self {
        Self {
            at,
            basis: Basis::of(repository),
            own: None,
            rules: ApprovalRules::default(),
            testimony: Arc::default(),
            changed: BTreeSet::new(),
        }
    }
}

/// Judges a repository by itself, with the default rules.
pub fn standings(repository: &Repository, at: DateTime<Utc>) -> Standings {
    judge(repository, &Question::of_itself(repository, at))
}

/// Judges every approval and returns the standing of every record.
pub fn judge(repository: &Repository, question: &Question<'_>) -> Standings {
    judge_some(repository, question, |_, _| true)
}

/// Judges the approvals of the subjects that are wanted, by the name of the kind and the id.
pub(super) fn judge_some(
    repository: &Repository,
    question: &Question<'_>,
    is_wanted: impl Fn(&str, &RecordId) -> bool,
) -> Standings {
    let mut files: BTreeMap<(Box<str>, RecordId), Vec<&ApprovalFile>> = BTreeMap::new();
    for file in &repository.approvals {
        let subject = &file.approval.subject.value;
        if !is_wanted(&subject.kind, &subject.id) {
            continue;
        }
        files
            .entry((subject.kind.as_str().into(), subject.id.clone()))
            .or_default()
            .push(file);
    }
    let mut by_subject = BTreeMap::new();
    let wanted = |meta: &&Meta| is_wanted(meta.kind.name(), &meta.id.value);
    for meta in repository.records().filter(wanted) {
        let key: (Box<str>, RecordId) = (meta.kind.name().into(), meta.id.value.clone());
        let of_record = files.remove(&key).unwrap_or_default();
        let standing = of_record_standing(repository, question, meta, &of_record);
        by_subject.insert(key, standing);
    }
    let configuration_id = RecordId::new(CONFIGURATION_ID);
    if let Some(id) = configuration_id.filter(|id| is_wanted(CONFIGURATION_KIND, id)) {
        let key: (Box<str>, RecordId) = (CONFIGURATION_KIND.into(), id);
        let of_it = files.remove(&key).unwrap_or_default();
        by_subject.insert(key, configuration(repository, question, &of_it));
    }
    // What is left names no record; its signatures are judged all the same.
    for (key, left) in files {
        let judge = Judge {
            repository,
            question,
            record: None,
            current: None,
        };
        by_subject.insert(key, judge.conclude(&left, Vec::new(), false));
    }
    Standings::new(by_subject)
}

/// Judges the approvals of the configuration alone.
pub fn judge_configuration(repository: &Repository, question: &Question<'_>) -> Standing {
    let is_of_it = |file: &&ApprovalFile| {
        let subject = &file.approval.subject.value;
        subject.kind == CONFIGURATION_KIND && subject.id.as_str() == CONFIGURATION_ID
    };
    let files: Vec<&ApprovalFile> = repository.approvals.iter().filter(is_of_it).collect();
    configuration(repository, question, &files)
}

fn of_record_standing(
    repository: &Repository,
    question: &Question<'_>,
    meta: &Meta,
    files: &[&ApprovalFile],
) -> Standing {
    let believed = question.basis.repository;
    let facts = Facts::of(repository, believed, meta);
    let demands = demands(repository, believed, &facts, &question.rules);
    let is_demanded = match meta.declared() {
        Status::Draft => false,
        // What has ended needs nothing more, but counts for the past only as it was approved.
        Status::Closed | Status::Revoked | Status::Superseded => is_always_demanded(meta.kind),
        Status::Submitted => is_always_demanded(meta.kind) || question.changed.contains(&meta.id.value),
    };
    // A standard change is approved with its template, an incident only where it overrides agreed times.
    let needs_none = demands.is_empty() && matches!(meta.kind, Kind::Change | Kind::Incident);
    let is_demanded = is_demanded && !needs_none;
    // A digest costs a second reading of the file, and only approvals are compared with it.
    let current = if files.is_empty() {
        None
    } else {
        digest(repository, meta).ok()
    };
    let judge = Judge {
        repository,
        question,
        record: Some((meta, &facts)),
        current,
    };
    judge.conclude(files, demands, is_demanded)
}

/// Judges a content that a record has had by some decisions; `past` holds the record as it was.
pub(super) fn judge_content(
    repository: &Repository,
    question: &Question<'_>,
    (past, meta): (&Repository, &Meta),
    (digest, files): (&str, &[&ApprovalFile]),
) -> Standing {
    let believed = question.basis.repository;
    let facts = Facts::of(past, believed, meta);
    let demands = demands(past, believed, &facts, &question.rules);
    let judge = Judge {
        repository,
        question,
        record: Some((meta, &facts)),
        current: Some(digest.to_owned()),
    };
    judge.conclude(files, demands, true)
}

fn configuration(repository: &Repository, question: &Question<'_>, files: &[&ApprovalFile]) -> Standing {
    let is_demanded = question.changed.iter().any(|id| id.as_str() == CONFIGURATION_ID);
    let judge = Judge {
        repository,
        question,
        record: None,
        current: configuration_digest(repository).ok(),
    };
    let demands = configuration_demands(question.basis.repository, &question.rules);
    judge.conclude(files, demands, is_demanded)
}

struct Judge<'a> {
    repository: &'a Repository,
    question: &'a Question<'a>,
    record: Option<(&'a Meta, &'a Facts<'a>)>,
    current: Option<String>,
}

impl Judge<'_> {
    fn conclude(self, files: &[&ApprovalFile], demands: Vec<Demand>, is_demanded: bool) -> Standing {
        let question = self.question;
        let mut decisions: Vec<Decided> = files
            .iter()
            .filter(|file| {
                file.approval.at.value.utc() <= question.at || self.ahead_of_commit(file).is_some()
            })
            .filter(|file| file.approval.subject.fragment.is_empty())
            .map(|file| self.decided(file))
            .collect();
        decisions.sort_by(|one, other| (one.at, &one.path).cmp(&(other.at, &other.path)));
        overtake(&mut decisions);
        self.age(&mut decisions);
        override_earlier(&mut decisions);
        let met = answer(&question.basis, demands, &decisions);
        let emergency = self.emergency(&decisions);
        let grants = || {
            let grants = decisions
                .iter()
                .filter(|decided| decided.decision == Decision::Approve);
            grants.filter(|decided| decided.counts())
        };
        let approved: Vec<DateTime<Utc>> = grants().map(|decided| decided.at).collect();
        let state = self.state(&decisions, &met, is_demanded, emergency.as_ref());
        let since = match state {
            ApprovalState::Emergency => emergency.as_ref().map(|emergency| emergency.at),
            ApprovalState::Absent
            | ApprovalState::Pending
            | ApprovalState::Approved
            | ApprovalState::Stale
            | ApprovalState::Rejected
            | ApprovalState::Revoked => self.complete_since(&decisions, &met, is_demanded, &approved),
        };
        Standing {
            state,
            digest: self.current,
            demands: met,
            is_demanded,
            decisions,
            since,
            approved,
            emergency,
        }
    }

    /// Returns the commit time of a decision that claims to be younger than the commit that brought it, and than now.
    ///
    /// What is younger than a past moment and honest about it is only not yet made.
    fn ahead_of_commit(&self, file: &ApprovalFile) -> Option<DateTime<Utc>> {
        let question = self.question;
        let committed = question.testimony.earlier_commit(file, &question.rules)?;
        (committed <= question.at && file.approval.at.value.utc() > question.at).then_some(committed)
    }

    fn decided(&self, file: &ApprovalFile) -> Decided {
        let approval = &file.approval;
        let covers_current = self.current.as_deref() == Some(approval.subject.digest.as_str());
        let (fingerprint, capacity, mut flaws) = self.by_basis(file, covers_current);
        if let Some(committed) = self.ahead_of_commit(file) {
            let flaw = Flaw::AfterCommit { committed };
            if !flaws.contains(&flaw) {
                flaws.push(flaw);
            }
        }
        Decided {
            person: approval.person.value.0.clone(),
            role: approval.role.value.0.clone(),
            decision: approval.decision,
            at: approval.at.value.utc(),
            digest: approval.subject.digest.clone(),
            reason: approval.reason.clone().unwrap_or_default(),
            path: Arc::clone(&file.path),
            file: file.file,
            span: approval.subject.span,
            fingerprint,
            capacity,
            covers_current,
            is_overridden: false,
            flaws,
        }
    }

    /// Judges by what is believed; where that fails and the change's own trust would do, the change is to blame.
    fn by_basis(
        &self,
        file: &ApprovalFile,
        covers_current: bool,
    ) -> (Option<String>, Option<Capacity>, Vec<Flaw>) {
        let judged = self.judged(&self.question.basis, file, covers_current);
        let Some(own) = self.question.own.as_ref().filter(|_| !judged.2.is_empty()) else {
            return judged;
        };
        let (_, _, by_itself) = self.judged(own, file, covers_current);
        let (fingerprint, capacity, flaws) = judged;
        let flaws = flaws.into_iter().map(|flaw| {
            let is_revoked = matches!(&flaw, Flaw::Signature(super::sshsig::VerifyError::Revoked { .. }));
            if by_itself.contains(&flaw) || is_revoked {
                flaw
            } else {
                Flaw::TrustFromChange {
                    because: Box::new(flaw),
                }
            }
        });
        (fingerprint, capacity, flaws.collect())
    }

    fn judged(
        &self,
        basis: &Basis<'_>,
        file: &ApprovalFile,
        covers_current: bool,
    ) -> (Option<String>, Option<Capacity>, Vec<Flaw>) {
        let question = self.question;
        let bench = Bench {
            basis,
            rules: &question.rules,
            testimony: &question.testimony,
        };
        let text = self
            .repository
            .sources
            .get(file.file)
            .map(|source| Arc::clone(&source.text));
        let (fingerprint, mut flaws) = match bench.signature(text.as_deref().unwrap_or_default(), file) {
            Ok(fingerprint) => (Some(fingerprint), Vec::new()),
            Err(flaw) => (None, vec![flaw]),
        };
        // Facts are those of the content as it is; of another content only person and role can be judged.
        let record = self.record.filter(|_| covers_current);
        let is_about_content = matches!(file.approval.decision, Decision::Approve | Decision::ReviewKeep);
        if is_about_content && !covers_current {
            // What it covers is gone, so that nothing is told of it; but only a valid one overtakes another.
            let (capacity, found) = bench.authority(file, None);
            return (fingerprint, capacity.filter(|_| found.is_empty()), flaws);
        }
        let (capacity, found) = bench.authority(file, record);
        flaws.extend(found);
        (fingerprint, capacity, flaws)
    }

    /// An approval ages from its day, or from the latest review that kept the same content.
    fn age(&self, decisions: &mut [Decided]) {
        let kind = self
            .record
            .map_or(CONFIGURATION_KIND, |(meta, _)| meta.kind.name());
        let Some(max) = self.question.rules.max_age_days.get(kind).copied() else {
            return;
        };
        // Only a role that may approve the record prolongs its approvals; others may review it all the same.
        let believed = self.question.basis.repository;
        let facts = self.record.map(|(_, facts)| facts);
        let kept = decisions
            .iter()
            .filter(|decided| decided.decision == Decision::ReviewKeep && decided.counts())
            .filter(|decided| objections(believed, &decided.role, kind, facts).is_empty())
            .map(|decided| decided.at)
            .max();
        for decided in decisions.iter_mut() {
            let from = kept.map_or(decided.at, |kept| kept.max(decided.at));
            let days = (self.question.at - from).num_days();
            if decided.decision == Decision::Approve && decided.counts() && days > max {
                decided.flaws.push(Flaw::TooOld { days, max });
            }
        }
    }

    /// Finds the emergency approval with the longest fuse; the strictest Policy says how long that is.
    fn emergency(&self, decisions: &[Decided]) -> Option<Emergency> {
        let believed = self.question.basis.repository;
        let policies = believed.policies.iter().filter(|policy| policy.meta.is_live());
        let hours = policies
            .filter_map(|policy| policy.spec.emergency.as_ref())
            .map(|emergency| emergency.fuse_hours)
            .min()?;
        let roles = self.question.rules.roles("emergency_approver");
        let last = decisions.iter().rfind(|decided| {
            decided.decision == Decision::Approve && decided.is_in_force() && roles.contains(&decided.role)
        })?;
        Some(Emergency {
            person: last.person.clone(),
            at: last.at,
            until: last.at + TimeDelta::hours(i64::from(hours)),
        })
    }

    fn state(
        &self,
        decisions: &[Decided],
        met: &[Met],
        is_demanded: bool,
        emergency: Option<&Emergency>,
    ) -> ApprovalState {
        let in_force = |wanted: &[Decision]| {
            let mut found = decisions
                .iter()
                .filter(|decided| wanted.contains(&decided.decision));
            found.any(Decided::is_in_force)
        };
        if in_force(&[Decision::Revoke, Decision::ReviewEnd]) {
            return ApprovalState::Revoked;
        }
        if in_force(&[Decision::Reject]) {
            return ApprovalState::Rejected;
        }
        let has_grant = in_force(&[Decision::Approve]);
        let is_complete = met.iter().all(Met::is_met) && (!met.is_empty() || has_grant);
        if is_complete || (!is_demanded && has_grant) {
            return ApprovalState::Approved;
        }
        if emergency.is_some_and(|emergency| self.question.at <= emergency.until) {
            return ApprovalState::Emergency;
        }
        let is_stale = decisions.iter().any(|decided| {
            is_grant(decided.decision) && !decided.covers_current && decided.fingerprint.is_some()
        });
        match (has_grant, is_stale) {
            (true, _) => ApprovalState::Pending,
            (false, true) => ApprovalState::Stale,
            (false, false) => ApprovalState::Absent,
        }
    }

    /// Finds the approval with which all were there.
    fn complete_since(
        &self,
        decisions: &[Decided],
        met: &[Met],
        is_demanded: bool,
        approved: &[DateTime<Utc>],
    ) -> Option<DateTime<Utc>> {
        if met.is_empty() || !is_demanded {
            return approved.first().copied();
        }
        let demands = || met.iter().map(|met| met.demand.clone()).collect();
        approved.iter().copied().find(|until| {
            let so_far: Vec<Decided> = decisions
                .iter()
                .filter(|decided| decided.at <= *until)
                .cloned()
                .collect();
            answer(&self.question.basis, demands(), &so_far)
                .iter()
                .all(Met::is_met)
        })
    }
}

/// An approval counts only while no later good one covers another content: A, then B, then A needs a new one.
fn overtake(decisions: &mut [Decided]) {
    let other: Option<DateTime<Utc>> = decisions
        .iter()
        .filter(|decided| is_grant(decided.decision) && !decided.covers_current)
        .filter(|decided| decided.flaws.is_empty() && decided.capacity.is_some())
        .map(|decided| decided.at)
        .max();
    let Some(other) = other else { return };
    for decided in decisions.iter_mut() {
        if is_grant(decided.decision) && decided.covers_current && decided.at < other {
            decided.flaws.push(Flaw::Overtaken { at: other });
        }
    }
}

/// The latest decision of a person in a role is the one in force; reviews that keep leave an approval standing.
fn override_earlier(decisions: &mut [Decided]) {
    let mut latest: BTreeMap<(RecordId, RecordId), usize> = BTreeMap::new();
    for index in 0..decisions.len() {
        let decided = &decisions[index];
        if !decided.counts() || decided.decision == Decision::ReviewKeep {
            continue;
        }
        let key = (decided.person.clone(), decided.role.clone());
        if let Some(earlier) = latest.insert(key, index) {
            decisions[earlier].is_overridden = true;
        }
    }
}
