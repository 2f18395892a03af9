//! EXC009: an exception that nobody may grant, or not without those at the top.

use super::permission::{Authority, Need, lacks};
use super::regulatory_cap::beyond_caps;
use crate::check::coverage::{Coverage, FindingsByHost, replaced};
use crate::check::words::{excerpt, listed, listed_up_to};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::effective_tier;
use crate::model::{
    Date, Exception, Exploit, Exposure, Finding, Kind, Record, RecordId, Severity, Status, System, Triage,
};

pub(in crate::check) const CHECK: Check = Check {
    code: "EXC009",
    name: "not-permitted-exception",
    family: Family::Exception,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "classes",
            default: Default::Words(&CLASSES),
            meaning: "what needs an acceptance beside the exception: `kev`, `exploited`, `critical`",
        },
        Parameter {
            name: "max_exploited_days",
            default: Default::Number(14),
            meaning: "longest days from `starts` to `expires` for what is exploited and faces the internet",
        },
    ],
    explanation: include_str!("not_permitted.md"),
    run,
};

const CLASSES: [&str; 3] = ["kev", "exploited", "critical"];

/// A standing exception with what the register knows about what it names.
pub(super) struct Case<'a> {
    pub(super) exception: &'a Record<Exception>,
    pub(super) coverage: Coverage<'a>,
    /// The open findings that it names.
    pub(super) findings: Vec<&'a Finding>,
    /// The Systems that it names, and those of its hosts.
    pub(super) systems: Vec<&'a Record<System>>,
    /// Whether it names a System that cannot be read, or none at all.
    has_unknown: bool,
    /// The graver of the declared severity and that of the findings.
    pub(super) severity: Severity,
}

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let classes = classes(context, out);
    let findings = FindingsByHost::new(context.register);
    let replaced = replaced(context.repository());
    for exception in &context.repository().exceptions {
        let is_replaced = replaced.contains(&(Kind::Exception, exception.id()));
        let has_ended = context.as_of().is_past(exception.spec.expires.value);
        // What has ended is EXC001's to flag.
        if !Coverage::of_exception(exception).is_standing() || is_replaced || has_ended {
            continue;
        }
        let case = Case::new(context, exception, &findings);
        let mut faults = judge(context, &case, &classes);
        faults.extend(beyond_caps(context, &case));
        out.extend(
            faults
                .into_iter()
                .map(|fault| fault.subject(exception.id().to_string())),
        );
    }
}

/// Reads the classes; where a word is none, it is flagged and all of them count.
fn classes(context: &Context<'_>, out: &mut Vec<Diagnostic>) -> Vec<&'static str> {
    let words = context.words("classes");
    let known = |class: &&'static str| words.iter().any(|word| word == class);
    let found: Vec<&'static str> = CLASSES.into_iter().filter(known).collect();
    let Some(foreign) = words.iter().find(|word| !CLASSES.contains(&word.as_str())) else {
        return found;
    };
    let message = format!("`{}` is no class of EXC009", excerpt(foreign));
    out.push(
        Diagnostic::error(CHECK.code, context.repository().root_span(), message)
            .help(format!("mend `compliance.yaml`; classes are {}", listed(CLASSES))),
    );
    CLASSES.to_vec()
}

impl<'a> Case<'a> {
    fn new(context: &Context<'a>, exception: &'a Record<Exception>, by_host: &FindingsByHost<'a>) -> Self {
        let coverage = Coverage::of_exception(exception);
        let findings: Vec<&Finding> = by_host
            .named_by(&coverage)
            .filter(|finding| finding.closed.is_none())
            .collect();
        let gravest = findings.iter().map(|finding| finding.severity).max();
        let declared = exception.spec.severity.value;
        let repository = context.repository();
        let named = coverage.systems.iter().map(|system| &system.value.0);
        let of_hosts = coverage
            .resolved
            .iter()
            .filter_map(|host| context.register.host(host)?.system.as_ref());
        let mut ids: Vec<&RecordId> = named.chain(of_hosts).collect();
        ids.sort_unstable();
        ids.dedup();
        let systems: Vec<&Record<System>> = ids.iter().filter_map(|id| repository.systems.get(id)).collect();
        Self {
            exception,
            coverage,
            findings,
            has_unknown: systems.is_empty() || systems.len() < ids.len(),
            systems,
            severity: gravest.map_or(declared, |gravest| gravest.max(declared)),
        }
    }

    /// Finds the Systems that can be reached from the internet; one that does not say counts as such.
    fn facing_internet(&self) -> Vec<&'a Record<System>> {
        let faces =
            |system: &&&Record<System>| system.spec.exposure.is_none_or(|is| is == Exposure::Internet);
        self.systems.iter().filter(faces).copied().collect()
    }

    /// Finds the Systems of the two most critical tiers.
    fn of_critical_tiers(&self, context: &Context<'_>) -> Vec<&'a Record<System>> {
        let is_critical = |system: &&&Record<System>| {
            effective_tier(context.repository(), system).is_none_or(|tier| tier.rank < 2)
        };
        self.systems.iter().filter(is_critical).copied().collect()
    }
}

/// A vulnerability that is exploited, and since when that is known.
struct Exploited {
    vuln: String,
    /// `None` where only the exception itself says so.
    since: Option<Date>,
    source: String,
}

fn judge(context: &Context<'_>, case: &Case<'_>, classes: &[&str]) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let internet = case.facing_internet();
    let faces_internet = !internet.is_empty() || case.has_unknown;
    let exploited = exploited(context, case, classes);
    if faces_internet && !exploited.is_empty() {
        faults.extend(of_exploited(context, case, &exploited, &internet));
        faults.extend(too_long(context, case));
        return faults;
    }
    if case.severity != Severity::Critical || !classes.contains(&"critical") {
        return faults;
    }
    let tiers = case.of_critical_tiers(context);
    let (authority, systems, place) = if faces_internet {
        (Authority::Ciso, internet, "that the internet reaches")
    } else if !tiers.is_empty() {
        (Authority::Own, tiers, "of the two most critical tiers")
    } else {
        return faults;
    };
    let need = Need {
        subjects: subjects(case),
        systems: systems.iter().map(|system| system.id()).collect(),
        after: None,
        authority,
    };
    let what = format!("severity critical on {} {place}", names(&systems));
    faults.extend(refusal(context, case, &need, &what));
    faults
}

fn of_exploited(
    context: &Context<'_>,
    case: &Case<'_>,
    exploited: &[Exploited],
    internet: &[&Record<System>],
) -> Option<Diagnostic> {
    // Of several the one that became known last decides which acceptance is new enough.
    let last = exploited.iter().max_by_key(|one| one.since)?;
    let need = Need {
        subjects: exploited.iter().map(|one| one.vuln.clone()).collect(),
        systems: internet.iter().map(|system| system.id()).collect(),
        after: Some(last.since.unwrap_or(case.exception.meta.created.value)),
        authority: Authority::Top,
    };
    let what = format!(
        "`{}`, {}, on {} that the internet reaches",
        excerpt(&last.vuln),
        last.source,
        names(internet)
    );
    refusal(context, case, &need, &what)
}

fn refusal(context: &Context<'_>, case: &Case<'_>, need: &Need<'_>, what: &str) -> Option<Diagnostic> {
    let lacks = lacks(context, case.exception, need);
    if lacks.is_empty() {
        return None;
    }
    let spec = &case.exception.spec;
    let span = spec
        .acceptance
        .as_ref()
        .map_or(case.exception.meta.id.span, |named| named.span);
    let message = format!(
        "exception `{}` is not permitted for {what}: {}",
        case.exception.id(),
        lacks.join("; ")
    );
    Some(
        Diagnostic::error(CHECK.code, span, message)
            .label(need.authority.label())
            .help(need.help(context)),
    )
}

/// The exploited are deferred for days, whatever their severity.
fn too_long(context: &Context<'_>, case: &Case<'_>) -> Option<Diagnostic> {
    let (starts, expires) = (case.exception.spec.starts, case.exception.spec.expires);
    let (days, max) = (
        expires.days_since(starts.value),
        context.number("max_exploited_days"),
    );
    let message = format!(
        "exception `{}` defers what is exploited for {days} d: {days} > {max}",
        case.exception.id()
    );
    (days > max).then(|| {
        Diagnostic::error(CHECK.code, expires.span, message)
            .related(starts.span, "begins here")
            .help(format!(
                "let it end on {} at the latest, and decide anew then",
                starts.plus_days(max)
            ))
    })
}

/// Names what the exception is for: its vulnerabilities, or its patches where it names no vulnerability.
fn subjects(case: &Case<'_>) -> Vec<String> {
    let vulns = case.coverage.vulns.iter().chain(case.coverage.patches);
    vulns.map(|named| named.value.clone()).collect()
}

fn names(systems: &[&Record<System>]) -> String {
    if systems.is_empty() {
        return "a System that nobody knows".into();
    }
    listed_up_to(3, systems.iter().map(|system| system.id()))
}

/// Finds what is exploited of what the exception names, each once, from the earliest day that anybody says.
fn exploited(context: &Context<'_>, case: &Case<'_>, classes: &[&str]) -> Vec<Exploited> {
    let mut found: Vec<Exploited> = Vec::new();
    let mut add = |vuln: &str, since: Option<Date>, source: String| {
        let known = found
            .iter_mut()
            .find(|known| known.vuln.eq_ignore_ascii_case(vuln));
        match known {
            Some(known) if since.is_some() && known.since.is_none_or(|day| since < Some(day)) => {
                known.since = since;
                known.source = source;
            }
            Some(_) => {}
            None => found.push(Exploited {
                vuln: vuln.to_owned(),
                since,
                source,
            }),
        }
    };
    if classes.contains(&"kev") {
        let listed = |day: Date| format!("listed as exploited since {day}");
        for vuln in case.coverage.vulns {
            if let Some(day) = context.register.kev.get(vuln.value.as_str()) {
                add(&vuln.value, Some(*day), listed(*day));
            }
        }
        for finding in &case.findings {
            if let Some(day) = finding.kev {
                add(&finding.vuln, Some(day), listed(day));
            }
        }
    }
    if classes.contains(&"exploited") {
        for finding in case
            .findings
            .iter()
            .filter(|finding| finding.exploit == Exploit::Active)
        {
            // What the catalogue alone says is the other class.
            if finding.exploited_since.is_some() && finding.exploited_since == finding.kev {
                continue;
            }
            let since = finding.exploited_since;
            let day = since.map_or_else(String::new, |day| format!(" since {day}"));
            add(&finding.vuln, since, format!("exploited{day}"));
        }
        for (triage, day) in evidence(context) {
            let vuln = &triage.spec.subject.vuln.value;
            if names_vuln(case, vuln) {
                add(
                    vuln,
                    Some(day),
                    format!("exploited since {day} by `{}`", triage.id()),
                );
            }
        }
        if case.exception.spec.covers_exploited && found.is_empty() {
            let source = "which it says itself is exploited".to_owned();
            let subject = subjects(case).into_iter().next().unwrap_or_default();
            found.push(Exploited {
                vuln: subject,
                since: None,
                source,
            });
        }
    }
    found
}

/// Walks the triages that show exploitation, with the first day; an unapproved one warns just as well.
fn evidence<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a Record<Triage>, Date)> {
    let asked_for = |triage: &&Record<Triage>| triage.meta.declared() == Status::Submitted;
    let triages = context.repository().triages.iter().filter(asked_for);
    triages.filter_map(|triage| {
        let word = triage.spec.ssvc.get("exploitation").map(String::as_str);
        let is_less = matches!(word, Some("none" | "poc"));
        let days = triage
            .spec
            .exploit_evidence
            .iter()
            .map(|evidence| evidence.at.value);
        days.min().filter(|_| !is_less).map(|day| (triage, day))
    })
}

fn names_vuln(case: &Case<'_>, vuln: &str) -> bool {
    let is = |text: &str| text.eq_ignore_ascii_case(vuln);
    let by_finding = case
        .findings
        .iter()
        .any(|finding| finding.names().any(|name| is(name)));
    by_finding || case.coverage.vulns.iter().any(|named| is(&named.value))
}
