//! Signatures in OpenSSH's SSHSIG format, read and checked as `ssh-keygen -Y verify` does.
//!
//! The envelope is read here and not by the library, because the library does not hold the lengths inside
//! a signature to account; what those bytes mean (curves, RSA, hardware keys) is the library's work.
//! Source: PROTOCOL.sshsig and PROTOCOL.u2f of OpenSSH.

use std::fmt;

use chrono::{DateTime, Utc};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, SshSig};

use super::certificate::{Certificate, is_certificate};
use super::wire::{Wire, WireFault, decode_base64};

/// The size in bytes over which a signature is refused unread; a real one of RSA-4096 has under 2 000.
pub const MAX_SIGNATURE_BYTES: usize = 16 * 1024;

/// The smallest RSA modulus that counts, in bits.
const MIN_RSA_BITS: usize = 3072;
/// The largest RSA modulus that the library can check, in bits.
const MAX_RSA_BITS: usize = 4096;

/// The bit of a hardware key's flags that says that somebody touched it.
const USER_PRESENT: u8 = 0x01;
/// How many bytes of flags and counter end the signature of a hardware key.
const TRAILER_BYTES: usize = 5;

/// The types of keys that are read; a certificate is none of them. DSA is read so that a list may hold it.
const KINDS: [&str; 8] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-dss",
];

const ARMOUR_BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const ARMOUR_END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;

/// What a signature is for; one made for another purpose never counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespace {
    /// A person's decision about a record.
    Approval,
    /// A manifest of documents.
    Bundle,
    /// The delivery of a scan export.
    Import,
    /// A statement of where history stands.
    Anchor,
}

impl Namespace {
    /// The string inside the signature, and after `-n` of `ssh-keygen`.
    pub fn as_str(self) -> &'static str {
        match self {
            Namespace::Approval => "countersign-approval",
            Namespace::Bundle => "countersign-bundle",
            Namespace::Import => "countersign-import",
            Namespace::Anchor => "countersign-anchor",
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The bytes are no SSHSIG signature.
    #[error("not a signature that OpenSSH would write: {0}")]
    Malformed(String),
    /// The signature was made for another purpose.
    #[error("the signature is in namespace `{found}`, and only `{expected}` counts here")]
    Namespace {
        /// What the signature says.
        found: String,
        /// What is asked for.
        expected: Namespace,
    },
    /// The key is of a kind, or a size, that cannot be checked or is not accepted.
    #[error("{0}")]
    Key(String),
    /// The key did not sign these bytes.
    #[error("the signature by {fingerprint} does not fit the signed bytes")]
    Mismatch {
        /// The key that the signature names.
        fingerprint: String,
    },
    /// No line of the list holds the key (for the principal asked for, if one was).
    #[error("{fingerprint} is not in the list of allowed signers{}", for_principal(.principal.as_deref()))]
    NotListed {
        /// The key that signed.
        fingerprint: String,
        /// The principal that was asked for.
        principal: Option<String>,
    },
    /// The list holds the key, but not for this namespace.
    #[error("line {line} of the allowed signers does not let {fingerprint} sign in namespace `{namespace}`")]
    NotForNamespace {
        /// The key that signed.
        fingerprint: String,
        /// The 1-based line of the list.
        line: usize,
        /// What the signature is for.
        namespace: Namespace,
    },
    /// The key counted only from a later time on.
    #[error("line {line} of the allowed signers: {fingerprint} is not valid on {at}, only from {from}")]
    NotYetValid {
        /// The key that signed.
        fingerprint: String,
        /// The 1-based line of the list.
        line: usize,
        /// The time of judgement.
        at: DateTime<Utc>,
        /// `valid-after`.
        from: DateTime<Utc>,
    },
    /// The key had ceased to count.
    #[error("line {line} of the allowed signers: {fingerprint} is not valid on {at}, only until {until}")]
    Expired {
        /// The key that signed.
        fingerprint: String,
        /// The 1-based line of the list.
        line: usize,
        /// The time of judgement.
        at: DateTime<Utc>,
        /// `valid-before`.
        until: DateTime<Utc>,
    },
    /// The list holds the authority of the certificate, and the certificate does not let its key sign.
    #[error("line {line} of the allowed signers: {why}")]
    Certificate {
        /// The 1-based line of the list.
        line: usize,
        /// What is wrong with the certificate.
        why: String,
    },
    /// The key, or the authority behind it, is revoked.
    #[error("{fingerprint} is revoked")]
    Revoked {
        /// The key that signed.
        fingerprint: String,
    },
    /// The list of revoked keys cannot be read, and so no key counts.
    #[error("the list of revoked keys cannot be read, so that no key counts: {what}")]
    RevocationsUnreadable {
        /// What is wrong with it.
        what: String,
    },
    /// The line that decides bears a time without `Z`, which OpenSSH reads in the zone of its machine.
    #[error(
        "line {line} of the allowed signers has a time without `Z`, which means another moment on each machine"
    )]
    ZoneMissing {
        /// The 1-based line of the list.
        line: usize,
    },
}

impl From<WireFault> for VerifyError {
    fn from(fault: WireFault) -> VerifyError {
        malformed(fault.0)
    }
}

fn for_principal(principal: Option<&str>) -> String {
    principal
        .map(|name| format!(" for `{}`", name.escape_debug()))
        .unwrap_or_default()
}

/// A public key, equal to another when OpenSSH would say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    blob: Vec<u8>,
    data: KeyData,
}

impl PublicKey {
    /// Reads a line `TYPE BASE64 [COMMENT]`, as in a `.pub` file.
    pub fn from_line(line: &str) -> Result<PublicKey, VerifyError> {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some(kind), Some(base64)) => PublicKey::from_words(kind, base64),
            (None | Some(_), _) => Err(VerifyError::Key("no public key in this line".to_owned())),
        }
    }

    /// Reads the two words of a key line.
    pub fn from_words(kind: &str, base64: &str) -> Result<PublicKey, VerifyError> {
        let blob = decode_base64(base64.as_bytes())
            .ok_or_else(|| VerifyError::Key("the public key is not base64".to_owned()))?;
        let key = PublicKey::from_blob(&blob)?;
        if key.kind() != kind {
            let inside = key.kind();
            return Err(VerifyError::Key(format!(
                "the public key says `{kind}` and holds a key of `{inside}`"
            )));
        }
        Ok(key)
    }

    pub(super) fn from_blob(blob: &[u8]) -> Result<PublicKey, VerifyError> {
        let kind = Wire(blob)
            .text()
            .map_err(|_| VerifyError::Key("the public key has no type".to_owned()))?;
        if !KINDS.contains(&kind) {
            let shown = kind.escape_debug();
            return Err(VerifyError::Key(format!(
                "keys of type `{shown}` are not supported"
            )));
        }
        let key = ssh_key::PublicKey::from_bytes(blob)
            .map_err(|error| VerifyError::Key(format!("the public key cannot be read: {error}")))?;
        // A blob with bytes to spare would be another key to OpenSSH, and the same key to the library.
        if key.to_bytes().ok().as_deref() != Some(blob) {
            return Err(VerifyError::Key(
                "the public key is not in OpenSSH's own form".to_owned(),
            ));
        }
        Ok(PublicKey {
            blob: blob.to_vec(),
            data: key.key_data().clone(),
        })
    }

    /// The key as it goes into signatures and lists.
    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    pub(super) fn data(&self) -> &KeyData {
        &self.data
    }

    /// The type as OpenSSH writes it, such as `ssh-ed25519`.
    pub fn kind(&self) -> String {
        self.data.algorithm().as_str().to_owned()
    }

    /// The SHA-256 fingerprint as `ssh-keygen -lf` prints it.
    pub fn fingerprint(&self) -> String {
        self.data.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The key as a line of a `.pub` file, without comment and line end.
    pub fn to_line(&self) -> String {
        // The library fails only on keys of unknown type, which are refused when read.
        ssh_key::PublicKey::from(self.data.clone())
            .to_openssh()
            .unwrap_or_default()
    }

    fn rsa_bits(&self) -> Option<usize> {
        let modulus = self.data.rsa()?.n.as_positive_bytes()?;
        let leading = modulus.first()?.leading_zeros() as usize;
        Some(modulus.len() * 8 - leading)
    }

    /// Refuses what is too weak to count or too large to check.
    pub(super) fn check_strength(&self) -> Result<(), VerifyError> {
        match self.rsa_bits() {
            Some(bits) if bits < MIN_RSA_BITS => Err(VerifyError::Key(format!(
                "the RSA key has {bits} bits, and at least {MIN_RSA_BITS} are needed"
            ))),
            Some(bits) if bits > MAX_RSA_BITS => Err(VerifyError::Key(format!(
                "the RSA key has {bits} bits, and more than {MAX_RSA_BITS} cannot be checked"
            ))),
            Some(_) => Ok(()),
            None if self.data.is_rsa() => Err(VerifyError::Key("the RSA modulus is not positive".to_owned())),
            None if self.data.is_dsa() => Err(VerifyError::Key("DSA keys are not accepted".to_owned())),
            None => Ok(()),
        }
    }
}

/// A signature that has been read, and not yet believed.
#[derive(Clone, Debug)]
pub struct Signature {
    key: PublicKey,
    certificate: Option<Certificate>,
    namespace: String,
    inner: SshSig,
}

impl Signature {
    /// Reads an armoured signature, as `ssh-keygen -Y sign` writes it.
    pub fn parse(armoured: &[u8]) -> Result<Signature, VerifyError> {
        if armoured.len() > MAX_SIGNATURE_BYTES {
            return Err(malformed(&format!(
                "it is larger than {MAX_SIGNATURE_BYTES} bytes"
            )));
        }
        let blob = dearmour(armoured)?;
        let mut wire = Wire(&blob);
        if wire.take(MAGIC.len())? != MAGIC {
            return Err(malformed("it does not begin with `SSHSIG`"));
        }
        if wire.number()? != VERSION {
            return Err(malformed("only version 1 is known"));
        }
        let (key, certificate) = read_signer(wire.string()?)?;
        let namespace = wire.text()?.to_owned();
        if !wire.string()?.is_empty() {
            return Err(malformed("its reserved field is not empty"));
        }
        let hash = match wire.text()? {
            "sha256" => HashAlg::Sha256,
            "sha512" => HashAlg::Sha512,
            other => {
                return Err(malformed(&format!(
                    "hash `{}` is not known",
                    other.escape_debug()
                )));
            }
        };
        let signature = read_inner(wire.string()?)?;
        wire.end()?;
        let inner = SshSig::new(key.data.clone(), namespace.clone(), hash, signature)
            .map_err(|_| malformed("its namespace is empty"))?;
        Ok(Signature {
            key,
            certificate,
            namespace,
            inner,
        })
    }

    /// The key that made the signature; with a certificate, the key inside it.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The certificate under which the key signed; then only its authority lets the key sign.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Checks that the named key signed `data` for `namespace`; says nothing about whose key it is.
    pub fn verify(&self, data: &[u8], namespace: Namespace) -> Result<Verified<'_>, VerifyError> {
        if self.namespace != namespace.as_str() {
            let found = self.namespace.escape_debug().to_string();
            return Err(VerifyError::Namespace {
                found,
                expected: namespace,
            });
        }
        self.key.check_strength()?;
        check_presence(self.inner.signature())?;
        ssh_key::PublicKey::from(self.key.data.clone())
            .verify(namespace.as_str(), data, &self.inner)
            .map_err(|_| VerifyError::Mismatch {
                fingerprint: self.key.fingerprint(),
            })?;
        Ok(Verified {
            signature: self,
            namespace,
        })
    }
}

/// A signature that its key made over the data at hand; whose key that is, is another question.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    pub(super) signature: &'a Signature,
    pub(super) namespace: Namespace,
}

fn malformed(why: &str) -> VerifyError {
    VerifyError::Malformed(why.to_owned())
}

/// Reads the key that a signature names, alone or in a certificate.
fn read_signer(blob: &[u8]) -> Result<(PublicKey, Option<Certificate>), VerifyError> {
    if !Wire(blob).text().is_ok_and(is_certificate) {
        return Ok((PublicKey::from_blob(blob)?, None));
    }
    let certificate = Certificate::from_blob(blob)?;
    Ok((certificate.key.clone(), Some(certificate)))
}

/// Refuses the signature of a hardware key that nobody touched.
///
/// `ssh-keygen -Y verify` lets it pass and only `sshd` refuses it; a decision that nobody was there for is none.
pub(super) fn check_presence(signature: &ssh_key::Signature) -> Result<(), VerifyError> {
    if !matches!(
        signature.algorithm(),
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256
    ) {
        return Ok(());
    }
    let bytes = signature.as_bytes();
    let flags = bytes
        .len()
        .checked_sub(TRAILER_BYTES)
        .and_then(|at| bytes.get(at));
    if flags.is_some_and(|flags| flags & USER_PRESENT != 0) {
        Ok(())
    } else {
        Err(VerifyError::Key(
            "the hardware key signed without being touched; make a key without `no-touch-required`"
                .to_owned(),
        ))
    }
}

/// Reads the signature proper: algorithm, bytes, and for a hardware key its flags and counter.
pub(super) fn read_inner(bytes: &[u8]) -> Result<ssh_key::Signature, VerifyError> {
    let mut wire = Wire(bytes);
    let name = wire.text()?;
    let algorithm = Algorithm::new(name)
        .map_err(|_| malformed(&format!("algorithm `{}` is not known", name.escape_debug())))?;
    let mut data = wire.string()?.to_vec();
    if matches!(algorithm, Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256) {
        data.extend_from_slice(wire.take(TRAILER_BYTES)?);
    }
    wire.end()?;
    if matches!(algorithm, Algorithm::Rsa { hash: None }) {
        return Err(malformed("RSA with SHA-1 (`ssh-rsa`) is not accepted"));
    }
    ssh_key::Signature::new(algorithm, data).map_err(|_| malformed("its length does not fit its algorithm"))
}

/// Takes the armour off; line widths are free, as for OpenSSH, but nothing may follow the last line.
fn dearmour(armoured: &[u8]) -> Result<Vec<u8>, VerifyError> {
    let text = std::str::from_utf8(armoured).map_err(|_| malformed("it is not text"))?;
    let rest = text
        .strip_prefix(ARMOUR_BEGIN)
        .ok_or_else(|| malformed("its first line is missing"))?;
    let (body, tail) = rest
        .split_once(ARMOUR_END)
        .ok_or_else(|| malformed("its last line is missing"))?;
    if !matches!(tail, "" | "\n" | "\r\n") {
        return Err(malformed("something follows its last line"));
    }
    let body = body.strip_prefix('\r').unwrap_or(body);
    let body = body
        .strip_prefix('\n')
        .ok_or_else(|| malformed("its first line does not end"))?;
    let body = body
        .strip_suffix('\n')
        .ok_or_else(|| malformed("its last line does not stand alone"))?;
    let base64: Vec<u8> = body
        .split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).bytes())
        .collect();
    decode_base64(&base64).ok_or_else(|| malformed("its body is not base64"))
}
