//! EXC010: an exception that stands for long and that nobody looked at again.

use crate::check::coverage::Coverage;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Date, Decision, Exception, Kind, Record, RecordId};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC010",
    name: "missed-quarterly-review",
    family: Family::Exception,
    level: Level::Error,
    parameters: &[Parameter {
        name: "review_days",
        default: Default::Number(92),
        meaning: "days between two signed reviews of an exception that stands",
    }],
    explanation: include_str!("quarterly_review.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for exception in &context.repository().exceptions {
        if Coverage::of_exception(exception).is_standing() {
            let signed = signed_reviews(context, exception);
            out.extend(overdue(context, exception, &signed));
            unsigned_reviews(exception, &signed, out);
        }
    }
}

/// A decision at a review, by the person who signed it.
struct SignedReview {
    person: RecordId,
    day: Date,
}

/// Returns the attestations of reviews that count, up to the moment that is judged.
fn signed_reviews(context: &Context<'_>, exception: &Record<Exception>) -> Vec<SignedReview> {
    let zone = context.as_of().zone();
    let standing = context.register.standings.of(Kind::Exception, exception.id());
    let reviews = standing.decisions.iter().filter(|decided| {
        matches!(decided.decision, Decision::ReviewKeep | Decision::ReviewEnd) && decided.counts()
    });
    reviews
        .map(|decided| SignedReview {
            person: decided.person.clone(),
            day: zone.day_of(decided.at),
        })
        .collect()
}

fn overdue(
    context: &Context<'_>,
    exception: &Record<Exception>,
    signed: &[SignedReview],
) -> Option<Diagnostic> {
    let spec = &exception.spec;
    let granted = spec
        .first_granted
        .filter(|granted| granted.value < spec.starts.value)
        .unwrap_or(spec.starts);
    let last = signed.iter().map(|review| review.day).max();
    let (since, words) = match last.filter(|last| *last >= granted.value) {
        Some(last) => (last, "last reviewed"),
        None => (granted.value, "granted, and never reviewed,"),
    };
    let max = context.number("review_days");
    let age = context.as_of().day().days_since(since);
    if age <= max {
        return None;
    }
    let message = format!("`{}` was {words} on {since}: {age} d > {max} d", exception.id());
    Some(
        Diagnostic::error(CHECK.code, granted.span, message)
            .label("stands since this day")
            .help(format!(
                "review it: `countersign review {id}` signs `review_keep` or `review_end`; an entry under `reviews` \
                 alone does not count",
                id = exception.id()
            ))
            .subject(exception.id().to_string()),
    )
}

/// What the record says of reviews is not part of what was approved, so that each needs a signature of its own.
fn unsigned_reviews(exception: &Record<Exception>, signed: &[SignedReview], out: &mut Vec<Diagnostic>) {
    let mut tell = |span: Span, message: String, help: String| {
        out.push(
            Diagnostic::error(CHECK.code, span, message)
                .label("no attestation says so")
                .help(help)
                .subject(exception.id().to_string()),
        );
    };
    for review in &exception.spec.reviews {
        let (at, by) = (review.at.value, &review.by.value.0);
        let is_signed = signed
            .iter()
            .any(|signed| signed.person == *by && signed.day == at);
        if !is_signed {
            tell(
                review.at.span,
                format!(
                    "the review of `{}` by `{by}` on {at} is not signed",
                    exception.id()
                ),
                format!("let `{by}` sign it with `countersign review`, or remove the entry"),
            );
        }
    }
    let last = exception.meta.review.as_ref().and_then(|review| review.last);
    if let Some(last) = last.filter(|last| !signed.iter().any(|signed| signed.day == last.value)) {
        let newest = signed.iter().map(|signed| signed.day).max();
        let help = match newest {
            Some(newest) => format!("write {newest}, the day of the last signed review"),
            None => "remove it: nobody has signed a review yet".into(),
        };
        tell(
            last.span,
            format!(
                "`review.last` {last} of `{}` is no day of a signed review",
                exception.id()
            ),
            help,
        );
    }
}
