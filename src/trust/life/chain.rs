//! Records that prolong each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::load::Repository;
use crate::model::{AsOf, Date, RecordId};

/// Records that prolong each other, the oldest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    pub ids: Vec<RecordId>,
    pub from: Date,
    /// The last day of the last one, or the day of the question if that is earlier.
    pub until: Date,
}

impl Chain {
    /// Returns its age in days, both ends included.
    pub fn days(&self) -> i64 {
        (self.until.days_since(self.from) + 1).max(0)
    }
}

/// The paths and ids of the records that prolong another, by the id of that one.
pub(super) struct Renewals(BTreeMap<RecordId, BTreeMap<Arc<str>, RecordId>>);

impl Renewals {
    pub(super) fn of(repository: &Repository) -> Self {
        let mut renewals: BTreeMap<RecordId, BTreeMap<Arc<str>, RecordId>> = BTreeMap::new();
        for meta in repository.records() {
            if let Some(renewed) = &meta.renews {
                let of_one = renewals.entry(renewed.value.clone()).or_default();
                of_one.insert(Arc::clone(&meta.path), meta.id.value.clone());
            }
        }
        Self(renewals)
    }

    pub(super) fn of_record(&self, id: &RecordId) -> BTreeMap<Arc<str>, RecordId> {
        self.0.get(id).cloned().unwrap_or_default()
    }
}

/// Returns the records that prolong each other around one; `None` for a record that nothing prolongs.
pub(super) fn chain(
    repository: &Repository,
    renewals: &Renewals,
    id: &RecordId,
    as_of: AsOf,
) -> Option<Chain> {
    let mut ids = vec![id.clone()];
    let renewed = |id: &RecordId| {
        let meta = repository.record(id)?;
        meta.renews.as_ref().map(|renewed| renewed.value.clone())
    };
    while let Some(earlier) = ids
        .first()
        .and_then(renewed)
        .filter(|earlier| !ids.contains(earlier))
    {
        ids.insert(0, earlier);
    }
    let next = |id: &RecordId| renewals.of_record(id).into_values().next();
    while let Some(later) = ids.last().and_then(next).filter(|later| !ids.contains(later)) {
        ids.push(later);
    }
    let spans: Vec<(Date, Option<Date>)> = ids.iter().filter_map(|id| span(repository, id)).collect();
    let from = spans.iter().map(|(from, _)| *from).min()?;
    let last = spans.last()?.1;
    let until = last.map_or(as_of.day(), |last| last.min(as_of.day()));
    Some(Chain { ids, from, until })
}

/// Returns from when to when an exception or an acceptance counts.
fn span(repository: &Repository, id: &RecordId) -> Option<(Date, Option<Date>)> {
    if let Some(exception) = repository.exceptions.get(id) {
        let spec = &exception.spec;
        let granted = spec.first_granted.map(|granted| granted.value);
        let starts = granted.map_or(spec.starts.value, |granted| granted.min(spec.starts.value));
        return Some((starts, Some(spec.expires.value)));
    }
    let acceptance = repository.acceptances.get(id)?;
    let expires = acceptance.spec.expires.map(|expires| expires.value);
    Some((acceptance.spec.starts.value, expires))
}
