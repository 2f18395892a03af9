//! SCP002: a System that stays outside without a decision, or that may not stay outside at all.

use crate::check::coverage::Coverage;
use crate::check::systems::is_current;
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Kind, Record, RiskAcceptance, RiskAcceptanceType, System};

pub(in crate::check) const CHECK: Check = Check {
    code: "SCP002",
    name: "unaccepted-scope-exclusion",
    family: Family::Scope,
    level: Level::Error,
    parameters: &[Parameter {
        name: "never_exclude",
        default: Default::Words(&["prod", "internet", "tier0", "tier1", "regulated"]),
        meaning: "environments, exposures and tiers that are never out of scope; `regulated` means any regulation",
    }],
    explanation: include_str!("scope_exclusion.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for system in context
        .repository()
        .systems
        .iter()
        .filter(|system| is_current(system, context.as_of().day()))
    {
        if system.spec.scope.is_in.value {
            continue;
        }
        let fault = forbidden(context, system).or_else(|| unaccepted(context, system));
        out.extend(fault.map(|fault| fault.subject(system.id().to_string())));
    }
}

fn forbidden(context: &Context<'_>, system: &Record<System>) -> Option<Diagnostic> {
    let spec = &system.spec;
    let traits = [
        spec.environment.map(|environment| environment.to_string()),
        spec.exposure.map(|exposure| exposure.to_string()),
        spec.tier.as_ref().map(|tier| tier.value.clone()),
        (!spec.regulations.is_empty()).then(|| "regulated".to_owned()),
    ];
    let never = context.words("never_exclude");
    let against: Vec<String> = traits
        .into_iter()
        .flatten()
        .filter(|found| never.contains(found))
        .collect();
    if against.is_empty() {
        return None;
    }
    let message = format!(
        "`{}` cannot be out of scope: it is {}",
        system.id(),
        listed(&against)
    );
    Some(
        Diagnostic::error(CHECK.code, spec.scope.is_in.span, message)
            .label("no acceptance allows this")
            .help(format!("set `in: true`; never excluded are {}", listed(never))),
    )
}

fn unaccepted(context: &Context<'_>, system: &Record<System>) -> Option<Diagnostic> {
    let repository = context.repository();
    let scope = &system.spec.scope;
    let fault = |label: String| {
        let message = format!("`{}` is out of scope without an acceptance in force", system.id());
        let help = "have a RiskAcceptance of type `scope_exclusion` for it approved and name it under \
                    `scope.acceptance`, or set `in: true`";
        Diagnostic::error(CHECK.code, scope.is_in.span, message)
            .label(label)
            .help(help)
    };
    let Some(named) = &scope.acceptance else {
        return Some(
            match repository
                .acceptances
                .iter()
                .find(|acceptance| excludes(acceptance, system))
            {
                Some(found) => fault(format!("`scope.acceptance` does not name `{}`", found.id())),
                None => fault("no `scope.acceptance`".into()),
            },
        );
    };
    let Some(acceptance) = repository.acceptances.get(named) else {
        return Some(fault(format!("`{}` is not here", excerpt(named.as_str()))));
    };
    let reason = objection(context, acceptance, system)?;
    Some(
        fault(format!("`{}` {reason}", acceptance.id()))
            .related(acceptance.meta.id.span, "the acceptance is here"),
    )
}

fn excludes(acceptance: &Record<RiskAcceptance>, system: &Record<System>) -> bool {
    let names = acceptance
        .spec
        .subject
        .systems
        .iter()
        .any(|named| named.value.0 == *system.id());
    acceptance.spec.acceptance_type == RiskAcceptanceType::ScopeExclusion && names
}

/// Says why an acceptance does not let a System stay outside; `None` where it does.
fn objection(
    context: &Context<'_>,
    acceptance: &Record<RiskAcceptance>,
    system: &Record<System>,
) -> Option<String> {
    let coverage = Coverage::of_acceptance(acceptance);
    let spec = &acceptance.spec;
    if spec.acceptance_type != RiskAcceptanceType::ScopeExclusion {
        return Some(format!("is of type `{}`", spec.acceptance_type));
    }
    if !excludes(acceptance, system) {
        return Some(format!("does not name `{}`", system.id()));
    }
    if !coverage.is_standing() {
        return Some("is a draft, or has been ended".into());
    }
    if !coverage.holds_on(context.as_of().day()) {
        let until = spec
            .expires
            .map(|expires| format!(" until {expires}"))
            .unwrap_or_default();
        return Some(format!("holds from {}{until} only", spec.starts));
    }
    let standing = context
        .register
        .standings
        .of(Kind::RiskAcceptance, acceptance.id());
    (!standing.counts()).then(|| "is not approved".into())
}
