//! The stretches of a life in which a due date had passed.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Segment;

/// A stretch in which a finding was past its due date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::reconcile) struct Late {
    pub(in crate::reconcile) due: DateTime<Utc>,
    /// The first moment after the due date at which it governed.
    pub(in crate::reconcile) from: DateTime<Utc>,
    /// The last moment.
    pub(in crate::reconcile) until: DateTime<Utc>,
}

/// The first due date that passed without a decision over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::reconcile) struct Breach {
    pub(in crate::reconcile) due: DateTime<Utc>,
    /// The first moment at which it was late and nothing stood for it.
    pub(in crate::reconcile) at: DateTime<Utc>,
}

impl Late {
    /// Returns the breach that it is where nothing stands for the finding.
    pub(in crate::reconcile) fn breach(&self) -> Breach {
        Breach {
            due: self.due,
            at: self.from,
        }
    }
}

/// Finds the stretches up to the last moment of a life, by time; each is told by the date that governed then.
///
/// A date that something moves back later was not missed before that: what was missed is the date that stood.
pub(in crate::reconcile) fn late(segments: &[Segment], last: DateTime<Utc>) -> impl Iterator<Item = Late> {
    segments.iter().enumerate().filter_map(move |(index, segment)| {
        let next = segments.get(index + 1).map(|next| next.from);
        let until = next.filter(|next| *next <= last);
        // Where another date governs from a moment on, this one does not govern at it.
        let until = until.map_or(last, |next| next - TimeDelta::nanoseconds(1));
        let from = segment.due + TimeDelta::seconds(1);
        let from = from.max(segment.from).min(until);
        (segment.due < from && segment.from <= until).then_some(Late {
            due: segment.due,
            from,
            until,
        })
    })
}
