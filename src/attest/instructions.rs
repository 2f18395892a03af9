//! `VERIFY.md`: how to check the bundle with nothing but standard tools.

use std::collections::BTreeSet;

use chrono::Utc;

use super::approvals::{Decision, Verdict, decisions_in, keyring_in, verdicts};
use super::manifest::{ALLOWED_SIGNERS, GIT_BUNDLE, StatedSigner, Statement};
use crate::load::{ALLOWED_SIGNERS as KEYRING, REVOKED};
use crate::source::write::Files;
use crate::trust::sshsig::Namespace;

/// The text of `VERIFY.md`, with the real principal, fingerprint and time in its lines.
///
/// `files` are those that the bundle vouches for; `more` is Markdown to go behind, or empty. What stands in
/// blocks of `sh` runs as it is, all together or line by line; a failure leaves its mark in `$failed`.
pub fn instructions(statement: &Statement, files: &Files, more: &str) -> String {
    let mut text = format!(
        "# How to verify this bundle\n\n\
         As of {}, made from {}, by {}. What follows needs coreutils, OpenSSH 9.1 or later and, where there is a \
         history, git. Run the lines in this folder one by one, or all at once:\n\n{RUN_ALL}\n\
         That ends with `verified` and exit code 0, or with `NOT verified`.\n\n",
        statement.as_of.to_rfc3339(),
        statement
            .commit
            .as_deref()
            .map_or("no commit".to_owned(), |commit| format!("commit `{commit}`")),
        statement.tool,
    );
    text.push_str(&listed(files));
    match &statement.signer {
        None => text.push_str(UNSIGNED),
        Some(signer) => text.push_str(&signed(statement, signer, files.contains_key(ALLOWED_SIGNERS))),
    }
    text.push_str(&history(statement, files));
    text.push_str(&approvals(files));
    text.push_str(RESULT);
    if statement.signer.is_some() {
        text.push_str(ENVELOPE);
    }
    text.push_str(TIME_STAMP);
    text.push_str(WITH_THE_TOOL);
    if !more.is_empty() {
        text.push('\n');
        text.push_str(more);
        if !more.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

const RUN_ALL: &str = "\
```text
sh -c \"$(sed -n '/^```sh/,/^```/p' VERIFY.md | grep -v '^```')\"
```
";

const UNSIGNED: &str = "\
## There is no signature

This bundle was not signed. The lines above show that its files fit its own list, and nothing about who made it.

";

const RESULT: &str = "\
## What came of it

```sh
if test -z \"$failed\"; then echo 'verified'; else echo 'NOT verified: see above'; false; fi
```

";

const ENVELOPE: &str = "\
## As an in-toto statement

`SHA256SUMS.intoto.json` says what `SHA256SUMS` and `bundle.json` say, as an in-toto statement in a DSSE envelope,
for tools that read those. Its `keyid` is the fingerprint above. An Ed25519 or ECDSA key that lay in a file signed
plainly, as such tools expect it; any other key (in an agent, in hardware, with a passphrase, RSA) made an OpenSSH
signature over the same bytes, which `countersign verify` checks and such tools do not.

";

const TIME_STAMP: &str = "\
## A time stamp

Where a file `SHA256SUMS.tsr` lies here, it is a time stamp (RFC 3161) over `SHA256SUMS`. With the certificate of
the authority that gave it, got in a way that you trust:

```text
openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile AUTHORITY.pem
```

";

const WITH_THE_TOOL: &str = "\
## With the tool

`countersign verify .` does all of the above; `--allowed-signers FILE` names a list of signers of the bundle
that you trust, and `--keyring FILE` one of those who approve. `--rebuild REPO` makes the bundle again from its
commit in the repository, and compares every byte.
";

/// The kinds of files that a bundle holds beside its folders.
const SUFFIXES: &str = "html|pdf|md|csv|xlsx|json";

/// How to compare the files with the list, in both directions.
fn listed(files: &Files) -> String {
    let folders: BTreeSet<&str> = files
        .keys()
        .filter_map(|path| Some(path.split_once('/')?.0))
        .collect();
    let places: String = folders
        .iter()
        .map(|folder| format!(" {}", quoted(&format!("./{folder}"))))
        .collect();
    let (mut plain, mut other) = (String::new(), String::new());
    if !folders.is_empty() {
        plain = format!("; find{places} -type f");
        other = format!("; find{places} ! -type f ! -type d");
    }
    format!(
        "## The files are those that were listed\n\n\
         ```sh\nfailed=\nsha256sum -c SHA256SUMS || failed=yes\n```\n\n\
         Every line must end in `OK` (on macOS: `shasum -a 256 -c SHA256SUMS`). Documents, and files in the folders of \
         the bundle, that are there and not listed, and anything that is no plain file, are shown by the next two \
         lines; both must print nothing. What else lies beside, such as the archive it came in, is no part of it.\n\n\
         ```sh\n\
         {{ cut -c 67- SHA256SUMS; cut -c 67- SHA256SUMS; \
         {{ find . -maxdepth 1 -type f | grep -E '[.]({SUFFIXES})$'{plain}; }} | cut -c 3- | grep -v '^SHA256SUMS[.]'; }} \
         | LC_ALL=C sort | uniq -u | grep . && failed=yes\n\
         {{ find . -maxdepth 1 ! -type f ! -type d{other}; }} | grep . && failed=yes\n```\n\n"
    )
}

fn signed(statement: &Statement, signer: &StatedSigner, brings_list: bool) -> String {
    let time = statement.as_of.with_timezone(&Utc).format("%Y%m%d%H%M%SZ");
    let (namespace, fingerprint) = (Namespace::Bundle, &signer.fingerprint);
    let mut text = String::from("## The list is signed\n\n");
    match &signer.principal {
        Some(principal) => text.push_str(&format!(
            "```sh\nssh-keygen -Y verify -f allowed_signers -I {} -n {namespace} -O verify-time={time} \
             -s SHA256SUMS.sig < SHA256SUMS || failed=yes\n```\n\n\
             It must say `Good \"{namespace}\" signature`, and name `{fingerprint}`.\n\n",
            quoted(principal)
        )),
        None => text.push_str(&unlisted(&time.to_string(), fingerprint, brings_list)),
    }
    text.push_str(&format!(
        "## The key is theirs\n\n\
         The key that signed has the fingerprint\n\n```text\n{fingerprint}\n```\n\n\
         Compare it, over a channel other than the one this bundle came by (telephone, paper, a page you already \
         trust), with the fingerprint that the organisation gives: whoever can change the bundle can change the \
         list of keys in it too. A key that you were given prints its own with\n\n\
         ```text\nssh-keygen -lf KEY.pub\n```\n\n"
    ));
    if brings_list {
        text.push_str(
            "and the keys of this bundle's list with\n\n\
             ```sh\ngrep -oE '(sk-)?(ssh|ecdsa)-[^ ]+ AAAA[^ ]+' allowed_signers | ssh-keygen -lf -\n```\n\n",
        );
    }
    text
}

fn unlisted(time: &str, fingerprint: &str, brings_list: bool) -> String {
    let namespace = Namespace::Bundle;
    let why = if brings_list {
        "The key that signed is not in this bundle's `allowed_signers` for this purpose and time"
    } else {
        "This bundle brings no list of allowed signers"
    };
    format!(
        "{why}, so no name goes with the signature. This line shows only that `{fingerprint}` made it:\n\n\
         ```sh\nssh-keygen -Y check-novalidate -n {namespace} -s SHA256SUMS.sig < SHA256SUMS || failed=yes\n```\n\n\
         With the signer's public key, received in a way that you trust, write a list of your own outside of this \
         folder, under a name of your choice, and verify by it:\n\n\
         ```text\nprintf '%s namespaces=\"%s\" %s\\n' signer@example.org {namespace} \"$(cat KEY.pub)\" > ../my_signers\n\
         ssh-keygen -Y verify -f ../my_signers -I signer@example.org -n {namespace} -O verify-time={time} \
         -s SHA256SUMS.sig < SHA256SUMS\n```\n\n"
    )
}

/// How to look at the history that the bundle brings; what is not in it is told with the reason.
fn history(statement: &Statement, files: &Files) -> String {
    let left_out: String = statement
        .left_out
        .iter()
        .map(|one| format!("`{}` is not in this bundle: {}.\n\n", one.what, one.why))
        .collect();
    let Some(commit) = statement
        .commit
        .as_ref()
        .filter(|_| files.contains_key(GIT_BUNDLE))
    else {
        return left_out;
    };
    format!(
        "## The history is whole\n\n\
         `{GIT_BUNDLE}` holds every commit up to the one that this bundle was made from, and nothing else. Git itself \
         says that none is missing or damaged:\n\n\
         ```sh\n\
         git bundle list-heads {GIT_BUNDLE} HEAD | grep -x {commit}' HEAD' || failed=yes\n\
         scratch=\"$(mktemp -d)\"\n\
         git -c advice.defaultBranchName=false clone -q --bare {GIT_BUNDLE} \"$scratch/repo\" && git -C \"$scratch/repo\" fsck --full || failed=yes\n\
         rm -rf \"$scratch\"\n```\n\n\
         `git clone {GIT_BUNDLE} ../history` makes a work tree of it; there, `git log --follow` tells the life of each \
         file.\n\n{left_out}"
    )
}

/// How to check each decision, and the digest that it is about; nothing where the bundle holds none.
fn approvals(files: &Files) -> String {
    let (decisions, _) = decisions_in(files);
    if decisions.is_empty() {
        return String::new();
    }
    let keyring = keyring_in(files).unwrap_or_default();
    let (mut lines, mut replaced) = (Vec::new(), String::new());
    for (decision, verdict) in decisions.iter().zip(verdicts(&decisions, files, &keyring)) {
        match verdict {
            Verdict::Good | Verdict::Bad(_) => lines.push(approval_line(decision, files)),
            Verdict::Replaced(why) => replaced.push_str(&format!(
                "- `{}` counts for nothing: {why}. A later decision stands in its place.\n",
                decision.path
            )),
        }
    }
    let namespace = Namespace::Approval;
    let mut text = format!(
        "## The approvals are signed\n\n\
         Each person signed each decision, at the time that its file names. Every line must say \
         `Good \"{namespace}\" signature`; that `{KEYRING}` is the organisation's is known only by a copy that \
         came another way.\n\n```sh\n{}\n```\n\n",
        lines.join("\n")
    );
    if !replaced.is_empty() {
        text.push_str(&replaced);
        text.push('\n');
    }
    let record = decisions
        .iter()
        .find_map(|decision| decision.record_path().filter(|path| files.contains_key(path)));
    if let Some(record) = record {
        text.push_str(&format!(
            "A decision is over `subject.digest`: the SHA-256 of the record as canonical JSON (RFC 8785), without \
             the fields that no decision covers, and with each file that it names by SHA-256. `records/` holds that \
             JSON with a line feed behind it, which the digest leaves out. A digest that differs is one of another \
             content, from before or after:\n\n```sh\nprintf %s \"$(cat {})\" | sha256sum\n```\n\n",
            quoted(&record)
        ));
    }
    text
}

fn approval_line(decision: &Decision<'_>, files: &Files) -> String {
    let Some(email) = decision.email(files) else {
        let said = format!(
            "nobody in records/people is said to have signed {}",
            decision.path
        );
        return format!("echo {} && failed=yes", quoted(&said));
    };
    let revoked = if files.contains_key(REVOKED) {
        format!(" -r {REVOKED}")
    } else {
        String::new()
    };
    format!(
        "ssh-keygen -Y verify -f {KEYRING}{revoked} -I {} -n {} -O verify-time={} -s {} < {} || failed=yes",
        quoted(&email),
        Namespace::Approval,
        decision.at().format("%Y%m%d%H%M%SZ"),
        quoted(&format!("{}.sig", decision.path)),
        quoted(decision.path),
    )
}

/// Quotes a word for a shell, where it needs it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@._+-/:".contains(&byte);
    if !word.is_empty() && !word.starts_with('-') && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
