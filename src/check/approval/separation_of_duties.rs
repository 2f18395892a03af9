//! APR003: approvals of one's own work.

use std::collections::BTreeSet;

use super::flaws::tell_all;
use crate::check::people::holds;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Holder, Record, RecordId, Role};

pub(in crate::check) const CHECK: Check = Check {
    code: "APR003",
    name: "separation-of-duties-broken",
    family: Family::Approval,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("separation_of_duties.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    tell_all(context, CHECK.code, |file| file.approval.person.span, out);
    both_roles(context, out);
}

/// Finds people who hold two roles on the day that do not go together; each pair of roles is told once a person.
fn both_roles(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let mut told: BTreeSet<(&RecordId, &RecordId, &RecordId)> = BTreeSet::new();
    for role in repository.roles.iter().filter(|role| role.meta.is_live()) {
        for named in &role.spec.incompatible_with {
            let Some(other) = repository.roles.get(&named.value.0) else {
                continue;
            };
            if other.id() == role.id() || !other.meta.is_live() {
                continue;
            }
            for (holder, second) in shared(context, role, other) {
                let person = &holder.person.value.0;
                let (first, last) = (role.id().min(other.id()), role.id().max(other.id()));
                if !told.insert((first, last, person)) {
                    continue;
                }
                let message = format!(
                    "`{person}` holds `{}` and `{}`, which do not go together",
                    role.id(),
                    other.id()
                );
                out.push(
                    Diagnostic::error(CHECK.code, holder.person.span, message)
                        .related(named.span, "named here as incompatible")
                        .related(second.person.span, "holds the other role here")
                        .help("end one of the two with `to`, or hand it to somebody else")
                        .subject(role.id().to_string()),
                );
            }
        }
    }
}

/// Pairs the holders of two roles who are one person, both in office on the day.
fn shared<'a>(
    context: &Context<'a>,
    one: &'a Record<Role>,
    other: &'a Record<Role>,
) -> Vec<(&'a Holder, &'a Holder)> {
    let repository = context.repository();
    let day = context.as_of().day();
    let holders = |role: &'a Record<Role>| {
        let all = role.spec.holders.value.iter();
        all.filter(move |holder| holds(repository, holder, day))
    };
    let mut pairs = Vec::new();
    for first in holders(one) {
        let same = holders(other).find(|second| second.person.value.0 == first.person.value.0);
        pairs.extend(same.map(|second| (first, second)));
    }
    pairs
}
