//! GOV004, second half: what scanners hide, by their ignore files or by themselves, and nobody decided.

use crate::check::Context;
use crate::check::reconcile::place;
use crate::check::words::{excerpt, listed, listed_up_to};
use crate::diagnostic::Diagnostic;
use crate::load::IgnoringTool;
use crate::model::RecordId;
use crate::reconcile::{HiddenBy, Suppressed, SuppressedState};
use crate::source::Span;

const CODE: &str = super::SUPPRESSION.code;
/// So many records that name something and do not stand for it are shown.
const SHOWN_RECORDS: usize = 3;

/// Says what is hidden without a decision, longer than was decided, without an end, or for nothing.
pub(super) fn scanner_suppressions(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for one in &context.register.suppressed {
        match &one.by {
            HiddenBy::IgnoreFile { tool, span } => out.extend(entry(context, one, *tool, *span)),
            HiddenBy::Scanner {
                observer,
                host,
                system,
                check,
                why,
            } if one.state == SuppressedState::Uncovered => {
                out.push(hidden(
                    context,
                    one,
                    (observer, host, check, why),
                    system.as_ref(),
                ));
            }
            HiddenBy::Scanner { .. } => {}
        }
    }
}

fn entry(context: &Context<'_>, one: &Suppressed, tool: IgnoringTool, span: Span) -> Option<Diagnostic> {
    let diagnostic = match one.state {
        SuppressedState::Uncovered => uncovered(context, one, tool, span),
        SuppressedState::Outlasting => outlasting(context, one, tool, span),
        SuppressedState::Dead => dead(context, one, span),
        SuppressedState::Covered if one.until.is_none() => without_end(context, one, tool, span),
        SuppressedState::Covered => return None,
    };
    Some(diagnostic.subject(excerpt(one.id.as_deref().unwrap_or(&one.file))))
}

fn uncovered(context: &Context<'_>, one: &Suppressed, tool: IgnoringTool, span: Span) -> Diagnostic {
    let tool = tool.word();
    let Some(id) = &one.id else {
        let what = listed(&one.narrowed_to);
        return Diagnostic::error(
            CODE,
            span,
            format!("{tool} hides {what}, and nobody decided that"),
        )
        .label("a decision names vulnerabilities; a whole class has none")
        .help("remove it, and name each vulnerability that is decided");
    };
    let message = format!(
        "{tool} is told to hide `{}`, and nobody decided that",
        excerpt(id)
    );
    let diagnostic = Diagnostic::error(CODE, span, message)
        .label(seen(one))
        .help("remove the entry; or have an Exception, RiskAcceptance or Triage that names it approved");
    naming(context, one, diagnostic)
}

/// Shows the records that name it and do not stand for it.
fn naming(context: &Context<'_>, one: &Suppressed, diagnostic: Diagnostic) -> Diagnostic {
    let others = one.records.iter().filter_map(|record| {
        let why = record.not_because?;
        let meta = context.repository().record(&record.id)?;
        Some((
            meta.id.span,
            format!("`{}` names `{}`, but {why}", record.id, excerpt(&record.name)),
        ))
    });
    others
        .take(SHOWN_RECORDS)
        .fold(diagnostic, |diagnostic, (span, words)| {
            diagnostic.related(span, words)
        })
}

/// Says under which names it was seen, and how often it is open.
fn seen(one: &Suppressed) -> String {
    let own = one.id.as_deref().unwrap_or_default();
    let others = one.seen_as.iter().filter(|vuln| !vuln.eq_ignore_ascii_case(own));
    let others: Vec<_> = others.collect();
    if one.seen_as.is_empty() {
        return "no run lists it, which may be because it is hidden".into();
    }
    let findings = match one.open {
        0 => "all its findings are closed".to_owned(),
        1 => "1 finding of it is open".to_owned(),
        more => format!("{more} findings of it are open"),
    };
    if others.is_empty() {
        findings
    } else {
        format!(
            "a scanner says that it is {}; {findings}",
            listed_up_to(SHOWN_RECORDS, others)
        )
    }
}

/// Says which records stand for it, under which names, and until when.
fn decided(context: &Context<'_>, one: &Suppressed) -> String {
    let zone = context.as_of().zone();
    let words: Vec<String> = one
        .standing()
        .take(SHOWN_RECORDS)
        .map(|record| {
            let until = record.until.map(|until| format!(" until {}", zone.day_of(until)));
            let own = one.id.as_deref().unwrap_or_default();
            let name = if record.name.eq_ignore_ascii_case(own) {
                String::new()
            } else {
                format!(" as `{}`", excerpt(&record.name))
            };
            format!("`{}` covers it{name}{}", record.id, until.unwrap_or_default())
        })
        .collect();
    words.join(", ")
}

fn last_decided_day(context: &Context<'_>, one: &Suppressed) -> String {
    let last = one.standing().filter_map(|record| record.until).max();
    last.map_or_else(
        || "the day on which the decision ends".to_owned(),
        |until| context.as_of().zone().day_of(until).to_string(),
    )
}

fn outlasting(context: &Context<'_>, one: &Suppressed, tool: IgnoringTool, span: Span) -> Diagnostic {
    let zone = context.as_of().zone();
    let id = excerpt(one.id.as_deref().unwrap_or_default());
    let until = one.until.map(|until| zone.day_of(until).to_string());
    let message = format!(
        "{} hides `{id}` until {}, longer than was decided",
        tool.word(),
        until.unwrap_or_default()
    );
    let help = format!("let it end on {} or earlier", last_decided_day(context, one));
    Diagnostic::error(CODE, span, message)
        .label(decided(context, one))
        .help(help)
}

fn without_end(context: &Context<'_>, one: &Suppressed, tool: IgnoringTool, span: Span) -> Diagnostic {
    let id = excerpt(one.id.as_deref().unwrap_or_default());
    let message = format!("{} hides `{id}` without an end of its own", tool.word());
    let last = last_decided_day(context, one);
    let diagnostic = match tool.expiry_field() {
        Some(field) => {
            Diagnostic::warn(CODE, span, message).help(format!("set `{field}` to {last} or earlier"))
        }
        // A warning that nobody can mend would only be in the way.
        None => Diagnostic::info(CODE, span, message).help(format!(
            "the format knows none: remove it after {last} at the latest"
        )),
    };
    diagnostic.label(decided(context, one))
}

fn dead(context: &Context<'_>, one: &Suppressed, span: Span) -> Diagnostic {
    let zone = context.as_of().zone();
    let what = one
        .id
        .as_ref()
        .map_or_else(|| listed(&one.narrowed_to), |id| format!("`{}`", excerpt(id)));
    let ended = one.until.filter(|until| *until <= context.as_of().instant());
    match ended {
        Some(until) => {
            let message = format!(
                "the entry for {what} ended on {} and hides nothing",
                zone.day_of(until)
            );
            Diagnostic::warn(CODE, span, message)
                .help("remove it; what it hid is judged like everything else")
        }
        None => Diagnostic::warn(
            CODE,
            span,
            format!("the entry for {what} hides nothing that was seen"),
        )
        .label(seen(one))
        .help("remove it, once a run without it lists nothing either"),
    }
}

fn hidden(
    context: &Context<'_>,
    one: &Suppressed,
    (observer, host, check, why): (&str, &str, &str, &str),
    system: Option<&RecordId>,
) -> Diagnostic {
    let id = excerpt(one.id.as_deref().unwrap_or_default());
    let message = format!(
        "`{}` hides `{id}` on `{}`, and nobody decided that",
        excerpt(observer),
        excerpt(host)
    );
    let diagnostic = Diagnostic::error(CODE, place(context, system), message)
        .label(format!(
            "of `{}` the scanner says: {}",
            excerpt(check),
            excerpt(why)
        ))
        .help("end it in the scanner; or have an Exception, RiskAcceptance or Triage for it approved")
        .subject(format!("{host} {id}"));
    naming(context, one, diagnostic)
}
