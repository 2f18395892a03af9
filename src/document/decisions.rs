//! Exceptions and risk acceptances as they stand at as-of: phase, chain, age and what they cover.

use std::collections::BTreeMap;

use super::Request;
use super::table::{Mark, Tone};
use super::words::days_left;
use crate::model::{Compensating, Date, Exception, Kind, Meta, Record, RecordId, RiskAcceptance, Status};
use crate::reconcile::Register;
use crate::trust::ApprovalState;

/// Days before its end in which a decision is called expiring.
pub(super) const EXPIRING_DAYS: i64 = 30;
/// Steps that a chain of renewals is followed; a longer one goes in a circle or is out of hand.
const MAX_CHAIN: usize = 100;

/// Where a decision stands at as-of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    Active,
    Expiring,
    Expired,
    NotApproved,
    NotStarted,
    Ended,
}

/// How many findings a decision bears on.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Bearing {
    /// It stands for these now.
    pub(super) covered: u64,
    /// It is set aside for these, because they are exploited.
    pub(super) suspended: u64,
    /// It has ended, and these are still open.
    pub(super) lapsed: u64,
}

/// An exception or a risk acceptance.
pub(crate) enum Body<'a> {
    Exception(&'a Exception),
    Acceptance(&'a RiskAcceptance),
}

/// One decision with what was computed for it.
pub(crate) struct DecisionRow<'a> {
    pub(crate) meta: &'a Meta,
    pub(crate) body: Body<'a>,
    pub(crate) phase: Phase,
    /// The phase in the word of the record, such as `revoked`.
    pub(super) mark: Mark,
    pub(crate) expires: Option<Date>,
    /// The ids of the chain, the first one first, this one last.
    pub(super) chain: Vec<&'a RecordId>,
    /// The first day of the chain: the earliest that any of its records tells.
    pub(super) first_granted: Date,
    pub(super) bearing: Bearing,
}

impl DecisionRow<'_> {
    /// Returns the days since the chain began.
    pub(super) fn age_days(&self, register: &Register<'_>) -> i64 {
        register.as_of.day().days_since(self.first_granted)
    }

    /// Returns the first day of this record.
    pub(super) fn starts(&self) -> Date {
        self.body.starts()
    }

    /// Tells whether it stands at as-of.
    pub(crate) fn is_in_force(&self) -> bool {
        matches!(self.phase, Phase::Active | Phase::Expiring)
    }

    /// Returns the phase in the word of the machine formats, such as `expired`.
    pub(crate) fn word(&self) -> &'static str {
        self.mark.word
    }
}

impl Body<'_> {
    /// Returns the kind of the record.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Exception(_) => Kind::Exception,
            Self::Acceptance(_) => Kind::RiskAcceptance,
        }
    }

    /// Returns the first day.
    pub(super) fn starts(&self) -> Date {
        match self {
            Self::Exception(exception) => exception.starts.value,
            Self::Acceptance(acceptance) => acceptance.starts.value,
        }
    }

    /// Returns the last day; an acceptance may tell none.
    pub(crate) fn expires(&self) -> Option<Date> {
        match self {
            Self::Exception(exception) => Some(exception.expires.value),
            Self::Acceptance(acceptance) => acceptance.expires.as_ref().map(|expires| expires.value),
        }
    }

    /// Returns the compensating controls as they are written.
    pub(crate) fn compensating(&self) -> &[Compensating] {
        match self {
            Self::Exception(exception) => &exception.compensating,
            Self::Acceptance(acceptance) => &acceptance.compensating,
        }
    }

    fn first_granted(&self) -> Date {
        match self {
            Self::Exception(exception) => {
                let told = exception
                    .first_granted
                    .as_ref()
                    .map_or(exception.starts.value, |first| first.value);
                told.min(exception.starts.value)
            }
            Self::Acceptance(acceptance) => acceptance.starts.value,
        }
    }
}

/// Returns every exception, then every acceptance, by id.
pub(super) fn decision_rows<'a>(request: &Request<'a>) -> Vec<DecisionRow<'a>> {
    decisions_of(request.register)
}

/// Returns every exception of a register, then every acceptance, by id.
pub(crate) fn decisions_of<'a>(register: &'a Register<'a>) -> Vec<DecisionRow<'a>> {
    let bearings = bearings(register);
    let exceptions = register.repository.exceptions.iter().map(of_exception);
    let acceptances = register.repository.acceptances.iter().map(of_acceptance);
    exceptions
        .chain(acceptances)
        .map(|(meta, body)| {
            let (phase, mark) = phase(register, meta, &body);
            let (chain, first_granted) = chain(register, meta, &body);
            let bearing = bearings.get(&meta.id.value).copied().unwrap_or_default();
            let expires = body.expires();
            DecisionRow {
                meta,
                body,
                phase,
                mark,
                expires,
                chain,
                first_granted,
                bearing,
            }
        })
        .collect()
}

fn of_exception(record: &Record<Exception>) -> (&Meta, Body<'_>) {
    (&record.meta, Body::Exception(&record.spec))
}

fn of_acceptance(record: &Record<RiskAcceptance>) -> (&Meta, Body<'_>) {
    (&record.meta, Body::Acceptance(&record.spec))
}

fn bearings<'a>(register: &'a Register<'_>) -> BTreeMap<&'a RecordId, Bearing> {
    let mut bearings: BTreeMap<&RecordId, Bearing> = BTreeMap::new();
    for finding in &register.findings {
        if let Some(coverage) = &finding.coverage {
            bearings.entry(&coverage.id).or_default().covered += 1;
        }
        for id in &finding.suspended {
            bearings.entry(id).or_default().suspended += 1;
        }
        for id in &finding.lapsed {
            bearings.entry(id).or_default().lapsed += 1;
        }
    }
    bearings
}

/// What is declared to have ended has ended; what nobody approved never began; then the calendar decides.
fn phase(register: &Register<'_>, meta: &Meta, body: &Body<'_>) -> (Phase, Mark) {
    let mark = |word, rank, tone| Mark { word, rank, tone };
    match meta.declared() {
        Status::Closed => return (Phase::Ended, mark("closed", 7, Tone::Quiet)),
        Status::Superseded => return (Phase::Ended, mark("superseded", 8, Tone::Quiet)),
        Status::Revoked => return (Phase::Ended, mark("revoked", 9, Tone::Quiet)),
        Status::Draft => return (Phase::NotApproved, mark("draft", 4, Tone::Bad)),
        Status::Submitted => {}
    }
    match register.standings.of(body.kind(), &meta.id.value).state {
        ApprovalState::Revoked => return (Phase::Ended, mark("revoked", 9, Tone::Quiet)),
        ApprovalState::Rejected => return (Phase::NotApproved, mark("rejected", 5, Tone::Bad)),
        ApprovalState::Absent => return (Phase::NotApproved, mark("not_approved", 3, Tone::Bad)),
        ApprovalState::Pending => return (Phase::NotApproved, mark("approval_incomplete", 3, Tone::Bad)),
        ApprovalState::Stale => return (Phase::NotApproved, mark("approval_stale", 3, Tone::Bad)),
        ApprovalState::Approved | ApprovalState::Emergency => {}
    }
    if body.starts() > register.as_of.day() {
        return (Phase::NotStarted, mark("not_yet_started", 6, Tone::Quiet));
    }
    match body.expires().map(|expires| days_left(register, expires)) {
        Some(days) if days < 0 => (Phase::Expired, mark("expired", 0, Tone::Bad)),
        Some(days) if days <= EXPIRING_DAYS => (Phase::Expiring, mark("expiring", 1, Tone::Warning)),
        Some(_) | None => (Phase::Active, mark("active", 2, Tone::Decided)),
    }
}

fn chain<'a>(register: &Register<'a>, meta: &'a Meta, body: &Body<'a>) -> (Vec<&'a RecordId>, Date) {
    let mut chain = vec![&meta.id.value];
    let mut first = body.first_granted();
    let mut renews = meta.renews.as_ref();
    while let Some(before) =
        renews.filter(|before| !chain.contains(&&before.value) && chain.len() < MAX_CHAIN)
    {
        let exception = register
            .repository
            .exceptions
            .get(&before.value)
            .map(of_exception);
        let found = exception.or_else(|| {
            register
                .repository
                .acceptances
                .get(&before.value)
                .map(of_acceptance)
        });
        let Some((meta, body)) = found else { break };
        chain.push(&meta.id.value);
        first = first.min(body.first_granted());
        renews = meta.renews.as_ref();
    }
    chain.reverse();
    (chain, first)
}
