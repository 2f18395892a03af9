//! Which new file is an old one under another name.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::Result;
use git2::{ObjectType, Oid};

use super::history::{Difference, Leaf};
use super::objects::Objects;

/// The most pairs of a removed and a new file whose lines are compared in one commit.
const MAX_PAIRS: usize = 1_000;
/// Larger files are the same only when each byte is.
const MAX_BYTES: u64 = 1 << 20;

/// Returns for each new path that was renamed the old one; both are places in `differences`.
///
/// The same content counts wherever it went; similar content, half of whose lines stayed, only within
/// the same top folder. Nothing that was taken once is taken again.
pub(super) fn find_renames(
    objects: &Objects<'_>,
    differences: &[Difference],
) -> Result<BTreeMap<usize, usize>> {
    let is_file = |leaf: Option<Leaf>| leaf.is_some_and(|leaf| leaf.is_file);
    let places = |is_asked: &dyn Fn(&Difference) -> bool| -> Vec<usize> {
        (0..differences.len())
            .filter(|index| is_asked(&differences[*index]))
            .collect()
    };
    let removed = places(&|difference| is_file(difference.before) && difference.after.is_none());
    let added = places(&|difference| difference.before.is_none() && is_file(difference.after));
    if removed.is_empty() || added.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut renames = same_content(differences, &removed, &added);
    let taken: BTreeSet<usize> = renames.values().copied().collect();
    let removed: Vec<usize> = removed
        .into_iter()
        .filter(|index| !taken.contains(index))
        .collect();
    let added: Vec<usize> = added
        .into_iter()
        .filter(|index| !renames.contains_key(index))
        .collect();
    renames.extend(similar_content(objects, differences, &removed, &added)?);
    Ok(renames)
}

/// Pairs files of the same bytes; those of the same file name first, then as the paths are sorted.
fn same_content(differences: &[Difference], removed: &[usize], added: &[usize]) -> BTreeMap<usize, usize> {
    let mut renames = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for with_name in [true, false] {
        let key = |index: usize, leaf: Option<Leaf>| {
            let name = if with_name {
                file_name(&differences[index].path)
            } else {
                ""
            };
            leaf.map(|leaf| (leaf.id, name))
        };
        let mut waiting: BTreeMap<_, VecDeque<usize>> = BTreeMap::new();
        for from in removed.iter().filter(|from| !taken.contains(*from)) {
            let key = key(*from, differences[*from].before);
            waiting.entry(key).or_default().push_back(*from);
        }
        for to in added {
            if renames.contains_key(to) {
                continue;
            }
            let candidates = waiting.get_mut(&key(*to, differences[*to].after));
            if let Some(from) = candidates.and_then(VecDeque::pop_front) {
                renames.insert(*to, from);
                taken.insert(from);
            }
        }
    }
    renames
}

/// Pairs files by the share of lines that stayed, the most alike first.
fn similar_content(
    objects: &Objects<'_>,
    differences: &[Difference],
    removed: &[usize],
    added: &[usize],
) -> Result<Vec<(usize, usize)>> {
    let mut lines: BTreeMap<Oid, Option<Vec<u64>>> = BTreeMap::new();
    let mut pairs = Vec::new();
    let all = added
        .iter()
        .flat_map(|to| removed.iter().map(move |from| (*to, *from)))
        .filter(|(to, from)| top_folder(&differences[*to].path) == top_folder(&differences[*from].path));
    for (to, from) in all.take(MAX_PAIRS) {
        let (Some(old), Some(new)) = (differences[from].before, differences[to].after) else {
            continue;
        };
        for id in [old.id, new.id] {
            if let Entry::Vacant(place) = lines.entry(id) {
                place.insert(read_lines(objects, id)?);
            }
        }
        let (Some(Some(old)), Some(Some(new))) = (lines.get(&old.id), lines.get(&new.id)) else {
            continue;
        };
        let longest = old.len().max(new.len());
        let kept = count_shared(old, new);
        if kept * 2 >= longest && kept > 0 {
            pairs.push((kept * 1_000 / longest, to, from));
        }
    }
    pairs.sort_by(|one, other| other.0.cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2))));
    let (mut used_to, mut used_from) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for (_, to, from) in pairs {
        if !used_to.contains(&to) && !used_from.contains(&from) {
            used_to.insert(to);
            used_from.insert(from);
            found.push((to, from));
        }
    }
    Ok(found)
}

/// Returns the hashes of a file's lines, sorted; `None` for a file that is too large to be compared.
fn read_lines(objects: &Objects<'_>, id: Oid) -> Result<Option<Vec<u64>>> {
    let (size, _) = objects.database.header(id)?;
    if size > MAX_BYTES {
        return Ok(None);
    }
    let object = objects.database.read(id, ObjectType::Blob, MAX_BYTES)?;
    let hash = |line: &[u8]| {
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        hasher.finish()
    };
    let mut lines: Vec<u64> = object
        .data()
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .map(hash)
        .collect();
    lines.sort_unstable();
    Ok(Some(lines))
}

/// Counts what two sorted lists share.
fn count_shared(one: &[u64], other: &[u64]) -> usize {
    let (mut at, mut at_other, mut shared) = (0, 0, 0);
    while let (Some(left), Some(right)) = (one.get(at), other.get(at_other)) {
        shared += usize::from(left == right);
        at += usize::from(left <= right);
        at_other += usize::from(right <= left);
    }
    shared
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the first folder of a path; empty for a file at the root.
fn top_folder(path: &str) -> &str {
    path.split_once('/').map_or("", |(folder, _)| folder)
}
