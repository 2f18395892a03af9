//! The two files that say what a bundle is: `SHA256SUMS`, what is in it, and `bundle.json`, what it is of.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, FixedOffset, SecondsFormat};
use serde::{Deserialize, Serialize};

use crate::model::parse_date;
use crate::reconcile::Period;
use crate::source::write::{Files, check_path};
use crate::trust::signer::Signer;

/// The manifest of digests, in the form of `sha256sum`.
pub const SUMS: &str = "SHA256SUMS";
/// The signature over it.
pub const SUMS_SIGNATURE: &str = "SHA256SUMS.sig";
/// The same as an in-toto statement in a DSSE envelope, signed by the same key.
pub const ENVELOPE: &str = "SHA256SUMS.intoto.json";
/// The time stamp over the manifest of digests, where one was got.
pub const TIME_STAMP: &str = "SHA256SUMS.tsr";
/// The statement of what the bundle is.
pub const STATEMENT: &str = "bundle.json";
/// The text for people with standard tools.
pub const INSTRUCTIONS: &str = "VERIFY.md";
/// The list of keys that the bundle brings along.
pub const ALLOWED_SIGNERS: &str = "allowed_signers";
/// The history that led to the commit, as `git bundle` writes it.
pub const GIT_BUNDLE: &str = "repo.bundle";

const SCHEMA: &str = "countersign/bundle/v1";

/// What a bundle is of, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The instant at which everything in the bundle was judged, in whole seconds.
    pub as_of: DateTime<FixedOffset>,
    /// The period of its figures.
    pub period: Option<Period>,
    /// The commit it was made from.
    pub commit: Option<String>,
    /// Whether the files that were read differ from the commit.
    pub modified: bool,
    /// The tool that made it, with its version.
    pub tool: String,
    /// All else that decides its bytes.
    pub inputs: Inputs,
    /// What is not in it though it might be.
    pub left_out: Vec<LeftOut>,
    /// Of which bundle it is the redacted twin; `None` where it is no such twin.
    pub redacted: Option<Redaction>,
    /// The key that signed, if one did.
    pub signer: Option<StatedSigner>,
}

/// What a bundle was made from, by SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The governed files, as their tree is digested.
    pub tree_sha256: Option<String>,
    /// `compliance.yaml`; `None` where there is none, and the defaults hold.
    pub configuration_sha256: Option<String>,
    /// All templates of documents.
    pub templates_sha256: Option<String>,
    /// All rules with their levels and explanations.
    pub rules_sha256: Option<String>,
    /// The exports, by name.
    pub imports: Vec<StatedImport>,
}

/// An export that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedImport {
    /// As it was given, or relative to the governed root.
    pub file: String,
    pub sha256: String,
    /// The Source that it belongs to.
    pub source: Option<String>,
    /// The host that was named with it.
    pub host: Option<String>,
    /// Whether it was given by hand (`--scan`): the repository does not hold it.
    pub by_hand: bool,
}

/// What ties a redacted bundle to the full one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// The SHA-256 of the `SHA256SUMS` of the full bundle.
    pub full_sha256sums_sha256: String,
}

/// What is not in a bundle, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The file, or the sort of files.
    pub what: String,
    pub why: String,
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
    period: Option<StatedPeriod>,
    commit: Option<String>,
    modified: bool,
    tool: String,
    inputs: Inputs,
    left_out: Vec<LeftOut>,
    redacted: Option<Redaction>,
    signer: Option<StatedSigner>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedPeriod {
    from: String,
    to: String,
}

impl StatedPeriod {
    fn read(&self) -> Option<Period> {
        let (from, to) = (parse_date(&self.from)?, parse_date(&self.to)?);
        (from <= to).then_some(Period { from, to })
    }
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
        let period = file
            .period
            .map(|period| period.read().context("`period` is not two days in order"))
            .transpose()?;
        Ok(Statement {
            as_of,
            period,
            commit: file.commit,
            modified: file.modified,
            tool: file.tool,
            inputs: file.inputs,
            left_out: file.left_out,
            redacted: file.redacted,
            signer: file.signer,
        })
    }

    /// The bytes of `bundle.json`.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let file = StatementFile {
            schema: SCHEMA.to_owned(),
            as_of: self.as_of.to_rfc3339_opts(SecondsFormat::Secs, true),
            period: self.period.map(|period| StatedPeriod {
                from: period.from.to_string(),
                to: period.to.to_string(),
            }),
            commit: self.commit.clone(),
            modified: self.modified,
            tool: self.tool.clone(),
            inputs: self.inputs.clone(),
            left_out: self.left_out.clone(),
            redacted: self.redacted.clone(),
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
