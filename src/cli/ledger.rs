//! The ledger of a governed folder, read from its files.

use std::sync::Arc;

use super::failure::{Failure, INPUT};
use crate::ledger::{LEDGER, Ledger, MANIFEST, read_ledger};
use crate::source::{EntryKind, Tree};
use crate::trust::{Anchor, compare_ledger};

/// A segment, packed, or a statement may have this many bytes.
const MAX_SEGMENT_BYTES: u64 = 1 << 30;

/// Tells whether a path belongs to the ledger or says what was imported.
fn is_of_ledger(path: &str) -> bool {
    [LEDGER, MANIFEST].iter().any(|folder| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Reads the ledger, whole or not.
pub(super) fn read(tree: &Tree) -> Result<Ledger, Failure> {
    let mut files: Vec<(Arc<str>, Vec<u8>)> = Vec::new();
    let entries = tree.entries().iter().filter(|entry| is_of_ledger(&entry.path));
    for entry in entries.filter(|entry| entry.kind == EntryKind::File) {
        files.push((Arc::clone(&entry.path), tree.read(entry, MAX_SEGMENT_BYTES)?));
    }
    Ok(read_ledger(files))
}

/// Reads the ledger; one that is damaged is refused.
pub(super) fn read_whole(tree: &Tree) -> Result<Ledger, Failure> {
    let ledger = read(tree)?;
    match ledger.faults.first() {
        None => Ok(ledger),
        Some(fault) => Err(Failure {
            code: INPUT,
            error: anyhow::anyhow!(
                "the ledger is damaged: `{}`: {}\n  `countersign ledger verify` names every file; \
                 `countersign ledger rebuild` makes it again from the exports",
                fault.path,
                fault.what
            ),
        }),
    }
}

/// Compares what anchors say of the ledger with what it is.
pub(super) fn compare(anchors: &mut [Anchor], tree: &Tree) -> Result<(), Failure> {
    let has_head = |anchor: &Anchor| {
        let statement = anchor.statement.as_ref();
        statement.is_some_and(|statement| statement.ledger.is_some())
    };
    if anchors.iter().any(has_head) {
        let segments = read(tree)?.segments;
        let digests = segments.into_iter().map(|segment| segment.digest).collect();
        compare_ledger(anchors, &digests);
    }
    Ok(())
}
