//! The kind that says what happened: an exploited vulnerability or an outage by a patch, and what was done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::technology::words;
use crate::model::id::RecordId;
use crate::model::reference::{ChangeRef, EvidenceRef, OwnerRef, PersonRef, ReviewRef, SystemRef};
use crate::model::severity::Severity;
use crate::model::time::Instant;
use crate::source::Spanned;

/// An exploited vulnerability, or an outage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    pub class: Spanned<IncidentClass>,
    /// CVEs, or scanners' ids such as `qualys:38173`.
    #[serde(default)]
    pub vulns: Vec<Spanned<String>>,
    #[schemars(length(min = 1))]
    pub systems: Vec<Spanned<SystemRef>>,
    pub impact: IncidentLevel,
    pub urgency: IncidentLevel,
    pub priority: IncidentPriorityClass,
    pub support_tier: SupportTier,
    /// The Change that caused it.
    pub caused_by: Option<Spanned<ChangeRef>>,
    pub detected: Spanned<Instant>,
    pub contained: Option<Spanned<Instant>>,
    pub resolved: Option<Spanned<Instant>>,
    /// The id of the playbook that is followed.
    pub playbook: Option<Spanned<RecordId>>,
    #[serde(default)]
    pub timeline: Vec<TimelineEntry>,
    #[serde(default)]
    pub containment: Vec<Containment>,
    #[serde(default)]
    pub verification: Vec<Verification>,
    /// Whether it was misused, and who looked.
    pub triage: Option<ForensicTriage>,
    /// Shorter times while it lasts; they need the approval of the chief information security officer.
    #[serde(default)]
    pub sla_overrides: Vec<SlaOverride>,
    /// What is changed because of it.
    #[serde(default)]
    pub changes: Vec<Spanned<ChangeRef>>,
    /// The review after it.
    pub pir: Option<Spanned<ReviewRef>>,
}

words! {
    /// What sort of incident it is.
    IncidentClass {
        ExploitedVulnerability = "exploited_vulnerability", PatchOutage = "patch_outage", Supplier = "supplier",
    }
    /// How grave, or how urgent.
    IncidentLevel { Low = "low", Medium = "medium", High = "high" }
    /// What comes first; P1 is the gravest.
    IncidentPriorityClass { P1 = "P1", P2 = "P2", P3 = "P3", P4 = "P4" }
    /// Who works on it.
    SupportTier { Tier1 = "tier1", Tier2 = "tier2", Tier3 = "tier3" }
    /// How a host was held back.
    ContainmentAction {
        Isolated = "isolated", Segmented = "segmented", Blocked = "blocked", Disabled = "disabled",
        ShutDown = "shut_down", Rejoined = "rejoined",
    }
    /// What was found after the patch.
    VerificationResult { Clean = "clean", Exploited = "exploited", Inconclusive = "inconclusive" }
    /// Whether the host was misused.
    ForensicVerdict { Compromised = "compromised", NotCompromised = "not_compromised", Inconclusive = "inconclusive" }
}

/// One thing that was done or seen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct TimelineEntry {
    pub at: Spanned<Instant>,
    pub actor: Spanned<OwnerRef>,
    #[schemars(length(min = 1))]
    pub action: String,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

/// A host that was held back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Containment {
    /// A host or a System.
    pub system: Spanned<String>,
    pub action: ContainmentAction,
    pub at: Spanned<Instant>,
    pub by: Spanned<PersonRef>,
    pub evidence: Option<Spanned<EvidenceRef>>,
}

/// That somebody looked after the patch.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Verification {
    pub at: Spanned<Instant>,
    pub by: Spanned<PersonRef>,
    pub result: VerificationResult,
    pub evidence: Option<Spanned<EvidenceRef>>,
}

/// The three steps of a forensic triage and what they showed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ForensicTriage {
    pub scoped: Option<Spanned<Instant>>,
    pub volatile_evidence: Option<Spanned<Instant>>,
    pub verdict_at: Option<Spanned<Instant>>,
    pub verdict: Option<ForensicVerdict>,
    pub by: Option<Spanned<PersonRef>>,
    pub evidence: Option<Spanned<EvidenceRef>>,
}

/// A shorter time to remediate on the incident's Systems, for findings that are open in `from` to `to`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SlaOverride {
    pub severity: Severity,
    /// The id of a tier of the Isms.
    pub tier: Spanned<String>,
    #[schemars(range(min = 1, max = 8784))]
    pub hours: u32,
    pub from: Spanned<Instant>,
    pub to: Spanned<Instant>,
    #[schemars(length(min = 1))]
    pub justification: String,
}
