//! The arguments of what makes and verifies bundles.

use std::path::PathBuf;

use clap::Args;

use super::args::{At, Scans};

/// What vouches for a bundle.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Proof {
    /// The private key to sign with, or a public key whose private half is in the agent
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<PathBuf>,
    /// A time stamp (RFC 3161) over the SHA256SUMS of this very bundle: make it once, get the stamp, make it again
    #[arg(long, value_name = "FILE")]
    pub(super) timestamp: Option<PathBuf>,
    /// Make the redacted twin: pseudonyms stand for hosts, addresses and persons
    #[arg(long)]
    pub(super) redact: bool,
    /// The secret that makes the pseudonyms, the same every time (`openssl rand -hex 32`); without it the signing key's
    #[arg(long, value_name = "FILE", requires = "redact")]
    pub(super) redact_key: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Bundle {
    /// A folder, or a file that ends in `.tar`
    #[arg(long, value_name = "PATH")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) proof: Proof,
    /// The period of the figures, as for `render`
    #[arg(long, value_name = "P")]
    pub(super) period: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
}

#[derive(Args, Debug)]
pub(super) struct Audit {
    /// The folder of the bundle
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) proof: Proof,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
}

#[derive(Args, Debug)]
pub(super) struct Verify {
    /// A bundle: a folder or a `.tar`
    #[arg(value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    /// Believe this list of who may have signed the bundle alone, read as OpenSSH reads it
    #[arg(long, value_name = "FILE")]
    pub(super) allowed_signers: Option<PathBuf>,
    /// Judge the approvals by this list of keys instead of the one in the bundle
    #[arg(long, value_name = "FILE")]
    pub(super) keyring: Option<PathBuf>,
    /// Make the bundle again from its commit in this repository, and compare every byte
    #[arg(long, value_name = "REPO")]
    pub(super) rebuild: Option<PathBuf>,
    /// With `--rebuild`: an export that the bundle was made with by `--scan`; found by its digest, under any name
    #[arg(long = "scan", value_name = "FILE", requires = "rebuild")]
    pub(super) scans: Vec<String>,
}
