//! `anchor` and `log`: where history stands, and what it tells of a record.

use super::identity::key_holder;
use super::{say, style};
use crate::author::{state_of_history, write_anchor};
use crate::cli::args::{Anchor, At, Global, Log};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure, USAGE};
use crate::cli::job::open;
use crate::cli::ledger;
use crate::cli::past::basis;
use crate::model::{KeyPurpose, RecordId};
use crate::output::log;
use crate::output::text::visible;
use crate::source::{ContentReader, facts};
use crate::trust::sshsig::Namespace;
use crate::trust::{LifeQuestion, judge, judge_statement, life_of};

pub(in crate::cli) fn anchor(
    console: &mut Console<'_>,
    global: &Global,
    anchor: &Anchor,
) -> Result<u8, Failure> {
    if global.as_of.is_some() {
        return Err(Failure::usage(
            "an anchor says where history stands now; leave `--as-of` out",
        ));
    }
    let usage = |error: anyhow::Error| Failure { code: USAGE, error };
    let job = open(console, global, &At::default())?;
    let history = job.history.as_ref().ok_or_else(|| {
        Failure::usage("an anchor signs a commit, and there is none; commit the records to git first")
    })?;
    if job.is_modified {
        return Err(Failure::usage(
            "the work tree differs from its commit, and an anchor signs the commit alone; commit or stash first",
        ));
    }
    if facts(&job.root)?.is_some_and(|facts| facts.is_bare) {
        return Err(Failure::usage(
            "a bare repository has no folder for anchors; run this in a clone",
        ));
    }
    let (signer, person) = key_holder(console, &job, anchor.key.as_deref(), KeyPurpose::Anchor)?;
    let ledger = ledger::whole(job.read_ledger()?)?;
    let statement =
        state_of_history(&job.root, history, ledger.head(), &person, console.now).map_err(usage)?;
    let signature = signer.sign(statement.to_text().as_bytes(), Namespace::Anchor)?;
    let flaws = judge_statement(
        &statement,
        &signature,
        &basis(&job.repository, job.change.as_ref()),
        history,
    );
    if let Some(flaw) = flaws.first() {
        return Err(Failure::usage(format!(
            "the anchor would not count, so that it was not written: {flaw}"
        )));
    }
    let path = write_anchor(&job.root, &statement, &signature).map_err(usage)?;
    writeln!(console.out, "{}", visible(&path))?;
    let commit = statement.commit.get(..12).unwrap_or_default();
    say(
        console,
        global,
        format_args!(
            "commit {commit}, {} commits since {}; commit the two files, and push them to a second remote",
            statement.mainline,
            statement.genesis.get(..12).unwrap_or_default()
        ),
    )?;
    Ok(CLEAN)
}

pub(in crate::cli) fn log(console: &mut Console<'_>, global: &Global, log: &Log) -> Result<u8, Failure> {
    let id =
        RecordId::new(&log.id).ok_or_else(|| Failure::usage(format!("`{}` is no id of a record", log.id)))?;
    let job = open(console, global, &log.at)?;
    let (Some(history), Some(commit)) = (&job.history, &job.commit) else {
        return Err(Failure::usage(
            "the life of a record is read from git, and there is no commit; commit the records first",
        ));
    };
    let standings = judge(&job.repository, &job.approval_question());
    let reader = ContentReader::open(&job.root)?;
    let question = LifeQuestion {
        repository: &job.repository,
        history,
        reader: &reader,
        standings: &standings,
        as_of: job.as_of,
    };
    let life = life_of(question, &id)?.ok_or_else(|| {
        Failure::usage(format!(
            "no record `{id}` is in the repository, and none was in its history"
        ))
    })?;
    let report = log::Report {
        life: &life,
        as_of: job.as_of,
        commit,
    };
    let style = style(console);
    log::write(&report, log.format.into(), style, console.out)?;
    if history.is_shallow {
        say(
            console,
            global,
            "the clone is shallow, so that earlier events are missing; `git fetch --unshallow` brings them",
        )?;
    }
    if job.is_modified {
        say(
            console,
            global,
            "the work tree differs from the commit; what is in no commit is not told",
        )?;
    }
    Ok(CLEAN)
}
