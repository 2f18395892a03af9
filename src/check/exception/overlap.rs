//! EXC008: two exceptions or acceptances that cover the same until different days.

use crate::check::coverage::{Coverage, Shared, coverages, overlapping_pairs};
use crate::check::words::listed_up_to;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Date;

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC008",
    name: "coverage-overlap",
    family: Family::Exception,
    level: Level::Warn,
    parameters: &[],
    explanation: include_str!("overlap.md"),
    run,
};

/// How many subjects and hosts a message names.
const NAMED: usize = 3;

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let day = context.as_of().day();
    let standing: Vec<Coverage<'_>> = coverages(context.repository())
        .into_iter()
        .filter(Coverage::is_standing)
        .collect();
    for (one, other) in overlapping_pairs(&standing) {
        let (one, other) = (&standing[one], &standing[other]);
        if one.follows_or_leads(other) {
            continue;
        }
        if let (Some(ends), Some(shared)) = (different_ends(one, other, day), one.shared(other)) {
            out.push(tell(&ends, &shared));
        }
    }
}

/// Two coverages at one time, by their ends.
struct Ends<'a> {
    earlier: &'a Coverage<'a>,
    earlier_end: crate::source::Spanned<Date>,
    later: &'a Coverage<'a>,
    later_end: crate::source::Spanned<Date>,
}

/// Sorts two coverages by their ends; `None` where they end together, never meet, or are both over.
fn different_ends<'a>(one: &'a Coverage<'a>, other: &'a Coverage<'a>, day: Date) -> Option<Ends<'a>> {
    let (one_end, other_end) = (one.expires?, other.expires?);
    let meet = one.starts.value <= other_end.value && other.starts.value <= one_end.value;
    let (earlier, earlier_end, later, later_end) = if one_end.value < other_end.value {
        (one, one_end, other, other_end)
    } else {
        (other, other_end, one, one_end)
    };
    let differ = earlier_end.value != later_end.value;
    (meet && differ && day <= later_end.value).then_some(Ends {
        earlier,
        earlier_end,
        later,
        later_end,
    })
}

fn tell(ends: &Ends<'_>, shared: &Shared<'_>) -> Diagnostic {
    let (earlier, later) = (&ends.earlier.meta.id, &ends.later.meta.id);
    let subjects = listed_up_to(NAMED, &shared.subjects);
    let hosts = listed_up_to(NAMED, &shared.hosts);
    let message = format!(
        "`{later}` until {} and `{earlier}` until {} both cover {subjects} on {hosts}",
        ends.later_end, ends.earlier_end
    );
    let kind = if ends.earlier.meta.kind == ends.later.meta.kind {
        format!("write `renews: {earlier}` into `{later}` and have it approved, or close one of the two")
    } else {
        "close one of the two, or let both end on one day".into()
    };
    Diagnostic::warn(CHECK.code, ends.later_end.span, message)
        .label(format!("the earlier end governs: {}", ends.earlier_end))
        .related(ends.earlier_end.span, format!("`{earlier}` ends here"))
        .help(kind)
        .subject(later.to_string())
}
