//! Keys of people: made, written, and listed in OpenSSH's `allowed_signers`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey};

use crate::load::Repository;
use crate::model::{Person, Record, RecordId, Zone};
use crate::trust::keyring::expected_line;
use crate::trust::sshsig::PublicKey;

/// Where the list of keys lies in a governed repository.
pub(super) const ALLOWED_SIGNERS: &str = "keyring/allowed_signers";

/// A fresh ed25519 key for each person who has one in the records.
pub(super) struct Keys {
    by_person: BTreeMap<RecordId, PrivateKey>,
}

impl Keys {
    /// Makes the keys from the randomness of the operating system.
    pub(super) fn make(repository: &Repository) -> Result<Self> {
        let mut by_person = BTreeMap::new();
        for person in repository
            .people
            .iter()
            .filter(|person| !person.spec.keys.is_empty())
        {
            let mut key =
                PrivateKey::random(&mut OsRng, Algorithm::Ed25519).context("could not make a key")?;
            key.set_comment(person.spec.email.value.as_str());
            by_person.insert(person.id().clone(), key);
        }
        Ok(Self { by_person })
    }

    /// Writes each key as `<person id>`, readable by its owner alone, with its public half beside it.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        for (person, key) in &self.by_person {
            let private = key.to_openssh(LineEnding::LF).context("could not encode a key")?;
            write_new(&folder.join(person.as_str()), private.as_bytes(), true)?;
            let public = key
                .public_key()
                .to_openssh()
                .context("could not encode a public key")?
                + "\n";
            write_new(&folder.join(format!("{person}.pub")), public.as_bytes(), false)?;
        }
        Ok(())
    }

    /// Returns the text of a person's record with every fingerprint replaced by that of the new key.
    pub(super) fn replace_fingerprints(&self, person: &Record<Person>, text: &str) -> String {
        let Some(key) = self.by_person.get(person.id()) else {
            return text.to_owned();
        };
        let fresh = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let stale: BTreeSet<&str> = person
            .spec
            .keys
            .iter()
            .map(|key| key.fingerprint.value.as_str())
            .collect();
        stale
            .into_iter()
            .fold(text.to_owned(), |text, stale| text.replace(stale, &fresh))
    }

    /// Writes the list of allowed signers: a line for each key of each person, by person.
    pub(super) fn allowed_signers(&self, repository: &Repository, zone: Zone) -> Result<String> {
        let mut text = String::new();
        for person in &repository.people {
            let Some(key) = self.by_person.get(person.id()) else {
                continue;
            };
            let public = key
                .public_key()
                .to_openssh()
                .context("could not encode a public key")?;
            let public = PublicKey::from_line(&public).context("could not read a public key back")?;
            let email = &person.spec.email.value;
            for entry in &person.spec.keys {
                let _ = writeln!(text, "{}", expected_line(email, entry, &public, zone));
            }
        }
        Ok(text)
    }
}

fn write_new(path: &Path, bytes: &[u8], is_secret: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if is_secret { 0o600 } else { 0o644 });
    }
    let cannot = || format!("could not write `{}`", path.display());
    let mut file = options.open(path).with_context(cannot)?;
    file.write_all(bytes).with_context(cannot)
}
