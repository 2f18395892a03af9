//! Who must decide about a record, who has decided, with which key, and what git tells of it.

use super::super::html::Block;
use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{decision_word, moment, name_of, spaced};
use super::site::Site;
use crate::model::RecordId;
use crate::trust::{Decided, Event, EventKind, Life, Standing};

/// Fields of one change that a page shows.
const MAX_EDITS: usize = 20;

const DEMANDS: &[Column] = &[
    Column::new("who", "Who must approve"),
    Column::new("because", "Why").wide(),
    Column::new("given", "Given"),
    Column::new("by", "By").tight(),
];

const DECISIONS: &[Column] = &[
    Column::new("at", "When").tight(),
    Column::new("person", "Who").wide(),
    Column::beneath("name", ""),
    Column::beneath("role", "").around("as ", ""),
    Column::new("decision", "Decided"),
    Column::beneath("reason", ""),
    Column::new("counts", "Counts"),
    Column::beneath("why", ""),
    Column::new("fingerprint", "Signature").wide(),
    Column::new("file", "File"),
];

/// Returns the approvals that are asked for and those that are there.
pub(super) fn blocks(site: &Site<'_>, standing: &Standing) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("approvals", "Approvals".into())];
    let asked = if standing.is_demanded {
        "Approvals that it needs"
    } else {
        "Approvals that a change of it would need"
    };
    blocks.push(Block::Table(Table {
        name: "demands",
        caption: asked.into(),
        layout: Layout::Plain,
        columns: DEMANDS,
        rows: standing.demands.iter().map(|met| demand(site, met)).collect(),
        when_empty: "No approval is asked for.",
    }));
    blocks.push(Block::Table(Table {
        name: "decisions",
        caption: "Decisions, each with the key that signed it".into(),
        layout: Layout::Plain,
        columns: DECISIONS,
        rows: standing
            .decisions
            .iter()
            .map(|decided| decision(site, decided))
            .collect(),
        when_empty: "Nobody has decided about it.",
    }));
    if let Some(emergency) = &standing.emergency {
        let until = moment(site.register.as_of, emergency.until);
        blocks.push(Block::Text(format!(
            "It counts by the emergency approval of {} until {until}, unless it is ratified before.",
            emergency.person
        )));
    }
    blocks
}

fn demand(site: &Site<'_>, met: &crate::trust::Met) -> Vec<Cell> {
    let (word, rank, tone) = if met.is_met() {
        ("given", 1, Tone::Good)
    } else {
        ("missing", 0, Tone::Bad)
    };
    let who = met.demand.who();
    let is_record = who.iter().all(|one| site.has_record(one));
    vec![
        if is_record {
            site.records(who.iter().map(String::as_str))
        } else {
            Cell::text(spaced(&who.join(" or ")))
        },
        Cell::text(met.demand.because.replace('`', "")),
        Cell::Mark(Mark { word, rank, tone }),
        site.records(met.by.iter().map(RecordId::as_str)),
    ]
}

fn decision(site: &Site<'_>, decided: &Decided) -> Vec<Cell> {
    let register = site.register;
    let (word, rank, tone) = match (decided.counts(), decided.is_overridden) {
        (true, false) => ("counts", 0, Tone::Good),
        (true, true) => ("counted", 1, Tone::Quiet),
        (false, _) => ("does_not_count", 2, Tone::Bad),
    };
    let mut why: Vec<String> = decided
        .flaws
        .iter()
        .map(|flaw| format!("{}: {flaw}", flaw.code()))
        .collect();
    if why.is_empty() && !decided.counts() {
        why.push("it is about another content than the record has now".into());
    }
    why.extend(
        decided
            .is_overridden
            .then(|| "the same person decided anew later".to_owned()),
    );
    let verified = decided
        .fingerprint
        .as_ref()
        .map(|fingerprint| format!("verified, {fingerprint}"));
    vec![
        Cell::text(moment(register.as_of, decided.at)),
        site.record(decided.person.as_str()),
        Cell::text(name_of(register, &decided.person)),
        Cell::shown(&decided.role),
        Cell::text(decision_word(decided.decision)),
        Cell::text(decided.reason.as_str()),
        Cell::Mark(Mark { word, rank, tone }),
        Cell::list(why),
        Cell::text(verified.unwrap_or_else(|| "not verified".to_owned())),
        Cell::Code(decided.path.clone()),
    ]
}

const LIFE: &[Column] = &[
    Column::new("at", "When").tight(),
    Column::new("event", "What happened"),
    Column::beneath("detail", "").wide(),
    Column::new("by", "By").tight(),
    Column::beneath("author", ""),
    Column::new("commit", "Commit").wide(),
    Column::beneath("signature", ""),
];

/// Tells the life of a record in git, the newest event first, and which commits brought what counts.
pub(super) fn life(site: &Site<'_>, id: &RecordId) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("life", "Life in git".into())];
    let Some(lives) = &site.provenance.lives else {
        blocks.push(Block::Text(
            "The records were read outside git, so that nothing is known of earlier versions.".into(),
        ));
        return blocks;
    };
    let life = lives.by_id.get(id);
    if lives.is_shallow {
        blocks.push(Block::Text(
            "The clone is shallow: earlier events are missing.".into(),
        ));
    }
    let deciding = life.map(deciding_commits).unwrap_or_default();
    if !deciding.is_empty() {
        blocks.push(Block::Text(format!(
            "Its approvals that count came with commit {}; `git show` tells all of it.",
            deciding.join(", ")
        )));
    }
    let events = life.map_or(&[][..], |life| &life.events);
    blocks.push(Block::Table(Table {
        name: "life",
        caption: "Events, the newest first".into(),
        layout: Layout::Plain,
        columns: LIFE,
        rows: events.iter().rev().map(|event| event_row(site, event)).collect(),
        when_empty: "No commit has this record yet.",
    }));
    blocks
}

fn deciding_commits(life: &Life<'_>) -> Vec<String> {
    let counts = |event: &&Event| {
        event.kind == EventKind::Approved
            && event
                .decision
                .as_ref()
                .is_some_and(|told| told.counts == Some(true))
    };
    let mut commits: Vec<String> = Vec::new();
    for commit in life
        .events
        .iter()
        .filter(counts)
        .filter_map(|event| event.commit.as_ref())
    {
        let short = commit.get(..12).unwrap_or(commit).to_owned();
        if !commits.contains(&short) {
            commits.push(short);
        }
    }
    commits
}

fn event_row(site: &Site<'_>, event: &Event) -> Vec<Cell> {
    let by = event.person.as_ref().map(RecordId::as_str);
    let author = event
        .author
        .as_ref()
        .map(|author| format!("{} <{}>", author.name, author.email));
    vec![
        Cell::text(moment(site.register.as_of, event.at)),
        Cell::text(happened(event.kind)),
        Cell::list(details(event)),
        by.map_or_else(|| Cell::text("nobody known"), |id| site.record(id)),
        Cell::maybe(author),
        event.commit.as_ref().map_or_else(
            || Cell::text("in no commit yet"),
            |commit| Cell::Code(commit.as_str().into()),
        ),
        if event.is_signed {
            Cell::text("the commit carries a signature")
        } else {
            Cell::Empty
        },
    ]
}

/// Returns what happened.
pub(super) fn happened(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Created => "written",
        EventKind::Changed => "changed",
        EventKind::Weakened => "prolonged",
        EventKind::Tightened => "shortened",
        EventKind::Moved => "moved",
        EventKind::Closed => "ended",
        EventKind::Removed => "removed",
        EventKind::Approved => "approved",
        EventKind::Rejected => "rejected",
        EventKind::Revoked => "revoked",
        EventKind::Reviewed => "reviewed",
        EventKind::DecisionChanged => "file of a decision changed",
        EventKind::DecisionRemoved => "file of a decision removed",
        EventKind::Renewed => "renewed",
    }
}

fn details(event: &Event) -> Vec<String> {
    let mut details: Vec<String> = Vec::new();
    details.extend(event.other.as_ref().map(|other| format!("see {other}")));
    details.extend(event.fields.iter().take(MAX_EDITS).map(ToString::to_string));
    let more = event.fields.len().saturating_sub(MAX_EDITS);
    details.extend((more > 0).then(|| format!("and {more} fields more")));
    if let Some(told) = &event.decision {
        let counts = match told.counts {
            Some(true) => "counts",
            Some(false) => "does not count",
            None => "is not judged",
        };
        details.push(format!("by {} as {}: {counts}", told.person, told.role));
        details.extend(told.why.iter().cloned());
    }
    details
}
