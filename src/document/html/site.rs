//! The pages of a site: blocks in their order, with addresses that hold wherever the site lies.

use super::super::figure::Figure;
use super::super::table::{Cell, Layout, Table};
use super::super::text::escape_html;
use super::page::{Frame, LIVE, TABLES, foot, write_frame};
use super::{Heading, table, write_figure};

/// Searches the prepared index of the page that it stands on.
const SEARCH: &str = include_str!("../../../templates/search.js");

/// A part of a page. Addresses are paths from the root of the site, with `/`, or begin with `#`.
pub(in crate::document) enum Block {
    /// A heading of the second level, with its id.
    Heading(&'static str, String),
    Text(String),
    /// Words before links, each with its words and its address.
    Links(String, Vec<(String, String)>),
    Table(Table),
    Figure(Figure),
    /// A text, line by line as it is.
    Verbatim(String),
    /// A warning: what is wrong, and what that means.
    Banner(String, String),
    /// The field of the search, and its index.
    Search(serde_json::Value),
}

/// One page.
pub(in crate::document) struct Page {
    /// From the root of the site.
    pub(in crate::document) path: String,
    pub(in crate::document) title: String,
    /// One sentence: what the page tells.
    pub(in crate::document) purpose: String,
    /// The pages above it: address and words.
    pub(in crate::document) above: Vec<(String, String)>,
    pub(in crate::document) blocks: Vec<Block>,
}

/// What all pages of a site share.
pub(in crate::document) struct Surroundings<'a> {
    pub(in crate::document) organisation: &'a str,
    pub(in crate::document) classification: &'a str,
    pub(in crate::document) as_of_day: &'a str,
    pub(in crate::document) commit: Option<&'a str>,
    /// Address and words of the pages that every page leads to.
    pub(in crate::document) pages: &'a [(String, String)],
    pub(in crate::document) is_live: bool,
}

/// Writes one page.
pub(in crate::document) fn write_page(surroundings: &Surroundings<'_>, page: Page) -> String {
    let Page {
        path,
        title,
        purpose,
        above,
        blocks,
    } = page;
    let mut body = String::from("<h1>");
    escape_html(&title, &mut body);
    body.push_str("</h1>\n<p>");
    escape_html(&purpose, &mut body);
    body.push_str("</p>\n");
    let (mut headings, mut scripts) = (Vec::new(), Vec::new());
    for block in blocks {
        let script = match &block {
            Block::Table(table) if is_worked(table) => Some(TABLES),
            Block::Search(_) => Some(SEARCH),
            Block::Heading(id, text) => {
                headings.push(Heading {
                    id: (*id).to_owned(),
                    text: text.clone(),
                });
                None
            }
            Block::Text(_)
            | Block::Links(..)
            | Block::Table(_)
            | Block::Figure(_)
            | Block::Verbatim(_)
            | Block::Banner(..) => None,
        };
        scripts.extend(script.filter(|script| !scripts.contains(script)));
        write_block(&path, block, &mut body);
    }
    scripts.extend(surroundings.is_live.then_some(LIVE));
    let site = surroundings.pages.iter();
    let site = site.map(|(address, words)| (relative(&path, address), words.clone(), *address == path));
    let mut way: Vec<_> = above
        .iter()
        .map(|(address, words)| (Some(relative(&path, address)), words.clone()))
        .collect();
    way.push((None, title.clone()));
    let frame = Frame {
        title: format!(
            "{title} – {} – {}",
            surroundings.organisation, surroundings.as_of_day
        ),
        organisation: surroundings.organisation,
        classification: surroundings.classification,
        way,
        site: site.collect(),
        contents: &headings,
        class: "portal",
        foot: foot(&title, surroundings.as_of_day, surroundings.commit),
        scripts,
        may_ask: surroundings.is_live,
    };
    write_frame(&frame, &body)
}

/// Tells whether a script gives a table its sorting or its filters.
fn is_worked(table: &Table) -> bool {
    matches!(table.layout, Layout::Sortable | Layout::Filterable) && !table.rows.is_empty()
}

fn write_block(path: &str, block: Block, out: &mut String) {
    match block {
        Block::Heading(id, text) => {
            out.push_str(&format!("<h2 id=\"{id}\">"));
            escape_html(&text, out);
            out.push_str("</h2>\n");
        }
        Block::Text(text) => {
            out.push_str("<p>");
            escape_html(&text, out);
            out.push_str("</p>\n");
        }
        Block::Links(before, links) => write_links(path, &before, &links, out),
        Block::Table(mut table) => {
            for cell in table.rows.iter_mut().flatten() {
                make_relative(path, cell);
            }
            table::write(&table, out);
        }
        Block::Figure(figure) => write_figure(&figure, out),
        Block::Verbatim(text) => {
            out.push_str(
                "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Text\"><pre><code>",
            );
            for (index, line) in text.trim_end().split('\n').enumerate() {
                out.push_str(if index == 0 { "" } else { "\n" });
                escape_html(line, out);
            }
            out.push_str("</code></pre></div>\n");
        }
        Block::Banner(strong, rest) => {
            out.push_str("<div class=\"banner\" role=\"note\"><p><strong>");
            escape_html(&strong, out);
            out.push_str("</strong> ");
            escape_html(&rest, out);
            out.push_str("</p></div>\n");
        }
        Block::Search(index) => write_search(path, &index, out),
    }
}

fn write_links(path: &str, before: &str, links: &[(String, String)], out: &mut String) {
    out.push_str("<p class=\"links\">");
    escape_html(before, out);
    for (words, address) in links {
        out.push_str(" <a href=\"");
        escape_html(&relative(path, address), out);
        out.push_str("\">");
        escape_html(words, out);
        out.push_str("</a>");
    }
    out.push_str("</p>\n");
}

/// Writes the field, hidden until a script runs, and the index as data that nothing executes.
fn write_search(path: &str, index: &serde_json::Value, out: &mut String) {
    out.push_str(
        "<p id=\"no-search\">The search needs scripts, and none runs here. The registers hold every record; your browser finds words in them.</p>\n\
         <form class=\"filters\" id=\"search\" role=\"search\" hidden><p class=\"wide\"><label for=\"search-q\">Words, ids, hosts, vulnerabilities</label>\
         <input type=\"search\" id=\"search-q\" name=\"q\" autocomplete=\"off\"></p></form>\n\
         <p class=\"shown\" role=\"status\" aria-live=\"polite\" id=\"search-shown\"></p>\n<ol id=\"search-found\" class=\"found\" data-up=\"",
    );
    escape_html(&"../".repeat(path.matches('/').count()), out);
    out.push_str("\"></ol>\n<script type=\"application/json\" id=\"search-index\">");
    // Within a script element only `<` could end or begin anything; hidden characters are escaped as in every JSON.
    let json = super::super::text::escape_json(&index.to_string());
    out.push_str(&json.replace('<', "\\u003c").replace('&', "\\u0026"));
    out.push_str("</script>\n");
}

fn make_relative(path: &str, cell: &mut Cell) {
    if let Cell::Links(links) = cell {
        for (_, address) in links {
            *address = relative(path, address).into();
        }
    }
}

/// Returns the address of a page as seen from another; both are paths from the root of the site.
pub(in crate::document) fn relative(from: &str, to: &str) -> String {
    if to.starts_with('#') {
        return to.to_owned();
    }
    let (page, place) = to
        .split_once('#')
        .map_or((to, None), |(page, place)| (page, Some(place)));
    if let (true, Some(place)) = (page == from, place) {
        return format!("#{place}");
    }
    let mut from: Vec<&str> = from.split('/').collect();
    let mut steps: Vec<&str> = to.split('/').collect();
    from.pop();
    let shared = from
        .iter()
        .zip(&steps)
        .take_while(|(one, other)| one == other)
        .count();
    let mut address = "../".repeat(from.len() - shared);
    address.push_str(&steps.split_off(shared).join("/"));
    address
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn addresses_hold_from_every_page() {
        for (from, to, address) in [
            ("D13.html", "portal/a.html", "portal/a.html"),
            ("portal/a.html", "D13.html", "../D13.html"),
            (
                "portal/a.html",
                "portal/records/b.html#life",
                "records/b.html#life",
            ),
            ("portal/records/b.html", "portal/a.html", "../a.html"),
            ("portal/records/b.html", "portal/records/b.html#life", "#life"),
            ("portal/records/b.html", "portal/records/c.html", "c.html"),
            ("portal/records/b.html", "#text", "#text"),
        ] {
            assert_eq!(relative(from, to), address, "{from} to {to}");
        }
    }
}
