//! Contextual escaping as html/template does it: a page knows where it stands, and every value is
//! escaped for that place.
//!
//! html/template works the places out before anything is rendered; here the page follows its own
//! text, which also allows branches that end in different places.

mod context;
mod css;
mod escape;
mod js;
mod url;

use super::Value;
use super::function::{Function, printed};
use super::limit::{Bounded, Why};
use context::{Attribute, Context, Delimiter, Element, Place, Step};

/// What html/template writes where it refuses a value.
const REFUSED: &str = "ZgotmplZ";

/// HTML in the making.
#[derive(Debug, Default)]
pub(super) struct Page {
    out: Bounded,
    context: Context,
}

impl Page {
    /// Writes what the template itself says. Comments are left out.
    pub(super) fn literal(&mut self, text: &str) -> Result<(), Why> {
        for c in text.chars() {
            match self.context.step(c) {
                Step::Write => self.out.push(c)?,
                Step::Skip => {}
                Step::CommentBegins => {
                    // `<!-` is written already; its last character comes with this step.
                    if self.out.as_str().ends_with("<!-") {
                        self.out.take_back("<!-".len());
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes a value, escaped for the place. `last` is the function it comes from.
    pub(super) fn value(&mut self, value: &Value, last: Option<Function>) -> Result<(), Why> {
        self.context.begin_value();
        self.place_value(value, last)?;
        self.context.end_value();
        Ok(())
    }

    fn place_value(&mut self, value: &Value, last: Option<Function>) -> Result<(), Why> {
        let out = &mut self.out;
        match self.context.place {
            Place::Text => match value {
                Value::Html(html) => out.push_str(html),
                value => html_text(value, last, out),
            },
            Place::Raw(Element::Title | Element::Textarea) => match value {
                Value::Html(html) => escape::normalized(html, out),
                value => html_text(value, last, out),
            },
            Place::Raw(Element::Script) => js::value(value, self.context.script, out),
            Place::Raw(Element::Style) => css::value(value, self.context.style, out),
            Place::Value => self.attribute_value(value, last),
            Place::Comment => Ok(()),
            Place::TagOpen
            | Place::Markup
            | Place::TagName
            | Place::Tag
            | Place::AttributeName
            | Place::AfterName
            | Place::BeforeValue
            | Place::Bogus => escape::name(&plain(value)?, out),
        }
    }

    fn attribute_value(&mut self, value: &Value, last: Option<Function>) -> Result<(), Why> {
        let context = &self.context;
        let mut inner = Bounded::default();
        match context.attribute {
            Attribute::Plain => match value {
                Value::Html(html) => {
                    // Tags mean nothing in an attribute.
                    return escape::quoted_html(html, context.delimiter, &mut self.out);
                }
                _ if last == Some(Function::Html) && context.delimiter != Delimiter::Bare => {
                    return self.out.push_str(&plain(value)?);
                }
                value => inner.push_str(&plain(value)?)?,
            },
            Attribute::Url if last == Some(Function::UrlQuery) => {
                inner.push_str(&plain(value)?)?;
            }
            Attribute::Url => url::value(value, context.url, &mut inner)?,
            Attribute::Script => js::value(value, context.script, &mut inner)?,
            Attribute::Style => css::value(value, context.style, &mut inner)?,
        }
        if context.delimiter == Delimiter::Bare {
            return escape::bare(inner.as_str(), &mut self.out);
        }
        escape::text(inner.as_str(), &mut self.out)
    }

    pub(super) fn into_string(self) -> String {
        self.out.into_string()
    }
}

fn html_text(value: &Value, last: Option<Function>, out: &mut Bounded) -> Result<(), Why> {
    let text = plain(value)?;
    if last == Some(Function::Html) { out.push_str(&text) } else { escape::text(&text, out) }
}

/// The value as text. Nothing is nothing here, where text/template says `<no value>`.
fn plain(value: &Value) -> Result<String, Why> {
    if matches!(value, Value::Nil) { Ok(String::new()) } else { printed(value) }
}
