//! The lines of a segment, as they are written.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::model::Advice;

/// The first line: where the run comes from, and what it is compared with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The version of the form, 1.
    pub ledger: u32,
    /// Counts from 1; the name of the file.
    pub sequence: u64,
    /// `sha256:` of the segment before, unpacked; `null` in the first.
    pub previous: Option<String>,
    /// The segment of the same Source whose run came last before this one; what is not written here is as it was there.
    pub base: Option<u64>,
    /// The id of the Source.
    pub source: String,
    /// The name of the importer.
    pub format: String,
    /// The export, as it was named.
    pub file: String,
    /// Of the export, in hexadecimal.
    pub sha256: String,
    /// `null` where the export says no time.
    pub run_at: Option<DateTime<Utc>>,
    /// The zone in which stamps without one were read.
    pub zone: String,
    /// What the Source said when the export came in; a later change of the Source does not change the past.
    pub absence_means_fixed: bool,
    /// The host, where the format names none.
    pub host: Option<String>,
    /// Why a large drop of hosts was accepted.
    pub accept_drop: Option<String>,
    /// Why the export is not whole.
    pub incomplete: Option<String>,
    pub hosts: u64,
    pub observations: u64,
    pub informational: u64,
    pub skipped: Vec<Rows>,
    pub left_out: Vec<Rows>,
}

/// Rows that became nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    pub reason: String,
    pub rows: u64,
}

/// Every line after the first, in this order: hosts, checks, catalogue entries, then what was seen on each host.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(super) enum Line {
    /// A host that is new, or is named otherwise than before.
    Host(Box<HostLine>),
    /// A check of the scanner that is new, or says another thing than before.
    Check(Box<CheckLine>),
    /// What the vendor knows of a check that is new, or is known otherwise than before; it has no number.
    Knowledge(Box<CheckLine>),
    /// A check of which the vendor no longer says anything.
    Forgotten(ForgottenLine),
    /// What a document says of a vulnerability, new or in another version.
    Advice(Box<Advice>),
    /// What a document said, and the run no longer holds; by the key of the entry.
    Unsaid(ForgottenLine),
    Kev(KevLine),
    Epss(EpssLine),
    /// A host that was looked at in this run.
    Look(LookLine),
    /// What is otherwise than it was.
    Event(EventLine),
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HostLine {
    pub(super) host: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fqdn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hostname: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ips: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) macs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cloud_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) os: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) aliases: Vec<String>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub(super) fields: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CheckLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) check: Option<u32>,
    pub(super) family: String,
    pub(super) id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cves: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) aliases: Vec<String>,
    pub(super) title: String,
    pub(super) severity_given: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) vectors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remediation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix_available: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exploit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patch_published: Option<NaiveDate>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) potential: bool,
}

/// A check by the scanner's id with its family, such as `qualys:38173`, or an entry of an advisory by its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgottenLine {
    pub(super) id: String,
}

/// A listing in the catalogue of known exploited vulnerabilities; without a day it is no longer listed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KevLine {
    pub(super) cve: String,
    pub(super) added: Option<NaiveDate>,
    pub(super) due: Option<NaiveDate>,
}

/// Scores of exploit prediction, from one CVE on: most of them change every day, and there are as many as CVEs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpssLine {
    /// The first one.
    pub(super) cve: String,
    /// One word each, for it and the next numbers of its year: the score in hundred-thousandths, or in full where
    /// it is finer; `-` for what is no longer scored; `+3` passes over three numbers.
    pub(super) scores: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookLine {
    pub(super) host: u32,
    /// Where it is not the time of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quality: Option<String>,
    /// When everything on it was last seen that was there before and has no event of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<DateTime<Utc>>,
}

/// What happened to a check of a scanner on a host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Seen for the first time.
    Seen,
    /// Seen after it was absent.
    SeenAgain,
    /// The scanner calls it fixed.
    Fixed,
    /// Seen after the scanner called it fixed.
    Reopened,
    /// Rated otherwise than before.
    SeverityChanged,
    /// Something else about it is otherwise than before.
    Changed,
    /// Not in a whole run of a Source whose absence means fixed.
    Absent,
    /// Not in a run that proves nothing by it.
    Stale,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine {
    pub(super) event: EventKind,
    pub(super) host: u32,
    /// The scanner's id with its family, such as `qualys:38173`.
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) seen: Vec<SeenLine>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenLine {
    pub(super) check: u32,
    pub(super) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fixed: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<String>,
    pub(super) instances: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) suppressed: Option<String>,
}
