//! The documents: what a reader would notice, and what hostile text must not do.

#[path = "documents/sample.rs"]
mod sample;

use std::collections::BTreeMap;

use countersign::document::{DOCUMENTS, DocumentKind, Format, render};
use sample::{diagnostics, files, provenance, repository, sample_register};

fn all() -> Vec<&'static DocumentKind> {
    DOCUMENTS.iter().collect()
}

fn rendered(foreign: &str) -> BTreeMap<String, Vec<u8>> {
    let repository = repository(&files(foreign));
    let register = sample_register(&repository, foreign);
    let diagnostics = diagnostics(foreign);
    render(&all(), &Format::ALL, &register, &provenance(&diagnostics), &BTreeMap::new()).unwrap()
}

/// Writes what the sample makes into a folder, for eyes: `DOCUMENTS_OUT=folder`.
#[test]
fn writes_the_sample_for_eyes() {
    let Some(folder) = std::env::var_os("DOCUMENTS_OUT") else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in rendered("") {
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).unwrap();
    }
}
