//! What ends and what is due, month by month.

use std::collections::BTreeMap;

use super::super::days::{Day, Occasion};
use super::super::html::{Block, Page};
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::days_left;
use super::site::{Site, page_path};
use super::{above, start_step};
use crate::document::CALENDAR;
use crate::model::Date;

/// Months that the calendar shows one by one; what lies later stands together.
const MONTHS: usize = 12;

const DAYS: &[Column] = &[
    Column::new("day", "Day").tight(),
    Column::new("what", "What").wide(),
    Column::new("record", "Record").tight(),
    Column::new("title", "Title").wide(),
    Column::new("owner", "Owner").tight(),
    Column::new("days_left", "Days left"),
];

const NAMES: [&str; MONTHS + 2] = [
    "past", "month-1", "month-2", "month-3", "month-4", "month-5", "month-6", "month-7", "month-8",
    "month-9", "month-10", "month-11", "month-12", "later",
];

/// Days that one table lists; more are told of.
const MAX_DAYS: usize = 300;

/// Lists days under a name; of very many the first, which is said.
pub(super) fn day_table(
    site: &Site<'_>,
    (name, caption): (&'static str, String),
    days: &[&Day<'_>],
    when_empty: &'static str,
) -> Table {
    let caption = if days.len() > MAX_DAYS {
        format!("{caption}: the first {MAX_DAYS} of {}", days.len())
    } else {
        caption
    };
    let rows = days.iter().take(MAX_DAYS).map(|one| {
        vec![
            Cell::shown(one.day),
            Cell::text(one.what.as_str()),
            site.record(one.meta.id.value.as_str()),
            Cell::text(one.meta.title.as_str()),
            site.record(one.meta.owner.value.as_str()),
            Cell::Number(days_left(site.register, one.day)),
        ]
    });
    Table {
        name,
        caption,
        layout: Layout::Sortable,
        columns: DAYS,
        rows: rows.collect(),
        when_empty,
    }
}

/// Returns the calendar.
pub(super) fn page(site: &Site<'_>, days: &[Day<'_>]) -> Page {
    let today = site.register.as_of.day();
    let this_month = today.first_of_month();
    let mut months: BTreeMap<usize, Vec<&Day<'_>>> = BTreeMap::new();
    for one in days {
        let first = one.day.first_of_month();
        let place =
            (1..=MONTHS).find(|month| first == this_month.plus_months(u32::try_from(month - 1).unwrap_or(0)));
        let place = match place {
            _ if one.day < today => 0,
            Some(place) => place,
            None => MONTHS + 1,
        };
        months.entry(place).or_default().push(one);
    }
    // The past counts only where something should not have ended: reviews and ends that nobody has answered.
    let mut blocks = vec![Block::Table(overview(this_month, &months))];
    if site.provenance.has_calendar {
        let file = ("calendar.ics".to_owned(), CALENDAR.to_owned());
        blocks.push(Block::Links("For a program that keeps dates:".into(), vec![file]));
    }
    for (place, name) in NAMES.into_iter().enumerate() {
        let words = words(this_month, place);
        let of_month = months.get(&place).map_or(&[][..], Vec::as_slice);
        blocks.push(Block::Heading(name, words.clone()));
        let empty = "Nothing ends and nothing is due.";
        blocks.push(Block::Table(day_table(site, (name, words), of_month, empty)));
    }
    Page {
        path: page_path("expiry"),
        title: "Expiry calendar".into(),
        purpose: "What ends and what is due, month by month: records, reviews, keys, terms, support, proof."
            .into(),
        above: above([start_step()]),
        blocks,
    }
}

fn words(this_month: Date, place: usize) -> String {
    match place {
        0 => "Before today".to_owned(),
        1..=MONTHS => {
            let month = this_month.plus_months(u32::try_from(place - 1).unwrap_or(0));
            format!("{:04}-{:02}", month.year(), month.month())
        }
        _ => "Later".to_owned(),
    }
}

const OVERVIEW: &[Column] = &[
    Column::new("month", "Month"),
    Column::new("entries", "Entries"),
    Column::new("ends", "Records that end"),
];

fn overview(this_month: Date, months: &BTreeMap<usize, Vec<&Day<'_>>>) -> Table {
    let rows = NAMES.into_iter().enumerate().map(|(place, name)| {
        let of_month = months.get(&place).map_or(&[][..], Vec::as_slice);
        vec![
            super::site::links([(words(this_month, place), format!("#{name}"))]),
            Cell::count(of_month.len()),
            Cell::count(
                of_month
                    .iter()
                    .filter(|one| one.occasion == Occasion::End)
                    .count(),
            ),
        ]
    });
    Table {
        name: "overview",
        caption: "Entries by month".into(),
        layout: Layout::Plain,
        columns: OVERVIEW,
        rows: rows.collect(),
        when_empty: "",
    }
}
