//! The lives of many records in one walk over history.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Result;

use super::chain::Renewals;
use super::{Life, LifeQuestion, Teller, find};
use crate::model::RecordId;
use crate::source::History;

/// Tells the lives of many records in one walk over history, by their ids; unknown ids are left out.
pub fn lives_of<'q, 'a>(
    question: LifeQuestion<'q, 'a>,
    ids: impl IntoIterator<Item = &'q RecordId>,
) -> Result<BTreeMap<RecordId, Life<'a>>> {
    let renewals = Renewals::of(question.repository);
    let places = Places::of(question.history);
    let mut lives = BTreeMap::new();
    for id in ids {
        let Some((path, kind)) = find(question, id) else {
            continue;
        };
        let mut teller = Teller::new(question, (id, kind), &path, &renewals);
        // The files that guard the repository are the configuration's, and nobody lists them by its id.
        if kind.is_none() {
            for commit in question.history.commits.iter().rev() {
                teller.commit(commit, commit.changes.iter().rev())?;
            }
        } else {
            let wanted = places.of_record(question.history, id, &path, teller.renewals.keys());
            for (commit, changes) in wanted.iter().rev() {
                let commit = &question.history.commits[*commit];
                teller.commit(
                    commit,
                    changes.iter().rev().map(|change| &commit.changes[*change]),
                )?;
            }
        }
        lives.insert(id.clone(), teller.end(path));
    }
    Ok(lives)
}

/// Where history changes what: places of commits and of their changes.
struct Places<'a> {
    by_path: HashMap<&'a str, Vec<(usize, usize)>>,
    /// Approvals, by the name of their folder.
    by_approved: HashMap<&'a str, Vec<(usize, usize)>>,
}

impl<'a> Places<'a> {
    fn of(history: &'a History) -> Self {
        let mut places = Self {
            by_path: HashMap::new(),
            by_approved: HashMap::new(),
        };
        for (commit, changes) in history.commits.iter().map(|commit| &commit.changes).enumerate() {
            for (change, changed) in changes.iter().enumerate() {
                let below = changed.path.strip_prefix("approvals/");
                if let Some((id, _)) = below.and_then(|below| below.split_once('/')) {
                    places.by_approved.entry(id).or_default().push((commit, change));
                }
                places
                    .by_path
                    .entry(&changed.path)
                    .or_default()
                    .push((commit, change));
            }
        }
        places
    }

    /// Returns the changes that bear on a record, by commit: of its file under each name, its approvals, its renewals.
    fn of_record<'b>(
        &self,
        history: &History,
        id: &RecordId,
        path: &Arc<str>,
        renewals: impl Iterator<Item = &'b Arc<str>>,
    ) -> BTreeMap<usize, BTreeSet<usize>> {
        let mut wanted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut names = vec![Arc::clone(path)];
        names.extend(renewals.cloned());
        let mut next = 0;
        while let Some(name) = names.get(next).cloned() {
            next += 1;
            for (commit, change) in self.by_path.get(&*name).into_iter().flatten() {
                wanted.entry(*commit).or_default().insert(*change);
                let renamed = history.commits[*commit].changes[*change].renamed_from.as_ref();
                names.extend(renamed.filter(|old| !names.contains(old)).cloned());
            }
        }
        for (commit, change) in self.by_approved.get(id.as_str()).into_iter().flatten() {
            wanted.entry(*commit).or_default().insert(*change);
        }
        wanted
    }
}
