//! LEG001: a platform whose support has ended, or ends soon, and nobody has written it down.

use std::collections::BTreeMap;

use super::governed;
use super::products::end_of_life;
use crate::check::words::listed_up_to;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Date, HostStatus, Record, System};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "LEG001",
    name: "eol-unrecorded",
    family: Family::Legacy,
    level: Level::Error,
    parameters: &[Parameter {
        name: "soon_days",
        default: Default::Number(180),
        meaning: "days before the end of support from which a plan is asked for",
    }],
    explanation: include_str!("eol_unrecorded.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for system in governed(context) {
        out.extend(judge(context, system));
    }
}

/// The end of a product's support, and where the product is found.
struct Known {
    end: Date,
    product: String,
    places: Vec<String>,
}

fn judge(context: &Context<'_>, system: &Record<System>) -> Option<Diagnostic> {
    let lifecycle = system.spec.lifecycle.as_ref();
    let recorded = lifecycle.and_then(|lifecycle| lifecycle.eol_date);
    let known = first_to_end(context, system);
    let span = recorded.map_or(system.meta.id.span, |date| date.span);
    if let (None, Some(known)) = (recorded, &known)
        && context.as_of().is_past(known.end)
    {
        return Some(unrecorded(system, known));
    }
    let has_plan =
        lifecycle.is_some_and(|lifecycle| lifecycle.feasibility.is_some() || !lifecycle.roadmap.is_empty());
    let end = recorded.map(|date| date.value).or(known.map(|known| known.end))?;
    let days = end.days_since(context.as_of().day());
    if has_plan || !(0..=context.number("soon_days")).contains(&days) {
        return None;
    }
    Some(soon(system, span, end, days))
}

fn unrecorded(system: &Record<System>, known: &Known) -> Diagnostic {
    let message = format!(
        "`{}` runs {}, whose support ended on {}, and records no end of life",
        system.id(),
        known.product,
        known.end
    );
    Diagnostic::error(CHECK.code, system.meta.id.span, message)
        .label(format!("found at {}", listed_up_to(3, &known.places)))
        .help(format!(
            "write `lifecycle` with `eol_date: {}`, its source, a risk class, what is feasible and a roadmap",
            known.end
        ))
        .subject(system.id().to_string())
}

fn soon(system: &Record<System>, span: Span, end: Date, days: i64) -> Diagnostic {
    let message = format!(
        "the support of `{}` ends on {end}, in {days} d, and there is no plan",
        system.id()
    );
    Diagnostic::warn(CHECK.code, span, message)
        .label("neither `feasibility` nor `roadmap`")
        .help("write under `lifecycle` whether to upgrade, replace or isolate it, and the steps with their days")
        .subject(system.id().to_string())
}

/// Finds, of all that the System and its hosts are said to run, what ends first.
fn first_to_end(context: &Context<'_>, system: &Record<System>) -> Option<Known> {
    let mut places: BTreeMap<(Date, String), Vec<String>> = BTreeMap::new();
    for software in &system.spec.software {
        let version = software.version.as_deref().unwrap_or_default();
        let product = format!("{} {version}", software.product).trim().to_owned();
        if let Some(end) = end_of_life(&product) {
            places.entry((end, product)).or_default().push("software".into());
        }
    }
    let row = context.register.systems.get(system.id());
    let hosts = row.map_or(&[][..], |row| &row.hosts);
    for host in hosts.iter().filter_map(|host| context.register.host(host)) {
        let Some(os) = host.os.as_deref().filter(|_| host.status != HostStatus::Retired) else {
            continue;
        };
        if let Some(end) = end_of_life(os) {
            places
                .entry((end, os.to_owned()))
                .or_default()
                .push(host.id.to_string());
        }
    }
    let ((end, product), places) = places.into_iter().next()?;
    Some(Known {
        end,
        product: format!("`{}`", crate::check::words::excerpt(&product)),
        places,
    })
}
