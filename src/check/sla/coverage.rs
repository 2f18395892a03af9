//! SLA003: a System under no agreement or under several, and an agreement that has ended.

use crate::check::words::listed;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Record, System};
use crate::reconcile::SystemRow;

pub(in crate::check) const CHECK: Check = Check {
    code: "SLA003",
    name: "sla-coverage",
    family: Family::Sla,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("coverage.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    for row in context.register.systems.values().filter(|row| row.counts) {
        if let Some(system) = repository.systems.get(&row.id) {
            out.extend(judge(context, system, row));
        }
    }
    for sla in repository.slas.iter().filter(|sla| sla.meta.is_live()) {
        let expires = sla.spec.expires;
        if !context.as_of().is_past(expires.value) {
            continue;
        }
        let days = context.as_of().day().days_since(expires.value);
        out.push(
            Diagnostic::error(
                CHECK.code,
                expires.span,
                format!("agreement `{}` has expired", sla.id()),
            )
            .label(format!("ended {days} d ago"))
            .help("have its parties renew it, or close it")
            .subject(sla.id().to_string()),
        );
    }
}

fn judge(context: &Context<'_>, system: &Record<System>, row: &SystemRow) -> Option<Diagnostic> {
    let id = system.id();
    let fault =
        |message: String| Diagnostic::error(CHECK.code, system.meta.id.span, message).subject(id.to_string());
    match row.slas.as_slice() {
        [] => Some(
            fault(format!("`{id}` is under no agreement in force"))
                .label("its findings are due by the shortest cell of all agreements")
                .help("widen `applies_to` of an Sla so that it takes this System in"),
        ),
        [_] => None,
        several => {
            let slas = several
                .iter()
                .filter_map(|sla| context.repository().slas.get(sla));
            let diagnostic = fault(format!("`{id}` is under several agreements: {}", listed(several)))
                .help("narrow `applies_to` so that exactly one applies");
            Some(slas.fold(diagnostic, |diagnostic, sla| {
                diagnostic.related(
                    sla.spec.applies_to.span,
                    format!("`{}` applies by this", sla.id()),
                )
            }))
        }
    }
}
