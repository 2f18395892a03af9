//! A bundle is judged: every file against the manifest, the manifest and every approval against its signature.

use std::collections::BTreeSet;

use super::approvals::{judge_all, keyring_given, keyring_in};
use super::contents::{Contents, Problem};
use super::envelope;
use super::manifest::{
    ALLOWED_SIGNERS, ENVELOPE, GIT_BUNDLE, STATEMENT, SUMS, SUMS_SIGNATURE, Statement, TIME_STAMP, digest_of,
    is_exempt, parse_sums,
};
use super::timestamp::TimeStamp;
use crate::diagnostic::counted;
use crate::source::git_bundle_head;
use crate::source::write::Files;
use crate::trust::allowed_signers::{AllowedSigners, SignedBy, judge};
use crate::trust::sshsig::{Namespace, Signature};

/// The list of keys by which signatures are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListInUse {
    /// The one in the bundle itself, which shows that nothing changed, and not who made it.
    BundlesOwn,
    /// The text of a list that whoever verifies trusts; it alone decides.
    Given(String),
}

/// What became of the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureVerdict {
    /// The bundle has none.
    Absent,
    /// It does not count; the problems say why.
    Failed,
    /// It counts, by the list in use.
    Good(SignedBy),
}

/// All that verification found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the bundle says it is, if that can be read.
    pub statement: Option<Statement>,
    /// How many files stand as the manifest lists them.
    pub intact: usize,
    /// What became of the signature.
    pub signature: SignatureVerdict,
    /// How many approvals count by their signatures, and by which keyring that was said.
    pub approvals: String,
    /// Why the bundle does not stand, sorted; empty if it does.
    pub problems: Vec<Problem>,
    /// What a reader must know though it is no failure.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether the bundle stands.
    pub fn ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// The report in lines for people: problems first, then what stands, then notes.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        lines.push(format!("{} files are as SHA256SUMS lists them", self.intact));
        lines.push(match &self.signature {
            SignatureVerdict::Absent => "the bundle has no signature".to_owned(),
            SignatureVerdict::Failed => "the signature does not count".to_owned(),
            SignatureVerdict::Good(signer) => {
                format!(
                    "signed by {} with {}",
                    signer.principal.escape_debug(),
                    signer.fingerprint
                )
            }
        });
        if let Some(statement) = &self.statement {
            let commit = statement.commit.as_deref().unwrap_or("no commit");
            let but = if statement.modified {
                ", with changes that no commit holds"
            } else {
                ""
            };
            lines.push(format!(
                "as of {}, made from {}{but}",
                statement.as_of.to_rfc3339(),
                commit.escape_debug()
            ));
        }
        lines.push(self.approvals.clone());
        lines.extend(self.notes.iter().cloned());
        lines
    }
}

/// Judges a bundle that was read: digests, completeness, signature, approvals.
///
/// `list` says who may have signed the bundle, `keyring` whose approvals count.
pub fn verify(contents: &Contents, list: &ListInUse, keyring: &ListInUse) -> Report {
    let mut report = Report {
        statement: None,
        intact: 0,
        signature: SignatureVerdict::Absent,
        approvals: String::new(),
        problems: contents.problems.clone(),
        notes: Vec::new(),
    };
    match contents.files.get(STATEMENT).map(|bytes| Statement::parse(bytes)) {
        Some(Ok(statement)) => report.statement = Some(statement),
        Some(Err(error)) => report.fail(STATEMENT, &format!("cannot be read: {error:#}")),
        None => report.fail(STATEMENT, "missing, so the time of judgement is unknown"),
    }
    check_digests(&contents.files, &mut report);
    check_form(contents, &mut report);
    check_signature(&contents.files, list, &mut report);
    check_envelope(&contents.files, &mut report);
    check_time_stamp(&contents.files, &mut report);
    check_history(&contents.files, &mut report);
    check_approvals(&contents.files, keyring, &mut report);
    report.problems.sort();
    report.problems.dedup();
    report
}

impl Report {
    fn fail(&mut self, name: &str, why: &str) {
        self.problems
            .push(Problem::Bundle(name.to_owned(), why.to_owned()));
    }
}

fn check_digests(files: &Files, report: &mut Report) {
    let Some(sums) = files.get(SUMS) else {
        report.problems.push(Problem::Missing(SUMS.to_owned()));
        return;
    };
    let (digests, faults) = parse_sums(sums);
    for (line, what) in faults {
        report.fail(SUMS, &format!("line {line}: {what}"));
    }
    for (path, digest) in &digests {
        match files.get(path) {
            None => report.problems.push(Problem::Missing(path.clone())),
            Some(bytes) if &digest_of(bytes) != digest => {
                report.problems.push(Problem::DigestDiffers(path.clone()));
            }
            Some(_) => report.intact += 1,
        }
    }
    for path in files.keys().filter(|path| !digests.contains_key(*path)) {
        if !is_exempt(path) {
            report.problems.push(Problem::NotListed(path.clone()));
        } else if ![SUMS, SUMS_SIGNATURE, ENVELOPE, TIME_STAMP].contains(&path.as_str()) {
            report
                .notes
                .push(format!("`{path}` is covered by no digest and no signature"));
        }
    }
}

/// An archive has one form; other bytes with the same files may hide something between them.
fn check_form(contents: &Contents, report: &mut Report) {
    let modified = report
        .statement
        .as_ref()
        .and_then(|statement| statement.modified().ok());
    if modified.is_some_and(|modified| !contents.has_archive_form(modified)) {
        let why = "holds bytes that its files do not account for (order, times, owners or padding); \
                   unpack it to verify the files alone";
        report.fail("archive", why);
    }
}

fn check_signature(files: &Files, list: &ListInUse, report: &mut Report) {
    let signer = report
        .statement
        .as_ref()
        .and_then(|statement| statement.signer.clone());
    let Some(signature) = files.get(SUMS_SIGNATURE) else {
        match (signer, list) {
            (Some(_), _) => report.fail(SUMS_SIGNATURE, "missing, though bundle.json names a signer"),
            (None, ListInUse::Given(_)) => {
                report.fail(
                    SUMS_SIGNATURE,
                    "missing: the bundle has no signature, and allowed signers were given",
                );
            }
            (None, ListInUse::BundlesOwn) => {}
        }
        return;
    };
    report.signature = SignatureVerdict::Failed;
    let Some(at) = report
        .statement
        .as_ref()
        .map(|statement| statement.as_of.to_utc())
    else {
        return;
    };
    let Some(signers) = list_in_use(files, list, report) else {
        return;
    };
    let sums = files.get(SUMS).map(Vec::as_slice).unwrap_or_default();
    match judge(&signers, signature, sums, Namespace::Bundle, at) {
        Err(error) => report.fail(SUMS_SIGNATURE, &error.to_string()),
        Ok(found) => {
            // The list decides alone; that somebody signed the bundle anew is worth a word.
            if signer.is_none_or(|signer| signer.fingerprint != found.fingerprint) {
                report.notes.push(format!(
                    "the signature is by {}, whom bundle.json does not name",
                    found.fingerprint
                ));
            }
            if found.zone_missing {
                report.notes.push(format!(
                    "line {} of the allowed signers has a time without `Z`; it was read as UTC",
                    found.line
                ));
            }
            report.signature = SignatureVerdict::Good(found);
        }
    }
}

/// A time stamp is over the list of digests; who gave it is not judged here.
fn check_time_stamp(files: &Files, report: &mut Report) {
    let Some(response) = files.get(TIME_STAMP) else {
        return;
    };
    let sums = files.get(SUMS).map(Vec::as_slice).unwrap_or_default();
    match TimeStamp::over(response, sums) {
        Ok(stamp) => report.notes.push(stamp.line()),
        Err(why) => report.fail(TIME_STAMP, &why),
    }
}

/// Whoever signed the list of digests signed the in-toto statement, too, and it says the same.
fn check_envelope(files: &Files, report: &mut Report) {
    let signature = files.get(SUMS_SIGNATURE);
    match (files.get(ENVELOPE), signature) {
        (None, None) => {}
        (None, Some(_)) => report.notes.push(format!(
            "the bundle brings no in-toto statement (`{ENVELOPE}`); nothing else hangs on it"
        )),
        (Some(_), None) => report.fail(ENVELOPE, &format!("stands without {SUMS_SIGNATURE}")),
        (Some(envelope), Some(signature)) => {
            // A signature that cannot be read is told elsewhere.
            let Ok(signature) = Signature::parse(signature) else {
                return;
            };
            match envelope::check(envelope, files, signature.key()) {
                Err(why) => report.fail(ENVELOPE, &why),
                Ok(0) => {}
                Ok(more) => report.notes.push(format!(
                    "`{ENVELOPE}` bears {more} more, which nobody judged here"
                )),
            }
        }
    }
}

fn list_in_use(files: &Files, list: &ListInUse, report: &mut Report) -> Option<AllowedSigners> {
    let signers = match list {
        ListInUse::Given(text) => AllowedSigners::parse(text),
        ListInUse::BundlesOwn => {
            let Some(bytes) = files.get(ALLOWED_SIGNERS) else {
                report.fail(
                    SUMS_SIGNATURE,
                    "cannot be judged: the bundle brings no allowed_signers, and none were given",
                );
                return None;
            };
            let Ok(text) = std::str::from_utf8(bytes) else {
                report.fail(ALLOWED_SIGNERS, "is not UTF-8");
                return None;
            };
            report.notes.push(
                "judged by the bundle's own allowed_signers: this shows integrity, not origin; \
                 give the list you trust to see who made it"
                    .to_owned(),
            );
            AllowedSigners::parse(text)
        }
    };
    let lines: BTreeSet<String> = signers
        .errors
        .iter()
        .map(|error| format!("{error}; the line lets nobody sign"))
        .collect();
    report.notes.extend(lines);
    Some(signers)
}

/// The history ends in the commit that the bundle names; that it is whole is for git to say, or a rebuild.
fn check_history(files: &Files, report: &mut Report) {
    let Some(bytes) = files.get(GIT_BUNDLE) else {
        return;
    };
    let commit = report
        .statement
        .as_ref()
        .and_then(|statement| statement.commit.as_deref());
    let why = match (git_bundle_head(bytes), commit) {
        (Ok(head), Some(commit)) if head == commit => return,
        (Ok(head), _) => format!(
            "ends in `{}`, which is not the commit of {STATEMENT}",
            head.escape_debug()
        ),
        (Err(why), _) => why,
    };
    report.fail(GIT_BUNDLE, &why);
}

fn check_approvals(files: &Files, keyring: &ListInUse, report: &mut Report) {
    let (found, whose) = match keyring {
        ListInUse::BundlesOwn => (keyring_in(files), "the keyring in the bundle"),
        ListInUse::Given(text) => (Some(keyring_given(text, files)), "the keyring given"),
    };
    let has_any = files.keys().any(|path| path.starts_with("approvals/"));
    if !has_any {
        report.approvals = "the bundle holds no approvals".to_owned();
        return;
    }
    if found.is_none() {
        let why = "cannot be judged: the bundle brings no keyring that can be read, and none was given";
        report.fail("approvals", why);
    }
    let judged = judge_all(files, &found.unwrap_or_default());
    report.approvals = format!(
        "{} verified by {whose}, {} of them over records as they are in the bundle",
        counted(judged.good, "approval"),
        judged.over_records
    );
    report.problems.extend(judged.problems);
    report.notes.extend(judged.notes);
}
