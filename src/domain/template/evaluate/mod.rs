//! Walks a template and writes what it says.

mod pipeline;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Binding, Branch, Definition, Node, Source};
use super::function::{Function, Surroundings};
use super::html::Page;
use super::limit::{Bounded, RENDER_DEPTH_MAX, STEPS_MAX, Why};
use super::print;
use super::{Definitions, TemplateError, Value};

/// Where the outcome goes, and how it is escaped on the way.
#[derive(Debug)]
pub(super) enum Sink {
    /// Everything as it is.
    Text(Bounded),
    /// Values escaped for where they stand.
    Html(Page),
}

impl Sink {
    fn literal(&mut self, text: &str) -> Result<(), Why> {
        match self {
            Self::Text(out) => out.push_str(text),
            Self::Html(page) => page.literal(text),
        }
    }

    fn value(&mut self, value: &Value, last: Option<Function>) -> Result<(), Why> {
        match (self, value) {
            (Self::Text(out), Value::Nil) => out.push_str("<no value>"),
            (Self::Text(out), value) => print::write(value, out),
            (Self::Html(page), value) => page.value(value, last),
        }
    }

    fn into_string(self) -> String {
        match self {
            Self::Text(out) => out.into_string(),
            Self::Html(page) => page.into_string(),
        }
    }
}

/// Renders a template.
pub(super) fn render(
    root: &Definition,
    own: &Definitions,
    library: &Definitions,
    around: Surroundings<'_>,
    sink: Sink,
) -> Result<String, TemplateError> {
    let mut evaluator = Evaluator {
        own,
        library,
        around,
        sink,
        source: &root.source,
        variables: vec![("$", around.data.clone())],
        steps: 0,
        depth: 0,
    };
    evaluator.nodes(&root.nodes, around.data)?;
    Ok(evaluator.sink.into_string())
}

/// What comes after a node: the next one, or the end of the loop's turn or of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Continue,
    Break,
}

struct Evaluator<'a> {
    own: &'a Definitions,
    library: &'a BTreeMap<String, Arc<Definition>>,
    around: Surroundings<'a>,
    sink: Sink,
    /// The text that is evaluated; errors point into it.
    source: &'a Source,
    /// Variables in scope, inner ones last.
    variables: Vec<(&'a str, Value)>,
    steps: usize,
    depth: usize,
}

impl<'a> Evaluator<'a> {
    fn fault(&self, at: usize, why: impl Into<Why>) -> TemplateError {
        self.source.error(at, why)
    }

    fn spend(&mut self, steps: usize, at: usize) -> Result<(), TemplateError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps <= STEPS_MAX {
            return Ok(());
        }
        Err(self.fault(at, format!("the template takes more than {STEPS_MAX} steps")))
    }

    fn deeper(&mut self, at: usize) -> Result<(), TemplateError> {
        self.depth += 1;
        if self.depth <= RENDER_DEPTH_MAX {
            return Ok(());
        }
        let why = format!("templates and blocks nest deeper than {RENDER_DEPTH_MAX}");
        Err(self.fault(at, why))
    }

    fn nodes(&mut self, nodes: &'a [Node], dot: &Value) -> Result<Flow, TemplateError> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &'a Node, dot: &Value) -> Result<Flow, TemplateError> {
        match node {
            Node::Text { at, text } => {
                self.spend(1, *at)?;
                self.sink.literal(text).map_err(|why| self.fault(*at, why))?;
            }
            Node::Action(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if matches!(pipe.binding, Binding::None) {
                    let last = pipe.last_function();
                    self.sink.value(&value, last).map_err(|why| self.fault(pipe.at, why))?;
                }
            }
            Node::If(branch) => return self.branch(branch, dot, false),
            Node::With(branch) => return self.branch(branch, dot, true),
            Node::Range(branch) => return self.range(branch, dot),
            Node::Call { at, name, dot: argument } => {
                let argument = match argument {
                    Some(pipe) => self.pipe(pipe, dot)?,
                    None => Value::Nil,
                };
                self.call(*at, name, &argument)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// `if`, and `with`, which makes the value the dot.
    fn branch(
        &mut self,
        branch: &'a Branch,
        dot: &Value,
        moves_dot: bool,
    ) -> Result<Flow, TemplateError> {
        self.deeper(branch.at)?;
        let scope = self.variables.len();
        let value = self.pipe(&branch.pipe, dot)?;
        let flow = if !value.is_true() {
            self.nodes(&branch.otherwise, dot)?
        } else if moves_dot {
            self.nodes(&branch.then, &value)?
        } else {
            self.nodes(&branch.then, dot)?
        };
        self.variables.truncate(scope);
        self.depth -= 1;
        Ok(flow)
    }

    fn range(&mut self, branch: &'a Branch, dot: &Value) -> Result<Flow, TemplateError> {
        self.deeper(branch.at)?;
        let scope = self.variables.len();
        let over = self.range_pipe(&branch.pipe, dot)?;
        let mut items = items(&over).map_err(|why| self.fault(branch.pipe.at, why))?.peekable();
        let mut flow = Flow::Next;
        if items.peek().is_none() {
            flow = self.nodes(&branch.otherwise, dot)?;
        }
        for (key, item) in items {
            self.spend(1, branch.at)?;
            self.bind_turn(&branch.pipe.binding, key, &item);
            let turn = self.nodes(&branch.then, &item)?;
            self.variables.truncate(scope);
            if turn == Flow::Break {
                break;
            }
        }
        self.variables.truncate(scope);
        self.depth -= 1;
        Ok(flow)
    }

    /// Gives a turn's key and item to the variables of the `range`.
    fn bind_turn(&mut self, binding: &'a Binding, key: Value, item: &Value) {
        let values = match binding.names() {
            [] => return,
            [_] => vec![item.clone()],
            _ => vec![key, item.clone()],
        };
        match binding {
            Binding::None => {}
            Binding::Declare(names) => {
                self.variables.extend(names.iter().map(|name| &**name).zip(values));
            }
            Binding::Assign(names) => {
                for (name, value) in names.iter().zip(values) {
                    self.assign(name, value);
                }
            }
        }
    }

    fn call(&mut self, at: usize, name: &str, dot: &Value) -> Result<(), TemplateError> {
        self.deeper(at)?;
        self.spend(1, at)?;
        let (own, library) = (self.own, self.library);
        let Some(definition) = own.get(name).or_else(|| library.get(name)) else {
            return Err(self.fault(at, format!("there is no template {name:?}")));
        };
        let source = std::mem::replace(&mut self.source, &definition.source);
        let variables = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        self.nodes(&definition.nodes, dot)?;
        (self.source, self.variables) = (source, variables);
        self.depth -= 1;
        Ok(())
    }
}

/// Every key of a value with its item, in the order in which a `range` walks them.
fn items(value: &Value) -> Result<Box<dyn Iterator<Item = (Value, Value)> + '_>, Why> {
    Ok(match value {
        Value::Nil => Box::new(std::iter::empty()),
        Value::Int(count) => Box::new((0..*count).map(|i| (Value::Int(i), Value::Int(i)))),
        Value::List(items) | Value::Alerts(items) => {
            Box::new(items.iter().enumerate().map(|(i, item)| (Value::from(i), item.clone())))
        }
        Value::Map(fields) => {
            Box::new(fields.iter().map(|(name, item)| (Value::from(name.as_str()), item.clone())))
        }
        Value::Kv(labels) => {
            Box::new(labels.iter().map(|(name, item)| (Value::from(name), Value::from(item))))
        }
        Value::Pairs(pairs) => Box::new(
            pairs
                .iter()
                .enumerate()
                .map(|(i, (name, item))| (Value::from(i), Value::pair(name, item))),
        ),
        Value::Bool(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Html(_)
        | Value::Url(_)
        | Value::Time(_)
        | Value::Zoned(..)
        | Value::Duration(_) => {
            return Err(format!("range cannot walk {}", value.type_name()).into());
        }
    })
}
