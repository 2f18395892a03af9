//! DAT002: dates that contradict each other.

use crate::check::coverage::{Coverage, coverages};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::model::{Date, Meta};
use crate::source::Spanned;

pub(in crate::check) const CHECK: Check = Check {
    code: "DAT002",
    name: "impossible-interval-or-cycle",
    family: Family::Date,
    level: Level::Error,
    parameters: &[Parameter {
        name: "max_cycle",
        default: Default::Table(&[
            ("Isms", 365),
            ("Person", 180),
            ("Role", 180),
            ("Policy", 365),
            ("Soa", 365),
            ("Risk", 365),
            ("System", 365),
            ("Source", 180),
            ("Triage", 180),
            ("Exception", 92),
            ("RiskAcceptance", 365),
            ("Sla", 365),
        ]),
        meaning: "longest review cycle in days, by kind",
    }],
    explanation: include_str!("interval_or_cycle.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    for meta in repository.records().filter(|meta| meta.is_live()) {
        cycle(context, meta, out);
    }
    for coverage in coverages(repository)
        .iter()
        .filter(|coverage| coverage.meta.is_live())
    {
        of_coverage(context, coverage, out);
    }
    of_people_and_roles(repository, out);
    of_systems_and_agreements(repository, out);
}

fn cycle(context: &Context<'_>, meta: &Meta, out: &mut Vec<Diagnostic>) {
    let Some(review) = &meta.review else { return };
    let max = context.by_name("max_cycle", meta.kind.name());
    if let (Some(cycle), Some(max)) = (review.cycle_days, max)
        && i64::from(cycle.value) > max
    {
        let message = format!(
            "a review cycle of {} d: {} > {max} for a {}",
            cycle.value, cycle.value, meta.kind
        );
        out.push(
            Diagnostic::error(CHECK.code, cycle.span, message)
                .help(format!("review it at least every {max} d"))
                .subject(meta.id.to_string()),
        );
    }
    if let (Some(last), Some(next)) = (&review.last, &review.next) {
        ordered(meta, ("review.last", last), ("review.next", next), out);
    }
}

fn of_coverage(context: &Context<'_>, coverage: &Coverage<'_>, out: &mut Vec<Diagnostic>) {
    let meta = coverage.meta;
    let Some(expires) = &coverage.expires else { return };
    ordered(meta, ("starts", &coverage.starts), ("expires", expires), out);
    if let Some(first) = &coverage.first_granted {
        ordered(meta, ("first_granted", first), ("starts", &coverage.starts), out);
    }
    for system in coverage.systems {
        let retired_on = context
            .repository()
            .systems
            .get(system)
            .and_then(|found| found.spec.retired_on.as_ref());
        let Some(retired_on) = retired_on.filter(|retired_on| expires.value > retired_on.value) else {
            continue;
        };
        let message = format!(
            "`{}` outlives `{}`, which retires on {retired_on}",
            meta.id, system.value
        );
        out.push(
            Diagnostic::error(CHECK.code, expires.span, message)
                .label(format!(
                    "{} d after it",
                    expires.value.days_since(retired_on.value)
                ))
                .related(retired_on.span, "retires here")
                .help(format!("let it end on {retired_on} at the latest"))
                .subject(meta.id.to_string()),
        );
    }
    let standing = context.register.standings.of(meta.kind, &meta.id);
    let approved = standing
        .approved
        .first()
        .map(|at| context.as_of().zone().day_of(*at));
    if let Some(approved) = approved.filter(|approved| *approved > expires.value) {
        let message = format!(
            "`{}` was approved on {approved}, after its end on {expires}",
            meta.id
        );
        out.push(
            Diagnostic::error(CHECK.code, expires.span, message)
                .help("write a new record for the time to come; an approval never reaches back")
                .subject(meta.id.to_string()),
        );
    }
}

fn of_people_and_roles(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for person in repository.people.iter().filter(|person| person.meta.is_live()) {
        let (meta, spec) = (&person.meta, &person.spec);
        if let Some(to) = &spec.active.to {
            ordered(meta, ("active.from", &spec.active.from), ("active.to", to), out);
        }
        for key in &spec.keys {
            if let Some(to) = &key.valid_to {
                ordered(meta, ("valid_from", &key.valid_from), ("valid_to", to), out);
            }
        }
        for delegation in &spec.delegations {
            ordered(
                meta,
                ("from", &delegation.from),
                ("until", &delegation.until),
                out,
            );
        }
    }
    for role in repository.roles.iter().filter(|role| role.meta.is_live()) {
        for holder in role.spec.holders.iter() {
            if let Some(to) = &holder.to {
                ordered(&role.meta, ("from", &holder.from), ("to", to), out);
            }
        }
    }
}

fn of_systems_and_agreements(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for system in repository.systems.iter().filter(|system| system.meta.is_live()) {
        let Some(lifecycle) = &system.spec.lifecycle else {
            continue;
        };
        if let (Some(eol), Some(extended)) = (&lifecycle.eol_date, &lifecycle.extended_support) {
            ordered(
                &system.meta,
                ("eol_date", eol),
                ("extended_support.until", &extended.until),
                out,
            );
        }
    }
    for sla in repository.slas.iter().filter(|sla| sla.meta.is_live()) {
        ordered(
            &sla.meta,
            ("created", &sla.meta.created),
            ("expires", &sla.spec.expires),
            out,
        );
    }
    for triage in repository.triages.iter().filter(|triage| triage.meta.is_live()) {
        ordered(
            &triage.meta,
            ("created", &triage.meta.created),
            ("expires", &triage.spec.expires),
            out,
        );
    }
}

/// Flags a second date that lies before the first.
fn ordered(
    meta: &Meta,
    (earlier_name, earlier): (&str, &Spanned<Date>),
    (later_name, later): (&str, &Spanned<Date>),
    out: &mut Vec<Diagnostic>,
) {
    if later.value >= earlier.value {
        return;
    }
    let days = earlier.value.days_since(later.value);
    out.push(
        Diagnostic::error(
            CHECK.code,
            later.span,
            format!("`{later_name}` {later} lies before `{earlier_name}` {earlier}"),
        )
        .label(format!("{days} d before it"))
        .related(earlier.span, format!("`{earlier_name}` is here"))
        .help(format!(
            "mend the wrong one of the two; `{later_name}` is {earlier} or later"
        ))
        .subject(meta.id.to_string()),
    );
}
