//! D19, the policy book: which policies bind, in which version, what changed, and what the words mean.

mod parameters;
mod words_in_use;

use serde::Serialize;

use super::cover::each_once;
use super::force::{Force, successors, version_of};
use super::reviewed::Reviewed;
use super::table::{Cell, Column, Layout, Table};
use super::words::{approval_mark, approvals, day, days_left};
use super::{DocumentKind, Request, View, values};
use crate::model::{Kind, Meta, Policy, Record};
use crate::reconcile::Register;

/// The policy book.
pub(in crate::document) const D19: DocumentKind = DocumentKind {
    id: "D19",
    slug: "policies",
    title: "Policy book",
    audience: "everyone",
    purpose: "Which policies bind, in which version, who approved them, what changed, and what the words mean.",
    template: "D19.md",
    tables: &[
        "policies",
        "changes",
        "rules",
        "clauses",
        "notices",
        "glossary",
        "tiers",
        "severities",
        "frameworks",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Policies {
    in_force: usize,
    not_in_force: usize,
    ended: usize,
    reviews_overdue: Vec<String>,
}

type Bound<'a> = (&'a Record<Policy>, Force);

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let mut all: Vec<Bound<'_>> = register
        .repository
        .policies
        .iter()
        .map(|policy| (policy, Force::of(register, &policy.meta, None)))
        .collect();
    all.sort_by_key(|(policy, force)| (*force, policy.id().clone()));
    let count = |wanted: fn(Force) -> bool| all.iter().filter(|(_, force)| wanted(*force)).count();
    let open: Vec<&Record<Policy>> = all
        .iter()
        .filter(|(_, force)| !force.has_ended())
        .map(|(policy, _)| *policy)
        .collect();
    let overdue = open
        .iter()
        .filter(|policy| reviewed(register, policy).is_overdue(register));
    let mut underlying: Vec<_> = all
        .iter()
        .map(|(policy, _)| (Kind::Policy, policy.id().clone()))
        .collect();
    underlying.extend(
        register
            .repository
            .isms
            .iter()
            .map(|isms| (Kind::Isms, isms.id().clone())),
    );
    View {
        classification: "internal",
        values: values(&Policies {
            in_force: count(|force| force == Force::Binds),
            not_in_force: count(|force| force != Force::Binds && !force.has_ended()),
            ended: count(Force::has_ended),
            reviews_overdue: overdue.map(|policy| policy.id().to_string()).collect(),
        }),
        tables: vec![
            policy_table(register, &all),
            change_table(register),
            parameters::rules(&open),
            parameters::clauses(&open),
            parameters::notices(&open),
            words_in_use::glossary(register),
            words_in_use::tiers(register),
            words_in_use::severities(register, &open),
            words_in_use::frameworks(register),
        ],
        figures: Vec::new(),
        underlying: each_once(underlying),
    }
}

fn reviewed(register: &Register<'_>, policy: &Record<Policy>) -> Reviewed {
    Reviewed::of(register, &policy.meta, None, None)
}

const POLICIES: &[Column] = &[
    Column::new("policy", "Policy").wide(),
    Column::beneath("title", ""),
    Column::beneath("owner", "").around("owner ", ""),
    Column::beneath("text", "").around("text ", ""),
    Column::beneath("text_sha256", ""),
    Column::new("version", "Version"),
    Column::new("state", "State"),
    Column::beneath("replaced_by", "").around("replaced by ", ""),
    Column::data("approval"),
    Column::new("approvals", "Approvals").wide(),
    Column::new("next_review", "Review due by").tight(),
    Column::beneath("days_left", "")
        .around("", " days from as-of")
        .tight(),
    Column::beneath("last_review", "").around("last on ", "").tight(),
];

fn policy_table(register: &Register<'_>, all: &[Bound<'_>]) -> Table {
    let rows = all.iter().map(|(policy, force)| {
        let meta = &policy.meta;
        let reviewed = reviewed(register, policy);
        let next = reviewed.due;
        let last = reviewed.recorded.into_iter().chain(reviewed.signed).max();
        let text = policy.spec.text.value.0.as_str();
        let digest = register.repository.file_digests.get(text);
        vec![
            Cell::shown(policy.id()),
            Cell::text(meta.title.as_str()),
            Cell::shown(&meta.owner),
            Cell::text(text),
            digest.map_or_else(
                || Cell::text("the file is not there"),
                |digest| Cell::Code(digest.as_str().into()),
            ),
            Cell::text(version_of(meta)),
            Cell::Mark(force.mark()),
            Cell::list(successors(register, meta)),
            Cell::Mark(approval_mark(register, Kind::Policy, policy.id())),
            approvals(register, Kind::Policy, policy.id()),
            next.map_or_else(|| Cell::text("none set"), Cell::shown),
            next.map_or(Cell::Empty, |next| Cell::Number(days_left(register, next))),
            Cell::maybe_shown(last),
        ]
    });
    Table {
        name: "policies",
        caption: "Policies, those in force first".into(),
        layout: Layout::Sortable,
        columns: POLICIES,
        rows: rows.collect(),
        when_empty: "There is no policy.",
    }
}

const CHANGES: &[Column] = &[
    Column::new("on", "On").tight(),
    Column::new("policy", "Policy").tight(),
    Column::beneath("title", ""),
    Column::new("version", "Version"),
    Column::new("what", "What changed").wide(),
];

/// Lists what the records themselves tell of changes, the newest first.
fn change_table(register: &Register<'_>) -> Table {
    let mut events: Vec<(String, &Meta, String)> = Vec::new();
    let policies = register.repository.policies.iter().map(|policy| &policy.meta);
    for meta in policies.chain(register.repository.isms.iter().map(|isms| &isms.meta)) {
        let what = match &meta.supersedes {
            Some(old) => {
                let before = register.repository.record(&old.value).map(version_of);
                let version = before.map_or_else(String::new, |version| format!(", version {version}"));
                format!("written; takes the place of {old}{version}")
            }
            None => "written".to_owned(),
        };
        events.push((meta.created.to_string(), meta, what));
        let standing = register.standings.of(meta.kind, &meta.id.value);
        if let Some(since) = standing.since.filter(|_| standing.counts()) {
            let what = format!("version {}: all approvals are there", version_of(meta));
            events.push((day(register.as_of, since), meta, what));
        }
        let last = meta.review.as_ref().and_then(|review| review.last);
        events.extend(last.map(|last| (last.to_string(), meta, "last looked at".to_owned())));
    }
    events.sort_by_key(|(on, meta, _)| (on.clone(), meta.id.value.clone()));
    events.reverse();
    let rows = events.into_iter().map(|(on, meta, what)| {
        vec![
            Cell::text(on),
            Cell::shown(&meta.id.value),
            Cell::text(meta.title.as_str()),
            Cell::text(version_of(meta)),
            Cell::text(what),
        ]
    });
    Table {
        name: "changes",
        caption: "Changes of the policies and of the management system, the newest first".into(),
        layout: Layout::Sortable,
        columns: CHANGES,
        rows: rows.collect(),
        when_empty: "There is no policy.",
    }
}
