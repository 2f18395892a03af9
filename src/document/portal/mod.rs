//! D13, the auditor portal: a site of pages that lead from every number to its rows and to the commit that decided.
//!
//! The first page is a document like the others, made from a template; the rest are blocks in their order.

mod controls;
mod dates;
mod findings;
mod kinds;
mod record;
mod search;
mod site;
mod sources;
mod standing;
mod start;
mod system;
mod waiting;

use std::collections::BTreeSet;

use super::days::days_of;
use super::html::{Block, Page};
use super::measures::{known_since_figure, known_since_table, month_figure, month_table};
use super::{DocumentKind, Request};
use site::{Site, page_path};

/// The auditor portal.
pub(super) const D13: DocumentKind = DocumentKind {
    id: "D13",
    slug: "portal",
    title: "Auditor portal",
    audience: "auditors, management",
    purpose: "How things stand today, and the way from every number to the rows behind it and to the commit that decided.",
    template: "D13.md",
    tables: &[],
    view: start::view,
};

/// The first page.
pub(super) const START: &str = "D13.html";

/// A step of the way to a page: address and words.
fn start_step() -> (String, String) {
    (START.to_owned(), D13.title.to_owned())
}

fn above<const N: usize>(steps: [(String, String); N]) -> Vec<(String, String)> {
    steps.into()
}

/// Returns address and words of the pages that every page leads to.
pub(super) fn menu(request: &Request<'_>) -> Vec<(String, String)> {
    let known = &request.register.repository.known;
    let there: BTreeSet<_> = known.values().map(|known| known.kind).collect();
    let mut menu = vec![(START.to_owned(), "Start".to_owned())];
    let pages = [
        ("search", "Search"),
        ("waiting", "What waits for whom"),
        ("expiry", "Expiry calendar"),
        ("findings", "Findings"),
        ("vulnerabilities", "Vulnerabilities"),
        ("hosts", "Hosts"),
        ("controls", "Controls"),
        ("trend", "Trend"),
        ("imports", "Imports"),
        ("diagnostics", "What the rules say"),
    ];
    menu.extend(pages.map(|(name, words)| (page_path(name), words.to_owned())));
    let kinds = crate::model::Kind::ALL.iter().filter(|kind| there.contains(kind));
    menu.extend(kinds.map(|kind| kinds::register_step(*kind)));
    menu
}

/// Returns every page but the first.
pub(super) fn pages(request: &Request<'_>) -> Vec<Page> {
    let site = Site::new(request);
    let waits = waiting::waits(&site);
    let vulnerabilities = findings::vulnerabilities(&site);
    let hosts = system::hosts(&site);
    let mut pages = vec![
        search::page(&site, (&vulnerabilities, &hosts)),
        dates::page(&site, &days_of(site.register)),
        sources::page(&site),
    ];
    pages.push(trend(&site));
    pages.extend(waiting::pages(&site, &waits));
    pages.extend(findings::pages(&site));
    pages.extend(vulnerabilities);
    pages.extend(hosts);
    pages.extend(controls::pages(&site));
    pages.extend(kinds::pages(&site));
    pages.extend(record::pages(&site));
    pages
}

/// The months before, as the monthly report has them.
fn trend(site: &Site<'_>) -> Page {
    let register = site.register;
    let mut blocks = vec![Block::Heading("months", "Month by month".into())];
    if !register.months.is_empty() {
        blocks.push(Block::Figure(month_figure(register)));
    }
    blocks.push(Block::Table(month_table(register)));
    blocks.push(Block::Heading("known-since", "As it is known now".into()));
    if !register.months.is_empty() {
        blocks.push(Block::Figure(known_since_figure(register)));
    }
    blocks.push(Block::Table(known_since_table(register)));
    blocks.push(Block::Text(
        "The rows behind a month that has ended are in the portal of that day: countersign render --document portal --at DATE."
            .into(),
    ));
    let ways = vec![
        (
            "what the rates of this period are counted from".to_owned(),
            findings::of_rates(),
        ),
        (
            "exceptions".to_owned(),
            kinds::register_path(crate::model::Kind::Exception),
        ),
        ("hosts".to_owned(), page_path("hosts")),
    ];
    let has_exceptions = register.repository.exceptions.iter().next().is_some();
    let ways = ways
        .into_iter()
        .filter(|(words, _)| words != "exceptions" || has_exceptions)
        .collect();
    blocks.push(Block::Links("The rows of today:".into(), ways));
    Page {
        path: page_path("trend"),
        title: "Trend".into(),
        purpose: "The figures of the twelve months before, computed from the imports and the records.".into(),
        above: above([start_step()]),
        blocks,
    }
}
