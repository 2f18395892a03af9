//! `VERIFY.md`: how to check the bundle with nothing but standard tools.

use chrono::Utc;

use super::approvals::{Decision, decisions_in};
use super::manifest::{ALLOWED_SIGNERS, StatedSigner, Statement};
use crate::load::{ALLOWED_SIGNERS as KEYRING, REVOKED};
use crate::source::write::Files;
use crate::trust::sshsig::Namespace;

/// The text of `VERIFY.md`, with the real principal, fingerprint and time in its lines.
///
/// `files` are those that the bundle vouches for; `more` is Markdown to go behind, or empty.
pub fn instructions(statement: &Statement, files: &Files, more: &str) -> String {
    let brings_list = files.contains_key(ALLOWED_SIGNERS);
    let mut text = format!(
        "# How to verify this bundle\n\n\
         As of {}, made from {}, by {}. Run the lines below in this folder; they need `sha256sum` and, for the \
         signature, OpenSSH 9.1 or later.\n\n",
        statement.as_of.to_rfc3339(),
        statement
            .commit
            .as_deref()
            .map_or("no commit".to_owned(), |commit| format!("commit `{commit}`")),
        statement.tool,
    );
    text.push_str(FILES);
    match &statement.signer {
        None => text.push_str(UNSIGNED),
        Some(signer) => text.push_str(&signed(statement, signer, brings_list)),
    }
    text.push_str(&approvals(files));
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

const FILES: &str = "\
## 1. The files are those that were listed

```sh
sha256sum -c SHA256SUMS
```

Every line must end in `OK` (on macOS: `shasum -a 256 -c SHA256SUMS`). Files that are there and not listed,
and anything that is no plain file, are shown by these two lines; both must print nothing:

```sh
{ cut -c 67- SHA256SUMS; find . -type f | cut -c 3- | grep -vE '^SHA256SUMS([.][^/]*)?$'; } | LC_ALL=C sort | uniq -u
find . ! -type f ! -type d
```

";

const UNSIGNED: &str = "\
## 2. There is no signature

This bundle was not signed. The lines above show that its files fit its own list, and nothing about who made it.

";

const WITH_THE_TOOL: &str = "\
## With the tool

`countersign verify .` does all of the above; `--allowed-signers FILE` names a list of signers of the bundle
that you trust, and `--keyring FILE` one of those who approve.
";

fn signed(statement: &Statement, signer: &StatedSigner, brings_list: bool) -> String {
    let time = statement.as_of.with_timezone(&Utc).format("%Y%m%d%H%M%SZ");
    let (namespace, fingerprint) = (Namespace::Bundle, &signer.fingerprint);
    let mut text = String::from("## 2. The list is signed\n\n");
    match &signer.principal {
        Some(principal) => text.push_str(&format!(
            "```sh\nssh-keygen -Y verify -f allowed_signers -I {} -n {namespace} -O verify-time={time} \
             -s SHA256SUMS.sig < SHA256SUMS\n```\n\n\
             It must say `Good \"{namespace}\" signature`, and name `{fingerprint}`.\n\n",
            quoted(principal)
        )),
        None => text.push_str(&unlisted(&time.to_string(), fingerprint, brings_list)),
    }
    text.push_str(&format!(
        "## 3. The key is theirs\n\n\
         The key that signed has the fingerprint\n\n```text\n{fingerprint}\n```\n\n\
         Compare it, over a channel other than the one this bundle came by (telephone, paper, a page you already \
         trust), with the fingerprint that the organisation gives: whoever can change the bundle can change the \
         list of keys in it too. A key that you were given, and the keys of this bundle's list, print theirs with\n\n\
         ```sh\nssh-keygen -lf KEY.pub\n"
    ));
    if brings_list {
        text.push_str("grep -oE '(sk-)?(ssh|ecdsa)-[^ ]+ AAAA[^ ]+' allowed_signers | ssh-keygen -lf -\n");
    }
    text.push_str("```\n\n");
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
         ```sh\nssh-keygen -Y check-novalidate -n {namespace} -s SHA256SUMS.sig < SHA256SUMS\n```\n\n\
         With the signer's public key, received in a way that you trust, write a list of your own outside of this \
         folder, under a name of your choice, and verify by it:\n\n\
         ```sh\nprintf '%s namespaces=\"%s\" %s\\n' signer@example.org {namespace} \"$(cat KEY.pub)\" > ../my_signers\n\
         ssh-keygen -Y verify -f ../my_signers -I signer@example.org -n {namespace} -O verify-time={time} \
         -s SHA256SUMS.sig < SHA256SUMS\n```\n\n"
    )
}

/// How to check each decision, and the digest that it is about; nothing where the bundle holds none.
fn approvals(files: &Files) -> String {
    let (decisions, _) = decisions_in(files);
    let lines: Vec<String> = decisions
        .iter()
        .filter_map(|decision| approval_line(decision, files))
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    let namespace = Namespace::Approval;
    let mut text = format!(
        "## The approvals are signed\n\n\
         Each person signed each decision, at the time that its file names. Every line must say \
         `Good \"{namespace}\" signature`; that `{KEYRING}` is the organisation's is known only by a copy that \
         came another way.\n\n```sh\n{}\n```\n\n",
        lines.join("\n")
    );
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

fn approval_line(decision: &Decision<'_>, files: &Files) -> Option<String> {
    let email = decision.email(files)?;
    let revoked = if files.contains_key(REVOKED) {
        format!(" -r {REVOKED}")
    } else {
        String::new()
    };
    Some(format!(
        "ssh-keygen -Y verify -f {KEYRING}{revoked} -I {} -n {} -O verify-time={} -s {} < {}",
        quoted(&email),
        Namespace::Approval,
        decision.at().format("%Y%m%d%H%M%SZ"),
        quoted(&format!("{}.sig", decision.path)),
        quoted(decision.path),
    ))
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
