//! GOV001 and GOV002 over commits that no pull request was asked for: what re-reading history found.

use crate::diagnostic::Diagnostic;
use crate::load::Repository;
use crate::source::Span;
use crate::trust::{Breach, BreachKind, Past, id_of};

/// Tells what commits of the first-parent line did that a pull request may not.
pub(in crate::check) fn reread(repository: &Repository, past: Option<&Past>, out: &mut Vec<Diagnostic>) {
    let breaches = past.map_or(&[][..], |past| &past.breaches);
    out.extend(breaches.iter().map(|breach| tell(repository, breach)));
}

fn tell(repository: &Repository, breach: &Breach) -> Diagnostic {
    let path = &*breach.path;
    let (code, name, what) = match &breach.what {
        BreachKind::DecisionRemoved => ("GOV002", REMOVED, "was removed; no decision ever is".to_owned()),
        BreachKind::DecisionChanged => ("GOV002", REMOVED, "was changed; no decision ever is".to_owned()),
        BreachKind::AnchorRemoved => ("GOV002", REMOVED, "was removed; no anchor ever is".to_owned()),
        BreachKind::AnchorChanged => ("GOV002", REMOVED, "was changed; no anchor ever is".to_owned()),
        BreachKind::RecordRemoved { status } => (
            "GOV002",
            REMOVED,
            format!("was removed while it was `{}`", status.word()),
        ),
        BreachKind::RecordMoved { to } => ("GOV002", REMOVED, format!("was moved to `{to}`")),
        BreachKind::StatusMovedBack { from, to } => (
            "GOV001",
            MOVED_BACK,
            format!("went back from `{}` to `{}`", from.word(), to.word()),
        ),
    };
    let commit = breach.commit.get(..12).unwrap_or(&breach.commit);
    let day = repository.zone().day_of(breach.at);
    let here = repository.sources.find(path);
    let span = here.map_or_else(|| repository.root_span(), Span::start_of);
    let mut diagnostic = Diagnostic::error(
        code,
        span,
        format!("`{path}` {what}, in commit {commit} of {day}"),
    );
    diagnostic.name = name;
    let subject = id_of(path).map_or_else(|| path.to_owned(), |id| id.to_string());
    diagnostic
        .label("every commit since the last anchor is judged as if it were a pull request")
        .help("put it back as it was in a pull request; or look into it, write down what it was, and anchor after it")
        .subject(subject)
}

const REMOVED: &str = "deleted-or-renamed";
const MOVED_BACK: &str = "immutable-field";
