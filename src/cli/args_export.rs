//! The arguments of `export`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::args::{At, Scans};
use crate::export::{EXPORTS, ExportKind, find};

#[derive(Args, Debug)]
pub(super) struct Export {
    /// What to write
    #[arg(value_name = "NAME", value_parser = names())]
    pub(super) kind: &'static ExportKind,
    /// The period of the findings that were closed: 2026, 2026-Q3, 2026-09 or FROM..TO; as-of is its end unless given
    /// [default: the twelve months before as-of]
    #[arg(long, value_name = "P")]
    pub(super) period: Option<String>,
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) scans: Scans,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

/// Offers the names of the exports, each with what it writes.
fn names() -> impl TypedValueParser<Value = &'static ExportKind> {
    let names = EXPORTS
        .iter()
        .map(|kind| PossibleValue::new(kind.name).help(kind.purpose));
    PossibleValuesParser::new(names).try_map(|name: String| find(&name).ok_or("no such export"))
}
