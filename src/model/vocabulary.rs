//! What names in expressions stand for.

use super::{ExpressionValue, Host, HostStatus, Record, System};

/// The names that an expression over a system may use.
pub const SYSTEM_NAMES: &[&str] = &[
    "app_owner",
    "criticality",
    "data_class",
    "department",
    "environment",
    "exposure",
    "id",
    "location",
    "owner",
    "patch_owner",
    "regulations",
    "ring",
    "role",
    "tier",
    "type",
    "window",
];

/// Returns the value of a name for a system; `None` for an unknown name and for a field that is not set.
pub fn system_value(system: &Record<System>, name: &str) -> Option<ExpressionValue> {
    let spec = &system.spec;
    let text = match name {
        "app_owner" => spec.app_owner.as_ref().map(ToString::to_string),
        "criticality" => spec.criticality.clone(),
        "data_class" => spec.data_class.clone(),
        "department" => spec.department.clone(),
        "environment" => spec.environment.map(|environment| environment.to_string()),
        "exposure" => spec.exposure.map(|exposure| exposure.to_string()),
        "id" => Some(system.id().to_string()),
        "location" => spec.location.clone(),
        "owner" => Some(system.meta.owner.to_string()),
        "patch_owner" => spec.patch_owner.as_ref().map(ToString::to_string),
        "regulations" => Some(spec.regulations.join(" ")),
        "ring" => spec.ring.clone(),
        "role" => spec.role.clone(),
        "tier" => spec.tier.as_ref().map(|tier| tier.value.clone()),
        "type" => Some(spec.system_type.to_string()),
        "window" => spec.window.clone(),
        _ => None,
    };
    text.map(ExpressionValue::Text)
}

/// The decision points of SSVC that an expression over a finding may read; a Triage may use others, too.
///
/// Source: the decision point reference of the SSVC documentation.
pub const SSVC_NAMES: &[&str] = &[
    "ssvc.automatable",
    "ssvc.decision",
    "ssvc.exploitation",
    "ssvc.human_impact",
    "ssvc.mission_impact",
    "ssvc.mission_prevalence",
    "ssvc.public_safety_impact",
    "ssvc.public_wellbeing_impact",
    "ssvc.safety_impact",
    "ssvc.system_exposure",
    "ssvc.technical_impact",
    "ssvc.utility",
    "ssvc.value_density",
];

/// The names that an expression over a host of the inventory may always use, beside the mapped columns.
pub const HOST_NAMES: &[&str] = &["fqdn", "hostname", "ip", "name", "os", "status"];

/// Returns the value of a name for a host: a mapped column, or a key of the host itself.
pub fn host_value(host: &Host, id: &str, name: &str) -> Option<ExpressionValue> {
    if let Some(value) = host.fields.get(name).filter(|value| !value.is_empty()) {
        return Some(ExpressionValue::Text(value.clone()));
    }
    let text = match name {
        "name" => Some(id.to_owned()),
        "fqdn" => host.fqdn.clone(),
        "hostname" => host.hostname.clone(),
        "ip" => host.ips.first().cloned(),
        "os" => host.os.clone(),
        "status" => match host.status {
            HostStatus::Active => Some("active".into()),
            HostStatus::Retired => Some("retired".into()),
            HostStatus::Unknown => None,
        },
        _ => None,
    };
    text.map(ExpressionValue::Text)
}
