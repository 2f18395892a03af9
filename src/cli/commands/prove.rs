//! `verify`, and with `--rebuild` the bundle made again from its commit.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::bundle::{KEYRING_BYTES, add_history, judged, tool, unsealed};
use crate::attest::contents::{Contents, read_bundle};
use crate::attest::manifest::{GIT_BUNDLE, StatedImport, Statement};
use crate::attest::rebuild::{compared, first_difference};
use crate::attest::verify::{ListInUse, verify as verify_bundle};
use crate::cli::args::{At, Global, Verify};
use crate::cli::console::Console;
use crate::cli::exports::named_part;
use crate::cli::failure::{CLEAN, Failure, TRUST};
use crate::cli::job::{Asked, Job, open_in};
use crate::cli::progress::Progress;
use crate::import::{Content, Export, sha256_of};
use crate::model::RecordId;
use crate::output::text::visible;
use crate::source;

pub(in crate::cli) fn verify(
    console: &mut Console<'_>,
    global: &Global,
    verify: &Verify,
) -> Result<u8, Failure> {
    let list = list_in_use(console, verify.allowed_signers.as_deref())?;
    let keyring = list_in_use(console, verify.keyring.as_deref())?;
    let contents = read_bundle(&console.folder.join(&verify.bundle))?;
    let report = verify_bundle(&contents, &list, &keyring);
    for line in report.lines() {
        writeln!(console.out, "{}", visible(&line))?;
    }
    let mut is_good = report.ok();
    if let Some(repository) = &verify.rebuild {
        let repository = console.folder.join(repository);
        let said = match &report.statement {
            None => Err("FAIL rebuild: without bundle.json nobody knows what to make".to_owned()),
            Some(statement) => {
                let question = (statement, &contents, repository.as_path());
                rebuild(console, global, question, &verify.scans)?
            }
        };
        is_good &= said.is_ok();
        let line = said.unwrap_or_else(|line| line);
        writeln!(console.out, "{}", visible(&line))?;
    }
    Ok(if is_good { CLEAN } else { TRUST })
}

fn list_in_use(console: &Console<'_>, file: Option<&Path>) -> Result<ListInUse, Failure> {
    let Some(file) = file else {
        return Ok(ListInUse::BundlesOwn);
    };
    let bytes = source::read_file(&console.folder.join(file), KEYRING_BYTES)?;
    let text = String::from_utf8(bytes).with_context(|| format!("`{}` is not UTF-8", file.display()))?;
    Ok(ListInUse::Given(text))
}

/// Makes the bundle again from its commit, and compares; the line to say, as `Err` where it is not the same.
fn rebuild(
    console: &mut Console<'_>,
    global: &Global,
    (statement, contents, repository): (&Statement, &Contents, &Path),
    scans: &[String],
) -> Result<Result<String, String>, Failure> {
    let commit = match commit_of(statement, repository, console) {
        Ok(commit) => commit,
        Err(why) => return Ok(Err(format!("FAIL rebuild: {why}"))),
    };
    let given = find_given(console, statement, scans)?;
    let progress = Progress::start(console, global, "rebuilding");
    let inside = Global {
        repo: Some(repository.to_owned()),
        as_of: Some(statement.as_of.to_rfc3339()),
        ..global.clone()
    };
    let at = At {
        at: Some(commit.clone()),
    };
    let asked = Asked {
        period: statement.period,
        has_months: true,
    };
    let job = open_in(console, &inside, &at, asked)?;
    let host = statement
        .inputs
        .imports
        .iter()
        .find_map(|import| import.host.as_deref());
    let read = job.scans_with(&progress, exports(&job, &given)?)?;
    let made = judged(&job, &read, statement.period)?;
    let mut bundle = unsealed(&job, &read, &made, host)?;
    let mut history = String::new();
    match contents.files.get(GIT_BUNDLE) {
        Some(bytes) if source::why_no_git_bundle(&job.root)?.is_none() => {
            match source::check_git_bundle(&job.root, &commit, bytes)? {
                Err(why) => return Ok(Err(format!("FAIL {GIT_BUNDLE} {why}"))),
                Ok(count) => history = format!("; {GIT_BUNDLE} holds the {count} objects of its history"),
            }
            bundle.files.insert(GIT_BUNDLE.to_owned(), bytes.clone());
        }
        Some(_) | None => drop(add_history(&mut bundle, &job)?),
    }
    let made = bundle.seal_as(statement.signer.clone())?;
    drop(progress);
    Ok(match first_difference(&contents.files, &made.files) {
        Some(difference) => Err(difference.to_string()),
        None => Ok(format!(
            "rebuilt from {commit}: {} files are the same, byte for byte{history}",
            compared(&made.files)
        )),
    })
}

/// Returns the commit to make the bundle from; else why that cannot be done.
fn commit_of(statement: &Statement, repository: &Path, console: &Console<'_>) -> Result<String, String> {
    if statement.tool != tool() {
        return Err(format!(
            "the bundle was made by `{}`, and this is `{}`: only the same version makes the same bytes; rebuild with \
             that one",
            statement.tool.escape_debug(),
            tool()
        ));
    }
    if let Some(redacted) = &statement.redacted {
        return Err(format!(
            "the bundle is redacted with a secret; rebuild the full one, whose SHA256SUMS has the SHA-256 {}",
            redacted.full_sha256sums_sha256.escape_debug()
        ));
    }
    let Some(commit) = &statement.commit else {
        return Err(
            "the bundle was made outside of git, so that there is no commit to make it from".to_owned(),
        );
    };
    if statement.modified {
        return Err(format!(
            "the bundle was made from files that differ from commit `{}`; no commit holds them",
            commit.escape_debug()
        ));
    }
    let now = console.now.with_timezone(statement.as_of.offset());
    if statement.as_of.date_naive() > now.date_naive() {
        return Err(format!(
            "the bundle is as of {}, which is yet to come",
            statement.as_of
        ));
    }
    let is_hash = matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = if is_hash {
        source::resolve_revision(repository, commit).map_err(|error| format!("{error:#}"))
    } else {
        Err("it is no full hash".to_owned())
    };
    match found {
        Ok(found) if &found == commit => Ok(found),
        Ok(_) => Err(format!("`{commit}` is not the hash of a commit")),
        Err(why) => Err(format!(
            "the bundle says that it was made from commit `{}`, and `{}` does not hold that: {why}",
            commit.escape_debug(),
            repository.display()
        )),
    }
}

/// An export that was given by hand: what the bundle says of it, and where it lies now.
struct Given<'a> {
    stated: &'a StatedImport,
    path: PathBuf,
}

/// Finds the exports that the repository does not hold among the files given, by their digests.
fn find_given<'a>(
    console: &Console<'_>,
    statement: &'a Statement,
    scans: &[String],
) -> Result<Vec<Given<'a>>, Failure> {
    let wanted: Vec<&StatedImport> = statement
        .inputs
        .imports
        .iter()
        .filter(|import| import.by_hand)
        .collect();
    let mut files = Vec::new();
    for argument in scans {
        let whole = console.folder.join(argument);
        let path = match argument.rsplit_once('=') {
            Some((file, _)) if !whole.exists() => console.folder.join(file),
            _ => whole,
        };
        let digest =
            sha256_of(&path).map_err(|error| Failure::input(anyhow::anyhow!("`{argument}` {error}")))?;
        if wanted.iter().all(|import| import.sha256 != digest) {
            return Err(Failure::input(anyhow::anyhow!(
                "`{argument}` is none of the exports that the bundle was made with by `--scan`: its SHA-256 is {digest}"
            )));
        }
        files.push((digest, path));
    }
    let (mut given, mut missing) = (Vec::new(), Vec::new());
    for stated in wanted {
        match files.iter().find(|(digest, _)| *digest == stated.sha256) {
            Some((_, path)) => given.push(Given {
                stated,
                path: path.clone(),
            }),
            None => missing.push(format!("{}  {}", stated.sha256, visible(&stated.file))),
        }
    }
    if missing.is_empty() {
        return Ok(given);
    }
    Err(Failure::input(anyhow::anyhow!(
        "the bundle was made with exports that the repository does not hold; give each again with `--scan FILE`\n  {}",
        missing.join("\n  ")
    )))
}

/// Gives the exports the names, Sources and hosts that they had.
fn exports(job: &Job, given: &[Given<'_>]) -> Result<Vec<Export>, Failure> {
    let export = |one: &Given<'_>| {
        let source = one.stated.source.as_deref().and_then(RecordId::new);
        let content = Content::File(one.path.clone());
        named_part(job.export(
            one.stated.file.clone(),
            content,
            source,
            one.stated.host.clone(),
            true,
        ))
    };
    given.iter().map(export).collect()
}
