//! Circles of references, such as a System that depends on itself through others.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::RecordId;
use crate::source::Span;

/// Which record names which, and where.
pub(super) type Edges<'a> = BTreeMap<&'a RecordId, Vec<(&'a RecordId, Span)>>;

/// One circle: its ids from the smallest on, and the place where that one names the next.
#[derive(Debug)]
pub(super) struct Circle<'a> {
    pub(super) ids: Vec<&'a RecordId>,
    pub(super) span: Span,
}

impl std::fmt::Display for Circle<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for id in &self.ids {
            write!(formatter, "{id} -> ")?;
        }
        self.ids
            .first()
            .map_or(Ok(()), |first| write!(formatter, "{first}"))
    }
}

/// Finds the shortest circle through each record that lies on one; each circle once, by its smallest id.
pub(super) fn circles<'a>(edges: &Edges<'a>) -> Vec<Circle<'a>> {
    let mut found = Vec::new();
    let mut told: BTreeSet<Vec<&RecordId>> = BTreeSet::new();
    for start in edges.keys() {
        let Some(mut ids) = shortest_way_back(edges, start) else {
            continue;
        };
        let smallest = ids
            .iter()
            .enumerate()
            .min_by_key(|(_, id)| **id)
            .map_or(0, |(index, _)| index);
        ids.rotate_left(smallest);
        let next = ids.get(1).unwrap_or(&ids[0]);
        let names = edges.get(ids[0]).into_iter().flatten();
        let Some(span) = names.clone().find(|(to, _)| to == next).map(|(_, span)| *span) else {
            continue;
        };
        if told.insert(ids.clone()) {
            found.push(Circle { ids, span });
        }
    }
    found
}

/// Walks breadth first from a record until it comes back to it; returns the records of the way.
fn shortest_way_back<'a>(edges: &Edges<'a>, start: &'a RecordId) -> Option<Vec<&'a RecordId>> {
    let mut came_from: BTreeMap<&RecordId, &RecordId> = BTreeMap::new();
    let mut front = vec![start];
    while !front.is_empty() {
        let mut next_front = Vec::new();
        for from in front {
            for (to, _) in edges.get(from).into_iter().flatten() {
                if *to == start {
                    return Some(way(&came_from, start, from));
                }
                if !came_from.contains_key(to) {
                    came_from.insert(to, from);
                    next_front.push(*to);
                }
            }
        }
        front = next_front;
    }
    None
}

fn way<'a>(
    came_from: &BTreeMap<&'a RecordId, &'a RecordId>,
    start: &'a RecordId,
    end: &'a RecordId,
) -> Vec<&'a RecordId> {
    let mut ids = vec![end];
    let mut at = end;
    while at != start {
        let Some(before) = came_from.get(at) else { break };
        at = before;
        ids.push(at);
    }
    ids.reverse();
    ids
}
