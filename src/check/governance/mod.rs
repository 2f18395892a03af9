//! Whether the repository's own rules stay in force: what a change may not do, and what it may only do openly.

mod configuration;
mod places;

mod deleted_or_renamed;
mod generated_document;
mod history_and_clock;
mod history_checks;
mod immutable_field;
mod scanner_suppression;
mod suppression;
mod weakening;

use crate::load::Repository;
use crate::trust::{CONFIGURATION_KIND, Change, Effect, RecordChange, classify};

pub(super) use deleted_or_renamed::CHECK as DELETED_OR_RENAMED;
pub(super) use generated_document::CHECK as GENERATED_DOCUMENT;
pub(super) use history_and_clock::CHECK as HISTORY_AND_CLOCK;
pub(super) use history_checks::reread;
pub(super) use immutable_field::CHECK as IMMUTABLE_FIELD;
pub(super) use suppression::{CHECK as SUPPRESSION, suppress};
pub(super) use weakening::CHECK as WEAKENING;

/// Classifies all that a change does to records, keyring, configuration and the files that drive the forge.
pub fn changes(change: &Change, after: &Repository) -> Vec<RecordChange> {
    let mut found = classify(change, after);
    if let Some(configuration) = configuration::compare(change, after) {
        match found
            .iter_mut()
            .find(|one| (one.kind, &one.id) == (configuration.kind, &configuration.id))
        {
            Some(known) => known.edits.extend(configuration.edits),
            None => found.push(configuration),
        }
    }
    found
}

/// Tells whether a change leaves the configuration and what drives the forge alone, or makes them stricter only.
pub fn only_tightens(change: &Change, after: &Repository) -> bool {
    changes(change, after)
        .iter()
        .filter(|one| one.kind == CONFIGURATION_KIND)
        .flat_map(|one| &one.edits)
        .all(|edit| edit.effect != Effect::Weakens)
}
