//! What was done to history behind the back of pull requests: told from paths and texts of commits alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::anchor::is_anchor_path;
use crate::load::LoadLimits;
use crate::model::{Kind, RecordId, Status};
use crate::source::{ContentId, ContentReader, FileId, History, PathChange, parse};

/// A text may have this many bytes in an old commit; what is too large for a record is then not parsed.
const MAX_RECORD_BYTES: u64 = 64 << 20;
/// Days of a year, for how long a record is kept.
const DAYS_OF_YEAR: i64 = 365;

/// Something that no pull request may do, and a commit of the first-parent line did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breach {
    /// The commit, in full.
    pub commit: String,
    pub at: DateTime<Utc>,
    /// Relative to the governed root.
    pub path: Arc<str>,
    pub what: BreachKind,
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BreachKind {
    /// A decision, or the signature beside it.
    DecisionRemoved,
    DecisionChanged,
    AnchorRemoved,
    AnchorChanged,
    RecordRemoved {
        status: Status,
    },
    RecordMoved {
        to: Arc<str>,
    },
    StatusMovedBack {
        from: Status,
        to: Status,
    },
}

/// From where on history is re-read, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The place of the commit with which trust begins; nothing before it is judged.
    pub begins: Option<usize>,
    /// The place of the last commit that somebody vouched for by an anchor; else that with which trust begins.
    pub vouched: Option<usize>,
    pub breaches: Vec<Breach>,
    /// How many commits would have been re-read but for the limit; 0 where all were.
    pub left_out: usize,
}

/// How far back history is re-read.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// The place of the last commit that was seen already.
    pub after: usize,
    /// The most commits of the first-parent line.
    pub commits: usize,
    /// How long an ended record is kept, in years.
    pub retention_years: i64,
}

/// Re-reads the first-parent line as if each commit were a pull request.
///
/// What a later commit put back as it was is no breach any more.
pub fn reread(history: &History, reader: &ContentReader, reach: Reach) -> Result<(Vec<Breach>, usize)> {
    let first = history.mainline.partition_point(|place| *place <= reach.after);
    let places = &history.mainline[first..];
    let left_out = places.len().saturating_sub(reach.commits);
    let mut reread = Reread {
        history,
        reader,
        retention_days: reach.retention_years.saturating_mul(DAYS_OF_YEAR),
        last: BTreeMap::new(),
        statuses: BTreeMap::new(),
        found: Vec::new(),
    };
    for place in places[left_out..].iter().rev() {
        reread.commit(*place)?;
    }
    let mut found = reread.found;
    found.reverse();
    Ok((found, left_out))
}

struct Reread<'a> {
    history: &'a History,
    reader: &'a ContentReader,
    retention_days: i64,
    /// What each path holds in the end.
    last: BTreeMap<Arc<str>, Option<ContentId>>,
    /// The status that each record has in the end.
    statuses: BTreeMap<Arc<str>, Option<Status>>,
    /// The newest first.
    found: Vec<Breach>,
}

impl Reread<'_> {
    fn commit(&mut self, place: usize) -> Result<()> {
        let changes = self.history.mainline_changes(place);
        for change in changes {
            self.last.entry(Arc::clone(&change.path)).or_insert(change.after);
        }
        for change in changes.iter().rev() {
            if let Some(what) = self.breach(place, change, changes)? {
                let commit = &self.history.commits[place];
                self.found.push(Breach {
                    commit: commit.id.clone(),
                    at: commit.committed_at,
                    path: Arc::clone(&change.path),
                    what,
                });
            }
        }
        Ok(())
    }

    fn breach(
        &mut self,
        place: usize,
        change: &PathChange,
        changes: &[PathChange],
    ) -> Result<Option<BreachKind>> {
        // A renamed file has the content of the old path before; its new path is a new one.
        let Some(before) = change.before.filter(|_| change.renamed_from.is_none()) else {
            return Ok(None);
        };
        let is_back = self.last.get(&change.path).copied().flatten() == Some(before);
        if is_back {
            return Ok(None);
        }
        if is_decision_path(&change.path) {
            return Ok(Some(match change.after {
                None => BreachKind::DecisionRemoved,
                Some(_) => BreachKind::DecisionChanged,
            }));
        }
        if is_anchor_path(change.path.trim_end_matches(".sig")) {
            return Ok(Some(match change.after {
                None => BreachKind::AnchorRemoved,
                Some(_) => BreachKind::AnchorChanged,
            }));
        }
        if kind_of(&change.path).is_none() {
            return Ok(None);
        }
        match change.after {
            None => self.removed(place, change, before, changes),
            Some(after) => self.moved_back(change, before, after),
        }
    }

    fn removed(
        &self,
        place: usize,
        change: &PathChange,
        before: ContentId,
        changes: &[PathChange],
    ) -> Result<Option<BreachKind>> {
        let now = self.last.get(&change.path).copied().flatten();
        let status = status_of(&self.read(before)?).unwrap_or(Status::Submitted);
        // What nobody was ever asked about may go; what is there again under its name is an id taken twice.
        if status == Status::Draft || now.is_some() {
            return Ok(None);
        }
        let to = changes
            .iter()
            .find(|other| other.renamed_from.as_deref() == Some(&*change.path));
        if let Some(to) = to {
            let to = Arc::clone(&to.path);
            // Moved back to where it was is mended; an id that is taken twice is told by another rule.
            let is_back = self.last_change(place, &to).is_some();
            return Ok((!is_back).then_some(BreachKind::RecordMoved { to }));
        }
        let ended = self.last_change(place, &change.path);
        let kept = ended.map_or(0, |ended| {
            (self.history.commits[place].committed_at - ended).num_days()
        });
        if !status.is_live() && kept >= self.retention_days {
            return Ok(None);
        }
        Ok(Some(BreachKind::RecordRemoved { status }))
    }

    /// Returns when a path was last changed before a commit of the first-parent line.
    fn last_change(&self, place: usize, path: &str) -> Option<DateTime<Utc>> {
        let earlier = self.history.mainline.iter().rev().filter(|other| **other < place);
        let mut touching = earlier.filter(|other| {
            let changes = self.history.mainline_changes(**other);
            changes
                .binary_search_by(|change| (*change.path).cmp(path))
                .is_ok()
        });
        touching
            .next()
            .map(|other| self.history.commits[*other].committed_at)
    }

    fn moved_back(
        &mut self,
        change: &PathChange,
        before: ContentId,
        after: ContentId,
    ) -> Result<Option<BreachKind>> {
        let (before, after) = (self.read(before)?, self.read(after)?);
        let lines = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.contains("status"));
            lines.map(str::to_owned).collect()
        };
        if lines(&before) == lines(&after) {
            return Ok(None);
        }
        let (Some(from), Some(to)) = (status_of(&before), status_of(&after)) else {
            return Ok(None);
        };
        if rank(to) >= rank(from) {
            return Ok(None);
        }
        let in_the_end = self.status_in_the_end(&change.path)?;
        let is_mended = in_the_end.is_some_and(|status| rank(status) >= rank(from));
        Ok((!is_mended).then_some(BreachKind::StatusMovedBack { from, to }))
    }

    fn status_in_the_end(&mut self, path: &Arc<str>) -> Result<Option<Status>> {
        if let Some(known) = self.statuses.get(path) {
            return Ok(*known);
        }
        let status = match self.last.get(path).copied().flatten() {
            Some(content) => status_of(&self.read(content)?),
            None => None,
        };
        self.statuses.insert(Arc::clone(path), status);
        Ok(status)
    }

    /// Reads a text; one that is none is empty.
    fn read(&self, content: ContentId) -> Result<String> {
        let bytes = self.reader.read(&content, MAX_RECORD_BYTES)?;
        Ok(String::from_utf8(bytes).unwrap_or_default())
    }
}

/// How far a record has come.
fn rank(status: Status) -> u8 {
    match status {
        Status::Draft => 0,
        Status::Submitted => 1,
        Status::Closed | Status::Revoked | Status::Superseded => 2,
    }
}

/// Returns the declared status of a text; `None` where it cannot be read.
pub(super) fn status_of(text: &str) -> Option<Status> {
    let node = parse(FileId(0), text, LoadLimits::default().yaml).ok()?;
    node.get("id")?;
    let Some(status) = node.get("status") else {
        return Some(Status::Submitted);
    };
    match status.text()? {
        "draft" => Some(Status::Draft),
        "submitted" => Some(Status::Submitted),
        "closed" => Some(Status::Closed),
        "revoked" => Some(Status::Revoked),
        "superseded" => Some(Status::Superseded),
        _ => None,
    }
}

/// Tells whether a path is that of a decision or of the signature beside it.
fn is_decision_path(path: &str) -> bool {
    path.starts_with("approvals/") && (path.ends_with(".yaml") || path.ends_with(".yaml.sig"))
}

/// Returns the kind of the record at a path, decisions aside.
pub fn kind_of(path: &str) -> Option<Kind> {
    if path == "isms.yaml" {
        return Some(Kind::Isms);
    }
    let (folder, name) = path.split_once('/')?;
    let is_record = name.ends_with(".yaml") && !name.contains('/');
    Kind::ALL
        .iter()
        .copied()
        .find(|kind| is_record && *kind != Kind::Approval && !folder.is_empty() && kind.folder() == folder)
}

/// Returns the id that the name of a record's file tells.
pub fn id_of(path: &str) -> Option<RecordId> {
    let name = path.rsplit('/').next()?;
    RecordId::new(name.strip_suffix(".yaml")?)
}
