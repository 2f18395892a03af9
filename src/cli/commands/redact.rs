//! The redacted twin of a bundle: of the same commit, with pseudonyms in the place of hosts and persons.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;

use super::bundle::{Made, contents};
use super::publish::{provenance, unmade};
use crate::attest::bundle::Bundle;
use crate::attest::manifest::{
    ALLOWED_SIGNERS as SIGNERS, GIT_BUNDLE, LeftOut, Redaction, SUMS, StatedSigner, Statement, digest_of,
};
use crate::cli::args::Proof;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::Job;
use crate::document::{DOCUMENTS, DocumentKind, Known, KnownHost, KnownPerson, Pseudonyms, render_redacted};
use crate::import::Scan;
use crate::model::{Host, parse_date, parse_instant};
use crate::reconcile::Register;
use crate::source;
use crate::source::write::Files;
use crate::trust::signer::Signer;
use crate::trust::sshsig::Namespace;

/// A secret may have this many bytes.
const MAX_KEY_BYTES: u64 = 4096;
/// A shorter secret could be guessed.
const MIN_KEY_BYTES: usize = 16;
/// The name under which the twin's own list holds the key that signs it.
const SIGNER: &str = "bundle-signer";

/// What a signing key signs to make the secret, where no file holds one; nothing else is ever signed so.
const SEED: &[u8] = b"countersign: the secret of pseudonyms, version 1";

/// Returns the secret with which pseudonyms are made; `None` where nothing is to be redacted.
///
/// Without a file of its own it comes from the signing key: a signature over words that nothing else is made of.
/// Ed25519 (RFC 8032) and ECDSA (RFC 6979) give the same one every time, and nobody else can.
pub(super) fn secret(
    console: &Console<'_>,
    job: &Job,
    proof: &Proof,
    signer: Option<&Signer>,
) -> Result<Option<Vec<u8>>, Failure> {
    if !proof.redact {
        return Ok(None);
    }
    let Some(file) = proof.redact_key.as_deref() else {
        let signature = signer.map(|signer| signer.sign_plainly(SEED)).transpose()?;
        return signature.flatten().map(Some).ok_or_else(|| {
            Failure::usage(
                "`--redact` needs a secret for its pseudonyms: `--key` with a private key that lies in a file, or \
                 `--redact-key FILE`; make one with `openssl rand -hex 32 > FILE`, and keep it",
            )
        });
    };
    let path = console.folder.join(file);
    let bytes = source::read_file(&path, MAX_KEY_BYTES)?;
    let secret = bytes.trim_ascii();
    if secret.len() < MIN_KEY_BYTES {
        return Err(Failure::usage(format!(
            "the secret in `{}` has {} bytes, and {MIN_KEY_BYTES} are the least; make one with `openssl rand -hex 32`",
            file.display(),
            secret.len()
        )));
    }
    let real = path.canonicalize().context("the secret cannot be found")?;
    let root = job
        .root
        .canonicalize()
        .context("the governed folder cannot be found")?;
    if real.starts_with(root) {
        return Err(Failure::usage(format!(
            "`{}` lies in the repository, where everybody reads it; keep the secret outside",
            file.display()
        )));
    }
    Ok(Some(secret.to_vec()))
}

/// Makes the twin of a bundle that is whole but for its seal.
pub(super) fn redacted(
    (job, scans): (&Job, &[Scan]),
    made: &Made<'_>,
    full: Bundle,
    signer: Option<&Signer>,
    secret: &[u8],
) -> Result<Bundle, Failure> {
    let names = Pseudonyms::new(secret, &known(job, scans, &made.register))?;
    let kinds: Vec<&'static DocumentKind> = DOCUMENTS.iter().collect();
    let provenance = provenance(job, &made.found)?;
    let of = (&made.register, &provenance);
    let mut files = render_redacted(&kinds, of, &made.overrides, &names).map_err(unmade)?;
    let is_left_out = |path: &str| {
        path == SIGNERS
            || ["approvals/", "keyring/"]
                .iter()
                .any(|folder| path.starts_with(folder))
    };
    for (path, bytes) in contents(job, &made.register, &made.found, Files::new())? {
        if !is_left_out(&path) {
            files.insert(names.text(&path), replaced(&path, &bytes, &names)?);
        }
    }
    let listed = signer.filter(|signer| full.principal_of(signer.public_key()).is_some());
    if let Some(signer) = listed {
        let line = signer.public_key().to_line();
        let line = format!("{SIGNER} namespaces=\"{}\" {line}\n", Namespace::Bundle);
        files.insert(SIGNERS.to_owned(), line.into_bytes());
    }
    let statement = redacted_statement(full.statement.clone(), &names);
    let stated = signer.map(|signer| StatedSigner {
        principal: full.principal_of(signer.public_key()),
        fingerprint: signer.public_key().fingerprint(),
    });
    let full = full.seal_as(stated)?;
    let sums = full.files.get(SUMS).context("a bundle has a list of digests")?;
    Ok(Bundle {
        statement: Statement {
            redacted: Some(Redaction {
                full_sha256sums_sha256: digest_of(sums),
            }),
            ..statement
        },
        files,
        more_instructions: EXPLANATION.to_owned(),
    })
}

const EXPLANATION: &str = "\
## What is redacted

This is the redacted twin of another bundle. Pseudonyms stand for hosts, for addresses of machines, for persons with
their ids, addresses and keys, and for names in free text as far as they are known: the same name has the same
pseudonym throughout, and in every twin that was made with the same secret. The order of rows is that of the originals.

It is of the same commit: `bundle.json` names the commit and the digest of the governed files, and under `redacted` the
SHA-256 of the `SHA256SUMS` of the full bundle. Whoever holds that one, too, sees that they belong together:

```text
sha256sum FULL/SHA256SUMS; grep full_sha256sums_sha256 bundle.json
```

The digests of exports are those of the originals. Those of records cannot be computed from the records here. Whoever
signed this twin shows the public half of a key.
";

fn redacted_statement(mut statement: Statement, names: &Pseudonyms) -> Statement {
    for import in &mut statement.inputs.imports {
        import.file = names.text(&import.file);
        import.host = import.host.as_deref().map(|host| names.text(host));
    }
    let why = [
        (
            GIT_BUNDLE,
            "the history names hosts and persons, and without them its hashes would be others",
        ),
        (
            "approvals/",
            "a signature counts for the signed text alone, which names its signer; the documents tell what stands",
        ),
        ("keyring/", "keys and addresses tell who their holders are"),
    ];
    statement.left_out = why
        .map(|(what, why)| LeftOut {
            what: what.to_owned(),
            why: why.to_owned(),
        })
        .into();
    statement
}

/// Replaces the names in a file that is no document: JSON by its texts, all else by line.
fn replaced(path: &str, bytes: &[u8], names: &Pseudonyms) -> Result<Vec<u8>, Failure> {
    let text = std::str::from_utf8(bytes).with_context(|| format!("`{path}` is not UTF-8"))?;
    if !path.ends_with(".json") {
        return Ok(names.text(text).into_bytes());
    }
    let value = serde_json::from_str(text).with_context(|| format!("`{path}` is no JSON"))?;
    let value = names.json(value);
    // Records are on one line, as canonical JSON is; the others are for people, too.
    let mut text = if path.starts_with("records/") {
        serde_json::to_string(&value)
    } else {
        serde_json::to_string_pretty(&value)
    }
    .with_context(|| format!("`{path}` cannot be written"))?;
    text.push('\n');
    Ok(text.into_bytes())
}

/// Collects every name that records, history, inventory and scans know.
fn known(job: &Job, scans: &[Scan], register: &Register<'_>) -> Known {
    Known {
        persons: persons(job),
        hosts: hosts(job, scans, register),
    }
}

fn persons(job: &Job) -> Vec<KnownPerson> {
    let mut persons: Vec<KnownPerson> = Vec::new();
    for person in job.repository.people.iter() {
        let fingerprints = person.spec.keys.iter().map(|key| key.fingerprint.value.clone());
        persons.push(KnownPerson {
            key: person.id().to_string(),
            id: Some(person.id().to_string()),
            names: BTreeSet::from([person.spec.name.clone()]),
            emails: BTreeSet::from([person.spec.email.value.clone()]),
            keys: fingerprints.collect(),
        });
    }
    // Who wrote or took in a commit need have no record.
    let commits = job.history.iter().flat_map(|history| &history.commits);
    let mut others: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for identity in commits.flat_map(|commit| [&commit.author, &commit.committer]) {
        let email = identity.email.to_lowercase();
        match persons
            .iter_mut()
            .find(|person| person.emails.iter().any(|own| own.to_lowercase() == email))
        {
            Some(person) => drop(person.names.insert(identity.name.clone())),
            None => drop(others.entry(email).or_default().insert(identity.name.clone())),
        }
    }
    persons.extend(others.into_iter().map(|(email, names)| KnownPerson {
        key: email.clone(),
        names,
        emails: BTreeSet::from([email]),
        ..KnownPerson::default()
    }));
    persons
}

fn hosts(job: &Job, scans: &[Scan], register: &Register<'_>) -> Vec<KnownHost> {
    let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |id: &str, name: &str| {
        if !name.is_empty() && !id.is_empty() {
            hosts
                .entry(id.to_lowercase())
                .or_default()
                .insert(name.to_owned());
        }
    };
    for host in scans.iter().flat_map(|scan| &scan.hosts) {
        let id = host.fqdn.as_deref().unwrap_or(&host.name);
        names_of(host).for_each(|name| add(id, name));
    }
    for row in &register.hosts {
        add(&row.id, &row.id);
        row.candidates.iter().for_each(|id| add(id, id));
        row.replaced.iter().for_each(|(id, _)| add(id, id));
    }
    for finding in &register.findings {
        add(&finding.host, &finding.host);
    }
    // What decisions froze, and what lists name, need not have been scanned.
    for meta in job.repository.records() {
        if let Ok(text) = crate::trust::canonical_json(&job.repository, meta)
            && let Ok(record) = serde_json::from_str(&text)
        {
            named_hosts(&record, false, &mut |name| add(name, name));
        }
    }
    hosts
        .into_iter()
        .map(|(id, names)| KnownHost { id, names })
        .collect()
}

fn names_of(host: &Host) -> impl Iterator<Item = &str> {
    let single = [
        &host.fqdn,
        &host.hostname,
        &host.uuid,
        &host.serial,
        &host.agent,
        &host.cloud_id,
    ];
    let single = single.into_iter().flatten();
    let many = host.ips.iter().chain(&host.macs).chain(&host.aliases);
    std::iter::once(&host.name)
        .chain(single)
        .chain(many)
        .map(String::as_str)
}

/// The fields of records that name hosts.
const HOST_FIELDS: &[&str] = &["hosts", "host", "members", "resolved", "fqdn", "hostname"];

fn named_hosts(value: &serde_json::Value, is_host: bool, add: &mut impl FnMut(&str)) {
    match value {
        serde_json::Value::String(text) if is_host && !is_time(text) => add(text),
        serde_json::Value::Array(values) => values.iter().for_each(|value| named_hosts(value, is_host, add)),
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                named_hosts(value, HOST_FIELDS.contains(&key.as_str()), add);
            }
        }
        serde_json::Value::String(_)
        | serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_) => {}
    }
}

/// An incident is resolved at a time; a decision's hosts are resolved by name.
fn is_time(text: &str) -> bool {
    parse_date(text).is_some() || parse_instant(text).is_some()
}
