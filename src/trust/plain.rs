//! Signatures without OpenSSH's wrapping, as other standards have them.
//!
//! Ed25519: the 64 bytes of RFC 8032. ECDSA on P-256 and P-384: the two numbers in DER (RFC 3279, section 2.2.3).

use signature::Verifier as _;
use ssh_key::{Algorithm, EcdsaCurve};

use super::sshsig::PublicKey;
use super::wire::{Wire, put_string};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
/// Lengths from here on take more than one byte; no number of these curves is as long.
const LONG: usize = 0x80;

/// Takes the wrapping off; `None` for a kind of key that has no plain form here.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library knows many kinds of keys"
)]
pub(super) fn of_ssh(signature: &ssh_key::Signature) -> Option<Vec<u8>> {
    match signature.algorithm() {
        Algorithm::Ed25519 => Some(signature.as_bytes().to_vec()),
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256 | EcdsaCurve::NistP384,
        } => {
            // The numbers of the wire are those of DER, but for what stands before them.
            let mut wire = Wire(signature.as_bytes());
            let numbers = [wire.string().ok()?, wire.string().ok()?];
            wire.end().ok()?;
            let mut body = Vec::new();
            for number in numbers {
                body.extend([INTEGER, u8::try_from(number.len()).ok()?]);
                body.extend(number);
            }
            let length = u8::try_from(body.len())
                .ok()
                .filter(|length| usize::from(*length) < LONG)?;
            Some([&[SEQUENCE, length], body.as_slice()].concat())
        }
        _ => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library knows many kinds of keys"
)]
fn to_ssh(key: &PublicKey, plain: &[u8]) -> Option<ssh_key::Signature> {
    let algorithm = key.data().algorithm();
    let data = match algorithm {
        Algorithm::Ed25519 => plain.to_vec(),
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256 | EcdsaCurve::NistP384,
        } => {
            let mut wire = Wire(plain);
            let mut data = Vec::new();
            let is_der = wire.byte().ok()? == SEQUENCE && usize::from(wire.byte().ok()?) == plain.len() - 2;
            for _ in 0..2 {
                let is_number = wire.byte().ok()? == INTEGER;
                let length = usize::from(wire.byte().ok()?);
                let number = wire.take(length).ok().filter(|_| is_number)?;
                // One text for one meaning: no number is negative, or longer than it need be.
                let is_short = match number {
                    [0, next, ..] => *next >= 0x80,
                    [first, ..] => *first < 0x80 && (*first > 0 || number.len() > 1),
                    [] => false,
                };
                put_string(&mut data, is_short.then_some(number)?);
            }
            wire.end().ok().filter(|()| is_der)?;
            data
        }
        _ => return None,
    };
    ssh_key::Signature::new(algorithm, data).ok()
}

impl PublicKey {
    /// Tells whether the key made a plain signature over `data`; never for kinds that have no plain form here.
    pub fn verify_plainly(&self, data: &[u8], plain: &[u8]) -> bool {
        to_ssh(self, plain).is_some_and(|signature| self.data().verify(data, &signature).is_ok())
    }
}
