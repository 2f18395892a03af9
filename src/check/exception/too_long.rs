//! EXC003: an exception that lasts longer than its severity allows.

use crate::check::coverage::Coverage;
use crate::check::words::listed;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Exception, Record, Severity};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC003",
    name: "too-long-exception",
    family: Family::Exception,
    level: Level::Error,
    parameters: &[Parameter {
        name: "caps",
        default: Default::Table(&[("critical", 30), ("high", 90), ("medium", 180), ("low", 365)]),
        meaning: "longest days from `starts` to `expires`, by severity; a Policy may only be stricter",
    }],
    explanation: include_str!("too_long.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for exception in &context.repository().exceptions {
        if Coverage::of_exception(exception).is_standing() {
            out.extend(judge(context, exception));
        }
    }
    loose_caps(context, out);
}

/// The longest time for a severity, and who says so.
struct Cap {
    days: i64,
    policy: Option<(String, Span)>,
}

fn judge(context: &Context<'_>, exception: &Record<Exception>) -> Option<Diagnostic> {
    let (starts, expires) = (exception.spec.starts, exception.spec.expires);
    let severity = exception.spec.severity.value;
    let days = expires.value.days_since(starts.value);
    let cap = cap(context, severity)?;
    if days <= cap.days {
        return None;
    }
    let latest = starts.value.plus_days(cap.days);
    let tiers = tiers(context, exception);
    let message = format!(
        "exception `{}` lasts {days} d: {days} > {} for severity {severity}{tiers}",
        exception.id(),
        cap.days
    );
    let diagnostic = Diagnostic::error(CHECK.code, expires.span, message)
        .label(format!("{} d too late", days - cap.days))
        .related(starts.span, "begins here")
        .help(format!(
            "let it end on {latest} at the latest, counted from {starts}"
        ))
        .subject(exception.id().to_string());
    Some(match cap.policy {
        Some((policy, span)) => diagnostic.related(span, format!("`{policy}` caps it at {} d", cap.days)),
        None => diagnostic,
    })
}

/// Returns the strictest cap of the configuration and of every Policy in force.
fn cap(context: &Context<'_>, severity: Severity) -> Option<Cap> {
    let configured = context
        .by_severity("caps", severity)
        .map(|days| Cap { days, policy: None });
    let policies = context
        .repository()
        .policies
        .iter()
        .filter(|policy| policy.meta.is_live());
    let written = policies.filter_map(|policy| {
        let days = *policy.spec.exception_rules.as_ref()?.caps.get(&severity)?;
        Some(Cap {
            days: days.into(),
            policy: Some((policy.id().to_string(), policy.meta.id.span)),
        })
    });
    configured.into_iter().chain(written).min_by_key(|cap| cap.days)
}

fn tiers(context: &Context<'_>, exception: &Record<Exception>) -> String {
    let systems = exception
        .spec
        .scope
        .systems
        .iter()
        .filter_map(|id| context.repository().systems.get(id));
    let mut tiers: Vec<&str> = systems
        .filter_map(|system| system.spec.tier.as_ref())
        .map(|tier| tier.value.as_str())
        .collect();
    tiers.sort_unstable();
    tiers.dedup();
    if tiers.is_empty() {
        String::new()
    } else {
        format!(" on {}", listed(tiers))
    }
}

/// A Policy may only be stricter; a looser cap in it would have no effect, and its readers would not know.
fn loose_caps(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for policy in context
        .repository()
        .policies
        .iter()
        .filter(|policy| policy.meta.is_live())
    {
        for (severity, days) in policy.spec.exception_rules.iter().flat_map(|rules| &rules.caps) {
            let Some(configured) = context.by_severity("caps", *severity) else {
                continue;
            };
            if i64::from(*days) > configured {
                let message = format!(
                    "the cap of {days} d for severity {severity} has no effect: {days} > {configured}"
                );
                out.push(
                    Diagnostic::warn(CHECK.code, policy.meta.id.span, message)
                        .label("under `exception_rules.caps`")
                        .help(format!(
                            "write {configured} or less, or remove it: a Policy may only be stricter"
                        ))
                        .subject(policy.id().to_string()),
                );
            }
        }
    }
}
