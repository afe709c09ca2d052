//! What the output is written for: a terminal of some width, or a file.

use console::{Style, Term};

use crate::domain::value::Timestamp;

/// The surface that output is written for.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The instant that ages are counted from.
    pub now: Timestamp,
    /// Columns of the terminal; nothing where lines may be of any length.
    pub width: Option<usize>,
    /// Tells whether colours may be used.
    pub colour: bool,
}

/// How a cell stands out. Meaning never hangs on colour alone: the text says it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tint {
    Plain,
    Heading,
    Worst,
    Bad,
    Faint,
}

impl Look {
    /// The surface behind standard output. `NO_COLOR` and `CLICOLOR` are heeded.
    pub fn of_stdout(now: Timestamp) -> Self {
        let term = Term::stdout();
        let width = term.size_checked().map(|(_, columns)| usize::from(columns));
        Self { now, width: width.filter(|_| term.is_term()), colour: console::colors_enabled() }
    }

    /// Colours a text, where colours may be used.
    pub(super) fn paint(&self, text: &str, tint: Tint) -> String {
        let style = match tint {
            Tint::Plain => return text.to_owned(),
            Tint::Heading => Style::new().bold(),
            Tint::Worst => Style::new().red().bold(),
            Tint::Bad => Style::new().yellow(),
            Tint::Faint => Style::new().dim(),
        };
        style.force_styling(self.colour).apply_to(text).to_string()
    }
}
