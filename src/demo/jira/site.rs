//! What every handler sees: the rows, ways to find them, and the settings.

use std::collections::HashMap;
use std::sync::Arc;

use super::Options;
use super::data::Data;
use super::limits::Limits;

/// The site.
#[derive(Debug)]
pub(super) struct Site {
    /// The rows.
    pub data: Arc<Data>,
    /// Ways to find them.
    pub index: Index,
    /// What is left of windows.
    pub limits: Limits,
    /// The settings.
    pub options: Options,
    /// `http://127.0.0.1:PORT`
    pub base: String,
}

/// Ways to find rows.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// Issues that can be seen by what they can be called: id, key in lower case, former keys.
    names: HashMap<String, usize>,
    /// Labels in lower case, numbered.
    pub labels: HashMap<String, i64>,
    /// The numbers of each issue's labels.
    pub labels_of: Vec<Vec<i64>>,
    /// Sub-tasks of issues that can be seen.
    pub subtasks: HashMap<usize, Vec<usize>>,
}

impl Index {
    /// Finds the rows of the data.
    pub(super) fn new(data: &Data) -> Self {
        let mut index = Self { names: HashMap::new(), labels: HashMap::new(), labels_of: Vec::new(), subtasks: HashMap::new() };
        for (at, issue) in data.issues.iter().enumerate() {
            let mut labels = Vec::new();
            for label in &issue.labels {
                let next = i64::try_from(index.labels.len()).unwrap_or(i64::MAX);
                labels.push(*index.labels.entry(label.to_lowercase()).or_insert(next));
            }
            index.labels_of.push(labels);
            if data.projects[issue.project].archived {
                continue;
            }
            let names = [issue.id.to_string(), issue.key.to_lowercase()];
            index.names.extend(names.into_iter().chain(issue.old_keys.iter().map(|key| key.to_lowercase())).map(|name| (name, at)));
            if let Some(parent) = issue.parent.filter(|_| data.issue_types[issue.issue_type].level < 0) {
                index.subtasks.entry(parent).or_default().push(at);
            }
        }
        index
    }

    /// The issue of that id, key or former key, if it can be seen.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.get(&name.trim().to_lowercase()).copied()
    }
}
