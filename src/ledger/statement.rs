//! What was imported: a statement beside each segment, which somebody may sign.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The folder of the statements.
pub const MANIFEST: &str = "imports/manifest";
const FIRST_LINE: &str = "# What was imported. Made by `countersign import`, never changed.\n";
/// A statement may have this many bytes.
const MAX_BYTES: usize = 64 << 10;

/// What an import says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The version of the form, 1.
    pub import: u32,
    /// The number of the segment.
    pub segment: u64,
    /// `sha256:` of the segment's unpacked text.
    pub digest: String,
    pub source: String,
    /// The export, as it was named.
    pub file: String,
    /// SHA-256 of the export, in hexadecimal.
    pub sha256: String,
    pub run_at: Option<DateTime<Utc>>,
    pub zone: String,
    pub absence_means_fixed: bool,
    pub host: Option<String>,
    pub accept_drop: Option<String>,
    pub imported_at: DateTime<Utc>,
    /// The version of the tool.
    pub tool: String,
    /// Who signed it; nobody where it is not signed.
    pub person: Option<String>,
    #[serde(skip)]
    pub signature: Option<Vec<u8>>,
}

/// Returns the path of the statement of a segment.
pub(super) fn path_of(sequence: u64) -> String {
    format!("{MANIFEST}/{sequence:06}.yaml")
}

/// Tells of which segment a path is the statement.
pub(super) fn sequence_of(path: &str) -> Option<u64> {
    let name = path
        .strip_prefix(MANIFEST)?
        .strip_prefix('/')?
        .strip_suffix(".yaml")?;
    let is_number = name.len() >= 6 && name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|sequence| is_number && *sequence > 0)
}

impl Statement {
    /// Reads a statement; only the very text that [`Statement::to_text`] writes is one.
    pub(super) fn parse(sequence: u64, path: &Arc<str>, bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())?;
        let body = text.strip_prefix(FIRST_LINE).unwrap_or(text);
        let statement: Self = serde_json::from_str(body).map_err(|error| error.to_string())?;
        if statement.import != 1 {
            return Err(format!(
                "it is of version {}, and this tool reads 1",
                statement.import
            ));
        }
        if statement.segment != sequence {
            return Err(format!("by what it says it is `{}`", path_of(statement.segment)));
        }
        if statement.to_text() != text {
            return Err(format!(
                "`{path}` is not written as `countersign import` writes it"
            ));
        }
        Ok(statement)
    }

    /// Writes the statement as it is signed: YAML that is JSON, one field a line.
    pub fn to_text(&self) -> String {
        let body = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{FIRST_LINE}{body}\n")
    }

    /// Returns its path.
    pub fn path(&self) -> String {
        path_of(self.segment)
    }
}
