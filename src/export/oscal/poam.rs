//! The plan of action and milestones: every exception and acceptance that has not ended, and whatever is overdue.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cast::Cast;
use super::groups::{Group, GroupKey, groups};
use super::{Counter, metadata, prop, responsible};
use crate::document::{Body, DecisionRow, Phase, decisions_of};
use crate::export::Request;
use crate::export::text::{end_of, line, markup, moment};
use crate::model::{Date, Disposition, Exception};

/// One line of the plan, with the risk that it is about.
struct Item {
    item: Value,
    risk: Value,
}

/// Makes the model; `None` where there is nothing to plan.
pub(super) fn plan(request: &Request<'_>) -> Option<Value> {
    let register = request.register;
    let open = register
        .findings
        .iter()
        .filter(|finding| !finding.disposition.is_closed());
    let groups = groups(open);
    let decisions = decisions_of(register);
    let mut cast = Cast::new(request);
    let mut observed: BTreeMap<&GroupKey, Value> = BTreeMap::new();
    let mut items = Vec::new();
    for row in decisions.iter().filter(|row| row.phase != Phase::Ended) {
        let id = &row.meta.id.value;
        let bears = |group: &Group<'_>| {
            group.findings.iter().any(|finding| {
                let covers = finding
                    .coverage
                    .as_ref()
                    .is_some_and(|coverage| coverage.id == *id);
                covers || finding.suspended.contains(id) || finding.lapsed.contains(id)
            })
        };
        let borne: Vec<(&GroupKey, &Group<'_>)> = groups.iter().filter(|(_, group)| bears(group)).collect();
        for (key, group) in &borne {
            observed
                .entry(key)
                .or_insert_with(|| group.observation(request, &mut cast));
        }
        let borne: Vec<&Group<'_>> = borne.into_iter().map(|(_, group)| group).collect();
        items.push(of_decision(request, row, &borne));
    }
    for (key, group) in &groups {
        let overdue = group
            .findings
            .iter()
            .filter(|one| one.disposition == Disposition::Overdue);
        if overdue.count() > 0 {
            observed
                .entry(key)
                .or_insert_with(|| group.observation(request, &mut cast));
            items.push(of_overdue(request, group, &mut cast));
        }
    }
    if items.is_empty() {
        return None;
    }
    let (items, risks): (Vec<Value>, Vec<Value>) = items.into_iter().map(|one| (one.item, one.risk)).unzip();
    Some(json!({
        "uuid": request.document_uuid("poam").to_string(),
        "metadata": metadata(request, "Plan of action and milestones"),
        "system-id": {
            "identifier-type": "http://ietf.org/rfc/rfc4122",
            "id": request.organisation_uuid().to_string(),
        },
        "local-definitions": cast.definitions(),
        "observations": observed.into_values().collect::<Vec<_>>(),
        "risks": risks,
        "poam-items": items,
    }))
}

fn observations(request: &Request<'_>, groups: &[&Group<'_>]) -> Vec<Value> {
    let uuids = groups.iter().map(|group| group.uuid(request, "observation"));
    uuids.map(|uuid| json!({"observation-uuid": uuid})).collect()
}

fn of_decision(request: &Request<'_>, row: &DecisionRow<'_>, groups: &[&Group<'_>]) -> Item {
    let id = row.meta.id.as_str();
    let register = request.register;
    let risk_uuid = request.uuid(&["decision-risk", id]).to_string();
    let (what, description, statement) = match &row.body {
        Body::Exception(exception) => (
            "exception",
            exception
                .business_impact
                .as_ref()
                .map_or(&*row.meta.title, |impact| &*impact.value),
            reason(exception),
        ),
        Body::Acceptance(acceptance) => (
            "risk acceptance",
            &*acceptance.alternatives_considered,
            acceptance.statement.clone(),
        ),
    };
    let standing = register.standings.of(row.body.kind(), &row.meta.id.value);
    let (_, owner) = responsible(request, &row.meta.owner);
    let mut props = vec![
        prop("record", id),
        prop("kind", what),
        prop("state", row.word()),
        prop("approval", standing.state.word()),
        prop("responsible", row.meta.owner.as_str()),
    ];
    props.extend(owner);
    let related = observations(request, groups);
    let factors = row
        .body
        .compensating()
        .iter()
        .enumerate()
        .map(|(index, control)| {
            json!({
                "uuid": request.uuid(&["factor", id, &index.to_string()]).to_string(),
                "description": markup(&control.description),
                "props": [prop("type", &control.control_type)],
            })
        });
    let title = format!("{id}: {}", line(&row.meta.title));
    let risk = json!({
        "uuid": risk_uuid,
        "title": markup(&title),
        "description": markup(description),
        "statement": markup(&statement),
        "status": status(row),
        "mitigating-factors": factors.collect::<Vec<_>>(),
        "deadline": row.expires.map(|day| end_of(register.as_of, day)),
        "remediations": remediation(request, row).map(|remediation| vec![remediation]),
        "related-observations": related,
    });
    let item = json!({
        "uuid": request.uuid(&["poam-item", id]).to_string(),
        "title": markup(&title),
        "description": markup(&format!("{what} {id}, {}", row.word().replace('_', " "))),
        "props": props,
        "related-observations": related,
        "related-risks": [{"risk-uuid": risk_uuid}],
    });
    Item { item, risk }
}

fn reason(exception: &Exception) -> String {
    let reason = exception.reason.map_or("not told", |reason| reason.word());
    format!(
        "the agreed time to remediate {} findings is exceeded; reason: {}",
        exception.severity,
        reason.replace('_', " ")
    )
}

/// What stands has its deviation approved, what waits for approval asks for one, and what has ended is open again.
fn status(row: &DecisionRow<'_>) -> &'static str {
    match row.phase {
        Phase::Active | Phase::Expiring => "deviation-approved",
        Phase::NotApproved | Phase::NotStarted => "deviation-requested",
        Phase::Expired | Phase::Ended => "open",
    }
}

/// Returns the plan by which an exception ends, with its steps as milestones of its target day.
fn remediation(request: &Request<'_>, row: &DecisionRow<'_>) -> Option<Value> {
    let Body::Exception(exception) = &row.body else {
        return None;
    };
    let plan = exception.plan.as_ref()?;
    let id = row.meta.id.as_str();
    let day = plan
        .target_date
        .as_ref()
        .map_or(exception.expires.value, |day| day.value);
    let mut counter = Counter::default();
    let tasks = plan
        .steps
        .iter()
        .map(|step| task(request, (id, &counter.next(id)), step, day));
    Some(json!({
        "uuid": request.uuid(&["remediation", id]).to_string(),
        "lifecycle": "planned",
        "title": markup(&format!("Plan of {id}")),
        "description": markup(&format!("the exception is to end by {day}")),
        "tasks": tasks.collect::<Vec<_>>(),
    }))
}

fn task(request: &Request<'_>, (id, number): (&str, &str), step: &str, day: Date) -> Value {
    json!({
        "uuid": request.uuid(&["task", id, number]).to_string(),
        "type": "milestone",
        "title": markup(step),
        "timing": {"on-date": {"date": end_of(request.register.as_of, day)}},
    })
}

fn of_overdue(request: &Request<'_>, group: &Group<'_>, cast: &mut Cast<'_>) -> Item {
    let as_of = request.register.as_of;
    let overdue = group
        .findings
        .iter()
        .filter(|one| one.disposition == Disposition::Overdue);
    let hosts = overdue.clone().count();
    let due = overdue
        .clone()
        .map(|finding| finding.due)
        .min()
        .unwrap_or(as_of.instant());
    let patches: Vec<&str> = {
        let patches = overdue.filter_map(|finding| finding.said.remediation.as_deref());
        patches
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect()
    };
    let title = format!("{} is overdue", group.title());
    let risk_uuid = group.uuid(request, "risk");
    let related = observations(request, &[group]);
    let remediation = (!patches.is_empty()).then(|| {
        vec![json!({
            "uuid": group.uuid(request, "remediation"),
            "lifecycle": "recommendation",
            "title": markup(&format!("Install {}", patches.join(", "))),
            "description": markup(&format!("Install {} on {hosts} of {} hosts", patches.join(", "), group.findings.len())),
        })]
    });
    let risk = json!({
        "uuid": risk_uuid,
        "title": markup(&title),
        "description": markup(group.description()),
        "statement": markup(&format!("overdue on {hosts} of {} hosts on which it is open", group.findings.len())),
        "status": "open",
        "characterizations": group.characterization(cast).map(|one| vec![one]),
        "deadline": moment(as_of, due),
        "remediations": remediation,
        "related-observations": related,
    });
    let item = json!({
        "uuid": group.uuid(request, "poam-item"),
        "title": markup(&title),
        "description": markup(group.description()),
        "props": [prop("kind", "overdue finding"), prop("overdue-hosts", &hosts.to_string())],
        "related-observations": related,
        "related-risks": [{"risk-uuid": risk_uuid}],
    });
    Item { item, risk }
}
