//! Every object that a commit leads to, each once.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result, bail};
use git2::{ObjectType, Oid};

use crate::source::objects::{MAX_DEPTH, Objects};

/// The most objects of one history.
const MAX_OBJECTS: usize = 20_000_000;

/// One object, in the order in which it was met, from the commit back.
pub(super) struct Reached {
    pub(super) id: Oid,
    pub(super) kind: ObjectType,
    /// What stood at the same path one step later, which is likely to be much the same.
    pub(super) later: Option<Oid>,
}

/// Lists the commit and all that it leads to. What a submodule names lies elsewhere.
pub(super) fn reach(objects: &mut Objects<'_>, head: Oid) -> Result<Vec<Reached>> {
    let mut walk = Walk {
        objects,
        seen: HashSet::new(),
        last: HashMap::new(),
        found: Vec::new(),
    };
    let mut waiting = vec![head];
    while let Some(id) = waiting.pop() {
        if !walk.seen.insert(id) {
            continue;
        }
        let commit = walk.objects.commit(id)?;
        walk.add(id, ObjectType::Commit, None)?;
        walk.enter(commit.tree, &mut "/".to_owned(), 1)
            .with_context(|| format!("commit `{id}` cannot be read"))?;
        waiting.extend(commit.parents.iter().rev());
    }
    Ok(walk.found)
}

struct Walk<'a, 'b> {
    objects: &'a mut Objects<'b>,
    seen: HashSet<Oid>,
    /// What was met last at a path; a folder's ends with `/`.
    last: HashMap<String, Oid>,
    found: Vec<Reached>,
}

impl Walk<'_, '_> {
    fn enter(&mut self, id: Oid, path: &mut String, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            bail!("folders lie more than {MAX_DEPTH} deep");
        }
        if !self.seen.insert(id) {
            return Ok(());
        }
        let later = self.last.insert(path.clone(), id);
        self.add(id, ObjectType::Tree, later)?;
        let tree = self.objects.tree(Some(id))?;
        let length = path.len();
        for entry in tree.entries().filter(|entry| !entry.is_submodule()) {
            let id = entry.id();
            if self.seen.contains(&id) {
                continue;
            }
            path.push_str(&String::from_utf8_lossy(entry.name));
            if entry.is_tree() {
                path.push('/');
                self.enter(id, path, depth + 1)?;
            } else {
                self.seen.insert(id);
                let later = self.last.insert(path.clone(), id);
                self.add(id, ObjectType::Blob, later)?;
            }
            path.truncate(length);
        }
        Ok(())
    }

    fn add(&mut self, id: Oid, kind: ObjectType, later: Option<Oid>) -> Result<()> {
        if self.found.len() >= MAX_OBJECTS {
            bail!("the history holds more than {MAX_OBJECTS} objects");
        }
        self.found.push(Reached { id, kind, later });
        Ok(())
    }
}
