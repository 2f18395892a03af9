//! A calendar of what ends and what is due for review.
//!
//! Each day is one event of the whole day. What nobody has approved ends nothing, and is not in it.

mod writer;

use super::text::organisation;
use super::{ExportKind, Exported, Request};
use crate::document::{Day, days_of};
use writer::{Event, calendar};

/// The calendar.
pub const ICS: ExportKind = ExportKind {
    name: "ics",
    title: "iCalendar",
    purpose: "The days on which exceptions, acceptances, triages, agreements, support and keys end, and on which reviews and milestones are due.",
    make,
};

fn make(request: &Request<'_>) -> Exported {
    let mut exported = Exported::default();
    let events = events(request);
    if events.is_empty() {
        exported
            .left_out
            .push("there is no day to note: nothing in force ends, and nothing is due".into());
    } else {
        let name = format!("{}: what ends and what is due", organisation(request.register));
        let tool = &request.provenance.tool_version;
        let text = calendar((&name, tool), request.register.as_of.instant(), &events);
        exported.files.insert("calendar.ics".into(), text.into_bytes());
    }
    exported
}

/// Makes an event of each day. Its id stays when the day changes, so that calendars move it.
fn events(request: &Request<'_>) -> Vec<Event> {
    let event = |one: Day<'_>| {
        let (meta, category, number) = (one.meta, one.occasion.word(), one.number.to_string());
        let id = meta.id.value.as_str();
        let uid = request.uuid(&["event", meta.kind.name(), id, category, &number]);
        Event {
            uid: uid.to_string(),
            day: one.day,
            summary: format!("{id}: {}", one.what),
            description: format!("{}\nowner: {}\nrecord: {}", meta.title, meta.owner, meta.path),
            category,
        }
    };
    let mut events: Vec<Event> = days_of(request.register).into_iter().map(event).collect();
    events.sort_by(|one, other| (one.day, &one.summary).cmp(&(other.day, &other.summary)));
    events
}
