//! What changed since somebody last vouched for history, judged by the trust of that time and by what grew from it.
//!
//! A record of trust that changed counts for others once its own approvals count, and never for itself: so nobody
//! gives themselves a role on the main branch and approves with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::allowed_signers::AllowedSigners;
use super::change::Change;
use super::judge::{Question, judge_some};
use super::keyring::Keyring;
use super::rules::ApprovalRules;
use super::standing::{CONFIGURATION_ID, CONFIGURATION_KIND, Standing, Standings};
use super::verdict::{Basis, Testimony};
use super::weakening::is_trust;
use crate::load::Repository;
use crate::model::{Kind, RecordId};

/// What changed since, and what the approvals of changed trust come to by the trust that was there before.
#[derive(Clone, Debug)]
pub struct Since<'a> {
    pub change: &'a Change,
    /// The standings of the records of trust that changed, and of `compliance`; nothing else is in here.
    pub standings: Standings,
}

/// Judges the trust that changed since, beginning with the trust of then.
pub fn since<'a>(
    repository: &Repository,
    change: &'a Change,
    rules: &ApprovalRules,
    testimony: &Arc<Testimony>,
    at: DateTime<Utc>,
) -> Since<'a> {
    let changed = change.subjects(repository);
    let mut left: BTreeMap<RecordId, &str> = changed
        .iter()
        .filter_map(|id| Some((id.clone(), kind_of(repository, id)?)))
        .collect();
    let mut judged = BTreeMap::new();
    let mut believed = change.base.clone();
    // What was revoked since counts for nothing, whoever revoked it.
    let revoked = Keyring::of(&repository.keyring).revoked;
    loop {
        let mut basis = Basis::of(&believed);
        basis.keyring.revoked.extend(&revoked);
        let question = Question {
            at,
            basis,
            own: None,
            rules: rules.clone(),
            testimony: Arc::clone(testimony),
            changed: changed.clone(),
        };
        let wanted = |kind: &str, id: &RecordId| left.get(id).is_some_and(|known| *known == kind);
        let standings = judge_some(repository, &question, wanted);
        let (done, open) = split(&standings);
        let grown: Vec<RecordId> = done.iter().map(|(_, id, _)| (*id).clone()).collect();
        judged.extend(done.into_iter().map(keyed));
        if grown.is_empty() {
            judged.extend(open.into_iter().map(keyed));
            break;
        }
        for id in &grown {
            left.remove(id);
        }
        believed = grow(believed, repository, &grown, &left);
    }
    Since {
        change,
        standings: Standings::new(judged),
    }
}

/// Returns the name of the kind of a record of trust, or of the configuration.
fn kind_of(repository: &Repository, id: &RecordId) -> Option<&'static str> {
    if id.as_str() == CONFIGURATION_ID {
        return Some(CONFIGURATION_KIND);
    }
    let kind = repository.record(id)?.kind;
    is_trust(kind).then(|| kind.name())
}

type Judged<'a> = (&'a str, &'a RecordId, &'a Standing);

fn split(standings: &Standings) -> (Vec<Judged<'_>>, Vec<Judged<'_>>) {
    standings.iter().partition(|(_, _, standing)| standing.counts())
}

fn keyed((kind, id, standing): Judged<'_>) -> ((Box<str>, RecordId), Standing) {
    ((kind.into(), id.clone()), standing.clone())
}

/// Takes over the records that count now, and the keys of the people among them.
fn grow(
    mut believed: Repository,
    repository: &Repository,
    grown: &[RecordId],
    left: &BTreeMap<RecordId, &str>,
) -> Repository {
    for id in grown {
        let Some(meta) = repository.record(id) else {
            continue;
        };
        match meta.kind {
            Kind::Isms => believed.isms.clone_from(&repository.isms),
            Kind::Person => believed.people.put_from(&repository.people, id),
            Kind::Role => believed.roles.put_from(&repository.roles, id),
            Kind::Policy => believed.policies.put_from(&repository.policies, id),
            Kind::System => believed.systems.put_from(&repository.systems, id),
            Kind::Source => believed.tools.put_from(&repository.tools, id),
            Kind::Sla => believed.slas.put_from(&repository.slas, id),
            Kind::Calendar => believed.calendars.put_from(&repository.calendars, id),
            Kind::Soa
            | Kind::Risk
            | Kind::Triage
            | Kind::Exception
            | Kind::RiskAcceptance
            | Kind::Change
            | Kind::Incident
            | Kind::Evidence
            | Kind::Approval => {}
        }
    }
    believed.keyring.allowed_signers = Some(lines_that_count(&believed, repository, left));
    believed
}

/// Adds the lines of keys that a person lists whose record has not changed, or counts as it is.
fn lines_that_count(
    believed: &Repository,
    repository: &Repository,
    left: &BTreeMap<RecordId, &str>,
) -> Arc<str> {
    let text = |of: &Repository| of.keyring.allowed_signers.clone().unwrap_or_default();
    let (was, is) = (text(believed), text(repository));
    let known: BTreeSet<&str> = was.lines().collect();
    let mut lines: Vec<&str> = was.lines().collect();
    for line in is.lines().filter(|line| !known.contains(line)) {
        let parsed = AllowedSigners::parse(line);
        let Some(entry) = parsed.entries.first() else {
            continue;
        };
        let fingerprint = entry.key.fingerprint();
        let mut people = repository.people.iter();
        let is_theirs = people.any(|person| {
            let mut keys = person.spec.keys.iter();
            !left.contains_key(person.id()) && keys.any(|key| key.fingerprint.value == fingerprint)
        });
        if is_theirs {
            lines.push(line);
        }
    }
    lines.join("\n").into()
}
