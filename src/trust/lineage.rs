//! From when on each content of an agreement, or of a system, governed.
//!
//! What nobody approved never governed: an agreement goes by its approved contents, from the approval of each
//! on. Systems are what trust is made of, so that the first commit brings them unapproved; a later content counts
//! from its approval on, and until then only where it asks for more.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::contents::{Content, Contents, MissingHistory, up_to_now};
use super::judge::{Question, judge_content};
use crate::load::{ApprovalFile, Repository};
use crate::model::{Decision, Record, RecordId, Sla, Status, System, Table};

/// One content of a record, and from when on it governs.
#[derive(Clone, Debug)]
pub struct Version<S> {
    pub from: DateTime<Utc>,
    /// Whether it takes the place of what governed before; otherwise it counts only where it asks for more.
    pub is_approved: bool,
    /// Whether it is the first that there was, which governs without an approval.
    pub is_first: bool,
    pub content: Content<S>,
}

/// The versions of the records that were changed in place, by id and time.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    pub slas: BTreeMap<RecordId, Vec<Version<Sla>>>,
    pub systems: BTreeMap<RecordId, Vec<Version<System>>>,
    /// Why there are none, where they cannot be known.
    pub missing: Option<MissingHistory>,
}

/// Judges from when on each content governed, up to the moment of a question.
pub fn lineage(repository: &Repository, question: &Question<'_>, contents: &Contents) -> Lineage {
    let mut lineage = Lineage {
        missing: contents.missing,
        ..Lineage::default()
    };
    if contents.slas.is_empty() && contents.systems.is_empty() {
        return lineage;
    }
    let mut asked = question.clone();
    for (id, contents) in &contents.slas {
        let Some(sla) = repository.slas.get(id) else {
            continue;
        };
        let past = |record: &Record<Sla>| Repository {
            isms: repository.isms.clone(),
            slas: Table::new(vec![record.clone()]),
            ..Repository::default()
        };
        let table = None;
        if let Some(list) = up_to_now(repository, sla, contents, table) {
            let approved = approved(repository, &mut asked, (question.at, &list), past);
            let versions = of_agreement(list, &approved, question.at);
            lineage.slas.insert(id.clone(), versions);
        }
    }
    for (id, contents) in &contents.systems {
        let Some(system) = repository.systems.get(id) else {
            continue;
        };
        let past = |record: &Record<System>| Repository {
            isms: repository.isms.clone(),
            systems: Table::new(vec![record.clone()]),
            ..Repository::default()
        };
        if let Some(list) = up_to_now(repository, system, contents, None) {
            let approved = approved(repository, &mut asked, (question.at, &list), past);
            let versions = of_system(&list, &approved, question.at);
            lineage.systems.insert(id.clone(), versions);
        }
    }
    lineage
}

/// Finds when which content came to be approved: the moment, and its place in the list.
fn approved<S>(
    repository: &Repository,
    asked: &mut Question<'_>,
    (until, list): (DateTime<Utc>, &[Content<S>]),
    past: impl Fn(&Record<S>) -> Repository,
) -> Vec<(DateTime<Utc>, usize)> {
    let Some(meta) = list.last().map(|content| &content.record.meta) else {
        return Vec::new();
    };
    let at = |file: &ApprovalFile| file.approval.at.value.utc();
    let files = repository.approvals_of(meta.kind, &meta.id.value);
    let mut files: Vec<&ApprovalFile> = files.filter(|file| at(file) <= until).collect();
    files.sort_by_key(|file| (at(file), &file.path));
    let mut found: Vec<(DateTime<Utc>, usize)> = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.approval.decision == Decision::Approve)
    {
        let signed = &file.approval.subject.digest;
        let Some(place) = list.iter().rposition(|content| content.digest == *signed) else {
            continue;
        };
        let last = found.last();
        if last.is_some_and(|(_, last)| list[*last].digest == *signed) {
            continue;
        }
        // What was decided before the last version governed is settled, save what ends a record.
        let begin = last.map(|(begin, _)| *begin);
        let ends = |file: &ApprovalFile| {
            let decision = file.approval.decision;
            matches!(
                decision,
                Decision::Revoke | Decision::ReviewEnd | Decision::Reject
            )
        };
        let counted = files.iter().filter(|other| at(other) <= at(file));
        let counted = counted.filter(|other| ends(other) || begin.is_none_or(|begin| at(other) > begin));
        let counted: Vec<&ApprovalFile> = counted.copied().collect();
        let content = &list[place];
        asked.at = at(file);
        if let Some(brought) = &content.brought {
            let authors = &mut Arc::make_mut(&mut asked.testimony).authors;
            authors.insert(meta.id.value.clone(), brought.author.clone());
        }
        let standing = judge_content(
            repository,
            asked,
            (&past(&content.record), &content.record.meta),
            (&content.digest, &counted),
        );
        if standing.counts() {
            found.push((at(file), place));
        }
    }
    found
}

/// The approved contents of an agreement; where there is none, all that were asked for, the strictest of which count.
fn of_agreement(
    list: Vec<Content<Sla>>,
    approved: &[(DateTime<Utc>, usize)],
    now: DateTime<Utc>,
) -> Vec<Version<Sla>> {
    if !approved.is_empty() {
        let approved = approved.iter();
        return approved
            .map(|(from, place)| Version {
                from: *from,
                is_approved: true,
                is_first: false,
                content: list[*place].clone(),
            })
            .collect();
    }
    let meant = list
        .into_iter()
        .filter(|content| content.record.meta.declared() != Status::Draft);
    let versions = meant.map(|content| Version {
        from: brought_at(&content, now),
        is_approved: false,
        is_first: false,
        content,
    });
    sorted(versions.collect(), now)
}

/// The contents of a system: the first, each from the commit that brought it, and again from its approval on.
fn of_system(
    list: &[Content<System>],
    approved: &[(DateTime<Utc>, usize)],
    now: DateTime<Utc>,
) -> Vec<Version<System>> {
    let first = list.iter().take(1).map(|content| Version {
        from: DateTime::<Utc>::MIN_UTC,
        is_approved: true,
        is_first: true,
        content: content.clone(),
    });
    let arrived = list.iter().skip(1).map(|content| Version {
        from: brought_at(content, now),
        is_approved: false,
        is_first: false,
        content: content.clone(),
    });
    let granted = approved.iter().map(|(from, place)| Version {
        from: *from,
        is_approved: true,
        is_first: false,
        content: list[*place].clone(),
    });
    let mut versions: Vec<Version<System>> = Vec::new();
    for version in sorted(first.chain(arrived).chain(granted).collect(), now) {
        let digest = &version.content.digest;
        let is_known = if version.is_approved {
            let granted = versions.iter().rfind(|earlier| earlier.is_approved);
            let is_last = versions.last().is_some_and(|last| last.content.digest == *digest);
            is_last && granted.is_some_and(|granted| granted.content.digest == *digest)
        } else {
            versions.last().is_some_and(|last| last.content.digest == *digest)
        };
        if !is_known {
            versions.push(version);
        }
    }
    versions
}

fn brought_at<S>(content: &Content<S>, now: DateTime<Utc>) -> DateTime<Utc> {
    content.brought.as_ref().map_or(now, |brought| brought.at)
}

/// Sorts versions by time; what comes after the moment has not come yet, save that there is always a first.
fn sorted<S>(mut versions: Vec<Version<S>>, now: DateTime<Utc>) -> Vec<Version<S>> {
    versions.sort_by_key(|version| (version.from, version.is_approved));
    let begun = versions.partition_point(|version| version.from <= now).max(1);
    versions.truncate(begun);
    versions
}
