//! Whose key is at hand.

use std::path::Path;

use crate::author::{Subject, fitting_roles};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::Job;
use crate::model::{Decision, KeyPurpose, RecordId};
use crate::trust::signer::Signer;
use crate::trust::sshsig::{PublicKey, VerifyError};
use crate::trust::{Flaw, Question, Standing, judge_key, roles_in_any_capacity};

/// Somebody, and the key that says so.
pub(super) struct Identity {
    pub(super) person: RecordId,
    pub(super) signer: Signer,
}

/// Finds the person behind a key; the flaw says why the key counts for nobody now.
pub(super) fn identify(
    console: &Console<'_>,
    job: &Job,
    question: &Question<'_>,
    key: Option<&Path>,
) -> Result<Result<Identity, Flaw>, Failure> {
    let Some(path) = key else {
        return of_agent(job, question, console.can_ask).map(Ok);
    };
    let signer = Signer::open(&console.folder.join(path))?.asking(console.can_ask);
    let owners = owners(job, signer.public_key());
    let fingerprint = signer.public_key().fingerprint();
    let person = match owners.as_slice() {
        [] => {
            let what = format!("{fingerprint} is no key for approvals in any person's record");
            return Ok(Err(Flaw::Signature(VerifyError::Key(what))));
        }
        [person] => (*person).clone(),
        several => {
            return Err(Failure::usage(format!(
                "the key {fingerprint} stands in the records of {}; a key belongs to one person",
                listed(several)
            )));
        }
    };
    let flaw = judge_key(
        &question.basis,
        &person,
        signer.public_key(),
        signer.certificate(),
        question.at,
    );
    Ok(match flaw {
        Some(flaw) => Err(flaw),
        None => Ok(Identity { person, signer }),
    })
}

/// Finds a key for a purpose other than approvals, and the person in whose record it stands for that today.
pub(super) fn key_holder(
    console: &Console<'_>,
    job: &Job,
    key: Option<&Path>,
    purpose: KeyPurpose,
) -> Result<(Signer, RecordId), Failure> {
    let signers = match key {
        Some(key) => vec![Signer::open(&console.folder.join(key))?],
        None => Signer::agent_keys()?.iter().map(Signer::from_agent).collect(),
    };
    let day = job.repository.zone().day_of(console.now);
    for signer in signers {
        let fingerprint = signer.public_key().fingerprint();
        let person = job.repository.people.iter().find(|person| {
            person.spec.keys.iter().any(|key| {
                key.fingerprint.value == fingerprint
                    && key.purpose == Some(purpose)
                    && key.valid_from.value <= day
                    && key.valid_to.is_none_or(|last| day <= last.value)
            })
        });
        if let Some(person) = person {
            return Ok((signer.asking(console.can_ask), person.id().clone()));
        }
    }
    let purpose = purpose.word();
    Err(Failure::usage(match key {
        Some(key) => format!(
            "no person's record holds the key `{}` today for the purpose `{purpose}`; enter it in `people/` and in \
             the keyring, in a pull request of its own",
            key.display()
        ),
        None => format!(
            "the agent holds no key that a person's record holds today for the purpose `{purpose}`; name one with \
             `--key KEY`"
        ),
    }))
}

/// Takes the only key of the agent that counts for approvals now.
fn of_agent(job: &Job, question: &Question<'_>, can_ask: bool) -> Result<Identity, Failure> {
    let keys = Signer::agent_keys().map_err(|error| Failure::usage(format!("{error:#}")))?;
    let mut counting: Vec<(&RecordId, &PublicKey)> = Vec::new();
    for key in &keys {
        let owners = owners(job, key).into_iter();
        let listed =
            owners.filter(|person| judge_key(&question.basis, person, key, None, question.at).is_none());
        counting.extend(listed.map(|person| (person, key)));
    }
    let held = |key: &PublicKey| key.fingerprint();
    match counting.as_slice() {
        [(person, key)] => Ok(Identity {
            person: (*person).clone(),
            signer: Signer::from_agent(key).asking(can_ask),
        }),
        [] if keys.is_empty() => Err(Failure::usage(
            "no key is at hand: there is no agent, or it holds none; name a key with `--key FILE`",
        )),
        [] => {
            let keys: Vec<String> = keys.iter().map(held).collect();
            Err(Failure::usage(format!(
                "the keyring lists none of the agent's keys for approvals now ({}); name a key with `--key FILE`",
                keys.join(", ")
            )))
        }
        several => {
            let keys: Vec<String> = several
                .iter()
                .map(|(person, key)| format!("{} of {person}", held(key)))
                .collect();
            Err(Failure::usage(format!(
                "the agent holds several keys for approvals ({}); name one with `--key FILE`",
                keys.join(", ")
            )))
        }
    }
}

/// Returns the people whose record holds a key for approvals, whatever its time.
fn owners<'a>(job: &'a Job, key: &PublicKey) -> Vec<&'a RecordId> {
    let fingerprint = key.fingerprint();
    let people = job.repository.people.iter();
    let owning = people.filter(|person| {
        person.spec.keys.iter().any(|key| {
            key.fingerprint.value == fingerprint
                && key.purpose.unwrap_or(KeyPurpose::Approve) == KeyPurpose::Approve
        })
    });
    owning.map(crate::model::Record::id).collect()
}

/// Takes the role that was named, else the only one of the person that is asked for.
pub(super) fn role_of(
    job: &Job,
    question: &Question<'_>,
    subject: &Subject<'_>,
    standing: &Standing,
    (person, decision): (&RecordId, Decision),
    named: Option<&str>,
) -> Result<RecordId, Failure> {
    if let Some(named) = named {
        let role = RecordId::new(named);
        return role.ok_or_else(|| Failure::usage(format!("`--role {named}` is no id of a role")));
    }
    let roles = roles_in_any_capacity(question, person);
    let fitting = fitting_roles(&job.repository, question, subject, standing, (person, decision));
    Err(Failure::usage(match (fitting.as_slice(), roles.as_slice()) {
        ([role], _) => return Ok((*role).clone()),
        (_, []) => format!("{person} acts in no role today, and decisions are made in a role"),
        ([], all) => format!(
            "no role of {person} is asked for by `{}` and may decide it; name one of {} with `--role`",
            subject.id,
            listed(all)
        ),
        (several, _) => format!(
            "{person} could decide as {}; name one with `--role`",
            listed(several)
        ),
    }))
}

fn listed(ids: &[&RecordId]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    names.join(", ")
}
