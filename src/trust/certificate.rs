//! OpenSSH certificates: keys that an authority vouches for, under names and for a time.
//!
//! Stricter than `ssh-keygen -Y verify` in three things: a certificate with any critical option is refused,
//! since none of them means anything for signatures; its authority's signature must be one that would count
//! by itself (no SHA-1, no short RSA key); and fields that do not hold what they should are errors.
//! Source: PROTOCOL.certkeys; cert_parse and sshkey_cert_check_authority of sshkey.c.

use chrono::{DateTime, Utc};
use signature::Verifier as _;

use super::sshsig::{PublicKey, VerifyError, check_presence, read_inner};
use super::wire::{Wire, WireFault, decode_base64, put_string};

/// What the type of a certificate ends with.
const SUFFIX: &str = "-cert-v01@openssh.com";
/// The number of a certificate for a person, not for a host.
const USER: u32 = 1;
/// How many principals OpenSSH reads.
const MAX_PRINCIPALS: usize = 256;

/// A certificate whose own signature, by the authority that it names, has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The key that the authority vouches for.
    pub key: PublicKey,
    /// The key of the authority.
    pub authority: PublicKey,
    /// The serial number; 0 where the authority gave none.
    pub serial: u64,
    /// The key id, as the authority wrote it.
    pub key_id: String,
    /// The names under which the key may sign.
    pub principals: Vec<String>,
    /// The first second, from 1970 in UTC, at which it counts.
    pub valid_after: u64,
    /// The second at which it counts no more.
    pub valid_before: u64,
    /// It stands for a person, not for a host.
    pub is_for_user: bool,
    /// The names of the options that nobody may overlook.
    pub critical_options: Vec<String>,
}

/// Tells whether a type of key, such as `ssh-ed25519-cert-v01@openssh.com`, is that of a certificate.
pub(super) fn is_certificate(kind: &str) -> bool {
    plain_kind(kind).is_some()
}

/// Returns the type of the key inside; hardware keys carry their vendor at the end.
fn plain_kind(kind: &str) -> Option<String> {
    let plain = kind.strip_suffix(SUFFIX)?;
    Some(if plain.starts_with("sk-") {
        format!("{plain}@openssh.com")
    } else {
        plain.to_owned()
    })
}

/// How many strings make up a key of a type.
fn key_fields(plain: &str) -> Option<usize> {
    match plain {
        "ssh-ed25519" => Some(1),
        "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => Some(2),
        "ssh-rsa" | "sk-ssh-ed25519@openssh.com" => Some(2),
        "sk-ecdsa-sha2-nistp256@openssh.com" => Some(3),
        _ => None,
    }
}

impl Certificate {
    /// Reads a line `TYPE BASE64 [COMMENT]`, as in a `-cert.pub` file.
    pub fn from_line(line: &str) -> Result<Certificate, VerifyError> {
        let mut words = line.split_whitespace();
        let (Some(kind), Some(base64)) = (words.next(), words.next()) else {
            return Err(VerifyError::Key("no certificate in this line".to_owned()));
        };
        let blob = decode_base64(base64.as_bytes())
            .ok_or_else(|| VerifyError::Key("the certificate is not base64".to_owned()))?;
        if Wire(&blob).text() != Ok(kind) {
            return Err(VerifyError::Key(format!(
                "the line says `{}`, and the certificate in it something else",
                kind.escape_debug()
            )));
        }
        Certificate::from_blob(&blob)
    }

    /// Reads a certificate and checks that the authority it names signed it; says nothing about trust in that.
    pub(super) fn from_blob(blob: &[u8]) -> Result<Certificate, VerifyError> {
        let (certificate, signed, signature) = read(blob).map_err(|error| {
            if let VerifyError::Malformed(why) = error {
                return VerifyError::Key(format!("the certificate cannot be read: {why}"));
            }
            error
        })?;
        certificate.authority.check_strength()?;
        let signature = read_inner(signature)?;
        check_presence(&signature)?;
        certificate
            .authority
            .data()
            .verify(signed, &signature)
            .map_err(|_| {
                VerifyError::Key("the certificate is not signed by the authority that it names".to_owned())
            })?;
        Ok(certificate)
    }

    /// Says why the certificate does not let its key sign as `principal` at `at`; `None` where it does.
    pub fn refusal(&self, principal: &str, at: DateTime<Utc>) -> Option<String> {
        let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
        let id = self.key_id.escape_debug();
        if !self.is_for_user {
            return Some(format!("the certificate `{id}` is one for a host"));
        }
        if seconds < self.valid_after || seconds >= self.valid_before {
            return Some(format!("the certificate `{id}` is not valid on {at}"));
        }
        if !self.principals.iter().any(|name| name == principal) {
            let principal = principal.escape_debug();
            return Some(format!("the certificate `{id}` does not name `{principal}`"));
        }
        if let Some(option) = self.critical_options.first() {
            let option = option.escape_debug();
            return Some(format!(
                "the certificate `{id}` has the critical option `{option}`"
            ));
        }
        None
    }
}

type Parts<'a> = (Certificate, &'a [u8], &'a [u8]);

/// Reads the fields; returns with them the bytes that the authority signed, and its signature.
fn read(blob: &[u8]) -> Result<Parts<'_>, VerifyError> {
    let mut wire = Wire(blob);
    let kind = wire.text()?;
    let fields = plain_kind(kind).and_then(|plain| Some((key_fields(&plain)?, plain)));
    let Some((fields, plain)) = fields else {
        let kind = kind.escape_debug();
        return Err(VerifyError::Key(format!(
            "certificates of type `{kind}` are not supported"
        )));
    };
    let _nonce = wire.string()?;
    let mut key = Vec::new();
    put_string(&mut key, plain.as_bytes());
    for _ in 0..fields {
        put_string(&mut key, wire.string()?);
    }
    let serial = wire.long()?;
    let number = wire.number()?;
    let key_id = wire.text()?.to_owned();
    let principals = strings(wire.string()?)?;
    let (valid_after, valid_before) = (wire.long()?, wire.long()?);
    let critical_options = option_names(wire.string()?)?;
    option_names(wire.string()?)?;
    let _reserved = wire.string()?;
    let authority = wire.string()?;
    let signed = blob.len() - wire.0.len();
    let signature = wire.string()?;
    wire.end()?;
    let certificate = Certificate {
        key: PublicKey::from_blob(&key)?,
        authority: PublicKey::from_blob(authority)?,
        serial,
        key_id,
        principals,
        valid_after,
        valid_before,
        is_for_user: number == USER,
        critical_options,
    };
    Ok((certificate, blob.get(..signed).unwrap_or_default(), signature))
}

fn strings(bytes: &[u8]) -> Result<Vec<String>, WireFault> {
    let (mut wire, mut texts) = (Wire(bytes), Vec::new());
    while !wire.is_empty() {
        if texts.len() == MAX_PRINCIPALS {
            return Err(WireFault("it has too many principals"));
        }
        texts.push(wire.text()?.to_owned());
    }
    Ok(texts)
}

/// Reads the names out of pairs of name and value.
fn option_names(bytes: &[u8]) -> Result<Vec<String>, WireFault> {
    let (mut wire, mut names) = (Wire(bytes), Vec::new());
    while !wire.is_empty() {
        names.push(wire.text()?.to_owned());
        wire.string()?;
    }
    Ok(names)
}
