//! REC011: a judgement that changes how a finding counts, on too little, for too long, or against newer results.

use super::{place, subject};
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{
    CvssVector, Decision, Disposition, Finding, Kind, Record, Severity, Status, Triage, TriageStatus,
};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "REC011",
    name: "triage-unsupported",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "max_days",
            default: Default::Number(180),
            meaning: "days from its creation for which a triage may hold",
        },
        Parameter {
            name: "security_roles",
            default: Default::Words(&["role-security", "role-ciso"]),
            meaning: "roles of which one approves a triage that lowers what SSVC says to act on",
        },
    ],
    explanation: include_str!("triage_unsupported.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for triage in &context.repository().triages {
        let is_over = context.as_of().is_past(triage.spec.expires.value);
        if triage.meta.declared() != Status::Submitted || is_over {
            continue;
        }
        let faults = [
            unapproved(context, triage),
            unproven(triage),
            unsourced(context, triage),
            too_long(context, triage),
            below_ssvc(context, triage),
        ];
        out.extend(faults.into_iter().flatten());
        contradicted(context, triage, out);
    }
    profiles(context, out);
}

fn fault(triage: &Record<Triage>, span: Span, message: String, label: &str, help: String) -> Diagnostic {
    Diagnostic::error(CHECK.code, span, message)
        .label(label)
        .help(help)
        .subject(triage.id().to_string())
}

fn takes_out(triage: &Triage) -> bool {
    matches!(
        triage.status,
        TriageStatus::FalsePositive | TriageStatus::NotAffected
    )
}

/// Says what a triage changes; `None` where it only notes something.
fn effect(triage: &Triage) -> Option<&'static str> {
    let has_no_fix = triage.fix_available.as_ref().is_some_and(|fix| !fix.value);
    if takes_out(triage) {
        Some("takes findings out of every figure")
    } else if triage.cvss_env.is_some() {
        Some("rates findings by another vector")
    } else if has_no_fix {
        Some("pauses the clock until there is a fix")
    } else if !triage.ssvc.is_empty() {
        Some("says how urgent findings are")
    } else {
        None
    }
}

fn unapproved(context: &Context<'_>, triage: &Record<Triage>) -> Option<Diagnostic> {
    let effect = effect(&triage.spec)?;
    let standing = context.register.standings.of(Kind::Triage, triage.id());
    if standing.counts() {
        return None;
    }
    let message = format!(
        "`{}` {effect}, and its approvals are not there: it changes nothing",
        triage.id()
    );
    let help = "have it approved by somebody else than its author: `countersign approve`".into();
    Some(fault(triage, triage.meta.id.span, message, "not in force", help))
}

/// Flags a judgement that names nothing on which it rests.
///
/// The digest of the result that was looked at is evidence for what is not affected, the two results for what
/// settles a discrepancy, and the vendor's notice for a missing fix.
fn unproven(triage: &Record<Triage>) -> Option<Diagnostic> {
    let spec = &triage.spec;
    if !spec.evidence.is_empty() {
        return None;
    }
    let has_notice = spec
        .fix_available
        .as_ref()
        .is_some_and(|fix| fix.reference.is_some());
    let (span, wanted) = if takes_out(spec) {
        if spec.fingerprint.is_some() {
            return None;
        }
        (
            triage.meta.id.span,
            "`evidence`, or the `fingerprint` of the result that was looked at",
        )
    } else if let Some(vector) = &spec.cvss_env {
        if spec.settles.is_some() {
            return None;
        }
        (
            vector.span,
            "`evidence`, or the discrepancy between results that it `settles`",
        )
    } else if spec.fix_available.as_ref().is_some_and(|fix| !fix.value) && !has_notice {
        (
            triage.meta.id.span,
            "`evidence`, or the vendor's notice under `fix_available.ref`",
        )
    } else {
        return None;
    };
    let effect = effect(spec).unwrap_or_default();
    let message = format!("`{}` {effect} and names nothing that it rests on", triage.id());
    Some(fault(
        triage,
        span,
        message,
        "without evidence",
        format!("name {wanted}"),
    ))
}

/// Flags a claim about exploits that no declared Source supports; a listing in the catalogue is support enough.
fn unsourced(context: &Context<'_>, triage: &Record<Triage>) -> Option<Diagnostic> {
    let word = triage.spec.ssvc.get("exploitation")?;
    let vuln = &triage.spec.subject.vuln;
    if !matches!(word.as_str(), "poc" | "active") || context.register.kev.contains_key(&vuln.value) {
        return None;
    }
    let tools = &context.repository().tools;
    let is_declared = |name: &str| tools.iter().any(|source| source.id().as_str() == name);
    let evidence = &triage.spec.exploit_evidence;
    if evidence.iter().any(|one| is_declared(&one.source.value)) {
        return None;
    }
    let (span, label) = match evidence.first() {
        Some(named) => (named.source.span, "no Source of that id"),
        None => (vuln.span, "no `exploit_evidence`"),
    };
    let message = format!(
        "`{}` says `exploitation: {word}` of `{}` without evidence from a declared Source",
        triage.id(),
        excerpt(&vuln.value)
    );
    let help = format!(
        "name a Source, a day and a reference under `exploit_evidence`; Sources are {}",
        listed(tools.iter().map(|source| source.id()))
    );
    Some(fault(triage, span, message, label, help))
}

fn too_long(context: &Context<'_>, triage: &Record<Triage>) -> Option<Diagnostic> {
    let max = context.number("max_days");
    let expires = triage.spec.expires;
    let days = expires.value.days_since(triage.meta.created.value);
    if days <= max {
        return None;
    }
    let message = format!("`{}` holds for {days} d: {days} > {max}", triage.id());
    let latest = triage.meta.created.value.plus_days(max);
    let help = format!("look at it again by {latest}, and write that day under `expires`");
    Some(fault(triage, expires.span, message, "too far away", help))
}

/// Flags a triage that takes away what SSVC says to act on, approved by nobody of security.
fn below_ssvc(context: &Context<'_>, triage: &Record<Triage>) -> Option<Diagnostic> {
    let spec = &triage.spec;
    let score = |name: &str| spec.ssvc.get(name).map(String::as_str).unwrap_or_default();
    let is_total = score("technical_impact") == "total";
    let is_grave = score("mission") == "high" || (score("mission") == "medium" && is_total);
    let is_reachable = score("automatable") == "yes" || (is_total && score("mission") == "high");
    // Source: the decision tree of CISA for SSVC; only what ends in `Act` is of interest here.
    let is_act = score("exploitation") == "active" && is_grave && is_reachable;
    let rated = spec
        .cvss_env
        .as_ref()
        .and_then(|vector| CvssVector::parse(&vector.value)?.severity());
    let lowers = takes_out(spec) || rated.is_some_and(|severity| severity < Severity::High);
    if !is_act || !lowers {
        return None;
    }
    let roles = context.words("security_roles");
    let standing = context.register.standings.of(Kind::Triage, triage.id());
    let is_approved = standing.decisions.iter().any(|decided| {
        decided.is_in_force()
            && decided.decision == Decision::Approve
            && roles.iter().any(|role| role == decided.role.as_str())
    });
    if is_approved {
        return None;
    }
    let message = format!(
        "`{}` lowers what SSVC says to act on, and nobody of {} has approved it",
        triage.id(),
        listed(roles)
    );
    let help = format!(
        "have it approved by a holder of {}, or mend its `ssvc`",
        listed(roles)
    );
    Some(fault(
        triage,
        spec.subject.vuln.span,
        message,
        "the outcome of SSVC is Act",
        help,
    ))
}

/// Tells of findings that are open although a triage took them out: the scanner's result is another one now.
fn contradicted(context: &Context<'_>, triage: &Record<Triage>, out: &mut Vec<Diagnostic>) {
    let spec = &triage.spec;
    let standing = context.register.standings.of(Kind::Triage, triage.id());
    if !takes_out(spec) || spec.fingerprint.is_none() || !standing.counts() {
        return;
    }
    let of_triage = context.register.findings.iter().filter(|finding| {
        let is_open = !finding.disposition.is_closed() && finding.disposition != Disposition::NotApplicable;
        is_open && *finding.vuln == *spec.subject.vuln.value && is_about(triage, finding)
    });
    for finding in of_triage {
        let message = format!(
            "`{}` no longer holds for `{}` on `{}`: the scanner's result has changed",
            triage.id(),
            excerpt(&finding.vuln),
            excerpt(&finding.host)
        );
        out.push(
            Diagnostic::warn(CHECK.code, spec.subject.vuln.span, message)
                .label("its `fingerprint` is not that of the newest result")
                .help("look at the new result; patch, or write a triage of it and have that approved")
                .related(
                    place(context, finding.system.as_ref()),
                    "the finding is open again here",
                )
                .subject(subject(finding)),
        );
    }
}

/// A triage with frozen hosts is about those only.
fn is_about(triage: &Record<Triage>, finding: &Finding) -> bool {
    let subject = &triage.spec.subject;
    if !subject.resolved.is_empty() {
        return subject.resolved.iter().any(|host| *host.value == *finding.host);
    }
    if !subject.hosts.is_empty() {
        return subject.hosts.iter().any(|host| **host == *finding.host);
    }
    let system = finding.system.as_ref();
    system.is_some_and(|system| subject.systems.iter().any(|named| named.value.0 == *system))
}

/// Flags environmental metrics of a System that nobody has approved.
fn profiles(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    for system in &context.repository().systems {
        let standing = context.register.standings.of(Kind::System, system.id());
        let has_profile = system
            .spec
            .cvss_profile
            .as_ref()
            .is_some_and(|profile| profile.metrics().next().is_some());
        if !system.meta.is_live() || !has_profile || standing.counts() {
            continue;
        }
        let message = format!("the `cvss_profile` of `{}` is approved by nobody", system.id());
        out.push(
            Diagnostic::error(CHECK.code, system.meta.id.span, message)
                .label("until it is, it lowers no score")
                .help("have the System approved: `countersign approve`, or take the profile out")
                .subject(system.id().to_string()),
        );
    }
}
