//! What a new record of each kind begins with, beside what its schema requires.

use serde_json::{Value, json};

use crate::load::Repository;
use crate::model::controls::{Edition, catalogue, predecessors};
use crate::model::{Date, Kind, Severity};

/// How long evidence is kept at least, in days: two years. Source: domain model, table of kinds.
const EVIDENCE_DAYS: i64 = 731;

/// Returns what is known of each kind beside what its schema requires.
pub(super) fn defaults(repository: &Repository, kind: Kind, day: Date) -> Vec<(&'static str, Value)> {
    let today = json!(day.to_string());
    match kind {
        Kind::Isms => vec![
            ("id", json!("isms")),
            (
                "spec.frameworks",
                json!([{ "id": "iso27001", "edition": "2022" }]),
            ),
            ("spec.severities", json!(Severity::ALL.map(Severity::word))),
        ],
        Kind::Person => vec![("spec.active", json!({ "from": today }))],
        Kind::Role | Kind::Policy => Vec::new(),
        Kind::Soa => vec![
            ("spec.edition", json!("2022")),
            ("spec.entries", statement_entries()),
        ],
        Kind::Risk => vec![
            ("spec.assets", json!([])),
            ("spec.plan", json!([])),
            ("spec.controls", json!([])),
            ("spec.residual", json!({ "likelihood": "", "impact": "" })),
            ("spec.reviewed", today),
        ],
        Kind::System => {
            let mut fields: Vec<(&'static str, Value)> = [
                "spec.environment",
                "spec.department",
                "spec.location",
                "spec.patch_owner",
                "spec.app_owner",
                "spec.tier",
                "spec.criticality",
                "spec.data_class",
                "spec.exposure",
                "spec.window",
                "spec.ring",
            ]
            .map(|path| (path, json!("")))
            .to_vec();
            fields.push(("spec.members", json!({ "cmdb": "" })));
            fields.push(("spec.scope", json!({ "in": true, "basis": "" })));
            fields
        }
        Kind::Source => {
            let zone = repository
                .isms
                .as_ref()
                .map(|isms| isms.spec.timezone.value.clone());
            vec![
                ("spec.timezone", json!(zone.unwrap_or_default())),
                ("spec.state", json!("proposed")),
            ]
        }
        Kind::Sla => vec![
            ("spec.matrix", matrix(repository)),
            ("spec.expires", json!(day.plus_days(365).to_string())),
        ],
        Kind::Change => vec![
            ("spec.patches", json!([])),
            ("spec.start", json!("")),
            ("spec.end", json!("")),
            ("spec.rollback", rollback()),
        ],
        Kind::Calendar => {
            let zone = repository
                .isms
                .as_ref()
                .map(|isms| isms.spec.timezone.value.clone());
            vec![
                ("spec.windows", windows(zone.as_deref().unwrap_or("UTC"))),
                ("spec.holidays", json!([])),
            ]
        }
        Kind::Incident => vec![("spec.timeline", json!([]))],
        Kind::Evidence => {
            let until = day.plus_days(EVIDENCE_DAYS).to_string();
            vec![("spec.retain_until", json!(until)), ("spec.controls", json!([]))]
        }
        Kind::Triage | Kind::Exception | Kind::RiskAcceptance | Kind::Approval => Vec::new(),
    }
}

/// What rules ask of each way back.
fn rollback() -> Value {
    json!({ "steps": [], "triggers": [], "tested_at": "", "max_minutes": "" })
}

/// A first window, which is the one that most begin with.
fn windows(zone: &str) -> Value {
    json!([{ "id": "sun-early", "rrule": "FREQ=WEEKLY;BYDAY=SU", "at": "01:00", "duration": "PT4H", "timezone": zone }])
}

fn statement_entries() -> Value {
    let entry = |id: &str| json!({ "control": id, "legacy": predecessors(id), "applicable": true, "reasons": [], "justification": "" });
    catalogue(Edition::Iso2022)
        .iter()
        .map(|control| entry(control.id))
        .collect()
}

/// Every cell that rules ask for; the times are for the parties to agree on.
fn matrix(repository: &Repository) -> Value {
    let isms = repository.isms.as_ref().map(|isms| &isms.spec);
    let severities = isms.map_or(Severity::ALL.to_vec(), |isms| isms.severities.value.clone());
    let tiers = isms.map_or(&[][..], |isms| isms.tiers.as_slice());
    let cell =
        |severity: Severity, tier: &str| json!({ "severity": severity.word(), "tier": tier, "days": "" });
    severities
        .iter()
        .flat_map(|severity| tiers.iter().map(|tier| cell(*severity, &tier.id.value)))
        .collect()
}
