//! LEG002: an unsupported System that nobody at the top has accepted within a year.

use super::{acceptances, end_of_support, governed, is_unsupported};
use crate::check::coverage::Coverage;
use crate::check::words::listed_up_to;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Kind, Record, RiskAcceptance, System};

pub(in crate::check) const CHECK: Check = Check {
    code: "LEG002",
    name: "annual-acceptance-missing",
    family: Family::Legacy,
    level: Level::Error,
    parameters: &[Parameter {
        name: "max_days",
        default: Default::Number(365),
        meaning: "days since its last approval for which an acceptance counts",
    }],
    explanation: include_str!("annual_acceptance.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let unsupported = governed(context)
        .into_iter()
        .filter(|system| is_unsupported(context, system));
    for system in unsupported {
        out.extend(judge(context, system));
    }
}

fn judge(context: &Context<'_>, system: &Record<System>) -> Option<Diagnostic> {
    let found = acceptances(context, system);
    let objections: Vec<String> = found
        .iter()
        .map_while(|acceptance| objection(context, acceptance, system))
        .collect();
    if objections.len() < found.len() {
        return None;
    }
    let lifecycle = system.spec.lifecycle.as_ref()?;
    let ended = end_of_support(lifecycle)?;
    let span = lifecycle.eol_date.map_or(system.meta.id.span, |date| date.span);
    let message = format!(
        "`{}` has had no support since {ended}, and no acceptance stands for it",
        system.id()
    );
    let label = if objections.is_empty() {
        "no RiskAcceptance of type `unsupported_system` names it".into()
    } else {
        objections.join("; ")
    };
    let mut diagnostic = Diagnostic::error(CHECK.code, span, message)
        .label(label)
        .help(format!(
            "have a RiskAcceptance of type `unsupported_system` for it approved by senior management, and again each \
             {} d; until then its findings are in no rate",
            context.number("max_days")
        ))
        .subject(system.id().to_string());
    for acceptance in found {
        diagnostic = diagnostic.related(acceptance.meta.id.span, "this acceptance does not");
    }
    Some(diagnostic)
}

/// Says why an acceptance does not stand for a System; `None` where it does.
fn objection(
    context: &Context<'_>,
    acceptance: &Record<RiskAcceptance>,
    system: &Record<System>,
) -> Option<String> {
    let (as_of, id, spec) = (context.as_of(), acceptance.id(), &acceptance.spec);
    let coverage = Coverage::of_acceptance(acceptance);
    if !coverage.holds_on(as_of.day()) {
        let until = spec
            .expires
            .map(|expires| format!(" until {expires}"))
            .unwrap_or_default();
        return Some(format!("`{id}` holds from {}{until} only", spec.starts));
    }
    let standing = context.register.standings.of(Kind::RiskAcceptance, id);
    if !standing.counts() {
        return Some(format!("`{id}` is not approved"));
    }
    let approved = standing.approved.last().map(|at| as_of.zone().day_of(*at));
    let approved = approved.unwrap_or(spec.starts.value);
    let (age, max) = (as_of.day().days_since(approved), context.number("max_days"));
    if age > max {
        return Some(format!(
            "`{id}` was approved on {approved}, {age} d ago: {age} > {max}"
        ));
    }
    let row = context.register.systems.get(system.id())?;
    let is_left_out = |host: &&std::sync::Arc<str>| {
        let counts = context.register.host(host).is_some_and(|host| host.counts);
        counts && !spec.subject.resolved.iter().any(|named| *named.value == ***host)
    };
    let left_out: Vec<_> = row.hosts.iter().filter(is_left_out).collect();
    (!spec.subject.resolved.is_empty() && !left_out.is_empty())
        .then(|| format!("`{id}` does not name {}", listed_up_to(3, left_out)))
}
