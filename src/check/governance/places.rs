//! Places to point at.

use crate::load::Repository;
use crate::source::Span;

/// Returns the beginning of a file, or where the repository begins if it cannot be pointed at.
pub(super) fn start_of(repository: &Repository, path: &str) -> Span {
    let file = repository.sources.find(path);
    file.map_or_else(|| repository.root_span(), Span::start_of)
}
