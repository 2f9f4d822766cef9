//! SQL as it is typed: the loop of prompt, statement and answer.
//!
//! Owns how a line is typed ([`input`], with [`complete`] and [`highlight`]). What is done with it is the [`Session`]'s.

mod complete;
mod highlight;
mod input;
mod scope;

use std::sync::Arc;

use self::input::{Input, Line, history_file};
use super::args::Args;
use super::failure::{self, USAGE};
use super::session::{Names, Session, Stop};
use crate::cli::terminal::say;
use crate::engine::Engine;

/// Reads and answers until the user quits.
pub(super) async fn run(args: Args) -> u8 {
    let (engine, _demo) = match super::engine(&args).await {
        Ok(engine) => engine,
        Err(error) => {
            say(failure::text(&error, None));
            return failure::code(&error).max(USAGE);
        }
    };
    let mut session = match Session::typed(&args, engine) {
        Ok(session) => session,
        Err(error) => {
            say(failure::text(&error, None));
            return USAGE;
        }
    };
    greet(session.engine());
    let mut input = Input::start(history_file());
    loop {
        let names = Arc::new(Names::of(session.engine()).await);
        match input.line(names).await {
            Line::Text(text) => {
                if session.run(&text).await == Err(Stop::Quit) {
                    break;
                }
            }
            Line::Interrupted => {}
            Line::End => break,
            Line::Broken(message) => {
                say(format_args!("error: {message}"));
                return USAGE;
            }
        }
    }
    if session.finish().is_ok() { 0 } else { USAGE }
}

fn greet(engine: &Engine) {
    let sources: Vec<&str> = engine.sources().keys().map(String::as_str).collect();
    let sources = match sources.as_slice() {
        [] => "no source is configured; \\sources lists what there could be".to_owned(),
        sources => format!("sources: {}", sources.join(", ")),
    };
    say(format_args!("sqluice {}, {sources}\n\\h for help, \\q to quit; a statement ends with ;", env!("CARGO_PKG_VERSION")));
}
