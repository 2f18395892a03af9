//! Documents of an opened repository, with what git tells of its records where they show it.

use super::publish::{provenance, templates, unmade};
use crate::cli::failure::Failure;
use crate::cli::job::Job;
use crate::diagnostic::Diagnostic;
use crate::document::{self, CALENDAR, DocumentKind, Format, Lives, PORTAL};
use crate::export::{ICS, export};
use crate::model::RecordId;
use crate::reconcile::Register;
use crate::source::ContentReader;
use crate::source::write::Files;
use crate::trust::{CONFIGURATION_ID, LifeQuestion, lives_of};

/// Makes documents; live ones ask the server that they come from for newer ones.
pub(super) fn documents<'a>(
    job: &'a Job,
    register: &'a Register<'a>,
    found: &[Diagnostic],
    (kinds, formats): (&[&'static DocumentKind], &[Format]),
    is_live: bool,
) -> Result<Files, Failure> {
    let overrides = templates(job)?;
    let mut provenance = provenance(job, found)?;
    provenance.is_live = is_live;
    let mut beside = Files::new();
    if kinds.iter().any(|kind| kind.id == PORTAL.id) {
        provenance.lives = lives(job, register)?;
        let calendar = export(&ICS, register, &provenance).files.into_values().next();
        provenance.has_calendar = calendar.is_some();
        beside.extend(calendar.map(|bytes| (CALENDAR.to_owned(), bytes)));
    }
    let mut files = document::render(kinds, formats, register, &provenance, &overrides).map_err(unmade)?;
    files.append(&mut beside);
    Ok(files)
}

/// Reads the life of every record from git; `None` outside it.
fn lives<'a>(job: &'a Job, register: &'a Register<'a>) -> Result<Option<Lives<'a>>, Failure> {
    let Some(history) = &job.history else {
        return Ok(None);
    };
    let reader = ContentReader::open(&job.root)?;
    let question = LifeQuestion {
        repository: &job.repository,
        history,
        reader: &reader,
        standings: &register.standings,
        as_of: job.as_of,
    };
    let configuration = RecordId::new(CONFIGURATION_ID);
    let ids = job.repository.known.keys().chain(&configuration);
    Ok(Some(Lives {
        by_id: lives_of(question, ids)?,
        is_shallow: history.is_shallow,
    }))
}
