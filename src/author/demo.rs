//! The example organisation as a git repository with a year of history, keys and signed approvals.
#![expect(
    clippy::disallowed_methods,
    reason = "the repository is written into a folder that comes to its place only when it is whole"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Offset as _, Utc};
use git2::{Index, IndexEntry, IndexTime, Oid, Repository as Git, RepositoryInitOptions, Signature, Time};
use include_dir::{Dir, DirEntry, include_dir};

use super::anchor::state_of_history;
use super::approvals::{ApprovalDraft, Numbers, Signers, approval_files, decisions, load_whole};
use super::history::{moment, states};
use super::keyring::{ALLOWED_SIGNERS, Keys};
use super::year::{LAST_DAY, STEPS};
use crate::load::Repository;
use crate::model::{Date, Decision, RecordId, Zone, parse_date, parse_instant};
use crate::source::read_history;
use crate::source::write::{Files, make_folder};
use crate::trust::sshsig::Namespace;

static EXAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/example-repo");

/// The branch of the history.
const BRANCH: &str = "refs/heads/main";

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Demo {
    /// The git repository.
    pub repository: PathBuf,
    /// The folder with a private key for each person, named after the person's id.
    pub keys: PathBuf,
    pub commits: usize,
    pub approvals: usize,
    /// The day on which the repository is clean, that of its newest commit.
    pub day: Date,
}

/// Returns the files of the example organisation.
pub fn example() -> Files {
    let mut files = Files::new();
    collect(&EXAMPLE, &mut files);
    files
}

/// Adds every file of an embedded folder.
pub(super) fn collect(folder: &Dir<'_>, files: &mut Files) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, files),
            DirEntry::File(file) => {
                let path = file.path().to_string_lossy().replace('\\', "/");
                files.insert(path, file.contents().to_vec());
            }
        }
    }
}

/// Writes `repo` and `keys` into a folder that is empty, not there yet, or an earlier demo, which is replaced.
///
/// A demo in whose repository somebody has worked is not replaced.
///
/// No commit is later than `now`; before the last day of the example the work is refused.
pub fn demo(out: &Path, now: DateTime<Utc>, progress: &mut dyn FnMut(&str)) -> Result<Demo> {
    let day = parse_date(LAST_DAY).context("the last day of the example is no date")?;
    let last = STEPS.last().context("the year has no steps")?;
    if now < moment(last)? {
        bail!(
            "the history of the example ends on {day}, and now is {}; set the clock right",
            now.format("%Y-%m-%d")
        );
    }
    let mut counts = (0, 0);
    make_folder(out, is_earlier_demo, |folder| {
        counts = write_demo(&folder.join("repo"), &folder.join("keys"), progress)?;
        Ok(())
    })?;
    let (commits, approvals) = counts;
    Ok(Demo {
        repository: out.join("repo"),
        keys: out.join("keys"),
        commits,
        approvals,
        day,
    })
}

/// An earlier demo holds the example's repository, as it was written, and keys, perhaps its audit, and nothing else.
fn is_earlier_demo(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    let only_ours = entries.into_iter().all(|entry| {
        entry.is_ok_and(|entry| {
            ["repo", "keys", "audit"]
                .iter()
                .any(|name| entry.file_name() == *name)
        })
    });
    only_ours && folder.join("keys").is_dir() && is_untouched(&folder.join("repo")).unwrap_or(false)
}

/// Tells whether a repository ends with the last step of the year, and its work tree with it.
fn is_untouched(repo: &Path) -> Result<bool> {
    let git = Git::open(repo)?;
    let head = git.head()?.peel_to_commit()?;
    let last = STEPS.last().context("the year has no steps")?;
    let is_last = head.time().seconds() == moment(last)?.timestamp()
        && head.message_bytes().starts_with(last.subject.as_bytes());
    let mut options = git2::StatusOptions::new();
    options.include_untracked(true);
    Ok(is_last && git.statuses(Some(&mut options))?.is_empty())
}

fn write_demo(repo: &Path, keys: &Path, progress: &mut dyn FnMut(&str)) -> Result<(usize, usize)> {
    let mut files = example();
    write_files(repo, &files)?;
    let template = load_whole(repo)?;
    progress("making keys");
    make_private_folder(keys)?;
    let fresh = Keys::make(&template)?;
    fresh.write(keys)?;
    for person in &template.people {
        let text = files
            .get(&*person.meta.path)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let text = fresh.replace_fingerprints(person, &text.context("a person is not in the example")?);
        files.insert(person.meta.path.to_string(), text.into_bytes());
    }
    files.insert(
        ALLOWED_SIGNERS.into(),
        fresh.allowed_signers(&template, template.zone())?.into_bytes(),
    );
    let drafts = decisions(&template)?;
    files.retain(|path, _| !path.starts_with("approvals/"));
    fs::remove_dir_all(repo).with_context(|| format!("could not empty `{}`", repo.display()))?;
    write_files(repo, &files)?;

    progress("writing and signing a year of history");
    let repository = load_whole(repo)?;
    let mut writer = Writer::new(repo, &repository, Signers::open(&template, keys)?)?;
    writer.write_year(&files, &drafts)?;
    writer.finish()?;
    Ok((writer.commits, drafts.len()))
}

fn write_files(folder: &Path, files: &Files) -> Result<()> {
    for (path, bytes) in files {
        let target = folder.join(path);
        let cannot = || format!("could not write `{}`", target.display());
        fs::create_dir_all(target.parent().unwrap_or(folder)).with_context(cannot)?;
        fs::write(&target, bytes).with_context(cannot)?;
    }
    Ok(())
}

fn make_private_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .with_context(|| format!("could not make the folder `{}`", folder.display()))
}

/// When somebody vouched for the history so far, and who; at most one between two steps.
const ANCHORS: &[(&str, &str)] = &[
    ("2025-12-15T09:00:00Z", "p-osei"),
    ("2026-06-29T09:00:00Z", "p-osei"),
];

/// Writes commits one after the other, straight into the object database.
struct Writer<'a> {
    git: Git,
    repository: &'a Repository,
    zone: Zone,
    signers: Signers,
    numbers: Numbers,
    tree: BTreeMap<String, Oid>,
    head: Option<Oid>,
    commits: usize,
}

impl<'a> Writer<'a> {
    fn new(folder: &Path, repository: &'a Repository, signers: Signers) -> Result<Self> {
        let mut options = RepositoryInitOptions::new();
        options
            .initial_head("main")
            .external_template(false)
            .no_reinit(true);
        let git = Git::init_opts(folder, &options).context("could not make the git repository")?;
        Ok(Self {
            git,
            repository,
            zone: repository.zone(),
            signers,
            numbers: Numbers::default(),
            tree: BTreeMap::new(),
            head: None,
            commits: 0,
        })
    }

    /// Writes steps and decisions in the order of time; decisions of one person in a row share a commit.
    fn write_year(&mut self, last: &Files, drafts: &[ApprovalDraft]) -> Result<()> {
        let mut drafts = drafts;
        let mut anchors = ANCHORS.iter().peekable();
        for (step, files) in STEPS.iter().zip(states(last)?) {
            let at = moment(step)?;
            while let Some((day, who)) = anchors.next_if(|(day, _)| **day < *step.at) {
                let until = parse_instant(day).context("an anchor has no moment")?.utc();
                drafts = self.write_approvals_until(drafts, until)?;
                self.write_anchor(until, who)?;
            }
            drafts = self.write_approvals_until(drafts, at)?;
            self.add(&files)?;
            let author = RecordId::new(step.author).with_context(|| format!("`{}` is no id", step.author))?;
            self.commit(&author, at, step.subject)?;
        }
        self.write_approvals(drafts)
    }

    /// Writes the decisions before a moment and returns the others.
    fn write_approvals_until<'d>(
        &mut self,
        drafts: &'d [ApprovalDraft],
        until: DateTime<Utc>,
    ) -> Result<&'d [ApprovalDraft]> {
        let (due, rest) = drafts.split_at(drafts.partition_point(|draft| draft.at < until));
        self.write_approvals(due)?;
        Ok(rest)
    }

    fn write_approvals(&mut self, drafts: &[ApprovalDraft]) -> Result<()> {
        for group in
            drafts.chunk_by(|one, other| one.person == other.person && one.decision == other.decision)
        {
            let (Some(first), Some(last)) = (group.first(), group.last()) else {
                continue;
            };
            let basis = self
                .head
                .map(|head| head.to_string().chars().take(12).collect::<String>());
            for draft in group {
                let draft = ApprovalDraft {
                    basis_commit: basis.clone(),
                    ..draft.clone()
                };
                let signer = self.signers.of(&draft.person)?;
                let files = approval_files(self.repository, &draft, &mut self.numbers, signer)?;
                self.add(&files)?;
            }
            self.commit(&first.person, last.at, &subject(first.decision, group))?;
        }
        Ok(())
    }

    /// Vouches for the history so far.
    fn write_anchor(&mut self, at: DateTime<Utc>, who: &str) -> Result<()> {
        let person = RecordId::new(who).with_context(|| format!("`{who}` is no id"))?;
        let head = self.head.context("there is nothing to anchor yet")?.to_string();
        let folder = self.git.path().parent().context("the repository has no folder")?;
        let history = read_history(folder, &head)?.context("the history cannot be read")?;
        let statement = state_of_history(folder, &history, &person, at)?;
        let text = statement.to_text().into_bytes();
        let signature = self.signers.of(&person)?.sign(&text, Namespace::Anchor)?;
        let path = statement.path();
        self.add(&Files::from([(format!("{path}.sig"), signature), (path, text)]))?;
        self.commit(&person, at, "Anchor the history so far")
    }

    fn add(&mut self, files: &Files) -> Result<()> {
        for (path, bytes) in files {
            let blob = self
                .git
                .blob(bytes)
                .with_context(|| format!("could not store `{path}`"))?;
            self.tree.insert(path.clone(), blob);
        }
        Ok(())
    }

    fn commit(&mut self, author: &RecordId, at: DateTime<Utc>, subject: &str) -> Result<()> {
        let mut index = Index::new().context("could not make an index")?;
        for (path, blob) in &self.tree {
            index
                .add(&entry(path, *blob))
                .with_context(|| format!("could not list `{path}`"))?;
        }
        let tree = index.write_tree_to(&self.git).context("could not write a tree")?;
        let tree = self.git.find_tree(tree).context("a tree is gone")?;
        let person = self
            .repository
            .people
            .get(author)
            .with_context(|| format!("there is no `{author}`"))?;
        let offset = at.with_timezone(&self.zone.0).offset().fix().local_minus_utc() / 60;
        let time = Time::new(at.timestamp(), offset);
        let author = Signature::new(&person.spec.name, &person.spec.email.value, &time)
            .context("a name that git refuses")?;
        let parent = self
            .head
            .map(|head| self.git.find_commit(head))
            .transpose()
            .context("a commit is gone")?;
        let parents: Vec<_> = parent.iter().collect();
        let commit = self
            .git
            .commit(None, &author, &author, &format!("{subject}\n"), &tree, &parents);
        self.head = Some(commit.context("could not write a commit")?);
        self.commits += 1;
        Ok(())
    }

    /// Makes the branch, and the work tree with what is in its newest commit.
    fn finish(&self) -> Result<()> {
        let head = self.head.context("the history is empty")?;
        self.git
            .reference(BRANCH, head, true, "demo")
            .context("could not make the branch")?;
        let mut checkout = git2::build::CheckoutBuilder::new();
        checkout.force();
        self.git
            .checkout_head(Some(&mut checkout))
            .context("could not write the work tree")
    }
}

fn subject(decision: Decision, group: &[ApprovalDraft]) -> String {
    let verb = match decision {
        Decision::Approve => "Approve",
        Decision::Reject => "Reject",
        Decision::Revoke => "Revoke",
        Decision::ReviewKeep => "Keep after review:",
        Decision::ReviewEnd => "End after review:",
    };
    let ids: Vec<&str> = group.iter().map(|draft| draft.id.as_str()).collect();
    match ids.as_slice() {
        [first, second, _, ..] => format!("{verb} {first}, {second} and {} more", ids.len() - 2),
        _ => format!("{verb} {}", ids.join(" and ")),
    }
}

fn entry(path: &str, blob: Oid) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: blob,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}
