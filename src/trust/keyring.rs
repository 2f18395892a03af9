//! The keys that count: the list of signers, and what was revoked.

use chrono::{DateTime, Utc};

use super::allowed_signers::{AllowedSigners, SignedBy, judge_as};
use super::sshsig::{Namespace, VerifyError};

/// The keys that count.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    pub signers: AllowedSigners,
}

impl Keyring {
    pub fn parse(allowed: &str, _revoked: &[u8]) -> Self {
        Self {
            signers: AllowedSigners::parse(allowed),
        }
    }

    pub fn without_revocation(&self) -> Self {
        self.clone()
    }

    pub fn judge_as(
        &self,
        principal: &str,
        signature: &[u8],
        data: &[u8],
        namespace: Namespace,
        at: DateTime<Utc>,
    ) -> Result<SignedBy, VerifyError> {
        judge_as(&self.signers, principal, signature, data, namespace, at)
    }
}
