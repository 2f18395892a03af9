//! Keys that tests may know, decisions signed with them, and standings for tests that are about something else.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use countersign::load::Repository;
use countersign::model::{Decision, Kind, RecordId};
use countersign::trust::{ApprovalState, CONFIGURATION_ID, CONFIGURATION_KIND, Decided, Standing, Standings};
use sha2::{Digest as _, Sha256};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey};

/// Returns the key of a person: the same each time, so that fixtures may name its fingerprint.
pub(crate) fn key_of(person: &str) -> PrivateKey {
    let seed: [u8; 32] = Sha256::digest(format!("a key for tests only: {person}")).into();
    PrivateKey::from(Ed25519Keypair::from_seed(&seed))
}

/// Returns the fingerprint of a person's key.
pub(crate) fn fingerprint_of(person: &str) -> String {
    key_of(person)
        .public_key()
        .fingerprint(HashAlg::Sha256)
        .to_string()
}

/// Returns a line of `keyring/allowed_signers` for a person's key, good for approvals from a day on.
pub(crate) fn signer_line(person: &str, email: &str, valid_after: &str) -> String {
    let key = key_of(person).public_key().to_openssh().unwrap();
    format!("{email} namespaces=\"countersign-approval\",valid-after=\"{valid_after}\" {key}\n")
}

/// Signs a file with a person's key, for a namespace.
pub(crate) fn sign(person: &str, namespace: &str, bytes: &[u8]) -> String {
    let signature = key_of(person).sign(namespace, HashAlg::Sha512, bytes).unwrap();
    signature.to_pem(LineEnding::LF).unwrap()
}

/// Writes the decision of a person over a record as it lies, with its signature; returns its path.
pub(crate) fn decide(
    folder: &Path,
    repository: &Repository,
    id: &str,
    (person, role, at): (&str, &str, &str),
    decision: &str,
) -> String {
    let (kind, digest) = if id == CONFIGURATION_ID {
        (
            CONFIGURATION_KIND,
            countersign::trust::configuration_digest(repository).unwrap(),
        )
    } else {
        let meta = repository
            .records()
            .find(|meta| meta.id.value.as_str() == id)
            .unwrap_or_else(|| panic!("no record {id}"));
        (
            meta.kind.name(),
            countersign::trust::digest(repository, meta).unwrap(),
        )
    };
    let place = folder.join("approvals").join(id);
    std::fs::create_dir_all(&place).unwrap();
    let text = format!(
        "apiVersion: countersign/v1\nkind: Approval\nsubject: {{kind: {kind}, id: {id}, fragment: \"\", digest: \"{digest}\"}}\n\
         decision: {decision}\nrole: {role}\nperson: {person}\nat: {at}\nreason: \"\"\nshown: \"{id}\"\n"
    );
    let digest8 = &digest["sha256:".len()..][..8];
    let stem = |number: usize| format!("approvals/{id}/{digest8}-{person}-{number}.yaml");
    let path = (1..).map(stem).find(|path| !folder.join(path).exists()).unwrap();
    let signature = sign(person, "countersign-approval", text.as_bytes());
    std::fs::write(folder.join(format!("{path}.sig")), signature).unwrap();
    std::fs::write(folder.join(&path), text).unwrap();
    path
}

/// The decisions that make the base repository of the rules' examples count, in their order.
const BASE_DECISIONS: [(&str, &str, &str, &str); 11] = [
    ("pol-patch", "p-kim", "role-ciso", "2025-11-11T09:00:00Z"),
    ("pol-patch", "p-lee", "role-committee", "2025-11-11T10:00:00Z"),
    ("pol-patch", "p-berg", "role-committee", "2025-11-11T11:00:00Z"),
    ("r-001", "p-berg", "role-shop-owner", "2025-11-11T12:00:00Z"),
    ("r-001", "p-kim", "role-ciso", "2025-11-11T13:00:00Z"),
    ("sla-standard", "p-lee", "role-it-ops", "2025-11-12T09:00:00Z"),
    (
        "sla-standard",
        "p-berg",
        "role-shop-owner",
        "2025-11-12T10:00:00Z",
    ),
    ("sla-standard", "p-kim", "role-ciso", "2025-11-12T11:00:00Z"),
    ("soa-2022", "p-kim", "role-ciso", "2025-11-13T09:00:00Z"),
    ("soa-2022", "p-berg", "role-management", "2025-11-13T10:00:00Z"),
    ("isms", "p-kim", "role-ciso", "2025-11-13T11:00:00Z"),
];

/// Signs what the base repository needs.
pub(crate) fn sign_base(folder: &Path, repository: &Repository) {
    for (id, person, role, at) in BASE_DECISIONS {
        decide(folder, repository, id, (person, role, at), "approve");
    }
}

/// The keys that the base repository names are those that tests can sign with; `UPDATE=1` writes them.
#[test]
fn the_keyring_of_the_fixtures_is_that_of_the_tests() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/base");
    let mut list = String::new();
    for person in ["p-berg", "p-kim", "p-lee", "p-osei"] {
        let path = base.join(format!("people/{person}.yaml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let (start, rest) = text.split_once("fingerprint: \"").unwrap();
        let (_, end) = rest.split_once('"').unwrap();
        let expected = format!("{start}fingerprint: \"{}\"{end}", fingerprint_of(person));
        let email = text
            .lines()
            .find_map(|line| line.strip_prefix("  email: "))
            .unwrap();
        let validity = "valid-after=\"20251102230000Z\",valid-before=\"20271103225959Z\"";
        let key = key_of(person).public_key().to_openssh().unwrap();
        list.push_str(&format!(
            "{email} namespaces=\"countersign-approval\",{validity} {key}\n"
        ));
        update_or_compare(&path, &text, &expected);
    }
    let path = base.join("keyring/allowed_signers");
    let text = std::fs::read_to_string(&path).unwrap();
    update_or_compare(&path, &text, &list);
}

fn update_or_compare(path: &Path, text: &str, expected: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, expected).unwrap();
    } else {
        assert_eq!(text, expected, "{}", path.display());
    }
}

/// Believes every approval file, signed or not: for tests of what comes after approvals.
pub(crate) fn believing(repository: &Repository, at: DateTime<Utc>) -> Standings {
    let mut by_subject: BTreeMap<(Box<str>, RecordId), Standing> = BTreeMap::new();
    for file in &repository.approvals {
        let approval = &file.approval;
        let subject = &approval.subject.value;
        assert!(Kind::from_name(&subject.kind).is_some(), "{}", subject.kind);
        if approval.at.value.utc() > at {
            continue;
        }
        let standing = by_subject
            .entry((subject.kind.as_str().into(), subject.id.clone()))
            .or_default();
        standing.decisions.push(Decided {
            person: approval.person.value.0.clone(),
            role: approval.role.value.0.clone(),
            decision: approval.decision,
            at: approval.at.value.utc(),
            digest: subject.digest.clone(),
            reason: approval.reason.clone().unwrap_or_default(),
            path: file.path.clone(),
            file: file.file,
            span: approval.subject.span,
            fingerprint: Some("SHA256:believed".into()),
            capacity: None,
            covers_current: true,
            is_overridden: false,
            flaws: Vec::new(),
        });
    }
    for standing in by_subject.values_mut() {
        conclude(standing);
    }
    Standings::new(by_subject)
}

fn conclude(standing: &mut Standing) {
    standing.decisions.sort_by_key(|decided| decided.at);
    let mut latest: BTreeMap<(RecordId, RecordId), usize> = BTreeMap::new();
    for index in 0..standing.decisions.len() {
        let decided = &standing.decisions[index];
        let key = (decided.person.clone(), decided.role.clone());
        if decided.decision == Decision::ReviewKeep {
            continue;
        }
        if let Some(earlier) = latest.insert(key, index) {
            standing.decisions[earlier].is_overridden = true;
        }
    }
    let grants = standing
        .decisions
        .iter()
        .filter(|decided| decided.decision == Decision::Approve);
    standing.approved = grants.map(|decided| decided.at).collect();
    standing.since = standing.approved.first().copied();
    let last: Vec<Decision> = latest
        .values()
        .map(|index| standing.decisions[*index].decision)
        .collect();
    standing.state = if last
        .iter()
        .any(|one| matches!(one, Decision::Revoke | Decision::ReviewEnd))
    {
        ApprovalState::Revoked
    } else if last.contains(&Decision::Reject) {
        ApprovalState::Rejected
    } else if last.contains(&Decision::Approve) {
        ApprovalState::Approved
    } else {
        ApprovalState::Absent
    };
}
