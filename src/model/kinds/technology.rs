//! Kinds that say what is governed: systems and sources.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::expression::Expression;
use crate::model::reference::{
    AcceptanceRef, EvidenceRef, OwnerRef, PersonRef, SourceRef, SupplierRef, SystemRef,
};
use crate::model::severity::Severity;
use crate::model::time::Date;
use crate::source::Spanned;

use super::decisions::Compensating;

/// A governed unit of hosts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Which hosts belong to it: host ids, or `cmdb` with an expression over the inventory's columns.
    pub members: Spanned<Members>,
    #[serde(rename = "type")]
    pub system_type: SystemType,
    pub environment: Option<Environment>,
    pub department: Option<String>,
    pub location: Option<String>,
    pub patch_owner: Option<Spanned<OwnerRef>>,
    pub app_owner: Option<Spanned<OwnerRef>>,
    /// The id of a tier of the Isms.
    pub tier: Option<Spanned<String>>,
    pub criticality: Option<String>,
    pub data_class: Option<String>,
    pub exposure: Option<Exposure>,
    pub role: Option<String>,
    pub cvss_profile: Option<CvssProfile>,
    /// The tags of the regulations that apply.
    #[serde(default)]
    pub regulations: Vec<String>,
    /// Which products run on it: what advisories say of them stands on the watch list.
    #[serde(default)]
    pub software: Vec<Software>,
    #[serde(default)]
    pub critical_apps: Vec<String>,
    #[serde(default)]
    pub depends_on: Vec<Spanned<SystemRef>>,
    pub ha: Option<HighAvailability>,
    pub staging: Option<Staging>,
    /// The id of a maintenance window.
    pub window: Option<String>,
    /// The id of a deployment ring.
    pub ring: Option<String>,
    pub management: Option<Management>,
    pub monitoring: Option<Monitoring>,
    pub supplier: Option<Spanned<SupplierRef>>,
    pub scope: Scope,
    pub lifecycle: Option<Lifecycle>,
    /// Where the system stands in its life; a missing one is `active`.
    pub state: Option<SystemState>,
    pub retired_on: Option<Spanned<Date>>,
}

/// Which hosts belong to a system.
#[derive(Clone, PartialEq, Debug)]
pub enum Members {
    /// An expression over the columns of the inventory.
    Cmdb(Expression),
    /// Host ids, one by one.
    Hosts(Vec<String>),
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> serde::de::Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a list of host ids, or `cmdb` with an expression")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Members, A::Error> {
                let mut hosts = Vec::new();
                while let Some(host) = items.next_element::<String>()? {
                    hosts.push(host);
                }
                Ok(Members::Hosts(hosts))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut entries: A) -> Result<Members, A::Error> {
                let mut expression = None;
                while let Some((name, value)) = entries.next_entry::<String, Expression>()? {
                    if name != "cmdb" {
                        return Err(serde::de::Error::unknown_field(&name, &["cmdb"]));
                    }
                    expression = Some(value);
                }
                expression
                    .map(Members::Cmdb)
                    .ok_or_else(|| serde::de::Error::missing_field("cmdb"))
            }
        }

        deserializer.deserialize_any(MembersVisitor)
    }
}

impl JsonSchema for Members {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Members".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["array", "object"],
            "items": { "type": "string", "minLength": 1 },
            "minItems": 1,
            "uniqueItems": true,
            "properties": { "cmdb": { "type": "string", "minLength": 1 } },
            "required": ["cmdb"],
            "additionalProperties": false
        })
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
        #[schemars(inline)]
        pub enum $name {
            $(#[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Returns the word that records use.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.word())
            }
        }
    )+};
}
pub(in crate::model) use words;

words! {
    /// What sort of machines a system is made of.
    SystemType { Server = "server", Client = "client", Network = "network", Ot = "ot", Cloud = "cloud", Saas = "saas" }
    /// What the system is used for.
    Environment { Prod = "prod", Staging = "staging", Test = "test", Dev = "dev" }
    /// From where the system can be reached; ordered, the most exposed first.
    Exposure { Internet = "internet", Partner = "partner", Internal = "internal", Isolated = "isolated" }
    /// Where a system stands in its life.
    SystemState { Planned = "planned", Active = "active", Retiring = "retiring", Retired = "retired" }
    /// What a source is used for.
    SourceRole {
        Scanner = "scanner", Cmdb = "cmdb", Deploy = "deploy", PatchSource = "patch_source", Feed = "feed", Itsm = "itsm",
        Siem = "siem", Soar = "soar", Edr = "edr", EndpointProtection = "endpoint_protection", Backup = "backup",
    }
    /// How well a scanner sees.
    SourceQuality { Agent = "agent", Authenticated = "authenticated", Unauthenticated = "unauthenticated" }
    /// Where a source stands; `approved` is asked for, and real only with its approvals.
    SourceState { Proposed = "proposed", Approved = "approved", Prohibited = "prohibited", Retired = "retired" }
    /// From when a cap counts.
    CapStart { PatchReleased = "patch_released", FirstDetected = "first_detected" }
    /// From when the clock runs.
    ClockStart { FirstDetected = "first_detected", PatchReleased = "patch_released", Earliest = "earliest", Latest = "latest" }
    /// What stops the clock.
    ClockStop { VerifiedDeployment = "verified_deployment", VerifiedAbsence = "verified_absence" }
    /// What pauses the clock.
    ClockPause { VendorFixMissing = "vendor_fix_missing" }
    /// Which comes first in dates such as `03/04/2026`.
    DateOrder { DayFirst = "dmy", MonthFirst = "mdy" }
    /// Whether every day counts.
    TimeUnit { Calendar = "calendar", Business = "business" }
    /// How a listing in the KEV catalogue sets a due date.
    KevMode { CatalogDueDate = "catalog_due_date", DaysAfterAdded = "days_after_added", DecisionTable = "decision_table" }
    /// Which of the three SLA rates heads a report.
    Headline { Net = "net", Strict = "strict", Governed = "governed" }
    /// How a system is managed.
    ManagementMethod { Agent = "agent", Agentless = "agentless", Manual = "manual" }
    /// From where an attacker reaches the system, by the letters of CVSS; `X` says nothing.
    ModifiedAttackVector { Network = "N", Adjacent = "A", Local = "L", Physical = "P", NotDefined = "X" }
    /// How much the loss of confidentiality, integrity or availability would matter, by the letters of CVSS; `X` says nothing.
    SecurityRequirement { High = "H", Medium = "M", Low = "L", NotDefined = "X" }
}

/// Environmental CVSS metrics of a system, laid over the vector of each of its findings.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "UPPERCASE")]
#[schemars(inline)]
pub struct CvssProfile {
    /// Modified Attack Vector; CVSS v2 has none, and leaves it out.
    pub mav: Option<ModifiedAttackVector>,
    /// Confidentiality Requirement.
    pub cr: Option<SecurityRequirement>,
    /// Integrity Requirement.
    pub ir: Option<SecurityRequirement>,
    /// Availability Requirement.
    pub ar: Option<SecurityRequirement>,
}

impl CvssProfile {
    /// Returns the metrics that it names, with their values.
    pub fn metrics(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let requirement = |name, requirement: Option<SecurityRequirement>| {
            requirement.map(|requirement| (name, requirement.word()))
        };
        [
            self.mav.map(|vector| ("MAV", vector.word())),
            requirement("CR", self.cr),
            requirement("IR", self.ir),
            requirement("AR", self.ar),
        ]
        .into_iter()
        .flatten()
    }
}

/// A product on a system. Advisories are matched by `purl`, by `cpe`, else by the name; an id says exactly what is
/// meant, so that a product with another id of the same sort is another product, whatever its name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Software {
    /// The name, as its vendor writes it in advisories, such as `OpenSSL`, with or without the vendor before it; case
    /// and punctuation do not matter.
    #[schemars(length(min = 1, max = 200))]
    pub product: String,
    /// The version, such as `3.0.7`, or a series, such as `3.0`. Numbers with dots are compared with advisories;
    /// without a version, or where it cannot be compared, every advisory of the product is a suspicion.
    #[schemars(length(min = 1, max = 100))]
    pub version: Option<String>,
    /// The CPE 2.3 or 2.2 name, such as `cpe:2.3:a:openssl:openssl:3.0.7:*:*:*:*:*:*:*`.
    #[schemars(
        regex(pattern = r"^cpe:(2\.3:[aho*]:[!-~]+|/[aho]:[!-~]+)$"),
        length(max = 500)
    )]
    pub cpe: Option<String>,
    /// The package URL, such as `pkg:deb/debian/openssl@3.0.11`; its version counts where `version` is missing.
    #[schemars(regex(pattern = r"^pkg:[A-Za-z][A-Za-z0-9.+-]*/[!-~]+$"), length(max = 500))]
    pub purl: Option<String>,
}

/// A cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct HighAvailability {
    pub cluster: bool,
    pub nodes: Option<u32>,
    pub min_up: Option<u32>,
}

/// The staging counterpart.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Staging {
    pub system: Spanned<SystemRef>,
    pub parity_notes: Option<String>,
}

/// How the system gets its patches.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Management {
    pub method: ManagementMethod,
    pub source: Option<Spanned<SourceRef>>,
    pub manual: Option<ManualManagement>,
}

/// Patching by hand.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ManualManagement {
    pub procedure: String,
    #[schemars(range(min = 1))]
    pub verify_days: u32,
}

/// What watches the system.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Monitoring {
    #[serde(default)]
    pub edr: bool,
    #[serde(default)]
    pub nta: bool,
    pub review_days: Option<u32>,
}

/// Whether the system is governed, and why.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Scope {
    #[serde(rename = "in")]
    pub is_in: Spanned<bool>,
    pub basis: Option<String>,
    /// The acceptance that lets a system stay outside.
    pub acceptance: Option<Spanned<AcceptanceRef>>,
}

/// The end of a system's support and what is done about it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Lifecycle {
    pub eol_date: Option<Spanned<Date>>,
    pub eol_source: Option<String>,
    pub risk_class: Option<String>,
    pub feasibility: Option<Feasibility>,
    #[serde(default)]
    pub compensating: Vec<Compensating>,
    pub extended_support: Option<ExtendedSupport>,
    #[serde(default)]
    pub roadmap: Vec<Milestone>,
}

/// Whether to upgrade, replace or isolate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Feasibility {
    pub option: FeasibilityOption,
    pub technical: Option<String>,
    pub business: Option<String>,
    pub assessed_at: Option<Spanned<Date>>,
    pub assessor: Option<Spanned<PersonRef>>,
}

words! {
    /// What can be done with an unsupported system.
    FeasibilityOption { Upgrade = "upgrade", Replace = "replace", Isolate = "isolate" }
}

/// Support that was bought beyond the end.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ExtendedSupport {
    pub until: Spanned<Date>,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub evidence: Option<Spanned<EvidenceRef>>,
}

/// One step on the way out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Milestone {
    pub milestone: String,
    pub due: Spanned<Date>,
    pub resources: Option<String>,
    pub budget: Option<String>,
    pub done: Option<Spanned<Date>>,
}

/// A connected tool, feed or repository.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[schemars(length(min = 1))]
    pub roles: Vec<SourceRole>,
    /// The name of an importer, such as `nessus-v2`, or `mapping`, `mapping-deployment` or `mapping-alerts` for an
    /// export read through `mapping`.
    pub format: Spanned<String>,
    /// The zone of stamps that carry none, by its IANA name.
    pub timezone: Spanned<String>,
    /// Which comes first in dates such as `03/04/2026`, where the exports themselves do not show it.
    pub date_order: Option<DateOrder>,
    /// Hours after which the newest import is stale.
    #[schemars(range(min = 1))]
    pub max_age_hours: u32,
    pub priority: Option<i64>,
    /// Whether a finding that a complete run no longer lists is gone.
    #[serde(default)]
    pub absence_means_fixed: bool,
    pub quality: Option<SourceQuality>,
    /// The severity for each of the scanner's own words.
    #[serde(default)]
    pub severity_map: BTreeMap<String, Severity>,
    /// One name for ids that mean one vulnerability without a CVE, such as `qualys:38173: weak-tls`; of any family.
    #[serde(default)]
    pub alias: BTreeMap<String, String>,
    #[serde(default)]
    pub locations: Vec<String>,
    pub verify: Option<Verify>,
    #[serde(default)]
    pub import_signers: Vec<Spanned<PersonRef>>,
    #[serde(default)]
    pub covers: Vec<String>,
    pub expects_in_siem: Option<bool>,
    #[serde(default)]
    pub config_expect: BTreeMap<String, String>,
    #[serde(default)]
    pub automation: Vec<Automation>,
    pub selection: Option<Selection>,
    pub state: SourceState,
    /// Which column means what, for `format: mapping`, `mapping-deployment` and `mapping-alerts`.
    pub mapping: Option<MappingProfile>,
}

/// Which column of a delimited file means what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct MappingProfile {
    /// The field separator, one character; a comma if it is missing.
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: Option<String>,
    /// Of a list of hosts, the header of the column for each field: `name` (required), `fqdn`, `hostname`, `ip`, `mac`, `serial`, `uuid`,
    /// `agent`, `cloud_id`, `os`, `status`, `aliases`, `ip_static` (`yes` where the address never changes), `lease_from`
    /// and `lease_to` (between which the host has the address), and any further field that expressions may name.
    /// Of a deployment tool: `name`, `patch` and `state` (required), `time` (since when the patch is in that state),
    /// `reported` (when the host last reported), `title`, `fqdn`, `ip`, `serial`. Of alerts, the name of the member,
    /// such as `host.name`: `name`, `cve` and `time` (required), `id`, `fqdn`, `ip`.
    pub columns: Spanned<BTreeMap<String, String>>,
    /// Values of the status column for a host in use.
    #[serde(default)]
    pub active: Vec<String>,
    /// Values of the status column for a host that is gone.
    #[serde(default)]
    pub retired: Vec<String>,
    /// The words of the `state` column, for `format: mapping-deployment`.
    pub states: Option<StateWords>,
}

/// Which words of a deployment tool mean which state of a patch; a word that is in no list is refused.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct StateWords {
    #[serde(default)]
    pub installed: Vec<String>,
    #[serde(default)]
    pub missing: Vec<String>,
    #[serde(default)]
    pub failed: Vec<String>,
    /// Installed, and not in effect before a restart.
    #[serde(default)]
    pub pending_reboot: Vec<String>,
    /// The tool does not know, or the patch is not for the host: no evidence of anything.
    #[serde(default)]
    pub unknown: Vec<String>,
}

/// How a patch source is verified.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Verify {
    pub method: VerifyMethod,
    #[serde(default)]
    pub keys: Vec<String>,
}

words! {
    /// How the integrity of a patch is verified.
    VerifyMethod { Sha256 = "sha256", Gpg = "gpg", Authenticode = "authenticode", Rpm = "rpm" }
}

/// A tested deployment script.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Automation {
    pub script: String,
    pub sha256: String,
    pub tested_on: Option<String>,
    pub tested_at: Option<Spanned<Date>>,
}

/// Why this tool was chosen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Selection {
    pub criteria: Vec<String>,
    pub score: Option<String>,
    pub decision: String,
}
