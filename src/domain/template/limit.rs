//! What one template may cost: bounds, and text that grows no further than its bound.

use std::borrow::Cow;

/// Why something cannot be done. The caller adds where.
pub(super) type Why = Cow<'static, str>;

/// The longest template text that is read.
pub(super) const SOURCE_BYTES_MAX: usize = 1 << 20;
/// The longest text that a template, or one function in it, may produce.
pub(super) const OUTPUT_BYTES_MAX: usize = 1 << 20;
/// How deep blocks and parentheses nest in the text of a template.
pub(super) const PARSE_DEPTH_MAX: usize = 100;
/// How deep blocks, parentheses and calls of templates nest while one is rendered.
pub(super) const RENDER_DEPTH_MAX: usize = 200;
/// How deep lists and maps made inside a template nest.
pub(super) const VALUE_DEPTH_MAX: usize = 32;
/// How many parts a list or map made inside a template has, those of its parts included.
pub(super) const VALUE_PARTS_MAX: usize = 20_000;
/// The widest a number or text is padded by `printf`.
pub(super) const WIDTH_CHARS_MAX: usize = 10_000;
/// How much work one rendering may be: a node, a call or 64 bytes of text each count one.
pub(super) const STEPS_MAX: usize = 2_000_000;
/// What compiling a regular expression counts in steps.
pub(super) const REGEX_STEPS: usize = 500;
/// The largest compiled regular expression.
pub(super) const REGEX_BYTES_MAX: usize = 1 << 20;

/// Text that refuses to grow beyond [`OUTPUT_BYTES_MAX`].
#[derive(Debug, Default)]
pub(super) struct Bounded(String);

impl Bounded {
    pub(super) fn push_str(&mut self, text: &str) -> Result<(), Why> {
        if self.0.len() + text.len() > OUTPUT_BYTES_MAX {
            return Err(format!("the text grows beyond {OUTPUT_BYTES_MAX} bytes").into());
        }
        self.0.push_str(text);
        Ok(())
    }

    pub(super) fn push(&mut self, c: char) -> Result<(), Why> {
        self.push_str(c.encode_utf8(&mut [0; 4]))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the last `bytes` bytes back; they must end on a character.
    pub(super) fn take_back(&mut self, bytes: usize) {
        self.0.truncate(self.0.len().saturating_sub(bytes));
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}
