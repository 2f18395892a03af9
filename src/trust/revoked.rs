//! The keys that count no more: a list of public keys, or a key revocation list, as `ssh-keygen -Y verify -r` reads.
//!
//! What cannot be read revokes every key. Source: PROTOCOL.krl, krl.c and sshkey_check_revoked of OpenSSH.

use std::collections::{BTreeMap, BTreeSet};

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::certificate::{Certificate, is_certificate};
use super::sshsig::{PublicKey, Signature, VerifyError};
use super::wire::{Wire, WireFault};

/// The size in bytes over which a list is refused.
pub const MAX_REVOKED_BYTES: usize = 4 * 1024 * 1024;
/// How many serial numbers one bitmap may span, as in OpenSSH.
const MAX_BITMAP_BYTES: usize = (1 << 24) / 8;

const MAGIC: &[u8] = b"SSHKRL\n\0";
const FORMAT: u32 = 1;

/// Sections of a key revocation list.
const CERTIFICATES: u8 = 1;
const EXPLICIT_KEYS: u8 = 2;
const SHA1_FINGERPRINTS: u8 = 3;
const SIGNATURE: u8 = 4;
const SHA256_FINGERPRINTS: u8 = 5;
const EXTENSION: u8 = 255;

/// Sections about the certificates of one authority.
const SERIALS: u8 = 0x20;
const SERIAL_RANGE: u8 = 0x21;
const SERIAL_BITMAP: u8 = 0x22;
const KEY_IDS: u8 = 0x23;
const CERTIFICATE_EXTENSION: u8 = 0x39;

/// What is revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    keys: BTreeSet<Vec<u8>>,
    sha1: BTreeSet<Vec<u8>>,
    sha256: BTreeSet<Vec<u8>>,
    /// By the key of the authority; what stands under the empty key holds for every authority.
    certificates: BTreeMap<Vec<u8>, RevokedCertificates>,
    fault: Option<String>,
}

/// The revoked certificates of one authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RevokedCertificates {
    /// First and last, both revoked.
    serials: Vec<(u64, u64)>,
    /// The serial number of the lowest bit, and the bits, the highest byte first.
    bitmaps: Vec<(u64, Vec<u8>)>,
    key_ids: BTreeSet<String>,
}

impl RevokedCertificates {
    fn holds(&self, certificate: &Certificate) -> bool {
        let serial = certificate.serial;
        // An authority that numbers nothing gives 0 to all.
        let by_serial = serial != 0
            && (self
                .serials
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&serial))
                || self
                    .bitmaps
                    .iter()
                    .any(|(offset, bits)| has_bit(*offset, bits, serial)));
        by_serial || self.key_ids.contains(&certificate.key_id)
    }
}

fn has_bit(offset: u64, bits: &[u8], serial: u64) -> bool {
    let Some(bit) = serial.checked_sub(offset) else {
        return false;
    };
    let Ok(index) = usize::try_from(bit / 8) else {
        return false;
    };
    bits.iter()
        .rev()
        .nth(index)
        .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
}

impl Revoked {
    /// Reads a list; what is wrong with it is in `fault`, and then every key counts as revoked.
    pub fn parse(bytes: &[u8]) -> Revoked {
        let read = if bytes.len() > MAX_REVOKED_BYTES {
            Err(format!("it is larger than {MAX_REVOKED_BYTES} bytes"))
        } else if bytes.starts_with(MAGIC) {
            read_binary(bytes).map_err(|fault| fault.0.to_owned())
        } else {
            read_lines(bytes)
        };
        read.unwrap_or_else(|what| Revoked {
            fault: Some(what),
            ..Revoked::default()
        })
    }

    /// Returns why the list cannot be read; then every key counts as revoked.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Takes in what another list revokes; where either cannot be read, neither can both.
    pub fn extend(&mut self, other: &Revoked) {
        self.keys.extend(other.keys.iter().cloned());
        self.sha1.extend(other.sha1.iter().cloned());
        self.sha256.extend(other.sha256.iter().cloned());
        for (authority, revoked) in &other.certificates {
            let mine = self.certificates.entry(authority.clone()).or_default();
            mine.serials.extend(&revoked.serials);
            mine.bitmaps.extend(revoked.bitmaps.iter().cloned());
            mine.key_ids.extend(revoked.key_ids.iter().cloned());
        }
        if self.fault.is_none() {
            self.fault.clone_from(&other.fault);
        }
    }

    /// Returns an empty list; one that cannot be read stays so.
    pub(super) fn forgotten(&self) -> Revoked {
        Revoked {
            fault: self.fault.clone(),
            ..Revoked::default()
        }
    }

    /// Tells whether a key is revoked.
    pub fn revokes(&self, key: &PublicKey) -> bool {
        let blob = key.blob();
        self.fault.is_some()
            || self.keys.contains(blob)
            || self.sha256.contains(Sha256::digest(blob).as_slice())
            || self.sha1.contains(Sha1::digest(blob).as_slice())
    }

    /// Tells whether a certificate is revoked: its key, its authority, its serial number or its key id.
    pub fn revokes_certificate(&self, certificate: &Certificate) -> bool {
        let listed = |authority: &[u8]| {
            let of_authority = self.certificates.get(authority);
            of_authority.is_some_and(|revoked| revoked.holds(certificate))
        };
        self.revokes(&certificate.key)
            || self.revokes(&certificate.authority)
            || listed(certificate.authority.blob())
            || listed(b"")
    }

    /// Tells whether whoever made a signature is revoked.
    pub fn revokes_signer(&self, signature: &Signature) -> bool {
        self.revokes(signature.key())
            || signature
                .certificate()
                .is_some_and(|certificate| self.revokes_certificate(certificate))
    }
}

/// Reads public keys, one a line; a certificate stands for the key in it.
fn read_lines(bytes: &[u8]) -> Result<Revoked, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "it is neither text nor a key revocation list of `ssh-keygen -k`".to_owned())?;
    let mut revoked = Revoked::default();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.trim_start_matches([' ', '\t']);
        if line.trim_end_matches('\r').is_empty() || line.starts_with('#') {
            continue;
        }
        let key = read_key(line).map_err(|error| format!("line {}: {error}", index + 1))?;
        revoked.keys.insert(key.blob().to_vec());
    }
    Ok(revoked)
}

fn read_key(line: &str) -> Result<PublicKey, VerifyError> {
    if line.split_whitespace().next().is_some_and(is_certificate) {
        return Certificate::from_line(line).map(|certificate| certificate.key);
    }
    PublicKey::from_line(line)
}

/// Reads what `ssh-keygen -k` writes.
fn read_binary(bytes: &[u8]) -> Result<Revoked, WireFault> {
    let mut wire = Wire(bytes);
    wire.take(MAGIC.len())?;
    if wire.number()? != FORMAT {
        return Err(WireFault("only format 1 of key revocation lists is known"));
    }
    let (_version, _made, _flags) = (wire.long()?, wire.long()?, wire.long()?);
    let (_reserved, _comment) = (wire.string()?, wire.string()?);
    let mut revoked = Revoked::default();
    while !wire.is_empty() {
        let section = wire.byte()?;
        let mut inside = Wire(wire.string()?);
        match section {
            CERTIFICATES => read_certificates(&mut inside, &mut revoked)?,
            EXPLICIT_KEYS => read_strings(&mut inside, None, &mut revoked.keys)?,
            SHA1_FINGERPRINTS => read_strings(&mut inside, Some(20), &mut revoked.sha1)?,
            SHA256_FINGERPRINTS => read_strings(&mut inside, Some(32), &mut revoked.sha256)?,
            EXTENSION => read_extension(&mut inside)?,
            SIGNATURE => return Err(WireFault("it is signed, which no OpenSSH of today reads")),
            _ => return Err(WireFault("it has a section of unknown sort")),
        }
        inside.end()?;
    }
    Ok(revoked)
}

fn read_strings(
    wire: &mut Wire<'_>,
    length: Option<usize>,
    into: &mut BTreeSet<Vec<u8>>,
) -> Result<(), WireFault> {
    while !wire.is_empty() {
        let bytes = wire.string()?;
        if length.is_some_and(|length| length != bytes.len()) {
            return Err(WireFault("it has a fingerprint of the wrong length"));
        }
        into.insert(bytes.to_vec());
    }
    Ok(())
}

/// Passes over an extension, unless it says that nobody may.
fn read_extension(wire: &mut Wire<'_>) -> Result<(), WireFault> {
    let _name = wire.text()?;
    let is_critical = wire.byte()? != 0;
    let _contents = wire.string()?;
    if is_critical {
        return Err(WireFault("it has a critical extension that is not known"));
    }
    Ok(())
}

fn read_certificates(wire: &mut Wire<'_>, revoked: &mut Revoked) -> Result<(), WireFault> {
    let authority = wire.string()?;
    if !authority.is_empty() && PublicKey::from_blob(authority).is_err() {
        return Err(WireFault("it names an authority whose key cannot be read"));
    }
    let _reserved = wire.string()?;
    let of_authority = revoked.certificates.entry(authority.to_vec()).or_default();
    while !wire.is_empty() {
        let section = wire.byte()?;
        let mut inside = Wire(wire.string()?);
        match section {
            SERIALS => {
                while !inside.is_empty() {
                    let serial = inside.long()?;
                    of_authority.serials.push(range(serial, serial)?);
                }
            }
            SERIAL_RANGE => {
                let (first, last) = (inside.long()?, inside.long()?);
                of_authority.serials.push(range(first, last)?);
            }
            SERIAL_BITMAP => of_authority.bitmaps.push(read_bitmap(&mut inside)?),
            KEY_IDS => {
                while !inside.is_empty() {
                    of_authority.key_ids.insert(inside.text()?.to_owned());
                }
            }
            CERTIFICATE_EXTENSION => read_extension(&mut inside)?,
            _ => return Err(WireFault("it has a section of unknown sort about certificates")),
        }
        inside.end()?;
    }
    Ok(())
}

fn range(first: u64, last: u64) -> Result<(u64, u64), WireFault> {
    if first == 0 || last < first {
        return Err(WireFault("it has a range of serial numbers that is none"));
    }
    Ok((first, last))
}

fn read_bitmap(wire: &mut Wire<'_>) -> Result<(u64, Vec<u8>), WireFault> {
    let (offset, bits) = (wire.long()?, wire.string()?);
    // A number whose highest bit is set has a byte of zeros before it, or it would be negative.
    if bits.first().is_some_and(|byte| byte & 0x80 != 0) {
        return Err(WireFault("it has a bitmap that is negative"));
    }
    let bits = bits.strip_prefix(b"\0").unwrap_or(bits);
    if bits.len() > MAX_BITMAP_BYTES {
        return Err(WireFault("it has a bitmap that is too large"));
    }
    Ok((offset, bits.to_vec()))
}
