//! Scan exports become streams of observations: one file a format, recognised by content.
//!
//! An importer translates and nothing else: it does not filter, rate or de-duplicate, it keeps the
//! scanner's words beside ours, and it refuses what it does not know. It reads its input once and
//! never builds the whole document.

mod error;
mod input;
mod scan;
mod sink;

use std::io::BufRead;

use crate::model::{MappingProfile, ScanSummary};

pub use error::{ImportError, Place};
pub use input::{Imported, Input, import, recognise};
pub use scan::{CheckInfo, Content, Export, KevListing, Scan, Sighting, collect};
pub use sink::{HostIndex, Sink};

/// What a format brings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Product {
    /// Observations of vulnerabilities.
    Scan,
    /// Hosts.
    Inventory,
    /// The catalogue of known exploited vulnerabilities.
    Kev,
    /// Exploit prediction scores.
    Epss,
}

/// One format: how it is recognised and how it is read.
#[derive(Debug)]
pub struct Importer {
    /// The name that a Source writes in `format`.
    pub name: &'static str,
    pub product: Product,
    /// Decides by the first bytes, already unpacked and without a byte order mark.
    pub recognises: fn(head: &[u8]) -> bool,
    pub import: fn(input: &mut dyn BufRead, options: &Options<'_>, sink: &mut dyn Sink) -> Result<ScanSummary, ImportError>,
}

/// What an importer may be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Which column means what, for formats that have no fixed columns.
    pub mapping: Option<&'a MappingProfile>,
    /// The host, where the format names none.
    pub host: Option<&'a str>,
}

/// Every format, in the order in which they are tried.
pub const IMPORTERS: &[Importer] = &[];
