//! Figures over exceptions: how many stand, how old they are, how much they defer.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::episodes::Sums;
use super::{Figures, Frame, Kpi, Population, Unit, count, number};
use crate::load::Repository;
use crate::model::{AsOf, Date, Exception, Finding, Record, RecordId};
use crate::reconcile::coverage::Coverages;

/// An exception that somebody approved.
#[derive(Clone, Copy)]
pub(super) struct Grant<'a> {
    pub(super) record: &'a Record<Exception>,
    from: DateTime<Utc>,
    /// The first moment at which it no longer stands.
    until: DateTime<Utc>,
    /// When the chain of renewals that it ends was first granted.
    granted: Date,
    /// Whether a finding is open for which it stood last.
    leaves_open: bool,
}

impl<'a> Grant<'a> {
    /// Collects those that stood at some time up to as-of.
    pub(super) fn all(
        repository: &'a Repository,
        coverages: &Coverages<'_>,
        findings: &[Finding],
        as_of: AsOf,
    ) -> Vec<Self> {
        let open = findings.par_iter().filter(|finding| finding.closed.is_none());
        let lapsed: Vec<&RecordId> = open.flat_map_iter(|finding| &finding.lapsed).collect();
        let lapsed: BTreeSet<&RecordId> = lapsed.into_iter().collect();
        let records = repository.exceptions.iter().enumerate();
        let grants = records.filter_map(|(index, record)| {
            let (from, until) = coverages.get(index).stood(as_of)?;
            (from <= as_of.instant()).then(|| Self {
                record,
                from,
                until,
                granted: first_granted(repository, record),
                leaves_open: lapsed.contains(record.id()),
            })
        });
        grants.collect()
    }

    fn stands(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.until
    }
}

/// Follows renewals back to the first, and believes a record that names an earlier day.
fn first_granted(repository: &Repository, record: &Record<Exception>) -> Date {
    let mut renewing: BTreeSet<&RecordId> = BTreeSet::new();
    let mut granted = record.spec.starts.value;
    let mut next = Some(record);
    while let Some(one) = next {
        let named = one.spec.first_granted.map(|day| day.value);
        granted = granted.min(one.spec.starts.value).min(named.unwrap_or(granted));
        // A circle of renewals ends where it began.
        let renewed = one.meta.renews.as_ref().filter(|_| renewing.insert(one.id()));
        next = renewed.and_then(|id| repository.exceptions.get(&id.value));
    }
    granted
}

/// How many stand at the end of the period, came, went and were renewed.
pub(super) fn volume(population: &Population<'_>, frame: Frame, figures: &mut Figures) {
    let grants = &population.grants;
    let all = number(grants.len());
    let of = |title, number| Kpi::of(Unit::Exceptions, title, number, all);
    let standing = count(grants, |(grant, _)| grant.stands(frame.end));
    let title = "exceptions that stand at the end of the period, of all ever approved";
    figures.insert("exception_volume", of(title, standing).headline());
    let opened = |grant: &Grant<'_>| frame.holds(grant.from);
    let title = "exceptions that began to stand in the period, of all ever approved";
    figures.insert(
        "exception_opened",
        of(title, count(grants, |(grant, _)| opened(grant))),
    );
    let title = "exceptions that ended in the period, by their date or earlier, of all ever approved";
    let closed = count(grants, |(grant, _)| frame.holds(grant.until));
    figures.insert("exception_closed", of(title, closed));
    let title = "exceptions that began in the period and renew another, of all ever approved";
    let renewed = count(grants, |(grant, _)| {
        opened(grant) && grant.record.meta.renews.is_some()
    });
    figures.insert("exception_renewed", of(title, renewed));
    let title = "exceptions that have ended while findings of theirs are open, of all ever approved";
    let expired = count(grants, |(grant, _)| grant.leaves_open);
    figures.insert("exception_expired_open", of(title, expired));
}

/// How long findings stood under exceptions.
pub(super) fn debt(sums: &Sums<'_>, figures: &mut Figures) {
    let title =
        "days of the period on which findings stood under an exception, summed up over those findings";
    figures.insert(
        "exception_debt",
        Kpi::of(Unit::FindingDays, title, sums.deferred_seconds, sums.deferred).headline(),
    );
}

/// How old those are that stand at the end of the period.
pub(super) fn ageing(population: &Population<'_>, frame: Frame, figures: &mut Figures) {
    let last = frame.as_of.zone().day_of(frame.end);
    let ages: Vec<i64> = population
        .grants
        .iter()
        .filter(|(grant, _)| grant.stands(frame.end))
        .map(|(grant, _)| last.days_since(grant.granted))
        .collect();
    let bands = [
        (
            "exception_age_0_30",
            i64::MIN..=30,
            "exceptions first granted at most 30 days before the end of the period, of those that stand then",
        ),
        (
            "exception_age_31_90",
            31..=90,
            "exceptions first granted 31 to 90 days before the end of the period, of those that stand then",
        ),
        (
            "exception_age_91_180",
            91..=180,
            "exceptions first granted 91 to 180 days before the end of the period, of those that stand then",
        ),
        (
            "exception_age_over_180",
            181..=i64::MAX,
            "exceptions first granted more than 180 days before the end of the period, of those that stand then",
        ),
    ];
    for (name, band, title) in bands {
        let number_in = count(&ages, |age| band.contains(age));
        figures.insert(
            name,
            Kpi::of(Unit::Exceptions, title, number_in, number(ages.len())),
        );
    }
}
