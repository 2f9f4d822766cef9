//! Files at the head of the default branch: trees, blobs, contents.
//!
//! Trees have no history here: every branch, tag and commit shows the same files.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::call::{Answer, Content, Reply};
use super::code::resolve;
use super::data::{File, Repository};
use super::render::{node, repository_page, repository_url};
use super::route::Place;

/// Larger files come without content, except as blobs.
const LARGEST_CONTENT: usize = 1 << 20;
/// What may stand in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands in a tree: a file, or a folder.
enum Entry<'a> {
    File(&'a File),
    Folder,
}

/// Everything in a repository by path, folders too.
fn entries(repository: &Repository) -> BTreeMap<&str, Entry<'_>> {
    let mut entries = BTreeMap::new();
    for file in &repository.files {
        for (at, _) in file.path.match_indices('/') {
            entries.insert(&file.path[..at], Entry::Folder);
        }
        entries.insert(file.path.as_str(), Entry::File(file));
    }
    entries
}

/// A made-up hash for a folder, always the same.
fn folder_sha(repository: &Repository, path: &str) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (repository.id, path, salt).hash(&mut hasher);
        hasher.finish()
    };
    let sha = format!("{:016x}{:016x}{:016x}", half(1), half(2), half(3));
    sha[..40].to_owned()
}

/// `GET /repos/{owner}/{repo}/git/trees/{tree_sha}`: of a branch, tag, commit or tree; with `recursive` all below it.
pub(super) fn tree(place: &Place, name: &str) -> Answer {
    place.needs_commits()?;
    let (call, row) = (place.call, place.repository);
    let entries = entries(row);
    // Known by the hash of a folder, or as the root.
    let folder =
        entries.iter().find(|(path, entry)| matches!(entry, Entry::Folder) && folder_sha(row, path) == name).map(|(path, _)| *path);
    let root = folder_sha(row, "");
    let commit = resolve(row, name).or_else(|| row.commits.iter().position(|commit| commit.tree == name));
    if folder.is_none() && name != root && commit.is_none() {
        return Err(Reply::not_found());
    }
    let prefix = folder.map(|path| format!("{path}/")).unwrap_or_default();
    // Any value counts, but not the bare name.
    let recursive = call.parameter("recursive").is_some() && call.query_text().contains("recursive=");
    let base = repository_url(call.app, row);
    let mut rows: Vec<Value> = entries
        .iter()
        .filter_map(|(path, entry)| Some((path.strip_prefix(prefix.as_str())?, path, entry)))
        .filter(|(below, _, _)| recursive || !below.contains('/'))
        .map(|(below, path, entry)| match entry {
            Entry::File(file) => json!({
                "path": below,
                "mode": file.mode,
                "type": "blob",
                "sha": file.sha,
                "size": file.content.len(),
                "url": format!("{base}/git/blobs/{}", file.sha),
            }),
            Entry::Folder => {
                let sha = folder_sha(row, path);
                json!({"path": below, "mode": "040000", "type": "tree", "sha": sha, "url": format!("{base}/git/trees/{sha}")})
            }
        })
        .collect();
    let truncated = rows.len() > call.app.options.tree_limit;
    rows.truncate(call.app.options.tree_limit);
    let sha = match (folder, commit) {
        (Some(path), _) => folder_sha(row, path),
        (None, Some(at)) => row.commits[at].tree.clone(),
        (None, None) => root,
    };
    Ok(Reply::json(json!({"sha": sha, "url": format!("{base}/git/trees/{sha}"), "tree": rows, "truncated": truncated})))
}

/// `GET /repos/{owner}/{repo}/git/blobs/{file_sha}`
pub(super) fn blob(place: &Place, sha: &str) -> Answer {
    place.needs_commits()?;
    let (call, row) = (place.call, place.repository);
    if sha.len() != 40 || !sha.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        let message = "The sha parameter must be exactly 40 characters and contain only [0-9a-f].";
        return Err(Reply::refusal(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    let file = row.files.iter().find(|file| file.sha == sha).ok_or_else(Reply::not_found)?;
    if call.accepts("raw") {
        return Ok(Reply::new(StatusCode::OK, Content::Other("text/plain; charset=utf-8", file.content.clone())));
    }
    Ok(Reply::json(json!({
        "sha": sha,
        "node_id": node("B", sha),
        "size": file.content.len(),
        "url": format!("{}/git/blobs/{sha}", repository_url(call.app, row)),
        "content": lines(&file.content),
        "encoding": "base64",
    })))
}

/// Base64 in lines of sixty characters, each ended, as git's people like it.
fn lines(content: &[u8]) -> String {
    let encoded = STANDARD.encode(content);
    let mut text = String::with_capacity(encoded.len() + encoded.len() / 60 + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(60));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text
}

/// `GET /repos/{owner}/{repo}/contents/{path}`: a file, or what a folder holds.
pub(super) fn contents(place: &Place, path: &str) -> Answer {
    let (call, row) = (place.call, place.repository);
    if row.commits.is_empty() {
        return Err(Reply::refusal(StatusCode::NOT_FOUND, "This repository is empty."));
    }
    let name = call.filled("ref").unwrap_or(row.default_branch);
    if resolve(row, name).is_none() {
        return Err(Reply::refusal(StatusCode::NOT_FOUND, &format!("No commit found for the ref {name}")));
    }
    let entries = entries(row);
    match entries.get(path) {
        Some(Entry::File(file)) if call.accepts("raw") => {
            Ok(Reply::new(StatusCode::OK, Content::Other("application/vnd.github.raw; charset=utf-8", file.content.clone())))
        }
        Some(Entry::File(file)) => Ok(Reply::json(file_with_content(place, file, name))),
        None if !path.is_empty() => Err(Reply::not_found()),
        _ => {
            let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
            let inside = entries.iter().filter(|(path, _)| path.strip_prefix(prefix.as_str()).is_some_and(|rest| !rest.contains('/')));
            let rows = inside.map(|(path, entry)| match entry {
                Entry::File(file) => {
                    entry_of(place, path, &file.sha, if is_link(file) { "symlink" } else { "file" }, file.content.len(), name)
                }
                Entry::Folder => entry_of(place, path, &folder_sha(row, path), "dir", 0, name),
            });
            Ok(Reply::json(rows.collect()))
        }
    }
}

fn is_link(file: &File) -> bool {
    file.mode == "120000"
}

fn entry_of(place: &Place, path: &str, sha: &str, kind: &str, size: usize, name: &str) -> Value {
    let (app, row) = (place.call.app, place.repository);
    let (base, page) = (repository_url(app, row), repository_page(app, row));
    let sent = utf8_percent_encode(path, PATH).to_string();
    let url = format!("{base}/contents/{sent}?ref={name}");
    let git = format!("{base}/git/{}/{sha}", if kind == "dir" { "trees" } else { "blobs" });
    let html = format!("{page}/{}/{name}/{sent}", if kind == "dir" { "tree" } else { "blob" });
    let download = (kind != "dir").then(|| format!("https://raw.githubusercontent.com/{}/{}/{name}/{sent}", place.owner(), row.name));
    json!({
        "type": kind,
        "size": size,
        "name": path.rsplit('/').next(),
        "path": path,
        "sha": sha,
        "url": url,
        "git_url": git,
        "html_url": html,
        "download_url": download,
        "_links": {"self": url, "git": git, "html": html},
    })
}

fn file_with_content(place: &Place, file: &File, name: &str) -> Value {
    // A link to another file shows that file.
    let target = String::from_utf8_lossy(&file.content);
    let shown = if is_link(file) { place.repository.files.iter().find(|other| other.path == *target).unwrap_or(file) } else { file };
    let mut body = entry_of(place, &shown.path, &shown.sha, "file", shown.content.len(), name);
    let small = shown.content.len() <= LARGEST_CONTENT;
    body["encoding"] = json!(if small { "base64" } else { "none" });
    body["content"] = json!(if small { lines(&shown.content) } else { String::new() });
    body
}
