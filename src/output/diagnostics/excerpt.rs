//! The lines of a file that a frame shows, made harmless for a terminal.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Snippet};

use crate::output::text::{push_visible, visible};
use crate::source::{SourceFile, Span};

/// Characters above which only the neighbourhood of a mark is shown of a line.
const LONG_LINE: usize = 1000;
/// Characters that are shown before the mark in a long line.
const BEFORE: usize = 60;
/// Characters that are shown of a long line.
const WINDOW: usize = 400;

/// A place in a file, with its words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'a> {
    pub(super) span: Span,
    pub(super) label: Option<&'a str>,
    pub(super) is_primary: bool,
}

/// Whole lines of a file with places in them; unsafe characters are written out.
///
/// A place of several lines is marked on its first line, up to the line's end.
#[derive(Debug)]
pub(super) struct Excerpt {
    path: String,
    first_line: u32,
    text: String,
    marks: Vec<Placed>,
    /// Line and column of the place that the heading names.
    head: (u32, u32),
}

#[derive(Debug)]
struct Placed {
    /// Bytes of the file.
    source: Range<usize>,
    /// Bytes of the excerpt.
    shown: Range<usize>,
    label: Option<String>,
    is_primary: bool,
}

impl Excerpt {
    /// Cuts out the lines between the first and the last of at least one mark.
    pub(super) fn new(file: &SourceFile, marks: &[Mark<'_>]) -> Self {
        let text: &str = &file.text;
        let lines: Vec<Range<usize>> = marks
            .iter()
            .map(|mark| line_around(text, mark.span.start as usize))
            .collect();
        let from = lines.iter().map(|line| line.start).min().unwrap_or(0);
        let to = lines.iter().map(|line| line.end).max().unwrap_or(0);
        let placed = marks.iter().zip(&lines).map(|(mark, line)| {
            let start = boundary(text, mark.span.start as usize);
            let end = boundary(text, mark.span.end as usize).clamp(start, line.end.max(start));
            let label = mark.label.map(|label| visible(label).into_owned());
            Placed {
                source: start..end,
                shown: 0..0,
                label,
                is_primary: mark.is_primary,
            }
        });
        let head = marks
            .iter()
            .min_by_key(|mark| (!mark.is_primary, mark.span.line, mark.span.column));
        let mut excerpt = Self {
            path: visible(&file.path).into_owned(),
            first_line: marks.iter().map(|mark| mark.span.line).min().unwrap_or(1),
            text: String::new(),
            marks: placed.collect(),
            head: head.map_or((1, 1), |mark| (mark.span.line, mark.span.column)),
        };
        let mut start = from;
        loop {
            let line = line_around(text, start);
            excerpt.push_line(&text[line.clone()], line.start);
            if line.end >= to {
                break;
            }
            start = line.end
                + if text[line.end..].starts_with("\r\n") {
                    2
                } else {
                    1
                };
            excerpt.text.push('\n');
        }
        if excerpt.text.is_empty() || excerpt.text.ends_with('\n') {
            // The renderer knows no line behind the last line end.
            excerpt.text.push(' ');
        }
        excerpt
    }

    /// Appends a line and notes where its marks come to stand.
    fn push_line(&mut self, line: &str, offset: usize) {
        let first_mark = self
            .marks
            .iter()
            .map(|mark| mark.source.start)
            .filter(|start| (offset..=offset + line.len()).contains(start))
            .min();
        let window = window(line, first_mark.map(|start| start - offset));
        if window.start > 0 {
            self.text.push('…');
        }
        for (within, character) in line[window.clone()].char_indices() {
            self.note(line, offset, &window, window.start + within);
            if character == '\t' {
                self.text.push(character);
            } else {
                push_visible(&mut self.text, line, window.start + within, character);
            }
        }
        self.note(line, offset, &window, window.end);
        if window.end < line.len() {
            self.text.push('…');
        }
    }

    /// Notes the marks of a line that begin or end at a byte of it; those outside the window lie at its ends.
    fn note(&mut self, line: &str, offset: usize, window: &Range<usize>, at: usize) {
        let shown = self.text.len();
        let inside = |position: usize| (position - offset).clamp(window.start, window.end);
        for mark in &mut self.marks {
            if !(offset..=offset + line.len()).contains(&mark.source.start) {
                continue;
            }
            if inside(mark.source.start) == at {
                mark.shown = shown..shown;
            }
            if inside(mark.source.end) == at {
                mark.shown.end = shown;
            }
        }
    }

    /// Returns the excerpt for the renderer.
    pub(super) fn snippet(&self) -> Snippet<'_, Annotation<'_>> {
        let annotations = self.marks.iter().map(|mark| {
            let kind = if mark.is_primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            kind.span(mark.shown.clone()).label(mark.label.as_deref())
        });
        Snippet::source(&self.text)
            .path(&self.path)
            .line_start(self.first_line as usize)
            .annotations(annotations)
    }

    /// Puts the true column into the heading; the renderer counts the characters that it shows.
    pub(super) fn mend_column(&self, frame: &mut String) {
        let heading = format!("{}:{}:", self.path, self.head.0);
        let found = frame
            .match_indices(&heading)
            .map(|(at, _)| at)
            .find(|at| is_heading(&frame[..*at]));
        let Some(found) = found else { return };
        let start = found + heading.len();
        let digits = frame[start..].bytes().take_while(u8::is_ascii_digit).count();
        frame.replace_range(start..start + digits, &self.head.1.to_string());
    }
}

/// Tells whether a frame up to some point ends in an arrow that stands first on its line.
fn is_heading(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or(before);
    let is_arrow = ["--> ", "::: ", "--> \u{1b}[0m", "::: \u{1b}[0m"]
        .iter()
        .any(|arrow| line.ends_with(arrow));
    is_arrow && before.contains('\n') && !line.contains(['|', '='])
}

/// Returns the line that a byte lies in, without its end; YAML ends a line with CR, LF or both.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let mut at = boundary(text, at);
    if text[at..].starts_with('\n') && text[..at].ends_with('\r') {
        at -= 1;
    }
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |found| found + 1);
    let end = text[at..]
        .find(['\n', '\r'])
        .map_or(text.len(), |found| at + found);
    start..end
}

/// Returns the nearest start of a character at or before a byte.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Returns the part of a line that is shown.
fn window(line: &str, mark: Option<usize>) -> Range<usize> {
    if line.len() <= LONG_LINE {
        return 0..line.len();
    }
    let mark = mark.unwrap_or(0);
    let start = line[..mark]
        .char_indices()
        .rev()
        .nth(BEFORE)
        .map_or(0, |(offset, _)| offset);
    let end = line[start..]
        .char_indices()
        .nth(WINDOW)
        .map_or(line.len(), |(offset, _)| start + offset);
    start..end
}
