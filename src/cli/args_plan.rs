//! The arguments of `plan`, `sample` and `whatif`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{At, Scans, TextFormat};

#[derive(Args, Debug)]
pub(super) struct Plan {
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: PlanFormat,
    /// Write to a file instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum PlanFormat {
    Human,
    Json,
    Csv,
}

#[derive(Args, Debug)]
pub(super) struct Sample {
    /// Any words of the auditor's own, such as AUD-0916; another seed draws other items
    #[arg(long, value_name = "SEED")]
    pub(super) seed: String,
    /// What to draw from: a tier (its Systems), a severity or disposition (findings), `findings`, `hosts`, or a kind of
    /// record such as `exception` or `approval`
    #[arg(long, value_name = "STRATUM")]
    pub(super) stratum: String,
    /// How many items to draw
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) n: u32,
    /// Write the whole population into a file, an item a line, for `sha256sum` and `sort`
    #[arg(long, value_name = "FILE")]
    pub(super) population: Option<PathBuf>,
    /// The period of what was closed: 2026, 2026-Q3, 2026-09 or FROM..TO [default: the twelve months before as-of]
    #[arg(long, value_name = "P")]
    pub(super) period: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: PlanFormat,
    /// Write to a file instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Whatif {
    /// Give a cell of every agreement that has it another number of days
    #[arg(long = "sla", value_name = "SEVERITY/TIER=DAYS", required = true)]
    pub(super) slas: Vec<String>,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    /// The period of what was late: 2026, 2026-Q3, 2026-09 or FROM..TO [default: the twelve months before as-of]
    #[arg(long, value_name = "P")]
    pub(super) period: Option<String>,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: TextFormat,
    /// Write to a file instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}
