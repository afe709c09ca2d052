//! Columns side by side, as wide as they must be.

use console::measure_text_width;

use super::look::{Look, Tint};

/// What stands between two columns.
const GAP: &str = "  ";

/// The least that is left of the last column, however narrow the terminal.
const LAST_COLUMNS_MIN: usize = 12;

/// Marks a text that was cut.
const CUT: &str = "…";

/// A table: headings and rows of as many cells.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// One cell: a line of text without escape sequences.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tint: Tint,
}

impl Table {
    /// Writes the table, each line behind `indent`. The last column, by custom the longest, is cut
    /// where the terminal ends.
    pub(super) fn write(&self, indent: &str, look: &Look) -> String {
        let heading = |text: &String| Cell { text: text.clone(), tint: Tint::Heading };
        let headings: Vec<_> = self.headings.iter().map(heading).collect();
        let widths = self.widths(indent, look);
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            text += indent;
            text += line(row, &widths, look).trim_end();
            text.push('\n');
        }
        text
    }

    fn widths(&self, indent: &str, look: &Look) -> Vec<usize> {
        let width = |(at, heading): (usize, &String)| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            let widest = cells.map(|cell| measure_text_width(&cell.text)).max().unwrap_or(0);
            widest.max(measure_text_width(heading))
        };
        let mut widths: Vec<_> = self.headings.iter().enumerate().map(width).collect();
        if let (Some(columns), Some((last, others))) = (look.width, widths.split_last_mut()) {
            let taken = indent.len() + others.iter().sum::<usize>() + others.len() * GAP.len();
            *last = (*last).min(columns.saturating_sub(taken).max(LAST_COLUMNS_MIN));
        }
        widths
    }
}

fn line(row: &[Cell], widths: &[usize], look: &Look) -> String {
    let last = widths.len().saturating_sub(1);
    let mut line = String::new();
    for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
        let text = console::truncate_str(&cell.text, *width, CUT);
        // Padding stands outside the colour: an underlined or coloured blank is noise.
        let padding = if at == last { 0 } else { width - measure_text_width(&text) + GAP.len() };
        line += &look.paint(&text, cell.tint);
        line.extend(std::iter::repeat_n(' ', padding));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::Timestamp;

    /// Rows are lines, cells are parted by `|`; a cell `P1` is tinted.
    fn check(width: Option<usize>, colour: bool, rows: &str, expected: &str) {
        let cell = |text: &str| {
            let tint = if text == "P1" { Tint::Worst } else { Tint::Plain };
            Cell { text: text.to_owned(), tint }
        };
        let mut rows = rows.lines().map(|row| row.split('|').map(cell).collect::<Vec<_>>());
        let headings = rows.next().unwrap().into_iter().map(|cell| cell.text).collect();
        let table = Table { headings, rows: rows.collect() };
        let look = Look { now: Timestamp(0), width, colour };
        assert_eq!(table.write("", &look), expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check(
            None,
            false,
            "ID|TITLE\nINC-1|disk full\nINC-100|x",
            "\
ID       TITLE
INC-1    disk full
INC-100  x
",
        );
    }

    #[test]
    fn wide_signs_take_two_columns() {
        check(
            None,
            false,
            "ID|TITLE\n磁盘|a\nb|c",
            "\
ID    TITLE
磁盘  a
b     c
",
        );
    }

    #[test]
    fn the_last_column_is_cut_where_the_terminal_ends() {
        check(
            Some(20),
            false,
            "ID|TITLE\nINC-1|the disk is full again",
            "\
ID     TITLE
INC-1  the disk is …
",
        );
        check(
            Some(5),
            false,
            "ID|TITLE\nINC-1|the disk is full again",
            "\
ID     TITLE
INC-1  the disk is…
",
        );
    }

    #[test]
    fn colours_do_not_move_columns() {
        check(
            None,
            true,
            "PRI|TITLE\nP1|x",
            "\
\u{1b}[1mPRI\u{1b}[0m  \u{1b}[1mTITLE\u{1b}[0m
\u{1b}[31m\u{1b}[1mP1\u{1b}[0m   x
",
        );
    }
}
