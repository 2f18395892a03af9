//! What is believed, and what history is read again for.

use super::failure::Failure;
use crate::check::Settings;
use crate::load::Repository;
use crate::source::{ContentReader, History};
use crate::trust::{
    Anchor, Basis, Change, Past, Reach, anchored, genesis, is_always_demanded, is_trust, kind_of, reread,
};

/// Says whose keys and people are believed: those of the base, where there is one, without what the change revokes.
pub(super) fn basis<'a>(repository: &'a Repository, change: Option<&'a Change>) -> Basis<'a> {
    let own = Basis::of(repository);
    let Some(change) = change else { return own };
    let mut basis = Basis::of(&change.base);
    // A key that either side has revoked counts for nothing.
    basis.keyring.revoked.extend(&own.keyring.revoked);
    basis
}

/// Judges again what no anchor has seen; of a folder in a larger repository only what came after its first anchor.
pub(super) fn read_past(
    history: &History,
    reader: &ContentReader,
    anchors: &[Anchor],
    settings: &Settings,
    is_whole: bool,
) -> Result<Past, Failure> {
    let seen: Vec<usize> = anchored(anchors, history)
        .iter()
        .map(|anchor| anchor.commit)
        .collect();
    let begins = if is_whole {
        genesis(history)
    } else {
        seen.iter().min().copied()
    };
    let mut past = Past {
        begins,
        ..Past::default()
    };
    let Some(begins) = begins.filter(|_| !history.is_shallow) else {
        return Ok(past);
    };
    let number = |code: &str, name: &str, default: i64| settings.number(code, name).unwrap_or(default);
    let commits = number("GOV005", "recheck_commits", 1000);
    let vouched = seen.into_iter().max().map_or(begins, |seen| seen.max(begins));
    past.vouched = Some(vouched);
    let reach = Reach {
        after: vouched,
        commits: usize::try_from(commits).unwrap_or(usize::MAX),
        retention_years: number("GOV002", "retention_years", 2),
    };
    (past.breaches, past.left_out) = reread(history, reader, reach)?;
    Ok(past)
}

/// Tells whether a commit of the first-parent line after a place touched what trust is made of.
pub(super) fn touches_trust(history: &History, after: usize) -> bool {
    let first = history.mainline.partition_point(|place| *place <= after);
    let changes = history.mainline[first..]
        .iter()
        .flat_map(|place| history.mainline_changes(*place));
    let mut paths = changes.map(|change| &*change.path);
    paths.any(|path| {
        let is_foundation = kind_of(path).is_some_and(|kind| is_trust(kind) || !is_always_demanded(kind));
        is_foundation || Change::is_guarded(path) || Change::is_keyring(path)
    })
}
