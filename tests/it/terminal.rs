//! A program on a pseudo-terminal, whose screen is read.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use sqluice::demo::{github, jira};
use tempfile::TempDir;

use crate::common::World;

/// Nothing here takes as long, not even on a busy machine.
pub(crate) const LONG: Duration = Duration::from_mins(1);

pub(crate) const UP: &str = "\x1b[A";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";
pub(crate) const TAB: &str = "\t";
pub(crate) const ENTER: &str = "\r";

/// Emulators with a configuration that enters them, and a home for the history.
pub(crate) struct Desk {
    pub(crate) world: World,
    home: TempDir,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let (world, home) = (World::unrecorded().await, tempfile::tempdir().unwrap());
        let (github, jira) = (github::Options::default(), jira::Options::default());
        let config = format!(
            "[sources.github]\nbase_url = \"{}\"\ntoken = \"{}\"\norganization = \"{}\"\n\
             [sources.jira]\nsite = \"{}\"\nemail = \"{}\"\ntoken = \"{}\"\n",
            world.demo.github.server.url(),
            github.token,
            world.demo.company.organization,
            world.demo.jira.server.url(),
            jira.email,
            jira.token,
        );
        std::fs::write(home.path().join("sqluice.toml"), config).unwrap();
        Self { world, home }
    }

    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    /// Starts the program on a terminal and waits for its prompt.
    pub(crate) async fn start(&self, columns: u16) -> Terminal {
        self.start_as(columns, "exec \"$0\" --config sqluice.toml").await
    }

    pub(crate) async fn start_as(&self, columns: u16, script: &str) -> Terminal {
        let mut terminal = Terminal::start(columns, script, self.home.path());
        terminal.prompt().await;
        terminal
    }
}

pub(crate) struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    pub(crate) fn start(columns: u16, script: &str, folder: &Path) -> Self {
        let rows = 50;
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_sqluice")]);
        command.cwd(folder);
        for variable in ["GITHUB_TOKEN", "JIRA_API_TOKEN", "JIRA_SITE", "NO_COLOR", "SQLUICE_CONFIG", "SQLUICE_LOG"] {
            command.env_remove(variable);
        }
        command.env("TERM", "xterm-256color");
        command.env("HOME", folder);
        command.env("XDG_DATA_HOME", folder.join("data"));
        command.env("XDG_CONFIG_HOME", folder.join("config"));
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let size = |size: u16| NonZeroU16::new(size).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(rows), size(columns), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (seen, bytes) = (Arc::clone(&screen), Arc::clone(&raw));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                bytes.lock().unwrap().extend_from_slice(&buffer[..count]);
                seen.lock().unwrap().process(&buffer[..count]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { screen, raw, keys, child, _master: pair.master }
    }

    pub(crate) fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Everything that was ever written to the terminal.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.raw.lock().unwrap()).into_owned()
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the screen is as wanted, and returns it.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let contents = self.contents();
            if wanted(&contents) {
                return contents;
            }
            assert!(began.elapsed() < LONG, "no {what} on the screen:\n{contents}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn shows(&self, text: &str) -> String {
        self.until(text, |contents| contents.contains(text)).await
    }

    /// Waits for an empty prompt on the last line.
    pub(crate) async fn prompt(&mut self) -> String {
        self.until("prompt", |contents| contents.trim_end().ends_with("sqluice>")).await
    }

    /// Sends a line and returns what the screen shows between it and the next prompt.
    pub(crate) async fn answer(&mut self, line: &str) -> String {
        // Room for the answer.
        self.press("\x0c");
        self.until("empty screen", |contents| contents.trim() == "sqluice>").await;
        self.press(line);
        self.until(line, |contents| contents.replace('\n', "").ends_with(line.trim_end())).await;
        self.press(ENTER);
        let contents = self.until("answer", |contents| {
            contents.lines().count() > 1 && contents.lines().last().is_some_and(|line| line.trim_end() == "sqluice>")
        });
        let contents = contents.await;
        let lines: Vec<&str> = contents.lines().map(str::trim_end).collect();
        let first = lines.iter().position(|shown| !shown.is_empty() && !shown.starts_with("sqluice>")).unwrap_or(0);
        lines[first..lines.len() - 1].join("\n")
    }

    /// Waits for the program's end.
    pub(crate) async fn ends(mut self) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(began.elapsed() < LONG, "it goes on:\n{}", self.contents());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended, unless a test failed.
        let _ = self.child.kill();
    }
}
