//! Who must approve: the approval matrix.
//!
//! The rows of the domain model are built in; rows of a Policy add to them and never take away. Words of the
//! matrix stand for roles, which `compliance.yaml` may name (rule APR001).

use super::facts::Facts;
use super::rules::ApprovalRules;
use crate::load::Repository;
use crate::model::{
    ApprovalMatrixRow, ChangeType, ExpressionValue, Kind, RecordId, RoleType, Severity, system_value,
};

/// An approval that is demanded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Demand {
    /// The word of the matrix, or the role that a record or a Policy names.
    pub word: String,
    pub by: Approver,
    /// How many different people it takes.
    pub humans: usize,
    /// Why it is demanded, such as `severity high`.
    pub because: String,
}

/// Whose approval answers a demand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Approver {
    /// Somebody who signs in any one of these roles.
    Roles(Vec<RecordId>),
    /// Somebody of the business side, in any role that may approve it.
    Business,
    /// The quorum of any one of these committees.
    Committee(Vec<RecordId>),
    /// One person, in whichever role.
    Person(RecordId),
}

impl Demand {
    /// Returns the names to tell people who may answer it.
    pub fn who(&self) -> Vec<String> {
        match &self.by {
            Approver::Roles(roles) | Approver::Committee(roles) if !roles.is_empty() => {
                roles.iter().map(ToString::to_string).collect()
            }
            Approver::Person(person) => vec![person.to_string()],
            Approver::Roles(_) | Approver::Committee(_) | Approver::Business => vec![self.word.clone()],
        }
    }
}

/// Tells whether the approvals of a kind are demanded of every record, and not only of what a change touches.
///
/// People, roles, systems, sources, evidence and the Isms are what trust is made of: the first commit brings them
/// unapproved, and from then on each change of them needs its approvals against the base.
pub fn is_always_demanded(kind: Kind) -> bool {
    match kind {
        Kind::Policy
        | Kind::Soa
        | Kind::Risk
        | Kind::Triage
        | Kind::Exception
        | Kind::RiskAcceptance
        | Kind::Sla
        | Kind::Change
        | Kind::Calendar
        | Kind::Incident => true,
        Kind::Isms
        | Kind::Person
        | Kind::Role
        | Kind::System
        | Kind::Source
        | Kind::Evidence
        | Kind::Approval => false,
    }
}

/// Returns the approvals that a record needs, by the rows of the matrix.
pub fn demands(
    repository: &Repository,
    believed: &Repository,
    facts: &Facts<'_>,
    rules: &ApprovalRules,
) -> Vec<Demand> {
    let mut list = List {
        believed,
        rules,
        kind: facts.kind,
        demands: Vec::new(),
    };
    match facts.kind {
        Kind::Isms | Kind::Soa => {
            list.word("ciso", 1, "it binds the whole organisation");
            list.word("senior_management", 1, "it binds the whole organisation");
        }
        Kind::Person => list.word("security_owner", 2, "it says whose keys count"),
        Kind::Role => {
            list.word("security_owner", 1, "it says who may decide");
            list.word("ciso", 1, "it says who may decide");
        }
        Kind::Policy => {
            list.word("ciso", 1, "it is a policy");
            list.word("committee", 1, "it is a policy");
        }
        Kind::Risk => {
            list.role("risk_owner", facts.owner, "it is a risk");
            match facts.residual.as_deref() {
                Some("high") => list.word("ciso", 1, "residual risk high"),
                Some("low" | "medium") | None => {}
                Some(level) => list.word("senior_management", 1, &format!("residual risk {level}")),
            }
        }
        Kind::System => {
            list.role("system_owner", facts.owner, "it is a System");
            list.word("security_owner", 1, "it says tier and scope");
        }
        Kind::Source => list.word("security_owner", 1, "it says which facts are imported"),
        Kind::Triage => list.word("security", 1, "it changes how a finding counts"),
        Kind::Exception => list.exception(facts),
        Kind::RiskAcceptance => list.acceptance(facts),
        Kind::Sla => {
            for party in &facts.parties {
                list.role(party.as_str(), party, "it is a party to the agreement");
            }
        }
        Kind::Change => list.change(facts),
        Kind::Calendar => list.word("committee", 1, "it says when work is done"),
        Kind::Incident => {
            if facts.has_overrides {
                list.word("ciso", 1, "it overrides agreed times");
            }
        }
        Kind::Evidence => {
            if let Some(collector) = facts.collector {
                list.push(
                    "collector",
                    Approver::Person(collector.clone()),
                    1,
                    "it is evidence",
                );
            }
        }
        Kind::Approval => {}
    }
    list.regulations(facts);
    for source in [
        Some(believed),
        (!std::ptr::eq(believed, repository)).then_some(repository),
    ]
    .into_iter()
    .flatten()
    {
        for policy in source.policies.iter().filter(|policy| policy.meta.is_live()) {
            for row in policy
                .spec
                .approval_matrix
                .iter()
                .filter(|row| applies(row, facts))
            {
                let because = format!("`{}` says so", policy.meta.id);
                for role in &row.roles {
                    list.role(role.value.0.as_str(), &role.value.0, &because);
                }
            }
        }
    }
    list.demands
}

/// Returns what the configuration and the files that guard the repository need.
pub(super) fn configuration_demands(believed: &Repository, rules: &ApprovalRules) -> Vec<Demand> {
    let mut list = List {
        believed,
        rules,
        kind: Kind::Person,
        demands: Vec::new(),
    };
    list.word("security_owner", 2, "it says how everything is judged");
    list.demands
}

struct List<'a> {
    believed: &'a Repository,
    rules: &'a ApprovalRules,
    kind: Kind,
    demands: Vec<Demand>,
}

impl List<'_> {
    fn exception(&mut self, facts: &Facts<'_>) {
        let tier = facts.tiers.iter().next().map_or("no known tier", String::as_str);
        match facts.severity {
            Some(severity @ (Severity::Low | Severity::Medium)) => {
                let because = format!("severity {severity}, {tier}");
                self.system_owners(facts, &because);
                if facts.is_critical_tier() || facts.systems.is_empty() {
                    self.word("security", 1, &because);
                }
            }
            Some(Severity::High) => {
                self.word("business_owner", 1, "severity high");
                self.word("security", 1, "severity high");
            }
            Some(Severity::Critical) | None => {
                self.word("business_owner", 1, "severity critical");
                self.word("ciso", 1, "severity critical");
            }
        }
        if facts.covers_exploited {
            self.word("ciso", 1, "it covers an exploited vulnerability");
            self.word("senior_management", 1, "it covers an exploited vulnerability");
        }
    }

    fn system_owners(&mut self, facts: &Facts<'_>, because: &str) {
        for system in &facts.systems {
            self.role("system_owner", &system.meta.owner.value, because);
        }
    }

    /// A standard change is approved with its template, an emergency one by one person.
    fn change(&mut self, facts: &Facts<'_>) {
        let Some(change) = facts.change else { return };
        match change.change_type {
            ChangeType::Standard if change.is_template => {
                self.word("cab", 1, "it is the template of standard changes");
            }
            ChangeType::Standard if change.has_template => {}
            ChangeType::Standard => self.normal_change(facts, "a standard change without a valid template"),
            ChangeType::Normal => self.normal_change(facts, "a normal change"),
            ChangeType::Emergency => self.word("emergency_approver", 1, "an emergency change"),
        }
        if change.departs_from_freeze {
            self.word("freeze_approver", 1, "it is made in a freeze");
        }
    }

    fn normal_change(&mut self, facts: &Facts<'_>, because: &str) {
        self.word("cab", 1, because);
        self.system_owners(facts, because);
    }

    fn acceptance(&mut self, facts: &Facts<'_>) {
        let level = facts.residual.as_deref();
        let because = format!("residual risk {}", level.unwrap_or("not known"));
        match level {
            Some("low") => self.role("risk_owner", facts.risk_owner.unwrap_or(facts.owner), &because),
            Some("medium") => self.word("business_owner", 1, &because),
            Some("high") => {
                self.word("ciso", 1, &because);
                self.word("business_owner", 1, &because);
            }
            Some(_) | None => self.word("senior_management", 1, &because),
        }
        if facts.is_unsupported {
            self.word("senior_management", 1, "the system has no support");
        }
    }

    /// A regulation asks for the officer who answers for it.
    fn regulations(&mut self, facts: &Facts<'_>) {
        if !matches!(facts.kind, Kind::Exception | Kind::RiskAcceptance) {
            return;
        }
        for tag in &facts.regulations {
            let is_privacy = tag.to_lowercase().starts_with("gdpr");
            let word = if is_privacy { "legal" } else { "compliance" };
            self.word(word, 1, &format!("a system under {tag}"));
        }
    }

    fn word(&mut self, word: &str, humans: usize, because: &str) {
        let named = self.rules.roles(word).to_vec();
        let by = match word {
            "business_owner" if named.is_empty() => Approver::Business,
            "committee" => {
                let committees = if named.is_empty() {
                    self.committees()
                } else {
                    named
                };
                Approver::Committee(committees)
            }
            "cab" if !named.is_empty() && named.iter().all(|role| self.is_committee(role)) => {
                Approver::Committee(named)
            }
            _ => Approver::Roles(named),
        };
        self.push(word, by, humans, because);
    }

    fn is_committee(&self, role: &RecordId) -> bool {
        let found = self.believed.roles.get(role);
        found.is_some_and(|role| role.spec.role_type == RoleType::Committee)
    }

    /// The committees that may approve the kind.
    fn committees(&self) -> Vec<RecordId> {
        let may = |role: &&crate::model::Record<crate::model::Role>| {
            role.spec.role_type == RoleType::Committee
                && role
                    .spec
                    .may_approve
                    .iter()
                    .any(|may| may.kind == self.kind.name())
        };
        let found = self.believed.roles.iter().filter(may);
        found.map(|role| role.id().clone()).collect()
    }

    fn role(&mut self, word: &str, role: &RecordId, because: &str) {
        let by = match self.believed.roles.get(role) {
            Some(found) if found.spec.role_type == RoleType::Committee => {
                Approver::Committee(vec![role.clone()])
            }
            Some(_) => Approver::Roles(vec![role.clone()]),
            // An owner may be a person.
            None if self.believed.people.get(role).is_some() => Approver::Person(role.clone()),
            None => Approver::Roles(vec![role.clone()]),
        };
        self.push(word, by, 1, because);
    }

    /// A demand that is there already is not made twice, or it would need two people.
    fn push(&mut self, word: &str, by: Approver, humans: usize, because: &str) {
        if let Some(same) = self.demands.iter_mut().find(|demand| demand.by == by) {
            same.humans = same.humans.max(humans);
            return;
        }
        self.demands.push(Demand {
            word: word.to_owned(),
            by,
            humans,
            because: because.to_owned(),
        });
    }
}

fn applies(row: &ApprovalMatrixRow, facts: &Facts<'_>) -> bool {
    let severity = row
        .severity
        .as_ref()
        .is_none_or(|wanted| facts.severity.is_none_or(|is| wanted.contains(&is)));
    let tiers = row
        .tiers
        .as_ref()
        .is_none_or(|wanted| facts.tiers.is_empty() || facts.tiers.iter().any(|tier| wanted.contains(tier)));
    row.kind == facts.kind.name()
        && severity
        && tiers
        && row.when.as_ref().is_none_or(|when| holds(when, facts))
}

/// A condition holds when it does for any System; without one, it is judged by what the record itself says.
fn holds(when: &crate::model::Expression, facts: &Facts<'_>) -> bool {
    let own = |name: &str| match name {
        "severity" => facts
            .severity
            .map(|severity| ExpressionValue::Text(severity.to_string())),
        "exploitation" if facts.covers_exploited => Some(ExpressionValue::Text("active".into())),
        _ => None,
    };
    if facts.systems.is_empty() {
        return when.holds(&own);
    }
    let mut systems = facts.systems.iter();
    systems.any(|system| when.holds(&|name| own(name).or_else(|| system_value(system, name))))
}
