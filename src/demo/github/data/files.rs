//! Files at the head of the default branch: sources, documents, vendored ones, pictures, a large one.

use super::File;
use super::random::sha;

const REGULAR: &str = "100644";

/// The files of a repository by path.
pub(super) fn files(index: usize, random: &mut fastrand::Rng) -> Vec<File> {
    let mut files = vec![
        text("README.md", format!("# Repository {index}\n\nPlans light. \"Quoted\" — naïve 💡\n")),
        text(".github/workflows/ci.yml", "on: [push, pull_request]\n".to_owned()),
        text("docs/Über uns.md", "Ein Dokument mit Leerzeichen und Umlaut im Namen.\n".to_owned()),
        text("docs/empty.txt", String::new()),
        text("src/main.rs", "fn main() {\n    println!(\"lux\");\n}\n".to_owned()),
        text("config/settings.toml", "[light]\nlux = 500\n".to_owned()),
        File { mode: "100755", ..text("scripts/build.sh", "#!/bin/sh\nset -e\ncargo build\n".to_owned()) },
        File { mode: "120000", ..text("LATEST", "docs/empty.txt".to_owned()) },
        binary("assets/logo.png", [b"\x89PNG\r\n\x1a\n".as_slice(), &bytes(random, 700)].concat()),
        // Text, but not in UTF-8.
        binary("docs/latin1.txt", b"Gr\xfc\xdfe aus der Leuchtenwerkstatt\r\n".to_vec()),
    ];
    let modules = if index == 0 { 120 } else { 6 + index % 9 };
    for module in 0..modules {
        let body = format!("//! Module {module}.\n\npub fn lux_{module}(x: f64) -> f64 {{\n    x * {}.0\n}}\n", random.u8(..));
        files.push(text(&format!("src/part{}/module_{module}.rs", module % 7), body));
    }
    for package in 0..if index.is_multiple_of(3) { 40 } else { 3 } {
        files.push(text(&format!("node_modules/left-pad-{package}/index.js"), "module.exports = 1;\n".to_owned()));
        files.push(text(&format!("vendor/github.com/acme/lib{package}/lib.go"), "package lib\n".to_owned()));
    }
    if index == 0 {
        let line = "2026-03-29T01:00:00Z,500,\"lux\"\n";
        files.push(text("data/measurements.csv", line.repeat(1_300_000 / line.len())));
    }
    for file in &mut files {
        file.sha = sha(random);
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn text(path: &str, content: String) -> File {
    binary(path, content.into_bytes())
}

fn binary(path: &str, content: Vec<u8>) -> File {
    File { path: path.to_owned(), sha: String::new(), mode: REGULAR, content }
}

fn bytes(random: &mut fastrand::Rng, count: usize) -> Vec<u8> {
    (0..count).map(|_| random.u8(..)).collect()
}
