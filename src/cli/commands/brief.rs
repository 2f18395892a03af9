//! What a person is shown before and after a decision, and by `review` without one.

use std::path::Path;
use std::sync::Arc;

use super::identity::identify;
use super::say;
use super::status::{tell_needs, tell_rows};
use super::subject::{id_of, question_of, register, standing_of, subject_of};
use crate::author::{Act, Subject, authority, briefing, is_asked, subject};
use crate::cli::args::{At, Global};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, ERRORS, Failure};
use crate::cli::job::{Job, open};
use crate::load::load;
use crate::model::{Decision, RecordId};
use crate::output::text::visible;
use crate::reconcile::Register;
use crate::source;
use crate::trust::{Basis, Question, Standing, judge};

/// A record may have this many bytes in the commit with which it is compared.
const MAX_RECORD_BYTES: u64 = 1 << 20;

pub(super) fn tell_briefing(
    console: &mut Console<'_>,
    global: &Global,
    register: &Register<'_>,
    question: &Question<'_>,
    subject: &Subject<'_>,
    standing: &Standing,
    person: &RecordId,
) -> Result<(), Failure> {
    if global.quiet {
        return Ok(());
    }
    let mut rows = briefed(register, question, subject, standing)?;
    rows.push((
        "you may",
        authority(register.repository, question, subject, standing, person),
    ));
    Ok(tell_rows(console.err, &rows)?)
}

/// Returns what is shown of a record before somebody decides.
fn briefed(
    register: &Register<'_>,
    question: &Question<'_>,
    subject: &Subject<'_>,
    standing: &Standing,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut rows = vec![("record", format!("{} {}", subject.kind, subject.id))];
    match subject.meta {
        Some(meta) => rows.extend(briefing(register, question, meta, standing)),
        None => rows.push(("is", "how everything is judged and shown".into())),
    }
    rows.push(("signed is", subject.shown(register.repository)));
    rows.push(("digest", subject.digest(register.repository)?));
    Ok(rows)
}

/// What is not committed has no author yet whom the separation of duties could name.
pub(super) fn tell_uncommitted(
    console: &mut Console<'_>,
    global: &Global,
    job: &Job,
    subject: &Subject<'_>,
) -> Result<(), Failure> {
    let (Some(commit), Some(meta), true) = (&job.commit, subject.meta, job.is_modified) else {
        return Ok(());
    };
    let tree = source::read_commit(&job.root, commit)?;
    let committed = tree
        .entry(&meta.path)
        .and_then(|entry| tree.read(entry, MAX_RECORD_BYTES).ok());
    let lies = job
        .repository
        .sources
        .get(meta.file)
        .map(|file| file.text.as_bytes());
    if committed.as_deref() != lies {
        let path = visible(&meta.path);
        let line = format_args!(
            "note: `{path}` is not committed as it is; whoever commits it is its author, and cannot approve it"
        );
        say(console, global, line)?;
    }
    Ok(())
}

/// An approval that nobody asks for is good, and brings the record no further.
pub(super) fn tell_unasked(
    console: &mut Console<'_>,
    global: &Global,
    question: &Question<'_>,
    standing: &Standing,
    act: &Act<'_>,
) -> Result<(), Failure> {
    let is_asked = is_asked(question, standing, act.person, act.role);
    if act.decision == Decision::Approve && !is_asked {
        say(
            console,
            global,
            format_args!("note: no approval as {} is asked for", act.role),
        )?;
    }
    Ok(())
}

/// Reads the records back, and says what the decision has come to.
pub(super) fn tell_after(
    console: &mut Console<'_>,
    global: &Global,
    job: &Job,
    question: &Question<'_>,
    id: &RecordId,
) -> Result<(), Failure> {
    let tree = source::read_folder(&job.root)?;
    let configuration = job.repository.configuration.clone();
    let repository = load(&tree, configuration, job.settings.load_limits())?;
    let after = Question {
        basis: Basis::of(&repository),
        at: question.at,
        own: None,
        rules: question.rules.clone(),
        testimony: Arc::clone(&question.testimony),
        changed: question.changed.clone(),
    };
    let standings = judge(&repository, &after);
    let Ok(subject) = subject(&repository, id) else {
        return Ok(());
    };
    if global.quiet {
        return Ok(());
    }
    Ok(tell_needs(
        console.err,
        &repository,
        &after,
        &subject,
        standing_of(&standings, &subject),
    )?)
}

/// Shows a record to whoever asks, and decides nothing.
pub(super) fn show(
    console: &mut Console<'_>,
    global: &Global,
    id: &str,
    key: Option<&Path>,
) -> Result<u8, Failure> {
    let id = id_of(id)?;
    let job = open(console, global, &At::default())?;
    let Some(subject) = subject_of(console, &job, &id)? else {
        return Ok(ERRORS);
    };
    let question = question_of(&job, None)?;
    let register = register(console, global, &job)?;
    let standing = standing_of(&register.standings, &subject);
    let mut rows = briefed(&register, &question, &subject, standing)?;
    let identity = match identify(console, &job, &question, key) {
        // Whoever looks needs no key; one that is named must be good.
        Err(failure) if key.is_some() => return Err(failure),
        found => found.ok(),
    };
    rows.push((
        "you may",
        match identity {
            Some(Ok(identity)) => authority(&job.repository, &question, &subject, standing, &identity.person),
            Some(Err(flaw)) => format!("not approve: {flaw}"),
            None => "see here what you may approve with `--key KEY`".into(),
        },
    ));
    tell_rows(console.out, &rows)?;
    tell_needs(console.out, &job.repository, &question, &subject, standing)?;
    Ok(CLEAN)
}
