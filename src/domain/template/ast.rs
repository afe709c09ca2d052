//! What a template says, once it is read.

use std::sync::Arc;

use super::TemplateError;
use super::function::Function;
use super::limit::Why;

/// The text a template was read from. Errors point into it.
#[derive(Debug)]
pub(super) struct Source {
    pub name: String,
    pub text: String,
}

/// A named template.
#[derive(Debug)]
pub(super) struct Definition {
    pub source: Arc<Source>,
    pub nodes: Vec<Node>,
}

#[derive(Debug)]
pub(super) enum Node {
    Text { at: usize, text: Box<str> },
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Call { at: usize, name: Box<str>, dot: Option<Pipe> },
    Break,
    Continue,
}

/// `if`, `with` and `range` have one shape.
#[derive(Debug)]
pub(super) struct Branch {
    pub at: usize,
    pub pipe: Pipe,
    pub then: Vec<Node>,
    pub otherwise: Vec<Node>,
}

/// Commands, each of which is given the outcome of the one before as its last argument.
#[derive(Debug)]
pub(super) struct Pipe {
    pub at: usize,
    pub binding: Binding,
    pub commands: Vec<Command>,
}

/// Which variables take the outcome. At most two, in a `range`.
#[derive(Debug)]
pub(super) enum Binding {
    None,
    Declare(Vec<Box<str>>),
    Assign(Vec<Box<str>>),
}

impl Binding {
    pub(super) fn names(&self) -> &[Box<str>] {
        match self {
            Self::None => &[],
            Self::Declare(names) | Self::Assign(names) => names,
        }
    }
}

/// An operand and the arguments it is called with.
#[derive(Debug)]
pub(super) struct Command {
    pub operand: Operand,
    pub arguments: Vec<Operand>,
}

#[derive(Debug)]
pub(super) struct Operand {
    pub at: usize,
    pub term: Term,
    /// `.A.B` behind the term.
    pub fields: Vec<Box<str>>,
}

#[derive(Debug)]
pub(super) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    Variable(Box<str>),
    Function(Function),
    Pipe(Box<Pipe>),
}

impl Source {
    /// Turns a byte offset into a line and a column.
    pub(super) fn error(&self, at: usize, why: impl Into<Why>) -> TemplateError {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        TemplateError {
            name: self.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            why: why.into().into_owned(),
        }
    }
}

/// Tells whether a template would write nothing but white space, whatever it is given.
pub(super) fn is_blank(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| matches!(node, Node::Text { text, .. } if text.trim().is_empty()))
}
