//! What a person did at the source, in the making.

use super::clip;
use super::draft::Draft;
use super::{Context, Note, Read};
use crate::domain::event::{Remark, Saying};

/// Who said something, and the words that came with it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Words<'a> {
    pub(super) author: &'a str,
    pub(super) text: &'a str,
}

impl Draft {
    /// Makes the remark about the alert of this draft, or says why there is none.
    pub(super) fn remark(
        &self,
        saying: Saying,
        words: Words,
        (at, context): (usize, &Context),
        read: &mut Read,
    ) {
        let limits = context.limits;
        let labels = if self.labels.is_empty() && !self.key.is_empty() {
            Ok(())
        } else {
            limits.check_labels(&self.labels, true)
        };
        if let Err(why) = labels.and_then(|()| limits.check_text("the key", &self.key)) {
            read.reject(at, why);
            return;
        }
        let notes = self.notes.iter().map(|what| Note { at: Some(at), what: what.clone() });
        read.notes.extend(notes);
        let max = limits.annotation_value_bytes_max;
        read.remarks.push(Remark {
            source: context.source.clone(),
            key: self.key.as_str().into(),
            labels: self.labels.clone(),
            author: clip(words.author, limits.label_value_bytes_max).into(),
            text: clip(words.text, max).into(),
            saying,
        });
    }
}
