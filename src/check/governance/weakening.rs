//! GOV003: trust or rules weakened without the quorum, beside other changes, or by a key that has not cooled.

use std::sync::Arc;

use super::{changes, places};
use crate::check::words::{excerpt, listed, listed_up_to};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::{ALLOWED_SIGNERS, CONFIGURATION, REVOKED};
use crate::model::{Kind, RecordId};
use crate::source::Span;
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::{
    ApprovalState, Approver, CONFIGURATION_ID, CONFIGURATION_KIND, Change, Classified, Effect, KEYRING_KIND,
    RecordChange, Standing, Standings, humans_in, is_always_demanded, is_trust,
};

pub(in crate::check) const CHECK: Check = Check {
    code: "GOV003",
    name: "weakening",
    family: Family::Governance,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "cooling_hours",
            default: Default::Number(24),
            meaning: "hours before a key that a change brings may count",
        },
        Parameter {
            name: "quorum",
            default: Default::Number(2),
            meaning: "owners of security who must approve what weakens an agreement or a policy; never fewer than 2",
        },
    ],
    explanation: include_str!("weakening.md"),
    run,
};

/// Folders that a change of trust or rules may touch beside them.
const BESIDE: [&str; 5] = ["imports/", "ledger/", "generated/", "anchors/", "data/"];

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    if let Some(since) = context.since() {
        weakened(context, since.change, &since.standings, out);
    }
    let Some(change) = context.change() else { return };
    if let Some((span, id)) = weakened(context, change, &context.register.standings, out) {
        out.extend(mixed(context, change, span, &id));
    }
    cooling(context, change, out);
}

/// Tells what was weakened without its approvals, and returns the first place of all that was weakened.
fn weakened(
    context: &Context<'_>,
    change: &Change,
    standings: &Standings,
    out: &mut Vec<Diagnostic>,
) -> Option<(Span, Box<str>)> {
    let mut first: Option<(Span, Box<str>)> = None;
    for one in changes(change, context.repository()) {
        let weakened = one
            .edits
            .iter()
            .filter(|edit| edit.effect == Effect::Weakens && edit.rule == CHECK.code);
        for edit in weakened {
            let span = edit
                .span
                .unwrap_or_else(|| places::start_of(context.repository(), &one.path));
            first.get_or_insert((span, one.id.clone()));
            if let Some(missing) = missing(context, change, standings, &one, edit) {
                out.push(tell(&one, edit, span, missing));
            }
        }
    }
    first
}

/// What a weakening lacks: what to say of it, and what to do.
struct Missing {
    label: String,
    help: String,
}

fn missing(
    context: &Context<'_>,
    change: &Change,
    standings: &Standings,
    one: &RecordChange,
    edit: &Classified,
) -> Option<Missing> {
    let id = RecordId::new(&one.id)?;
    match (one.kind, Kind::from_name(one.kind)) {
        (CONFIGURATION_KIND, _) => lacking(standings.of_configuration(), CONFIGURATION_ID),
        (KEYRING_KIND, _) => of_keyring(context, change, standings, edit),
        (_, Some(kind)) => {
            let standing = standings.of(kind, &id);
            lacking(standing, &one.id).or_else(|| {
                // Kinds that are approved by others in any case need the owners of security beside them.
                is_always_demanded(kind).then(|| owners(context, change, standing, &one.id))?
            })
        }
        (_, None) => None,
    }
}

/// Says which approvals are missing, and which are there.
fn lacking(standing: &Standing, id: &str) -> Option<Missing> {
    if standing.state == ApprovalState::Approved {
        return None;
    }
    let missing: Vec<String> = standing
        .missing()
        .map(|met| {
            let who = listed(met.demand.who());
            format!("{who}, {} of {} people", met.by.len(), met.needed)
        })
        .collect();
    let there = standing.demands.iter().flat_map(|met| &met.by);
    let there: Vec<&RecordId> = there.collect();
    let wanted = if missing.is_empty() {
        "an approval of the content as it is".to_owned()
    } else {
        missing.join("; ")
    };
    let role = standing
        .missing()
        .find_map(|met| met.demand.who().into_iter().next());
    Some(Missing {
        label: format!("it needs {wanted}; approved so far by {}", listed(there)),
        help: format!(
            "have it approved in a pull request of its own: `countersign approve {id} --role {}`",
            role.unwrap_or_else(|| "role-…".into())
        ),
    })
}

/// Demands as many owners of security as a change of the configuration does.
fn owners(context: &Context<'_>, change: &Change, standing: &Standing, id: &str) -> Option<Missing> {
    let roles = owners_of_security(context);
    let needed = usize::try_from(context.number("quorum").clamp(2, 100)).unwrap_or(2);
    let there = humans_in(standing, &roles, &change.base);
    (there.len() < needed).then(|| Missing {
        label: format!(
            "it needs {}, {} of {needed} people; approved so far by {}",
            listed(&roles),
            there.len(),
            listed(&there)
        ),
        help: format!(
            "have it approved in a pull request of its own: `countersign approve {id} --role {}`",
            roles.first().map_or("role-…", RecordId::as_str)
        ),
    })
}

fn owners_of_security(context: &Context<'_>) -> Vec<RecordId> {
    let standing = context.register.standings.of_configuration();
    let roles = standing.demands.iter().find_map(|met| match &met.demand.by {
        Approver::Roles(roles) => Some(roles.clone()),
        Approver::Committee(_) | Approver::Person(_) | Approver::Business => None,
    });
    roles.unwrap_or_default()
}

/// A line of the list of keys is covered by the approvals of the person whose key it is.
fn of_keyring(
    context: &Context<'_>,
    change: &Change,
    standings: &Standings,
    edit: &Classified,
) -> Option<Missing> {
    let line = edit.edit.after.as_deref().unwrap_or_default();
    if edit.edit.field == REVOKED {
        return Some(Missing {
            label: "a key that was revoked never counts again".into(),
            help: "put the line back; whoever lost a key gets a new one".into(),
        });
    }
    let line: String = serde_json::from_str(line).unwrap_or_default();
    let parsed = AllowedSigners::parse(&line);
    let person = parsed.entries.first().and_then(|entry| {
        let fingerprint = entry.key.fingerprint();
        let mut people = context.repository().people.iter();
        people.find(|person| {
            let mut keys = person.spec.keys.iter();
            keys.any(|key| key.fingerprint.value == fingerprint)
        })
    });
    let Some(person) = person else {
        return Some(Missing {
            label: "no record of a person lists this key, so nobody can approve it".into(),
            help: "write the key into the record of its person, in a pull request of its own".into(),
        });
    };
    let is_touched = change.subjects(context.repository()).contains(person.id());
    let standing = standings.of(Kind::Person, person.id());
    is_touched
        .then(|| lacking(standing, person.id().as_str()))
        .flatten()
}

fn tell(one: &RecordChange, edit: &Classified, span: Span, missing: Missing) -> Diagnostic {
    let what = excerpt(&edit.edit.to_string());
    let message = match one.kind {
        CONFIGURATION_KIND | KEYRING_KIND => format!("`{what}` weakens what is judged: {}", edit.why),
        _ => format!("`{what}` weakens `{}`: {}", one.id, edit.why),
    };
    Diagnostic::error(CHECK.code, span, message)
        .label(missing.label)
        .help(missing.help)
        .subject(one.id.to_string())
}

/// What weakens trust or rules comes alone, so that nobody overlooks it.
fn mixed(context: &Context<'_>, change: &Change, span: Span, id: &str) -> Option<Diagnostic> {
    let others: Vec<&Arc<str>> = change
        .paths
        .iter()
        .map(|changed| &changed.path)
        .filter(|path| !is_of_trust(context, change, path))
        .collect();
    if others.is_empty() {
        return None;
    }
    let message = format!(
        "a change that weakens trust or rules also changes {}",
        listed_up_to(3, &others)
    );
    let mut diagnostic = Diagnostic::error(CHECK.code, span, message)
        .label("this needs a pull request of its own")
        .help("take the rest out of this pull request, and merge one after the other")
        .subject(id);
    for path in others.into_iter().take(3) {
        let place = places::start_of(context.repository(), path);
        diagnostic = diagnostic.related(place, format!("`{}` does not belong here", excerpt(path)));
    }
    Some(diagnostic)
}

/// Tells whether a path is a record of trust, an approval of one, or a fact that machines add.
fn is_of_trust(context: &Context<'_>, change: &Change, path: &str) -> bool {
    if path == CONFIGURATION
        || Change::is_guarded(path)
        || Change::is_keyring(path)
        || BESIDE.iter().any(|folder| path.starts_with(folder))
    {
        return true;
    }
    if let Some(rest) = path.strip_prefix("approvals/") {
        return rest
            .split_once('/')
            .is_some_and(|(id, _)| is_trust_id(context, change, id));
    }
    let kind = match path.split_once('/') {
        None if path == "isms.yaml" => Some(Kind::Isms),
        None => None,
        Some((folder, _)) => Kind::ALL.iter().copied().find(|kind| kind.folder() == folder),
    };
    kind.is_some_and(is_trust)
}

fn is_trust_id(context: &Context<'_>, change: &Change, id: &str) -> bool {
    let Some(id) = RecordId::new(id) else { return false };
    let repositories = std::iter::once(context.repository()).chain(&change.before);
    let mut kinds = repositories.filter_map(|repository| repository.known.get(&id));
    id.as_str() == CONFIGURATION_ID || kinds.any(|known| is_trust(known.kind))
}

/// A key that a change brings counts only after a while, so that somebody can object.
fn cooling(context: &Context<'_>, change: &Change, out: &mut Vec<Diagnostic>) {
    let days = (context.number("cooling_hours").clamp(0, 24 * 366) + 23) / 24;
    let earliest = context.as_of().day().plus_days(days);
    for person in &context.repository().people {
        for key in &person.spec.keys {
            let is_known = change.before.iter().any(|before| {
                let known = before.people.get(person.id());
                known.is_some_and(|known| {
                    known
                        .spec
                        .keys
                        .iter()
                        .any(|other| other.fingerprint.value == key.fingerprint.value)
                })
            });
            if is_known || key.valid_from.value >= earliest {
                continue;
            }
            let message = format!(
                "the new key of `{}` counts from {} on, which leaves nobody time to object",
                person.id(),
                key.valid_from.value
            );
            out.push(
                Diagnostic::error(CHECK.code, key.valid_from.span, message)
                    .label(format!("{earliest} or later"))
                    .help(format!(
                        "set `valid_from` to {earliest} or later, here and in `{ALLOWED_SIGNERS}`"
                    ))
                    .subject(person.id().to_string()),
            );
        }
    }
}
