//! What lies in the folders of generated documents: digests, manifests, and what bundles say of themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;

use crate::source::{Entry, EntryKind, Tree, sha256_hex};

/// A generated document may have this many bytes; a larger one has no digest.
const MAX_DOCUMENT_BYTES: u64 = 256 << 20;
/// A manifest or statement may have this many bytes.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;
/// The manifest of digests, in the form of `sha256sum`.
const SUMS: &str = "SHA256SUMS";
/// The statement of what a bundle is of.
const STATEMENT: &str = "bundle.json";

/// What lies in the folders of generated documents.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    /// The SHA-256 of each document by path; `None` where it cannot be read.
    pub documents: BTreeMap<Arc<str>, Option<String>>,
    /// What each `SHA256SUMS` lists, by its path: the paths from the root.
    pub manifests: BTreeMap<Arc<str>, BTreeMap<String, Listed>>,
    /// The commit that each `bundle.json` names, by its path; `None` where it cannot be read, or names none.
    pub bundles: BTreeMap<Arc<str>, Option<String>>,
    /// The digest of the sources as they are; `None` where it is not known.
    pub sources: Option<String>,
    /// The digest of the sources of each commit that a bundle names; a commit that is not here has none.
    pub origins: BTreeMap<String, String>,
}

/// One line of a manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub sha256: String,
    /// The number of the line, the first is 1.
    pub line: u32,
}

impl Generated {
    /// Returns every path, so that each can be pointed at.
    pub fn paths(&self) -> impl Iterator<Item = &Arc<str>> {
        self.documents.keys().chain(self.manifests.keys())
    }

    /// Returns the commits that bundles name, each once.
    pub fn commits(&self) -> BTreeSet<&str> {
        self.bundles.values().flatten().map(String::as_str).collect()
    }
}

/// Reads the folders of generated documents; `None`, and nothing is read, where there are none.
pub fn read_generated(tree: &Tree, folders: &[String]) -> Option<Generated> {
    let folders = plain(folders);
    let mut generated = Generated::default();
    for entry in tree.entries() {
        let is_in = folders.iter().any(|folder| is_below(&entry.path, folder));
        if entry.kind == EntryKind::File && is_in {
            generated.read(tree, entry);
        }
    }
    let is_empty = generated.documents.is_empty() && generated.manifests.is_empty();
    (!is_empty).then_some(generated)
}

/// Returns the digest of what documents are made from.
pub fn sources_digest(tree: &Tree, folders: &[String]) -> Result<String> {
    tree.digest_without(&plain(folders))
}

/// Returns the folders without slashes at their ends; the root itself is none.
fn plain(folders: &[String]) -> Vec<&str> {
    let trimmed = folders.iter().map(|folder| folder.trim_matches('/'));
    trimmed.filter(|folder| !folder.is_empty()).collect()
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

impl Generated {
    fn read(&mut self, tree: &Tree, entry: &Entry) {
        let path = &entry.path;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == SUMS {
            let text = text(tree, entry).unwrap_or_default();
            self.manifests.insert(Arc::clone(path), listed(folder, &text));
            return;
        }
        // What vouches for a manifest cannot stand in it.
        if name.strip_prefix(SUMS).is_some_and(|rest| rest.starts_with('.')) {
            return;
        }
        let bytes = tree.read(entry, MAX_DOCUMENT_BYTES).ok();
        if name == STATEMENT {
            let commit = bytes.as_deref().and_then(commit_of);
            self.bundles.insert(Arc::clone(path), commit);
        }
        let digest = bytes.map(|bytes| sha256_hex(&bytes));
        self.documents.insert(Arc::clone(path), digest);
    }
}

fn text(tree: &Tree, entry: &Entry) -> Option<String> {
    String::from_utf8(tree.read(entry, MAX_MANIFEST_BYTES).ok()?).ok()
}

/// Reads the lines that `sha256sum` prints; any other line vouches for nothing.
fn listed(folder: &str, text: &str) -> BTreeMap<String, Listed> {
    let mut found = BTreeMap::new();
    for (line_number, line) in (1_u32..).zip(text.lines()) {
        let Some((sha256, rest)) = line.split_at_checked(64) else {
            continue;
        };
        let is_hex = sha256
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let name = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *"));
        if let Some(name) = name.filter(|_| is_hex) {
            let listed = Listed {
                sha256: sha256.to_owned(),
                line: line_number,
            };
            // The first line counts, so that none behind it can stand for another content.
            found.entry(format!("{folder}/{name}")).or_insert(listed);
        }
    }
    found
}

/// Reads the commit out of a `bundle.json`.
fn commit_of(bytes: &[u8]) -> Option<String> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length > MAX_MANIFEST_BYTES {
        return None;
    }
    let statement: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let commit = statement.get("commit")?.as_str()?;
    let is_hash = matches!(commit.len(), 40 | 64)
        && commit
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then(|| commit.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{commit_of, listed};

    #[test]
    fn only_lines_of_sha256sum_vouch() {
        let (one, other) = ("a".repeat(64), "b".repeat(64));
        let text = format!(
            "{one}  x.html\n{other}  x.html\n{other} *y\nno line\n{}  z\n",
            "A".repeat(64)
        );
        let found = listed("generated/q", &text);
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["generated/q/x.html", "generated/q/y"]);
        assert_eq!(
            (&found["generated/q/x.html"].sha256, found["generated/q/y"].line),
            (&one, 3)
        );
    }

    #[test]
    fn a_commit_is_a_whole_hash() {
        let hash = "0123456789".repeat(4);
        let of = |commit: &str| commit_of(format!("{{\"commit\": {commit}}}").as_bytes());
        assert_eq!(of(&format!("\"{hash}\"")), Some(hash));
        for commit in ["null", "\"HEAD\"", "\"--help\"", "1"] {
            assert_eq!(of(commit), None, "{commit}");
        }
    }
}
