//! Scan exports become streams of observations: one file a format, recognised by content.
//!
//! An importer translates and nothing else: it does not filter, rate or de-duplicate, it keeps the
//! scanner's words beside ours, and it refuses what it does not know. It reads its input once and
//! never builds the whole document.

mod advice;
mod ahead;
mod ansible;
mod aws;
mod azure_defender_csv;
mod cisa_kev;
mod cisa_kev_csv;
mod container;
mod csaf;
mod cyclonedx;
mod delimited;
mod deployment;
mod epss_csv;
mod error;
mod greenbone;
mod grype_json;
mod header;
mod input;
mod joined;
mod json;
mod katello_errata;
mod mapping;
mod mapping_alerts;
mod mapping_deployment;
mod ms_defender;
mod nessus_v2;
mod nexpose_xml;
mod openvex;
mod osv_scanner_json;
mod puppet_report;
mod qualys;
mod qualys_csv;
mod rows;
mod sarif;
mod scan;
mod scap;
mod servicenow_cmdb;
mod sightings;
mod sink;
mod stamp;
mod tally;
mod tenable_csv;
mod tenable_vm;
mod tree;
mod trivy_json;
mod unpack;
mod utf16;
mod value;
mod wazuh_json;
mod window;
mod xml;
mod zip;

use std::io::BufRead;

use crate::model::{DateOrder, MappingProfile, ScanSummary};

pub use container::{Part, sha256_of, unfold};
pub use error::{ImportError, Place};
pub use input::{Imported, Input, import, recognise};
pub use scan::{CheckInfo, Content, Export, KevListing, Scan, collect, collect_with};
pub use sightings::{SharedSighting, Sighting, Sightings};
pub use sink::{HostIndex, Sink};
pub use unpack::Meter;

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
    /// Patches that a host lacks, or that were installed on it, as the tool that deploys them sees it; nothing of it
    /// is a finding.
    Deployment,
    /// Alerts of a SIEM or EDR that name a host and a vulnerability: that it is exploited there; none is a finding.
    Alerts,
    /// The catalogue of known exploited vulnerabilities.
    Kev,
    /// Exploit prediction scores.
    Epss,
    /// What vendors and authors of VEX say of vulnerabilities in products; none of it is a finding, and none closes one.
    Advisories,
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

impl Importer {
    /// Tells whether an export of a deployment tool lists all that a host lacks, so that what it no longer lists was
    /// installed. Other formats say themselves what was.
    pub fn lists_all_missing(&self) -> bool {
        self.name == katello_errata::IMPORTER.name
    }

    /// Tells whether it reads what a Source maps.
    pub fn is_mapped(&self) -> bool {
        [
            &mapping::IMPORTER,
            &mapping_deployment::IMPORTER,
            &mapping_alerts::IMPORTER,
        ]
        .iter()
        .any(|mapped| mapped.name == self.name)
    }
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
    scap::ARF,
    scap::XCCDF,
    scap::OVAL,
    trivy_json::IMPORTER,
    grype_json::IMPORTER,
    osv_scanner_json::IMPORTER,
    sarif::IMPORTER,
    aws::INSPECTOR2,
    aws::ASFF,
    cyclonedx::JSON,
    cyclonedx::XML,
    wazuh_json::IMPORTER,
    ms_defender::VULNERABILITIES,
    ms_defender::ROWS,
    ms_defender::MACHINES,
    azure_defender_csv::IMPORTER,
    tenable_vm::VULNERABILITIES,
    tenable_vm::ASSETS,
    katello_errata::IMPORTER,
    ansible::CALLBACK,
    ansible::FACTS,
    puppet_report::IMPORTER,
    servicenow_cmdb::IMPORTER,
    cisa_kev::IMPORTER,
    cisa_kev_csv::IMPORTER,
    csaf::IMPORTER,
    openvex::IMPORTER,
    qualys::SCAN,
    qualys::ASSET_REPORT,
    qualys::DETECTION,
    qualys::KNOWLEDGE,
    qualys::HOST_ASSET,
    qualys_csv::IMPORTER,
    tenable_csv::IMPORTER,
    nexpose_xml::IMPORTER,
    greenbone::XML,
    greenbone::CSV,
    epss_csv::IMPORTER,
    mapping::IMPORTER,
    mapping_deployment::IMPORTER,
    mapping_alerts::IMPORTER,
];
