//! How much one alert may bring, and which label names are names.

use crate::domain::value::{Labels, is_label_name};

/// What one request may bring. More is refused with the number that would be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Labels of one alert.
    pub labels_max: usize,
    /// Bytes in the name of a label or an annotation.
    pub label_name_bytes_max: usize,
    /// Bytes in the value of a label.
    pub label_value_bytes_max: usize,
    /// Annotations of one alert.
    pub annotations_max: usize,
    /// Bytes in the value of an annotation, a URL or a key.
    pub annotation_value_bytes_max: usize,
    /// Elements in one request.
    pub events_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            labels_max: 64,
            label_name_bytes_max: 256,
            label_value_bytes_max: 1 << 10,
            annotations_max: 64,
            annotation_value_bytes_max: 32 << 10,
            events_max: 10_000,
        }
    }
}

impl Limits {
    /// Alertmanager has no limits of its own, so what works there works here; these only keep one
    /// alert from filling the memory.
    pub const API_V2: Self = Self {
        labels_max: 1_024,
        label_name_bytes_max: 4 << 10,
        label_value_bytes_max: 64 << 10,
        annotations_max: 1_024,
        annotation_value_bytes_max: 256 << 10,
        events_max: 100_000,
    };

    /// Checks the labels of one alert.
    ///
    /// # Errors
    /// Says which label is too much, or that there is none, as Alertmanager does.
    pub fn check_labels(&self, labels: &Labels, utf8: bool) -> Result<(), String> {
        if labels.is_empty() {
            return Err("at least one label pair required".to_owned());
        }
        let sizes = (self.labels_max, self.label_value_bytes_max);
        self.check(labels, utf8, sizes).map_err(|why| format!("invalid label set: {why}"))
    }

    /// Checks the annotations of one alert.
    ///
    /// # Errors
    /// Says which annotation is too much.
    pub fn check_annotations(&self, annotations: &Labels, utf8: bool) -> Result<(), String> {
        let sizes = (self.annotations_max, self.annotation_value_bytes_max);
        self.check(annotations, utf8, sizes).map_err(|why| format!("invalid annotations: {why}"))
    }

    /// Checks a URL or a key of the sender.
    ///
    /// # Errors
    /// Says that it is too long.
    pub fn check_text(&self, what: &str, text: &str) -> Result<(), String> {
        let max = self.annotation_value_bytes_max;
        if text.len() > max {
            return Err(format!("{what} has {} bytes; at most {max}", text.len()));
        }
        Ok(())
    }

    fn check(&self, pairs: &Labels, utf8: bool, sizes: (usize, usize)) -> Result<(), String> {
        let (pairs_max, value_bytes_max) = sizes;
        if pairs.len() > pairs_max {
            return Err(format!("{} names; at most {pairs_max}", pairs.len()));
        }
        // All of them together are short enough, and an empty name would be the first.
        let short = pairs.text_bytes() <= value_bytes_max.min(self.label_name_bytes_max);
        if utf8 && short && pairs.iter().next().is_none_or(|(name, _)| !name.is_empty()) {
            return Ok(());
        }
        for (name, value) in pairs.iter() {
            if !is_label_name(name, utf8) {
                return Err(format!("invalid name {name:?}"));
            }
            let max = self.label_name_bytes_max;
            if name.len() > max {
                let start: String = name.chars().take(32).collect();
                return Err(format!("name {start:?}… has {} bytes; at most {max}", name.len()));
            }
            if value.len() > value_bytes_max {
                let bytes = value.len();
                return Err(format!("{name} has {bytes} bytes; at most {value_bytes_max}"));
            }
        }
        Ok(())
    }
}
