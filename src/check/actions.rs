//! What has been set going against a finding: Incidents and Changes that name it and still count.

use chrono::{DateTime, TimeDelta, Utc};

use super::Context;
use crate::model::{
    Change, ChangeResult, ChangeType, Finding, Incident, IncidentClass, Kind, Meta, Record, RecordId, Status,
};
use crate::source::Spanned;
use crate::trust::{ApprovalState, Standing};

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// Any Incident, and a Change of any type.
    Any,
    /// An Incident about an exploited vulnerability, and an emergency Change.
    Emergency,
}

/// The Incidents and Changes of a repository.
#[derive(Debug)]
pub(super) struct Actions<'a> {
    context: &'a Context<'a>,
    /// How long after its end a Change still counts: until somebody has scanned again.
    settle: TimeDelta,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// Something that counts.
    Action,
    /// Nothing that counts; what names the finding, and why it does not.
    Nothing(Vec<String>),
}

impl<'a> Actions<'a> {
    pub(super) fn new(context: &'a Context<'a>, settle_hours: i64) -> Self {
        Self {
            context,
            settle: TimeDelta::hours(settle_hours),
        }
    }

    /// Looks for what has been set going against a finding.
    pub(super) fn against(&self, finding: &Finding, wanted: Wanted) -> Found {
        let repository = self.context.repository();
        let mut short = Vec::new();
        for incident in &repository.incidents {
            let fits =
                wanted == Wanted::Any || incident.spec.class.value == IncidentClass::ExploitedVulnerability;
            if !fits || !names_incident(&incident.spec, finding) {
                continue;
            }
            match self.fault_of_incident(incident) {
                None => return Found::Action,
                Some(fault) => short.push(format!("`{}` names it and {fault}", incident.id())),
            }
        }
        for change in repository.changes.iter().filter(|one| !one.spec.template) {
            if !names_change(&change.spec, finding) {
                continue;
            }
            let is_other =
                wanted == Wanted::Emergency && change.spec.change_type.value != ChangeType::Emergency;
            match self.fault_of_change(change) {
                None if !is_other => return Found::Action,
                None => short.push(format!("`{}` names it and is no emergency Change", change.id())),
                Some(fault) => short.push(format!("`{}` names it and {fault}", change.id())),
            }
        }
        Found::Nothing(short)
    }

    fn fault_of_incident(&self, incident: &Record<Incident>) -> Option<String> {
        let now = self.context.as_of().instant();
        let spec = &incident.spec;
        let is_over = |at: Option<Spanned<crate::model::Instant>>| at.filter(|at| at.utc() <= now);
        self.fault_of_record(&incident.meta)
            .or_else(|| (spec.detected.utc() > now).then(|| format!("begins on {}", spec.detected)))
            .or_else(|| {
                Some(format!(
                    "was resolved on {}, with the finding open",
                    is_over(spec.resolved)?
                ))
            })
            .or_else(|| refused(self.standing(Kind::Incident, incident.id())))
    }

    fn fault_of_change(&self, change: &Record<Change>) -> Option<String> {
        let spec = &change.spec;
        let result = spec.result.and_then(|result| match result.value {
            ChangeResult::Success => None,
            ChangeResult::Partial => Some("was done in part".to_owned()),
            ChangeResult::Failed => Some("failed".to_owned()),
            ChangeResult::RolledBack => Some("was rolled back".to_owned()),
        });
        self.fault_of_record(&change.meta)
            .or(result)
            .or_else(|| self.ended(spec))
            .or_else(|| self.unapproved(change))
    }

    /// What was to be done by then is not done while the finding is open.
    fn ended(&self, spec: &Change) -> Option<String> {
        let end: DateTime<Utc> = spec.end?.utc();
        let zone = self.context.as_of().zone();
        (self.context.as_of().instant() > end + self.settle)
            .then(|| format!("ended on {}, with the finding open", zone.day_of(end)))
    }

    fn fault_of_record(&self, meta: &Meta) -> Option<String> {
        match meta.declared() {
            Status::Submitted if meta.created.value > self.context.as_of().day() => {
                Some(format!("is written on {}", meta.created))
            }
            Status::Submitted => None,
            Status::Draft => Some("is a draft".into()),
            Status::Closed | Status::Revoked | Status::Superseded => Some("has ended".into()),
        }
    }

    /// Says why a Change is not allowed; a standard one stands and falls with its template.
    pub(super) fn unapproved(&self, change: &Record<Change>) -> Option<String> {
        let standing = self.standing(Kind::Change, change.id());
        let template = change.spec.uses.as_ref().filter(|_| !standing.is_demanded);
        let (counts, fault) = match template {
            Some(template) => {
                let counts = self.standing(Kind::Change, &template.value.0).counts();
                (counts, "uses a template that is not approved")
            }
            None => (standing.counts(), "is not approved by all who must"),
        };
        refused(standing).or_else(|| (!counts).then(|| fault.into()))
    }

    fn standing(&self, kind: Kind, id: &RecordId) -> &'a Standing {
        self.context.register.standings.of(kind, id)
    }
}

fn refused(standing: &Standing) -> Option<String> {
    match standing.state {
        ApprovalState::Rejected => Some("was rejected".into()),
        ApprovalState::Revoked => Some("was revoked".into()),
        ApprovalState::Absent
        | ApprovalState::Pending
        | ApprovalState::Approved
        | ApprovalState::Emergency
        | ApprovalState::Stale => None,
    }
}

fn names_incident(incident: &Incident, finding: &Finding) -> bool {
    is_on(incident.systems.iter().map(|system| &system.value.0), finding)
        && incident.vulns.iter().any(|named| is_vuln(named, finding))
}

/// A Change names a finding by its System, and by a patch or by the trigger of the emergency.
fn names_change(change: &Change, finding: &Finding) -> bool {
    let by_trigger = || {
        let trigger = change.trigger.iter().flat_map(|trigger| &trigger.vulns);
        trigger.into_iter().any(|named| is_vuln(named, finding))
    };
    is_on(change.systems.iter().map(|system| &system.value.0), finding)
        && (change
            .patches
            .iter()
            .any(|patch| is_patch(&patch.value.0, finding))
            || by_trigger())
}

fn is_on<'s>(mut systems: impl Iterator<Item = &'s RecordId>, finding: &Finding) -> bool {
    finding
        .system
        .as_ref()
        .is_some_and(|system| systems.any(|named| named == system))
}

fn is_vuln(named: &Spanned<String>, finding: &Finding) -> bool {
    finding.names().any(|name| named.eq_ignore_ascii_case(name))
}

fn is_patch(patch: &RecordId, finding: &Finding) -> bool {
    let names = finding.names().chain(&finding.said.remediation);
    names_patch(patch, names.map(|name| &**name))
}

/// A patch is told by what its id holds: the vendor's number or the vulnerability, such as `p-2026-09-kb5043050`.
///
/// What a patch fixes is a record of its own, of a kind that is not built yet.
pub(super) fn names_patch<'n>(patch: &RecordId, mut names: impl Iterator<Item = &'n str>) -> bool {
    /// A shorter number would be found in any id.
    const SHORTEST: usize = 5;
    let id = format!("-{patch}-");
    names.any(|name| {
        let key: String = name
            .chars()
            .map(|letter| match letter {
                'A'..='Z' => letter.to_ascii_lowercase(),
                'a'..='z' | '0'..='9' => letter,
                _ => '-',
            })
            .collect();
        key.len() >= SHORTEST && id.contains(&format!("-{key}-"))
    })
}
