//! What names in expressions stand for.

use crate::model::{ExpressionValue, Record, System};

/// The names that an expression over a system may use.
pub const SYSTEM_NAMES: &[&str] = &[
    "app_owner", "criticality", "data_class", "department", "environment", "exposure", "id", "location", "owner",
    "patch_owner", "regulations", "ring", "role", "tier", "type", "window",
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
