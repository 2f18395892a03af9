//! Which tier a System is in: by what its record says, and by the criteria of the Isms.
//!
//! The stricter of the two counts wherever a tier decides who must approve: a record that says less than
//! the criteria lowers nothing.

use super::Repository;
use crate::model::{Expression, Record, System, Tier, system_value};
use crate::source::Spanned;

/// A tier of the Isms with its place in the order.
#[derive(Clone, Copy, Debug)]
pub struct TierRank<'a> {
    /// 0 is the most critical tier.
    pub rank: usize,
    pub tier: &'a Tier,
    /// The criterion that holds, where the tier is computed.
    pub criterion: Option<&'a Spanned<Expression>>,
}

impl<'a> TierRank<'a> {
    /// Returns the id, such as `tier0`.
    pub fn id(&self) -> &'a str {
        &self.tier.id.value
    }
}

/// Returns the tier that a System's record names; `None` where it names none, or one that the Isms does not know.
pub fn declared_tier<'a>(repository: &'a Repository, system: &Record<System>) -> Option<TierRank<'a>> {
    let declared = system.spec.tier.as_ref()?;
    ranks(repository).find(|rank| rank.id() == declared.value)
}

/// Returns the most critical tier of which a criterion holds for a System; `None` where none does.
pub fn computed_tier<'a>(repository: &'a Repository, system: &Record<System>) -> Option<TierRank<'a>> {
    ranks(repository).find_map(|rank| {
        let holds = |criterion: &&Spanned<Expression>| criterion.holds(&|name| system_value(system, name));
        let criterion = rank.tier.criteria.iter().find(holds)?;
        Some(TierRank {
            criterion: Some(criterion),
            ..rank
        })
    })
}

/// Returns the stricter of the declared and the computed tier.
///
/// A System of which neither is known counts as one of the most critical tier, so that leaving a field out
/// never helps. `None` only where the Isms itself cannot be read.
pub fn effective_tier<'a>(repository: &'a Repository, system: &Record<System>) -> Option<TierRank<'a>> {
    let declared = declared_tier(repository, system);
    let computed = computed_tier(repository, system);
    [computed, declared]
        .into_iter()
        .flatten()
        .min_by_key(|rank| rank.rank)
        .or_else(|| ranks(repository).next())
}

fn ranks(repository: &Repository) -> impl Iterator<Item = TierRank<'_>> {
    let tiers = repository.isms.iter().flat_map(|isms| &isms.spec.tiers);
    tiers.enumerate().map(|(rank, tier)| TierRank {
        rank,
        tier,
        criterion: None,
    })
}
