//! What lies beside the records and says whether they count: keyring, signatures, and the files that guard all.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use super::{ALLOWED_SIGNERS, KeyringFiles, REVOKED};
use crate::diagnostic::Diagnostic;
use crate::source::{Entry, EntryKind, FileId, SourceFile, Span, Tree, sha256_hex};

/// A signature may have this many bytes; a larger file is none.
const MAX_SIGNATURE_BYTES: u64 = 16 * 1024;
/// A file of the keyring may have this many bytes.
const MAX_KEYRING_BYTES: u64 = 4 << 20;
/// A file that guards the repository may have this many bytes.
const MAX_GUARDED_BYTES: u64 = 64 << 20;

/// Reads the files of the keyring; the list of signers becomes a source, so that its lines can be pointed at.
pub(super) fn read_keyring(
    tree: &Tree,
    files: &mut Vec<SourceFile>,
    faults: &mut Vec<Diagnostic>,
) -> Result<KeyringFiles> {
    let mut keyring = KeyringFiles::default();
    if let Some(bytes) = read_small(tree, REVOKED, MAX_KEYRING_BYTES)? {
        keyring.revoked = Some(bytes.into());
    }
    let Some(bytes) = read_small(tree, ALLOWED_SIGNERS, MAX_KEYRING_BYTES)? else {
        return Ok(keyring);
    };
    let file = FileId(u32::try_from(files.len()).unwrap_or(u32::MAX));
    let text: Arc<str> = match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => {
            faults.push(
                Diagnostic::error("SCH004", Span::start_of(file), "the list of keys is not UTF-8")
                    .help("save it as UTF-8; until then no signature counts")
                    .subject(ALLOWED_SIGNERS),
            );
            "".into()
        }
    };
    files.push(SourceFile {
        path: ALLOWED_SIGNERS.into(),
        text: Arc::clone(&text),
    });
    keyring.allowed_signers = Some(text);
    Ok(keyring)
}

/// Returns the bytes of the `.sig` beside an approval.
pub(super) fn signature(tree: &Tree, approval: &str) -> Result<Option<Arc<[u8]>>> {
    let bytes = read_small(tree, &format!("{approval}.sig"), MAX_SIGNATURE_BYTES)?;
    Ok(bytes.map(Arc::from))
}

/// Reads a file whole; a missing one is nothing. One that is too large comes back as that many bytes of nothing,
/// so that whoever reads it refuses it for its size or its form.
pub(super) fn read_small(tree: &Tree, path: &str, max_bytes: u64) -> Result<Option<Vec<u8>>> {
    let Some(entry) = tree.entry(path).filter(|entry| entry.kind == EntryKind::File) else {
        return Ok(None);
    };
    if entry.size > max_bytes {
        let too_many = usize::try_from(max_bytes).unwrap_or(usize::MAX).saturating_add(1);
        return Ok(Some(vec![b'?'; too_many]));
    }
    tree.read(entry, max_bytes).map(Some)
}

/// Folders whose files say how everything is judged or shown.
const GUARDED_FOLDERS: [&str; 2] = ["schemas", "templates"];

/// Returns the SHA-256 of the files that guard the repository: templates, schemas, and what drives the forge.
pub(super) fn guarded_files(tree: &Tree) -> BTreeMap<Arc<str>, String> {
    let in_folder = |entry: &&Entry| {
        let folder = entry.path.split('/').next().unwrap_or_default();
        entry.path.contains('/') && GUARDED_FOLDERS.contains(&folder)
    };
    let files = tree.entries().iter().filter(in_folder).chain(tree.guarded());
    let mut digests = BTreeMap::new();
    for entry in files.filter(|entry| entry.kind == EntryKind::File) {
        // What cannot be read is in the digest as such, so that it differs from what could.
        let digest = tree
            .read(entry, MAX_GUARDED_BYTES)
            .map_or_else(|_| "unreadable".into(), |bytes| sha256_hex(&bytes));
        digests.insert(entry.path.clone(), digest);
    }
    digests
}
