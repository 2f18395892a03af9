//! Approvals written: a person's decision over a record's digest, with its signature beside it.
#![expect(
    clippy::disallowed_methods,
    reason = "approvals whose digest is out of date are taken out of an example before new ones are written"
)]

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};

use super::keyring::{ALLOWED_SIGNERS, Keys};
use crate::diagnostic::counted;
use crate::load::{LoadLimits, Repository, load, load_configuration};
use crate::model::{Change, Decision, Incident, Kind, RecordId, RiskAcceptance, utc_text};
use crate::source::read_folder;
use crate::source::write::{Files, write_beside};
use crate::trust::digest;
use crate::trust::signer::Signer;
use crate::trust::sshsig::Namespace;

/// A decision before it is signed.
#[derive(Clone, PartialEq, Debug)]
pub struct ApprovalDraft {
    pub kind: Kind,
    pub id: RecordId,
    /// A part of the record; empty for the whole.
    pub fragment: String,
    pub decision: Decision,
    pub role: RecordId,
    pub person: RecordId,
    pub at: DateTime<Utc>,
    /// The commit on which the decision was made, where there is one.
    pub basis_commit: Option<String>,
    pub reason: String,
}

/// Returns the decisions that a repository holds, by time.
pub fn decisions(repository: &Repository) -> Result<Vec<ApprovalDraft>> {
    let mut drafts = Vec::new();
    for file in &repository.approvals {
        let approval = &file.approval;
        let subject = &approval.subject;
        let kind = Kind::from_name(&subject.kind)
            .with_context(|| format!("`{}` names the kind `{}`, which is none", file.path, subject.kind))?;
        drafts.push(ApprovalDraft {
            kind,
            id: subject.id.clone(),
            fragment: subject.fragment.clone(),
            decision: approval.decision,
            role: approval.role.value.0.clone(),
            person: approval.person.value.0.clone(),
            at: approval.at.value.utc(),
            basis_commit: approval.basis_commit.clone(),
            reason: approval.reason.clone().unwrap_or_default(),
        });
    }
    drafts.sort_by(|one, other| (one.at, &one.person, &one.id).cmp(&(other.at, &other.person, &other.id)));
    Ok(drafts)
}

/// Numbers the approvals of one person over one digest, in the order in which they are made.
#[derive(Debug, Default)]
pub struct Numbers {
    last: BTreeMap<String, u32>,
}

/// Returns the file of a decision and its signature; the digest is that of the record as it is loaded.
pub fn approval_files(
    repository: &Repository,
    draft: &ApprovalDraft,
    numbers: &mut Numbers,
    signer: &Signer,
) -> Result<Files> {
    let record = repository
        .record(&draft.id)
        .filter(|record| record.kind == draft.kind)
        .with_context(|| format!("there is no {} `{}` to approve", draft.kind, draft.id))?;
    let digest = digest(repository, record)?;
    let digest8 = digest
        .strip_prefix("sha256:")
        .and_then(|hex| hex.get(..8))
        .context("the digest has no hex")?;
    let stem = format!("approvals/{}/{digest8}-{}", draft.id, draft.person);
    let number = numbers.last.entry(stem.clone()).or_default();
    *number += 1;
    let path = format!("{stem}-{number}.yaml");
    let text = approval_text(&Statement {
        kind: draft.kind.name(),
        id: &draft.id,
        fragment: &draft.fragment,
        digest: &digest,
        decision: draft.decision,
        role: &draft.role,
        person: &draft.person,
        at: draft.at,
        basis_commit: draft.basis_commit.as_deref(),
        reason: &draft.reason,
        shown: &shown(repository, draft.kind, &draft.id),
    });
    let signature = signer.sign(text.as_bytes(), Namespace::Approval)?;
    Ok(Files::from([
        (format!("{path}.sig"), signature),
        (path, text.into_bytes()),
    ]))
}

/// What an approval file says.
pub(super) struct Statement<'a> {
    pub(super) kind: &'a str,
    pub(super) id: &'a RecordId,
    pub(super) fragment: &'a str,
    pub(super) digest: &'a str,
    pub(super) decision: Decision,
    pub(super) role: &'a RecordId,
    pub(super) person: &'a RecordId,
    pub(super) at: DateTime<Utc>,
    pub(super) basis_commit: Option<&'a str>,
    pub(super) reason: &'a str,
    pub(super) shown: &'a str,
}

/// Writes the bytes that are signed.
pub(super) fn approval_text(statement: &Statement<'_>) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let basis = statement
        .basis_commit
        .map(|commit| format!("basis_commit: {}\n", quoted(commit)));
    format!(
        "apiVersion: countersign/v1\nkind: Approval\n\
         subject: {{kind: {}, id: {}, fragment: {}, digest: {}}}\n\
         decision: {}\nrole: {}\nperson: {}\nat: {}\n{}reason: {}\nshown: {}\n",
        statement.kind,
        statement.id,
        quoted(statement.fragment),
        quoted(statement.digest),
        statement.decision,
        statement.role,
        statement.person,
        utc_text(statement.at),
        basis.unwrap_or_default(),
        quoted(statement.reason),
        quoted(statement.shown),
    )
}

/// Returns the sentence that a person reads before deciding.
pub fn shown(repository: &Repository, kind: Kind, id: &RecordId) -> String {
    let title = repository
        .record(id)
        .map(|record| record.title.as_str())
        .unwrap_or_default();
    let version = repository.record(id).and_then(|record| record.version.as_ref());
    match kind {
        Kind::Exception => repository.exceptions.get(id).map(|exception| {
            let spec = &exception.spec;
            let systems: Vec<String> = spec.scope.systems.iter().map(ToString::to_string).collect();
            let hosts = counted(spec.scope.resolved.len(), "host");
            format!(
                "{id} {}, {} ({hosts}), until {}",
                spec.severity,
                systems.join(", "),
                spec.expires
            )
        }),
        Kind::RiskAcceptance => repository
            .acceptances
            .get(id)
            .map(|record| shown_acceptance(id, &record.spec)),
        Kind::Triage => repository.triages.get(id).map(|triage| {
            let spec = &triage.spec;
            format!(
                "{id} {}, {} ({}), until {}",
                spec.status,
                spec.subject.vuln,
                counted(spec.subject.resolved.len(), "host"),
                spec.expires
            )
        }),
        Kind::Change => repository
            .changes
            .get(id)
            .map(|change| shown_change(id, &change.spec)),
        Kind::Incident => repository
            .incidents
            .get(id)
            .map(|incident| shown_incident(id, &incident.spec)),
        Kind::Isms
        | Kind::Person
        | Kind::Role
        | Kind::Policy
        | Kind::Soa
        | Kind::Risk
        | Kind::System
        | Kind::Source
        | Kind::Sla
        | Kind::Calendar
        | Kind::Evidence
        | Kind::Approval => None,
    }
    .unwrap_or_else(|| match version {
        Some(version) => format!("{id} {version}, {title}"),
        None => format!("{id}, {title}"),
    })
}

fn shown_acceptance(id: &RecordId, spec: &RiskAcceptance) -> String {
    let subject = &spec.subject;
    let systems: Vec<String> = subject.systems.iter().map(ToString::to_string).collect();
    let until = spec
        .expires
        .map(|expires| format!(", until {expires}"))
        .unwrap_or_default();
    format!(
        "{id} {}, {} ({}){until}, residual {}/{}",
        spec.acceptance_type,
        systems.join(", "),
        counted(subject.resolved.len(), "host"),
        spec.residual.likelihood,
        spec.residual.impact,
    )
}

fn shown_change(id: &RecordId, spec: &Change) -> String {
    let systems: Vec<String> = spec.systems.iter().map(ToString::to_string).collect();
    let when = match (&spec.start, &spec.end, &spec.valid_until) {
        (Some(start), Some(end), _) => format!(", {start} to {end}"),
        (_, _, Some(until)) => format!(", template until {until}"),
        (_, _, None) => String::new(),
    };
    let freeze = spec
        .freeze_approval
        .as_ref()
        .map(|departs| format!(", in the freeze {}", departs.freeze.value));
    format!(
        "{id} {}, {}{when}, risk {}{}",
        spec.change_type.value,
        systems.join(", "),
        spec.risk,
        freeze.unwrap_or_default()
    )
}

fn shown_incident(id: &RecordId, spec: &Incident) -> String {
    let systems: Vec<String> = spec.systems.iter().map(ToString::to_string).collect();
    let overrides: Vec<String> = spec
        .sla_overrides
        .iter()
        .map(|one| {
            format!(
                "{} {} in {} h from {} to {}",
                one.severity, one.tier, one.hours, one.from, one.to
            )
        })
        .collect();
    let overrides = if overrides.is_empty() {
        "no override".to_owned()
    } else {
        overrides.join("; ")
    };
    format!("{id} {}, {}, {overrides}", spec.priority, systems.join(", "))
}

/// Loads a governed folder; a fault in it stops the work.
pub(super) fn load_whole(folder: &Path) -> Result<Repository> {
    let tree = read_folder(folder)?;
    let (configuration, _, faults) = load_configuration(&tree)?;
    if let Some(fault) = faults.first() {
        bail!("`compliance.yaml` line {}: {}", fault.span.line, fault.message);
    }
    let repository = load(&tree, configuration, LoadLimits::default())?;
    let said: Vec<String> = repository
        .faults
        .iter()
        .map(|fault| {
            format!(
                "`{}` line {}: {}",
                repository.sources.path(fault.span.file),
                fault.span.line,
                fault.message
            )
        })
        .collect();
    if !said.is_empty() {
        bail!("{}", said.join("; "));
    }
    Ok(repository)
}

/// Signs every decision of a governed folder anew, over the records as they are now; returns how many.
///
/// `keys` holds the private key of each person under the person's id. Who decided what and when stays;
/// digests, names of files and signatures are made again. It is for examples: in a repository that is
/// in use an approval is never changed.
pub fn sign_again(folder: &Path, keys: &Path) -> Result<usize> {
    let repository = load_whole(folder)?;
    let signed = signed(&repository, keys)?;
    for file in &repository.approvals {
        for path in [file.path.to_string(), format!("{}.sig", file.path)] {
            let path = folder.join(path);
            if path.exists() {
                std::fs::remove_file(&path)
                    .with_context(|| format!("could not remove `{}`", path.display()))?;
            }
        }
    }
    for (path, bytes) in &signed {
        write_beside(&folder.join(path), bytes)?;
    }
    Ok(repository.approvals.len())
}

fn signed(repository: &Repository, keys: &Path) -> Result<Files> {
    let signers = Signers::open(repository, keys)?;
    let mut numbers = Numbers::default();
    let mut files = Files::new();
    for draft in decisions(repository)? {
        files.extend(approval_files(
            repository,
            &draft,
            &mut numbers,
            signers.of(&draft.person)?,
        )?);
    }
    Ok(files)
}

/// The keys of everybody who decides, opened once.
pub(super) struct Signers {
    by_person: BTreeMap<RecordId, Signer>,
}

impl Signers {
    pub(super) fn open(repository: &Repository, keys: &Path) -> Result<Self> {
        let mut by_person = BTreeMap::new();
        for file in &repository.approvals {
            let person = &file.approval.person.value.0;
            if !by_person.contains_key(person) {
                by_person.insert(person.clone(), Signer::open(&keys.join(person.as_str()))?);
            }
        }
        Ok(Self { by_person })
    }

    pub(super) fn of(&self, person: &RecordId) -> Result<&Signer> {
        self.by_person
            .get(person)
            .with_context(|| format!("there is no key of `{person}`"))
    }
}

/// Gives everybody in a governed folder a new key, and signs every decision with it; returns how many.
///
/// The private keys go into `keys`, which must not lie in the folder. For examples, as `sign_again` is.
pub fn replace_keys(folder: &Path, keys: &Path) -> Result<usize> {
    let repository = load_whole(folder)?;
    let fresh = Keys::make(&repository)?;
    fresh.write(keys)?;
    for person in &repository.people {
        let text = repository
            .sources
            .get(person.meta.file)
            .context("the person's file is not loaded")?;
        let text = fresh.replace_fingerprints(person, &text.text);
        write_beside(&folder.join(&*person.meta.path), text.as_bytes())?;
    }
    let list = fresh.allowed_signers(&repository, repository.zone())?;
    write_beside(&folder.join(ALLOWED_SIGNERS), list.as_bytes())?;
    sign_again(folder, keys)
}
