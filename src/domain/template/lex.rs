//! Cuts the text of a template into tokens.

use std::iter::Peekable;
use std::str::CharIndices;

use super::limit::Why;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// Where it begins, in bytes.
    pub at: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// What stands outside of `{{ }}`, trimmed where a marker asks for it.
    Text(String),
    Open,
    Close,
    Space,
    Bar,
    Comma,
    Declare,
    Assign,
    LeftParen,
    RightParen,
    Dot,
    /// `.Name`
    Field(String),
    /// `$` or `$name`
    Variable(String),
    /// A keyword, a constant or a function.
    Word(String),
    Int(i64),
    Float(f64),
    Quoted(String),
    End,
}

/// Where the text is not a template, and why.
pub(super) type Fault = (usize, Why);

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts `text` into tokens; the last one is [`Kind::End`].
pub(super) fn lex(text: &str) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer { text, tokens: Vec::new(), at: 0 };
    let mut trim = false;
    loop {
        let rest = &text[lexer.at..];
        let open = rest.find(OPEN);
        let mut literal = &rest[..open.unwrap_or(rest.len())];
        if trim {
            literal = literal.trim_start_matches(SPACES);
        }
        let trims_left = open.is_some_and(|i| has_left_marker(&rest[i + OPEN.len()..]));
        if trims_left {
            literal = literal.trim_end_matches(SPACES);
        }
        if !literal.is_empty() {
            lexer.push(lexer.at, Kind::Text(literal.to_owned()));
        }
        let Some(open) = open else { break };
        lexer.at += open;
        trim = lexer.action(trims_left)?;
    }
    lexer.push(text.len(), Kind::End);
    Ok(lexer.tokens)
}

fn has_left_marker(inside: &str) -> bool {
    inside.strip_prefix('-').is_some_and(|rest| rest.starts_with(SPACES))
}

/// Finds the end of an action: how long ` -}}` or `}}` is, and whether it trims.
fn closing(rest: &str) -> Option<(usize, bool)> {
    if rest.starts_with(CLOSE) {
        return Some((CLOSE.len(), false));
    }
    let marked = rest.strip_prefix(SPACES)?.strip_prefix('-')?.starts_with(CLOSE);
    marked.then_some((2 + CLOSE.len(), true))
}

struct Lexer<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl Lexer<'_> {
    fn push(&mut self, at: usize, kind: Kind) {
        self.tokens.push(Token { at, kind });
    }

    /// Reads from `{{` to behind `}}`. Tells whether the text behind is to be trimmed.
    fn action(&mut self, marked: bool) -> Result<bool, Fault> {
        let open = self.at;
        self.at += OPEN.len() + usize::from(marked);
        let inside = &self.text[self.at..];
        // A marker's space belongs to the marker, so it may stand before a comment.
        let body = if marked { inside.trim_start_matches(SPACES) } else { inside };
        if body.starts_with("/*") {
            self.at += inside.len() - body.len();
            return self.comment(open);
        }
        self.push(open, Kind::Open);
        loop {
            let rest = &self.text[self.at..];
            if let Some((length, trims)) = closing(rest) {
                self.push(self.at, Kind::Close);
                self.at += length;
                return Ok(trims);
            }
            if rest.is_empty() {
                return Err((open, "this `{{` is not closed with `}}`".into()));
            }
            self.token(rest)?;
        }
    }

    fn comment(&mut self, open: usize) -> Result<bool, Fault> {
        let rest = &self.text[self.at..];
        let Some(end) = rest[2..].find("*/") else {
            return Err((open, "this comment is not closed with `*/`".into()));
        };
        self.at += 2 + end + 2;
        let Some((length, trims)) = closing(&self.text[self.at..]) else {
            return Err((self.at, "a comment must end right before `}}`".into()));
        };
        self.at += length;
        Ok(trims)
    }

    fn token(&mut self, rest: &str) -> Result<(), Fault> {
        let at = self.at;
        let Some(first) = rest.chars().next() else { return Ok(()) };
        let second = rest[first.len_utf8()..].chars().next();
        let (kind, length) = match first {
            c if SPACES.contains(&c) => {
                // The space of ` -}}` is part of the end.
                let spaces = rest.len() - rest.trim_start_matches(SPACES).len();
                let of_marker = rest[spaces..].starts_with("-}}");
                (Kind::Space, if of_marker && spaces > 1 { spaces - 1 } else { spaces })
            }
            '|' => (Kind::Bar, 1),
            ',' => (Kind::Comma, 1),
            '(' => (Kind::LeftParen, 1),
            ')' => (Kind::RightParen, 1),
            '=' => (Kind::Assign, 1),
            ':' if second == Some('=') => (Kind::Declare, 2),
            '"' => quoted(rest, '"').map_err(|why| (at, why))?,
            '\'' => {
                let (kind, length) = quoted(rest, '\'').map_err(|why| (at, why))?;
                (character(kind).map_err(|why| (at, why))?, length)
            }
            '`' => match rest[1..].find('`') {
                Some(end) => (Kind::Quoted(rest[1..=end].to_owned()), end + 2),
                None => return Err((at, "this raw text is not closed with a backquote".into())),
            },
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => number(rest, at)?,
            '.' => {
                let name = name(&rest[1..]);
                let kind = if name.is_empty() { Kind::Dot } else { Kind::Field(name.to_owned()) };
                (kind, 1 + name.len())
            }
            '$' => {
                let name = name(&rest[1..]);
                (Kind::Variable(format!("${name}")), 1 + name.len())
            }
            '+' | '-' | '0'..='9' => number(rest, at)?,
            c if c.is_alphabetic() || c == '_' => {
                let name = name(rest);
                (Kind::Word(name.to_owned()), name.len())
            }
            c => return Err((at, format!("`{}` has no meaning here", c.escape_debug()).into())),
        };
        self.at += length;
        let is_name = matches!(kind, Kind::Field(_) | Kind::Variable(_) | Kind::Word(_));
        if is_name && !at_terminator(&self.text[self.at..]) {
            return Err((self.at, "a name must be followed by a space or an operator".into()));
        }
        self.push(at, kind);
        Ok(())
    }
}

fn at_terminator(rest: &str) -> bool {
    let Some(c) = rest.chars().next() else { return true };
    SPACES.contains(&c) || ".,|:=)(".contains(c) || rest.starts_with(CLOSE)
}

fn name(rest: &str) -> &str {
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    &rest[..end]
}

fn number(rest: &str, at: usize) -> Result<(Kind, usize), Fault> {
    let mut end = 0;
    let mut before = ' ';
    for c in rest.chars() {
        let signs_exponent = matches!(before, 'e' | 'E' | 'p' | 'P') && !is_hexadecimal(rest);
        let sign = matches!(c, '+' | '-') && (end == 0 || signs_exponent);
        if !(sign || c.is_ascii_alphanumeric() || c == '.' || c == '_') {
            break;
        }
        end += 1;
        before = c;
    }
    let literal = &rest[..end];
    let kind = parse_number(&literal.replace('_', ""))
        .ok_or_else(|| (at, format!("`{literal}` is not a number that fits").into()))?;
    Ok((kind, end))
}

fn is_hexadecimal(literal: &str) -> bool {
    let digits = literal.trim_start_matches(['+', '-']);
    digits.starts_with("0x") || digits.starts_with("0X")
}

fn parse_number(literal: &str) -> Option<Kind> {
    let (sign, digits) = match literal.as_bytes().first()? {
        b'-' => ("-", &literal[1..]),
        b'+' => ("", &literal[1..]),
        _ => ("", literal),
    };
    let lower = digits.to_ascii_lowercase();
    let radix = [("0x", 16), ("0b", 2), ("0o", 8)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((lower.strip_prefix(prefix)?, radix)));
    if let Some((digits, radix)) = radix {
        return i64::from_str_radix(&format!("{sign}{digits}"), radix).ok().map(Kind::Int);
    }
    if lower.contains(['.', 'e']) {
        let value: f64 = format!("{sign}{lower}").parse().ok()?;
        return value.is_finite().then_some(Kind::Float(value));
    }
    if !lower.bytes().all(|b| b.is_ascii_digit()) || lower.is_empty() {
        return None;
    }
    let octal = lower.len() > 1 && lower.starts_with('0');
    i64::from_str_radix(&format!("{sign}{lower}"), if octal { 8 } else { 10 }).ok().map(Kind::Int)
}

fn character(kind: Kind) -> Result<Kind, Why> {
    let Kind::Quoted(text) = kind else { return Ok(kind) };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(Kind::Int(i64::from(u32::from(c)))),
        _ => Err("single quotes hold one character; text stands in double quotes".into()),
    }
}

/// Reads Go's quoted text with its escapes. Gives the length with both quotes.
fn quoted(rest: &str, quote: char) -> Result<(Kind, usize), Why> {
    let unclosed = || Why::from(format!("this text is not closed with {quote}"));
    let mut bytes = Vec::new();
    let mut chars = rest.char_indices().peekable();
    chars.next();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                return Ok((Kind::Quoted(text), at + 1));
            }
            '\n' => return Err(unclosed()),
            '\\' => escape(&mut chars, quote, &mut bytes)?,
            c => push_char(&mut bytes, c),
        }
    }
    Err(unclosed())
}

fn escape(
    chars: &mut Peekable<CharIndices<'_>>,
    quote: char,
    bytes: &mut Vec<u8>,
) -> Result<(), Why> {
    let Some((_, c)) = chars.next() else { return Err("nothing follows the backslash".into()) };
    let byte = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        c if c == quote && c.is_ascii() => u8::try_from(c).unwrap_or(b'"'),
        'x' => u8::try_from(digits(chars, 2, 16)?).unwrap_or(b'?'),
        '0'..='7' => {
            let first = c.to_digit(8).unwrap_or(0);
            let value = first * 64 + digits(chars, 2, 8)?;
            u8::try_from(value).map_err(|_| Why::from("an octal escape ends at \\377"))?
        }
        'u' | 'U' => {
            let code = digits(chars, if c == 'u' { 4 } else { 8 }, 16)?;
            let c = char::from_u32(code)
                .ok_or_else(|| Why::from(format!("there is no character {code:#x}")))?;
            push_char(bytes, c);
            return Ok(());
        }
        c => return Err(format!("there is no escape `\\{}`", c.escape_debug()).into()),
    };
    bytes.push(byte);
    Ok(())
}

fn digits(chars: &mut Peekable<CharIndices<'_>>, count: u32, radix: u32) -> Result<u32, Why> {
    let mut value: u32 = 0;
    for _ in 0..count {
        let digit = chars.next().and_then(|(_, c)| c.to_digit(radix));
        let Some(digit) = digit else { return Err("an escape lacks digits".into()) };
        value = value.saturating_mul(radix).saturating_add(digit);
    }
    Ok(value)
}

fn push_char(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
