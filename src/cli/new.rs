//! `sqluice new`: the files of a source of one's own, proposed from a sample answer.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use datafusion::common::{DataFusionError, Result};

use super::args::{Args, New};
use super::failure::{self, USAGE};
use super::terminal::{say, tell};
use super::{file, prompt, session};
use crate::propose::{Answered, Draft, Proposal, Wish};

/// Proposes, and writes or prints what is proposed.
pub(super) async fn run(args: &Args, new: &New) -> u8 {
    match proposed(args, new).await {
        Ok(()) => 0,
        Err(error) => {
            say(failure::text(&error, None));
            failure::code(&error).max(USAGE)
        }
    }
}

async fn proposed(args: &Args, new: &New) -> Result<()> {
    let folder = folder(args, new)?;
    let draft = Draft::new(&Wish {
        source: new.name.clone(),
        table: new.table.clone(),
        url: new.from_url.clone(),
        rows: new.rows.clone(),
        headers: new.header.clone(),
        token_env: new.token_env.clone(),
    })?;
    if !new.dry_run {
        draft.fits_into(&folder)?;
    }
    let answered = if let Some(file) = &new.from_file {
        Answered::from_file(file)?
    } else {
        let mut config = file(args)?;
        config.sources.retain(|name, _| *name == new.name);
        prompt::fill_in(&mut config).await?;
        draft.ask(config, args.record.as_deref()).await?
    };
    let proposal = draft.propose(&answered)?;
    for warning in &proposal.warnings {
        say(format_args!("warning: {warning}"));
    }
    let own = folder.join(&proposal.source);
    if new.dry_run {
        for (name, text) in &proposal.files {
            tell(format_args!("# {}\n{text}", shown(&own.join(name)).display()));
        }
    } else {
        proposal.write(&folder)?;
        tell(told(&proposal, shown(&own)).trim_end());
    }
    Ok(())
}

/// The folder of sources that gets the new one.
fn folder(args: &Args, new: &New) -> Result<PathBuf> {
    match (&new.output, args.tables.as_slice()) {
        (Some(folder), _) | (None, [folder]) => Ok(folder.clone()),
        (None, []) => Ok(PathBuf::from(".")),
        (None, _) => Err(DataFusionError::Configuration("there are several folders with --tables; name one with -o".to_owned())),
    }
}

/// What was written, and what to do with it.
fn told(proposal: &Proposal, folder: &Path) -> String {
    let Proposal { source, table, rows, columns, .. } = proposal;
    let count = |number: usize, one: &str| if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") };
    let files: Vec<String> = proposal.files.iter().map(|(name, _)| folder.join(name).display().to_string()).collect();
    let (files, rows, columns) = (files.join(" and "), count(*rows, "row"), count(*columns, "column"));
    let folder = argument(&folder.display().to_string()).into_owned();
    let query = format!("SELECT * FROM {} LIMIT 10", session::full(source, table));
    format!(
        "written: {files} ({columns}, from {rows})\nread the files, then:\n  sqluice --tables {folder} -c {}\n  sqluice check {source} --table {table} --live --tables {folder}\n",
        argument(&query)
    )
}

/// A path as one would type it.
fn shown(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

/// A text as one argument in a shell.
fn argument(text: &str) -> Cow<'_, str> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+=,".contains(letter);
    if !text.is_empty() && text.chars().all(plain) { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_next_can_be_pasted() {
        let proposal = Proposal {
            source: "shop".to_owned(),
            table: "order".to_owned(),
            files: vec![("source.yaml".to_owned(), String::new()), ("order.yaml".to_owned(), String::new())],
            rows: 1,
            columns: 2,
            warnings: Vec::new(),
        };
        let text = told(&proposal, Path::new("my tables/shop"));
        assert!(text.starts_with("written: my tables/shop/source.yaml and my tables/shop/order.yaml (2 columns, from 1 row)\n"), "{text}");
        assert!(text.contains("  sqluice --tables 'my tables/shop' -c 'SELECT * FROM shop.\"order\" LIMIT 10'\n"), "{text}");
        assert_eq!(argument("it's"), r"'it'\''s'");
    }
}
