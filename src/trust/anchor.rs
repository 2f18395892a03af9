//! Signed statements of where history stood: read from `anchors/`, and judged by the keyring and by history.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use super::rules::MAX_SKEW_MINUTES;
use super::sshsig::{Namespace, VerifyError};
use super::testimony::Anchored;
use super::verdict::Basis;
use crate::load::ALLOWED_SIGNERS;
use crate::model::{KeyPurpose, RecordId, parse_instant, utc_text};
use crate::source::{Entry, EntryKind, History, Tree};

/// The folder of the statements.
pub const ANCHORS: &str = "anchors";
/// A statement, and a signature, may have this many bytes.
const MAX_ANCHOR_BYTES: u64 = 16 * 1024;
/// The most statements that are judged; one a day fills this in half a century.
const MAX_ANCHORS: usize = 20_000;

const FIRST_LINE: &str =
    "# Where history stood. Made by `countersign anchor`, signed beside it, never changed.";
const NAMES: [&str; 9] = [
    "anchor", "at", "commit", "mainline", "tree", "genesis", "keyring", "ledger", "person",
];

/// What an anchor says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// When it was signed, in whole seconds.
    pub at: DateTime<Utc>,
    /// The anchored commit, in full.
    pub commit: String,
    /// How many commits stood on the first-parent line.
    pub mainline: usize,
    /// The SHA-256 of the governed folder's files, in hexadecimal, as a bundle gives it.
    pub tree: String,
    /// The commit that brought the first key, in full.
    pub genesis: String,
    /// The SHA-256 of `keyring/allowed_signers` in that commit, in hexadecimal.
    pub keyring: String,
    /// The SHA-256 of the newest segment of the ledger, unpacked, in hexadecimal; `None` where there is no ledger.
    pub ledger: Option<String>,
    pub person: RecordId,
}

impl Statement {
    /// Reads a statement; only the very text that [`Statement::to_text`] writes is one.
    pub fn parse(text: &str) -> Result<Statement, String> {
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let value = |index: usize| {
            let name = NAMES[index];
            let line = lines.get(index).copied().unwrap_or_default();
            let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
            value.ok_or_else(|| format!("line {} is not `{name}: …`", index + 2))
        };
        let version = value(0)?;
        if version != "1" {
            return Err(format!("it is of version `{version}`, and this tool reads `1`"));
        }
        let at = value(1)?;
        let mainline = value(3)?;
        let ledger = match value(7)? {
            "null" => None,
            head => Some(digest(head)?),
        };
        let statement = Statement {
            at: parse_instant(at)
                .ok_or_else(|| format!("`{at}` is no moment"))?
                .utc(),
            commit: hexadecimal(value(2)?, &[40, 64])?,
            mainline: mainline
                .parse()
                .map_err(|_| format!("`{mainline}` is no number of commits"))?,
            tree: digest(value(4)?)?,
            genesis: hexadecimal(value(5)?, &[40, 64])?,
            keyring: digest(value(6)?)?,
            ledger,
            person: RecordId::new(value(8)?).ok_or("`person` is no id")?,
        };
        if statement.to_text() != text {
            return Err("it is not written as `countersign anchor` writes it".into());
        }
        Ok(statement)
    }

    /// Writes the statement as it is signed; YAML that is read by line.
    pub fn to_text(&self) -> String {
        format!(
            "{FIRST_LINE}\nanchor: 1\nat: {}\ncommit: {}\nmainline: {}\ntree: sha256:{}\ngenesis: {}\n\
             keyring: sha256:{}\nledger: {}\nperson: {}\n",
            utc_text(self.at),
            self.commit,
            self.mainline,
            self.tree,
            self.genesis,
            self.keyring,
            self.ledger
                .as_ref()
                .map_or_else(|| "null".to_owned(), |head| format!("sha256:{head}")),
            self.person
        )
    }

    /// Returns the path of the statement, which tells its moment and its commit.
    pub fn path(&self) -> String {
        let commit = self.commit.get(..12).unwrap_or(&self.commit);
        format!("{ANCHORS}/{}-{commit}.yaml", self.at.format("%Y-%m-%dT%H%M%SZ"))
    }
}

fn hexadecimal(text: &str, lengths: &[usize]) -> Result<String, String> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if lengths.contains(&text.len()) && text.bytes().all(is_digit) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no hash in full"))
    }
}

fn digest(text: &str) -> Result<String, String> {
    let digits = text
        .strip_prefix("sha256:")
        .ok_or_else(|| format!("`{text}` is no digest of the form `sha256:…`"))?;
    hexadecimal(digits, &[64])
}

/// An anchor as it lies in the repository, and why it does not count.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Relative to the governed root.
    pub path: Arc<str>,
    /// `None` where the text is no statement.
    pub statement: Option<Statement>,
    pub flaws: Vec<AnchorFlaw>,
}

/// Why an anchor does not count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnchorFlaw {
    /// The text is no statement.
    Malformed(String),
    /// There are more anchors than are judged.
    TooMany,
    /// The file is not named after what it says.
    Misnamed {
        expected: String,
    },
    Unsigned,
    PersonUnknown,
    Signature(VerifyError),
    /// The person's record holds no key of that fingerprint for anchors on that day.
    KeyNotInRecord {
        fingerprint: String,
    },
    /// The anchored commit does not lead to the one that is judged.
    Rewritten,
    /// The anchored commit leads to the one that is judged, but on another first-parent line than was anchored.
    OtherLength {
        found: usize,
    },
    OtherGenesis {
        found: String,
    },
    /// No segment of the ledger is the one that was the newest.
    LedgerRewritten,
    /// The anchor claims to be older than the commit that it is about.
    BeforeCommit {
        committed: DateTime<Utc>,
    },
    /// The anchor claims to be younger than the commit that brought it.
    AfterCommit {
        committed: DateTime<Utc>,
    },
}

impl fmt::Display for AnchorFlaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => out.write_str(what),
            Self::TooMany => write!(out, "only the first {MAX_ANCHORS} anchors are judged"),
            Self::Misnamed { expected } => write!(out, "by what it says it is `{expected}`"),
            Self::Unsigned => out.write_str("it has no signature"),
            Self::PersonUnknown => out.write_str("nobody of that id is known"),
            Self::Signature(error) => error.fmt(out),
            Self::KeyNotInRecord { fingerprint } => write!(
                out,
                "the record of the person holds no key {fingerprint} for anchors on that day"
            ),
            Self::Rewritten => out.write_str("the anchored commit does not lead to the one that is judged"),
            Self::OtherLength { found } => write!(
                out,
                "{found} commits stand on the first-parent line up to the anchored one"
            ),
            Self::OtherGenesis { found } => write!(
                out,
                "the first key came with commit {}",
                found.get(..12).unwrap_or(found)
            ),
            Self::LedgerRewritten => {
                out.write_str("no segment of the ledger is the one that was its newest then")
            }
            Self::BeforeCommit { committed } => write!(
                out,
                "it is earlier than the anchored commit, of {}",
                utc_text(*committed)
            ),
            Self::AfterCommit { committed } => write!(
                out,
                "it is later than the commit that brought it, of {}",
                utc_text(*committed)
            ),
        }
    }
}

/// Compares what anchors say of the ledger with the digests of its segments, `sha256:…`.
pub fn compare_ledger(anchors: &mut [Anchor], digests: &BTreeSet<String>) {
    for anchor in anchors {
        let head = anchor
            .statement
            .as_ref()
            .and_then(|statement| statement.ledger.as_ref());
        if head.is_some_and(|head| !digests.contains(&format!("sha256:{head}"))) {
            anchor.flaws.push(AnchorFlaw::LedgerRewritten);
        }
    }
}

/// Reads the anchors of a tree, by path, and judges their signatures by what is believed.
pub fn read_anchors(tree: &Tree, basis: &Basis<'_>) -> Result<Vec<Anchor>> {
    let mut anchors = Vec::new();
    let files = tree.entries().iter().filter(|entry| is_anchor(entry));
    for (index, entry) in files.enumerate() {
        let mut anchor = Anchor {
            path: Arc::clone(&entry.path),
            statement: None,
            flaws: Vec::new(),
        };
        if index >= MAX_ANCHORS {
            anchor.flaws.push(AnchorFlaw::TooMany);
        } else {
            judge_file(tree, entry, basis, &mut anchor)?;
        }
        anchors.push(anchor);
    }
    Ok(anchors)
}

/// Tells whether a path is that of an anchor.
pub fn is_anchor_path(path: &str) -> bool {
    path.strip_prefix("anchors/")
        .is_some_and(|name| name.ends_with(".yaml"))
}

fn is_anchor(entry: &Entry) -> bool {
    entry.kind == EntryKind::File && is_anchor_path(&entry.path)
}

fn judge_file(tree: &Tree, entry: &Entry, basis: &Basis<'_>, anchor: &mut Anchor) -> Result<()> {
    if entry.size > MAX_ANCHOR_BYTES {
        let what = format!("it has more than {MAX_ANCHOR_BYTES} bytes");
        anchor.flaws.push(AnchorFlaw::Malformed(what));
        return Ok(());
    }
    let bytes = tree.read(entry, MAX_ANCHOR_BYTES)?;
    let parsed = std::str::from_utf8(&bytes)
        .map_err(|_| "it is not UTF-8".to_owned())
        .and_then(Statement::parse);
    let statement = match parsed {
        Ok(statement) => statement,
        Err(what) => {
            anchor.flaws.push(AnchorFlaw::Malformed(what));
            return Ok(());
        }
    };
    let expected = statement.path();
    if *expected != *entry.path {
        anchor.flaws.push(AnchorFlaw::Misnamed { expected });
    }
    let beside = tree.entry(&format!("{}.sig", entry.path));
    let signature =
        match beside.filter(|beside| beside.kind == EntryKind::File && beside.size <= MAX_ANCHOR_BYTES) {
            Some(beside) => Some(tree.read(beside, MAX_ANCHOR_BYTES)?),
            None => None,
        };
    anchor
        .flaws
        .extend(signature_flaw(&statement, &bytes, signature.as_deref(), basis));
    anchor.statement = Some(statement);
    Ok(())
}

fn signature_flaw(
    statement: &Statement,
    bytes: &[u8],
    signature: Option<&[u8]>,
    basis: &Basis<'_>,
) -> Option<AnchorFlaw> {
    let Some(signature) = signature else {
        return Some(AnchorFlaw::Unsigned);
    };
    let Some(person) = basis.repository.people.get(&statement.person) else {
        return Some(AnchorFlaw::PersonUnknown);
    };
    let email = &person.spec.email.value;
    let judged = basis
        .keyring
        .judge_as(email, signature, bytes, Namespace::Anchor, statement.at);
    let signed_by = match judged {
        Ok(signed_by) => signed_by,
        Err(error) => return Some(AnchorFlaw::Signature(error)),
    };
    let day = basis.zone().day_of(statement.at);
    let is_listed = person.spec.keys.iter().any(|key| {
        key.fingerprint.value == signed_by.fingerprint
            && key.purpose == Some(KeyPurpose::Anchor)
            && key.valid_from.value <= day
            && key.valid_to.is_none_or(|last| day <= last.value)
    });
    (!is_listed).then_some(AnchorFlaw::KeyNotInRecord {
        fingerprint: signed_by.fingerprint,
    })
}

/// Judges a statement that is about to be written, with its signature.
pub fn judge_statement(
    statement: &Statement,
    signature: &[u8],
    basis: &Basis<'_>,
    history: &History,
) -> Vec<AnchorFlaw> {
    let text = statement.to_text();
    let flaw = signature_flaw(statement, text.as_bytes(), Some(signature), basis);
    let mut anchor = [Anchor {
        path: statement.path().into(),
        statement: Some(statement.clone()),
        flaws: flaw.into_iter().collect(),
    }];
    compare_anchors(&mut anchor, history);
    let [anchor] = anchor;
    anchor.flaws
}

/// Compares anchors with the history that leads to the judged commit.
///
/// A shallow clone lacks what they are about, so that nothing is said of them.
pub fn compare_anchors(anchors: &mut [Anchor], history: &History) {
    if history.is_shallow {
        return;
    }
    let genesis = genesis(history).map(|place| history.commits[place].id.clone());
    let skew = TimeDelta::minutes(MAX_SKEW_MINUTES);
    let mut brought: std::collections::BTreeMap<Arc<str>, DateTime<Utc>> = std::collections::BTreeMap::new();
    for commit in &history.commits {
        let added = commit.changes.iter().filter(|change| change.before.is_none());
        for change in added.filter(|change| is_anchor_path(&change.path)) {
            brought
                .entry(Arc::clone(&change.path))
                .or_insert(commit.committed_at);
        }
    }
    for anchor in anchors {
        let Some(statement) = &anchor.statement else {
            continue;
        };
        let Some(place) = history.position(&statement.commit) else {
            anchor.flaws.push(AnchorFlaw::Rewritten);
            continue;
        };
        if let Ok(index) = history.mainline.binary_search(&place)
            && index + 1 != statement.mainline
        {
            anchor.flaws.push(AnchorFlaw::OtherLength { found: index + 1 });
        }
        if let Some(found) = genesis.as_ref().filter(|found| **found != statement.genesis) {
            let found = found.clone();
            anchor.flaws.push(AnchorFlaw::OtherGenesis { found });
        }
        let committed = history.commits[place].committed_at;
        if statement.at + skew < committed {
            anchor.flaws.push(AnchorFlaw::BeforeCommit { committed });
        }
        if let Some(committed) = brought
            .get(&anchor.path)
            .copied()
            .filter(|committed| statement.at > *committed + skew)
        {
            anchor.flaws.push(AnchorFlaw::AfterCommit { committed });
        }
    }
}

/// Returns what the good anchors hold fast, by path; nothing in a shallow clone.
pub fn anchored(anchors: &[Anchor], history: &History) -> Vec<Anchored> {
    if history.is_shallow {
        return Vec::new();
    }
    let good = anchors.iter().filter(|anchor| anchor.flaws.is_empty());
    good.filter_map(|anchor| {
        let statement = anchor.statement.as_ref()?;
        Some(Anchored {
            at: statement.at,
            commit: history.position(&statement.commit)?,
        })
    })
    .collect()
}

/// Finds the commit with which trust begins: the first one whose list of keys has something in it.
pub fn genesis(history: &History) -> Option<usize> {
    history.commits.iter().position(|commit| {
        commit.changes.iter().any(|change| {
            &*change.path == ALLOWED_SIGNERS && change.after.is_some_and(|content| !content.is_of(b""))
        })
    })
}
