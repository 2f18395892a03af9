//! Why the ledger does not take a run.

use std::sync::Arc;

use super::LedgerFault;

/// Why a run is not filed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The ledger itself is damaged.
    Damaged(LedgerFault),
    OtherSource {
        path: Arc<str>,
        source: String,
    },
    /// A run of the same moment over the same hosts has another content.
    SameRun {
        path: Arc<str>,
        sha256: String,
    },
    Dropped {
        before: u64,
        now: u64,
        percent: i64,
        limit: i64,
    },
    UnknownZone(String),
    Unwritable(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damaged(fault) => write!(
                out,
                "the ledger is damaged, and nothing is added to it: `{}`: {}",
                fault.path, fault.what
            ),
            Self::OtherSource { path, source } => write!(
                out,
                "the same file is in the ledger already, as `{path}`, from the Source `{source}`"
            ),
            Self::SameRun { path, sha256 } => write!(
                out,
                "`{path}` holds the same run with another content (sha256 {}…); a run is filed once",
                sha256.get(..12).unwrap_or(sha256)
            ),
            Self::Dropped {
                before,
                now,
                percent,
                limit,
            } => write!(
                out,
                "it has {now} hosts, {percent} % fewer than the {before} of the run before it, and {limit} % are \
                 allowed; if that is right, say why with `--accept-drop`"
            ),
            Self::UnknownZone(name) => write!(out, "`{name}` is no time zone"),
            Self::Unwritable(what) => out.write_str(what),
        }
    }
}
