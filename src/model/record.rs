//! What all records have in common.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::RecordId;
use super::kind::Kind;
use super::reference::{ControlText, OwnerRef};
use super::time::Date;
use crate::source::{FileId, Span, Spanned};

/// The declared state of a record. Approved, active, expired or overdue are never declared: they are computed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Status {
    Draft,
    Submitted,
    Closed,
    Revoked,
    Superseded,
}

impl Status {
    /// Returns the word of the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Closed => "closed",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
        }
    }

    /// Tells whether the record still means something: neither ended nor replaced.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Draft | Self::Submitted)
    }
}

/// Who may read the record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Classification {
    Public,
    Internal,
    Confidential,
}

/// When the record is looked at again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Review {
    /// Days between two reviews.
    #[schemars(range(min = 1, max = 3660))]
    pub cycle_days: Option<Spanned<u32>>,
    /// The day of the last review.
    pub last: Option<Spanned<Date>>,
    /// The day by which the next review is due.
    pub next: Option<Spanned<Date>>,
}

/// The fields that every record has; `spec` holds those of its kind.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Envelope<S> {
    /// The version of the record format.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// The kind of the record.
    pub kind: String,
    /// The id; the file is named after it.
    pub id: Spanned<RecordId>,
    /// One line for people.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// The role or person who answers for the record.
    pub owner: Spanned<OwnerRef>,
    /// The day on which the record was first written.
    pub created: Spanned<Date>,
    /// What the author declares; approval and expiry are computed.
    pub status: Option<Spanned<Status>>,
    /// The version of the content, as semantic versioning writes it.
    #[schemars(regex(pattern = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$"))]
    pub version: Option<Spanned<String>>,
    /// The record that this one replaces.
    pub supersedes: Option<Spanned<RecordId>>,
    /// The record whose time this one prolongs.
    pub renews: Option<Spanned<RecordId>>,
    /// The controls that the record serves.
    #[serde(default)]
    pub controls: Vec<Spanned<ControlText>>,
    /// Who may read it.
    pub classification: Option<Classification>,
    /// When it is looked at again.
    pub review: Option<Review>,
    /// The fields of the kind.
    pub spec: S,
}

/// The common part of a record, with its places.
#[derive(Clone, Debug)]
pub struct Meta {
    pub kind: Kind,
    pub file: FileId,
    /// Relative to the governed root.
    pub path: Arc<str>,
    pub id: Spanned<RecordId>,
    pub title: String,
    pub owner: Spanned<RecordId>,
    pub created: Spanned<Date>,
    pub status: Option<Spanned<Status>>,
    pub version: Option<Spanned<String>>,
    pub supersedes: Option<Spanned<RecordId>>,
    pub renews: Option<Spanned<RecordId>>,
    pub controls: Vec<Spanned<ControlText>>,
    pub classification: Option<Classification>,
    pub review: Option<Review>,
    /// Every reference of the record, the envelope's included, in the order of the text.
    pub references: Vec<Reference>,
}

impl Meta {
    /// Tells whether the record is neither closed, revoked nor superseded; a missing status is `submitted`.
    pub fn is_live(&self) -> bool {
        self.status.is_none_or(|status| status.is_live())
    }

    /// Returns the declared status; a missing one is `submitted`.
    pub fn declared(&self) -> Status {
        self.status.map_or(Status::Submitted, |status| status.value)
    }
}

/// One thing that a record names: another record, a file, or a control.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Dotted path of the field, without indices, such as `spec.scope.systems`.
    pub field: Arc<str>,
    /// The names of the kinds that fit, built or not; empty for a file or a control.
    pub kinds: Arc<[Box<str>]>,
    pub text: Box<str>,
    pub span: Span,
    pub sort: ReferenceSort,
}

/// What a reference leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReferenceSort {
    Record,
    File,
    Control,
}

/// A record of one kind.
#[derive(Clone, Debug)]
pub struct Record<S> {
    pub meta: Meta,
    pub spec: S,
}

impl<S> Record<S> {
    /// Returns the id.
    pub fn id(&self) -> &RecordId {
        &self.meta.id.value
    }

    /// Joins the decoded envelope with what the loader knows of the file.
    pub fn new(
        envelope: Envelope<S>,
        kind: Kind,
        file: FileId,
        path: Arc<str>,
        references: Vec<Reference>,
    ) -> Self {
        let owner = Spanned {
            span: envelope.owner.span,
            value: envelope.owner.value.0,
        };
        let meta = Meta {
            kind,
            file,
            path,
            id: envelope.id,
            title: envelope.title,
            owner,
            created: envelope.created,
            status: envelope.status,
            version: envelope.version,
            supersedes: envelope.supersedes,
            renews: envelope.renews,
            controls: envelope.controls,
            classification: envelope.classification,
            review: envelope.review,
            references,
        };
        Self {
            meta,
            spec: envelope.spec,
        }
    }
}

/// All records of one kind, by id.
#[derive(Clone, Debug)]
pub struct Table<S> {
    records: Vec<Record<S>>,
}

impl<S> Default for Table<S> {
    fn default() -> Self {
        Self { records: Vec::new() }
    }
}

impl<S> Table<S> {
    /// Sorts the records by id; of two with one id the first by path stays.
    pub fn new(mut records: Vec<Record<S>>) -> Self {
        records.sort_by(|one, other| (one.id(), &one.meta.path).cmp(&(other.id(), &other.meta.path)));
        records.dedup_by(|later, earlier| later.id() == earlier.id());
        Self { records }
    }

    /// Finds a record by its id.
    pub fn get(&self, id: &RecordId) -> Option<&Record<S>> {
        self.records
            .binary_search_by(|record| record.id().cmp(id))
            .ok()
            .map(|index| &self.records[index])
    }

    /// Puts a record in the place of the one with its id, if there is one.
    pub fn put(&mut self, record: Record<S>) {
        match self.records.binary_search_by(|known| known.id().cmp(record.id())) {
            Ok(index) => self.records[index] = record,
            Err(index) => self.records.insert(index, record),
        }
    }

    /// Takes over the record of an id from another table.
    pub fn put_from(&mut self, other: &Self, id: &RecordId)
    where
        S: Clone,
    {
        if let Some(record) = other.get(id) {
            self.put(record.clone());
        }
    }

    /// Walks the records in the order of their ids.
    pub fn iter(&self) -> std::slice::Iter<'_, Record<S>> {
        self.records.iter()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

impl<'a, S> IntoIterator for &'a Table<S> {
    type Item = &'a Record<S>;
    type IntoIter = std::slice::Iter<'a, Record<S>>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.iter()
    }
}
