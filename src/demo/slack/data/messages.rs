//! What was said: when, by whom, in which thread. What it says comes from [`super::special`] and from here.

use std::collections::HashSet;

use chrono::{Duration, NaiveTime};

use super::super::super::company::Company;
use super::super::ts::Ts;
use super::plan::{Plan, Talk};
use super::random::{pick, stamp};
use super::words::{ANSWERS, EMOJI, ODD, REMARKS, SEVERITIES, THINGS};
use super::{Data, Edit, Message, Pin, Reaction, Subtype, files, random, special};

/// Day boundaries that have messages, counted back from today.
const BOUNDARIES: [i64; 7] = [0, 1, 2, 7, 30, 31, 365];

/// What is made for one conversation.
pub(super) struct Maker<'a> {
    pub(super) company: &'a Company,
    pub(super) data: &'a mut Data,
    /// Position of the conversation.
    pub(super) channel: usize,
    pub(super) random: fastrand::Rng,
    pub(super) messages: Vec<Message>,
    /// Who writes.
    pub(super) authors: Vec<usize>,
    /// When the last of them writes.
    until: Ts,
    taken: HashSet<Ts>,
}

/// Fills a conversation.
pub(super) fn fill(company: &Company, data: &mut Data, channel: usize, plan: &Plan) {
    if plan.talk == Talk::Nothing {
        return;
    }
    let authors = data.channels[channel].members.iter().copied().filter(|member| data.users[*member].bot.is_none()).collect();
    let random = company.random(&format!("slack messages {channel}"));
    let until = stamp(company.now - if plan.archived { Duration::days(200) } else { Duration::minutes(1) });
    let mut maker = Maker { company, data, channel, random, messages: Vec::new(), authors, until, taken: HashSet::new() };
    let named = !plan.name.is_empty() && !plan.name.starts_with("mpdm-");
    if plan.name == "incidents" || plan.name == "general" {
        maker.boundaries();
        special::fill(&mut maker, plan.name == "incidents");
    }
    if named {
        maker.beginnings();
    }
    let there = maker.messages.iter().filter(|message| message.root.is_none()).count();
    for _ in there..plan.messages {
        maker.one(plan.talk);
    }
    maker.finish(plan.archived);
}

impl Maker<'_> {
    /// Takes a timestamp, or the next that is free.
    pub(super) fn take(&mut self, ts: Ts) -> Ts {
        let mut ts = ts;
        while !self.taken.insert(ts) {
            ts.0 += 1;
        }
        ts
    }

    /// A moment after the conversation began and before it ended.
    pub(super) fn moment(&mut self) -> Ts {
        let first = stamp(self.data.channels[self.channel].created + Duration::hours(2)).0;
        let moment = stamp(self.company.past(&mut self.random)).0 + self.random.i64(0..1_000);
        let range = first..=self.until.0;
        let moment = if range.contains(&moment) { moment } else { self.random.i64(range) };
        self.take(Ts(moment))
    }

    pub(super) fn author(&mut self) -> usize {
        let authors = std::mem::take(&mut self.authors);
        let author = *pick(&mut self.random, &authors);
        self.authors = authors;
        author
    }

    /// A plain message.
    pub(super) fn plain(ts: Ts, user: usize, text: String) -> Message {
        Message {
            ts,
            user: Some(user),
            bot: None,
            username: None,
            subtype: None,
            text,
            attachment: None,
            root: None,
            edited: None,
            reactions: Vec::new(),
            files: Vec::new(),
            event: None,
        }
    }

    /// A message that Slack itself wrote.
    pub(super) fn event(&mut self, ts: Ts, user: usize, subtype: Subtype, text: &str) {
        let text = format!("<@{}> {text}", self.data.users[user].id);
        let ts = self.take(ts);
        self.messages.push(Message { subtype: Some(subtype), ..Self::plain(ts, user, text) });
    }

    /// Messages exactly at the beginning of a day, and a microsecond to each side.
    fn boundaries(&mut self) {
        let midnight = stamp(self.company.now.date_naive().and_time(NaiveTime::MIN).and_utc());
        for days in BOUNDARIES {
            for step in [-1, 0, 1] {
                let ts = Ts(midnight.0 - days * 86_400_000_000 + step);
                if ts < stamp(self.company.now) {
                    let (ts, author) = (self.take(ts), self.author());
                    self.messages.push(Self::plain(ts, author, format!("Still up? {days} d, {step} µs")));
                }
            }
        }
    }

    /// How a channel begins: people come in, topic and purpose are set.
    fn beginnings(&mut self) {
        let (created, creator) = (self.data.channels[self.channel].created, self.data.channels[self.channel].creator);
        let begin = stamp(created);
        self.event(Ts(begin.0 + 219), creator, Subtype::Join { inviter: None }, "has joined the channel");
        let authors: Vec<usize> = self.authors.iter().copied().filter(|author| *author != creator).take(4).collect();
        for (at, author) in (1..).zip(authors) {
            let inviter = (at % 2 == 0).then_some(creator);
            self.event(Ts(begin.0 + at * 1_000_000 + 129), author, Subtype::Join { inviter }, "has joined the channel");
        }
        let channel = &self.data.channels[self.channel];
        let (topic, purpose) = (channel.topic.clone(), channel.purpose.clone());
        if let (Some(user), Some(set)) = (topic.creator, topic.last_set) {
            self.event(
                Ts(stamp(set).0 + 319),
                user,
                Subtype::Topic(topic.value.clone()),
                &format!("set the channel topic: {}", topic.value),
            );
        }
        if let (Some(user), Some(set)) = (purpose.creator, purpose.last_set) {
            let text = format!("set the channel description: {}", purpose.value);
            self.event(Ts(stamp(set).0 + 419), user, Subtype::Purpose(purpose.value), &text);
        }
    }

    /// A link to an existing pull request: the first four repositories have more than twenty issues and pull requests,
    /// of which those are pull requests whose numbers end in 1, 3, 6 and 8.
    pub(super) fn pull_request(&mut self) -> (String, u32) {
        let repository = self.random.usize(..4.min(self.company.repositories.len()));
        let number = self.random.u32(0..4) * 5 + if self.random.bool() { 1 } else { 3 };
        (self.company.repositories[repository].clone(), number)
    }

    pub(super) fn pull_link(&mut self) -> String {
        let organization = self.company.organization;
        let (repository, number) = self.pull_request();
        format!("<https://github.com/{organization}/{repository}/pull/{number}|{organization}/{repository}#{number}>")
    }

    /// What people say.
    pub(super) fn text(&mut self) -> String {
        let (thing, remark) = (*pick(&mut self.random, &THINGS), *pick(&mut self.random, &REMARKS));
        match self.random.u8(0..16) {
            0..=3 => format!("{}: {thing} {remark}", self.company.some_issue_key(&mut self.random)),
            4 | 5 => {
                let key = self.company.some_issue_key(&mut self.random);
                format!("<https://lumenfold.atlassian.net/browse/{key}|{key}> {remark}")
            }
            6 | 7 => format!("{} {remark}", self.pull_link()),
            8 => {
                let (author, link) = (self.author(), self.pull_link());
                format!("<@{}> {thing} {remark}, see {link}", self.data.users[author].id)
            }
            9 => format!("<#{}|{}> {thing} {remark}", self.data.channels[0].id, self.data.channels[0].name),
            10 => format!("<!here> {thing} {remark}"),
            11 => (*pick(&mut self.random, &ODD)).to_owned(),
            _ => format!("{thing} {remark}"),
        }
    }

    /// One more message, perhaps with a thread.
    fn one(&mut self, talk: Talk) {
        let (ts, author) = (self.moment(), self.author());
        let text = self.text();
        let mut message = Self::plain(ts, author, text);
        let mut replies = if self.random.u8(0..8) == 0 { self.random.usize(1..6) } else { 0 };
        match talk {
            Talk::Incidents => {
                let (severity, thing) = (*pick(&mut self.random, &SEVERITIES), *pick(&mut self.random, &THINGS));
                let key = self.company.some_issue_key(&mut self.random);
                message.text = format!(":rotating_light: {severity}: {thing} is failing, tracked in {key}");
                replies = self.random.usize(1..5);
            }
            Talk::Builds => self.build(&mut message),
            Talk::Releases => self.release(&mut message),
            _ => self.adorn(&mut message),
        }
        self.messages.push(message);
        for _ in 0..replies {
            self.reply(ts);
        }
    }

    /// Edits, reactions, files.
    fn adorn(&mut self, message: &mut Message) {
        let Some(user) = message.user else { return };
        if self.random.u8(0..20) == 0 {
            let later = message.ts.0 + self.random.i64(1_000_000..3_600_000_000);
            message.edited = Some(Edit { ts: Ts(later.min(stamp(self.company.now).0)), user });
        }
        if self.random.u8(0..7) == 0 {
            message.reactions = self.reactions();
        }
        if self.random.u8(0..30) == 0 {
            message.files = vec![files::add(self.data, self.channel, user, message.ts, &mut self.random)];
            let old = random::second(message.ts) < random::ago(self.company, 2 * 365);
            message.subtype = old.then_some(Subtype::FileShare);
        }
    }

    fn reactions(&mut self) -> Vec<Reaction> {
        let first = self.random.usize(..EMOJI.len());
        (0..self.random.usize(1..4))
            .map(|at| {
                let mut users: Vec<usize> = (0..self.random.usize(1..5)).map(|_| self.author()).collect();
                let mut seen = HashSet::new();
                users.retain(|user| seen.insert(*user));
                Reaction { name: EMOJI[(first + at) % EMOJI.len()], users }
            })
            .collect()
    }

    /// What an app without a user tells.
    fn build(&mut self, message: &mut Message) {
        let (repository, number) = self.pull_request();
        let failed = self.random.u8(0..5) == 0;
        message.user = None;
        message.bot = Some(1);
        message.username = Some("Lantern CI");
        message.subtype = Some(Subtype::Bot);
        // A failure is told in an attachment, and the text is empty.
        let text = format!("Build of {}/{repository}#{number} {}", self.company.organization, if failed { "failed" } else { "passed" });
        (message.text, message.attachment) = if failed { (String::new(), Some(text)) } else { (text, None) };
    }

    /// What an app tells that is a user.
    fn release(&mut self, message: &mut Message) {
        let (repository, number) = self.pull_request();
        message.user = self.data.bots[0].user;
        message.bot = Some(0);
        let organization = self.company.organization;
        message.text = format!(
            ":rocket: Deployed <https://github.com/{organization}/{repository}/pull/{number}|{organization}/{repository}#{number}>"
        );
        message.event = Some(("deploy", repository, number));
    }

    /// A reply below a root, within two days.
    pub(super) fn reply(&mut self, root: Ts) {
        let room = (self.until.0 - root.0).clamp(2, 2 * 86_400_000_000);
        let near = self.random.f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "two days of microseconds fit")]
        let after = (near * near * room as f64) as i64;
        let (ts, author) = (self.take(Ts(root.0 + 1 + after)), self.author());
        let text = match self.random.u8(0..6) {
            0 => format!("Fix is in {}", self.pull_link()),
            1 => self.text(),
            _ => (*pick(&mut self.random, &ANSWERS)).to_owned(),
        };
        let mut reply = Self::plain(ts, author, text);
        self.adorn(&mut reply);
        reply.subtype = (self.random.u8(0..14) == 0).then_some(Subtype::Broadcast);
        reply.root = Some(root);
        self.messages.push(reply);
    }

    /// Puts everything in the order of time, and notes what is on top and what is below what.
    fn finish(mut self, archived: bool) {
        if archived {
            let creator = self.data.channels[self.channel].creator;
            self.event(Ts(self.until.0 + 60_000_000), creator, Subtype::Archive, "archived the channel");
        }
        self.messages.sort_by_key(|message| message.ts);
        let channel = &mut self.data.channels[self.channel];
        for (at, message) in self.messages.iter().enumerate() {
            if let Some(root) = message.root {
                channel.threads.entry(root).or_default().push(at);
            }
            if message.root.is_none() || message.subtype == Some(Subtype::Broadcast) {
                channel.top.push(at);
            }
        }
        let roots = self.messages.iter().filter(|message| message.root.is_none() && message.subtype.is_none());
        // One of them is nothing but a file.
        let files = roots.clone().filter(|message| message.text.is_empty() && message.files.len() == 1).take(1);
        let mut pinned: Vec<Ts> = roots.filter(|message| message.ts.0 % 11 == 3).take(5).chain(files).map(|message| message.ts).collect();
        pinned.sort_unstable();
        pinned.dedup();
        channel.pins = pinned.into_iter().map(|ts| Pin { ts, user: channel.creator, created: random::second(ts) }).collect();
        channel.messages = self.messages;
    }
}
