//! Who is there, and who holds what on a day.

use crate::load::Repository;
use crate::model::{Date, Holder, RecordId};

/// Returns the last day of a person who has left.
pub(super) fn left(repository: &Repository, person: &RecordId, day: Date) -> Option<Date> {
    let to = repository.people.get(person)?.spec.active.to.as_ref()?.value;
    (day > to).then_some(to)
}

/// Tells whether somebody is there on a day: begun, not left, and with a record that has not ended.
///
/// A person whose record cannot be read counts as there: REF001 or SCH002 flags that.
pub(super) fn is_there(repository: &Repository, person: &RecordId, day: Date) -> bool {
    repository.people.get(person).is_none_or(|found| {
        found.meta.is_live() && found.spec.active.from.value <= day && left(repository, person, day).is_none()
    })
}

/// Tells whether an entry under `holders` counts on a day.
pub(super) fn holds(repository: &Repository, holder: &Holder, day: Date) -> bool {
    let in_time = holder.from.value <= day && holder.to.as_ref().is_none_or(|to| day <= to.value);
    in_time && is_there(repository, &holder.person, day)
}

/// Tells whether a person held a role on a day, or is the person that the owner field itself names.
pub(super) fn holds_role(repository: &Repository, role: &RecordId, person: &RecordId, day: Date) -> bool {
    let held = repository.roles.get(role).is_some_and(|role| {
        let mut holders = role.spec.holders.iter();
        holders.any(|holder| holder.person.value.0 == *person && holds(repository, holder, day))
    });
    held || role == person
}
