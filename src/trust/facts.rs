//! What a record says that decides who must approve it and who may.

use std::collections::BTreeSet;

use crate::load::{Repository, TierRank, effective_tier};
use crate::model::{
    Change, ChangeType, Date, Exception, Kind, Meta, Record, RecordId, RiskAcceptance, RiskAcceptanceType,
    RiskRating, Severity, Status, System, SystemRef,
};
use crate::source::Spanned;

/// What decides who must approve a record and who may.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub kind: Kind,
    pub id: &'a RecordId,
    /// The role or person that answers for the record.
    pub owner: &'a RecordId,
    pub severity: Option<Severity>,
    /// The Systems that it is about, as the repository that is judged has them.
    pub systems: Vec<&'a Record<System>>,
    /// The ids of their tiers, the stricter of declared and computed.
    pub tiers: BTreeSet<String>,
    /// The most critical tier among them, 0 for the most critical of all; 0 where one of them is not known.
    pub rank: Option<usize>,
    /// From the first day to the last.
    pub days: Option<i64>,
    /// The level of the residual risk by the matrix of the Isms.
    pub residual: Option<String>,
    /// The owner of the risk that it carries.
    pub risk_owner: Option<&'a RecordId>,
    /// The tags of the regulations that apply to the Systems.
    pub regulations: BTreeSet<&'a str>,
    /// Whether it is meant to hold although the vulnerability is exploited.
    pub covers_exploited: bool,
    /// Whether it accepts a system without support.
    pub is_unsupported: bool,
    pub requester: Option<&'a RecordId>,
    pub requested_on: Option<Date>,
    /// Who collected it, and so signs for it in whichever role.
    pub collector: Option<&'a RecordId>,
    /// Those whom the record itself is for.
    pub beneficiaries: BTreeSet<&'a RecordId>,
    /// The parties of an agreement.
    pub parties: Vec<&'a RecordId>,
    /// What a Change says about how it comes to be allowed.
    pub change: Option<ChangeFacts>,
    /// Whether an Incident shortens agreed times.
    pub has_overrides: bool,
}

/// What a Change says about how it comes to be allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChangeFacts {
    pub change_type: ChangeType,
    pub is_template: bool,
    /// Whether it uses a template that stands and is valid on the day of its start.
    pub has_template: bool,
    pub departs_from_freeze: bool,
}

impl<'a> Facts<'a> {
    /// Reads the facts of a record; of a System the stricter tier of both repositories counts.
    pub fn of(repository: &'a Repository, believed: &'a Repository, meta: &'a Meta) -> Self {
        let mut facts = Self {
            kind: meta.kind,
            id: &meta.id.value,
            owner: &meta.owner.value,
            severity: None,
            systems: Vec::new(),
            tiers: BTreeSet::new(),
            rank: None,
            days: None,
            residual: None,
            risk_owner: None,
            regulations: BTreeSet::new(),
            covers_exploited: false,
            is_unsupported: false,
            requester: None,
            requested_on: None,
            collector: None,
            beneficiaries: BTreeSet::new(),
            parties: Vec::new(),
            change: None,
            has_overrides: false,
        };
        facts.read(repository, believed);
        facts
    }

    fn read(&mut self, repository: &'a Repository, believed: &'a Repository) {
        let id = self.id;
        match self.kind {
            Kind::Exception => {
                if let Some(exception) = repository.exceptions.get(id) {
                    self.read_exception(exception, repository, believed);
                }
            }
            Kind::RiskAcceptance => {
                if let Some(acceptance) = repository.acceptances.get(id) {
                    self.read_acceptance(acceptance, repository, believed);
                }
            }
            Kind::Triage => {
                if let Some(triage) = repository.triages.get(id) {
                    self.read_systems(&triage.spec.subject.systems, repository, believed);
                }
            }
            Kind::Risk => {
                if let Some(risk) = repository.risks.get(id) {
                    let spec = &risk.spec;
                    self.risk_owner = Some(&risk.meta.owner.value);
                    self.residual = match &spec.residual {
                        Some(residual) => level(repository, residual),
                        None => level_of(repository, &spec.likelihood, &spec.impact),
                    };
                }
            }
            Kind::System => {
                if let Some(system) = repository.systems.get(id) {
                    self.add_system(system, repository, believed);
                }
            }
            Kind::Sla => {
                if let Some(sla) = repository.slas.get(id) {
                    self.parties = sla.spec.parties.iter().map(|party| &party.value.0).collect();
                }
            }
            Kind::Evidence => {
                let evidence = repository.evidence.get(id);
                self.collector = evidence.map(|evidence| &evidence.spec.collected_by.value.0);
            }
            Kind::Change => {
                if let Some(change) = repository.changes.get(id) {
                    self.change = Some(ChangeFacts::of(repository, change));
                    self.read_systems(&change.spec.systems, repository, believed);
                }
            }
            Kind::Incident => {
                if let Some(incident) = repository.incidents.get(id) {
                    self.has_overrides = !incident.spec.sla_overrides.is_empty();
                    self.read_systems(&incident.spec.systems, repository, believed);
                }
            }
            Kind::Person => {
                self.beneficiaries.insert(id);
            }
            Kind::Role => {
                if let Some(role) = repository.roles.get(id) {
                    let before = believed.roles.get(id);
                    let held = |person: &RecordId| {
                        before.is_some_and(|role| {
                            role.spec
                                .holders
                                .iter()
                                .any(|holder| holder.person.value.0 == *person)
                        })
                    };
                    let holders = role.spec.holders.iter().map(|holder| &holder.person.value.0);
                    // Who held the role before gains nothing by a change that leaves the holding as it is.
                    self.beneficiaries = holders.filter(|person| !held(person)).collect();
                }
            }
            Kind::Isms | Kind::Policy | Kind::Soa | Kind::Source | Kind::Calendar | Kind::Approval => {}
        }
    }

    fn read_exception(
        &mut self,
        exception: &'a Record<Exception>,
        repository: &'a Repository,
        believed: &'a Repository,
    ) {
        let spec = &exception.spec;
        self.severity = Some(spec.severity.value);
        self.days = Some(spec.expires.value.days_since(spec.starts.value));
        self.covers_exploited = spec.covers_exploited;
        self.requester = spec.requested_by.as_ref().map(|person| &person.value.0);
        self.requested_on = spec.requested_on.map(|day| day.value);
        let risk = spec
            .risk
            .as_ref()
            .and_then(|risk| repository.risks.get(&risk.value.0));
        self.risk_owner = risk.map(|risk| &risk.meta.owner.value);
        self.read_systems(&spec.scope.systems, repository, believed);
    }

    fn read_acceptance(
        &mut self,
        acceptance: &'a Record<RiskAcceptance>,
        repository: &'a Repository,
        believed: &'a Repository,
    ) {
        let spec = &acceptance.spec;
        self.days = spec
            .expires
            .map(|expires| expires.value.days_since(spec.starts.value));
        self.covers_exploited = spec.covers_exploited;
        self.is_unsupported = spec.acceptance_type == RiskAcceptanceType::UnsupportedSystem;
        self.residual = level(repository, &spec.residual);
        let named = spec.risk.as_ref().or(spec.subject.risk.as_ref());
        let risk = named.and_then(|risk| repository.risks.get(&risk.value.0));
        self.risk_owner = Some(risk.map_or(&acceptance.meta.owner.value, |risk| &risk.meta.owner.value));
        self.read_systems(&spec.subject.systems, repository, believed);
    }

    fn read_systems(
        &mut self,
        named: &'a [Spanned<SystemRef>],
        repository: &'a Repository,
        believed: &'a Repository,
    ) {
        for system in named {
            match repository.systems.get(&system.value.0) {
                Some(system) => self.add_system(system, repository, believed),
                // Of a System that cannot be read the worst is assumed.
                None => self.rank = Some(0),
            }
        }
    }

    fn add_system(
        &mut self,
        system: &'a Record<System>,
        repository: &'a Repository,
        believed: &'a Repository,
    ) {
        let before = believed.systems.get(system.id());
        let ranks = [
            effective_tier(repository, system),
            before.and_then(|before| effective_tier(believed, before)),
        ];
        if let Some(strictest) = ranks
            .into_iter()
            .flatten()
            .min_by_key(|tier: &TierRank<'_>| tier.rank)
        {
            self.rank = Some(self.rank.map_or(strictest.rank, |rank| rank.min(strictest.rank)));
            self.tiers.insert(strictest.id().to_owned());
        }
        let tags = system.spec.regulations.iter();
        let tags = tags.chain(before.iter().flat_map(|before| &before.spec.regulations));
        self.regulations.extend(tags.map(String::as_str));
        self.systems.push(system);
    }

    /// Tells whether it is about one of the two most critical tiers.
    pub fn is_critical_tier(&self) -> bool {
        self.rank.is_some_and(|rank| rank < 2)
    }
}

impl ChangeFacts {
    fn of(repository: &Repository, change: &Record<Change>) -> Self {
        let spec = &change.spec;
        let template = spec
            .uses
            .as_ref()
            .and_then(|uses| repository.changes.get(&uses.value.0));
        let starts = spec.start.map(|start| repository.zone().day_of(start.utc()));
        let is_valid = |template: &Record<Change>| {
            let until = template.spec.valid_until.map(|until| until.value);
            template.spec.template
                && template.spec.change_type.value == ChangeType::Standard
                && template.meta.is_live()
                && template.meta.declared() != Status::Draft
                && starts.is_some_and(|starts| until.is_none_or(|until| starts <= until))
        };
        Self {
            change_type: spec.change_type.value,
            is_template: spec.template,
            has_template: template.is_some_and(is_valid),
            departs_from_freeze: spec.freeze_approval.is_some(),
        }
    }
}

/// Returns the level of a rating by the matrix of the Isms; `None` without a matrix that has it.
pub(super) fn level(repository: &Repository, rating: &RiskRating) -> Option<String> {
    level_of(repository, &rating.likelihood, &rating.impact)
}

fn level_of(repository: &Repository, likelihood: &str, impact: &str) -> Option<String> {
    let matrix = repository.isms.as_ref()?.spec.risk_matrix.as_ref()?;
    matrix.level(likelihood, impact).map(str::to_owned)
}
