//! Whether an agreement or a policy binds, by what was declared, who approved it and the calendar.

use super::table::{Mark, Tone};
use crate::model::{Date, Meta, Status};
use crate::reconcile::Register;

/// Whether a record binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Force {
    Binds,
    NotApproved,
    Expired,
    Superseded,
    Ended(Status),
}

impl Force {
    /// What was declared to have ended has ended; then successors, approvals and the calendar decide.
    pub(crate) fn of(register: &Register<'_>, meta: &Meta, expires: Option<Date>) -> Self {
        let counts = |meta: &Meta| register.standings.of(meta.kind, &meta.id.value).counts();
        let mut all = register.repository.records();
        let is_replaced = all.any(|other| {
            let old = other.supersedes.as_ref();
            old.is_some_and(|old| old.value == meta.id.value) && other.is_live() && counts(other)
        });
        match meta.declared() {
            ended @ (Status::Closed | Status::Revoked) => Self::Ended(ended),
            Status::Superseded => Self::Superseded,
            Status::Draft => Self::NotApproved,
            Status::Submitted if is_replaced => Self::Superseded,
            Status::Submitted if !counts(meta) => Self::NotApproved,
            Status::Submitted if expires.is_some_and(|last| last < register.as_of.day()) => Self::Expired,
            Status::Submitted => Self::Binds,
        }
    }

    /// Returns it as a mark, what binds first.
    pub(super) fn mark(self) -> Mark {
        let (word, rank, tone) = match self {
            Self::Binds => ("in_force", 0, Tone::Good),
            Self::NotApproved => ("not_approved_by_all", 1, Tone::Bad),
            Self::Expired => ("expired", 2, Tone::Bad),
            Self::Superseded => ("superseded", 3, Tone::Quiet),
            Self::Ended(status) => (status.word(), 4, Tone::Quiet),
        };
        Mark { word, rank, tone }
    }

    /// Tells whether it has ended or was replaced.
    pub(crate) fn has_ended(self) -> bool {
        matches!(self, Self::Superseded | Self::Ended(_))
    }
}

/// Returns the version of a record.
pub(super) fn version_of(meta: &Meta) -> String {
    let version = meta.version.as_ref();
    version.map_or_else(|| "not told".to_owned(), |version| version.value.clone())
}

/// Returns the ids of the records that name another as the one that they replace.
pub(super) fn successors(register: &Register<'_>, meta: &Meta) -> Vec<String> {
    let replaces = |other: &&Meta| {
        other
            .supersedes
            .as_ref()
            .is_some_and(|old| old.value == meta.id.value)
    };
    let all = register.repository.records().filter(replaces);
    all.map(|other| other.id.to_string()).collect()
}
