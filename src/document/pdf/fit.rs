//! How wide the columns of a table are, and how small its letters.

use super::super::table::Room;
use super::content::{Inline, Line, Row, Sheet};
use super::fonts::width;

/// A table before its measures are taken.
pub(super) struct Grid {
    pub(super) caption: Vec<Inline>,
    pub(super) heads: Vec<String>,
    pub(super) rooms: Vec<Room>,
    pub(super) numbers: Vec<bool>,
    pub(super) rows: Vec<Vec<Vec<Line>>>,
    /// Columns that are to be written into by hand.
    pub(super) blanks: Vec<bool>,
    pub(super) rest: Vec<Inline>,
}

/// Sizes of letters in points, each with the characters that a piece of text has at the most; the first that fits is taken.
const STEPS: [(f64, usize); 6] = [(8.0, 24), (7.5, 16), (7.0, 16), (6.5, 12), (6.0, 10), (5.5, 6)];
/// Letters smaller than this ask for a page on its side.
pub(super) const SMALL_LETTERS: f64 = 7.5;
/// What a cell leaves free at both sides together, in points; the page has half of it at each.
const MARGIN: f64 = 7.0;
/// A row of more lines than this may go over two pages.
const TALL_LINES: f64 = 24.0;
/// A table of no more lines than this stands on one page.
const SHORT_LINES: f64 = 24.5;
/// A table that asks for more than so many times the page asks for a page on its side.
const CROWDED: f64 = 1.35;

/// What a row leaves free above and below, in lines; the page has the same.
const AROUND: f64 = 0.6;
/// The same where somebody is to write.
const AROUND_HAND: f64 = 2.2;
/// The height of a line, in parts of the size of letters.
const LINE: f64 = 1.1;
/// Rows of a long table that stand under its heading where it begins.
const FIRST_ROWS: usize = 3;
/// Room that the caption of a table takes, in points.
const CAPTION: f64 = 18.0;
/// No table asks for more room than this to begin, in points.
const MOST_TO_BEGIN: f64 = 180.0;

/// How a table fits on a page.
#[derive(Default)]
struct Measures {
    /// The size of letters, in points.
    size: f64,
    /// Characters that a piece of text has at the most.
    most: usize,
    /// The width of each column, in points.
    widths: Vec<f64>,
    /// What the columns would take if they could, in points.
    wanted: f64,
}

/// What a column asks for, in points.
struct Wish {
    /// Less than this would cut words.
    least: f64,
    /// With this most texts need one line.
    most: f64,
    /// With this every text needs one line.
    all: f64,
}

impl Grid {
    /// Takes the measures on so many points, with the largest letters that fit.
    fn measures(&self, room: f64) -> Measures {
        let mut rows = self.rows.clone();
        let mut made = Measures::default();
        for (size, most) in STEPS {
            rows.iter_mut()
                .flatten()
                .flatten()
                .flat_map(|line| &mut line.parts)
                .for_each(|part| part.cut(most));
            let is_last = (size, most) == STEPS[STEPS.len() - 1];
            let wishes: Vec<Wish> = (0..self.heads.len())
                .map(|column| self.wish(column, &rows, (size, room, is_last)))
                .collect();
            let least: f64 = wishes.iter().map(|wish| wish.least).sum();
            made = Measures {
                size,
                most,
                widths: share_out(&wishes, room),
                wanted: wishes.iter().map(|wish| wish.most).sum(),
            };
            if least <= room {
                break;
            }
        }
        made
    }

    fn wish(&self, column: usize, rows: &[Vec<Vec<Line>>], (size, room, is_last): (f64, f64, bool)) -> Wish {
        let head = &self.heads[column];
        let head_word = head.split(' ').map(width).fold(0.0, f64::max) * BOLD;
        let is_first = if column == 0 { BOLD } else { 1.0 };
        let lines = || rows.iter().filter_map(|row| row.get(column)).flatten();
        let mut wants: Vec<f64> = lines().map(|line| line.width() * is_first).collect();
        wants.sort_by(f64::total_cmp);
        let longest = wants.last().copied().unwrap_or(0.0);
        let usual = wants.get(wants.len() * 9 / 10).copied().unwrap_or(longest);
        let part = lines()
            .map(|line| line.widest_part() * is_first)
            .fold(head_word, f64::max);
        let (least, most) = match self.rooms[column] {
            Room::Tight if !is_last => (longest.max(head_word), longest),
            Room::Tight | Room::Any => (part, usual.min(room * 0.3 / size)),
            Room::Wide => (
                part.max(width("the width of a few words")),
                usual.min(room * 0.45 / size),
            ),
        };
        let most = if self.blanks[column] {
            room * HAND / size
        } else {
            most
        };
        // A long heading takes two lines rather than room from the others.
        let most = most.max((width(head) * BOLD).min(SHORT_HEADING));
        Wish {
            least: least * size + MARGIN,
            most: most.max(least) * size + MARGIN,
            all: longest.max(most).max(least) * size + MARGIN,
        }
    }

    /// Tells whether the table asks for a page on its side.
    pub(super) fn is_wide(&self, room: f64) -> bool {
        let measures = self.measures(room);
        measures.size < SMALL_LETTERS || measures.wanted > room * CROWDED
    }

    /// Takes the measures on so many points.
    pub(super) fn fitted(mut self, room: f64) -> Sheet {
        let Measures {
            size, most, widths, ..
        } = self.measures(room);
        let parts = self.rows.iter_mut().flatten().flatten();
        parts
            .flat_map(|line| &mut line.parts)
            .for_each(|part| part.cut(most));
        let heights: Vec<f64> = self
            .rows
            .iter()
            .map(|cells| lines_of(cells, &widths, size))
            .collect();
        let is_form = self.blanks.contains(&true);
        let around = if is_form { AROUND_HAND } else { AROUND };
        let is_short = heights.iter().map(|lines| lines + around).sum::<f64>() <= SHORT_LINES;
        let first: f64 = heights.iter().take(FIRST_ROWS).map(|lines| lines + around).sum();
        let heads = 2.0 + AROUND;
        let row = |(cells, lines): (Vec<Vec<Line>>, &f64)| Row {
            is_tall: *lines > TALL_LINES,
            cells,
        };
        Sheet {
            caption: self.caption,
            heads: self.heads.iter().map(|head| vec![Inline::text(head)]).collect(),
            numbers: self.numbers,
            size,
            is_short,
            is_form,
            to_begin: if is_short {
                0.0
            } else {
                rounded((CAPTION + (heads + first) * LINE * size).min(MOST_TO_BEGIN))
            },
            rows: self.rows.into_iter().zip(&heights).map(row).collect(),
            rest: self.rest,
            widths,
        }
    }
}

/// The part of a page that a column takes which is written into by hand, where there is room.
const HAND: f64 = 0.45;
/// A heading up to this width stands on one line where there is room, in parts of the size of letters.
const SHORT_HEADING: f64 = 8.0;
/// How much wider bold letters are.
const BOLD: f64 = 1.04;

/// Gives each column its least, then shares out what is left by what each asks for beyond it, and so once more.
fn share_out(wishes: &[Wish], room: f64) -> Vec<f64> {
    let least: f64 = wishes.iter().map(|wish| wish.least).sum();
    if least > room {
        return wishes.iter().map(|wish| wish.least * room / least).collect();
    }
    let mut widths: Vec<f64> = wishes.iter().map(|wish| wish.least).collect();
    for goal in [|wish: &Wish| wish.most, |wish: &Wish| wish.all] {
        let left = room - widths.iter().sum::<f64>();
        let beyond: f64 = wishes
            .iter()
            .zip(&widths)
            .map(|(wish, width)| goal(wish) - width)
            .sum();
        let part = if beyond > 0.0 {
            (left / beyond).clamp(0.0, 1.0)
        } else {
            0.0
        };
        for (wish, width) in wishes.iter().zip(&mut widths) {
            *width += (goal(wish) - *width) * part;
        }
    }
    widths.into_iter().map(rounded).collect()
}

/// Rounds to tenths of a point, downwards, so that the sum stays within the room.
fn rounded(points: f64) -> f64 {
    (points * 10.0).floor() / 10.0
}

/// More than what rounding takes from a width, in points.
const SLACK: f64 = 0.2;

/// Reckons the lines of the tallest cell.
fn lines_of(cells: &[Vec<Line>], widths: &[f64], size: f64) -> f64 {
    let lines = cells.iter().zip(widths).map(|(lines, width)| {
        let room = (width - MARGIN).max(size);
        lines
            .iter()
            // Widths are rounded downwards, which alone makes no second line.
            .map(|line| ((line.width() * size - SLACK) / room).ceil().max(1.0))
            .sum::<f64>()
    });
    lines.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rooms: &[Room], rows: &[&[&str]]) -> Grid {
        Grid {
            caption: Vec::new(),
            heads: rooms.iter().map(|_| "Head".to_owned()).collect(),
            rooms: rooms.to_vec(),
            numbers: rooms.iter().map(|_| false).collect(),
            rows: rows
                .iter()
                .map(|row| row.iter().map(|text| vec![Line::text(text)]).collect())
                .collect(),
            blanks: rooms.iter().map(|_| false).collect(),
            rest: Vec::new(),
        }
    }

    #[test]
    fn columns_stay_on_the_page_and_sentences_get_the_room() {
        let sentence = "a sentence that goes on and on and needs many lines of a narrow column";
        let row: &[&str] = &["2026-09-30", sentence, "CVE-2026-1234"];
        let sheet = grid(&[Room::Tight, Room::Wide, Room::Any], &[row, row]).fitted(300.0);
        assert!(sheet.widths.iter().sum::<f64>() <= 300.0, "{:?}", sheet.widths);
        assert!(sheet.widths[1] > sheet.widths[0] && sheet.widths[1] > sheet.widths[2]);
        assert_eq!(sheet.size, 8.0);
    }

    #[test]
    fn what_fits_its_column_is_one_line_and_a_few_of_these_stand_on_one_page() {
        let row: &[&str] = &[
            "Kind of acceptance",
            "2 hosts: ot-hmi01.example, ot-hmi02.example",
        ];
        let rows = |count: usize| grid(&[Room::Any, Room::Wide], &vec![row; count]).fitted(700.0);
        let few = rows(13);
        assert!(few.is_short && few.to_begin == 0.0, "{:?}", few.widths);
        // A long one begins where three of its rows have room.
        let many = rows(40);
        assert!(
            !many.is_short && many.to_begin > 3.0 * many.size,
            "{}",
            many.to_begin
        );
        assert!(many.to_begin < MOST_TO_BEGIN);
    }

    #[test]
    fn a_column_for_a_pen_gets_the_room_that_words_leave() {
        let row: &[&str] = &["exc-0009", ""];
        let mut form = grid(&[Room::Any, Room::Any], &[row; 5]);
        form.blanks = vec![false, true];
        let sheet = form.fitted(700.0);
        assert!(sheet.is_form && sheet.widths[1] > 300.0, "{:?}", sheet.widths);
    }

    #[test]
    fn a_table_with_too_many_columns_gets_smaller_letters_and_never_leaves_the_page() {
        let long = "x".repeat(1_200);
        for columns in [4, 12, 40] {
            let row: Vec<&str> = vec![&long; columns];
            let table = grid(&vec![Room::Any; columns], &[&row]);
            assert_eq!(table.is_wide(500.0), columns > 4, "{columns}");
            let sheet = table.fitted(500.0);
            assert!(sheet.widths.iter().sum::<f64>() <= 500.5, "{columns}");
            assert!(sheet.rows[0].is_tall);
        }
    }
}
