//! Tables for people: columns with borders, or one line per column where a row is wider than the terminal.
//!
//! The widths follow the first rows, or those of the first moments if somebody watches; what comes after them is written as it comes,
//! so that neither memory nor the wait grows with the result.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::common::Result;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::terminal::clean;
use super::value::Cells;

/// Rows that the widths are taken from.
const PREVIEW: usize = 1_000;

/// How long they are kept from somebody who watches, if more are to come.
const PATIENCE: Duration = Duration::from_secs(1);

/// Narrower than this no column is made to fit a terminal.
const NARROWEST: usize = 8;

/// The line above a row that is written as lines.
const RULE: usize = 60;

/// When rows are written one line per column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Expanded {
    /// Where a row is wider than the terminal.
    #[default]
    Auto,
    On,
    Off,
}

/// A table that is being written.
#[derive(Debug)]
pub(super) struct Table {
    expanded: Expanded,
    /// Columns of the terminal, if a terminal shows it.
    screen: Option<usize>,
    names: Vec<String>,
    numeric: Vec<bool>,
    /// Line breaks stay line breaks.
    lines: bool,
    held: Vec<Vec<String>>,
    held_since: Option<Instant>,
    form: Option<Form>,
    rows: usize,
}

/// How rows are written, once that is known.
#[derive(Debug)]
enum Form {
    Columns(Vec<usize>),
    Expanded,
}

impl Table {
    pub(super) fn new(schema: &SchemaRef, expanded: Expanded, screen: Option<usize>) -> Self {
        let names: Vec<String> = schema.fields().iter().map(|field| even(field.name())).collect();
        let numeric = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
        let lines = names == ["plan_type", "plan"];
        Self { expanded, screen, names, numeric, lines, held: Vec::new(), held_since: None, form: None, rows: 0 }
    }

    /// Takes rows, and writes them if the widths are known.
    pub(super) fn batch(&mut self, batch: &RecordBatch, sink: &mut impl Write) -> Result<()> {
        let mut rows = texts(batch)?;
        if self.lines {
            // A plan ends with a line break.
            rows.iter_mut().flatten().for_each(|cell| cell.truncate(cell.trim_end().len()));
        }
        self.held.extend(rows);
        let since = *self.held_since.get_or_insert_with(Instant::now);
        let watched_for_long = self.screen.is_some() && since.elapsed() >= PATIENCE;
        if self.form.is_some() || self.held.len() >= PREVIEW || watched_for_long {
            self.write(sink)?;
        }
        Ok(())
    }

    /// Writes what is left, and the end.
    pub(super) fn end(&mut self, sink: &mut impl Write) -> Result<()> {
        self.write(sink)?;
        if let Some(Form::Columns(widths)) = &self.form {
            writeln!(sink, "{}", rule(widths))?;
        }
        Ok(())
    }

    fn write(&mut self, sink: &mut impl Write) -> io::Result<()> {
        if self.form.is_none() {
            let form = self.choose();
            if let Form::Columns(widths) = &form {
                writeln!(sink, "{}", rule(widths))?;
                row(sink, widths, &self.numeric, &self.names)?;
                writeln!(sink, "{}", rule(widths))?;
            }
            self.form = Some(form);
        }
        for mut cells in std::mem::take(&mut self.held) {
            self.rows += 1;
            if let Some(Form::Columns(widths)) = &self.form {
                if !self.lines {
                    for cell in &mut cells {
                        *cell = cell.replace('\n', "⏎");
                    }
                }
                row(sink, widths, &self.numeric, &cells)?;
            } else {
                self.record(sink, &cells)?;
            }
        }
        Ok(())
    }

    fn choose(&self) -> Form {
        let width = |text: &str| if self.lines { text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0) } else { one_line(text) };
        let widths: Vec<usize> = (0..self.names.len())
            .map(|column| self.held.iter().map(|cells| width(&cells[column])).chain([self.names[column].width()]).max().unwrap_or(0))
            .collect();
        let fits = self.screen.is_none_or(|screen| total(&widths) <= screen);
        // Nothing to expand: the names alone say more as a line.
        let expand = match self.expanded {
            Expanded::On => true,
            Expanded::Off => false,
            Expanded::Auto => !fits,
        };
        if expand && !self.held.is_empty() { Form::Expanded } else { Form::Columns(widths) }
    }

    /// One row as `name | value` lines.
    fn record(&self, sink: &mut impl Write, cells: &[String]) -> io::Result<()> {
        let names = self.names.iter().map(|name| name.width()).max().unwrap_or(0);
        let head = format!("-[ {} ]", self.rows);
        let length = self.screen.unwrap_or(RULE).min(RULE).max(names + 3);
        let mut rule = format!("{head}{}", "-".repeat(length.saturating_sub(head.len())));
        if head.len() <= names {
            rule.replace_range(names + 1..names + 2, "+");
        }
        writeln!(sink, "{rule}")?;
        for (name, cell) in self.names.iter().zip(cells) {
            let mut label = name.as_str();
            // A cell without lines is a line, too.
            for line in cell.split('\n') {
                let text = format!("{label}{} | {line}", " ".repeat(names - label.width()));
                writeln!(sink, "{}", text.trim_end())?;
                label = "";
            }
        }
        Ok(())
    }
}

/// The width of a text whose line breaks are shown as one sign.
fn one_line(text: &str) -> usize {
    text.split('\n').map(UnicodeWidthStr::width).sum::<usize>() + text.matches('\n').count()
}

fn total(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + 3).sum::<usize>() + 1
}

fn rule(widths: &[usize]) -> String {
    let parts: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    format!("+{}+", parts.join("+"))
}

/// One row between borders, as high as its highest cell.
fn row(sink: &mut impl Write, widths: &[usize], numeric: &[bool], cells: &[String]) -> io::Result<()> {
    let lines: Vec<Vec<&str>> = cells.iter().map(|cell| cell.split('\n').collect()).collect();
    let height = lines.iter().map(Vec::len).max().unwrap_or(1);
    for level in 0..height {
        sink.write_all(b"|")?;
        for (column, width) in widths.iter().enumerate() {
            let text = lines[column].get(level).copied().unwrap_or_default();
            let gap = " ".repeat(width.saturating_sub(text.width()));
            if numeric[column] { write!(sink, " {gap}{text} |")? } else { write!(sink, " {text}{gap} |")? }
        }
        sink.write_all(b"\n")?;
    }
    Ok(())
}

/// The cells of a batch as text, NULL as nothing.
pub(super) fn texts(batch: &RecordBatch) -> Result<Vec<Vec<String>>, ArrowError> {
    let cells = Cells::of(batch)?;
    let mut scratch = String::new();
    let mut rows = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let texts = cells.iter().map(|column| Ok(even(column.text(row, &mut scratch)?.unwrap_or_default())));
        rows.push(texts.collect::<Result<_, ArrowError>>()?);
    }
    Ok(rows)
}

/// A text whose width is known: a tab has none.
fn even(text: &str) -> String {
    clean(text).replace('\t', " ")
}

/// A small table whose cells are broken into lines so that it fits the terminal.
pub(super) fn wrapped(names: &[&str], rows: &[Vec<String>], screen: usize) -> String {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut widths: Vec<usize> = (0..names.len())
        .map(|column| rows.iter().map(|cells| cells[column].width()).chain([names[column].width()]).max().unwrap_or(0))
        .collect();
    while total(&widths) > screen {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    let mut text = Vec::new();
    let numeric = vec![false; names.len()];
    let fold = |cells: &[String]| cells.iter().zip(&widths).map(|(cell, width)| folded(cell, *width)).collect::<Vec<_>>();
    let lines = std::iter::once(&names).chain(rows);
    for (number, cells) in lines.enumerate() {
        // Above the names and below them.
        if number < 2 {
            text.extend_from_slice(format!("{}\n", rule(&widths)).as_bytes());
        }
        // Writing into memory cannot fail.
        let _ = row(&mut text, &widths, &numeric, &fold(cells));
    }
    text.extend_from_slice(rule(&widths).as_bytes());
    String::from_utf8_lossy(&text).into_owned()
}

/// Breaks a text between words, and within words that are wider than the line.
fn folded(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let line = lines.last_mut().map_or(0, |line| line.width());
            let gap = usize::from(line > 0);
            if line + gap + word.width() <= width {
                if let Some(last) = lines.last_mut() {
                    last.push_str(&" ".repeat(gap));
                    last.push_str(word);
                }
                break;
            }
            // A word that fits into no line fills this one.
            if line > 0 && (word.width() <= width || line + gap >= width) {
                lines.push(String::new());
                continue;
            }
            let mut used = line + gap;
            let cut = word.char_indices().find(|(_, letter)| {
                used += letter.width().unwrap_or(0);
                used > width
            });
            // A letter that is wider than the line stands alone.
            let cut = cut.map_or(word.len(), |(place, letter)| if place == 0 { letter.len_utf8() } else { place });
            let (head, tail) = word.split_at(cut);
            if let Some(last) = lines.last_mut() {
                last.push_str(&" ".repeat(gap));
                last.push_str(head);
            }
            if tail.is_empty() {
                break;
            }
            word = tail;
            lines.push(String::new());
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(rows: usize) -> RecordBatch {
        let numbers: ArrayRef = Arc::new((0..rows).map(|row| i64::try_from(row).ok()).collect::<Int64Array>());
        let texts: ArrayRef = Arc::new((0..rows).map(|row| (row % 2 == 0).then_some("a\nbé")).collect::<StringArray>());
        RecordBatch::try_from_iter_with_nullable([("n", numbers, true), ("some text", texts, true)]).unwrap()
    }

    fn written(rows: usize, expanded: Expanded, screen: Option<usize>) -> String {
        let mut sink = Vec::new();
        let batch = batch(rows);
        let mut table = Table::new(&batch.schema(), expanded, screen);
        table.batch(&batch, &mut sink).unwrap();
        table.end(&mut sink).unwrap();
        String::from_utf8(sink).unwrap()
    }

    #[test]
    fn columns_where_they_fit() {
        let wide = "+---+-----------+\n| n | some text |\n+---+-----------+\n| 0 | a⏎bé      |\n| 1 |           |\n+---+-----------+\n";
        assert_eq!(written(2, Expanded::Auto, Some(17)), wide);
        assert_eq!(written(2, Expanded::Auto, None), wide);
        assert_eq!(written(2, Expanded::Off, Some(5)), wide);
    }

    #[test]
    fn lines_where_they_do_not() {
        let expected = "-[ 1 ]----+-----\nn         | 0\nsome text | a\n          | bé\n-[ 2 ]----+-----\nn         | 1\nsome text |\n";
        assert_eq!(written(2, Expanded::Auto, Some(16)), expected);
        assert!(written(2, Expanded::On, None).starts_with("-[ 1 ]----+---"));
        let long: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let long = RecordBatch::try_from_iter([("n".repeat(90), long)]).unwrap();
        let (mut sink, mut table) = (Vec::new(), Table::new(&long.schema(), Expanded::On, Some(40)));
        table.batch(&long, &mut sink).unwrap();
        table.end(&mut sink).unwrap();
        assert!(String::from_utf8(sink).unwrap().ends_with(" | x\n"), "a name may be longer than the terminal is wide");
        assert!(written(0, Expanded::On, Some(5)).starts_with("+---+"), "no row, nothing to expand");
    }

    #[test]
    fn what_comes_after_the_first_rows_is_not_held() {
        let mut sink = Vec::new();
        let batch = batch(600);
        let mut table = Table::new(&batch.schema(), Expanded::Auto, Some(80));
        table.batch(&batch, &mut sink).unwrap();
        assert!(sink.is_empty());
        for round in 0..3 {
            table.batch(&batch, &mut sink).unwrap();
            assert!(table.held.is_empty(), "{round}");
        }
        table.end(&mut sink).unwrap();
        assert_eq!(String::from_utf8(sink).unwrap().lines().count(), 2_400 + 4);
    }

    #[test]
    fn small_tables_fit_the_terminal() {
        let rows = vec![vec!["id".to_owned(), "the number of it, which never changes".to_owned()]];
        let text = wrapped(&["Column", "Description"], &rows, 30);
        assert!(text.lines().all(|line| line.width() <= 30), "{text}");
        assert!(text.contains("| the number of it, |") && text.contains("| which never       |"), "{text}");
        assert_eq!(wrapped(&["a"], &[], 80), "+---+\n| a |\n+---+");
        assert_eq!(folded("abcdef gh", 4), "abcd\nef\ngh");
        assert_eq!(folded("日本語", 4), "日本\n語");
        assert_eq!(folded("GET http://host/path", 8), "GET http\n://host/\npath");
        assert_eq!(folded("a 日", 1), "a\n日");
    }

    #[test]
    fn no_control_character_reaches_the_terminal() {
        assert_eq!(even("a\x1b[2Jb\r\n\tc\u{9b}"), "a\u{fffd}[2Jb\n c\u{fffd}");
    }
}
