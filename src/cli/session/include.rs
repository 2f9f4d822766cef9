//! `\i` and `\ir`: a file is run as if it were typed.

use std::path::{Path, PathBuf};

use super::command::Include;
use super::{Session, Stop};

/// Files that may include one another, the first one counted.
const DEPTH: usize = 16;

impl Session {
    /// Runs a file up to its end, its `\q` or the first mistake.
    pub(super) async fn include(&mut self, include: &Include, line: usize) -> Result<(), Stop> {
        let file = self.beside(include);
        if self.files.len() == DEPTH {
            let chain: Vec<String> = self.files.iter().chain([&file]).map(|file| file.display().to_string()).collect();
            return self.mistaken(line, &format!("files include one another {DEPTH} deep: {}", chain.join(" > ")));
        }
        match std::fs::read_to_string(&file) {
            Ok(text) => self.file(file, &text).await,
            Err(error) => self.mistaken(line, &unreadable(&file, &error)),
        }
    }

    /// Runs the text of a file.
    pub(in super::super) async fn file(&mut self, file: PathBuf, text: &str) -> Result<(), Stop> {
        self.files.push(file);
        let result = self.run(text).await;
        self.files.pop();
        match result {
            // It ends the file, as elsewhere.
            Err(Stop::Quit) => Ok(()),
            result => result,
        }
    }

    fn beside(&self, include: &Include) -> PathBuf {
        let folder = self.files.last().filter(|_| include.beside).and_then(|file| file.parent());
        folder.map_or_else(|| include.file.clone(), |folder| folder.join(&include.file))
    }
}

pub(in super::super) fn unreadable(file: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", file.display())
}
