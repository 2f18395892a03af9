//! Which versions of an agreement, and of a system, count at a moment.

use chrono::{DateTime, Utc};

use super::{Law, SystemVersion};

/// The number of the version that governs at a moment; the first governs what was before it, too.
pub(super) fn agreement_at(law: Law<'_>, at: DateTime<Utc>, least: usize) -> usize {
    let Law::Agreement(versions) = law else {
        return 0;
    };
    let begun = versions.iter().rposition(|version| version.from <= at);
    begun.unwrap_or(0).max(least)
}

pub(super) fn system_at(systems: &[SystemVersion<'_>], at: DateTime<Utc>, least: usize) -> usize {
    let begun = systems.iter().rposition(|version| version.from <= at);
    begun.unwrap_or(0).max(least)
}

/// Lists the pairs that count: the newest versions, and each before them that nothing approved has taken the place of.
///
/// Those of a system from which a host has moved go together: an agreement sets no date for the tier of another's.
pub(super) fn counting<'s>(
    law: Law<'s>,
    systems: &'s [SystemVersion<'_>],
    (agreement, system): (usize, usize),
) -> impl Iterator<Item = (usize, usize)> {
    let line = move |index: usize| match law {
        Law::Agreement(versions) => versions.get(index).map(|version| version.line),
        Law::Strictest { .. } => None,
    };
    let is_replaced = move |index: usize| match law {
        Law::Agreement(versions) => {
            let mut later = versions.get(index + 1..=agreement).unwrap_or_default().iter();
            later.any(|later| later.loosens && Some(later.line) == line(index))
        }
        Law::Strictest { .. } => false,
    };
    let agreements = (0..=agreement).filter(move |index| !is_replaced(*index));
    agreements.flat_map(move |one| {
        let of_line = (0..=system).filter(move |index| {
            let own = systems.get(*index).map(|version| version.line);
            let mut later = systems.get(*index + 1..=system).unwrap_or_default().iter();
            let is_replaced = later.any(|later| later.loosens && Some(later.line) == own);
            let is_of_line = line(one).is_none() || own.is_none() || line(one) == own;
            !is_replaced && is_of_line
        });
        of_line.map(move |other| (one, other))
    })
}
