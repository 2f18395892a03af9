//! RAC001: a risk acceptance without end, past its end, or without the business behind it.

use crate::check::coverage::{Coverage, replaced};
use crate::check::words::listed;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Date, Decision, Kind, Record, RiskAcceptance};
use crate::source::Spanned;

pub(in crate::check) const CHECK: Check = Check {
    code: "RAC001",
    name: "lapsed-or-perpetual-acceptance",
    family: Family::Acceptance,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "max_days",
            default: Default::Number(365),
            meaning: "longest days from `starts` to `expires`",
        },
        Parameter {
            name: "review_days",
            default: Default::Number(365),
            meaning: "days within which a standing acceptance is reviewed",
        },
        Parameter {
            name: "business_functions",
            default: Default::Words(&["business"]),
            meaning: "functions of a Person who signs for the business: `business`, `it_ops`, `legal` and so on",
        },
    ],
    explanation: include_str!("lapsed_or_perpetual.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let replaced = replaced(repository);
    for acceptance in &repository.acceptances {
        let is_replaced = replaced.contains(&(Kind::RiskAcceptance, acceptance.id()));
        if !Coverage::of_acceptance(acceptance).is_standing() || is_replaced {
            continue;
        }
        let mut faults = Vec::new();
        match acceptance.spec.expires {
            Some(expires) => end(context, acceptance, expires, &mut faults),
            None => faults.push(perpetual(context, acceptance)),
        }
        review(context, acceptance, &mut faults);
        faults.extend(without_risk(acceptance));
        faults.extend(unsigned_by_business(context, acceptance));
        out.extend(
            faults
                .into_iter()
                .map(|fault| fault.subject(acceptance.id().to_string())),
        );
    }
}

fn perpetual(context: &Context<'_>, acceptance: &Record<RiskAcceptance>) -> Diagnostic {
    let latest = acceptance.spec.starts.plus_days(context.number("max_days"));
    Diagnostic::error(
        CHECK.code,
        acceptance.meta.id.span,
        format!("acceptance `{}` never ends", acceptance.id()),
    )
    .label("no `expires`")
    .help(format!("add `expires`, {latest} at the latest"))
}

fn end(
    context: &Context<'_>,
    acceptance: &Record<RiskAcceptance>,
    expires: Spanned<Date>,
    out: &mut Vec<Diagnostic>,
) {
    let starts = acceptance.spec.starts;
    let (days, max) = (expires.days_since(starts.value), context.number("max_days"));
    if days > max {
        let latest = starts.plus_days(max);
        out.push(
            Diagnostic::error(
                CHECK.code,
                expires.span,
                format!("acceptance `{}` lasts {days} d: {days} > {max}", acceptance.id()),
            )
            .related(starts.span, "begins here")
            .help(format!(
                "let it end on {latest} at the latest, and decide anew then"
            )),
        );
    }
    if context.as_of().is_past(expires.value) {
        let ago = context.as_of().day().days_since(expires.value);
        out.push(
            Diagnostic::error(
                CHECK.code,
                expires.span,
                format!("acceptance `{}` has lapsed", acceptance.id()),
            )
            .label(format!("ended {ago} d ago"))
            .help("close it, or have it renewed and approved anew: `countersign renew`"),
        );
    }
}

fn review(context: &Context<'_>, acceptance: &Record<RiskAcceptance>, out: &mut Vec<Diagnostic>) {
    let last = acceptance.meta.review.as_ref().and_then(|review| review.last);
    let (from, words) = match last {
        Some(last) => (last, "last reviewed"),
        None => (acceptance.spec.starts, "begun, never reviewed"),
    };
    let (days, max) = (
        context.as_of().day().days_since(from.value),
        context.number("review_days"),
    );
    if days > max {
        let message = format!(
            "acceptance `{}` misses its annual review: {days} d > {max} d",
            acceptance.id()
        );
        out.push(
            Diagnostic::error(CHECK.code, from.span, message)
                .label(format!("{words} on {from}"))
                .help("review it with its owner and set `review.last`, or close it"),
        );
    }
}

fn without_risk(acceptance: &Record<RiskAcceptance>) -> Option<Diagnostic> {
    if acceptance.spec.risk.is_some() || acceptance.spec.subject.risk.is_some() {
        return None;
    }
    let message = format!("acceptance `{}` names no Risk", acceptance.id());
    Some(
        Diagnostic::error(CHECK.code, acceptance.meta.id.span, message)
            .help("add `risk:` with the id of the Risk that is borne"),
    )
}

fn unsigned_by_business(context: &Context<'_>, acceptance: &Record<RiskAcceptance>) -> Option<Diagnostic> {
    let functions = context.words("business_functions");
    let standing = context
        .register
        .standings
        .of(Kind::RiskAcceptance, acceptance.id());
    let approvals: Vec<_> = standing
        .decisions
        .iter()
        .filter(|decided| decided.decision == Decision::Approve && decided.is_in_force())
        .collect();
    let signs_for_business = |person| {
        let function = context
            .repository()
            .people
            .get(person)
            .and_then(|person| person.spec.function);
        function.is_some_and(|function| functions.iter().any(|allowed| allowed == function.word()))
    };
    if approvals
        .iter()
        .any(|decided| signs_for_business(&decided.person))
    {
        return None;
    }
    let label = if approvals.is_empty() {
        "nobody has approved it".into()
    } else {
        format!(
            "approved by {} only",
            listed(approvals.iter().map(|decided| &decided.person))
        )
    };
    let message = format!(
        "nobody of the business has signed acceptance `{}`",
        acceptance.id()
    );
    Some(
        Diagnostic::error(CHECK.code, acceptance.meta.id.span, message)
            .label(label)
            .help(format!(
                "have a person of function {} approve it: `countersign approve`",
                listed(functions)
            )),
    )
}
