//! Where one message ends and the next begins on a stream (RFC 6587): a count in front of each, or
//! a line feed behind it. Senders may do either, and each message tells which.

/// A message is cut off after so many bytes; RFC 5425 asks for 8,192.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Digits of a count; more are no count.
const COUNT_DIGITS_MAX: usize = 7;

/// Finds messages in a stream that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    waiting: Vec<u8>,
    skip: Skip,
}

/// The rest of a message that was too long.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Skip {
    #[default]
    Nothing,
    Bytes(usize),
    Line,
}

impl Decoder {
    /// Takes a piece and hands out the messages that it completes. Returns how many were cut.
    pub(super) fn push(&mut self, piece: &[u8], messages: &mut Vec<Vec<u8>>) -> usize {
        self.waiting.extend_from_slice(piece);
        let mut cut = 0;
        let mut from = 0;
        while from < self.waiting.len() {
            let rest = &self.waiting[from..];
            match self.skip {
                Skip::Bytes(left) => {
                    let now = left.min(rest.len());
                    from += now;
                    self.skip = if now < left { Skip::Bytes(left - now) } else { Skip::Nothing };
                    continue;
                }
                Skip::Line => {
                    let end = end(rest);
                    from += end.map_or(rest.len(), |end| end + 1);
                    if end.is_some() {
                        self.skip = Skip::Nothing;
                    }
                    continue;
                }
                Skip::Nothing => {}
            }
            if ends(rest[0]) || rest[0] == b' ' || rest[0] == b'\r' {
                from += 1;
                continue;
            }
            let (head, length) = match count(rest) {
                Count::Is(head, length) => (head, length),
                Count::Unknown => break,
                Count::None => match end(rest) {
                    Some(end) if end <= MESSAGE_BYTES_MAX => {
                        messages.push(rest[..end].to_vec());
                        from += end + 1;
                        continue;
                    }
                    None if rest.len() <= MESSAGE_BYTES_MAX => break,
                    _ => {
                        messages.push(rest[..MESSAGE_BYTES_MAX].to_vec());
                        cut += 1;
                        from += MESSAGE_BYTES_MAX;
                        self.skip = Skip::Line;
                        continue;
                    }
                },
            };
            let taken = length.min(MESSAGE_BYTES_MAX);
            if rest.len() < head + taken {
                break;
            }
            messages.push(rest[head..head + taken].to_vec());
            from += head + taken;
            if taken < length {
                cut += 1;
                self.skip = Skip::Bytes(length - taken);
            }
        }
        self.waiting.drain(..from);
        cut
    }

    /// The message that the end of the stream completes.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (self.skip == Skip::Nothing && !self.waiting.is_empty()).then_some(self.waiting)
    }
}

/// Where the line ends that a text begins with.
fn end(text: &[u8]) -> Option<usize> {
    memchr::memchr2(b'\n', 0, text)
}

fn ends(byte: u8) -> bool {
    byte == b'\n' || byte == 0
}

enum Count {
    /// Bytes of the count with its space, and what it says.
    Is(usize, usize),
    /// It may become one.
    Unknown,
    None,
}

fn count(text: &[u8]) -> Count {
    let digits = text.iter().take(COUNT_DIGITS_MAX + 1).take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    if digits == 0 || digits > COUNT_DIGITS_MAX || text[0] == b'0' {
        return Count::None;
    }
    match text.get(digits) {
        None => Count::Unknown,
        Some(b' ') => {
            let number =
                text[..digits].iter().fold(0, |n, digit| n * 10 + usize::from(digit - b'0'));
            Count::Is(digits + 1, number)
        }
        Some(_) => Count::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]]) -> (Vec<String>, usize) {
        let mut decoder = Decoder::default();
        let (mut messages, mut cut) = (Vec::new(), 0);
        for piece in pieces {
            cut += decoder.push(piece, &mut messages);
        }
        messages.extend(decoder.finish());
        let text = |message: Vec<u8>| String::from_utf8(message).unwrap();
        (messages.into_iter().map(text).collect(), cut)
    }

    #[test]
    fn messages_are_found_wherever_the_stream_is_cut() {
        let check = |stream: &str, expected: &[&str]| {
            assert_eq!(decode(&[stream.as_bytes()]).0, expected, "{stream:?}");
            for at in 0..stream.len() {
                let (head, tail) = stream.as_bytes().split_at(at);
                assert_eq!(decode(&[head, tail]).0, expected, "{stream:?} cut at {at}");
            }
            let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
            assert_eq!(decode(&bytes).0, expected, "{stream:?} byte by byte");
        };
        check("<3>a\n<3>b\n", &["<3>a", "<3>b"]);
        check("<3>a\n\n<3>b", &["<3>a", "<3>b"]);
        check("4 <3>a5 <3>\nb", &["<3>a", "<3>\nb"]);
        check("4 <3>a\n4 <3>b\n<3>c\0", &["<3>a", "<3>b", "<3>c"]);
        check(
            "2026-03-01 no count\n12345678 too long\n",
            &["2026-03-01 no count", "12345678 too long"],
        );
    }

    #[test]
    fn what_is_too_long_is_cut_and_the_next_message_is_whole() {
        let long = "x".repeat(MESSAGE_BYTES_MAX + 9);
        for stream in [format!("{long}\n<3>b\n"), format!("{} {long}4 <3>b", long.len())] {
            let (messages, cut) = decode(&stream.as_bytes().chunks(1_000).collect::<Vec<_>>());
            assert_eq!((messages.len(), cut), (2, 1));
            assert_eq!((messages[0].len(), messages[1].as_str()), (MESSAGE_BYTES_MAX, "<3>b"));
        }
    }
}
