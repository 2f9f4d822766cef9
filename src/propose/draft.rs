//! From a wish to a proposal: one call, and the text of two files.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use http::HeaderMap;
use serde_json::value::RawValue;

use super::columns::{Column, Columns, columns, snake_case};
use super::entry::Entry;
use super::paging::{Paging, paging};
use super::place::Place;
use super::sample::{self, Unfit};
use super::yaml::{comment, literal, scalar};
use super::{Proposal, Wish, configuration, is_free};
use crate::decode::PageDecoder;
use crate::engine::{Config, Engine, EngineBuilder};
use crate::http::{ApiError, CallContext, Client, ErrorKind, QueryStats, Reply};
use crate::spec::{self, Path};

/// Schemas that are no source.
const TAKEN: [&str; 3] = ["sqluice", "public", "information_schema"];

/// Characters of an answer that a message repeats.
const EXCERPT: usize = 120;

/// What is known of a source before its API was asked.
pub struct Draft {
    source: String,
    table: String,
    place: Place,
    entry: Entry,
    rows: String,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("source", &self.source).field("table", &self.table).finish_non_exhaustive()
    }
}

/// A sample answer.
#[derive(Clone)]
pub struct Answered {
    headers: HeaderMap,
    body: Bytes,
    status: Option<u16>,
    /// The request, or the file that stands for it.
    origin: String,
    /// Who asked, and knows what must not be shown.
    client: Option<Arc<Client>>,
}

/// An API may repeat what it was entered with.
impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").field("origin", &self.origin).field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answered {
    /// An answer that was kept in a file.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn from_file(file: &FilePath) -> Result<Self> {
        let body = std::fs::read(file).map_err(|error| configuration(format!("{} cannot be read: {error}", file.display())))?;
        let origin = format!("none; the sample is {}", file.display());
        Ok(Self { headers: HeaderMap::new(), body: body.into(), status: None, origin, client: None })
    }

    fn redact(&self, text: &str) -> String {
        self.client.as_ref().map_or_else(|| text.to_owned(), |client| client.redact(text))
    }

    /// The beginning of the answer, on one line.
    fn excerpt(&self) -> String {
        // Redacted before it is cut, so that no half of a secret is left.
        let start = String::from_utf8_lossy(&self.body[..self.body.len().min(1 << 16)]);
        let text = self.redact(&start).split_whitespace().collect::<Vec<_>>().join(" ");
        let cut = text.chars().take(EXCERPT).map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>();
        if cut.len() < text.len() { cut + "…" } else { cut }
    }
}

impl Draft {
    /// Reads a wish. Makes no call.
    ///
    /// # Errors
    /// Says what is wrong with it and what to write instead; repeats nothing that may be a secret.
    pub fn new(wish: &Wish) -> Result<Self> {
        let place = Place::read(&wish.url).map_err(configuration)?;
        let entry = Entry::read(wish.token_env.as_deref(), &wish.headers).map_err(configuration)?;
        let rows = Path::parse(&wish.rows).map_err(|message| configuration(format!("--rows {message}")))?;
        let source = plain("the source", &wish.source)?;
        let built_in = spec::built_in().map_err(|error| DataFusionError::External(Box::new(error)))?;
        if built_in.contains_key(&source) || TAKEN.contains(&source.as_str()) {
            return Err(configuration(format!("the name {source} is taken; call the source otherwise, such as my_{source}")));
        }
        let table = match &wish.table {
            Some(table) => Some(plain("the table", table)?),
            None => place.table().or_else(|| rows.0.iter().rev().find_map(named)),
        };
        let table = table.filter(|table| table != "source");
        let table = table.ok_or_else(|| configuration("the URL gives the table no name that it could have; name it with --table"))?;
        Ok(Self { source, table, place, entry, rows: wish.rows.clone() })
    }

    /// Names of the files in the source's folder.
    fn files(&self) -> [String; 2] {
        ["source.yaml".to_owned(), format!("{}.yaml", self.table)]
    }

    /// That the files can be written below a folder of tables: none of them is there, and the loader would find them.
    ///
    /// # Errors
    /// Names what is in the way.
    pub fn fits_into(&self, folder: &FilePath) -> Result<()> {
        if ["source.yaml", "source.yml"].iter().any(|name| folder.join(name).exists()) {
            return Err(configuration(format!("{} is the folder of a source itself; name the folder that holds it", folder.display())));
        }
        let files = self.files();
        is_free(&folder.join(&self.source), files.iter().map(String::as_str))
    }

    /// Makes the one call. How the source is entered beyond what the wish says (`ca_file`, `proxy`, …) is taken from its section of the
    /// configuration; with `record`, the exchange is written into that file.
    ///
    /// # Errors
    /// As any call to the source; nothing is repeated.
    pub async fn ask(&self, mut config: Config, record: Option<&FilePath>) -> Result<Answered> {
        config.sources.retain(|name, _| *name == self.source);
        let own = config.sources.entry(self.source.clone()).or_default();
        own.limits.get_or_insert_default().max_retries = Some(0);
        let file = (format!("{}/source.yaml", self.source), self.source_text());
        let builder = Engine::builder().config(config).table_files([file]).environment();
        let engine = record.into_iter().fold(builder, EngineBuilder::record).build()?;
        let client = engine.sources().get(&self.source).map(|source| Arc::clone(&source.client));
        let client = client.ok_or_else(|| configuration(format!("the source {} is not configured", self.source)))?;
        let request = self.place.request();
        let stats = QueryStats::new(None);
        let context = CallContext::new(&self.table, &client.spec().errors, &stats);
        let answer = match client.send(&request, &context).await {
            Ok(Reply::Page(answer)) => answer,
            Ok(Reply::Relax { error } | Reply::Split { error }) | Err(error) => return Err(self.refused(error)),
            Ok(Reply::Empty { reason }) => return Err(self.refused(ApiError::new(ErrorKind::NotFound, &self.source, &self.table, reason))),
        };
        let origin = client.redact(&format!("{request} ({})", self.place.host()));
        Ok(Answered { headers: answer.headers, body: answer.body, status: Some(answer.status), origin, client: Some(client) })
    }

    /// A refusal, with what can be done about it here.
    fn refused(&self, error: ApiError) -> DataFusionError {
        let error = match error.kind {
            ErrorKind::Auth | ErrorKind::Forbidden if self.entry.is_anonymous() => error.advice(
                "no credential was sent; put it into an environment variable and name that: --token-env SHOP_TOKEN, or --header 'X-Api-Key: {env:SHOP_TOKEN}'",
            ),
            ErrorKind::InvalidRequest => error.advice("check the URL and its parameters with the API's documentation"),
            ErrorKind::SourceChanged => error.advice("give --from-url the URL that answers by itself"),
            _ => error,
        };
        DataFusionError::External(Box::new(error))
    }

    /// Proposes the files, after the loader and the decoder took them.
    ///
    /// # Errors
    /// If the answer has no rows to learn from.
    pub fn propose(&self, answered: &Answered) -> Result<Proposal> {
        let (proposal, text) = self.read(answered).map_err(|unfit| self.unfit(answered, &unfit))?;
        if proposal.files.iter().any(|(_, text)| answered.redact(text) != *text) {
            let unfit =
                Unfit::new("the answer has the credential in a name that would be written", "write the files by hand: docs/own-sources.md");
            return Err(self.unfit(answered, &unfit));
        }
        self.prove(&proposal, text).map_err(|error| self.unfit(answered, &error))?;
        Ok(proposal)
    }

    fn unfit(&self, answered: &Answered, unfit: &Unfit) -> DataFusionError {
        let mut said = answered.redact(&unfit.said);
        if !answered.body.is_empty() {
            said = format!("{said}; the answer starts with: {}", answered.excerpt());
        }
        let error = ApiError::new(ErrorKind::Decode, &self.source, &self.table, said).status(answered.status);
        DataFusionError::External(Box::new(error.request(answered.origin.clone()).advice(answered.redact(&unfit.advice))))
    }

    fn read<'a>(&self, answered: &'a Answered) -> std::result::Result<(Proposal, &'a str), Unfit> {
        let no_json = |why: &dyn fmt::Display| {
            let advice = "--from-url takes the URL of the API itself, which answers in JSON; a page for people is none";
            Unfit::new(format!("the answer is no JSON: {why}"), advice)
        };
        let text = std::str::from_utf8(&answered.body).map_err(|error| no_json(&error))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(no_json(&"it is empty"));
        }
        let answer: &RawValue = serde_json::from_str(text).map_err(|error| no_json(&error))?;
        let path = Path::parse(&self.rows).map_err(|message| Unfit::new(message, "write a path such as data.orders"))?;
        let rows = sample::rows(answer, &path)?;
        let columns = columns(&rows)?;
        let paging = paging(&self.place, &answered.headers, answer, &path, rows.len());
        let mut warnings = Vec::new();
        if let Some(why) = &paging.warning {
            warnings.push(format!(
                "this list may have more pages: {why}. As it is written, {}.{} is this one page only",
                self.source, self.table
            ));
        }
        if columns.key.is_none() {
            warnings.push(format!("{}.{} has no key: {}", self.source, self.table, columns.key_note));
        }
        if !columns.left_out.is_empty() {
            warnings.push(format!("left out, since no path can name it: {}", columns.left_out.join(", ")));
        }
        let [source, table] = self.files();
        let proposal = Proposal {
            source: self.source.clone(),
            table: self.table.clone(),
            files: vec![(source, self.source_text()), (table, self.table_text(&columns, &paging, rows.len()))],
            rows: rows.len(),
            columns: columns.list.len(),
            warnings,
        };
        Ok((proposal, text))
    }

    /// That the loader takes the files, and that all rows of the sample can be read with them.
    fn prove(&self, proposal: &Proposal, sample: &str) -> std::result::Result<(), Unfit> {
        let wrong = |why: &dyn fmt::Display| {
            Unfit::new(format!("the draft does not hold its own sample: {why}"), "write the files by hand: docs/own-sources.md")
        };
        let texts = proposal.files.iter().map(|(name, text)| (format!("{}/{name}", self.source), text.clone()));
        let sources = spec::load_texts(texts, &BTreeMap::new()).map_err(|error| wrong(&error))?;
        let table = sources.get(&self.source).and_then(|source| source.tables.get(&self.table)).ok_or_else(|| wrong(&"it has no table"))?;
        let columns: Vec<usize> = (0..table.columns.len()).collect();
        let page =
            PageDecoder::new(table, &columns, &table.rows, &table.paging).decode(sample.as_bytes(), 1).map_err(|error| wrong(&error))?;
        if page.rows == proposal.rows { Ok(()) } else { Err(wrong(&format!("{} of {} rows", page.rows, proposal.rows))) }
    }

    fn source_text(&self) -> String {
        let mut text =
            comment("A draft from one sample answer: read it before you rely on it. All keys are listed in docs/own-sources.md.");
        text += &format!("format: 1\nsource: {}\n", scalar(&self.source));
        text += &format!("description: {}\n", scalar(&format!("The API at {}", self.place.host())));
        text += &format!("base_url: {}\n", scalar(&literal(&self.place.base)));
        text + &self.entry.lines()
    }

    fn table_text(&self, columns: &Columns, paging: &Paging, rows: usize) -> String {
        let counted = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        let mut text = comment(&format!(
            "A draft from {counted} of a sample: types, key and paging are what these show. A value that does not fit its type is an error \
             which names it. Try the draft on the API with: sqluice check {} --table {} --live",
            self.source, self.table
        ));
        let part = if paging.warning.is_some() { " (its first page only)" } else { "" };
        let description = format!("What GET {} lists{part}.", self.place.path);
        text += &format!("format: 1\ntable: {}\ndescription: {}\n", scalar(&self.table), scalar(&description));
        let key = columns.key.as_deref().map(scalar).unwrap_or_default();
        text += &format!("{}key: [{key}]\n", comment(&format!("Key: {}.", columns.key_note)));
        text +=
            &comment("Does the list leave rows out unless it is asked for them (archived, closed, other people's)? Then ask, in `query`.");
        text += &format!("request:\n  path: {}\n{}", scalar(&literal(&self.place.path)), self.query(paging));
        text += &format!("rows: {}\n", scalar(&self.rows));
        if let Some(why) = &paging.warning {
            text += &comment(&format!(
                "THIS LIST MAY HAVE MORE PAGES: {why}. Until `paging` says here how they follow, the table is one page only."
            ));
        } else {
            text += &comment(&paging.comment);
        }
        if let Some(declared) = &paging.declared {
            let size = paging.size.as_ref().map(|(name, size)| format!(", size_param: {}, size: {size}", scalar(name)));
            text += &format!("paging: {{{declared}{}}}\n", size.unwrap_or_default());
        }
        if !columns.left_out.is_empty() {
            text += &comment(&format!("Left out, since no path can name it: {}.", columns.left_out.join(", ")));
        }
        text += "columns:\n";
        let width = columns.list.iter().map(|column| scalar(&column.name).len()).max().unwrap_or_default();
        let text = columns.list.iter().fold(text, |text, column| text + &line(column, width));
        text + &comment("No sample shows what the API can filter and sort: say it in `filters` and `order`, as docs/own-sources.md tells.")
    }

    /// The parameters that stay as they are, each with its values.
    fn query(&self, paging: &Paging) -> String {
        let mut parameters: Vec<(&str, Vec<String>)> = Vec::new();
        for (name, value) in &self.place.query {
            if paging.size.as_ref().is_some_and(|(size, _)| size == name) {
                continue;
            }
            let value = scalar(&literal(value));
            match parameters.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => parameters.push((name, vec![value])),
            }
        }
        let mut text = if parameters.is_empty() { String::new() } else { "  query:\n".to_owned() };
        for (name, values) in parameters {
            let value = if let [value] = values.as_slice() { value.clone() } else { format!("[{}]", values.join(", ")) };
            text += &format!("    {}: {value}\n", scalar(name));
        }
        text
    }
}

/// A column as one line; names are as wide as the widest.
fn line(column: &Column, width: usize) -> String {
    let name = scalar(&column.name) + ",";
    let kind = scalar(column.kind);
    let path = column.path.as_ref().map(|path| format!(", path: {}", scalar(path))).unwrap_or_default();
    let resolution = column.resolution.map(|step| format!(", resolution: {}", scalar(step))).unwrap_or_default();
    let note = column.note.as_ref().map(|note| format!("   # {note}")).unwrap_or_default();
    format!("  - {{name: {name:<width$} type: {kind}{path}{resolution}}}{note}\n", width = width + 1)
}

/// A name that SQL takes as it stands.
fn plain(what: &str, name: &str) -> Result<String> {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(fits) {
        return Ok(name.to_owned());
    }
    Err(configuration(format!("the name of {what} has lower-case letters, digits and _ only, and begins with a letter")))
}

fn named(step: &spec::Step) -> Option<String> {
    match step {
        spec::Step::Key(name) => Some(snake_case(name)).filter(|name| !name.is_empty()),
        spec::Step::All => None,
    }
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
