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
    let mut rooms = Rooms::default();
    reader.sign(b'[')?;
    if reader.is_next(b']') {
        reader.at += 1;
    } else {
        loop {
            take(reader.alert(&mut rooms)?)?;
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

/// The label sets of the last alert: the next one's mostly have the same names in the same order.
#[derive(Default)]
struct Rooms<'a> {
    labels: Room<'a>,
    annotations: Room<'a>,
}

/// Names with values as they stood in the body.
#[derive(Default)]
struct Room<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    /// The places of the pairs by the order of their names; none if a name comes twice.
    order: Vec<usize>,
}

impl Room<'_> {
    /// The set that the pairs make. `same` says that the names are those that were here before.
    fn set(&mut self, same: bool) -> Labels {
        if !same || self.order.len() != self.pairs.len() {
            self.sort();
        }
        if self.order.is_empty() || self.pairs.iter().any(|(_, value)| value.is_empty()) {
            return Labels::of(&mut self.pairs.clone());
        }
        Labels::pack(self.order.iter().map(|place| self.pairs[*place]))
    }

    fn sort(&mut self) {
        let Self { pairs, order } = self;
        order.clear();
        order.extend(0..pairs.len());
        order.sort_unstable_by_key(|place| pairs[*place].0);
        if order.windows(2).any(|two| pairs[two[0]].0 == pairs[two[1]].0) {
            order.clear();
        }
    }
}

impl<'a> Reader<'a> {
    fn alert(&mut self, rooms: &mut Rooms<'a>) -> Option<Posted<'a>> {
        let mut posted = Posted::default();
        self.sign(b'{')?;
        loop {
            let field = self.plain()?;
            self.sign(b':')?;
            match field {
                "labels" => posted.labels = Some(self.labels(&mut rooms.labels)?),
                "annotations" => posted.annotations = self.labels(&mut rooms.annotations)?,
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

    fn labels(&mut self, room: &mut Room<'a>) -> Option<Labels> {
        self.sign(b'{')?;
        if self.is_next(b'}') {
            self.at += 1;
            return Some(Labels::default());
        }
        let start = self.at;
        if let Some(same) = self.plain_pairs(room) {
            return Some(room.set(same));
        }
        room.order.clear();
        self.at = start;
        self.pairs().map(|mut pairs| Labels::of(&mut pairs))
    }

    /// Names with values that stand for themselves. Says whether the names are those that are in
    /// the room already.
    fn plain_pairs(&mut self, room: &mut Room<'a>) -> Option<bool> {
        let pairs = &mut room.pairs;
        let mut same = true;
        for place in 0.. {
            let last = pairs.get(place).map(|(name, _)| *name).filter(|name| self.takes(name));
            same &= last.is_some();
            let name = last.or_else(|| self.plain())?;
            self.sign(b':')?;
            let pair = (name, self.plain()?);
            match pairs.get_mut(place) {
                Some(room) => *room = pair,
                None => pairs.push(pair),
            }
            if !self.goes_on(b'}')? {
                pairs.truncate(place + 1);
                break;
            }
        }
        Some(same)
    }

    /// Names with values, in the order of the body.
    fn pairs(&mut self) -> Option<Vec<(Cow<'a, str>, Cow<'a, str>)>> {
        let mut pairs = Vec::new();
        loop {
            let name = self.text()?;
            self.sign(b':')?;
            pairs.push((name, self.text()?));
            if !self.goes_on(b'}')? {
                return Some(pairs);
            }
        }
    }

    /// Takes a text that stands for itself, if it comes next.
    #[inline]
    fn takes(&mut self, text: &str) -> bool {
        let end = self.at + 1 + text.len();
        let bytes = self.text.as_bytes();
        let is = bytes.get(self.at) == Some(&b'"')
            && bytes.get(self.at + 1..end) == Some(text.as_bytes())
            && bytes.get(end) == Some(&b'"');
        if is {
            self.at = end + 1;
        }
        is
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

        #[test]
        fn an_alert_is_read_the_same_whatever_came_before_it(
            alerts in prop::collection::vec(
                prop::collection::vec(("[abc]|\\\\u0061", "[12]|\\\\n|"), 0..5),
                0..6,
            ),
        ) {
            let set = |pairs: &Vec<(String, String)>| {
                let pairs = pairs.iter().map(|(name, value)| format!("\"{name}\":\"{value}\""));
                format!("{{\"labels\":{{{}}}}}", pairs.collect::<Vec<_>>().join(","))
            };
            let body = format!("[{}]", alerts.iter().map(set).collect::<Vec<_>>().join(","));
            let (quick, slow) = both(&body);
            prop_assert_eq!(quick.ok_or(String::new()), slow.map_err(|error| error.to_string()));
        }
    }
}
