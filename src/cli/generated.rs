//! Generated documents beside the commits that they say they were made from.

use std::path::Path;

use super::failure::Failure;
use crate::check::Settings;
use crate::load::{Generated, read_generated, sources_digest};
use crate::source::{self, Tree};

/// So many commits are compared; each costs a reading of the repository.
const MOST_COMMITS: usize = 64;

/// Reads the folders of generated documents; `None` where there are none.
pub(super) fn read_generated_of(
    root: &Path,
    tree: &Tree,
    settings: &Settings,
    is_in_git: bool,
) -> Result<Option<Generated>, Failure> {
    let folders = settings.words("GOV006", "generated_paths");
    let Some(mut generated) = read_generated(tree, folders) else {
        return Ok(None);
    };
    // Outside git no commit can be looked at, and nothing is compared.
    if !is_in_git || generated.bundles.is_empty() {
        return Ok(Some(generated));
    }
    generated.sources = Some(sources_digest(tree, folders)?);
    let commits: Vec<String> = generated.commits().into_iter().map(str::to_owned).collect();
    for commit in commits.into_iter().take(MOST_COMMITS) {
        // A commit that is not here is told by the rule, with the place of the bundle.
        if let Ok(then) = source::read_commit(root, &commit) {
            generated.origins.insert(commit, sources_digest(&then, folders)?);
        }
    }
    Ok(Some(generated))
}
