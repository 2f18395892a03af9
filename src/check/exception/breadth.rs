//! EXC007: a decision that covers more than anybody looked at.

use crate::check::coverage::Coverage;
use crate::check::words::{excerpt, listed, listed_up_to};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::import::Product;
use crate::model::{Date, Meta, Record, RiskAcceptance, RiskAcceptanceType, SystemRef, Triage, TriageStatus};
use crate::reconcile::ImportState;
use crate::source::Spanned;

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC007",
    name: "excessive-breadth",
    family: Family::Exception,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "max_assets",
            default: Default::Number(50),
            meaning: "most hosts that one exception or acceptance may cover",
        },
        Parameter {
            name: "max_pct",
            default: Default::Number(5),
            meaning: "most hosts that it may cover in percent of the governed ones, rounded up",
        },
    ],
    explanation: include_str!("breadth.md"),
    run,
};

/// How many foreign hosts a message names.
const NAMED: usize = 5;

/// What a decision is about, whatever its kind.
struct Reach<'a> {
    meta: &'a Meta,
    /// Vulnerabilities, then patches.
    subjects: Vec<&'a Spanned<String>>,
    systems: &'a [Spanned<SystemRef>],
    resolved: &'a [Spanned<String>],
    /// The day on which the hosts were resolved; a triage has none.
    as_of: Option<Spanned<Date>>,
    needs_day: bool,
    /// Whether it departs from a duty, so that its hosts are counted.
    is_departure: bool,
}

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let allowance = Allowance::new(context);
    for reach in reaches(context) {
        wildcards(&reach, out);
        frozen(&reach, out);
        if reach.is_departure {
            out.extend(too_many(&reach, &allowance));
        }
        foreign(context, &reach, out);
    }
}

fn reaches<'a>(context: &Context<'a>) -> Vec<Reach<'a>> {
    let repository = context.repository();
    let exceptions = repository.exceptions.iter().map(|exception| {
        let coverage = Coverage::of_exception(exception);
        (coverage, exception.spec.scope.as_of)
    });
    let of_vulnerability = |acceptance: &&Record<RiskAcceptance>| {
        acceptance.spec.acceptance_type == RiskAcceptanceType::Vulnerability
    };
    let acceptances = repository
        .acceptances
        .iter()
        .filter(of_vulnerability)
        .map(|acceptance| {
            let coverage = Coverage::of_acceptance(acceptance);
            (coverage, acceptance.spec.subject.as_of)
        });
    let departures = exceptions
        .chain(acceptances)
        .filter(|(coverage, _)| coverage.is_standing())
        .map(|(coverage, as_of)| Reach {
            meta: coverage.meta,
            subjects: coverage.vulns.iter().chain(coverage.patches).collect(),
            systems: coverage.systems,
            resolved: coverage.resolved,
            as_of,
            needs_day: true,
            is_departure: true,
        });
    let removing = repository.triages.iter().filter(|triage| removes(triage));
    let triages = removing.map(|triage| Reach {
        meta: &triage.meta,
        subjects: vec![&triage.spec.subject.vuln],
        systems: &triage.spec.subject.systems,
        resolved: &triage.spec.subject.resolved,
        as_of: None,
        needs_day: false,
        is_departure: false,
    });
    departures.chain(triages).collect()
}

/// Only a triage that takes findings away can take too many.
fn removes(triage: &Record<Triage>) -> bool {
    let is_asked_for = triage.meta.is_live() && triage.meta.declared() != crate::model::Status::Draft;
    match triage.spec.status {
        TriageStatus::FalsePositive | TriageStatus::NotAffected => is_asked_for,
        TriageStatus::Affected | TriageStatus::UnderInvestigation | TriageStatus::Resolution => false,
    }
}

fn wildcards(reach: &Reach<'_>, out: &mut Vec<Diagnostic>) {
    let id = &reach.meta.id;
    if reach.subjects.is_empty() {
        out.push(
            Diagnostic::error(
                CHECK.code,
                id.span,
                format!("`{id}` names no vulnerability and no patch"),
            )
            .help("name each one under `vulns` or `patches`")
            .subject(id.to_string()),
        );
    }
    for named in reach.subjects.iter().copied().chain(reach.resolved) {
        if !is_wildcard(named) {
            continue;
        }
        out.push(
            Diagnostic::error(
                CHECK.code,
                named.span,
                format!("`{}` in `{id}` stands for many", excerpt(named)),
            )
            .label("nobody can say what this covers")
            .help("name each vulnerability, patch and host by itself; what comes later needs a decision of its own")
            .subject(id.to_string()),
        );
    }
}

fn is_wildcard(text: &str) -> bool {
    let plain = text.trim().to_lowercase();
    plain.contains(['*', '?', '%']) || matches!(plain.as_str(), "" | "all" | "any" | "every")
}

fn frozen(reach: &Reach<'_>, out: &mut Vec<Diagnostic>) {
    let id = &reach.meta.id;
    let systems = listed(reach.systems.iter().map(|system| &system.value.0));
    let (message, help) = match (reach.systems.first(), reach.resolved.first(), reach.as_of) {
        (Some(_), None, _) => (
            format!("`{id}` names {systems}, but the hosts are not frozen into it"),
            "list the hosts under `resolved`: one that joins later is not covered; `countersign new` fills them in",
        ),
        (Some(_), Some(_), None) if reach.needs_day => (
            format!("`{id}` does not say on which day its hosts were those of {systems}"),
            "write the day under `as_of`",
        ),
        (Some(_), Some(_), _) | (None, _, _) => return,
    };
    let span = reach.systems.first().map_or(id.span, |system| system.span);
    out.push(
        Diagnostic::error(CHECK.code, span, message)
            .label("a System changes, a decision must not")
            .help(help)
            .subject(id.to_string()),
    );
}

/// How many hosts one decision may cover.
struct Allowance {
    max: usize,
    why: String,
}

impl Allowance {
    /// The share counts only where an inventory says how many hosts there are, and where it comes to one host.
    fn new(context: &Context<'_>) -> Self {
        let register = context.register;
        let number = |name: &str| usize::try_from(context.number(name)).unwrap_or(usize::MAX);
        let (max, percent) = (number("max_assets"), number("max_pct"));
        let has_inventory = register
            .imports
            .iter()
            .any(|line| line.product == Product::Inventory && line.state != ImportState::Ignored);
        let governed = register.hosts.iter().filter(|host| host.counts).count();
        let hundredths = governed.saturating_mul(percent);
        let share = hundredths.div_ceil(100);
        if has_inventory && hundredths >= 100 && share < max {
            let why = format!("{percent} % of {governed} governed hosts");
            Self { max: share, why }
        } else {
            Self {
                max,
                why: "`max_assets`".into(),
            }
        }
    }
}

fn too_many(reach: &Reach<'_>, allowance: &Allowance) -> Option<Diagnostic> {
    let mut hosts: Vec<String> = reach.resolved.iter().map(|host| host.to_lowercase()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let first = reach.resolved.first()?;
    if hosts.len() <= allowance.max {
        return None;
    }
    let id = &reach.meta.id;
    let message = format!(
        "`{id}` covers {} hosts: {} > {}",
        hosts.len(),
        hosts.len(),
        allowance.max
    );
    Some(
        Diagnostic::error(CHECK.code, first.span, message)
            .label(format!("at most {} by {}", allowance.max, allowance.why))
            .help("cover the hosts that cannot be patched in time, and patch the others; a risk of all is one for the risk register")
            .subject(id.to_string()),
    )
}

fn foreign(context: &Context<'_>, reach: &Reach<'_>, out: &mut Vec<Diagnostic>) {
    let id = &reach.meta.id;
    let key = (reach.meta.kind, id.value.clone());
    let Some(foreign) = context.register.foreign_hosts.get(&key) else {
        return;
    };
    let first = reach
        .resolved
        .iter()
        .find(|host| foreign.hosts.contains(&host.value));
    let day = reach.as_of.unwrap_or(reach.meta.created);
    let systems = listed(reach.systems.iter().map(|system| &system.value.0));
    let message = format!(
        "{} in `{id}` did not belong to {systems} on {day}",
        listed_up_to(NAMED, &foreign.hosts)
    );
    let label = if foreign.inventories.is_empty() {
        "not in `members`".to_owned()
    } else {
        format!("by {}", listed(&foreign.inventories))
    };
    out.push(
        Diagnostic::error(CHECK.code, first.map_or(id.span, |host| host.span), message)
            .label(label)
            .help("take the host out, or name its System, whose owner must agree")
            .subject(id.to_string()),
    );
}
