//! The ledger of a governed folder, read from its files.

use std::sync::Arc;

use super::failure::{Failure, INPUT};
use crate::ledger::{LEDGER, Ledger, MANIFEST, Wanted, read_ledger};
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
pub(super) fn read(tree: &Tree, wanted: Wanted) -> Result<Ledger, Failure> {
    let mut files: Vec<(Arc<str>, Vec<u8>)> = Vec::new();
    let entries = tree.entries().iter().filter(|entry| is_of_ledger(&entry.path));
    for entry in entries.filter(|entry| entry.kind == EntryKind::File) {
        files.push((Arc::clone(&entry.path), tree.read(entry, MAX_SEGMENT_BYTES)?));
    }
    Ok(read_ledger(files, wanted))
}

/// Reads the ledger to add to it; one that is damaged is refused.
pub(super) fn read_whole(tree: &Tree) -> Result<Ledger, Failure> {
    whole(read(tree, Wanted::Segments)?)
}

/// Refuses a ledger that is damaged.
pub(super) fn whole(ledger: Ledger) -> Result<Ledger, Failure> {
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

/// Compares what anchors say of the ledger with what it is; returns it where it had to be read.
pub(super) fn compare(
    anchors: &mut [Anchor],
    tree: &Tree,
    wanted: Wanted,
) -> Result<Option<Ledger>, Failure> {
    let has_head = |anchor: &Anchor| {
        let statement = anchor.statement.as_ref();
        statement.is_some_and(|statement| statement.ledger.is_some())
    };
    if !anchors.iter().any(has_head) {
        return Ok(None);
    }
    let ledger = read(tree, wanted)?;
    let digests = ledger.segments.iter().map(|segment| segment.digest.clone());
    compare_ledger(anchors, &digests.collect());
    Ok(Some(ledger))
}
