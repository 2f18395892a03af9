//! What history tells of approvals and of the records that they are about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::canonical::{digest, digest_of_text};
use super::edit::{Edit, edits};
use super::verdict::{Testimony, Witness};
use crate::load::Repository;
use crate::model::{Decision, Kind, Meta, RecordId, ReferenceSort};
use crate::source::{ContentId, ContentReader, History};

/// A text may have this many bytes in an old commit; one that is too large for a record is found out later.
const MAX_RECORD_BYTES: u64 = 64 << 20;
/// The most contents of one record that are looked through for the one that was signed.
const MAX_CONTENTS: usize = 200;

/// A signed statement of where history stood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anchored {
    pub at: DateTime<Utc>,
    /// The place of the anchored commit in the history.
    pub commit: usize,
}

/// One change of one path.
#[derive(Clone, Copy)]
struct Step {
    commit: usize,
    before: Option<ContentId>,
    after: Option<ContentId>,
}

/// Reads what history tells: when each approval came, who last changed each record, and what was changed since.
pub fn testify(
    repository: &Repository,
    history: &History,
    reader: &ContentReader,
    anchors: &[Anchored],
) -> Result<Testimony> {
    let decided: BTreeSet<&RecordId> = repository
        .approvals
        .iter()
        .map(|file| &file.approval.subject.value.id)
        .collect();
    let records: Vec<&Meta> = repository
        .records()
        .filter(|meta| decided.contains(&meta.id.value))
        .collect();
    let wanted: BTreeSet<&str> = records
        .iter()
        .map(|meta| &*meta.path)
        .chain(repository.approvals.iter().map(|file| &*file.path))
        .collect();
    let steps = steps(history, &wanted);
    let mut testimony = Testimony::default();
    for file in &repository.approvals {
        if let Some(steps) = steps.get(&*file.path) {
            let witness = witness(history, steps, anchors);
            testimony.witnesses.insert(Arc::clone(&file.path), witness);
        }
    }
    for meta in records {
        let Some(steps) = steps.get(&*meta.path) else {
            continue;
        };
        let texts = Texts {
            reader,
            kind: meta.kind,
        };
        if let Some(commit) = texts.last_author(steps)? {
            let commit = &history.commits[commit];
            let author = (commit.author.email.clone(), commit.id.clone());
            testimony.authors.insert(meta.id.value.clone(), author);
        }
        if let Some(edits) = texts.since_signed(repository, meta, steps)? {
            testimony.edits.insert(meta.id.value.clone(), edits);
        }
    }
    Ok(testimony)
}

/// Finds who last changed the content of some records: the e-mail and the commit, by record.
///
/// `testify` says it of records that somebody has decided about; before the first decision it is asked here.
pub fn last_authors<'a>(
    records: impl Iterator<Item = &'a Meta>,
    history: &History,
    reader: &ContentReader,
) -> Result<BTreeMap<RecordId, (String, String)>> {
    let records: Vec<&Meta> = records.collect();
    let wanted: BTreeSet<&str> = records.iter().map(|meta| &*meta.path).collect();
    let steps = steps(history, &wanted);
    let mut authors = BTreeMap::new();
    for meta in records {
        let Some(steps) = steps.get(&*meta.path) else {
            continue;
        };
        let kind = meta.kind;
        if let Some(commit) = (Texts { reader, kind }).last_author(steps)? {
            let commit = &history.commits[commit];
            let author = (commit.author.email.clone(), commit.id.clone());
            authors.insert(meta.id.value.clone(), author);
        }
    }
    Ok(authors)
}

/// Collects the changes of the wanted paths, the oldest first; a renamed file brings the changes of its old path.
fn steps(history: &History, wanted: &BTreeSet<&str>) -> BTreeMap<Box<str>, Vec<Step>> {
    let mut steps: BTreeMap<Box<str>, Vec<Step>> = BTreeMap::new();
    // From the newest back, so that the old name of a file is known before its changes come.
    let mut names: BTreeMap<Arc<str>, Box<str>> = BTreeMap::new();
    for (index, commit) in history.commits.iter().enumerate().rev() {
        // What stands at the end of a shallow clone was not brought by the commit that git shows there.
        if history.is_shallow && commit.parents.is_empty() {
            continue;
        }
        for change in &commit.changes {
            let name: Box<str> = match names.get(&change.path) {
                Some(now) => now.clone(),
                None if wanted.contains(&*change.path) => change.path.as_ref().into(),
                None => continue,
            };
            if let Some(old) = &change.renamed_from {
                names.insert(Arc::clone(old), name.clone());
            }
            steps.entry(name).or_default().push(Step {
                commit: index,
                before: change.before,
                after: change.after,
            });
        }
    }
    for list in steps.values_mut() {
        list.reverse();
    }
    steps
}

fn witness(history: &History, steps: &[Step], anchors: &[Anchored]) -> Witness {
    let brought: Vec<usize> = steps
        .iter()
        .filter(|step| step.before.is_none() && step.after.is_some())
        .map(|step| step.commit)
        .collect();
    let held_by = |anchor: &Anchored| {
        brought
            .iter()
            .any(|commit| history.is_ancestor(*commit, anchor.commit))
    };
    let (present, absent): (Vec<&Anchored>, Vec<&Anchored>) =
        anchors.iter().partition(|anchor| held_by(anchor));
    Witness {
        committed_at: brought
            .iter()
            .map(|commit| history.commits[*commit].committed_at)
            .min(),
        absent_at: absent.iter().map(|anchor| anchor.at).max(),
        present_at: present.iter().map(|anchor| anchor.at).min(),
    }
}

struct Texts<'a> {
    reader: &'a ContentReader,
    kind: Kind,
}

impl Texts<'_> {
    fn read(&self, id: Option<ContentId>) -> Result<Option<String>> {
        let Some(id) = id else { return Ok(None) };
        let bytes = self.reader.read(&id, MAX_RECORD_BYTES)?;
        Ok(String::from_utf8(bytes).ok())
    }

    /// Finds the last commit that changed what approvals cover, not only what they leave out.
    fn last_author(&self, steps: &[Step]) -> Result<Option<usize>> {
        for step in steps.iter().rev().filter(|step| step.after.is_some()) {
            let (before, after) = (self.read(step.before)?, self.read(step.after)?);
            let is_same = match (before, after) {
                (Some(before), Some(after)) => {
                    let edits = edits(Some(self.kind), &before, &after);
                    edits.is_some_and(|edits| edits.iter().all(|edit| is_undigested(self.kind, edit)))
                }
                (_, _) => false,
            };
            if !is_same {
                return Ok(Some(step.commit));
            }
        }
        Ok(None)
    }

    /// Compares the last other content that was approved with the present one; `None` where there was none.
    fn since_signed(
        &self,
        repository: &Repository,
        meta: &Meta,
        steps: &[Step],
    ) -> Result<Option<Vec<Edit>>> {
        let Ok(current) = digest(repository, meta) else {
            return Ok(None);
        };
        let approvals = repository.approvals_of(meta.kind, &meta.id);
        let last = approvals
            .filter(|file| file.approval.decision == Decision::Approve)
            .filter(|file| file.approval.subject.digest != current)
            .max_by_key(|file| file.approval.at.value.utc());
        let Some(signed) = last.map(|file| &file.approval.subject.digest) else {
            return Ok(None);
        };
        let now = repository
            .sources
            .get(meta.file)
            .map(|source| Arc::clone(&source.text));
        let now = now.unwrap_or_default();
        for step in steps.iter().rev().take(MAX_CONTENTS) {
            for id in [step.after, step.before] {
                let Some(text) = self.read(id)? else { continue };
                let is_it = digest_of_text(self.kind, &text, &repository.file_digests);
                if is_it.is_ok_and(|digest| digest == *signed) {
                    let edits = edits(Some(self.kind), &text, &now).unwrap_or_default();
                    return Ok(Some(
                        edits
                            .into_iter()
                            .filter(|edit| !is_undigested(self.kind, edit))
                            .collect(),
                    ));
                }
            }
        }
        // The text itself is one that was signed, so that a file which it names must differ.
        let named = meta
            .references
            .iter()
            .filter(|reference| reference.sort == ReferenceSort::File);
        let files = named.map(|reference| Edit {
            field: reference.text.to_string(),
            before: None,
            after: None,
        });
        Ok(Some(files.collect()))
    }
}

/// Tells whether a field is one that approvals do not cover.
fn is_undigested(kind: Kind, edit: &Edit) -> bool {
    kind.undigested().iter().any(|pointer| {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        let rest = edit.field.strip_prefix(&field);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}
