//! The kind that holds proof: a digest, a place and how long it is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::reference::{ControlText, PersonRef, SourceRef};
use crate::model::time::{Date, Instant};
use crate::source::Spanned;

use super::technology::words;

/// A file that proves something, by its digest and its place.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    #[serde(rename = "type")]
    pub evidence_type: EvidenceType,
    /// A path in the repository such as `data/evidence/waf.json`, or a place in a store such as `store://evidence/waf.json`.
    #[schemars(length(min = 1, max = 1000))]
    pub location: Spanned<String>,
    /// The SHA-256 of the file's bytes in lower-case hexadecimal, with or without `sha256:` before it.
    #[schemars(regex(pattern = r"^(sha256:)?[0-9a-f]{64}$"))]
    pub sha256: Spanned<String>,
    /// How many bytes the file has.
    pub bytes: Option<u64>,
    pub produced_at: Spanned<Instant>,
    /// The year, quarter, month or day that it speaks of, such as `2026-Q3`.
    #[schemars(regex(pattern = r"^[0-9]{4}(-(Q[1-4]|(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?))?$"))]
    pub period: Option<String>,
    /// The tool that it comes from.
    pub source: Option<Spanned<SourceRef>>,
    /// The controls that it is evidence for.
    pub controls: Vec<Spanned<ControlText>>,
    /// Ids of checkpoints of the Soa, such as `8.8-a`.
    #[serde(default)]
    pub checkpoints: Vec<Spanned<String>>,
    /// The last day on which it must be there.
    pub retain_until: Spanned<Date>,
    /// Whether it is kept beyond that day, for a court or an authority.
    #[serde(default)]
    pub legal_hold: bool,
    /// Who took it.
    pub collected_by: Spanned<PersonRef>,
}

words! {
    /// What sort of proof it is.
    EvidenceType {
        ScanImport = "scan_import", DeployLog = "deploy_log", ChangeRecord = "change_record", TestReport = "test_report",
        ComplianceReport = "compliance_report", ManualVerification = "manual_verification", ConfigExport = "config_export",
        Minutes = "minutes", Contract = "contract", SiemExport = "siem_export",
    }
}

/// Where the bytes of an Evidence record lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EvidencePlace<'a> {
    /// A path within the governed repository.
    File(&'a str),
    /// The name within a store, without `store://`.
    Store(&'a str),
    /// Neither: absolute, out of the root, or of another scheme.
    Neither,
}

impl Evidence {
    /// Reads the location.
    pub fn place(&self) -> EvidencePlace<'_> {
        let is_plain = |path: &str| {
            !path.contains(['\\', ':']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        };
        match self.location.strip_prefix(STORE_SCHEME) {
            Some(name) if is_plain(name) => EvidencePlace::Store(name),
            None if is_plain(&self.location) => EvidencePlace::File(&self.location),
            Some(_) | None => EvidencePlace::Neither,
        }
    }

    /// Returns the digest in hexadecimal alone.
    pub fn sha256_hex(&self) -> &str {
        self.sha256.strip_prefix("sha256:").unwrap_or(&self.sha256)
    }
}

/// How the URI of an item in a store begins.
const STORE_SCHEME: &str = "store://";
