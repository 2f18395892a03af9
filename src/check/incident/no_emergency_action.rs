//! INC001: a vulnerability that is used in attacks, open, and nothing of an emergency has been set going.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::check::actions::{Actions, Found, Wanted};
use crate::check::words::{excerpt, listed_up_to};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Exposure, Finding, RecordId};

pub(in crate::check) const CHECK: Check = Check {
    code: "INC001",
    name: "no-emergency-action",
    family: Family::Incident,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "hours",
            default: Default::Table(&[("internet", 24), ("other", 72)]),
            meaning: "hours within which an emergency begins, by whether the System faces the internet",
        },
        Parameter {
            name: "settle_hours",
            default: Default::Number(72),
            meaning: "hours after the end of a Change within which somebody scans again",
        },
    ],
    explanation: include_str!("no_emergency_action.md"),
    run,
};

/// A finding against which nothing of an emergency has been set going.
struct Waiting<'a> {
    finding: &'a Finding,
    /// From when on somebody had to act.
    since: DateTime<Utc>,
    /// What names the finding and does not count, and why.
    short: Vec<String>,
}

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let actions = Actions::new(context, context.number("settle_hours"));
    let mut cases: BTreeMap<(Option<&RecordId>, &str), Vec<Waiting<'_>>> = BTreeMap::new();
    for finding in &context.register.findings {
        let Some(since) = waits_since(context, finding) else {
            continue;
        };
        if let Found::Nothing(short) = actions.against(finding, Wanted::Emergency) {
            let key = (finding.system.as_ref(), &*finding.vuln);
            cases.entry(key).or_default().push(Waiting {
                finding,
                since,
                short,
            });
        }
    }
    for ((system, vuln), case) in cases {
        out.extend(tell(context, system, vuln, &case));
    }
}

/// Returns from when on somebody had to act, where the hours for it are over and no decision stands.
fn waits_since(context: &Context<'_>, finding: &Finding) -> Option<DateTime<Utc>> {
    let disposition = finding.disposition;
    if disposition.is_closed() || disposition.is_removed() || disposition.is_by_decision() {
        return None;
    }
    let as_of = context.as_of();
    let known = as_of
        .zone()
        .end_of_day(finding.exploited_since?)
        .with_timezone(&Utc);
    // What is found on a host after the attacks began can be acted on from then.
    let since = known.max(finding.first_seen);
    (as_of.instant() > since + TimeDelta::hours(hours(context, finding)?)).then_some(since)
}

/// A host of no System, or a System whose exposure nobody has said, counts as facing the internet.
fn hours(context: &Context<'_>, finding: &Finding) -> Option<i64> {
    let exposure = context
        .register
        .system_of(finding)
        .and_then(|system| system.spec.exposure);
    let name = match exposure {
        None | Some(Exposure::Internet) => "internet",
        Some(Exposure::Partner | Exposure::Internal | Exposure::Isolated) => "other",
    };
    context.by_name("hours", name)
}

fn tell(
    context: &Context<'_>,
    system: Option<&RecordId>,
    vuln: &str,
    case: &[Waiting<'_>],
) -> Option<Diagnostic> {
    const MOST_HOSTS: usize = 5;
    let first = case.first()?;
    let since = case.iter().map(|waiting| waiting.since).min()?;
    let waited = (context.as_of().instant() - since).num_hours();
    let hosts = listed_up_to(MOST_HOSTS, case.iter().map(|waiting| &waiting.finding.host));
    let place = system.map_or_else(|| "no System".to_owned(), |system| format!("`{system}`"));
    let message = format!(
        "`{}` is exploited and open on {place} for {waited} h, and no emergency was declared: {hosts}",
        excerpt(vuln)
    );
    let span = crate::check::reconcile::place(context, system);
    let hours = hours(context, first.finding)?;
    let why = first
        .short
        .first()
        .map(|why| format!("; {why}"))
        .unwrap_or_default();
    Some(
        Diagnostic::error(CHECK.code, span, message)
            .label(format!("{hours} h are given{why}"))
            .help(
                "open an Incident of it (`countersign new incident`), make an emergency Change, or have an \
                 acceptance with `covers_exploited: true` approved",
            )
            .subject(system.map_or_else(|| first.finding.host.to_string(), ToString::to_string)),
    )
}
