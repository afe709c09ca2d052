//! `printf`: Go's verbs, flags, widths, and the way it reports its own errors in the text.

use std::fmt::Write;

use super::super::limit::{Bounded, WIDTH_CHARS_MAX};
use super::super::number;
use super::super::print;
use super::text::{printed, text};
use super::{Value, Why};

/// The flags, the width and the precision between `%` and the verb.
#[derive(Debug, Clone, Copy, Default)]
struct Layout {
    padding: Padding,
    positive: Positive,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Where the width is filled up, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Padding {
    #[default]
    Before,
    Behind,
    Zeros,
}

/// What stands before a number that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Positive {
    #[default]
    Nothing,
    Space,
    Plus,
}

/// Formats as Go's `fmt.Sprintf` does.
pub(super) fn sprintf(arguments: &[Value]) -> Result<String, Why> {
    let Some((format, arguments)) = arguments.split_first() else {
        return Err("a format is expected".into());
    };
    let format = text(format)?;
    let mut printer = Printer { rest: &format, arguments, next: 0, out: Bounded::default() };
    printer.run()?;
    Ok(printer.out.into_string())
}

struct Printer<'a> {
    rest: &'a str,
    arguments: &'a [Value],
    next: usize,
    out: Bounded,
}

impl Printer<'_> {
    fn run(&mut self) -> Result<(), Why> {
        while let Some(percent) = self.rest.find('%') {
            self.out.push_str(&self.rest[..percent])?;
            self.rest = &self.rest[percent + 1..];
            self.directive()?;
        }
        self.out.push_str(self.rest)?;
        if self.next >= self.arguments.len() {
            return Ok(());
        }
        self.out.push_str("%!(EXTRA ")?;
        for (i, extra) in self.arguments[self.next..].iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ")?;
            }
            typed(extra, &mut self.out)?;
        }
        self.out.push(')')
    }

    fn directive(&mut self) -> Result<(), Why> {
        let layout = self.layout()?;
        let Some(verb) = self.rest.chars().next() else {
            return self.out.push_str("%!(NOVERB)");
        };
        self.rest = &self.rest[verb.len_utf8()..];
        if verb == '%' {
            return self.out.push('%');
        }
        let Some(value) = self.arguments.get(self.next) else {
            return self.out.push_str(&format!("%!{verb}(MISSING)"));
        };
        self.next += 1;
        write(value, verb, layout, &mut self.out)
    }

    fn layout(&mut self) -> Result<Layout, Why> {
        let mut layout = Layout::default();
        while let Some(flag) = self.rest.chars().next() {
            match flag {
                '-' => layout.padding = Padding::Behind,
                '0' if layout.padding == Padding::Before => layout.padding = Padding::Zeros,
                '+' => layout.positive = Positive::Plus,
                ' ' if layout.positive == Positive::Nothing => layout.positive = Positive::Space,
                '0' | ' ' => {}
                '#' => layout.sharp = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        match self.size("WIDTH")? {
            Some(width) if width < 0 => {
                layout.padding = Padding::Behind;
                layout.width = usize::try_from(-width).ok();
            }
            width => layout.width = width.and_then(|width| usize::try_from(width).ok()),
        }
        if let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            let precision = self.size("PREC")?.unwrap_or(0);
            layout.precision = usize::try_from(precision).ok();
        }
        Ok(layout)
    }

    /// Reads a width or a precision: digits, or `*` for the next argument.
    fn size(&mut self, what: &str) -> Result<Option<i64>, Why> {
        let max = i64::try_from(WIDTH_CHARS_MAX).unwrap_or(i64::MAX);
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest;
            let given = self.arguments.get(self.next);
            self.next += 1;
            return match given {
                Some(Value::Int(size)) if (-max..=max).contains(size) => Ok(Some(*size)),
                _ => self.out.push_str(&format!("%!(BAD{what})")).map(|()| None),
            };
        }
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (size, rest) = self.rest.split_at(digits);
        self.rest = rest;
        match size.parse::<i64>() {
            Ok(size) if size <= max => Ok(Some(size)),
            _ if digits == 0 => Ok(None),
            _ => self.out.push_str(&format!("%!(BAD{what})")).map(|()| None),
        }
    }
}

fn typed(value: &Value, out: &mut Bounded) -> Result<(), Why> {
    out.push_str(value.type_name())?;
    if matches!(value, Value::Nil) {
        return Ok(());
    }
    out.push('=')?;
    print::write(value, out)
}

fn refused(value: &Value, verb: char, out: &mut Bounded) -> Result<(), Why> {
    out.push_str(&format!("%!{verb}("))?;
    typed(value, out)?;
    out.push(')')
}

fn write(value: &Value, verb: char, layout: Layout, out: &mut Bounded) -> Result<(), Why> {
    match (verb, value) {
        ('T', value) => pad(value.type_name(), layout, out),
        ('v', Value::Nil) => pad("<nil>", layout, out),
        (_, Value::Nil) => out.push_str(&format!("%!{verb}(<nil>)")),
        ('t' | 'v', Value::Bool(truth)) => pad(if *truth { "true" } else { "false" }, layout, out),
        ('v' | 's' | 'q', Value::Duration(nanoseconds)) => {
            string(&number::duration(*nanoseconds), verb, layout, out)
        }
        (_, Value::Int(whole) | Value::Duration(whole)) => match integer(*whole, verb, layout) {
            Some(digits) => pad_number(&digits, layout, out),
            None => refused(value, verb, out),
        },
        (_, Value::Float(float)) => match real(*float, verb, layout) {
            Some(digits) => pad_number(&digits, layout, out),
            None => refused(value, verb, out),
        },
        ('v' | 's' | 'q' | 'x' | 'X', Value::Text(_) | Value::Html(_) | Value::Url(_)) => {
            string(&text(value)?, verb, layout, out)
        }
        ('v' | 's' | 'q', Value::Kv(_) | Value::Pairs(_) | Value::Time(_) | Value::Zoned(..)) => {
            string(&printed(value)?, verb, layout, out)
        }
        (_, Value::List(items) | Value::Alerts(items)) => {
            out.push('[')?;
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ')?;
                }
                write(item, verb, layout, out)?;
            }
            out.push(']')
        }
        (_, Value::Map(fields)) => {
            out.push_str("map[")?;
            for (i, (name, value)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(' ')?;
                }
                string(name, verb, layout, out)?;
                out.push(':')?;
                write(value, verb, layout, out)?;
            }
            out.push(']')
        }
        (
            _,
            Value::Bool(_)
            | Value::Text(_)
            | Value::Html(_)
            | Value::Url(_)
            | Value::Time(_)
            | Value::Zoned(..)
            | Value::Kv(_)
            | Value::Pairs(_),
        ) => refused(value, verb, out),
    }
}

fn string(text: &str, verb: char, layout: Layout, out: &mut Bounded) -> Result<(), Why> {
    let cut: String = match layout.precision {
        Some(chars) => text.chars().take(chars).collect(),
        None => text.to_owned(),
    };
    match verb {
        'v' if layout.sharp => pad(&quoted(&cut), layout, out),
        'v' | 's' => pad(&cut, layout, out),
        'q' if layout.sharp && !cut.contains('`') => pad(&format!("`{cut}`"), layout, out),
        'q' => pad(&quoted(&cut), layout, out),
        'x' => pad(&hexadecimal(&cut), layout, out),
        'X' => pad(&hexadecimal(&cut).to_uppercase(), layout, out),
        verb => refused(&Value::from(text), verb, out),
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut out, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Text in double quotes with Go's escapes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_ascii_control() => out.extend(format!("\\x{:02x}", u32::from(c)).chars()),
            c if c.is_control() => out.extend(format!("\\u{:04x}", u32::from(c)).chars()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn integer(value: i64, verb: char, layout: Layout) -> Option<String> {
    let size = value.unsigned_abs();
    let digits = match verb {
        'd' | 'v' => size.to_string(),
        'b' => format!("{size:b}"),
        'o' => format!("{}{size:o}", if layout.sharp { "0" } else { "" }),
        'O' => format!("0o{size:o}"),
        'x' => format!("{}{size:x}", if layout.sharp { "0x" } else { "" }),
        'X' => format!("{}{size:X}", if layout.sharp { "0X" } else { "" }),
        'c' | 'q' | 'U' => {
            let c = u32::try_from(value).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
            return Some(match verb {
                'c' => c.to_string(),
                'q' => format!("'{}'", c.escape_debug()),
                _ => format!("U+{:04X}", u32::from(c)),
            });
        }
        _ => return None,
    };
    let zeros = layout.precision.unwrap_or(0).saturating_sub(digits.len());
    Some(format!("{}{}{digits}", sign(value < 0, layout), "0".repeat(zeros)))
}

fn real(value: f64, verb: char, layout: Layout) -> Option<String> {
    let precision = layout.precision.unwrap_or(6);
    let digits = match verb {
        'f' | 'F' => number::fixed(value, precision),
        'e' => number::scientific(value, precision),
        'E' => number::scientific(value, precision).to_uppercase(),
        'v' | 'g' => number::general(value, layout.precision),
        'G' => number::general(value, layout.precision).to_uppercase(),
        _ => return None,
    };
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    let Some(size) = digits.strip_prefix('-') else {
        let infinite = value.is_infinite() && layout.positive != Positive::Space;
        return Some(format!("{}{digits}", if infinite { "+" } else { sign(false, layout) }));
    };
    Some(format!("-{size}"))
}

fn sign(negative: bool, layout: Layout) -> &'static str {
    match layout.positive {
        _ if negative => "-",
        Positive::Plus => "+",
        Positive::Space => " ",
        Positive::Nothing => "",
    }
}

fn missing(text: &str, layout: Layout) -> usize {
    layout.width.unwrap_or(0).saturating_sub(text.chars().count())
}

fn pad(text: &str, layout: Layout, out: &mut Bounded) -> Result<(), Why> {
    let missing = missing(text, layout);
    match layout.padding {
        Padding::Before => out.push_str(&" ".repeat(missing))?,
        Padding::Zeros => out.push_str(&"0".repeat(missing))?,
        Padding::Behind => {}
    }
    out.push_str(text)?;
    if layout.padding == Padding::Behind { out.push_str(&" ".repeat(missing)) } else { Ok(()) }
}

/// Zeros stand between the sign and the digits.
fn pad_number(text: &str, layout: Layout, out: &mut Bounded) -> Result<(), Why> {
    let signs = usize::from(text.starts_with(['+', '-', ' ']));
    if layout.padding != Padding::Zeros || signs == 0 {
        return pad(text, layout, out);
    }
    out.push_str(&text[..signs])?;
    out.push_str(&"0".repeat(missing(text, layout)))?;
    out.push_str(&text[signs..])
}
