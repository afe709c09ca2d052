//! The alerts of a body in the form that senders usually give it, read without a general parser.
//!
//! Whatever is unusual (another field, a `null`, line breaks between the fields, and all that is
//! wrong) is left to that parser, which also knows how to say what is wrong. Both read the same.

use std::borrow::Cow;

use super::Posted;
use crate::domain::event::adapter::instant::{self, Instant};
use crate::domain::value::bytes::find_either;
use crate::domain::value::{Labels, Timestamp};

/// Shows each alert of a body to `take`. Nothing if the body is not in the usual form; what was
/// shown until then is to be forgotten.
pub(super) fn each<'a>(
    text: &'a str,
    mut take: impl FnMut(Posted<'a>) -> Option<()>,
) -> Option<()> {
    let text = text.trim_matches([' ', '\n', '\r', '\t']);
    // Inside of texts they would be wrong, and outside they are unusual.
    if text.bytes().fold(u8::MAX, u8::min) < b' ' {
        return None;
    }
    let mut reader =
        Reader { text, at: 0, starts_at: ("", Instant(None)), ends_at: ("", Instant(None)) };
    let mut pairs = Vec::new();
    reader.sign(b'[')?;
    if reader.is_next(b']') {
        reader.at += 1;
    } else {
        loop {
            take(reader.alert(&mut pairs)?)?;
            if !reader.goes_on(b']')? {
                break;
            }
        }
    }
    (reader.at == text.len()).then_some(())
}

/// A body and the place in it.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The last alert's start and end: mostly the next one's, too.
    starts_at: Read<'a>,
    ends_at: Read<'a>,
}

/// An instant and what it was read of.
type Read<'a> = (&'a str, Instant);

impl<'a> Reader<'a> {
    /// `room` is used again for each label set.
    fn alert(&mut self, room: &mut Vec<(&'a str, &'a str)>) -> Option<Posted<'a>> {
        let mut posted = Posted::default();
        self.sign(b'{')?;
        loop {
            let field = self.plain()?;
            self.sign(b':')?;
            match field {
                "labels" => posted.labels = Some(self.labels(room)?),
                "annotations" => posted.annotations = self.labels(room)?,
                "startsAt" => {
                    self.starts_at = self.instant(self.starts_at)?;
                    posted.starts_at = self.starts_at.1;
                }
                "endsAt" => {
                    self.ends_at = self.instant(self.ends_at)?;
                    posted.ends_at = self.ends_at.1;
                }
                "generatorURL" => posted.url = self.text()?,
                _ => return None,
            }
            if !self.goes_on(b'}')? {
                return Some(posted);
            }
        }
    }

    fn labels(&mut self, room: &mut Vec<(&'a str, &'a str)>) -> Option<Labels> {
        self.sign(b'{')?;
        if self.is_next(b'}') {
            self.at += 1;
            return Some(Labels::default());
        }
        let start = self.at;
        room.clear();
        if self.pairs(room, Self::plain).is_some() {
            return Some(Labels::of(room));
        }
        self.at = start;
        let mut pairs = Vec::new();
        self.pairs(&mut pairs, Self::text)?;
        Some(Labels::of(&mut pairs))
    }

    /// Names with values, in the order of the body.
    #[inline]
    fn pairs<T>(
        &mut self,
        pairs: &mut Vec<(T, T)>,
        text: impl Fn(&mut Self) -> Option<T>,
    ) -> Option<()> {
        loop {
            let name = text(self)?;
            self.sign(b':')?;
            pairs.push((name, text(self)?));
            if !self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    fn instant(&mut self, last: Read<'a>) -> Option<Read<'a>> {
        let text = self.plain()?;
        if text == last.0 {
            return Some(last);
        }
        if text.is_empty() {
            return Some((text, Instant(None)));
        }
        let at = instant::parse(text)?;
        Some((text, Instant(Some(at).filter(|at| *at != Timestamp::GO_ZERO))))
    }

    /// A text that stands for itself.
    #[inline]
    fn plain(&mut self) -> Option<&'a str> {
        self.sign(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let end = start + find_either(bytes.get(start..)?, b'"', b'\\')?;
        self.at = end + 1;
        (bytes[end] == b'"').then(|| &self.text[start..end])
    }

    fn text(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        if let Some(text) = self.plain() {
            return Some(Cow::Borrowed(text));
        }
        self.at = start;
        self.sign(b'"')?;
        self.escaped()
    }

    /// A text with a backslash in it, which the general parser reads.
    fn escaped(&mut self) -> Option<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        let (start, mut end) = (self.at - 1, self.at);
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        self.at = end + 1;
        let quoted = self.text.get(start..self.at)?;
        serde_json::from_str(quoted).ok().map(Cow::Owned)
    }

    /// Whether another element follows, or else the end.
    #[inline]
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        if self.is_next(b',') {
            self.at += 1;
            return Some(true);
        }
        self.sign(end).map(|()| false)
    }

    #[inline]
    fn sign(&mut self, sign: u8) -> Option<()> {
        let is = self.is_next(sign);
        self.at += 1;
        is.then_some(())
    }

    /// Tells whether a sign comes next, perhaps behind spaces.
    #[inline]
    fn is_next(&mut self, sign: u8) -> bool {
        self.text.as_bytes().get(self.at) == Some(&sign) || self.is_next_behind_spaces(sign)
    }

    fn is_next_behind_spaces(&mut self, sign: u8) -> bool {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        bytes.get(self.at) == Some(&sign)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Alerts, by_parser};
    use super::*;
    use crate::domain::event::adapter::{Context, Limits, Read, Unreadable};

    /// What both readers make of a body; nothing of the quick one where it does not take it.
    fn both(body: &str) -> (Option<Read>, Result<Read, Unreadable>) {
        let (source, limits) = ("prometheus".into(), Limits::default());
        let context = Context::new(&source, Timestamp(1_772_330_700_000), &limits);
        let mut alerts = Alerts::new(&context);
        let quick = each(body, |posted| alerts.take_within(posted)).map(|()| alerts.read);
        (quick, by_parser(body, &context))
    }

    #[track_caller]
    fn check(body: &str, is_usual: bool) {
        let (quick, slow) = both(body);
        assert_eq!(quick.is_some(), is_usual, "{body}");
        if let Some(quick) = quick {
            assert_eq!(quick, slow.unwrap(), "{body}");
        }
    }

    #[test]
    fn the_usual_form_is_read_and_all_else_is_left() {
        let time = r#""startsAt":"2026-03-01T02:05:00Z""#;
        for usual in [
            "[]",
            " [ ] \n",
            r#"[{"labels":{"a":"1"}}]"#,
            &format!(r#"[{{"labels":{{"b":"2","a":"1"}},{time},"generatorURL":"http://x"}}]"#),
            &format!(r#"[ {{ "labels" : {{ "a" : "1" }} , {time} }} , {{"labels":{{"a":"2"}}}}]"#),
            r#"[{"annotations":{},"labels":{"a":"\u0026\"\\","é":"\n"},"endsAt":""}]"#,
            r#"[{"labels":{"a":"1"},"labels":{"b":"2","b":"3","c":""}}]"#,
            r#"[{"labels":{"a":"1"},"startsAt":"0001-01-01T00:00:00Z"}]"#,
            r#"[{"labels":{}}]"#,
            &format!(
                r#"[{{"labels":{{}},{time}}},{{"labels":{{}},"startsAt":""}},{{"labels":{{}},{time}}}]"#
            ),
        ] {
            check(usual, true);
        }
        for unusual in [
            "",
            "null",
            "{}",
            "[{}]",
            "[",
            "[{\"labels\":{\"a\":\"1\"}}\n,{}]",
            r#"[{"labels":{"a":"1"}},]"#,
            r#"[{"labels":{"a":"1"}}] x"#,
            r#"[{"labels":{"a":"1",}}]"#,
            r#"[{"labels":{"a":1}}]"#,
            r#"[{"labels":null}]"#,
            r#"[{"labels":{"a":"\ud800"}}]"#,
            r#"[{"labels":{"a":"1"},"status":"firing"}]"#,
            r#"[{"labels":{"a":"1"},"startsAt":"soon"}]"#,
            r#"[{"labels":{"a":"1"},"generatorURL":null}]"#,
            r#"[{"annotations":{"a":"1"}}]"#,
            r#"[{"labels":{"a":"\"#,
        ] {
            check(unusual, false);
        }
    }

    proptest! {
        #[test]
        fn both_readers_read_the_same(
            parts in prop::collection::vec(
                prop_oneof![
                    Just("[{\"labels\":{\"a\":\"1\"}"), Just("}]"), Just("[{"), Just("},{"), Just(","),
                    Just("\"labels\":{"), Just("\"annotations\":{"), Just("\"b\":\"2\""), Just("}"),
                    Just("\"startsAt\":\"2026-03-01T02:05:00.5Z\""), Just("\"endsAt\":\"\""),
                    Just("\"generatorURL\":\"\\u0026\""), Just("\\"), Just(" "), Just("é"), Just("\""),
                    Just("[{\"labels\":{\"c\":\"\\\\\",\"b\":\"\"},"), Just("\"a\":null"),
                ],
                0..10,
            ),
        ) {
            let (quick, slow) = both(&parts.concat());
            if let Some(quick) = quick {
                prop_assert_eq!(Ok(quick), slow.map_err(|error| error.to_string()));
            }
        }
    }
}
