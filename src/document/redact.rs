//! A document with pseudonyms in the place of names, in every form that it takes.

use std::sync::Arc;

use super::cover::Cover;
use super::figure::{Drawing, Figure};
use super::pseudonyms::Pseudonyms;
use super::table::{Cell, Table};
use super::{View, cover};

impl View {
    pub(super) fn redact(&mut self, names: &Pseudonyms) {
        self.values = names.json(self.values.take());
        self.tables
            .iter_mut()
            .for_each(|table| redact_table(table, names));
        self.figures
            .iter_mut()
            .for_each(|figure| redact_figure(figure, names));
    }
}

impl Cover {
    pub(super) fn redact(&mut self, names: &Pseudonyms) {
        let values = &mut self.values;
        for text in [&mut values.organisation, &mut values.scope] {
            *text = names.text(text);
        }
        for command in &mut values.commands {
            command.run = names.text(&command.run);
        }
        self.tables
            .iter_mut()
            .for_each(|table| redact_table(table, names));
        if let Some(facts) = self.tables.iter_mut().find(|table| table.name == cover::FACTS) {
            facts.rows.push(vec![
                Cell::text("Variant"),
                Cell::text("Redacted: pseudonyms stand for hosts, addresses and persons"),
            ]);
        }
    }
}

fn redact_table(table: &mut Table, names: &Pseudonyms) {
    table.caption = names.text(&table.caption);
    for cell in table.rows.iter_mut().flatten() {
        redact_cell(cell, names);
    }
}

fn redact_cell(cell: &mut Cell, names: &Pseudonyms) {
    let replace = |text: &mut Arc<str>| *text = names.text(text).into();
    match cell {
        Cell::Text(text) | Cell::Code(text) => replace(text),
        Cell::List(texts) => texts.iter_mut().for_each(replace),
        Cell::Links(links) => {
            for (text, file) in links {
                replace(text);
                replace(file);
            }
        }
        Cell::Empty | Cell::Number(_) | Cell::Decimal(_) | Cell::Mark(_) | Cell::Share(_) => {}
    }
}

fn redact_figure(figure: &mut Figure, names: &Pseudonyms) {
    let replace = |text: &mut String| *text = names.text(text);
    replace(&mut figure.title);
    match &mut figure.drawing {
        Drawing::Bars(bars) => bars.bars.iter_mut().for_each(|bar| replace(&mut bar.label)),
        Drawing::Lines(lines) => {
            lines.points.iter_mut().for_each(replace);
            lines.lines.iter_mut().for_each(|line| replace(&mut line.word));
        }
        Drawing::Timeline(timeline) => {
            for row in &mut timeline.rows {
                replace(&mut row.label);
                row.milestones
                    .iter_mut()
                    .for_each(|milestone| replace(&mut milestone.word));
            }
        }
        Drawing::Grid(grid) => {
            grid.columns.iter_mut().for_each(replace);
            grid.steps.iter_mut().for_each(replace);
            grid.rows.iter_mut().for_each(|(label, _)| replace(label));
        }
    }
}
