//! Scan exports become streams of observations: one file a format, recognised by content.
//!
//! An importer translates and nothing else: it does not filter, rate or de-duplicate, it keeps the
//! scanner's words beside ours, and it refuses what it does not know. It reads its input once and
//! never builds the whole document.

mod cisa_kev;
mod delimited;
mod epss_csv;
mod error;
mod input;
mod json;
mod katello_errata;
mod mapping;
mod nessus_v2;
mod qualys;
mod qualys_csv;
mod scan;
mod sightings;
mod sink;
mod stamp;
mod tally;
mod tenable_vm;
mod trivy_json;
mod value;
mod window;
mod xml;

use std::io::BufRead;

use crate::model::{DateOrder, MappingProfile, ScanSummary};

pub use error::{ImportError, Place};
pub use input::{Imported, Input, import, recognise};
pub use scan::{CheckInfo, Content, Export, KevListing, Scan, collect};
pub use sightings::{SharedSighting, Sighting, Sightings};
pub use sink::{HostIndex, Sink};

/// What a format brings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Product {
    /// Observations of vulnerabilities.
    Scan,
    /// Hosts, as the inventory has them.
    Inventory,
    /// Hosts as a scanner knows them, whose keys its scans may lack; neither that they were scanned nor that they are
    /// governed.
    Hosts,
    /// Patches that a host lacks, as the tool that deploys them sees it; nothing of it is a finding.
    Deployment,
    /// The catalogue of known exploited vulnerabilities.
    Kev,
    /// Exploit prediction scores.
    Epss,
    /// What a scanner's vendor knows of its checks; that anything was seen anywhere it does not say.
    Knowledge,
}

/// One format: how it is recognised and how it is read.
#[derive(Debug)]
pub struct Importer {
    /// The name that a Source writes in `format`.
    pub name: &'static str,
    pub product: Product,
    /// Decides by the first bytes, already unpacked and without a byte order mark.
    pub recognises: fn(head: &[u8]) -> bool,
    pub import: fn(
        input: &mut dyn BufRead,
        options: &Options<'_>,
        sink: &mut dyn Sink,
    ) -> Result<ScanSummary, ImportError>,
}

/// What an importer may be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Which column means what, for formats that have no fixed columns.
    pub mapping: Option<&'a MappingProfile>,
    /// The host, where the format names none.
    pub host: Option<&'a str>,
    /// Which comes first in dates such as `03/04/2026`, where the export itself does not show it.
    pub date_order: Option<DateOrder>,
}

/// Every format, in the order in which they are tried.
pub const IMPORTERS: &[Importer] = &[
    nessus_v2::IMPORTER,
    trivy_json::IMPORTER,
    tenable_vm::VULNERABILITIES,
    tenable_vm::ASSETS,
    katello_errata::IMPORTER,
    cisa_kev::IMPORTER,
    qualys::SCAN,
    qualys::ASSET_REPORT,
    qualys::DETECTION,
    qualys::KNOWLEDGE,
    qualys::HOST_ASSET,
    qualys_csv::IMPORTER,
    epss_csv::IMPORTER,
    mapping::IMPORTER,
];
