//! A governed repository, opened: configuration, settings, records, exports, register.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::args::{At, Global};
use super::change::Base;
use super::configuration::read_configuration;
use super::console::Console;
use super::failure::{Failure, USAGE};
use super::generated::read_generated_of;
use super::ledger;
use super::past::{basis, read_past, touches_trust};
use super::time;
use crate::check::{self, Beside, Settings};
use crate::diagnostic::Diagnostic;
use crate::import::Scan;
use crate::ledger::{Ledger, Wanted};
use crate::load::{Generated, Repository, flag_reused_ids, load, load_configuration};
use crate::model::{AsOf, Kind, parse_date};
use crate::reconcile::{Month, Period, Question, Register, months, months_before, reconcile_over};
use crate::source::{self, GitFacts, History, Tree};
use crate::trust::{
    Anchor, Basis, CONFIGURATION_ID, Change, Contents, MissingHistory, Past, Question as ApprovalQuestion,
    Testimony, anchored, compare_anchors, judge, lineage, read_anchors, read_contents, since, testify,
};

/// A governed repository, opened.
pub(super) struct Job {
    pub(super) root: PathBuf,
    pub(super) tree: Tree,
    pub(super) settings: Settings,
    pub(super) repository: Repository,
    pub(super) as_of: AsOf,
    /// As-of, and the end of each month whose figures are wanted.
    pub(super) moments: Arc<[DateTime<Utc>]>,
    /// The commit that is judged; `None` outside git.
    pub(super) commit: Option<String>,
    /// Whether what was read differs from the commit.
    pub(super) is_modified: bool,
    /// What led to the commit; `None` outside git.
    pub(super) history: Option<History>,
    /// What history tells of approvals.
    pub(super) testimony: Arc<Testimony>,
    /// What agreements and systems said before.
    pub(super) contents: Contents,
    /// The signed statements of where history stood, judged.
    pub(super) anchors: Vec<Anchor>,
    /// What re-reading history found; `None` outside git, and where a base branch judges.
    pub(super) past: Option<Past>,
    /// What lies in the folders of generated documents.
    generated: Option<Generated>,
    /// What changed since somebody last vouched for history, where no base is named and trust was touched.
    since: Option<Change>,
    /// The ledger as it was read for the anchors, until somebody needs it.
    pub(super) read: RefCell<Option<Ledger>>,
    /// What was imported, without the runs themselves; empty until the exports are read.
    pub(super) ledger: OnceCell<Ledger>,
    /// The base branch and what the change does to it, where one is named.
    pub(super) change: Option<Change>,
}

/// What a command asks of time, beside `--as-of`.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Asked {
    pub(super) period: Option<Period>,
    /// Whether the figures of the months before are wanted, too.
    pub(super) has_months: bool,
}

/// Opens the repository that the arguments name, to be judged by itself.
pub(super) fn open(console: &mut Console<'_>, global: &Global, at: &At) -> Result<Job, Failure> {
    open_with(console, global, (at, None), Asked::default())
}

/// Opens the repository that the arguments name, to be judged at the end of a period unless they say otherwise.
pub(super) fn open_in(
    console: &mut Console<'_>,
    global: &Global,
    at: &At,
    asked: Asked,
) -> Result<Job, Failure> {
    open_with(console, global, (at, None), asked)
}

/// Opens the repository that the arguments name, to be judged by the tip of a base branch where one is named.
pub(super) fn open_against(
    console: &mut Console<'_>,
    global: &Global,
    at: &At,
    base: Option<&str>,
) -> Result<Job, Failure> {
    open_with(console, global, (at, base), Asked::default())
}

/// Opens a commit, to be judged at the end of the day that is named, else at the moment of the commit.
pub(super) fn open_at(console: &mut Console<'_>, global: &Global, named: &str) -> Result<Job, Failure> {
    let mut global = global.clone();
    if parse_date(named).is_none() {
        let root = root(console, &global)?;
        let facts = source::facts(&root)?;
        let (commit, _) = commit_at(&root, named, facts.as_ref())?;
        global.as_of = Some(source::committed_at(&root, &commit)?.to_rfc3339());
    }
    let at = Some(named.to_owned());
    open_with(console, &global, (&At { at }, None), Asked::default())
}

fn open_with(
    console: &mut Console<'_>,
    global: &Global,
    (at, base): (&At, Option<&str>),
    asked: Asked,
) -> Result<Job, Failure> {
    let root = root(console, global)?;
    let facts = source::facts(&root)?;
    let facts_prefix = facts.as_ref().map(|facts| facts.prefix.clone());
    let (tree, commit, is_modified, day) = match &at.at {
        None => {
            let modified = facts.as_ref().is_some_and(|facts| facts.modified);
            let tree = tree_now(&root, facts.as_ref())?;
            (tree, facts.and_then(|facts| facts.commit), modified, None)
        }
        Some(at) => {
            let (commit, day) = commit_at(&root, at, facts.as_ref())?;
            (source::read_commit(&root, &commit)?, Some(commit), false, day)
        }
    };
    let is_whole = facts_prefix.as_deref() == Some("");
    let base = base.map(|name| Base::open(&root, name)).transpose()?;
    // Whatever the change writes into its configuration must be readable, but only that of the base counts.
    let own = read_configuration(&tree)?;
    let (configuration, settings) = match &base {
        Some(base) => read_configuration(&base.tree)?,
        None => own,
    };
    let limits = settings.load_limits();
    let mut repository = load(&tree, configuration.clone(), limits)?;
    let history = match &commit {
        Some(commit) => source::read_history(&root, commit)?,
        None => None,
    };
    if let Some(history) = &history {
        let folders: Vec<&str> = Kind::ALL
            .iter()
            .map(|kind| kind.folder())
            .filter(|folder| !folder.is_empty())
            .collect();
        flag_reused_ids(&mut repository, &history.reused_paths(&folders));
    }
    let change = match (base, &commit) {
        (None, _) => None,
        (Some(base), Some(commit)) => Some(base.compare(&root, commit, &tree, &configuration, limits)?),
        (Some(base), None) => {
            return Err(Failure::usage(format!(
                "`--base {}` needs a commit to compare with, and there is none yet",
                base.name
            )));
        }
    };
    if let Some(change) = &change {
        repository
            .sources
            .add(change.paths.iter().map(|changed| &changed.path));
    }
    let generated = read_generated_of(&root, &tree, &settings, commit.is_some())?;
    repository
        .sources
        .add(generated.iter().flat_map(Generated::paths));
    let zone = change
        .as_ref()
        .map_or_else(|| repository.zone(), |change| change.base.zone());
    let asked_for = (global.as_of.as_deref(), day.as_deref(), asked.period);
    let as_of = time::moment(asked_for, console.now, zone)?;
    tell_period(console, global, asked.period, as_of)?;
    let moments = moments(asked, as_of);
    let mut anchors = read_anchors(&tree, &basis(&repository, change.as_ref()))?;
    let mut testimony = Testimony::default();
    let mut contents = Contents::unknown(MissingHistory::OutsideGit);
    let (mut past, mut since, mut read_ledger) = (None, None, None);
    if let Some(history) = &history {
        compare_anchors(&mut anchors, history);
        read_ledger = ledger::compare(&mut anchors, &tree, Wanted::RunsAt(Arc::clone(&moments)))?;
        let reader = source::ContentReader::open(&root)?;
        testimony = testify(&repository, history, &reader, &anchored(&anchors, history))?;
        contents = read_contents(&repository, history, &reader)?;
        if change.is_none() {
            let read = read_past(history, &reader, &anchors, &settings, is_whole)?;
            if let (Some(vouched), Some(head)) = (read.vouched, &commit)
                && (is_modified || touches_trust(history, vouched))
            {
                let vouched = Base::vouched(&root, &history.commits[vouched].id)?;
                since = Some(vouched.compare(&root, head, &tree, &configuration, limits)?);
            }
            past = Some(read);
        }
    }
    Ok(Job {
        root,
        tree,
        settings,
        repository,
        as_of,
        moments,
        commit,
        is_modified,
        history,
        testimony: Arc::new(testimony),
        contents,
        anchors,
        past,
        since,
        read: RefCell::new(read_ledger),
        ledger: OnceCell::new(),
        generated,
        change,
    })
}

/// Says it where a period has not ended at as-of.
fn tell_period(
    console: &mut Console<'_>,
    global: &Global,
    period: Option<Period>,
    as_of: AsOf,
) -> Result<(), Failure> {
    if let Some(Period { from, to }) = period.filter(|period| period.to > as_of.day())
        && !global.quiet
    {
        writeln!(
            console.err,
            "the period {from} to {to} has not ended: its figures are those as of {as_of}"
        )?;
    }
    Ok(())
}

/// Returns every moment that will be judged at.
fn moments(asked: Asked, as_of: AsOf) -> Arc<[DateTime<Utc>]> {
    let mut moments = vec![as_of.instant()];
    if asked.has_months {
        let period = asked.period.unwrap_or_else(|| Period::year_before(as_of));
        moments.extend(months_before(period, as_of).map(|(_, as_of)| as_of.instant()));
    }
    moments.into()
}

/// Finds the governed folder.
pub(super) fn root(console: &Console<'_>, global: &Global) -> Result<PathBuf, Failure> {
    let root = match &global.repo {
        Some(folder) => console.folder.join(folder),
        None => source::work_tree_around(&console.folder).unwrap_or_else(|| console.folder.clone()),
    };
    if root.is_dir() {
        return Ok(root);
    }
    Err(Failure::usage(format!(
        "`{}` is not a folder; name the governed one with `--repo DIR`",
        root.display()
    )))
}

/// Reads the folder as it lies; a bare repository, which has none, as HEAD holds it.
fn tree_now(root: &Path, facts: Option<&GitFacts>) -> Result<Tree, Failure> {
    match facts.filter(|facts| facts.is_bare) {
        None => Ok(source::read_folder(root)?),
        Some(GitFacts {
            commit: Some(commit), ..
        }) => Ok(source::read_commit(root, commit)?),
        Some(_) => Err(Failure::usage(format!(
            "the bare repository `{}` has no commit; push one first",
            root.display()
        ))),
    }
}

/// Tells whether a text is written as days are, such as `2026-13-01`; a branch may be called so, too.
fn looks_like_day(text: &str) -> bool {
    let parts = text.split('-').map(|part| {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(part.len())
    });
    parts.eq([Some(4), Some(2), Some(2)])
}

fn commit_at(root: &Path, at: &str, facts: Option<&GitFacts>) -> Result<(String, Option<String>), Failure> {
    let Some(facts) = facts else {
        return Err(Failure::usage(format!(
            "`--at {at}` needs git, and `{}` is in no work tree",
            root.display()
        )));
    };
    let usage = |error: anyhow::Error| Failure { code: USAGE, error };
    let (Some(day), Some(head)) = (parse_date(at), &facts.commit) else {
        let found = source::resolve_revision(root, at);
        let found = found.map_err(|error| {
            if looks_like_day(at) {
                error.context(format!("the calendar has no day `{at}`"))
            } else {
                error
            }
        });
        return Ok((found.map_err(usage)?, None));
    };
    // The zone is that of the newest commit: the one of that day is only found with it.
    let tree = source::read_commit(root, head)?;
    let (configuration, _, _) = load_configuration(&tree)?;
    let zone = load(&tree, configuration, crate::load::LoadLimits::default())?.zone();
    let until = zone.end_of_day(day).timestamp();
    Ok((
        source::resolve_day(root, until).map_err(usage)?,
        Some(at.to_owned()),
    ))
}

impl Job {
    /// Lays the records against the exports.
    pub(super) fn register(&self, scans: &[Scan], period: Option<Period>) -> Register<'_> {
        self.register_of((&self.repository, &self.contents), scans, period)
    }

    /// Lays other records against the exports, as far as decisions count as they are.
    pub(super) fn register_of<'a>(
        &self,
        (repository, contents): (&'a Repository, &Contents),
        scans: &[Scan],
        period: Option<Period>,
    ) -> Register<'a> {
        self.register_at(self.as_of, (repository, contents), scans, period)
    }

    /// Lays the records against the exports at the end of each month before, and returns the figures.
    pub(super) fn months(&self, scans: &[Scan], register: &Register<'_>) -> Vec<Month> {
        months(register, |period, as_of| {
            let records = (&self.repository, &self.contents);
            self.register_at(as_of, records, scans, Some(period))
        })
    }

    fn register_at<'a>(
        &self,
        as_of: AsOf,
        (repository, contents): (&'a Repository, &Contents),
        scans: &[Scan],
        period: Option<Period>,
    ) -> Register<'a> {
        let question = ApprovalQuestion {
            at: as_of.instant(),
            ..self.approval_question()
        };
        let standings = judge(&self.repository, &question);
        let lineage = lineage(repository, &question, contents);
        let asked = Question {
            as_of,
            ..self.question(period)
        };
        reconcile_over(repository, standings, &lineage, scans, asked)
    }

    fn question(&self, period: Option<Period>) -> Question {
        Question {
            as_of: self.as_of,
            period,
            due_soon_days: self.settings.number("REC001", "soon_days").unwrap_or(7),
            verify_hours: self.settings.number("REC008", "verify_hours").unwrap_or(72),
        }
    }

    /// Says whose keys, people, roles and matrix are believed: those of the base, where there is one.
    pub(super) fn approval_question(&self) -> ApprovalQuestion<'_> {
        let basis = basis(&self.repository, self.change.as_ref());
        let mut changed = BTreeSet::new();
        if let Some(change) = self.change.as_ref().or(self.since.as_ref()) {
            changed = change.subjects(&self.repository);
            // Rules that only get stricter need nobody's approval.
            if check::only_tightens(change, &self.repository) {
                changed.retain(|id| id.as_str() != CONFIGURATION_ID);
            }
        }
        let own = self.change.as_ref().map(|_| Basis::of(&self.repository));
        ApprovalQuestion {
            at: self.as_of.instant(),
            basis,
            own,
            rules: self.settings.approval_rules(),
            testimony: Arc::clone(&self.testimony),
            changed,
        }
    }

    /// Runs every rule. Against a base, what stands on it already is context and does not block.
    pub(super) fn diagnostics(&self, register: &Register<'_>, scans: &[Scan]) -> Vec<Diagnostic> {
        let since = self.since.as_ref().map(|change| {
            let rules = self.settings.approval_rules();
            since(
                &self.repository,
                change,
                &rules,
                &self.testimony,
                self.as_of.instant(),
            )
        });
        let beside = Beside {
            since: since.as_ref(),
            testimony: Some(&self.testimony),
            change: self.change.as_ref(),
            history: self.history.as_ref(),
            anchors: &self.anchors,
            past: self.past.as_ref(),
            generated: self.generated.as_ref(),
            ledger: self.ledger.get(),
        };
        let found = check::run_with(register, &self.settings, beside);
        let Some(change) = &self.change else {
            return found;
        };
        let mut known = BTreeSet::new();
        for repository in change.base_states() {
            let question = ApprovalQuestion {
                rules: self.settings.approval_rules(),
                ..ApprovalQuestion::of_itself(repository, self.as_of.instant())
            };
            let standings = judge(repository, &question);
            let lineage = lineage(repository, &question, &self.contents);
            let register = reconcile_over(repository, standings, &lineage, scans, self.question(None));
            let standing = check::run(&register, &self.settings);
            known.extend(standing.iter().map(|one| check::mark(one, &repository.sources)));
        }
        check::as_context(found, &self.repository.sources, &known)
    }
}
