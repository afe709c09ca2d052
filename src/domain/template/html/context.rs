//! Where in a page one stands: follows the HTML character by character.

use super::css::StyleState;
use super::js::ScriptState;
use super::url::UrlPart;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    Text,
    /// Behind `<`.
    TagOpen,
    /// Behind `<!`.
    Markup,
    /// In `<!DOCTYPE …>` or `<?…>`.
    Bogus,
    Comment,
    TagName,
    /// Inside a tag, between attributes.
    Tag,
    AttributeName,
    AfterName,
    BeforeValue,
    Value,
    /// In an element whose content is no HTML.
    Raw(Element),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Script,
    Style,
    Textarea,
    Title,
}

impl Element {
    fn named(name: &str) -> Option<Self> {
        match name {
            "script" => Some(Self::Script),
            "style" => Some(Self::Style),
            "textarea" => Some(Self::Textarea),
            "title" => Some(Self::Title),
            _ => None,
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::Script => "</script",
            Self::Style => "</style",
            Self::Textarea => "</textarea",
            Self::Title => "</title",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Attribute {
    #[default]
    Plain,
    Url,
    Script,
    Style,
}

impl Attribute {
    /// What an attribute of that name holds, by the rules of html/template.
    fn named(name: &str) -> Self {
        const URLS: [&str; 16] = [
            "action",
            "archive",
            "background",
            "cite",
            "classid",
            "codebase",
            "data",
            "formaction",
            "href",
            "icon",
            "longdesc",
            "manifest",
            "poster",
            "profile",
            "src",
            "usemap",
        ];
        let name = name.strip_prefix("data-").unwrap_or(name);
        if name.starts_with("xmlns:") {
            return Self::Url;
        }
        let name = name.split_once(':').map_or(name, |(_, local)| local);
        if name.starts_with("on") {
            return Self::Script;
        }
        if name == "style" {
            return Self::Style;
        }
        let sounds_like_url = ["src", "uri", "url"].iter().any(|word| name.contains(word));
        let is_url = name == "xmlns" || URLS.contains(&name) || sounds_like_url;
        if is_url { Self::Url } else { Self::Plain }
    }
}

/// What ends an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Delimiter {
    #[default]
    Bare,
    Single,
    Double,
}

/// What becomes of a character of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Write,
    Skip,
    /// The second `-` of `<!--`.
    CommentBegins,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    pub place: Place,
    pub attribute: Attribute,
    pub delimiter: Delimiter,
    pub url: UrlPart,
    pub script: ScriptState,
    pub style: StyleState,
    /// The name, or the mark, that is being read.
    word: String,
    /// The element whose tag is being read, if its content is no HTML.
    element: Option<Element>,
}

/// The longest name or mark that is kept; nothing longer has a meaning.
const WORD_BYTES_MAX: usize = 64;

impl Context {
    /// Takes one character of the template in.
    pub(super) fn step(&mut self, c: char) -> Step {
        match self.place {
            Place::Text => {
                if c == '<' {
                    self.enter(Place::TagOpen);
                }
            }
            Place::TagOpen => self.tag_open(c),
            Place::Markup => match (c, self.word.as_str()) {
                ('-', "-") => {
                    self.enter(Place::Comment);
                    return Step::CommentBegins;
                }
                ('-', "") => self.remember(c),
                ('>', _) => self.enter(Place::Text),
                _ => self.enter(Place::Bogus),
            },
            Place::Bogus => {
                if c == '>' {
                    self.enter(Place::Text);
                }
            }
            Place::Comment => {
                match c {
                    '>' if self.word.ends_with("--") => self.enter(Place::Text),
                    '-' => self.remember(c),
                    _ => self.word.clear(),
                }
                return Step::Skip;
            }
            Place::TagName => match c {
                '>' => self.close_tag(),
                c if c.is_ascii_whitespace() || c == '/' => self.enter_tag(),
                c => self.remember(c),
            },
            Place::Tag => match c {
                '>' => self.close_tag(),
                c if c.is_ascii_whitespace() || c == '/' => {}
                c => self.begin_name(c),
            },
            Place::AttributeName => match c {
                '=' => self.before_value(),
                '>' => self.close_tag(),
                '/' => self.enter(Place::Tag),
                c if c.is_ascii_whitespace() => self.place = Place::AfterName,
                c => self.remember(c),
            },
            Place::AfterName => match c {
                '=' => self.before_value(),
                '>' => self.close_tag(),
                c if c.is_ascii_whitespace() => {}
                c => self.begin_name(c),
            },
            Place::BeforeValue => match c {
                '"' => self.open_value(Delimiter::Double),
                '\'' => self.open_value(Delimiter::Single),
                '>' => self.close_tag(),
                c if c.is_ascii_whitespace() => {}
                c => {
                    self.open_value(Delimiter::Bare);
                    self.in_value(c);
                }
            },
            Place::Value => self.in_value(c),
            Place::Raw(element) => self.in_raw(element, c),
        }
        Step::Write
    }

    /// Makes ready for a value at this place.
    pub(super) fn begin_value(&mut self) {
        if self.place == Place::BeforeValue {
            self.open_value(Delimiter::Bare);
        } else if matches!(self.place, Place::Tag | Place::AfterName) {
            self.enter(Place::AttributeName);
            self.attribute = Attribute::Plain;
        }
    }

    /// Goes on behind a value.
    pub(super) fn end_value(&mut self) {
        self.script = self.script.after_value();
    }

    fn enter(&mut self, place: Place) {
        self.place = place;
        self.word.clear();
    }

    fn remember(&mut self, c: char) {
        if self.word.len() < WORD_BYTES_MAX {
            self.word.extend(c.to_lowercase());
        }
    }

    fn tag_open(&mut self, c: char) {
        match c {
            '!' => self.enter(Place::Markup),
            '?' => self.enter(Place::Bogus),
            '/' if self.word.is_empty() => self.remember(c),
            c if c.is_ascii_alphabetic() => {
                self.place = Place::TagName;
                self.remember(c);
            }
            '<' => self.word.clear(),
            _ => self.enter(Place::Text),
        }
    }

    fn enter_tag(&mut self) {
        // `</script` keeps its slash, so an end tag names no element.
        self.element = Element::named(&self.word);
        self.enter(Place::Tag);
    }

    fn close_tag(&mut self) {
        let in_name = self.place == Place::TagName;
        let element = if in_name { Element::named(&self.word) } else { self.element };
        self.element = None;
        self.script = ScriptState::default();
        self.style = StyleState::default();
        self.enter(element.map_or(Place::Text, Place::Raw));
    }

    fn begin_name(&mut self, c: char) {
        self.enter(Place::AttributeName);
        self.remember(c);
    }

    fn before_value(&mut self) {
        self.attribute = Attribute::named(&self.word);
        self.enter(Place::BeforeValue);
    }

    fn open_value(&mut self, delimiter: Delimiter) {
        self.enter(Place::Value);
        self.delimiter = delimiter;
        self.url = UrlPart::default();
        self.script = ScriptState::default();
        self.style = StyleState::default();
    }

    fn in_value(&mut self, c: char) {
        let ends = match self.delimiter {
            Delimiter::Double => c == '"',
            Delimiter::Single => c == '\'',
            Delimiter::Bare if c == '>' => return self.close_tag(),
            Delimiter::Bare => c.is_ascii_whitespace(),
        };
        if ends {
            return self.enter(Place::Tag);
        }
        match self.attribute {
            Attribute::Plain => {}
            Attribute::Url => self.url = self.url.after(c),
            Attribute::Script => self.script = self.script.after(c),
            Attribute::Style => self.style = self.style.after(c),
        }
    }

    fn in_raw(&mut self, element: Element, c: char) {
        if c == '<' {
            self.word.clear();
        }
        if c == '<' || !self.word.is_empty() {
            self.remember(c);
            if self.word == element.end() {
                self.place = Place::TagName;
                self.element = None;
                return;
            }
            if !element.end().starts_with(&self.word) {
                self.word.clear();
            }
        }
        match element {
            Element::Script => self.script = self.script.after(c),
            Element::Style => self.style = self.style.after(c),
            Element::Textarea | Element::Title => {}
        }
    }
}
