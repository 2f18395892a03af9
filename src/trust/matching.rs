//! Who answers which demand: as many different people as demands ask for.

use std::collections::BTreeSet;

use super::matrix::{Approver, Demand};
use super::standing::Decided;
use super::verdict::Basis;
use crate::model::{Decision, PersonFunction, RecordId};

/// A demand and who has answered it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Met {
    pub demand: Demand,
    /// How many people it takes; for a committee its quorum.
    pub needed: usize,
    /// Who has approved for it.
    pub by: Vec<RecordId>,
    /// Whether somebody's approval would do who is counted for another demand already.
    pub has_double: bool,
}

impl Met {
    /// Tells whether enough people have approved.
    pub fn is_met(&self) -> bool {
        self.by.len() >= self.needed
    }
}

/// One seat of a demand, and the approvals that may take it.
struct Seat {
    demand: usize,
    fitting: Vec<usize>,
}

/// Gives the approvals in force to the demands, so that as many as possible are answered by different people.
pub(super) fn answer(basis: &Basis<'_>, demands: Vec<Demand>, decisions: &[Decided]) -> Vec<Met> {
    let grants: Vec<&Decided> = decisions
        .iter()
        .filter(|decided| decided.decision == Decision::Approve && decided.is_in_force())
        .collect();
    let mut met: Vec<Met> = Vec::new();
    let mut seats: Vec<Seat> = Vec::new();
    for (index, demand) in demands.into_iter().enumerate() {
        let (needed, fitting) = fitting(basis, &demand, &grants);
        seats.extend((0..needed).map(|_| Seat {
            demand: index,
            fitting: fitting.clone(),
        }));
        met.push(Met {
            demand,
            needed,
            by: Vec::new(),
            has_double: false,
        });
    }
    let humans = humans(basis, &grants);
    let taken = assign(&seats, &humans);
    for (seat, grant) in seats.iter().zip(&taken) {
        let met = &mut met[seat.demand];
        match grant {
            Some(grant) => met.by.push(grants[*grant].person.clone()),
            None => met.has_double = !seat.fitting.is_empty(),
        }
    }
    met
}

/// Numbers the grants by the human being behind each.
fn humans(basis: &Basis<'_>, grants: &[&Decided]) -> Vec<usize> {
    let mut firsts: Vec<&RecordId> = Vec::new();
    grants
        .iter()
        .map(|grant| {
            let known = firsts
                .iter()
                .position(|first| basis.humans.are_same(first, &grant.person));
            known.unwrap_or_else(|| {
                firsts.push(&grant.person);
                firsts.len() - 1
            })
        })
        .collect()
}

/// Tells whether an approval of a person in a role is one that a demand asks for.
pub(super) fn fits(basis: &Basis<'_>, demand: &Demand, person: &RecordId, role: &RecordId) -> bool {
    match &demand.by {
        Approver::Roles(roles) | Approver::Committee(roles) => roles.contains(role),
        Approver::Person(wanted) => wanted == person,
        Approver::Business => {
            let person = basis.repository.people.get(person);
            person.is_some_and(|person| person.spec.function == Some(PersonFunction::Business))
        }
    }
}

/// Returns how many people a demand takes, and the grants that may answer it.
fn fitting(basis: &Basis<'_>, demand: &Demand, grants: &[&Decided]) -> (usize, Vec<usize>) {
    let those = |is_fitting: &dyn Fn(&Decided) -> bool| -> Vec<usize> {
        let fitting = grants.iter().enumerate().filter(|(_, grant)| is_fitting(grant));
        fitting.map(|(index, _)| index).collect()
    };
    match &demand.by {
        Approver::Roles(_) | Approver::Person(_) | Approver::Business => (
            demand.humans,
            those(&|grant| fits(basis, demand, &grant.person, &grant.role)),
        ),
        Approver::Committee(committees) => {
            let best = committees
                .iter()
                .map(|committee| (quorum(basis, committee), those(&|grant| grant.role == *committee)))
                .max_by_key(|(quorum, fits)| (fits.len() >= *quorum, fits.len()));
            best.unwrap_or((demand.humans, Vec::new()))
        }
    }
}

/// Returns a committee's quorum; where its record sets none, more than half of its members.
fn quorum(basis: &Basis<'_>, committee: &RecordId) -> usize {
    let Some(role) = basis.repository.roles.get(committee) else {
        return 1;
    };
    let members: BTreeSet<&RecordId> = role
        .spec
        .holders
        .iter()
        .map(|holder| &holder.person.value.0)
        .collect();
    let set = role.spec.quorum.and_then(|quorum| usize::try_from(quorum).ok());
    set.unwrap_or(members.len() / 2 + 1)
}

/// Finds a largest assignment of grants to seats in which no human being sits twice.
///
/// Source: Kuhn's algorithm for bipartite matching.
fn assign(seats: &[Seat], humans: &[usize]) -> Vec<Option<usize>> {
    let mut seat_of: Vec<Option<usize>> = vec![None; humans.len()];
    let mut taken: Vec<Option<usize>> = vec![None; seats.len()];
    for seat in 0..seats.len() {
        let mut seen = BTreeSet::new();
        place(seat, seats, humans, &mut seat_of, &mut taken, &mut seen);
    }
    taken
}

/// Seats somebody, moving others where that makes room; `seat_of` is by human being.
fn place(
    seat: usize,
    seats: &[Seat],
    humans: &[usize],
    seat_of: &mut Vec<Option<usize>>,
    taken: &mut Vec<Option<usize>>,
    seen: &mut BTreeSet<usize>,
) -> bool {
    for &grant in &seats[seat].fitting {
        let human = humans[grant];
        if !seen.insert(human) {
            continue;
        }
        let is_free = match seat_of[human] {
            None => true,
            Some(other) => place(other, seats, humans, seat_of, taken, seen),
        };
        if is_free {
            seat_of[human] = Some(seat);
            taken[seat] = Some(grant);
            return true;
        }
    }
    false
}
