//! Reads what stands inside `{{ }}`: pipelines, commands and operands.

use super::super::ast::{Binding, Command, Operand, Pipe, Term};
use super::super::function::{Function, nearest};
use super::super::lex::{Fault, Kind};
use super::Parser;

/// Words that steer blocks and can stand for no value.
const KEYWORDS: [&str; 10] =
    ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

impl Parser {
    /// Reads a pipeline up to and with `end`.
    pub(super) fn pipe(&mut self, end: &Kind, owner: &str) -> Result<Pipe, Fault> {
        self.skip_space();
        let at = self.peek().at;
        let binding = self.binding(owner)?;
        let mut commands = Vec::new();
        loop {
            self.skip_space();
            let token = self.peek().clone();
            if token.kind == *end {
                return Err((token.at, format!("a value is missing behind `{owner}`").into()));
            }
            commands.push(self.command(commands.is_empty())?);
            self.skip_space();
            let token = self.take();
            match token.kind {
                kind if kind == *end => break,
                Kind::Bar => {}
                kind => return Err((token.at, unexpected(&kind, end).into())),
            }
        }
        // Declared behind the pipeline, which cannot see them yet.
        if let Binding::Declare(names) = &binding {
            self.variables.extend(names.iter().map(std::string::ToString::to_string));
        }
        Ok(Pipe { at, binding, commands })
    }

    /// Reads `$x :=`, `$x =` and, in a `range`, `$i, $x :=`.
    fn binding(&mut self, owner: &str) -> Result<Binding, Fault> {
        let start = self.next;
        let mut names: Vec<Box<str>> = Vec::new();
        loop {
            self.skip_space();
            let at = self.peek().at;
            let Kind::Variable(name) = self.peek().kind.clone() else { break };
            self.next += 1;
            self.skip_space();
            names.push(name.into_boxed_str());
            match self.take().kind {
                Kind::Declare => return Ok(Binding::Declare(names)),
                Kind::Assign => {
                    for name in &names {
                        self.known_variable(name, at)?;
                    }
                    return Ok(Binding::Assign(names));
                }
                Kind::Comma if owner == "range" && names.len() == 1 => {}
                Kind::Comma => return Err((at, "too many variables before `:=`".into())),
                _ => break,
            }
        }
        if names.len() > 1 {
            return Err((self.peek().at, "`:=` is expected behind the variables".into()));
        }
        self.next = start;
        Ok(Binding::None)
    }

    fn known_variable(&self, name: &str, at: usize) -> Result<(), Fault> {
        if self.variables.iter().any(|known| known == name) {
            return Ok(());
        }
        let hint = nearest(name, self.variables.iter().map(String::as_str));
        Err((at, format!("there is no variable {name}{hint}").into()))
    }

    fn command(&mut self, first: bool) -> Result<Command, Fault> {
        let operand = self.operand()?;
        let callable = match &operand.term {
            Term::Function(_) | Term::Variable(_) => true,
            Term::Dot | Term::Pipe(_) => !operand.fields.is_empty(),
            Term::Nil | Term::Bool(_) | Term::Int(_) | Term::Float(_) | Term::Text(_) => false,
        };
        if !first && !callable {
            return Err((operand.at, "behind `|` stands a function, not a value".into()));
        }
        if first && matches!(operand.term, Term::Nil) {
            return Err((operand.at, "`nil` alone is no command".into()));
        }
        let mut arguments = Vec::new();
        loop {
            let spaced = self.peek().kind == Kind::Space;
            self.skip_space();
            match self.peek().kind {
                Kind::Bar | Kind::Close | Kind::RightParen | Kind::End => break,
                _ if spaced => arguments.push(self.operand()?),
                _ => {
                    let token = self.peek();
                    return Err((token.at, unexpected(&token.kind, &Kind::Space).into()));
                }
            }
        }
        Ok(Command { operand, arguments })
    }

    fn operand(&mut self) -> Result<Operand, Fault> {
        let token = self.take();
        let at = token.at;
        let mut fields = Vec::new();
        let term = match token.kind {
            Kind::Dot => Term::Dot,
            Kind::Field(name) => {
                fields.push(name.into_boxed_str());
                Term::Dot
            }
            Kind::Variable(name) => {
                self.known_variable(&name, at)?;
                Term::Variable(name.into_boxed_str())
            }
            Kind::Int(number) => Term::Int(number),
            Kind::Float(number) => Term::Float(number),
            Kind::Quoted(text) => Term::Text(text.into()),
            Kind::Word(word) => word_term(&word, at)?,
            Kind::LeftParen => {
                self.deeper(at)?;
                let pipe = self.pipe(&Kind::RightParen, "(")?;
                self.depth -= 1;
                Term::Pipe(Box::new(pipe))
            }
            kind => return Err((at, unexpected(&kind, &Kind::Dot).into())),
        };
        let chains = match term {
            Term::Dot => !fields.is_empty(),
            Term::Variable(_) | Term::Pipe(_) | Term::Function(_) => true,
            Term::Nil | Term::Bool(_) | Term::Int(_) | Term::Float(_) | Term::Text(_) => false,
        };
        while let Kind::Field(name) = &self.peek().kind {
            if !chains {
                return Err((self.peek().at, format!("this value has no field .{name}").into()));
            }
            fields.push(name.clone().into_boxed_str());
            self.next += 1;
        }
        Ok(Operand { at, term, fields })
    }
}

fn word_term(word: &str, at: usize) -> Result<Term, Fault> {
    match word {
        "true" => return Ok(Term::Bool(true)),
        "false" => return Ok(Term::Bool(false)),
        "nil" => return Ok(Term::Nil),
        _ => {}
    }
    if KEYWORDS.contains(&word) {
        return Err((at, format!("`{word}` can stand only right behind `{{{{`").into()));
    }
    let Some(function) = Function::named(word) else {
        let hint = nearest(word, Function::names());
        return Err((at, format!("there is no function `{word}`{hint}").into()));
    };
    Ok(Term::Function(function))
}

fn unexpected(found: &Kind, wanted: &Kind) -> String {
    let found = match found {
        Kind::Text(_) | Kind::End | Kind::Open => "the end of the text",
        Kind::Close => "`}}`",
        Kind::Space => "a space",
        Kind::Bar => "`|`",
        Kind::Comma => "`,`",
        Kind::Declare => "`:=`",
        Kind::Assign => "`=`",
        Kind::LeftParen => "`(`",
        Kind::RightParen => "`)`",
        Kind::Dot => "`.`",
        Kind::Field(name) => return format!("`.{name}` is not expected here"),
        Kind::Variable(name) | Kind::Word(name) => {
            return format!("`{name}` is not expected here");
        }
        Kind::Int(_) | Kind::Float(_) => "a number",
        Kind::Quoted(_) => "a text",
    };
    match wanted {
        Kind::RightParen => format!("`)` is expected, not {found}"),
        Kind::Dot => format!("a value is expected, not {found}"),
        _ => format!("{found} is not expected here"),
    }
}
