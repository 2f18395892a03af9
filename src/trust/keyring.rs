//! The keyring of a repository: who may sign, and whose key counts no more.

use chrono::{DateTime, Utc};

use super::allowed_signers::{AllowedSigners, SignedBy};
use super::revoked::Revoked;
use super::sshsig::{Namespace, PublicKey, Signature, VerifyError};
use crate::load::KeyringFiles;
use crate::model::{Key, KeyPurpose, KeyType, Zone};

/// The list of allowed signers together with that of revoked keys.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    pub signers: AllowedSigners,
    pub revoked: Revoked,
}

impl Keyring {
    /// Reads both lists; nothing that cannot be read lets anybody sign.
    pub fn parse(allowed: &str, revoked: &[u8]) -> Keyring {
        Keyring {
            signers: AllowedSigners::parse(allowed),
            revoked: Revoked::parse(revoked),
        }
    }

    /// Reads the keyring that a repository holds; a missing list is an empty one.
    pub fn of(files: &KeyringFiles) -> Keyring {
        let allowed = files.allowed_signers.as_deref().unwrap_or_default();
        Keyring::parse(allowed, files.revoked.as_deref().unwrap_or_default())
    }

    /// Returns the keyring as if nothing were revoked, for signatures that are known to be older than that.
    ///
    /// A list of revoked keys that cannot be read still lets no signature pass.
    pub fn without_revocation(&self) -> Keyring {
        Keyring {
            signers: self.signers.clone(),
            revoked: self.revoked.forgotten(),
        }
    }

    /// Judges an armoured signature over `data` that only `principal` may have made, at `at`.
    ///
    /// As `ssh-keygen -Y verify -r`, and stricter: the line that decides must not bear a time without `Z`.
    pub fn judge_as(
        &self,
        principal: &str,
        signature: &[u8],
        data: &[u8],
        namespace: Namespace,
        at: DateTime<Utc>,
    ) -> Result<SignedBy, VerifyError> {
        let signature = Signature::parse(signature)?;
        let verified = signature.verify(data, namespace)?;
        if let Some(what) = self.revoked.fault() {
            let what = what.to_owned();
            return Err(VerifyError::RevocationsUnreadable { what });
        }
        if self.revoked.revokes_signer(&signature) {
            let fingerprint = signature.key().fingerprint();
            return Err(VerifyError::Revoked { fingerprint });
        }
        let signed_by = self.signers.judge(verified, Some(principal), at)?;
        if signed_by.zone_missing {
            return Err(VerifyError::ZoneMissing { line: signed_by.line });
        }
        Ok(signed_by)
    }

    /// Returns the principals of the lines that let a key sign for `namespace` at `at`, in the list's order.
    pub fn principals_of(&self, key: &PublicKey, namespace: Namespace, at: DateTime<Utc>) -> Vec<String> {
        if self.revoked.revokes(key) {
            return Vec::new();
        }
        super::allowed_signers::find_principals(&self.signers, key, namespace, at)
    }

    /// Returns the patterns of principals of the first line that holds the key of a fingerprint as a signer's own.
    pub fn principal_of_key(&self, fingerprint: &str) -> Option<&str> {
        self.signers
            .entries
            .iter()
            .find(|entry| !entry.cert_authority && entry.key.fingerprint() == fingerprint)
            .map(|entry| entry.principals.as_str())
    }
}

/// Returns the namespace in which a key of a purpose signs.
pub fn namespace_of(purpose: KeyPurpose) -> Namespace {
    match purpose {
        KeyPurpose::Approve => Namespace::Approval,
        KeyPurpose::SignBundle => Namespace::Bundle,
        KeyPurpose::Import => Namespace::Import,
        KeyPurpose::Anchor => Namespace::Anchor,
    }
}

/// Returns the purpose of a Person's key; one that names none approves.
pub fn purpose_of(key: &Key) -> KeyPurpose {
    key.purpose.unwrap_or(KeyPurpose::Approve)
}

/// Returns the type of a key as SSH names it.
pub fn ssh_name(key_type: KeyType) -> &'static str {
    match key_type {
        KeyType::Ed25519 => "ssh-ed25519",
        KeyType::SkEd25519 => "sk-ssh-ed25519@openssh.com",
        KeyType::EcdsaP256 => "ecdsa-sha2-nistp256",
        KeyType::EcdsaP384 => "ecdsa-sha2-nistp384",
        KeyType::EcdsaP521 => "ecdsa-sha2-nistp521",
        KeyType::SkEcdsa => "sk-ecdsa-sha2-nistp256@openssh.com",
        KeyType::Rsa => "ssh-rsa",
    }
}

/// Writes the line of `keyring/allowed_signers` for a Person's key, without line end.
///
/// The key counts from the start of its first day to the end of its last one in the organisation's zone.
pub fn expected_line(email: &str, key: &Key, public_key: &PublicKey, zone: Zone) -> String {
    let namespace = namespace_of(purpose_of(key));
    let from = stamp(zone.start_of_day(key.valid_from.value).with_timezone(&Utc));
    let until = key
        .valid_to
        .map(|last| stamp(zone.end_of_day(last.value).with_timezone(&Utc)))
        .map(|last| format!(",valid-before=\"{last}\""))
        .unwrap_or_default();
    let public_key = public_key.to_line();
    format!("{email} namespaces=\"{namespace}\",valid-after=\"{from}\"{until} {public_key}")
}

/// Writes a moment with the `Z` without which OpenSSH reads the zone of its machine.
fn stamp(moment: DateTime<Utc>) -> String {
    moment.format("%Y%m%d%H%M%SZ").to_string()
}
