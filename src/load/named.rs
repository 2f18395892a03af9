//! Files beside the records: those that a record names, and the manifests of evidence stores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;

use super::Repository;
use super::beside::read_small;
use super::repository::{ManifestEntry, StoreManifest};
use crate::model::{EvidencePlace, ReferenceSort};
use crate::source::{EntryKind, FileId, SourceFile, Span, Tree, sha256_hex};

/// A file that a record names may have this many bytes; a larger one has no digest.
pub const MAX_NAMED_FILE_BYTES: u64 = 64 << 20;
/// A manifest may have this many bytes: about 160,000 lines.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;
/// So many lines of a manifest that are none are told; the rest is like them.
const TOLD_FAULTS: usize = 20;

/// Returns the SHA-256 of every file that a record names and that is there.
pub(super) fn digests(tree: &Tree, repository: &Repository) -> BTreeMap<Arc<str>, String> {
    let by_field = repository
        .records()
        .flat_map(|meta| &meta.references)
        .filter(|reference| reference.sort == ReferenceSort::File)
        .map(|reference| &*reference.text);
    let of_evidence = repository
        .evidence
        .iter()
        .filter_map(|evidence| match evidence.spec.place() {
            EvidencePlace::File(path) => Some(path),
            EvidencePlace::Store(_) | EvidencePlace::Neither => None,
        });
    let named: BTreeSet<&str> = by_field.chain(of_evidence).collect();
    let mut digests = BTreeMap::new();
    for entry in named.into_iter().filter_map(|path| tree.entry(path)) {
        if let Ok(bytes) = tree.read(entry, MAX_NAMED_FILE_BYTES) {
            digests.insert(entry.path.clone(), sha256_hex(&bytes));
        }
    }
    digests
}

/// Reads every `data/….sha256`; each becomes a source, so that its lines can be pointed at.
pub(super) fn manifests(tree: &Tree, files: &mut Vec<SourceFile>) -> Result<Vec<StoreManifest>> {
    let mut manifests = Vec::new();
    let is_manifest = |path: &str| path.starts_with("data/") && path.ends_with(".sha256");
    for entry in tree
        .entries()
        .iter()
        .filter(|entry| entry.kind == EntryKind::File && is_manifest(&entry.path))
    {
        let file = FileId(u32::try_from(files.len()).unwrap_or(u32::MAX));
        let bytes = read_small(tree, &entry.path, MAX_MANIFEST_BYTES)?.unwrap_or_default();
        let (text, manifest) = match String::from_utf8(bytes) {
            Ok(text) if text.len() as u64 <= MAX_MANIFEST_BYTES => {
                let manifest = parse(&entry.path, file, &text);
                (text, manifest)
            }
            Ok(_) => {
                let message = format!("more than {MAX_MANIFEST_BYTES} bytes");
                (String::new(), unreadable(&entry.path, file, message))
            }
            Err(_) => (String::new(), unreadable(&entry.path, file, "not UTF-8".into())),
        };
        files.push(SourceFile {
            path: entry.path.clone(),
            text: text.into(),
        });
        manifests.push(manifest);
    }
    Ok(manifests)
}

fn unreadable(path: &Arc<str>, file: FileId, message: String) -> StoreManifest {
    StoreManifest {
        path: Arc::clone(path),
        entries: BTreeMap::new(),
        faults: vec![(Span::start_of(file), message)],
    }
}

/// Reads the lines that `sha256sum` prints: the digest, two characters, the name.
fn parse(path: &Arc<str>, file: FileId, text: &str) -> StoreManifest {
    let mut entries: BTreeMap<String, ManifestEntry> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut span = Span::start_of(file);
        (span.line, span.end_line) = (number, number);
        let fault = match entry_of(line) {
            None => Some("no line of `sha256sum`".to_owned()),
            Some((name, sha256)) => {
                let entry = ManifestEntry { sha256, span };
                let twin = entries.insert(name.to_owned(), entry.clone());
                let differs = twin.filter(|twin| twin.sha256 != entry.sha256);
                differs.map(|twin| format!("another digest for a name of line {}", twin.span.line))
            }
        };
        if faults.len() < TOLD_FAULTS {
            faults.extend(fault.map(|fault| (span, fault)));
        }
    }
    StoreManifest {
        path: Arc::clone(path),
        entries,
        faults,
    }
}

/// Splits a line; a name with `store://` before it is the same as one without.
fn entry_of(line: &str) -> Option<(&str, String)> {
    let (digest, rest) = line.split_at_checked(64)?;
    let name = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *"))?;
    let name = name.strip_prefix("store://").unwrap_or(name);
    let is_hex = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex && !name.is_empty()).then(|| (name, digest.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_sha256sum() {
        let digest = "a".repeat(64);
        let other = "b".repeat(64);
        let text = format!(
            "# kept by the archive\n{digest}  evidence/one.json\n{} *store://evidence/two.json\r\n\n\
             {digest} evidence/three.json\n\\{digest}  four\n{other}  evidence/one.json\n",
            "A".repeat(64)
        );
        let manifest = parse(&"data/evidence-store.sha256".into(), FileId(0), &text);
        let names: Vec<&str> = manifest.entries.keys().map(String::as_str).collect();
        assert_eq!(names, ["evidence/one.json", "evidence/two.json"]);
        assert_eq!(manifest.entries["evidence/two.json"].sha256, digest);
        let told: Vec<(u32, &str)> = manifest
            .faults
            .iter()
            .map(|(span, message)| (span.line, message.as_str()))
            .collect();
        let expected = [
            (5, "no line of `sha256sum`"),
            (6, "no line of `sha256sum`"),
            (7, "another digest for a name of line 2"),
        ];
        assert_eq!(told, expected);
    }
}
