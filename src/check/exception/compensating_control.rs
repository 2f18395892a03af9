//! EXC006: a grave exception without a control that somebody of security looked at.

use crate::check::coverage::{Coverage, FindingsByHost};
use crate::check::people::holds_role;
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Compensating, Date, Exception, Record, RecordId, Severity};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC006",
    name: "missing-compensating-control",
    family: Family::Exception,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "from",
            default: Default::Words(&["high"]),
            meaning: "the mildest severity that needs a compensating control",
        },
        Parameter {
            name: "assessor_roles",
            default: Default::Words(&["role-security"]),
            meaning: "roles of which the assessor held one on the day of the verification",
        },
        Parameter {
            name: "max_verify_age_days",
            default: Default::Number(90),
            meaning: "days for which a verification counts",
        },
    ],
    explanation: include_str!("compensating_control.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let from = from(context, out);
    let findings = FindingsByHost::new(context.register);
    for exception in &context.repository().exceptions {
        let coverage = Coverage::of_exception(exception);
        if !coverage.is_standing() {
            continue;
        }
        let seen = findings.gravest(&coverage);
        let severity = seen.map_or(exception.spec.severity.value, |seen| {
            seen.max(exception.spec.severity.value)
        });
        if severity >= from {
            out.extend(judge(context, exception, severity));
        }
    }
}

/// Reads the severity from which on a control is needed; a word that is none is flagged, and all need one.
fn from(context: &Context<'_>, out: &mut Vec<Diagnostic>) -> Severity {
    let words = context.words("from");
    let known: Vec<Severity> = words
        .iter()
        .filter_map(|word| Severity::from_word(word))
        .collect();
    if known.len() == words.len()
        && let Some(mildest) = known.into_iter().min()
    {
        return mildest;
    }
    let message = format!("`from` of EXC006 is {}, which is no severity", listed(words));
    out.push(
        Diagnostic::error(CHECK.code, context.repository().root_span(), message).help(format!(
            "mend `compliance.yaml`; severities are {}",
            listed(Severity::ALL.map(Severity::word))
        )),
    );
    Severity::Low
}

/// What a control lacks, and where that is to be read.
struct Lack {
    what: String,
    span: Option<Span>,
}

fn judge(context: &Context<'_>, exception: &Record<Exception>, severity: Severity) -> Option<Diagnostic> {
    let roles = context.words("assessor_roles");
    let of_each: Vec<(&Compensating, Vec<Lack>)> = exception
        .spec
        .compensating
        .iter()
        .map(|control| (control, lacks(context, exception, control)))
        .collect();
    let nearest = of_each.iter().min_by_key(|(_, lacks)| lacks.len());
    let (given, span) = match nearest {
        Some((_, lacks)) if lacks.is_empty() => return None,
        Some((control, lacks)) => {
            let whats: Vec<&str> = lacks.iter().map(|lack| lack.what.as_str()).collect();
            let span = lacks.iter().find_map(|lack| lack.span);
            (
                format!("`{}` {}", excerpt(&control.control_type), whats.join("; ")),
                span,
            )
        }
        None => ("none given".into(), None),
    };
    let declared = exception.spec.severity;
    let severity_words = if severity == declared.value {
        format!("severity {severity}")
    } else {
        format!("severity {severity}, which its findings have although it says {declared},")
    };
    let message = format!(
        "`{}`: {severity_words} needs a compensating control assessed by {}; {given}",
        exception.id(),
        listed(roles)
    );
    let help = format!(
        "add one under `compensating` with `description`, `assessed_by` a holder of {} outside the requester's team, \
         `verified_at` within {} d and `evidence`",
        listed(roles),
        context.number("max_verify_age_days")
    );
    Some(
        Diagnostic::error(CHECK.code, span.unwrap_or(declared.span), message)
            .label(format!("needed for severity {severity}"))
            .help(help)
            .subject(exception.id().to_string()),
    )
}

fn lacks(context: &Context<'_>, exception: &Record<Exception>, control: &Compensating) -> Vec<Lack> {
    let mut lacks = Vec::new();
    if control.description.trim().is_empty() {
        lacks.push(Lack {
            what: "is not described".into(),
            span: None,
        });
    }
    let day = control
        .verified_at
        .map_or(exception.meta.created.value, |at| at.value);
    lacks.extend(of_assessor(context, exception, control, day));
    lacks.extend(of_verification(context, control));
    lacks.extend(of_evidence(context, control));
    lacks
}

fn of_assessor(
    context: &Context<'_>,
    exception: &Record<Exception>,
    control: &Compensating,
    day: Date,
) -> Option<Lack> {
    let repository = context.repository();
    let Some(assessor) = &control.assessed_by else {
        return Some(Lack {
            what: "was assessed by nobody".into(),
            span: None,
        });
    };
    let person = &assessor.value.0;
    let roles = context.words("assessor_roles");
    let holds_one = roles
        .iter()
        .filter_map(|role| RecordId::new(role))
        .any(|role| holds_role(repository, &role, person, day));
    let requester = exception.spec.requested_by.as_ref();
    let what = if !holds_one {
        format!(
            "was assessed by `{person}`, who did not hold {} on {day}",
            listed(roles)
        )
    } else if requester.is_some_and(|requester| requester.value.0 == *person) {
        format!("was assessed by `{person}`, who asks for the exception")
    } else if holds_role(repository, &exception.meta.owner.value, person, day) {
        format!(
            "was assessed by `{person}`, who is of the requester's own team `{}`",
            exception.meta.owner.value
        )
    } else {
        return None;
    };
    Some(Lack {
        what,
        span: Some(assessor.span),
    })
}

fn of_verification(context: &Context<'_>, control: &Compensating) -> Option<Lack> {
    let Some(at) = control.verified_at else {
        return Some(Lack {
            what: "was never verified".into(),
            span: None,
        });
    };
    let max = context.number("max_verify_age_days");
    let age = context.as_of().day().days_since(at.value);
    let what = if age < 0 {
        format!("is verified on {at}, a day that is still to come")
    } else if age > max {
        format!("was verified {age} d ago: {age} > {max}")
    } else {
        return None;
    };
    Some(Lack {
        what,
        span: Some(at.span),
    })
}

fn of_evidence(context: &Context<'_>, control: &Compensating) -> Option<Lack> {
    let Some(named) = &control.evidence else {
        return Some(Lack {
            what: "has no evidence".into(),
            span: None,
        });
    };
    let what = match context.repository().evidence.get(named) {
        Some(evidence) if evidence.meta.is_live() => return None,
        Some(_) => format!("has evidence `{}`, which has ended", named.value),
        None => format!(
            "has evidence `{}`, which is no Evidence record",
            excerpt(named.as_str())
        ),
    };
    Some(Lack {
        what,
        span: Some(named.span),
    })
}
