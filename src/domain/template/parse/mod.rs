//! Reads tokens into blocks: text, actions, `if`, `with`, `range`, `define` and their kin.

mod pipeline;

use std::collections::BTreeMap;

use super::ast::{Branch, Node, is_blank};
use super::lex::{Fault, Kind, Token, lex};
use super::limit::{PARSE_DEPTH_MAX, SOURCE_BYTES_MAX, Why};

/// What a text holds: its own nodes, and the templates it defines.
#[derive(Debug)]
pub(super) struct Parsed {
    pub root: Vec<Node>,
    pub definitions: BTreeMap<String, Vec<Node>>,
}

/// Reads a template's text.
pub(super) fn parse(text: &str) -> Result<Parsed, Fault> {
    if text.len() > SOURCE_BYTES_MAX {
        let why = format!("a template may be {SOURCE_BYTES_MAX} bytes long, not {}", text.len());
        return Err((0, why.into()));
    }
    let mut parser = Parser {
        tokens: lex(text)?,
        next: 0,
        definitions: BTreeMap::new(),
        variables: vec!["$".to_owned()],
        loops: 0,
        depth: 0,
    };
    let (root, stop) = parser.nodes(Place::Top)?;
    match stop {
        Stop::Text => Ok(Parsed { root, definitions: parser.definitions }),
        Stop::End(at) => Err((at, "this `end` closes nothing".into())),
        Stop::Else(at) => Err((at, "this `else` belongs to nothing".into())),
    }
}

/// Where nodes stand; `define` is allowed only outside of every block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Block,
}

/// What ended a run of nodes.
enum Stop {
    Text,
    End(usize),
    Else(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn word(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }

    fn node(self, branch: Branch) -> Node {
        match self {
            Self::If => Node::If(branch),
            Self::With => Node::With(branch),
            Self::Range => Node::Range(branch),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    definitions: BTreeMap<String, Vec<Node>>,
    /// Names in scope, inner ones last.
    variables: Vec<String>,
    /// How many `range`s surround the place.
    loops: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        // The last token is `End`, which nothing steps over.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn skip_space(&mut self) {
        while self.peek().kind == Kind::Space {
            self.next += 1;
        }
    }

    fn peek_word(&mut self) -> Option<&str> {
        self.skip_space();
        match &self.peek().kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    fn close(&mut self, behind: &str) -> Result<(), Fault> {
        self.skip_space();
        let token = self.take();
        if token.kind == Kind::Close {
            return Ok(());
        }
        Err((token.at, format!("`}}}}` is expected behind `{behind}`").into()))
    }

    fn deeper(&mut self, at: usize) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > PARSE_DEPTH_MAX {
            return Err((at, format!("blocks nest deeper than {PARSE_DEPTH_MAX}").into()));
        }
        Ok(())
    }

    fn nodes(&mut self, place: Place) -> Result<(Vec<Node>, Stop), Fault> {
        let mut nodes = Vec::new();
        loop {
            let token = self.take();
            match token.kind {
                Kind::Text(text) => {
                    nodes.push(Node::Text { at: token.at, text: text.into_boxed_str() });
                }
                Kind::End => return Ok((nodes, Stop::Text)),
                _ => match self.statement(token.at, place)? {
                    Statement::Node(node) => nodes.push(node),
                    Statement::Nothing => {}
                    Statement::Stop(stop) => return Ok((nodes, stop)),
                },
            }
        }
    }

    fn statement(&mut self, at: usize, place: Place) -> Result<Statement, Fault> {
        let word = self.peek_word().unwrap_or_default().to_owned();
        let control = match word.as_str() {
            "if" => Control::If,
            "with" => Control::With,
            "range" => Control::Range,
            "end" => {
                self.next += 1;
                self.close("end")?;
                return Ok(Statement::Stop(Stop::End(at)));
            }
            "else" => {
                self.next += 1;
                return Ok(Statement::Stop(Stop::Else(at)));
            }
            "define" => {
                self.next += 1;
                self.define(at, place)?;
                return Ok(Statement::Nothing);
            }
            "block" => {
                self.next += 1;
                return self.block(at).map(Statement::Node);
            }
            "template" => {
                self.next += 1;
                return self.call().map(Statement::Node);
            }
            "break" | "continue" => {
                self.next += 1;
                self.close(&word)?;
                if self.loops == 0 {
                    return Err((at, format!("`{word}` stands outside of every `range`").into()));
                }
                let node = if word == "break" { Node::Break } else { Node::Continue };
                return Ok(Statement::Node(node));
            }
            _ => return Ok(Statement::Node(Node::Action(self.pipe(&Kind::Close, "{{")?))),
        };
        self.next += 1;
        self.control(control, at).map(Statement::Node)
    }

    /// Reads `if`, `with` and `range` from behind the word to their `end`.
    fn control(&mut self, control: Control, at: usize) -> Result<Node, Fault> {
        self.deeper(at)?;
        let scope = self.variables.len();
        let pipe = self.pipe(&Kind::Close, control.word())?;
        self.loops += usize::from(control == Control::Range);
        let (then, stop) = self.nodes(Place::Block)?;
        self.loops -= usize::from(control == Control::Range);
        let otherwise = match stop {
            Stop::End(_) => Vec::new(),
            Stop::Text => return Err(unclosed(at, control.word())),
            Stop::Else(else_at) => self.otherwise(control, at, else_at)?,
        };
        self.variables.truncate(scope);
        self.depth -= 1;
        Ok(control.node(Branch { at, pipe, then, otherwise }))
    }

    /// Reads what follows `{{ else`.
    fn otherwise(
        &mut self,
        control: Control,
        at: usize,
        else_at: usize,
    ) -> Result<Vec<Node>, Fault> {
        let chained = match (control, self.peek_word()) {
            (Control::If, Some("if")) | (Control::With, Some("with")) => true,
            (Control::If | Control::With | Control::Range, _) => false,
        };
        if chained {
            self.next += 1;
            // The inner block takes the only `end`, so it closes the outer one as well.
            return Ok(vec![self.control(control, else_at)?]);
        }
        self.close("else")?;
        let (nodes, stop) = self.nodes(Place::Block)?;
        match stop {
            Stop::End(_) => Ok(nodes),
            Stop::Text => Err(unclosed(at, control.word())),
            Stop::Else(second) => Err((second, "there is an `else` already".into())),
        }
    }

    fn define(&mut self, at: usize, place: Place) -> Result<(), Fault> {
        if place == Place::Block {
            return Err((at, "`define` cannot stand inside another block".into()));
        }
        let (_, name) = self.template_name("define")?;
        self.close("define")?;
        self.body(at, "define", name)
    }

    fn block(&mut self, at: usize) -> Result<Node, Fault> {
        let (name_at, name) = self.template_name("block")?;
        let dot = self.pipe(&Kind::Close, "block")?;
        self.body(at, "block", name.clone())?;
        Ok(Node::Call { at: name_at, name: name.into_boxed_str(), dot: Some(dot) })
    }

    /// Reads the body of a named template. It sees no variable of its surroundings.
    fn body(&mut self, at: usize, word: &str, name: String) -> Result<(), Fault> {
        self.deeper(at)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let loops = std::mem::take(&mut self.loops);
        let (nodes, stop) = self.nodes(Place::Block)?;
        (self.variables, self.loops) = (outer, loops);
        self.depth -= 1;
        match stop {
            Stop::End(_) => {}
            Stop::Text => return Err(unclosed(at, word)),
            Stop::Else(at) => return Err((at, format!("`{word}` has no `else`").into())),
        }
        match self.definitions.get(&name) {
            Some(earlier) if !is_blank(earlier) => {
                if !is_blank(&nodes) {
                    return Err((at, format!("{name:?} is defined twice in this text").into()));
                }
            }
            _ => {
                self.definitions.insert(name, nodes);
            }
        }
        Ok(())
    }

    fn call(&mut self) -> Result<Node, Fault> {
        let (name_at, name) = self.template_name("template")?;
        self.skip_space();
        let dot = if self.peek().kind == Kind::Close {
            self.next += 1;
            None
        } else {
            Some(self.pipe(&Kind::Close, "template")?)
        };
        Ok(Node::Call { at: name_at, name: name.into_boxed_str(), dot })
    }

    fn template_name(&mut self, word: &str) -> Result<(usize, String), Fault> {
        self.skip_space();
        let token = self.take();
        match token.kind {
            Kind::Quoted(name) => Ok((token.at, name)),
            _ => Err((token.at, format!("`{word}` needs a name in quotes").into())),
        }
    }
}

enum Statement {
    Node(Node),
    Nothing,
    Stop(Stop),
}

fn unclosed(at: usize, word: &str) -> Fault {
    (at, Why::from(format!("this `{word}` has no `end`")))
}

/// Every template that is called from `nodes`, with the place of the call.
pub(super) fn calls<'a>(nodes: &'a [Node], found: &mut Vec<(usize, &'a str)>) {
    for node in nodes {
        match node {
            Node::Call { at, name, .. } => found.push((*at, name)),
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                calls(&branch.then, found);
                calls(&branch.otherwise, found);
            }
            Node::Text { .. } | Node::Action(_) | Node::Break | Node::Continue => {}
        }
    }
}
