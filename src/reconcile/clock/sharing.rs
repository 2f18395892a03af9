//! Equal lists of segments are kept once: findings of one run have mostly the same.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

use crate::model::{Segment, Segments};

const SHARDS: usize = 16;

/// Every list of segments that was seen; it is never walked, so that no order of hashes can leak out.
#[derive(Default)]
pub(in crate::reconcile) struct Sharing {
    shards: [Mutex<HashSet<Segments, RandomState>>; SHARDS],
    hasher: RandomState,
}

impl Sharing {
    /// Returns the list that is equal to this one and was seen first.
    pub(in crate::reconcile) fn shared(&self, segments: &[Segment]) -> Segments {
        // The set hashes the whole list; its last date spreads lists well enough over the shards.
        let last = segments.last().map(|segment| segment.due);
        let shard = self.hasher.hash_one(last) as usize % SHARDS;
        let mut seen = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.get(segments) {
            return Arc::clone(known);
        }
        let segments: Segments = segments.into();
        seen.insert(Arc::clone(&segments));
        segments
    }
}
