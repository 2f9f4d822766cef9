//! `\watch`: a statement is run over and over.

use std::pin::pin;
use std::sync::Arc;

use chrono::Local;
use tokio::time::{MissedTickBehavior, interval};

use super::command::Watch;
use super::{Session, Stop};
use crate::cli::progress;
use crate::cli::terminal::say;

impl Session {
    /// Runs the statement, or the last one, until its count is reached, it fails, or Ctrl-C is pressed.
    pub(super) async fn watch(&mut self, watch: Watch, sql: Option<String>, line: usize) -> Result<(), Stop> {
        let Some(sql) = self.or_last(sql) else {
            return self.mistaken(line, "there is no last statement yet; write SELECT … \\watch");
        };
        if !self.typed && watch.count.is_none() {
            return self.mistaken(line, "nobody is here to press Ctrl-C; write \\watch c=COUNT");
        }
        // Heard between two runs, too.
        let interrupts = Arc::clone(&self.interrupts);
        let mut interrupted = pin!(interrupts.notified());
        interrupted.as_mut().enable();
        let mut ticks = interval(watch.every);
        // After a run that took longer than that, the next one begins at once, and the one after it in time.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut left = watch.count;
        while left != Some(0) {
            tokio::select! {
                biased;
                () = &mut interrupted => {
                    progress::clear();
                    return Err(Stop::Interrupted);
                }
                _ = ticks.tick() => {}
            }
            say(format_args!("{} (every {} s)", Local::now().format("%Y-%m-%d %H:%M:%S %:z"), watch.every.as_secs_f64()));
            self.statement(sql.clone(), line).await?;
            left = left.map(|left| left - 1);
        }
        Ok(())
    }
}
