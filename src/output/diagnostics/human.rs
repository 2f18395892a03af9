//! Frames as rustc prints them.

use std::io::{self, Write};

use annotate_snippets::{Group, Level as FrameLevel, Origin, Renderer};

use super::excerpt::{Excerpt, Mark};
use super::{Report, path_of};
use crate::diagnostic::{Diagnostic, Level, Related};
use crate::output::Style;
use crate::output::text::visible;
use crate::source::{FileId, Sources, Span};

/// Further places that a frame shows; the machine formats have them all.
const MAX_RELATED: usize = 8;
/// The widest frame; lines of machines may be longer than any terminal.
const MAX_WIDTH: usize = 400;
/// The narrowest frame that still shows source.
const MIN_WIDTH: usize = 40;

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let renderer = if style.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.term_width(style.width.clamp(MIN_WIDTH, MAX_WIDTH));
    for diagnostic in report.diagnostics {
        writeln!(out, "{}\n", frame(report.sources, diagnostic, &renderer))?;
    }
    Ok(())
}

fn frame(sources: &Sources, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.level {
        Level::Error => FrameLevel::ERROR,
        Level::Warn => FrameLevel::WARNING,
        Level::Info => FrameLevel::INFO,
    };
    let shown = &diagnostic.related[..diagnostic.related.len().min(MAX_RELATED)];
    let mut group = Group::with_title(
        level
            .primary_title(visible(&diagnostic.message))
            .id(diagnostic.code),
    );
    let excerpts = excerpts(sources, diagnostic, shown);
    if excerpts.is_empty() {
        let path = visible(path_of(sources, diagnostic.span)).into_owned();
        group = group.element(Origin::path(path).line(1).char_column(1));
    }
    group = group.elements(excerpts.iter().map(Excerpt::snippet));
    for related in shown
        .iter()
        .filter(|related| sources.get(related.span.file).is_none())
    {
        group = group.element(FrameLevel::NOTE.message(visible(&related.message)));
    }
    if diagnostic.related.len() > shown.len() {
        let more = format!(
            "{} more places; `--format json` has all",
            diagnostic.related.len() - shown.len()
        );
        group = group.element(FrameLevel::NOTE.message(more));
    }
    if let Some(owner) = &diagnostic.owner {
        group = group.element(FrameLevel::NOTE.message(format!("owner: {}", visible(owner))));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(FrameLevel::HELP.message(visible(help)));
    }
    let mut text = renderer.render(&[group]);
    for excerpt in &excerpts {
        excerpt.mend_column(&mut text);
    }
    text
}

/// Gathers the places by file: that of the diagnostic first, the others in the order in which they are named.
fn excerpts(sources: &Sources, diagnostic: &Diagnostic, related: &[Related]) -> Vec<Excerpt> {
    let primary = Mark {
        span: diagnostic.span,
        label: diagnostic.label.as_deref(),
        is_primary: true,
    };
    let mut by_file: Vec<(FileId, Vec<Mark<'_>>)> = vec![(diagnostic.span.file, vec![primary])];
    for Related { span, message } in related {
        let mark = Mark {
            span: *span,
            label: Some(message),
            is_primary: false,
        };
        match by_file.iter_mut().find(|(file, _)| *file == span.file) {
            Some((_, marks)) if is_near(marks[0].span, *span) => marks.push(mark),
            Some(_) | None => by_file.push((span.file, vec![mark])),
        }
    }
    by_file
        .into_iter()
        .filter_map(|(file, marks)| sources.get(file).map(|file| Excerpt::new(file, &marks)))
        .collect()
}

/// Tells whether two places of a file may stand in one excerpt, whose lines between are all read.
fn is_near(one: Span, other: Span) -> bool {
    one.start.abs_diff(other.start) < 1 << 16
}
