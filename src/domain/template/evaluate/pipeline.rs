//! Evaluates pipelines, commands and operands.

use super::super::ast::{Binding, Command, Operand, Pipe, Term};
use super::super::field::field;
use super::super::function::Function;
use super::super::{TemplateError, Value};
use super::Evaluator;

/// How many bytes of text count as one step.
const BYTES_PER_STEP: usize = 64;
/// How many items of a list count as one step.
const ITEMS_PER_STEP: usize = 8;

impl Pipe {
    /// The function that the pipeline ends with.
    pub(super) fn last_function(&self) -> Option<Function> {
        let Term::Function(function) = self.commands.last()?.operand.term else { return None };
        Some(function)
    }
}

impl<'a> Evaluator<'a> {
    /// Evaluates a pipeline and gives its outcome to its variable.
    pub(super) fn pipe(&mut self, pipe: &'a Pipe, dot: &Value) -> Result<Value, TemplateError> {
        let value = self.range_pipe(pipe, dot)?;
        match &pipe.binding {
            Binding::None => {}
            Binding::Declare(names) => {
                self.variables.extend(names.iter().map(|name| (&**name, value.clone())));
            }
            Binding::Assign(names) => {
                for name in names {
                    self.assign(name, value.clone());
                }
            }
        }
        Ok(value)
    }

    /// Evaluates a pipeline whose variables change with every turn of a `range`.
    pub(super) fn range_pipe(
        &mut self,
        pipe: &'a Pipe,
        dot: &Value,
    ) -> Result<Value, TemplateError> {
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(command, dot, value)?);
        }
        Ok(value.unwrap_or_default())
    }

    pub(super) fn assign(&mut self, name: &str, value: Value) {
        // The parser has seen the declaration, so there is one.
        if let Some((_, held)) = self.variables.iter_mut().rev().find(|(held, _)| *held == name) {
            *held = value;
        }
    }

    fn command(
        &mut self,
        command: &'a Command,
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value, TemplateError> {
        let Command { operand, arguments } = command;
        self.spend(1, operand.at)?;
        if let Term::Function(function) = operand.term
            && operand.fields.is_empty()
        {
            return self.function(function, operand.at, arguments, dot, piped);
        }
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for argument in arguments {
            values.push(self.operand(argument, dot)?);
        }
        values.extend(piped);
        let Some((last, fields)) = operand.fields.split_last() else {
            if !values.is_empty() {
                let why = "this is neither function nor method, so it takes no arguments";
                return Err(self.fault(operand.at, why));
            }
            return self.term(operand, dot);
        };
        let mut value = self.term(operand, dot)?;
        for name in fields {
            value = self.field(operand.at, &value, name, &[])?;
        }
        self.field(operand.at, &value, last, &values)
    }

    fn function(
        &mut self,
        function: Function,
        at: usize,
        arguments: &'a [Operand],
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value, TemplateError> {
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for argument in arguments {
            let value = self.operand(argument, dot)?;
            let decided = (function == Function::And && !value.is_true())
                || (function == Function::Or && value.is_true());
            if decided {
                return Ok(value);
            }
            values.push(value);
        }
        values.extend(piped);
        let size: usize = values.iter().map(weight).sum();
        self.spend(function.steps() + size, at)?;
        function.call(&values, self.around).map_err(|why| self.fault(at, why))
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Value) -> Result<Value, TemplateError> {
        let mut value = self.term(operand, dot)?;
        for name in &operand.fields {
            value = self.field(operand.at, &value, name, &[])?;
        }
        Ok(value)
    }

    fn term(&mut self, operand: &'a Operand, dot: &Value) -> Result<Value, TemplateError> {
        Ok(match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil => Value::Nil,
            Term::Bool(truth) => Value::Bool(*truth),
            Term::Int(number) => Value::Int(*number),
            Term::Float(number) => Value::Float(*number),
            Term::Text(text) => Value::Text(text.clone()),
            Term::Variable(name) => {
                let held = self.variables.iter().rev().find(|(held, _)| *held == &**name);
                held.map(|(_, value)| value.clone()).unwrap_or_default()
            }
            Term::Function(function) => self.function(*function, operand.at, &[], dot, None)?,
            Term::Pipe(pipe) => {
                self.deeper(operand.at)?;
                let value = self.pipe(pipe, dot)?;
                self.depth -= 1;
                value
            }
        })
    }

    fn field(
        &mut self,
        at: usize,
        value: &Value,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, TemplateError> {
        self.spend(1 + weight(value), at)?;
        field(value, name, arguments).map_err(|why| self.fault(at, why))
    }
}

/// What looking at a value may cost, in steps.
fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Html(text) | Value::Url(text) => text.len() / BYTES_PER_STEP,
        Value::List(items) | Value::Alerts(items) => items.len() / ITEMS_PER_STEP,
        Value::Kv(labels) => labels.len() / ITEMS_PER_STEP,
        Value::Pairs(pairs) => pairs.len() / ITEMS_PER_STEP,
        Value::Map(_)
        | Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Time(_)
        | Value::Zoned(..)
        | Value::Duration(_) => 0,
    }
}
