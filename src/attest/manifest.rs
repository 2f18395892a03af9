//! The two files that say what a bundle is: `SHA256SUMS`, what is in it, and `bundle.json`, what it is of.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, FixedOffset, SecondsFormat};
use serde::{Deserialize, Serialize};

use crate::source::write::{Files, check_path};
use crate::trust::signer::Signer;

/// The manifest of digests, in the form of `sha256sum`.
pub const SUMS: &str = "SHA256SUMS";
/// The signature over it.
pub const SUMS_SIGNATURE: &str = "SHA256SUMS.sig";
/// The statement of what the bundle is.
pub const STATEMENT: &str = "bundle.json";
/// The text for people with standard tools.
pub const INSTRUCTIONS: &str = "VERIFY.md";
/// The list of keys that the bundle brings along.
pub const ALLOWED_SIGNERS: &str = "allowed_signers";

const SCHEMA: &str = "countersign/bundle/v1";

/// What a bundle is of, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The instant at which everything in the bundle was judged, in whole seconds.
    pub as_of: DateTime<FixedOffset>,
    /// The commit it was made from.
    pub commit: Option<String>,
    /// The tool that made it, with its version.
    pub tool: String,
    /// The key that signed, if one did.
    pub signer: Option<StatedSigner>,
}

/// The signer as the bundle itself names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedSigner {
    /// The principal under whom the bundle's own list holds the key; `None` when it does not.
    pub principal: Option<String>,
    /// The SHA-256 fingerprint.
    pub fingerprint: String,
}

impl StatedSigner {
    pub(super) fn of(signer: &Signer, principal: Option<String>) -> StatedSigner {
        StatedSigner {
            principal,
            fingerprint: signer.public_key().fingerprint(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementFile {
    schema: String,
    as_of: String,
    commit: Option<String>,
    tool: String,
    signer: Option<StatedSigner>,
}

impl Statement {
    /// Reads `bundle.json`.
    pub fn parse(bytes: &[u8]) -> Result<Statement> {
        let file: StatementFile = serde_json::from_slice(bytes).context("not the file this tool writes")?;
        if file.schema != SCHEMA {
            bail!(
                "its schema is `{}`, and only `{SCHEMA}` is known",
                file.schema.escape_debug()
            );
        }
        let as_of = DateTime::parse_from_rfc3339(&file.as_of).context("`as_of` is no RFC 3339 instant")?;
        Ok(Statement {
            as_of,
            commit: file.commit,
            tool: file.tool,
            signer: file.signer,
        })
    }

    /// The bytes of `bundle.json`.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let file = StatementFile {
            schema: SCHEMA.to_owned(),
            as_of: self.as_of.to_rfc3339_opts(SecondsFormat::Secs, true),
            commit: self.commit.clone(),
            tool: self.tool.clone(),
            signer: self.signer.clone(),
        };
        let mut bytes = serde_json::to_vec_pretty(&file).context("could not write `bundle.json`")?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// As-of in seconds since 1970, which an archive needs; nothing before 1970.
    pub(super) fn modified(&self) -> Result<u64> {
        u64::try_from(self.as_of.timestamp()).context("a bundle cannot be as of a day before 1970")
    }
}

/// Whether a file is not to stand in `SHA256SUMS`: itself, and what vouches for it.
pub fn is_exempt(path: &str) -> bool {
    path.strip_prefix(SUMS)
        .is_some_and(|rest| rest.is_empty() || (rest.starts_with('.') && !rest.contains('/')))
}

/// The SHA-256 digest of `bytes` in lower-case hexadecimal.
pub fn digest_of(bytes: &[u8]) -> String {
    crate::source::sha256_hex(bytes)
}

/// The bytes of `SHA256SUMS` for these files.
pub fn sums_of(files: &Files) -> Vec<u8> {
    let listed = files.iter().filter(|(path, _)| !is_exempt(path));
    listed
        .map(|(path, bytes)| format!("{}  {path}\n", digest_of(bytes)))
        .collect::<String>()
        .into_bytes()
}

/// Reads `SHA256SUMS` into digests by path, and what is wrong with which 1-based line.
///
/// Only what this tool writes is accepted: lower-case digest, two spaces, plain path, sorted, each once.
pub fn parse_sums(bytes: &[u8]) -> (BTreeMap<String, String>, Vec<(usize, String)>) {
    let (mut digests, mut faults) = (BTreeMap::new(), Vec::new());
    let Ok(text) = std::str::from_utf8(bytes) else {
        return (digests, vec![(1, "the file is not UTF-8".to_owned())]);
    };
    let mut previous = "";
    for (index, line) in text.split_inclusive('\n').enumerate() {
        match parse_sum(line) {
            Err(what) => faults.push((index + 1, what)),
            Ok((path, _)) if digests.contains_key(path) => {
                faults.push((index + 1, format!("`{path}` is listed twice")));
            }
            Ok((path, _)) if path < previous => faults.push((index + 1, format!("`{path}` is out of order"))),
            Ok((path, digest)) => {
                previous = path;
                digests.insert(path.to_owned(), digest.to_owned());
            }
        }
    }
    (digests, faults)
}

fn parse_sum(line: &str) -> Result<(&str, &str), String> {
    let line = line.strip_suffix('\n').ok_or("the line does not end")?;
    let (digest, path) = line
        .split_once("  ")
        .ok_or("not a digest, two spaces and a path")?;
    if digest.len() != 64
        || !digest
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Err("the digest is not 64 lower-case hexadecimal digits".to_owned());
    }
    check_path(path).map_err(|error| error.to_string())?;
    if is_exempt(path) {
        return Err(format!("`{path}` cannot vouch for itself"));
    }
    Ok((path, digest))
}
