//! What advisories and VEX documents say: which products a vulnerability affects. Nothing is compared in here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::severity::Severity;

/// What one document says of one vulnerability, entry by entry as it stands in the document.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    pub document: Arc<AdvisoryDocument>,
    /// The place of the entry in the document, counted from 0.
    pub entry: u32,
    /// CVEs, upper case, each once.
    pub cves: Vec<String>,
    /// Other ids of the same vulnerability, such as `GHSA-…`.
    pub aliases: Vec<String>,
    /// What the document calls the vulnerability; empty where it does not.
    pub title: String,
    /// Vectors of CVSS, of whichever products.
    pub vectors: Vec<String>,
    /// When the vulnerability became public.
    pub released: Option<DateTime<Utc>>,
    pub remedies: Vec<Remedy>,
    pub claims: Vec<Claim>,
}

/// The document that speaks.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvisoryDocument {
    /// Its own id, such as `RHSA-2026:0011`, or an address.
    pub id: String,
    /// The publisher or author.
    pub publisher: String,
    pub title: String,
    /// Whether it is there to say what does not affect a product, too: OpenVEX, or CSAF of the category `csaf_vex`.
    pub is_vex: bool,
    /// When this version of it came out.
    pub issued: Option<DateTime<Utc>>,
    /// The publisher's own word for the whole, verbatim; empty where it has none.
    pub severity_given: String,
}

/// What is said of one product.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub product: Arc<AdvisoryProduct>,
    pub status: ClaimStatus,
    /// Why it is not affected, by the words of VEX, verbatim.
    pub justification: Option<String>,
    pub impact: Option<String>,
    /// When it was said; the document's own time where it does not say.
    pub at: Option<DateTime<Utc>>,
    /// The places of its remedies in [`Advice::remedies`].
    pub remedies: Vec<u32>,
}

/// What a publisher calls a product with regard to a vulnerability; ordered, the gravest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    Affected,
    UnderInvestigation,
    Fixed,
    NotAffected,
}

impl ClaimStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Affected,
        Self::UnderInvestigation,
        Self::Fixed,
        Self::NotAffected,
    ];

    /// Returns the word of VEX and of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::UnderInvestigation => "under_investigation",
            Self::Fixed => "fixed",
            Self::NotAffected => "not_affected",
        }
    }

    /// Returns what people read.
    pub fn words(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::UnderInvestigation => "under investigation",
            Self::Fixed => "fixed",
            Self::NotAffected => "not affected",
        }
    }

    /// Tells whether it leaves the product in doubt.
    pub fn is_suspect(self) -> bool {
        match self {
            Self::Affected | Self::UnderInvestigation => true,
            Self::Fixed | Self::NotAffected => false,
        }
    }
}

/// A product as a document names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvisoryProduct {
    /// In the document's own words.
    pub text: String,
    /// The product, then what it comes with by default, such as the distribution of a package.
    pub identities: Vec<ProductIdentity>,
}

/// What a product may be found by.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProductIdentity {
    /// Names without a version, as they are written.
    pub names: Vec<String>,
    /// A version, or several in words.
    pub version: Option<String>,
    /// A range of versions, such as `vers:generic/>=3.0.0|<3.0.8`.
    pub range: Option<String>,
    pub purls: Vec<String>,
    pub cpes: Vec<String>,
}

/// What a publisher says is to be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// The word of CSAF, such as `vendor_fix` or `workaround`; `action` of OpenVEX.
    pub category: String,
    pub details: String,
    pub url: Option<String>,
    /// The key of the patch, such as `KB5043050` or `RHSA-2026:0011`, where the words or the address name one.
    pub key: Option<String>,
    pub date: Option<DateTime<Utc>>,
}

impl Advice {
    /// Returns the first name of the vulnerability.
    pub fn name(&self) -> &str {
        self.cves
            .iter()
            .chain(&self.aliases)
            .next()
            .map_or("", String::as_str)
    }

    /// Returns every name of the vulnerability.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.cves.iter().chain(&self.aliases).map(String::as_str)
    }

    /// Returns what the publisher rates the document, where its word is one of ours.
    pub fn severity_of_document(&self) -> Option<Severity> {
        match self.document.severity_given.trim().to_ascii_lowercase().as_str() {
            "important" => Some(Severity::High),
            "moderate" => Some(Severity::Medium),
            word => Severity::from_word(word),
        }
    }
}
