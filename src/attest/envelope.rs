//! What a bundle is of, once more as an in-toto statement in a DSSE envelope, for tools that read those.
//!
//! Sources: in-toto attestation framework, Statement v1; DSSE 1.0 (envelope and protocol). The statement says
//! nothing that `SHA256SUMS` and `bundle.json` do not say; it is signed by the same key.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::manifest::{STATEMENT, SUMS, digest_of, parse_sums};
use crate::source::write::Files;
use crate::trust::signer::Signer;
use crate::trust::sshsig::{Namespace, PublicKey, Signature};
use crate::trust::{decode_base64, encode_base64};

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "https://countersign.dev/bundle/v1";
/// How an armoured signature of OpenSSH begins.
const ARMOUR: &[u8] = b"-----BEGIN SSH SIGNATURE-----";
/// The most bytes that an envelope may have.
const MAX_BYTES: usize = 128 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InToto {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    sha256: String,
}

/// Makes the envelope of a bundle that has its `SHA256SUMS`.
///
/// A key that lies in a file as Ed25519 or ECDSA signs plainly, as every verifier of DSSE expects it. Where only
/// `ssh-keygen` can sign (agents, hardware, passphrases, RSA), the signature is OpenSSH's own over the same bytes.
pub(super) fn seal(files: &Files, signer: &Signer) -> Result<Vec<u8>> {
    let predicate = files.get(STATEMENT).context("a bundle needs its `bundle.json`")?;
    let statement = InToto {
        kind: STATEMENT_TYPE.to_owned(),
        subject: subjects(files)
            .into_iter()
            .map(|(name, sha256)| Subject {
                name,
                digest: Digest { sha256 },
            })
            .collect(),
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: serde_json::from_slice(predicate).context("`bundle.json` is no JSON")?,
    };
    let payload = serde_json::to_vec(&statement).context("could not write the statement")?;
    let encoded = pre_authenticated(PAYLOAD_TYPE, &payload);
    let signature = match signer.sign_plainly(&encoded)? {
        Some(signature) => signature,
        None => signer.sign(&encoded, Namespace::Bundle)?,
    };
    let envelope = Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: encode_base64(&payload),
        signatures: vec![EnvelopeSignature {
            keyid: signer.public_key().fingerprint(),
            sig: encode_base64(&signature),
        }],
    };
    let mut bytes = serde_json::to_vec_pretty(&envelope).context("could not write the envelope")?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Returns the digest of every file by name, that of the list included.
fn subjects(files: &Files) -> BTreeMap<String, String> {
    let sums = files.get(SUMS).map(Vec::as_slice).unwrap_or_default();
    let (mut digests, _) = parse_sums(sums);
    digests.insert(SUMS.to_owned(), digest_of(sums));
    digests
}

/// Returns what DSSE signs: type and content, each with its length (PAE).
fn pre_authenticated(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Checks an envelope: one signature by `key`, over a statement that says what the bundle says.
///
/// Returns how many signatures of others there are, which nobody judged.
pub(super) fn check(bytes: &[u8], files: &Files, key: &PublicKey) -> Result<usize, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("has more than {MAX_BYTES} bytes"));
    }
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|error| format!("is no DSSE envelope: {error}"))?;
    if envelope.payload_type != PAYLOAD_TYPE {
        let found = envelope.payload_type.escape_debug();
        return Err(format!(
            "holds `{found}`, and only `{PAYLOAD_TYPE}` is known here"
        ));
    }
    let payload = decode_base64(envelope.payload.as_bytes()).ok_or("its payload is not base64")?;
    let fingerprint = key.fingerprint();
    let is_theirs = |signature: &&EnvelopeSignature| signature.keyid == fingerprint;
    let mut theirs = envelope.signatures.iter().filter(is_theirs);
    let Some(signature) = theirs.next() else {
        return Err(format!("has no signature by {fingerprint}, which signed {SUMS}"));
    };
    let sig = decode_base64(signature.sig.as_bytes()).ok_or("its signature is not base64")?;
    let encoded = pre_authenticated(PAYLOAD_TYPE, &payload);
    let is_good = if sig.starts_with(ARMOUR) {
        Signature::parse(&sig)
            .is_ok_and(|sig| sig.key() == key && sig.verify(&encoded, Namespace::Bundle).is_ok())
    } else {
        key.verify_plainly(&encoded, &sig)
    };
    if !is_good {
        return Err(format!(
            "the signature by {fingerprint} does not fit its statement"
        ));
    }
    check_statement(&payload, files)?;
    Ok(envelope.signatures.len() - 1)
}

fn check_statement(payload: &[u8], files: &Files) -> Result<(), String> {
    let statement: InToto =
        serde_json::from_slice(payload).map_err(|error| format!("holds no in-toto statement: {error}"))?;
    if statement.kind != STATEMENT_TYPE || statement.predicate_type != PREDICATE_TYPE {
        return Err("holds a statement of another type".to_owned());
    }
    let count = statement.subject.len();
    let stated: BTreeMap<String, String> = statement
        .subject
        .into_iter()
        .map(|subject| (subject.name, subject.digest.sha256))
        .collect();
    let expected = subjects(files);
    if count != stated.len() {
        return Err("its statement names a file twice".to_owned());
    }
    if let Some(name) = expected
        .keys()
        .chain(stated.keys())
        .find(|name| expected.get(*name) != stated.get(*name))
    {
        let name = name.escape_debug();
        return Err(format!(
            "its statement and {SUMS} do not say the same of `{name}`"
        ));
    }
    let own: Option<Value> = files
        .get(STATEMENT)
        .and_then(|bytes| serde_json::from_slice(bytes).ok());
    if own.as_ref() == Some(&statement.predicate) {
        Ok(())
    } else {
        Err(format!("its statement and {STATEMENT} do not say the same"))
    }
}
