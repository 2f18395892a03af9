//! Rules about the Statement of Applicability.

mod edition_crosswalk;
mod excluded_but_used;
mod incomplete;
mod justification;

pub(super) use edition_crosswalk::CHECK as EDITION_CROSSWALK;
pub(super) use excluded_but_used::CHECK as EXCLUDED_BUT_USED;
pub(super) use incomplete::CHECK as INCOMPLETE;
pub(super) use justification::CHECK as JUSTIFICATION;

use crate::load::Repository;
use crate::model::controls::{Edition, ISO27001, predecessors, successors};
use crate::model::{Record, Soa};

/// Returns the statements that have not been ended.
fn live_soas(repository: &Repository) -> impl Iterator<Item = &Record<Soa>> {
    repository.soas.iter().filter(|soa| soa.meta.is_live())
}

/// Returns the editions of ISO/IEC 27001 that the management system declares, as they are written.
fn declared_editions(repository: &Repository) -> Vec<&str> {
    let frameworks = repository.isms.iter().flat_map(|isms| &isms.spec.frameworks);
    frameworks
        .filter(|framework| framework.id == ISO27001)
        .map(|framework| framework.edition.as_str())
        .collect()
}

fn other(edition: Edition) -> Edition {
    match edition {
        Edition::Iso2013 => Edition::Iso2022,
        Edition::Iso2022 => Edition::Iso2013,
    }
}

/// Returns the ids of the other edition that a control of this one came from or went into.
fn counterparts(edition: Edition, control: &str) -> Vec<&'static str> {
    match edition {
        Edition::Iso2013 => successors(control),
        Edition::Iso2022 => predecessors(control).to_vec(),
    }
}
