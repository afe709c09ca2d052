//! The functions a template can call: Go's own and Alertmanager's.

mod collection;
mod encode;
mod instant;
mod logic;
mod printf;
mod text;

use std::cmp::Ordering;

use super::Value;
use super::limit::{REGEX_STEPS, Why};
use super::print;
use crate::domain::value::Timestamp;

pub(super) use instant::between;
pub(super) use text::printed;

macro_rules! functions {
    ($($Variant:ident = $name:literal,)+) => {
        /// A function by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Function { $($Variant,)+ }

        impl Function {
            pub(super) const ALL: &[Self] = &[$(Self::$Variant,)+];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$Variant => $name,)+ }
            }
        }
    };
}

functions! {
    And = "and",
    Append = "append",
    Base64Decode = "base64decode",
    Base64Encode = "base64encode",
    Call = "call",
    Date = "date",
    Dict = "dict",
    Eq = "eq",
    Ge = "ge",
    Gt = "gt",
    Html = "html",
    HumanizeDuration = "humanizeDuration",
    Index = "index",
    Join = "join",
    Js = "js",
    Le = "le",
    Len = "len",
    List = "list",
    Lt = "lt",
    Match = "match",
    MustToDate = "mustToDate",
    Ne = "ne",
    Not = "not",
    Now = "now",
    Or = "or",
    Print = "print",
    Printf = "printf",
    Println = "println",
    ReReplaceAll = "reReplaceAll",
    RouteLabels = "routeLabels",
    SafeHtml = "safeHtml",
    SafeUrl = "safeUrl",
    Since = "since",
    Slice = "slice",
    StringSlice = "stringSlice",
    Title = "title",
    ToDate = "toDate",
    ToJson = "toJson",
    ToLower = "toLower",
    ToUpper = "toUpper",
    TrimSpace = "trimSpace",
    Tz = "tz",
    UrlQuery = "urlquery",
    UrlUnescape = "urlUnescape",
}

/// What functions see besides their arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// What the whole template is about.
    pub data: &'a Value,
    /// The time of rendering.
    pub now: Timestamp,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name() == name)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|function| function.name())
    }

    /// What a call costs beyond the size of its arguments, in steps.
    pub(super) fn steps(self) -> usize {
        if matches!(self, Self::Match | Self::ReReplaceAll) { REGEX_STEPS } else { 1 }
    }

    /// Calls the function. `and` and `or` decide here over arguments that are all evaluated; who
    /// calls them evaluates no more than is needed.
    pub(super) fn call(self, arguments: &[Value], around: Surroundings<'_>) -> Result<Value, Why> {
        self.result(arguments, around).map_err(|why| format!("{}: {why}", self.name()).into())
    }

    fn result(self, arguments: &[Value], around: Surroundings<'_>) -> Result<Value, Why> {
        match self {
            Self::And => logic::and(arguments),
            Self::Or => logic::or(arguments),
            Self::Not => exactly(arguments).map(|[value]| Value::Bool(!value.is_true())),
            Self::Eq => logic::eq(arguments).map(Value::Bool),
            Self::Ne => logic::ne(arguments).map(Value::Bool),
            Self::Lt => logic::ordered(arguments, Ordering::is_lt).map(Value::Bool),
            Self::Le => logic::ordered(arguments, Ordering::is_le).map(Value::Bool),
            Self::Gt => logic::ordered(arguments, Ordering::is_gt).map(Value::Bool),
            Self::Ge => logic::ordered(arguments, Ordering::is_ge).map(Value::Bool),
            Self::Call => Err("there is no value that can be called".into()),
            Self::Len => exactly(arguments).and_then(|[value]| collection::len(value)),
            Self::Index => collection::index(arguments),
            Self::Slice => collection::slice(arguments),
            Self::List => collection::list(arguments),
            Self::StringSlice => collection::string_slice(arguments),
            Self::Append => collection::append(arguments),
            Self::Dict => collection::dict(arguments),
            Self::Join => collection::join(exactly(arguments)?),
            Self::RouteLabels => collection::route_label(exactly(arguments)?, around.data),
            Self::Print => print::sprint(arguments).map(Value::from),
            Self::Println => print::sprintln(arguments).map(Value::from),
            Self::Printf => printf::sprintf(arguments).map(Value::from),
            Self::Html => encode::html(arguments),
            Self::Js => encode::js(arguments),
            Self::UrlQuery => encode::url_query(arguments),
            Self::UrlUnescape => encode::url_unescape(exactly(arguments)?),
            Self::Base64Encode => encode::base64_encode(exactly(arguments)?),
            Self::Base64Decode => encode::base64_decode(exactly(arguments)?),
            Self::ToJson => encode::to_json(exactly(arguments)?),
            Self::SafeHtml => {
                exactly(arguments).and_then(|[value]| Ok(Value::Html(text::text(value)?)))
            }
            Self::SafeUrl => {
                exactly(arguments).and_then(|[value]| Ok(Value::Url(text::text(value)?)))
            }
            Self::ToUpper => text::to_upper(exactly(arguments)?),
            Self::ToLower => text::to_lower(exactly(arguments)?),
            Self::Title => text::title(exactly(arguments)?),
            Self::TrimSpace => text::trim_space(exactly(arguments)?),
            Self::Match => text::matches(exactly(arguments)?),
            Self::ReReplaceAll => text::replace_all(exactly(arguments)?),
            Self::Now => exactly(arguments).map(|[]| Value::Time(around.now)),
            Self::Since => instant::since(exactly(arguments)?, around.now),
            Self::Date => instant::date(exactly(arguments)?),
            Self::Tz => instant::tz(exactly(arguments)?),
            Self::ToDate => Ok(instant::to_date(exactly(arguments)?)),
            Self::MustToDate => instant::must_to_date(exactly(arguments)?),
            Self::HumanizeDuration => instant::humanize_duration(exactly(arguments)?),
        }
    }
}

/// `join` as a method of a list of texts.
pub(super) fn join(separator: &Value, items: &Value) -> Result<Value, Why> {
    collection::join(&[separator.clone(), items.clone()])
}

/// The arguments, if they are as many as the function takes.
fn exactly<const N: usize>(arguments: &[Value]) -> Result<&[Value; N], Why> {
    arguments
        .try_into()
        .map_err(|_| format!("{N} arguments are expected, not {}", arguments.len()).into())
}

/// `; did you mean …?`, if one of the names is near.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    const SIMILARITY_MIN: f64 = 0.75;
    known
        // One letter resembles everything.
        .filter(|known| known.len() > 1)
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map_or_else(String::new, |(_, known)| format!("; did you mean `{known}`?"))
}
