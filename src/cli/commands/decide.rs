//! `approve`, `reject`, `revoke` and `review`.

use super::brief::{show, tell_after, tell_briefing, tell_unasked, tell_uncommitted};
use super::identity::{Identity, identify, role_of};
use super::say;
use super::subject::{id_of, question_of, register, standing_of, subject_of};
use crate::author::{Act, Subject, file, reviewed, sign};
use crate::cli::args::{Approve, At, Decider, Global, Reject, Review};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, ERRORS, Failure};
use crate::cli::job::{Job, open};
use crate::model::{Decision, RecordId};
use crate::output::text::visible;
use crate::source::write::write_beside;
use crate::trust::signer::Signer;
use crate::trust::{Flaw, Question, foresee};

/// A reason may have this many characters.
const MAX_REASON: usize = 2000;

pub(in crate::cli) fn approve(
    console: &mut Console<'_>,
    global: &Global,
    approve: &Approve,
) -> Result<u8, Failure> {
    decide(
        console,
        global,
        Decision::Approve,
        &approve.id,
        "",
        &approve.decider,
    )
}

pub(in crate::cli) fn reject(
    console: &mut Console<'_>,
    global: &Global,
    reject: &Reject,
) -> Result<u8, Failure> {
    decide(
        console,
        global,
        Decision::Reject,
        &reject.id,
        &reject.reason,
        &reject.decider,
    )
}

pub(in crate::cli) fn revoke(
    console: &mut Console<'_>,
    global: &Global,
    revoke: &Reject,
) -> Result<u8, Failure> {
    decide(
        console,
        global,
        Decision::Revoke,
        &revoke.id,
        &revoke.reason,
        &revoke.decider,
    )
}

pub(in crate::cli) fn review(
    console: &mut Console<'_>,
    global: &Global,
    review: &Review,
) -> Result<u8, Failure> {
    let reason = review.reason.as_deref().unwrap_or_default();
    match (review.keep, review.end) {
        (true, _) => decide(
            console,
            global,
            Decision::ReviewKeep,
            &review.id,
            "",
            &review.decider,
        ),
        (_, true) => decide(
            console,
            global,
            Decision::ReviewEnd,
            &review.id,
            reason,
            &review.decider,
        ),
        (false, false) => show(console, global, &review.id, review.decider.key.as_deref()),
    }
}

fn decide(
    console: &mut Console<'_>,
    global: &Global,
    decision: Decision,
    id: &str,
    reason: &str,
    decider: &Decider,
) -> Result<u8, Failure> {
    let id = id_of(id)?;
    refuse_words(global, decision, reason)?;
    let job = open(console, global, &At::default())?;
    let Some(subject) = subject_of(console, &job, &id)? else {
        return Ok(ERRORS);
    };
    let question = question_of(&job, Some(&subject))?;
    let register = register(console, global, &job)?;
    let standing = standing_of(&register.standings, &subject);
    let Identity { person, signer } = match identify(console, &job, &question, decider.key.as_deref())? {
        Ok(identity) => identity,
        Err(flaw) => return refuse(console, &id, "", &[flaw]),
    };
    let named = decider.role.as_deref();
    let role = role_of(&job, &question, &subject, standing, (&person, decision), named)?;
    let act = Act {
        decision,
        role: &role,
        person: &person,
        at: question.at,
        basis_commit: job.commit.as_deref(),
        reason,
    };
    let flaws = foresee(&job.repository, &question, &act.intent(&subject));
    if !flaws.is_empty() {
        return refuse(console, &id, &format!("{person} as {role}: "), &flaws);
    }
    if let Some(path) = act.already(standing) {
        let (what, path) = (word(decision), visible(path));
        let line = format_args!("{person} has {what} `{id}` as {role} already, as it is: {path}");
        say(console, global, line)?;
        return Ok(CLEAN);
    }
    tell_briefing(console, global, &register, &question, &subject, standing, &person)?;
    tell_uncommitted(console, global, &job, &subject)?;
    tell_unasked(console, global, &question, standing, &act)?;
    let paths = write(console, global, &job, &question, &subject, &act, &signer)?;
    tell_after(console, global, &job, &question, &id)?;
    say(
        console,
        global,
        format_args!("commit together: git add {}", paths.join(" ")),
    )?;
    Ok(CLEAN)
}

fn refuse_words(global: &Global, decision: Decision, reason: &str) -> Result<(), Failure> {
    if let Some(as_of) = &global.as_of {
        return Err(Failure::usage(format!(
            "`--as-of {as_of}` has no place here: a decision is made when it is made"
        )));
    }
    let needs_reason = matches!(
        decision,
        Decision::Reject | Decision::Revoke | Decision::ReviewEnd
    );
    if needs_reason && (reason.trim().is_empty() || reason.chars().count() > MAX_REASON) {
        return Err(Failure::usage(format!(
            "`--reason` is a sentence of up to {MAX_REASON} characters"
        )));
    }
    Ok(())
}

/// Signs a decision and files it, a review into its record too; prints and returns the paths, made harmless.
fn write(
    console: &mut Console<'_>,
    global: &Global,
    job: &Job,
    question: &Question<'_>,
    subject: &Subject<'_>,
    act: &Act<'_>,
    signer: &Signer,
) -> Result<Vec<String>, Failure> {
    let repository = &job.repository;
    let is_review = matches!(act.decision, Decision::ReviewKeep | Decision::ReviewEnd);
    let day = question.basis.zone().day_of(question.at);
    // Whether the record can be written is known before anything is signed.
    let written = subject
        .meta
        .filter(|_| is_review)
        .map(|meta| reviewed(repository, meta, act.decision, act.person, day))
        .transpose()?;
    let signed = sign(repository, question, subject, act, signer)?;
    let mut paths: Vec<String> = file(&job.root, &signed)?.to_vec();
    if let Some(written) = &written {
        write_beside(&job.root.join(&written.path), written.text.as_bytes())?;
        paths.push(written.path.clone());
    }
    let paths: Vec<String> = paths.iter().map(|path| visible(path).into_owned()).collect();
    for path in &paths {
        writeln!(console.out, "{path}")?;
    }
    if let Some(next) = written.and_then(|written| written.next) {
        say(console, global, format_args!("the next review is due on {next}"))?;
    }
    Ok(paths)
}

/// Says why a decision is not signed; nothing is written.
fn refuse(console: &mut Console<'_>, id: &RecordId, who: &str, flaws: &[Flaw]) -> Result<u8, Failure> {
    for flaw in flaws {
        let line = format!("error {} {id} - {who}{flaw}; {}", flaw.code(), flaw.help());
        writeln!(console.err, "{}", visible(&line))?;
    }
    writeln!(console.err, "nothing was signed")?;
    Ok(ERRORS)
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approved",
        Decision::Reject => "rejected",
        Decision::Revoke => "revoked",
        Decision::ReviewKeep | Decision::ReviewEnd => "reviewed",
    }
}
