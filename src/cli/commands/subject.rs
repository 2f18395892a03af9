//! What a decision is about, as the commands open it.

use std::sync::Arc;

use super::say;
use crate::author::{Refusal, Subject, subject};
use crate::cli::args::{Global, Scans};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::Job;
use crate::cli::progress::Progress;
use crate::model::RecordId;
use crate::output::text::visible;
use crate::output::{Style, diagnostics};
use crate::reconcile::Register;
use crate::source::ContentReader;
use crate::trust::{Question, Standing, Standings, last_authors};
use chrono::SubsecRound as _;

/// Reads the id of a command line; a part of a record is refused, since no kind that stands has parts.
pub(super) fn id_of(text: &str) -> Result<RecordId, Failure> {
    if let Some((id, fragment)) = text.split_once('#') {
        return Err(Failure::usage(format!(
            "`{id}` has no part `#{fragment}` that is decided about by itself: no kind of record has such parts; decide about `{id}`"
        )));
    }
    RecordId::new(text).ok_or_else(|| Failure::usage(format!("`{text}` is no id of a record")))
}

/// Finds what is decided about; a record that does not fit its schema is told, and nothing is decided.
pub(super) fn subject_of<'a>(
    console: &mut Console<'_>,
    job: &'a Job,
    id: &'a RecordId,
) -> Result<Option<Subject<'a>>, Failure> {
    match subject(&job.repository, id) {
        Ok(subject) => Ok(Some(subject)),
        Err(Refusal::Usage(message)) => Err(Failure::usage(message)),
        Err(Refusal::Faulty(id)) => {
            let known = job.repository.known.get(&id);
            let faults: Vec<_> = job
                .repository
                .faults
                .iter()
                .filter(|fault| known.is_some_and(|known| known.span.file == fault.span.file))
                .cloned()
                .collect();
            let report = diagnostics::Report {
                diagnostics: &faults,
                sources: &job.repository.sources,
                as_of: job.as_of,
                commit: job.commit.as_deref(),
                codes_off: &[],
            };
            diagnostics::write(&report, diagnostics::Format::Human, Style::plain(), console.err)?;
            writeln!(
                console.err,
                "`{id}` does not fit its schema, so that nothing can be decided about it"
            )?;
            Ok(None)
        }
    }
}

/// Asks as `check` does, now, with the authors of all records that are about to be judged.
pub(super) fn question_of<'a>(job: &'a Job, subject: Option<&Subject<'_>>) -> Result<Question<'a>, Failure> {
    let mut question = job.approval_question();
    question.at = question.at.trunc_subsecs(0);
    if let Some(history) = &job.history {
        let reader = ContentReader::open(&job.root)?;
        let wanted = |id: &RecordId| subject.is_none_or(|subject| subject.id == id);
        let records = job.repository.records().filter(|meta| wanted(&meta.id));
        Arc::make_mut(&mut question.testimony)
            .authors
            .extend(last_authors(records, history, &reader)?);
    }
    Ok(question)
}

pub(super) fn standing_of<'a>(standings: &'a Standings, subject: &Subject<'_>) -> &'a Standing {
    match subject.record_kind() {
        Some(kind) => standings.of(kind, subject.id),
        None => standings.of_configuration(),
    }
}

/// Lays the records against the imports; without them where one cannot be read, which is said.
pub(super) fn register<'a>(
    console: &mut Console<'_>,
    global: &Global,
    job: &'a Job,
) -> Result<Register<'a>, Failure> {
    let progress = Progress::start(console, global, "reading");
    let scans = match job.scans(console, &progress, &Scans::default()) {
        Ok(scans) => scans,
        Err(failure) => {
            let text = format!("what it covers now is not known: {:#}", failure.error);
            for line in text.lines() {
                say(console, global, visible(line))?;
            }
            Vec::new()
        }
    };
    Ok(job.register(&scans, None))
}
