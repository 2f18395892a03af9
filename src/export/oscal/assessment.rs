//! The assessment results: what the register holds, as observations, risks and one finding on one control.

use serde_json::{Value, json};

use super::cast::Cast;
use super::groups::{Group, groups};
use super::{metadata, prop, vulnerability_control};
use crate::export::Request;
use crate::export::text::{markup, moment};
use crate::model::Disposition;
use crate::reconcile::Unit;

/// Makes the model; without findings it says how many hosts were looked at.
pub(super) fn results(request: &Request<'_>) -> Value {
    let register = request.register;
    let groups = groups(register.findings.iter());
    let mut cast = Cast::new(request);
    let observations: Vec<Value> = groups
        .values()
        .map(|group| group.observation(request, &mut cast))
        .collect();
    let risks = groups.values().filter(|group| is_risk(group));
    let risks: Vec<Value> = risks.map(|group| risk(request, group, &mut cast)).collect();
    let start = register.as_of.zone().start_of_day(register.period.from);
    let end = moment(register.as_of, register.as_of.instant());
    let control = vulnerability_control(request);
    let rates = register
        .kpis
        .iter()
        .filter(|(_, kpi)| kpi.is_headline && kpi.unit == Unit::Percent);
    let rates = rates.map(|(name, kpi)| {
        let (value, rate) = (kpi.value(), kpi.rate);
        prop(
            name,
            &format!("{value} % ({} of {})", rate.numerator, rate.denominator),
        )
    });
    let plan = request.uuid(&["assessment-plan"]).to_string();
    json!({
        "uuid": request.document_uuid("assessment-results").to_string(),
        "metadata": metadata(request, "Register of vulnerabilities"),
        "import-ap": {"href": format!("#{plan}")},
        "results": [{
            "uuid": request.document_uuid("assessment-result").to_string(),
            "title": markup(&format!("Register as of {}", register.as_of.day())),
            "description": markup(&summary(request)),
            "start": moment(register.as_of, start.with_timezone(&chrono::Utc)),
            "end": end,
            "props": rates.collect::<Vec<_>>(),
            "local-definitions": cast.definitions(),
            "reviewed-controls": {"control-selections": [{"include-controls": [{"control-id": control}]}]},
            "observations": observations,
            "risks": risks,
            "findings": [finding(request, &control)],
        }],
        "back-matter": {"resources": [{
            "uuid": plan,
            "title": "Scanning as the policies ask for it",
            "description": markup(&policies(request)),
        }]},
    })
}

/// There is no plan of the assessment in the repository; what the policies ask of scans stands in its place.
fn policies(request: &Request<'_>) -> String {
    let policies = request.register.repository.policies.iter().map(|policy| {
        let days = policy.spec.scanning.max_age_days;
        format!("{}: every host at least every {days} days", policy.id())
    });
    let told: Vec<String> = policies.collect();
    if told.is_empty() {
        "no policy asks for scans".into()
    } else {
        told.join("; ")
    }
}

/// Counts everything that bears on the answer, each over what it is counted among.
struct Counts {
    findings: usize,
    open: usize,
    overdue: usize,
    ungoverned: usize,
    hosts: usize,
    unscanned: usize,
}

fn counts(request: &Request<'_>) -> Counts {
    let register = request.register;
    let of = |wanted: Disposition| {
        let all = register.findings.iter();
        all.filter(|finding| finding.disposition == wanted).count()
    };
    let hosts = register.hosts.iter().filter(|host| host.counts);
    Counts {
        findings: register.findings.len(),
        open: register
            .findings
            .iter()
            .filter(|finding| !finding.disposition.is_closed())
            .count(),
        overdue: of(Disposition::Overdue),
        ungoverned: of(Disposition::UnsupportedUngoverned),
        hosts: hosts.clone().count(),
        unscanned: hosts.filter(|host| !register.is_scanned_in_time(host)).count(),
    }
}

fn summary(request: &Request<'_>) -> String {
    let register = request.register;
    let counts = counts(request);
    format!(
        "{} findings from {} to {}, {} of them open, {} overdue, {} on unsupported systems that nobody accepted; \
         {} of {} hosts in scope had no scan in time; {} exports; as of {}",
        counts.findings,
        register.period.from,
        register.period.to,
        counts.open,
        counts.overdue,
        counts.ungoverned,
        counts.unscanned,
        counts.hosts,
        register.imports.len(),
        register.as_of,
    )
}

/// The control is satisfied where every host in scope was looked at and nothing is late; without hosts it is not.
fn finding(request: &Request<'_>, control: &str) -> Value {
    let counts = counts(request);
    let is_satisfied =
        counts.hosts > 0 && counts.unscanned == 0 && counts.overdue == 0 && counts.ungoverned == 0;
    let (state, reason) = if is_satisfied {
        ("satisfied", "pass")
    } else {
        ("not-satisfied", "fail")
    };
    json!({
        "uuid": request.uuid(&["finding", control]).to_string(),
        "title": "Management of technical vulnerabilities",
        "description": markup(&summary(request)),
        "target": {
            "type": "objective-id",
            "target-id": control,
            "status": {"state": state, "reason": reason},
        },
    })
}

/// What a triage calls no vulnerability is no risk.
fn is_risk(group: &Group<'_>) -> bool {
    let mut findings = group.findings.iter();
    findings.any(|finding| finding.disposition != Disposition::NotApplicable)
}

fn risk(request: &Request<'_>, group: &Group<'_>, cast: &mut Cast<'_>) -> Value {
    let as_of = request.register.as_of;
    let open = group
        .findings
        .iter()
        .filter(|finding| !finding.disposition.is_closed());
    let due = open.clone().map(|finding| finding.due).min();
    json!({
        "uuid": group.uuid(request, "risk"),
        "title": markup(&group.title()),
        "description": markup(group.description()),
        "statement": markup(&format!("open on {} of {} lives", open.count(), group.findings.len())),
        "status": status(group),
        "characterizations": group.characterization(cast).map(|one| vec![one]),
        "deadline": due.map(|due| moment(as_of, due)),
        "related-observations": [{"observation-uuid": group.uuid(request, "observation")}],
    })
}

/// The worst that holds for any host: open, then investigated or remediated, then decided, then closed.
fn status(group: &Group<'_>) -> &'static str {
    let of = |finding: &&crate::model::Finding| match finding.disposition {
        Disposition::Open
        | Disposition::DueSoon
        | Disposition::Overdue
        | Disposition::UnsupportedUngoverned => 0,
        Disposition::PendingVerification | Disposition::MitigationPending => 1,
        Disposition::Deferred
        | Disposition::Accepted
        | Disposition::AcceptedUnsupported
        | Disposition::OutOfScope => 2,
        Disposition::ClosedRetired
        | Disposition::FixedInTime
        | Disposition::FixedLate
        | Disposition::NotApplicable => 3,
    };
    let words = ["open", "remediating", "deviation-approved", "closed"];
    let worst = group.findings.iter().map(of).min().unwrap_or(0);
    words[worst]
}
