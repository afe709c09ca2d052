//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;

/// More errors, or warnings, than these are not shown: the first ones are usually the cause.
pub const ERRORS_MAX: usize = 100;

/// One thing to tell the person who wrote a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as the person would name it.
    pub file: String,
    /// The line, counted from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong; what to do.
    pub message: String,
    /// The line itself.
    pub excerpt: String,
}

/// Everything that keeps a configuration from being used, in the order of the files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors {
    /// Files that cannot be read, then places in those that can; at most [`ERRORS_MAX`] of each.
    pub errors: Vec<Diagnostic>,
    /// How many more there are.
    pub left_out: usize,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.file, self.message);
        }
        writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs stay tabs, so that the caret stands below its character.
        let lead: String = self
            .excerpt
            .chars()
            .take(self.column.saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        write!(f, "{number} | {}\n{margin} | {lead}^", self.excerpt)
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n" };
            write!(f, "{gap}{error}")?;
        }
        if self.left_out > 0 {
            write!(f, "\nand {} more", self.left_out)?;
        }
        Ok(())
    }
}
