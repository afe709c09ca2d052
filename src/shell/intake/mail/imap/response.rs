//! What an IMAP server says, in tokens (RFC 3501, 9). Only what fetching mails needs is understood;
//! the rest is passed over.

/// A piece of what a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// A word, a number, a flag, or something like `BODY[]<0>`.
    Atom(String),
    /// A quoted string or a literal.
    Text(Vec<u8>),
}

/// A whole response: one line, with the literals in it.
#[derive(Debug, Default)]
pub(super) struct Response {
    /// The line up to its first literal, without its end.
    pub(super) line: String,
    tokens: Vec<Token>,
}

impl Response {
    /// Adds a part of the line as it was read; true with a length if a literal comes next.
    pub(super) fn part(&mut self, bytes: &[u8]) -> Option<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\r', '\n']);
        let literal = literal(text);
        let words = literal.map_or(text, |(before, _)| before);
        if self.tokens.is_empty() {
            words.clone_into(&mut self.line);
        }
        split(words, &mut self.tokens);
        literal.map(|(_, length)| length)
    }

    /// Adds a literal.
    pub(super) fn literal(&mut self, bytes: Vec<u8>) {
        self.tokens.push(Token::Text(bytes));
    }

    /// What stands behind a tag (`*` for what answers no command), if it is this one.
    pub(super) fn after<'a>(&'a self, tag: &str) -> Option<&'a str> {
        self.line.strip_prefix(tag)?.strip_prefix(' ')
    }

    /// Words behind `* NAME`, such as the numbers of `SEARCH`.
    pub(super) fn words<'a>(&'a self, name: &str) -> Option<impl Iterator<Item = &'a str>> {
        let mut words = self.after("*")?.split_ascii_whitespace();
        words.next()?.eq_ignore_ascii_case(name).then_some(words)
    }

    /// What is said in `* BYE …`: the server ends the conversation.
    pub(super) fn farewell(&self) -> Option<String> {
        Some(self.words("BYE")?.collect::<Vec<_>>().join(" "))
    }

    /// Tells whether it is `* 3 EXISTS`: so many mails are in the mailbox.
    pub(super) fn tells_of_mails(&self) -> bool {
        let mut words = self.after("*").unwrap_or_default().split_ascii_whitespace();
        let count = words.next().is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit()));
        count && words.next().is_some_and(|word| word.eq_ignore_ascii_case("EXISTS"))
    }

    /// The mail in `* 3 FETCH (UID 12 BODY[]<0> {5}…)`, if it is that of this number.
    pub(super) fn body(self, uid: u32) -> Option<Vec<u8>> {
        let is = |token: Option<&Token>, word: &str| match token {
            Some(Token::Atom(atom)) => atom.eq_ignore_ascii_case(word),
            _ => false,
        };
        let mut tokens = self.tokens;
        if !is(tokens.first(), "*") || !is(tokens.get(2), "FETCH") {
            return None;
        }
        let place = tokens.iter().position(|token| is(Some(token), "UID"))?;
        if !is(tokens.get(place + 1), &uid.to_string()) {
            return None;
        }
        let is_body = |token: &Token| match token {
            Token::Atom(atom) => {
                atom.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("BODY[]"))
            }
            _ => false,
        };
        let place = tokens.iter().position(is_body)? + 1;
        match tokens.get_mut(place)? {
            Token::Text(bytes) => Some(std::mem::take(bytes)),
            _ => None,
        }
    }
}

/// `… {12}`: what stands before a literal, and its length. RFC 7888 knows `{12+}`, too.
fn literal(text: &str) -> Option<(&str, usize)> {
    let (before, length) = text.strip_suffix('}')?.rsplit_once('{')?;
    Some((before, length.trim_end_matches('+').parse().ok()?))
}

fn split(text: &str, tokens: &mut Vec<Token>) {
    let mut rest = text.trim_start_matches(' ');
    while let Some(first) = rest.chars().next() {
        match first {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '"' => {
                rest = quoted(&rest[1..], tokens);
                continue;
            }
            _ => {
                let end = rest.find([' ', '(', ')', '"']).unwrap_or(rest.len());
                tokens.push(Token::Atom(rest[..end].to_owned()));
                rest = rest[end..].trim_start_matches(' ');
                continue;
            }
        }
        rest = rest[1..].trim_start_matches(' ');
    }
}

/// Takes what is quoted up to its end; returns what follows.
fn quoted<'a>(text: &'a str, tokens: &mut Vec<Token>) -> &'a str {
    let mut said = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                tokens.push(Token::Text(said.into_bytes()));
                return text[at + 1..].trim_start_matches(' ');
            }
            '\\' => said.extend(chars.next().map(|(_, c)| c)),
            _ => said.push(c),
        }
    }
    tokens.push(Token::Text(said.into_bytes()));
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(parts: &[&str]) -> Response {
        let mut response = Response::default();
        for pair in parts.chunks(2) {
            let literal = response.part(pair[0].as_bytes());
            assert_eq!(literal, pair.get(1).map(|text| text.len()));
            if let Some(text) = pair.get(1) {
                response.literal(text.as_bytes().to_vec());
            }
        }
        response
    }

    #[test]
    fn a_mail_is_found_in_whatever_order_its_attributes_come() {
        let check = |parts: &[&str], expected: Option<&str>| {
            let body = response(parts).body(7);
            assert_eq!(body.as_deref(), expected.map(str::as_bytes), "{parts:?}");
        };
        check(&["* 1 FETCH (UID 7 BODY[]<0> {4}\r\n", "a)\"(", ")\r\n"], Some("a)\"("));
        check(&["* 1 fetch (BODY[] {2+}\r\n", "ab", " FLAGS (\\Seen) uid 7)\r\n"], Some("ab"));
        check(&["* 1 FETCH (FLAGS (\\Seen) UID 7 BODY[] \"a \\\"b\\\"\")\r\n"], Some("a \"b\""));
        check(&["* 1 FETCH (UID 8 BODY[] {1}\r\n", "a", ")\r\n"], None);
        check(&["* 1 FETCH (UID 7 BODY[] NIL)\r\n"], None);
        check(&["* 1 FETCH (UID 7 FLAGS (\\Seen))\r\n"], None);
        check(&["* 1 FETCH (UID 7 BODY[]"], None);
        check(&["* 1 EXISTS\r\n"], None);
        check(&["* OK it's \"odd\r\n"], None);
    }

    #[test]
    fn lines_are_told_apart() {
        let found = response(&["* SEARCH 3 14\r\n"]);
        assert_eq!(found.words("search").unwrap().collect::<Vec<_>>(), ["3", "14"]);
        assert!(found.words("CAPABILITY").is_none());
        assert_eq!(response(&["A1 OK done\r\n"]).after("A1"), Some("OK done"));
        assert_eq!(response(&["A10 OK done\r\n"]).after("A1"), None);
    }
}
