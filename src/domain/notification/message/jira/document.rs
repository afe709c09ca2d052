//! The Atlassian Document Format, as far as plain text needs it.

use serde_json::{Value as Json, json};

/// A document of paragraphs; lines stay lines.
pub(super) fn of_text(text: &str) -> Json {
    let mut paragraphs: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines().map(str::trim_end) {
        let last = paragraphs.last_mut().expect("there is always one");
        match (line.is_empty(), last.is_empty()) {
            (true, true) => {}
            (true, false) => paragraphs.push(Vec::new()),
            (false, _) => last.push(line),
        }
    }
    let filled = paragraphs.into_iter().filter(|lines| !lines.is_empty());
    let content: Vec<Json> = filled.map(|lines| paragraph(&lines)).collect();
    json!({ "version": 1, "type": "doc", "content": content })
}

fn paragraph(lines: &[&str]) -> Json {
    let mut content = Vec::new();
    for line in lines {
        if !content.is_empty() {
            content.push(json!({ "type": "hardBreak" }));
        }
        content.push(json!({ "type": "text", "text": line }));
    }
    json!({ "type": "paragraph", "content": content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_paragraphs_stay() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        let paragraph = |content: &[Json]| json!({ "type": "paragraph", "content": content });
        let lines = [text("a"), json!({ "type": "hardBreak" }), text("  b")];
        let content = [paragraph(&lines), paragraph(&[text("c")])];
        let expected = json!({ "version": 1, "type": "doc", "content": content });
        assert_eq!(of_text("\n\na\n  b\n \n\nc\n"), expected);
        assert_eq!(of_text(" \n"), json!({ "version": 1, "type": "doc", "content": [] }));
    }
}
