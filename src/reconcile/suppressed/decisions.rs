//! The records that may allow something to be hidden, by the names that they bear.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::load::Repository;
use crate::model::{AsOf, Date, Kind, Meta, RecordId, RiskAcceptanceType, Status, TriageStatus};
use crate::source::Spanned;
use crate::trust::{ApprovalState, Standings};

/// A decision that may allow something to be hidden.
pub(super) struct Decision<'a> {
    pub(super) id: &'a RecordId,
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) not_because: Option<&'static str>,
    /// The moments of its approvals, where it counts for what is exploited too; `None` where it never does.
    pub(super) for_exploited: Option<Vec<DateTime<Utc>>>,
    /// Whether exploitation changes nothing: what is not affected cannot be exploited.
    pub(super) is_fact: bool,
}

/// All decisions by the names of vulnerabilities, in lower case.
pub(super) type Decisions<'a> = BTreeMap<String, Vec<(Decision<'a>, &'a str)>>;

pub(super) fn decisions<'a>(repository: &'a Repository, standings: &Standings, as_of: AsOf) -> Decisions<'a> {
    let mut all = Decisions::new();
    let mut add = |vulns: &'a [Spanned<String>], make: &dyn Fn() -> Decision<'a>| {
        for vuln in vulns {
            all.entry(vuln.to_lowercase())
                .or_default()
                .push((make(), vuln.value.as_str()));
        }
    };
    for exception in &repository.exceptions {
        let spec = &exception.spec;
        let dates = (Some(spec.starts.value), Some(spec.expires.value));
        let made = || {
            let mut decision = decision(&exception.meta, Kind::Exception, dates, standings, as_of);
            decision.keep_for_exploited(spec.covers_exploited);
            decision
        };
        add(&spec.scope.vulns, &made);
    }
    for acceptance in &repository.acceptances {
        let spec = &acceptance.spec;
        let dates = (Some(spec.starts.value), spec.expires.map(|expires| expires.value));
        let made = || {
            let kind = Kind::RiskAcceptance;
            let mut decision = decision(&acceptance.meta, kind, dates, standings, as_of);
            decision.keep_for_exploited(spec.covers_exploited);
            if spec.acceptance_type == RiskAcceptanceType::UnsupportedSystem {
                decision.refuse("it is about a system, not about vulnerabilities");
            } else if spec.expires.is_none() {
                decision.refuse("it has no end");
            }
            decision
        };
        add(&spec.subject.vulns, &made);
    }
    for triage in &repository.triages {
        let spec = &triage.spec;
        let dates = (None, Some(spec.expires.value));
        let made = || {
            let mut decision = decision(&triage.meta, Kind::Triage, dates, standings, as_of);
            decision.is_fact = true;
            if !matches!(
                spec.status,
                TriageStatus::FalsePositive | TriageStatus::NotAffected
            ) {
                decision.refuse("it does not say that nothing is affected");
            }
            decision
        };
        add(std::slice::from_ref(&spec.subject.vuln), &made);
    }
    all
}

impl Decision<'_> {
    fn refuse(&mut self, why: &'static str) {
        self.not_because.get_or_insert(why);
    }

    fn keep_for_exploited(&mut self, is_kept: bool) {
        if !is_kept {
            self.for_exploited = None;
        }
    }
}

fn decision<'a>(
    meta: &'a Meta,
    kind: Kind,
    (starts, expires): (Option<Date>, Option<Date>),
    standings: &Standings,
    as_of: AsOf,
) -> Decision<'a> {
    let standing = standings.of(kind, &meta.id.value);
    let fuse = standing
        .emergency
        .as_ref()
        .filter(|_| standing.state == ApprovalState::Emergency)
        .map(|emergency| emergency.until);
    let end = expires.map(|day| as_of.zone().end_of_day(day).with_timezone(&Utc));
    let until = end.into_iter().chain(fuse).min();
    let not_because = if meta.declared() != Status::Submitted {
        Some("its status is not `submitted`")
    } else if !standing.counts() {
        Some("it is not approved as it stands")
    } else if starts.is_some_and(|day| day > as_of.day()) {
        Some("it has not begun")
    } else if until.is_some_and(|until| until < as_of.instant()) {
        Some("it has ended")
    } else {
        None
    };
    Decision {
        id: &meta.id.value,
        until,
        not_because,
        for_exploited: Some(standing.approved.clone()),
        is_fact: false,
    }
}
