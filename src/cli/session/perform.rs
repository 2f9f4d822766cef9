//! What the backslash commands do.

use datafusion::common::{DataFusionError, Result, ScalarValue};

use super::command::{COMMANDS, Command};
use super::names::Names;
use super::{Session, Stop, describe, lex, names};
use crate::cli::args::{Format, Rows};
use crate::cli::layout::{Expanded, wrapped};
use crate::cli::output::{Output, Style, screen};
use crate::cli::terminal::{say, tell};
use crate::cli::{execute, failure};

/// Columns for lists that go to no terminal.
const USUAL_WIDTH: usize = 120;

impl Session {
    /// Does what a command says. The error is for whoever typed it.
    pub(super) async fn command(&mut self, command: Command) -> Result<(), String> {
        let width = screen().unwrap_or(USUAL_WIDTH);
        let in_words = |error: DataFusionError| failure::text(&error, None).trim_start_matches("error: ").to_owned();
        match command {
            Command::Describe(name) => {
                let names = Names::of(&self.engine).await;
                show(&describe::describe(&self.engine, &names, name.as_deref(), width).await?);
            }
            Command::Sources => {
                let names = Names::of(&self.engine).await;
                show(&describe::sources(&self.engine, &names, width).await.map_err(in_words)?);
            }
            Command::Requests => {
                let mark = self.last.as_ref().map_or_else(|| self.engine.requests().last(), |(_, mark)| *mark);
                show(&describe::requests(&self.engine.requests().after(mark), width));
            }
            Command::Timing(on) => {
                self.timing = on.unwrap_or(!self.timing);
                say(format_args!("timing is {}", if self.timing { "on" } else { "off" }));
            }
            Command::Format(format) => {
                self.style.format = format.or(self.style.format);
                self.restyle().map_err(in_words)?;
                say(format_args!("format is {}", self.style.format()));
            }
            Command::Expanded(expanded) => {
                let other = if self.style.expanded == Expanded::On { Expanded::Auto } else { Expanded::On };
                self.style.expanded = expanded.unwrap_or(other);
                self.restyle().map_err(in_words)?;
                say(format_args!("expanded is {}", word(self.style.expanded)));
            }
            Command::MaxRows(rows) => {
                self.style.rows = rows.or(self.style.rows);
                self.restyle().map_err(in_words)?;
                say(format_args!("maxrows is {}", self.style.most().map_or_else(|| "all".to_owned(), |most| most.to_string())));
            }
            Command::Show => show(&self.settings(width)),
            // A setting has a dot in its name; a parameter has none.
            Command::Set(name, value) if name.contains('.') => {
                let sql = format!("SET {name} = '{}'", value.replace('\'', "''"));
                self.engine.sql(&sql).await.map_err(in_words)?;
            }
            Command::Set(name, value) => drop(self.params.insert(name, ScalarValue::Utf8(Some(value)))),
            Command::Unset(name) => {
                if self.params.remove(&name).is_none() {
                    return Err(format!("${name} has no value"));
                }
            }
            Command::Help => {
                let lines: Vec<Vec<String>> =
                    COMMANDS.iter().map(|(name, arguments, purpose)| vec![format!("{name} {arguments}"), (*purpose).to_owned()]).collect();
                show(&wrapped(&["Command", "What it does"], &lines, width));
                show(
                    "Everything else is SQL and ends with ;\nTab completes. Ctrl-C stops a query or drops what was typed, Ctrl-D quits, Ctrl-R searches the history.",
                );
            }
            // These are the loop's own.
            Command::Explain(_) | Command::Include(_) | Command::Output(_) | Command::Watch(_) | Command::Quit => {}
        }
        Ok(())
    }

    /// Standard output that holds several results shows the next ones as it is asked to from here on.
    fn restyle(&mut self) -> Result<()> {
        if let Some(output) = self.held.take_if(|output| output.place().is_none()) {
            output.finish()?;
            self.held = Some(Output::open(&self.style)?);
        }
        Ok(())
    }

    /// Shows a plan on the screen, wherever results go.
    pub(super) async fn explain(&self, sql: Option<String>, line: usize) -> Result<(), Stop> {
        let last = || Some(lex::without_explain(&self.last.as_ref()?.0).to_owned());
        let Some(sql) = sql.or_else(last) else {
            return self.mistaken(line, "write \\explain SQL; there is no last query yet");
        };
        let known = sql.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("EXPLAIN"));
        let sql = if known { sql } else { format!("EXPLAIN {}", sql.trim().trim_end_matches(';')) };
        let style = Style { format: Some(Format::Table), rows: Some(Rows::All), ..self.style.clone() };
        let plan = async {
            let mut output = Output::open(&style)?;
            execute(&self.engine, &sql, &self.params, false, self.visible, &mut output).await
        };
        match self.unless_interrupted(plan).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => self.failed(line, &error, &sql).await,
            None => Err(Stop::Interrupted),
        }
    }

    fn settings(&self, width: usize) -> String {
        let on = |flag: bool| if flag { "on" } else { "off" }.to_owned();
        let most = self.style.most().map_or_else(|| "all".to_owned(), |most| most.to_string());
        let mut lines = vec![
            ("\\format".to_owned(), self.style.format().to_string()),
            ("\\maxrows".to_owned(), most),
            ("\\timing".to_owned(), on(self.timing)),
            ("\\x".to_owned(), word(self.style.expanded).to_owned()),
        ];
        let held = self.held.as_ref().and_then(Output::place);
        lines.extend(held.map(|file| ("\\o".to_owned(), file.display().to_string())));
        let mut params: Vec<_> = self.params.iter().map(|(name, value)| (format!("${name}"), value.to_string())).collect();
        params.sort();
        lines.extend(params);
        lines.extend(names::settings(&self.engine));
        let lines: Vec<Vec<String>> = lines.into_iter().map(|(name, value)| vec![name, value]).collect();
        wrapped(&["Name", "Value"], &lines, width)
    }
}

fn word(expanded: Expanded) -> &'static str {
    match expanded {
        Expanded::Auto => "auto",
        Expanded::On => "on",
        Expanded::Off => "off",
    }
}

/// Writes what a command answers.
fn show(text: &str) {
    tell(text);
}
