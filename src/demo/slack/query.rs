//! The language of searches: words, phrases, and modifiers.
//!
//! Where the vendor's documents leave it open, days are read in the reader's time zone, and `before:` and `after:` leave
//! out the day that they name.

use chrono::{Datelike, Days, Months, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::data::{Channel, Data, Message};
use super::ts::Ts;

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// What a message has to have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Has {
    Link,
    Pin,
    File,
    Reaction(Option<String>),
}

/// A search, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    /// Runs of words that have to be there, each run in this order. A word that stands alone is a run of one.
    phrases: Vec<Vec<String>>,
    /// Words that must not be there.
    without: Vec<String>,
    /// Handle or id of the author.
    from: Option<String>,
    /// Name or id of the conversation.
    channel: Option<String>,
    /// Begin of the range, inside it, and its end, outside.
    begin: Option<Ts>,
    end: Option<Ts>,
    has: Vec<Has>,
}

/// The words of a text: runs of letters and digits, in small letters.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// A part of a query: a modifier or a word up to the next space, or what stands between quotes.
fn parts(text: &str) -> Vec<(bool, String)> {
    let mut parts = Vec::new();
    for (at, piece) in text.split('"').enumerate() {
        if at % 2 == 1 {
            parts.push((true, piece.to_owned()));
        } else {
            parts.extend(piece.split_whitespace().map(|part| (false, part.to_owned())));
        }
    }
    parts
}

/// The first day of what a date names, and the first day behind it: a day, a month, or a year.
fn days(text: &str, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let lower = text.to_lowercase();
    let single = |day: NaiveDate| Some((day, day.checked_add_days(Days::new(1))?));
    match lower.as_str() {
        "today" => return single(today),
        "yesterday" => return single(today.pred_opt()?),
        _ => {}
    }
    if let Ok(day) = lower.parse() {
        return single(day);
    }
    if let Some(month) = MONTHS.iter().position(|month| *month == lower) {
        let this = NaiveDate::from_ymd_opt(today.year(), u32::try_from(month).ok()? + 1, 1)?;
        let first = if this > today { this.checked_sub_months(Months::new(12))? } else { this };
        return Some((first, first.checked_add_months(Months::new(1))?));
    }
    if let Some((year, month)) = lower.split_once('-') {
        let first = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
        return Some((first, first.checked_add_months(Months::new(1))?));
    }
    let first = NaiveDate::from_ymd_opt(lower.parse().ok().filter(|_| lower.len() == 4)?, 1, 1)?;
    Some((first, first.checked_add_months(Months::new(12))?))
}

/// When a day begins in a zone; where the clock leaves midnight out, an hour later.
fn begin(day: NaiveDate, zone: Tz) -> Option<Ts> {
    let at = |hour| zone.from_local_datetime(&day.and_hms_opt(hour, 0, 0)?).earliest();
    Some(Ts(at(0).or_else(|| at(1))?.timestamp_micros()))
}

impl Query {
    /// Reads a search of somebody in a zone. What is no modifier is searched for as text.
    pub(super) fn read(text: &str, zone: Tz, now: chrono::DateTime<Utc>) -> Self {
        let mut query = Self::default();
        let today = now.with_timezone(&zone).date_naive();
        for (quoted, part) in parts(text) {
            if !quoted && query.modifier(&part, zone, today).is_some() {
                continue;
            }
            match part.strip_prefix('-').filter(|_| !quoted) {
                Some(rest) => query.without.extend(words(rest)),
                // What hangs together without a space is found together.
                None => query.phrases.push(words(&part).collect()),
            }
        }
        query.phrases.retain(|phrase| !phrase.is_empty());
        query
    }

    fn modifier(&mut self, part: &str, zone: Tz, today: NaiveDate) -> Option<()> {
        let (name, value) = part.split_once(':').filter(|(_, value)| !value.is_empty())?;
        let bare = value.trim_start_matches(['<', '@', '#']).trim_end_matches('>').to_lowercase();
        match name {
            "from" => self.from = Some(bare),
            "in" => self.channel = Some(bare),
            "before" => self.end = Some(begin(days(value, today)?.0, zone)?),
            "after" => self.begin = Some(begin(days(value, today)?.1, zone)?),
            "on" | "during" => {
                let (first, behind) = days(value, today)?;
                (self.begin, self.end) = (Some(begin(first, zone)?), Some(begin(behind, zone)?));
            }
            "has" => self.has.push(match value {
                "link" => Has::Link,
                "pin" => Has::Pin,
                "file" => Has::File,
                "reaction" => Has::Reaction(None),
                emoji => Has::Reaction(Some(emoji.strip_prefix(':')?.strip_suffix(':')?.to_owned())),
            }),
            _ => return None,
        }
        Some(())
    }

    /// Whether a conversation is searched.
    pub(super) fn covers(&self, channel: &Channel) -> bool {
        self.channel.as_ref().is_none_or(|wanted| channel.name == *wanted || channel.id.to_lowercase() == *wanted)
    }

    /// How well a message fits: how often what is searched for is there. `None` where it does not fit.
    pub(super) fn score(&self, data: &Data, channel: &Channel, message: &Message) -> Option<usize> {
        let by = |wanted: &String| {
            let user = message.user.map(|user| &data.users[user]);
            user.is_some_and(|user| user.name == *wanted || user.id.to_lowercase() == *wanted)
        };
        let dated = self.begin.is_none_or(|begin| message.ts >= begin) && self.end.is_none_or(|end| message.ts < end);
        if !dated || !self.from.as_ref().is_none_or(by) || !self.has.iter().all(|has| has.fits(channel, message)) {
            return None;
        }
        self.fit(&message.text)
    }

    /// How often what is searched for is in a text; `None` where any of it is missing.
    pub(super) fn fit(&self, text: &str) -> Option<usize> {
        let text: Vec<String> = words(text).collect();
        if self.without.iter().any(|word| text.contains(word)) {
            return None;
        }
        let counts = self.phrases.iter().map(|phrase| text.windows(phrase.len()).filter(|run| run == phrase).count());
        counts.map(|count| (count > 0).then_some(count)).sum()
    }
}

impl Has {
    fn fits(&self, channel: &Channel, message: &Message) -> bool {
        match self {
            Self::Link => message.text.contains("<http"),
            Self::Pin => channel.pins.iter().any(|pin| pin.ts == message.ts),
            Self::File => !message.files.is_empty(),
            Self::Reaction(None) => !message.reactions.is_empty(),
            Self::Reaction(Some(name)) => message.reactions.iter().any(|one| one.name == name),
        }
    }
}
