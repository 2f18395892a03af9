//! SCP001: a System of which too little is known, or a host that belongs to two.

use crate::check::coverage::Coverage;
use crate::check::systems::is_current;
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{ExceptionReason, Kind, Record, System, SystemType};

/// Every field that may be required.
const FIELDS: &[&str] = &[
    "app_owner",
    "criticality",
    "data_class",
    "department",
    "environment",
    "exposure",
    "location",
    "management",
    "patch_owner",
    "tier",
    "window_or_ring",
];

pub(in crate::check) const CHECK: Check = Check {
    code: "SCP001",
    name: "missing-inventory-attributes",
    family: Family::Scope,
    level: Level::Error,
    parameters: &[Parameter {
        name: "required",
        default: Default::Words(FIELDS),
        meaning: "fields that every System has; `window_or_ring` stands for either of the two",
    }],
    explanation: include_str!("inventory_attributes.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let required = context.words("required");
    for field in required.iter().filter(|field| !FIELDS.contains(&field.as_str())) {
        let message = format!(
            "`{}` in `required` is no field that can be required",
            excerpt(field)
        );
        out.push(
            Diagnostic::error(CHECK.code, context.repository().root_span(), message)
                .help(format!("mend `compliance.yaml`; fields are {}", listed(FIELDS))),
        );
    }
    for system in context
        .repository()
        .systems
        .iter()
        .filter(|system| is_current(system, context.as_of().day()))
    {
        let missing: Vec<&str> = required
            .iter()
            .map(String::as_str)
            .filter(|field| !is_given(context, system, field))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{}` lacks {}", system.id(), listed(&missing));
            out.push(
                Diagnostic::error(CHECK.code, system.meta.id.span, message)
                    .help(help(system, &missing))
                    .subject(system.id().to_string()),
            );
        }
    }
    claimed_twice(context, out);
}

fn help(system: &Record<System>, missing: &[&str]) -> &'static str {
    if system.spec.system_type == SystemType::Ot && missing == ["window_or_ring"] {
        "name a window, or have an exception with `reason: availability_constraint` approved for it"
    } else {
        "add them: agreements, reports and escalation read every one of them"
    }
}

fn is_given(context: &Context<'_>, system: &Record<System>, field: &str) -> bool {
    let spec = &system.spec;
    let has_text = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    match field {
        "app_owner" => spec.app_owner.is_some(),
        "criticality" => has_text(&spec.criticality),
        "data_class" => has_text(&spec.data_class),
        "department" => has_text(&spec.department),
        "environment" => spec.environment.is_some(),
        "exposure" => spec.exposure.is_some(),
        "location" => has_text(&spec.location),
        "management" => spec.management.is_some(),
        "patch_owner" => spec.patch_owner.is_some(),
        "tier" => spec.tier.is_some(),
        "window_or_ring" => has_text(&spec.window) || has_ring(system) || needs_no_window(context, system),
        _ => true,
    }
}

/// A ring says when a patch comes; where a plant must be stopped for it, only a window does.
fn has_ring(system: &Record<System>) -> bool {
    let ring = system
        .spec
        .ring
        .as_ref()
        .is_some_and(|ring| !ring.trim().is_empty());
    ring && system.spec.system_type != SystemType::Ot
}

/// A window is for who patches: not for what is out of scope, nor for a service that its supplier patches.
///
/// Where a plant cannot stop, an approved exception says so instead of a window.
fn needs_no_window(context: &Context<'_>, system: &Record<System>) -> bool {
    if !system.spec.scope.is_in.value || system.spec.system_type == SystemType::Saas {
        return true;
    }
    let day = context.as_of().day();
    system.spec.system_type == SystemType::Ot
        && context.repository().exceptions.iter().any(|exception| {
            let coverage = Coverage::of_exception(exception);
            exception.spec.reason == Some(ExceptionReason::AvailabilityConstraint)
                && coverage.is_standing()
                && coverage.holds_on(day)
                && coverage.systems.iter().any(|named| named.value.0 == *system.id())
                && context
                    .register
                    .standings
                    .of(Kind::Exception, exception.id())
                    .counts()
        })
}

fn claimed_twice(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for host in context.register.hosts.iter().filter(|host| host.claims.len() > 1) {
        let mut systems = host
            .claims
            .iter()
            .filter_map(|id| context.repository().systems.get(id));
        let Some(first) = systems.next() else { continue };
        let message = format!(
            "host `{}` is claimed by {}",
            excerpt(&host.id),
            listed(&host.claims)
        );
        let diagnostic = Diagnostic::error(CHECK.code, first.spec.members.span, message)
            .label(format!("`{}` takes it by this", first.id()))
            .help("narrow `members` so that exactly one System has it")
            .subject(host.id.to_string());
        out.push(systems.fold(diagnostic, |diagnostic, system| {
            diagnostic.related(
                system.spec.members.span,
                format!("`{}` takes it by this", system.id()),
            )
        }));
    }
}
