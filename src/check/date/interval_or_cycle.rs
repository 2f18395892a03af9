//! DAT002: dates that contradict each other.

use crate::check::coverage::{Coverage, coverages};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::model::{Date, Kind, Meta, RecordId, SystemRef};
use crate::source::Spanned;

use super::work;

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
            ("HighRisk", 180),
            ("System", 365),
            ("Source", 180),
            ("Triage", 180),
            ("Exception", 92),
            ("RiskAcceptance", 365),
            ("Sla", 365),
            ("Calendar", 365),
            ("ChangeTemplate", 180),
        ]),
        meaning: "longest review cycle in days, by kind; `HighRisk` is a Risk of level `high` or `very_high`, `ChangeTemplate` a Change with `template: true`",
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
    of_requests(repository, out);
    of_people_and_roles(repository, out);
    of_systems_and_agreements(context, out);
    of_triages(context, out);
    work::of_work(repository, out);
}

fn cycle(context: &Context<'_>, meta: &Meta, out: &mut Vec<Diagnostic>) {
    let Some(review) = &meta.review else { return };
    let changes = &context.repository().changes;
    let name = if is_high_risk(context.repository(), meta) {
        "HighRisk"
    } else if changes.get(&meta.id).is_some_and(|change| change.spec.template) {
        "ChangeTemplate"
    } else {
        meta.kind.name()
    };
    let max = context.by_name("max_cycle", name);
    if let (Some(cycle), Some(max)) = (review.cycle_days, max)
        && i64::from(cycle.value) > max
    {
        let message = format!(
            "a review cycle of {} d: {} > {max} for a {name}",
            cycle.value, cycle.value
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

fn is_high_risk(repository: &Repository, meta: &Meta) -> bool {
    let risk = repository.risks.get(&meta.id).filter(|_| meta.kind == Kind::Risk);
    let matrix = repository
        .isms
        .as_ref()
        .and_then(|isms| isms.spec.risk_matrix.as_ref());
    let level = risk
        .zip(matrix)
        .and_then(|(risk, matrix)| matrix.level(&risk.spec.likelihood, &risk.spec.impact));
    level.is_some_and(|level| matches!(level, "high" | "very_high"))
}

fn of_coverage(context: &Context<'_>, coverage: &Coverage<'_>, out: &mut Vec<Diagnostic>) {
    let meta = coverage.meta;
    let Some(expires) = &coverage.expires else { return };
    ordered(meta, ("starts", &coverage.starts), ("expires", expires), out);
    if let Some(first) = &coverage.first_granted {
        ordered(meta, ("first_granted", first), ("starts", &coverage.starts), out);
    }
    outlives_systems(context.repository(), meta, coverage.systems, expires, out);
    approved_late(context, meta, expires, out);
}

fn outlives_systems(
    repository: &Repository,
    meta: &Meta,
    systems: &[Spanned<SystemRef>],
    expires: &Spanned<Date>,
    out: &mut Vec<Diagnostic>,
) {
    for system in systems {
        let retired_on = repository
            .systems
            .get(system)
            .and_then(|found| found.spec.retired_on.as_ref());
        if let Some(retired_on) = retired_on {
            within(meta, expires, (&system.value.0, "retires", retired_on), out);
        }
    }
}

fn approved_late(context: &Context<'_>, meta: &Meta, expires: &Spanned<Date>, out: &mut Vec<Diagnostic>) {
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

/// An exception ends with the acceptance that carries it, and is asked for before it ends.
fn of_requests(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for exception in repository.exceptions.iter().filter(|one| one.meta.is_live()) {
        let (meta, spec) = (&exception.meta, &exception.spec);
        if let Some(requested) = &spec.requested_on {
            ordered(meta, ("requested_on", requested), ("expires", &spec.expires), out);
            let target = spec.plan.as_ref().and_then(|plan| plan.target_date.as_ref());
            if let Some(target) = target {
                ordered(
                    meta,
                    ("requested_on", requested),
                    ("plan.target_date", target),
                    out,
                );
            }
        }
        let acceptance = spec
            .acceptance
            .as_ref()
            .and_then(|named| repository.acceptances.get(named));
        if let Some((acceptance, end)) =
            acceptance.and_then(|found| Some((found, found.spec.expires.as_ref()?)))
        {
            within(meta, &spec.expires, (acceptance.id(), "ends", end), out);
        }
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
            ordered(
                meta,
                ("active.from", &spec.active.from),
                ("from", &delegation.from),
                out,
            );
            if let Some(to) = &spec.active.to {
                ordered(meta, ("until", &delegation.until), ("active.to", to), out);
            }
        }
    }
    for role in repository.roles.iter().filter(|role| role.meta.is_live()) {
        for holder in role.spec.holders.iter() {
            if let Some(to) = &holder.to {
                ordered(&role.meta, ("from", &holder.from), ("to", to), out);
            }
            if let Some(person) = repository.people.get(&holder.person) {
                let active = &person.spec.active;
                ordered(
                    &role.meta,
                    ("active.from", &active.from),
                    ("from", &holder.from),
                    out,
                );
            }
        }
    }
}

fn of_systems_and_agreements(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
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
        let meta = &sla.meta;
        ordered(
            meta,
            ("created", &meta.created),
            ("expires", &sla.spec.expires),
            out,
        );
        approved_late(context, meta, &sla.spec.expires, out);
    }
    for evidence in repository.evidence.iter().filter(|one| one.meta.is_live()) {
        let produced = evidence.spec.produced_at;
        let day = Spanned {
            value: context.as_of().zone().day_of(produced.utc()),
            span: produced.span,
        };
        ordered(
            &evidence.meta,
            ("produced_at", &day),
            ("retain_until", &evidence.spec.retain_until),
            out,
        );
    }
}

/// A triage ends within the cycle of its kind: what was looked at half a year ago is looked at again.
fn of_triages(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    for triage in repository.triages.iter().filter(|triage| triage.meta.is_live()) {
        let (meta, expires) = (&triage.meta, &triage.spec.expires);
        ordered(meta, ("created", &meta.created), ("expires", expires), out);
        outlives_systems(repository, meta, &triage.spec.subject.systems, expires, out);
        approved_late(context, meta, expires, out);
        let days = expires.value.days_since(meta.created.value);
        if let Some(max) = context
            .by_name("max_cycle", Kind::Triage.name())
            .filter(|max| days > *max)
        {
            let message = format!("`{}` stands for {days} d: {days} > {max} for a Triage", meta.id);
            out.push(
                Diagnostic::error(CHECK.code, expires.span, message)
                    .label(format!("{} d too late", days - max))
                    .help(format!(
                        "let it end on {} at the latest, counted from `created`",
                        meta.created.value.plus_days(max)
                    ))
                    .subject(meta.id.to_string()),
            );
        }
    }
}

/// Flags a decision that ends after what it hangs on.
fn within(
    meta: &Meta,
    expires: &Spanned<Date>,
    (parent, ends, end): (&RecordId, &str, &Spanned<Date>),
    out: &mut Vec<Diagnostic>,
) {
    if expires.value <= end.value {
        return;
    }
    let message = format!("`{}` outlives `{parent}`, which {ends} on {end}", meta.id);
    out.push(
        Diagnostic::error(CHECK.code, expires.span, message)
            .label(format!("{} d after it", expires.value.days_since(end.value)))
            .related(end.span, format!("{ends} here"))
            .help(format!("let it end on {end} at the latest"))
            .subject(meta.id.to_string()),
    );
}

/// Flags a second date that lies before the first.
pub(super) fn ordered(
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
