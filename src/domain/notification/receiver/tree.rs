//! Trees whose texts are templates: nested details, custom fields, a whole body.

use serde_json::Value;

use crate::domain::template::Template;

/// A value of JSON whose names and texts are templates.
#[derive(Debug, Clone)]
pub enum Tree {
    /// A text. What it becomes is read by [`Tree::read`].
    Text(Template),
    /// A value without anything to render.
    Exact(Value),
    /// A list.
    List(Vec<Tree>),
    /// Names with their values, in the order of the file.
    Map(Vec<(Template, Tree)>),
}

impl Tree {
    /// What a rendered text stands for: data where it is JSON, nothing where it is blank, and text
    /// where it is anything else.
    ///
    /// Alertmanager reads YAML here and renders what it finds once more. Then a label with the
    /// value `disk: full` makes a map, and one with `{{` in it is run. JSON serves the same ends
    /// (`{{ .Alerts | toJson }}`, a number, `true`), and nobody writes it by chance.
    pub fn read(text: &str) -> Value {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Value::Null;
        }
        match serde_json::from_str(trimmed) {
            // A number that reads back differently was a name: 007, 1e5, a long identifier.
            Ok(Value::Number(number)) if number.to_string() != trimmed => Value::from(text),
            Ok(Value::String(_)) | Err(_) => Value::from(text),
            Ok(value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendered_text_is_data_only_where_it_is_json() {
        for (text, expected) in [
            ("disk: full", r#""disk: full""#),
            ("- a\n- b", r#""- a\n- b""#),
            (" 12 ", "12"),
            ("0.5", "0.5"),
            ("007", r#""007""#),
            ("1e5", r#""1e5""#),
            ("12345678901234567890123", r#""12345678901234567890123""#),
            ("true", "true"),
            ("yes", r#""yes""#),
            ("", "null"),
            ("null", "null"),
            (r#""quoted""#, r#""\"quoted\"""#),
            (r#"[{"a":"{{ x }}"}]"#, r#"[{"a":"{{ x }}"}]"#),
            ("{not json}", r#""{not json}""#),
        ] {
            assert_eq!(Tree::read(text).to_string(), expected, "{text}");
        }
    }
}
