//! `approve`, `reject`, `revoke` and `review`.

use std::path::Path;

use chrono::SubsecRound as _;

use super::identity::{Identity, identify};
use super::say;
use super::status::{tell_needs, tell_rows};
use crate::author::{Act, Refusal, Subject, briefing, file, reviewed, sign, subject};
use crate::cli::args::{Approve, At, Decider, Global, Reject, Review, Scans};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, ERRORS, Failure};
use crate::cli::job::{Job, open};
use crate::load::load;
use crate::model::{Decision, RecordId, Severity};
use crate::output::text::visible;
use crate::output::{Style, diagnostics};
use crate::reconcile::Register;
use crate::source::write::write_beside;
use crate::source::{self, ContentReader};
use crate::trust::{
    Basis, Flaw, Question, Standing, Standings, answers, foresee, judge, last_authors, roles_in_any_capacity,
};

/// A record may have this many bytes in the commit with which it is compared.
const MAX_RECORD_BYTES: u64 = 1 << 20;
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
        question
            .testimony
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
fn register<'a>(console: &mut Console<'_>, global: &Global, job: &'a Job) -> Result<Register<'a>, Failure> {
    let scans = match job.scans(console, &Scans::default()) {
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

fn decide(
    console: &mut Console<'_>,
    global: &Global,
    decision: Decision,
    id: &str,
    reason: &str,
    decider: &Decider,
) -> Result<u8, Failure> {
    if let Some(as_of) = &global.as_of {
        return Err(Failure::usage(format!(
            "`--as-of {as_of}` has no place here: a decision is made when it is made"
        )));
    }
    let id = id_of(id)?;
    let needs_reason = matches!(
        decision,
        Decision::Reject | Decision::Revoke | Decision::ReviewEnd
    );
    if needs_reason && (reason.trim().is_empty() || reason.chars().count() > MAX_REASON) {
        return Err(Failure::usage(format!(
            "`--reason` is a sentence of up to {MAX_REASON} characters"
        )));
    }
    let job = open(console, global, &At::default())?;
    let Some(subject) = subject_of(console, &job, &id)? else {
        return Ok(ERRORS);
    };
    let question = question_of(&job, Some(&subject))?;
    let register = register(console, global, &job)?;
    let standing = standing_of(&register.standings, &subject);
    let identity = match identify(console, &job, &question, decider.key.as_deref())? {
        Ok(identity) => identity,
        Err(flaw) => return refuse(console, &id, "", &[flaw]),
    };
    let role = role_of(
        &job,
        &question,
        &subject,
        standing,
        &identity,
        decision,
        decider.role.as_deref(),
    )?;
    let act = Act {
        decision,
        role: &role,
        person: &identity.person,
        at: question.at,
        basis_commit: job.commit.as_deref(),
        reason,
    };
    let flaws = foresee(&job.repository, &question, &act.intent(&subject));
    if !flaws.is_empty() {
        return refuse(console, &id, &format!("{} as {role}: ", identity.person), &flaws);
    }
    if let Some(path) = already(standing, &act) {
        let what = word(decision);
        say(
            console,
            global,
            format_args!(
                "{} has {what} `{id}` as {role} already, as it is: {}",
                identity.person,
                visible(path)
            ),
        )?;
        return Ok(CLEAN);
    }
    tell_briefing(
        console,
        global,
        &register,
        &question,
        &subject,
        standing,
        Some(&identity.person),
    )?;
    tell_uncommitted(console, global, &job, &subject)?;
    tell_unasked(console, global, &question, standing, &act)?;
    let is_review = matches!(decision, Decision::ReviewKeep | Decision::ReviewEnd);
    let written = match subject.meta.filter(|_| is_review) {
        Some(meta) => {
            let day = question.basis.zone().day_of(question.at);
            Some(reviewed(&job.repository, meta, decision, &identity.person, day)?)
        }
        None => None,
    };
    let signed = sign(&job.repository, &question, &subject, &act, &identity.signer)?;
    let paths = file(&job.root, &signed)?;
    let mut committed: Vec<String> = paths.to_vec();
    if let Some(written) = &written {
        write_beside(&job.root.join(&written.path), written.text.as_bytes())?;
        committed.push(written.path.clone());
    }
    for path in &committed {
        writeln!(console.out, "{}", visible(path))?;
    }
    let next = written.as_ref().and_then(|written| written.next);
    if let Some(next) = next {
        say(console, global, format_args!("the next review is due on {next}"))?;
    }
    tell_after(console, global, &job, &question, &id)?;
    let names: Vec<String> = committed.iter().map(|path| visible(path).into_owned()).collect();
    say(
        console,
        global,
        format_args!("commit together: git add {}", names.join(" ")),
    )?;
    Ok(CLEAN)
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

/// Takes the role that was named, else the only one of the person that is asked for.
fn role_of(
    job: &Job,
    question: &Question<'_>,
    subject: &Subject<'_>,
    standing: &Standing,
    identity: &Identity,
    decision: Decision,
    named: Option<&str>,
) -> Result<RecordId, Failure> {
    if let Some(named) = named {
        let role = RecordId::new(named);
        return role.ok_or_else(|| Failure::usage(format!("`--role {named}` is no id of a role")));
    }
    let person = &identity.person;
    let roles = roles_in_any_capacity(question, person);
    let act = |role| Act {
        decision,
        role,
        person,
        at: question.at,
        basis_commit: None,
        reason: "",
    };
    let is_asked = |role: &RecordId| {
        let mut demands = standing.demands.iter();
        let is_open = |met: &crate::trust::Met| decision != Decision::Approve || !met.is_met();
        demands.any(|met| is_open(met) && answers(question, &met.demand, person, role))
    };
    let fitting: Vec<&RecordId> = roles
        .iter()
        .copied()
        .filter(|role| is_asked(role))
        .filter(|role| foresee(&job.repository, question, &act(role).intent(subject)).is_empty())
        .collect();
    if let [role] = fitting.as_slice() {
        return Ok((*role).clone());
    }
    let listed = |roles: &[&RecordId]| {
        let names: Vec<String> = roles.iter().map(|role| format!("`{role}`")).collect();
        names.join(", ")
    };
    Err(Failure::usage(match (fitting.as_slice(), roles.as_slice()) {
        (_, []) => format!("{person} acts in no role today, and decisions are made in a role"),
        ([], _) => format!(
            "none of the roles of {person} is asked for by `{}` and may decide it; name one of {} with `--role`",
            subject.id,
            listed(&roles)
        ),
        (several, _) => format!(
            "{person} could decide as {}; name one with `--role`",
            listed(several)
        ),
    }))
}

/// Finds the file in which the person has decided the same about the same content, where that stands.
fn already<'a>(standing: &'a Standing, act: &Act<'_>) -> Option<&'a str> {
    // A review is made again at each of its days.
    if act.decision == Decision::ReviewKeep {
        return None;
    }
    let mut decisions = standing.decisions.iter();
    let same = decisions.find(|decided| {
        decided.decision == act.decision
            && decided.person == *act.person
            && decided.role == *act.role
            && decided.covers_current
            && decided.is_in_force()
    })?;
    Some(&*same.path)
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approved",
        Decision::Reject => "rejected",
        Decision::Revoke => "revoked",
        Decision::ReviewKeep | Decision::ReviewEnd => "reviewed",
    }
}

fn tell_briefing(
    console: &mut Console<'_>,
    global: &Global,
    register: &Register<'_>,
    question: &Question<'_>,
    subject: &Subject<'_>,
    standing: &Standing,
    person: Option<&RecordId>,
) -> Result<(), Failure> {
    if global.quiet {
        return Ok(());
    }
    let mut rows = briefed(register, question, subject, standing)?;
    if let Some(person) = person {
        rows.push((
            "you may",
            authority(register, question, subject, standing, person),
        ));
    }
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

/// Says in which roles a person may approve, and how far they reach.
fn authority(
    register: &Register<'_>,
    question: &Question<'_>,
    subject: &Subject<'_>,
    standing: &Standing,
    person: &RecordId,
) -> String {
    let mut told = Vec::new();
    for role in roles_in_any_capacity(question, person) {
        let act = Act {
            decision: Decision::Approve,
            role,
            person,
            at: question.at,
            basis_commit: None,
            reason: "",
        };
        let mut flaws = foresee(register.repository, question, &act.intent(subject)).into_iter();
        let mut demands = standing.demands.iter();
        let is_asked = demands.any(|met| answers(question, &met.demand, person, role));
        match flaws.next() {
            None => {
                let asked = if is_asked {
                    ""
                } else {
                    ", though nobody asks for it"
                };
                told.push(format!(
                    "approve: yes, as {role}{}{asked}",
                    reach(question, role, subject.kind)
                ));
            }
            Some(flaw) if is_asked => told.push(format!("not approve as {role}: {flaw}")),
            Some(_) => {}
        }
    }
    if told.is_empty() {
        "not approve: no role of yours may".into()
    } else {
        told.join("; ")
    }
}

/// Tells how far a role reaches for a kind.
fn reach(question: &Question<'_>, role: &RecordId, kind: &str) -> String {
    let role = question.basis.repository.roles.get(role);
    let Some(may) = role.and_then(|role| role.spec.may_approve.iter().find(|may| may.kind == kind)) else {
        return String::new();
    };
    let severity = may.max_severity.map(|max: Severity| format!(", up to {max}"));
    let days = may.max_days.map(|max| format!(", {max} d"));
    let residual = may
        .max_residual
        .as_ref()
        .map(|max| format!(", residual risk up to {max}"));
    [severity, days, residual].into_iter().flatten().collect()
}

/// What is not committed has no author yet whom the separation of duties could name.
fn tell_uncommitted(
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
fn tell_unasked(
    console: &mut Console<'_>,
    global: &Global,
    question: &Question<'_>,
    standing: &Standing,
    act: &Act<'_>,
) -> Result<(), Failure> {
    let mut demands = standing.demands.iter();
    let is_asked = demands.any(|met| answers(question, &met.demand, act.person, act.role));
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
fn tell_after(
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
        testimony: question.testimony.clone(),
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

fn show(console: &mut Console<'_>, global: &Global, id: &str, key: Option<&Path>) -> Result<u8, Failure> {
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
            Some(Ok(identity)) => authority(&register, &question, &subject, standing, &identity.person),
            Some(Err(flaw)) => format!("not approve: {flaw}"),
            None => "see here what you may approve with `--key KEY`".into(),
        },
    ));
    tell_rows(console.out, &rows)?;
    tell_needs(console.out, &job.repository, &question, &subject, standing)?;
    Ok(CLEAN)
}
