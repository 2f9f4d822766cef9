//! Lines from a terminal. The editor blocks, so it has a thread of its own, which waits to be asked for the next input.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::config::{Behavior, BellStyle};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper, Hinter};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::complete::complete;
use super::highlight::highlight;
use crate::cli::session::Names;
use crate::cli::session::steps::steps;

const PROMPT: (&str, &str) = ("sqluice> ", "\x1b[1msqluice>\x1b[0m ");

/// Inputs that are remembered.
const REMEMBERED: usize = 10_000;

/// What came from the terminal.
#[derive(Debug)]
pub(super) enum Line {
    Text(String),
    /// Ctrl-C: whatever was typed is dropped.
    Interrupted,
    /// Ctrl-D.
    End,
    /// The terminal can't be read.
    Broken(String),
}

/// The editor's other side.
#[derive(Debug)]
pub(super) struct Input {
    asks: Sender<Arc<Names>>,
    lines: UnboundedReceiver<Line>,
}

impl Input {
    /// Starts the editor. What was typed in earlier sessions is read from the history, if there is to be one.
    pub(super) fn start(history: Option<PathBuf>) -> Self {
        let (asks, asked) = channel();
        let (answers, lines) = unbounded_channel();
        std::thread::spawn(move || edit(history.as_deref(), &asked, &answers));
        Self { asks, lines }
    }

    /// Asks for the next input, with the names that completion offers.
    pub(super) async fn line(&mut self, names: Arc<Names>) -> Line {
        if self.asks.send(names).is_err() {
            return Line::Broken("the editor has ended".to_owned());
        }
        self.lines.recv().await.unwrap_or_else(|| Line::Broken("the editor has ended".to_owned()))
    }
}

/// Where inputs are remembered: in the user's data folder.
pub(super) fn history_file() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let folder = etcetera::choose_base_strategy().ok()?.data_dir().join("sqluice");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

fn edit(history: Option<&Path>, asked: &Receiver<Arc<Names>>, answers: &UnboundedSender<Line>) {
    let mut editor = match editor(history) {
        Ok(editor) => editor,
        Err(error) => {
            let _ = answers.send(Line::Broken(error.to_string()));
            return;
        }
    };
    for names in asked {
        editor.set_helper(Some(Assistant { names, files: FilenameCompleter::new() }));
        let line = match editor.readline(&PROMPT) {
            Ok(text) => {
                remember(&mut editor, history, &text);
                Line::Text(text)
            }
            Err(ReadlineError::Interrupted) => Line::Interrupted,
            Err(ReadlineError::Eof) => Line::End,
            Err(error) => Line::Broken(error.to_string()),
        };
        if answers.send(line).is_err() {
            return;
        }
    }
}

fn editor(history: Option<&Path>) -> rustyline::Result<Editor<Assistant, FileHistory>> {
    let config = Config::builder()
        .max_history_size(REMEMBERED)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .bell_style(BellStyle::None)
        // Standard output may be a file or a pipe; the prompt is for the terminal.
        .behavior(Behavior::PreferTerm)
        .build();
    let mut editor = Editor::with_config(config)?;
    if let Some(file) = history {
        // There is none before the first session.
        let _ = editor.load_history(file);
    }
    Ok(editor)
}

fn remember(editor: &mut Editor<Assistant, FileHistory>, history: Option<&Path>, text: &str) {
    let added = editor.add_history_entry(text.trim_end()).unwrap_or(false);
    if let (true, Some(file)) = (added, history)
        && let Err(error) = editor.append_history(file)
    {
        tracing::debug!(%error, "the history can't be written");
    }
}

/// What the editor asks while a line is typed.
#[derive(Helper, Hinter)]
struct Assistant {
    names: Arc<Names>,
    files: FilenameCompleter,
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let completion = complete(&self.names, line, cursor);
        if completion.file {
            return self.files.complete_path(line, cursor);
        }
        let pairs = completion.candidates.into_iter().map(|text| Pair { display: text.clone(), replacement: text });
        Ok((completion.start, pairs.collect()))
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Owned(highlight(line))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if steps(context.input()).ended { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}
