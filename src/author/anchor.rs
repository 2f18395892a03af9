//! Anchors written: where history stands, signed.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, SubsecRound as _, Utc};

use crate::load::ALLOWED_SIGNERS;
use crate::model::RecordId;
use crate::source::write::write_beside;
use crate::source::{ContentReader, History, read_commit, sha256_hex};
use crate::trust::{Statement, genesis};

/// The list of keys may have this many bytes.
const MAX_KEYRING_BYTES: u64 = 16 << 20;

/// States where the history of a folder stands.
///
/// `ledger` is the head of the ledger, where there is one. A shallow clone is refused, and so is a history in which nobody had a key yet.
pub fn state_of_history(
    root: &Path,
    history: &History,
    ledger: Option<&str>,
    person: &RecordId,
    at: DateTime<Utc>,
) -> Result<Statement> {
    if history.is_shallow {
        bail!("the clone is shallow; fetch the whole history first: `git fetch --unshallow`");
    }
    let tip = history.commits.last().context("there is no commit yet")?;
    let first = genesis(history).with_context(|| {
        format!("no commit holds a key in `{ALLOWED_SIGNERS}` yet, so that nobody could sign an anchor")
    })?;
    let first = &history.commits[first];
    let keyring = first
        .changes
        .iter()
        .filter(|change| &*change.path == ALLOWED_SIGNERS)
        .find_map(|change| change.after)
        .with_context(|| format!("`{ALLOWED_SIGNERS}` cannot be found in commit {}", first.id))?;
    let keyring = ContentReader::open(root)?.read(&keyring, MAX_KEYRING_BYTES)?;
    Ok(Statement {
        at: at.trunc_subsecs(0),
        commit: tip.id.clone(),
        mainline: history.mainline.len(),
        tree: read_commit(root, &tip.id)?.digest()?,
        genesis: first.id.clone(),
        keyring: sha256_hex(&keyring),
        ledger: ledger.map(|head| head.trim_start_matches("sha256:").to_owned()),
        person: person.clone(),
    })
}

/// Writes an anchor, its signature first; what is there is never overwritten. Returns the path.
pub fn write_anchor(root: &Path, statement: &Statement, signature: &[u8]) -> Result<String> {
    let path = statement.path();
    let beside = format!("{path}.sig");
    if let Some(taken) = [&path, &beside].into_iter().find(|path| root.join(path).exists()) {
        bail!("`{taken}` is there already; nothing was written");
    }
    write_beside(&root.join(&beside), signature)?;
    write_beside(&root.join(&path), statement.to_text().as_bytes())?;
    Ok(path)
}
