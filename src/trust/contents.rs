//! The contents that agreements and systems have had on the main line, where one was changed in place.
//!
//! Which records those are is decided from the paths of the commits alone; only their contents are then read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::canonical::{digest, digest_of_text};
use crate::load::{LoadLimits, Repository, parse_record, read_decision_table};
use crate::model::{DecisionTable, Envelope, Meta, Record, RecordId, Sla, System, Table};
use crate::source::{ContentId, ContentReader, FileId, History, decode, sha256_hex};

/// A text may have this many bytes in an old commit; what is too large for a record is then no content of one.
const MAX_TEXT_BYTES: u64 = 64 << 20;
/// The most contents of one record that are looked at, the newest of them.
const MAX_CONTENTS: usize = 200;

/// Why it is not known what agreements and systems said before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MissingHistory {
    OutsideGit,
    /// The clone lacks old commits.
    Shallow,
}

impl MissingHistory {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::OutsideGit => "outside_git",
            Self::Shallow => "shallow",
        }
    }

    /// Says in one sentence what follows from it.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OutsideGit => {
                "outside git nobody knows what agreements and systems said before: each counts as it is now"
            }
            Self::Shallow => {
                "a shallow clone does not hold what agreements and systems said before: each counts as it is now"
            }
        }
    }
}

/// One content that a record has had.
#[derive(Clone, Debug)]
pub struct Content<S> {
    pub record: Record<S>,
    /// `sha256:` and the digest that approvals cover.
    pub digest: String,
    /// The decision table that it named, as that was then.
    pub table: Option<DecisionTable>,
    /// The commit that brought it; `None` for what is in none yet.
    pub brought: Option<Brought>,
}

/// A commit that brought a content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brought {
    /// When it came to the main line.
    pub at: DateTime<Utc>,
    /// The commit of the main line, in full.
    pub commit: String,
    /// The e-mail of whoever wrote it, and the commit in which they did, in full.
    pub author: (String, String),
}

/// The contents of the records that were changed in place, by id, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    pub slas: BTreeMap<RecordId, Vec<Content<Sla>>>,
    pub systems: BTreeMap<RecordId, Vec<Content<System>>>,
    /// Why there are none, where they cannot be known.
    pub missing: Option<MissingHistory>,
}

impl Contents {
    /// Returns what is known without history.
    pub fn unknown(missing: MissingHistory) -> Self {
        Self {
            missing: Some(missing),
            ..Self::default()
        }
    }
}

/// Reads the contents of the agreements and systems that commits of the main line changed in place.
pub fn read_contents(repository: &Repository, history: &History, reader: &ContentReader) -> Result<Contents> {
    if history.is_shallow {
        return Ok(Contents::unknown(MissingHistory::Shallow));
    }
    let tables: BTreeSet<&str> = repository.decision_tables.keys().map(|path| &**path).collect();
    let wanted: BTreeSet<&str> = paths(&repository.slas)
        .chain(paths(&repository.systems))
        .chain(tables.iter().copied())
        .collect();
    let mut brought = brought(history, &wanted);
    let of_tables: BTreeMap<&str, Vec<(usize, ContentId)>> = tables
        .iter()
        .filter_map(|table| brought.remove_entry(*table))
        .filter(|(_, steps)| steps.len() > 1)
        .collect();
    let has_other_text = |path: &str, steps: &[(usize, ContentId)]| {
        let file = repository.sources.find(path);
        let text = file.and_then(|file| repository.sources.get(file));
        let last = steps.last();
        last.is_some_and(|(_, last)| text.is_some_and(|source| !last.is_of(source.text.as_bytes())))
    };
    brought.retain(|path, steps| {
        let names_one = || of_tables.keys().any(|table| names(repository, path, table));
        steps.len() > 1 || has_other_text(path, steps) || names_one()
    });
    let mut contents = Contents::default();
    if brought.is_empty() {
        return Ok(contents);
    }
    let shelf = Shelf {
        repository,
        history,
        reader,
        authors: authors(history, &brought),
    };
    for sla in &repository.slas {
        if let Some(steps) = brought.get(&*sla.meta.path) {
            let named = of_tables
                .iter()
                .filter(|(table, _)| names(repository, &sla.meta.path, table));
            let mut places: Vec<usize> = named
                .flat_map(|(_, steps)| steps)
                .map(|(place, _)| *place)
                .collect();
            places.extend(steps.iter().map(|(place, _)| *place));
            let found = shelf.slas(&sla.meta, steps, places)?;
            contents.slas.insert(sla.id().clone(), found);
        }
    }
    for system in &repository.systems {
        if let Some(steps) = brought.get(&*system.meta.path) {
            let found = shelf.systems(&system.meta, steps)?;
            contents.systems.insert(system.id().clone(), found);
        }
    }
    Ok(contents)
}

fn paths<S>(table: &Table<S>) -> impl Iterator<Item = &str> {
    table.iter().map(|record| &*record.meta.path)
}

/// Tells whether the agreement at a path names a table.
fn names(repository: &Repository, path: &str, table: &str) -> bool {
    let named = |sla: &Record<Sla>| {
        let kev = sla.spec.kev.as_ref().and_then(|kev| kev.table.as_ref());
        kev.is_some_and(|named| named.value.0 == table)
    };
    let mut slas = repository.slas.iter().filter(|sla| *sla.meta.path == *path);
    slas.any(named)
}

/// What a commit of the main line left at a path: the commit's place, and the content.
type Step = (usize, ContentId);

/// Lists what commits of the main line left at the wanted paths, the oldest first.
fn brought<'a>(history: &'a History, wanted: &BTreeSet<&str>) -> BTreeMap<&'a str, Vec<Step>> {
    let mut found: BTreeMap<&str, Vec<Step>> = BTreeMap::new();
    for place in &history.mainline {
        for change in history.mainline_changes(*place) {
            if let Some(after) = change.after.filter(|_| wanted.contains(&*change.path)) {
                found.entry(&change.path).or_default().push((*place, after));
            }
        }
    }
    found
}

/// Finds who wrote each content: the author of the first commit that has it.
fn authors(history: &History, brought: &BTreeMap<&str, Vec<Step>>) -> BTreeMap<ContentId, (String, String)> {
    let mut found = BTreeMap::new();
    for commit in &history.commits {
        for change in &commit.changes {
            if let Some(after) = change.after.filter(|_| brought.contains_key(&*change.path)) {
                found
                    .entry(after)
                    .or_insert_with(|| (commit.author.email.clone(), commit.id.clone()));
            }
        }
    }
    found
}

struct Shelf<'a> {
    repository: &'a Repository,
    history: &'a History,
    reader: &'a ContentReader,
    authors: BTreeMap<ContentId, (String, String)>,
}

impl Shelf<'_> {
    fn slas(&self, meta: &Meta, steps: &[Step], mut places: Vec<usize>) -> Result<Vec<Content<Sla>>> {
        places.sort_unstable();
        places.dedup();
        let mut found: Vec<Content<Sla>> = Vec::new();
        for place in newest(&places) {
            let Some((_, id)) = steps.iter().rfind(|(own, _)| own <= place) else {
                continue;
            };
            let Some((text, record)) = self.record::<Sla>(meta, *id)? else {
                continue;
            };
            let named = record.spec.kev.as_ref().and_then(|kev| kev.table.as_ref());
            let path: Option<Arc<str>> = named.map(|named| named.value.0.as_str().into());
            let table = match &path {
                Some(path) => self.text_at(path, *place)?,
                None => None,
            };
            let files = path.iter().zip(&table);
            let files = files.map(|(path, text)| (Arc::clone(path), sha256_hex(text.as_bytes())));
            let Ok(digest) = digest_of_text(meta.kind, &text, &files.collect()) else {
                continue;
            };
            let table = path.zip(table);
            let table =
                table.and_then(|(path, text)| read_decision_table(&path, &text, LoadLimits::default()));
            self.add(&mut found, record, digest, table, (*place, *id));
        }
        Ok(found)
    }

    fn systems(&self, meta: &Meta, steps: &[Step]) -> Result<Vec<Content<System>>> {
        let mut found = Vec::new();
        for step in newest(steps) {
            let Some((text, record)) = self.record::<System>(meta, step.1)? else {
                continue;
            };
            if let Ok(digest) = digest_of_text(meta.kind, &text, &self.repository.file_digests) {
                self.add(&mut found, record, digest, None, *step);
            }
        }
        Ok(found)
    }

    /// Adds a content; what changes only fields that approvals do not cover is the same one.
    fn add<S>(
        &self,
        found: &mut Vec<Content<S>>,
        record: Record<S>,
        digest: String,
        table: Option<DecisionTable>,
        (place, id): Step,
    ) {
        let commit = &self.history.commits[place];
        let own = || (commit.author.email.clone(), commit.id.clone());
        match found.last_mut() {
            Some(last) if last.digest == digest => last.record = record,
            Some(_) | None => found.push(Content {
                record,
                digest,
                table,
                brought: Some(Brought {
                    at: commit.committed_at,
                    commit: commit.id.clone(),
                    author: self.authors.get(&id).cloned().unwrap_or_else(own),
                }),
            }),
        }
    }

    fn read(&self, id: ContentId) -> Result<Option<String>> {
        let bytes = self.reader.read(&id, MAX_TEXT_BYTES)?;
        Ok(String::from_utf8(bytes).ok())
    }

    /// Reads a record as it was; `None` for what no longer fits its schema.
    fn record<S: DeserializeOwned>(&self, meta: &Meta, id: ContentId) -> Result<Option<(String, Record<S>)>> {
        let Some(text) = self.read(id)? else {
            return Ok(None);
        };
        let Ok(typed) = parse_record(FileId(0), &text, Some(meta.kind), LoadLimits::default()) else {
            return Ok(None);
        };
        let envelope: Option<Envelope<S>> = decode(&typed.node).ok();
        let record = envelope.map(|envelope| {
            Record::new(
                envelope,
                meta.kind,
                meta.file,
                Arc::clone(&meta.path),
                typed.references,
            )
        });
        Ok(record
            .filter(|record| *record.id() == meta.id.value)
            .map(|record| (text, record)))
    }

    /// Reads what lay at a path after a commit of the main line.
    fn text_at(&self, path: &str, place: usize) -> Result<Option<String>> {
        let earlier = self
            .history
            .mainline
            .iter()
            .rev()
            .filter(|other| **other <= place);
        let content = earlier.into_iter().find_map(|other| {
            let changes = self.history.mainline_changes(*other);
            let found = changes.binary_search_by(|change| (*change.path).cmp(path));
            found.ok().map(|index| changes[index].after)
        });
        content.flatten().map_or(Ok(None), |id| self.read(id))
    }
}

fn newest<T>(list: &[T]) -> &[T] {
    &list[list.len().saturating_sub(MAX_CONTENTS)..]
}

/// Lists the contents of a record up to the one that it has in a repository, which is the last.
pub(super) fn up_to_now<S: Clone>(
    repository: &Repository,
    record: &Record<S>,
    contents: &[Content<S>],
    table: Option<DecisionTable>,
) -> Option<Vec<Content<S>>> {
    let now = digest(repository, &record.meta).ok()?;
    let place = contents.iter().rposition(|content| content.digest == now);
    let earlier = &contents[..place.unwrap_or(contents.len())];
    let mut list = earlier.to_vec();
    list.push(Content {
        record: record.clone(),
        digest: now,
        table,
        brought: place.and_then(|place| contents[place].brought.clone()),
    });
    Some(list)
}
