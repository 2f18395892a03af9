//! Arguments of the commands over the history of findings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::{At, Scans, TextFormat};

#[derive(Args, Debug)]
pub(super) struct Import {
    /// The Source that the exports come from
    #[arg(long, value_name = "ID")]
    pub(super) source: String,
    /// The host of an export whose format names none
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
    /// Why this run has so many fewer hosts than the one before it
    #[arg(long, value_name = "REASON")]
    pub(super) accept_drop: Option<String>,
    /// Sign what was imported with this key, whose purpose is `import`
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<PathBuf>,
    /// The exports; a folder or .zip is one run
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(super) enum LedgerCommand {
    /// Name each file that is not what was imported
    Verify,
    /// Make every segment again from its export, and put back what was changed or lost
    Rebuild(Rebuild),
}

#[derive(Args, Debug)]
pub(super) struct Rebuild {
    /// Exports that do not lie under `imports/`: files or folders
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Trace {
    /// The host: its name in full, or up to the first dot
    #[arg(value_name = "HOST")]
    pub(super) machine: String,
    /// A CVE, a scanner's id such as `nessus:12345`, another name of it, or the patch that remedies it
    #[arg(value_name = "VULN")]
    pub(super) vuln: String,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: TextFormat,
}
