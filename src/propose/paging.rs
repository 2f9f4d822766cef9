//! Signs of further pages in an answer, and what can be declared of them. The name of a parameter is rarely in an answer, so that most
//! of it is a guess; a wrong one makes a scan fail, since the same page comes twice, and loses no row. Where there are signs and nothing
//! that can be declared, that is said aloud.

use heck::ToLowerCamelCase;
use http::HeaderMap;
use serde_json::value::RawValue;
use url::Url;

use super::place::{OFFSETS, PAGES, Place, number, words};
use super::sample::{Shape, members, text};
use super::yaml;
use crate::http::links;
use crate::spec::{Path, Step};

/// How deep signs are looked for.
const DEEP: usize = 3;

/// Parameters that say how many rows a page has.
const SIZES: [&str; 14] = [
    "limit",
    "per_page",
    "page_size",
    "pagesize",
    "perpage",
    "size",
    "page_limit",
    "take",
    "first",
    "top",
    "max_results",
    "results_per_page",
    "max_items",
    "items_per_page",
];

/// So many rows are more often a page's size than all there are.
const ROUND: [usize; 9] = [10, 20, 25, 30, 50, 100, 200, 500, 1000];

/// Members that hold a token, and the parameter that most likely takes it.
const TOKENS: [(&str, &str); 13] = [
    ("next_cursor", "cursor"),
    ("end_cursor", "after"),
    ("cursor", "cursor"),
    ("next_page_token", "page_token"),
    ("next_token", "next_token"),
    ("continuation_token", "continuation_token"),
    ("continuation", "continuation"),
    ("continue", "continue"),
    ("page_token", "page_token"),
    ("next_page", "page"),
    ("next_offset", "offset"),
    ("after", "after"),
    ("next", "cursor"),
];

/// Members that hold the next page's URL.
const NEXT_URLS: [&str; 7] = ["next", "next_url", "next_page_url", "next_page", "next_link", "odata_next_link", "next_href"];

const TOTALS: [&str; 10] = [
    "total",
    "total_count",
    "total_results",
    "total_elements",
    "total_items",
    "total_records",
    "total_rows",
    "total_size",
    "total_entries",
    "total_hits",
];
const COUNTS: [&str; 2] = ["count", "result_count"];
const MORE: [&str; 5] = ["has_more", "has_next", "has_next_page", "more", "more_available"];
const LAST: [&str; 5] = ["is_last", "is_last_page", "last_page", "last", "end_of_list"];
const PAGE_COUNTS: [&str; 6] = ["total_pages", "page_count", "pages", "num_pages", "last_page", "pages_count"];
const PAGE_NUMBERS: [&str; 5] = ["page", "current_page", "page_number", "page_no", "page_num"];

/// How pages follow each other, as far as it can be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Paging {
    /// What `paging` says, without the size; none for a single page.
    pub(super) declared: Option<String>,
    /// What a reader should know of it.
    pub(super) comment: String,
    /// That there may be pages which are not declared, and why.
    pub(super) warning: Option<String>,
    /// The parameter of the page's size and its value, to be declared and not sent as it stands.
    pub(super) size: Option<(String, u64)>,
}

/// A scalar beside the rows.
struct Sign<'a> {
    path: Vec<String>,
    /// Its name as words of lower-case letters.
    name: String,
    value: &'a RawValue,
}

impl Sign<'_> {
    fn path(&self) -> String {
        yaml::path(&self.path).unwrap_or_default()
    }

    fn number(&self) -> Option<u64> {
        number(self.value.get())
    }

    /// The token in it: a text or a number.
    fn token(&self) -> Option<String> {
        let text = text(self.value).filter(|text| !text.is_empty());
        text.or_else(|| self.number().map(|number| number.to_string()))
    }

    fn flag(&self) -> Option<bool> {
        self.value.get().parse().ok()
    }
}

/// All that is looked at.
struct Evidence<'a> {
    place: &'a Place,
    rows: usize,
    signs: Vec<Sign<'a>>,
}

/// What an answer says of further pages.
pub(super) fn paging(place: &Place, headers: &HeaderMap, answer: &RawValue, path: &Path, rows: usize) -> Paging {
    let mut signs = Vec::new();
    collect(answer, &mut Vec::new(), path, &mut signs);
    let evidence = Evidence { place, rows, signs };
    let mut found = evidence.linked(headers).unwrap_or_else(|| evidence.body());
    if found.declared.is_some() {
        found.size = evidence.size();
    } else if found.warning.is_none() && found.comment.is_empty() {
        if evidence.is_full() {
            found.warning =
                Some(format!("the sample has {rows} rows, which may be a full page, and nothing in it says how a next page is asked for"));
        } else {
            found.comment.push_str("The sample has no sign of further pages. If the API has them, say here how they follow.");
        }
    }
    found
}

/// Scalars outside of the rows, from the top down.
fn collect<'a>(value: &'a RawValue, at: &mut Vec<String>, rows: &Path, signs: &mut Vec<Sign<'a>>) {
    let mut below = Vec::new();
    for (name, value) in members(value).unwrap_or_default() {
        match Shape::of(value) {
            Shape::List => {}
            Shape::Object => below.push((name, value)),
            _ => {
                let path: Vec<String> = at.iter().cloned().chain([name]).collect();
                let mut name = words(path.last().map_or("", String::as_str));
                // `_links.next.href` is known by what is around it.
                if name == "href" || name == "url" {
                    name = words(&path[..path.len() - 1].last().cloned().unwrap_or_default());
                }
                if yaml::path(&path).is_some() {
                    signs.push(Sign { path, name, value });
                }
            }
        }
    }
    for (name, value) in below {
        at.push(name);
        let leads: Vec<Step> = at.iter().cloned().map(Step::Key).collect();
        if at.len() < DEEP && leads != rows.0 {
            collect(value, at, rows, signs);
        }
        at.pop();
    }
}

impl<'a> Evidence<'a> {
    fn sign(&self, names: &[&str], fits: impl Fn(&Sign<'a>) -> bool) -> Option<&Sign<'a>> {
        names.iter().find_map(|name| self.signs.iter().find(|sign| sign.name == *name && fits(sign)))
    }

    /// A parameter of the URL that has one of these names.
    fn param(&self, names: &[&str]) -> Option<(&str, u64)> {
        let found = self.place.query.iter().find(|(name, value)| names.contains(&words(name).as_str()) && number(value).is_some());
        found.and_then(|(name, value)| Some((name.as_str(), number(value)?)))
    }

    fn size(&self) -> Option<(String, u64)> {
        let (name, size) = self.param(&SIZES)?;
        (size >= self.rows.max(1) as u64 && u32::try_from(size).is_ok()).then(|| (name.to_owned(), size))
    }

    /// Whether the sample looks like a page of the size that was asked for, or of a usual one.
    fn is_full(&self) -> bool {
        self.size().is_some_and(|(_, size)| size == self.rows as u64) || ROUND.contains(&self.rows)
    }

    /// The number of all rows. One that is the sample's own may count no more than a page, if that is full; a `count` always may.
    fn total(&self) -> Option<&Sign<'a>> {
        let rows = self.rows as u64;
        let whole = |sign: &Sign<'a>| sign.number().is_some_and(|total| total > rows || total == rows && !self.is_full());
        let counted = |sign: &Sign<'a>| sign.number().is_some_and(|count| count > rows);
        self.sign(&TOTALS, whole).or_else(|| self.sign(&COUNTS, counted))
    }

    fn pages(&self) -> Option<&Sign<'a>> {
        self.sign(&PAGE_COUNTS, |sign| sign.number().is_some_and(|pages| pages > 0))
    }

    /// `, more: path` or `, end: path`, where a flag says of the sample what it should.
    fn flag(&self, is_last: bool) -> Option<String> {
        let more = self.sign(&MORE, |sign| sign.flag() == Some(!is_last)).map(|sign| format!(", more: {}", yaml::scalar(&sign.path())));
        more.or_else(|| self.sign(&LAST, |sign| sign.flag() == Some(is_last)).map(|sign| format!(", end: {}", yaml::scalar(&sign.path()))))
    }

    /// What tells that there are more rows than the sample has.
    fn says_more(&self) -> Option<String> {
        if let Some(sign) = self.total().filter(|sign| sign.number().is_some_and(|total| total > self.rows as u64)) {
            return Some(format!("`{}` says that there are {} rows, and the sample has {}", sign.path(), sign.value.get(), self.rows));
        }
        if let Some(sign) =
            self.sign(&MORE, |sign| sign.flag() == Some(true)).or_else(|| self.sign(&LAST, |sign| sign.flag() == Some(false)))
        {
            return Some(format!("`{}` says that there is more", sign.path()));
        }
        let pages = self.pages().filter(|sign| sign.number().is_some_and(|pages| pages > 1))?;
        Some(format!("`{}` says that there are {} pages", pages.path(), pages.value.get()))
    }

    fn linked(&self, headers: &HeaderMap) -> Option<Paging> {
        let links = links(headers);
        if !["next", "prev", "first", "last"].iter().any(|relation| links.contains_key(*relation)) {
            return None;
        }
        if let Some(next) = links.get("next")
            && !self.place.url.join(next).is_ok_and(|next| next.origin() == self.place.url.origin())
        {
            return Some(undeclared("the `Link` header names a next page on another host, where no credential is sent"));
        }
        Some(Paging {
            declared: Some("kind: link".to_owned()),
            comment: "From the sample's `Link` header.".to_owned(),
            ..Paging::default()
        })
    }

    fn body(&self) -> Paging {
        if let Some(found) = self.next_url() {
            return found;
        }
        let is_token = |sign: &Sign<'a>| sign.token().is_some() && (sign.name != "next_page" || sign.number().is_some_and(|page| page > 1));
        for (name, param) in TOKENS {
            if let Some(sign) = self.sign(&[name], is_token) {
                return self.by_token(sign, param, false);
            }
        }
        if let Some(found) = self.by_number() {
            return found;
        }
        let is_none = |sign: &Sign<'a>| sign.value.get() == "null" || sign.value.get() == "\"\"";
        // On the last page a token is null, and so is a URL: only names that are no URL's tell which.
        for (name, param) in TOKENS.iter().filter(|(name, _)| !NEXT_URLS.contains(name)) {
            if let Some(sign) = self.sign(&[*name], is_none) {
                return self.by_token(sign, param, true);
            }
        }
        if let Some(why) = self.says_more() {
            return undeclared(format!("{why}, but not how a next page is asked for"));
        }
        if let Some(sign) = self.sign(&NEXT_URLS, is_none) {
            let text = format!(
                "`{}` names a next page, and is null in the sample, which shows the last one: take a sample that has a next page",
                sign.path()
            );
            return undeclared(text);
        }
        match self.total() {
            Some(sign) => Paging {
                comment: format!("All rows are on one page, as far as `{}` in the sample says.", sign.path()),
                ..Paging::default()
            },
            None => Paging::default(),
        }
    }

    fn by_token(&self, sign: &Sign<'a>, param: &str, is_last: bool) -> Paging {
        let member = sign.path.last().map_or("", String::as_str);
        let param = match sign.number() {
            Some(_) if sign.name == "next" => "page".to_owned(),
            // As the API spells its names.
            _ if member.contains('_') => param.to_owned(),
            _ => param.to_lower_camel_case(),
        };
        self.token(sign, &param, is_last, unsaid(sign, &param))
    }

    fn token(&self, sign: &Sign<'a>, param: &str, is_last: bool, comment: String) -> Paging {
        let flag = self.flag(is_last).unwrap_or_default();
        let declared = format!("kind: token, param: {}, next: {}{flag}", yaml::scalar(param), yaml::scalar(&sign.path()));
        Paging { declared: Some(declared), comment, ..Paging::default() }
    }

    /// Pages by number, or rows that are skipped: the URL or the answer says which page this is.
    fn by_number(&self) -> Option<Paging> {
        let zero_based = |why: String| undeclared(format!("{why}, and only pages that are counted from 1 can be declared"));
        match self.param(&PAGES) {
            Some((param, 0)) => return Some(zero_based(format!("the parameter `{param}` counts pages from 0"))),
            Some((param, _)) => return Some(self.by_page(param, format!("A guess from the parameter `{param}` in the URL. Verify it."))),
            None => {}
        }
        if let Some((param, _)) = self.param(&OFFSETS) {
            return Some(self.by_offset(param, format!("A guess from the parameter `{param}` in the URL. Verify it.")));
        }
        if let Some(sign) = self.sign(&OFFSETS, |sign| sign.number() == Some(0)) {
            let param = sign.path.last().map_or("", String::as_str);
            return Some(self.by_offset(param, unsaid(sign, param)));
        }
        if let Some(sign) = self.sign(&PAGE_NUMBERS, |sign| sign.number() == Some(1)) {
            let member = sign.path.last().map_or("", String::as_str);
            let param = if words(member) == "current_page" { "page" } else { member };
            return Some(self.by_page(param, unsaid(sign, param)));
        }
        let sign = self.sign(&PAGE_NUMBERS, |sign| sign.number() == Some(0))?;
        Some(zero_based(format!("{}; `{}` counts pages from 0", self.says_more()?, sign.path())))
    }

    fn by_page(&self, param: &str, comment: String) -> Paging {
        let pages = self.pages().map(|sign| format!(", pages: {}", yaml::scalar(&sign.path())));
        let end = pages.or_else(|| self.end()).unwrap_or_default();
        Paging { declared: Some(format!("kind: page, param: {}{end}", yaml::scalar(param))), comment, ..Paging::default() }
    }

    fn by_offset(&self, param: &str, comment: String) -> Paging {
        let end = self.end().unwrap_or_default();
        Paging { declared: Some(format!("kind: offset, param: {}{end}", yaml::scalar(param))), comment, ..Paging::default() }
    }

    /// What tells the last page; without it, an empty page does.
    fn end(&self) -> Option<String> {
        let total = self.total().map(|sign| format!(", total: {}", yaml::scalar(&sign.path())));
        total.or_else(|| self.flag(self.says_more().is_none()))
    }

    /// A member that holds the next page's URL. Which parameter it changes tells how pages follow.
    fn next_url(&self) -> Option<Paging> {
        let written = |sign: &Sign<'a>| {
            text(sign.value).is_some_and(|text| ["http://", "https://", "/", "?"].iter().any(|start| text.starts_with(start)))
        };
        let sign = self.sign(&NEXT_URLS, written)?;
        let path = sign.path();
        let next = self.place.url.join(&text(sign.value)?).ok();
        let same = |next: &Url| {
            next.origin() == self.place.url.origin() && next.path().trim_end_matches('/') == self.place.url.path().trim_end_matches('/')
        };
        let Some(next) = next.filter(same) else {
            return Some(undeclared(format!("`{path}` holds the next page's URL, which is not the sample's with another parameter")));
        };
        let known = |name: &str, value: &str| self.place.query.iter().any(|(own, sent)| own == name && sent == value);
        let changed: Vec<(String, String)> =
            next.query_pairs().into_owned().filter(|(name, value)| !known(name, value) && !SIZES.contains(&words(name).as_str())).collect();
        let [(param, value)] = changed.as_slice() else {
            return Some(undeclared(format!("`{path}` holds the next page's URL, and it is not clear which parameter leads there")));
        };
        let comment = format!("A guess from the URL at `{path}` in the sample. Verify it.");
        let names = words(param);
        match number(value) {
            Some(2) if !OFFSETS.contains(&names.as_str()) => Some(self.by_page(param, comment)),
            Some(skipped) if skipped == self.rows as u64 && !PAGES.contains(&names.as_str()) => Some(self.by_offset(param, comment)),
            _ => match self.signs.iter().find(|sign| sign.token().as_ref() == Some(value)) {
                Some(token) => Some(self.token(token, param, false, comment)),
                None => Some(undeclared(format!(
                    "`{path}` holds the next page's URL, and its parameter `{}` is in no other member",
                    yaml::shown(std::slice::from_ref(param))
                ))),
            },
        }
    }
}

fn undeclared(why: impl Into<String>) -> Paging {
    Paging { warning: Some(why.into()), ..Paging::default() }
}

fn unsaid(sign: &Sign<'_>, param: &str) -> String {
    format!("A guess from `{}` in the sample, which does not say that the parameter is called `{param}`. Verify it.", sign.path())
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
