//! Which conversations there are, and what is special about each.

use super::super::super::company::{Company, Scale};
use super::Kind;

/// What is written in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Talk {
    /// What people say.
    People,
    /// Incidents, each with a thread.
    Incidents,
    /// Builds, told by an app without a user.
    Builds,
    /// Releases, told by an app that is a user.
    Releases,
    /// Nothing at all.
    Nothing,
}

/// Who is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Members {
    /// Everybody.
    All,
    /// About half of all, with both readers.
    Half,
    /// Some, with both readers.
    Some,
    /// Some, without the reader that is a bot.
    WithoutBot,
    /// Some, without the reader that is a user.
    WithoutUser,
    /// These two or three, and nobody else.
    Only([usize; 3]),
}

/// A conversation before anything was said.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) talk: Talk,
    pub(super) members: Members,
    /// How many messages history has at least.
    pub(super) messages: usize,
    pub(super) archived: bool,
    pub(super) shared: bool,
    pub(super) previous_names: Vec<&'static str>,
}

/// Fixed conversations: name, kind, talk, members, messages at full and at small scale.
const FIXED: [(&str, Kind, Talk, Members, usize, usize); 16] = [
    ("general", Kind::Public, Talk::People, Members::All, 900, 100),
    ("random", Kind::Public, Talk::People, Members::Half, 800, 26),
    ("incidents", Kind::Public, Talk::Incidents, Members::Half, 700, 110),
    ("builds", Kind::Public, Talk::Builds, Members::Some, 1_500, 40),
    ("releases", Kind::Public, Talk::Releases, Members::Half, 320, 22),
    ("new-empty", Kind::Public, Talk::Nothing, Members::Some, 0, 0),
    ("watercooler", Kind::Public, Talk::People, Members::WithoutBot, 260, 14),
    ("licht-größe-照明", Kind::Public, Talk::People, Members::WithoutUser, 120, 12),
    ("ext-nordlys", Kind::Public, Talk::People, Members::Some, 240, 18),
    ("old-desktop", Kind::Public, Talk::People, Members::Some, 150, 12),
    ("offsite-2024", Kind::Public, Talk::People, Members::WithoutBot, 60, 6),
    ("leads", Kind::Private, Talk::People, Members::Some, 200, 14),
    ("sec-response", Kind::Private, Talk::Incidents, Members::WithoutBot, 90, 8),
    ("bot-lab", Kind::Private, Talk::People, Members::WithoutUser, 40, 6),
    ("old-board", Kind::Private, Talk::People, Members::Some, 30, 5),
    ("support", Kind::Public, Talk::People, Members::Half, 640, 20),
];
/// Those between several: who, and messages at full and at small scale. The readers are 0 (user) and 3 (bot).
const PEOPLE: [(Kind, [usize; 3], usize, usize); 6] = [
    (Kind::Group, [0, 1, 4], 60, 6),
    (Kind::Group, [0, 3, 5], 25, 5),
    (Kind::Direct, [0, 1, 1], 90, 8),
    (Kind::Direct, [0, 3, 3], 20, 5),
    (Kind::Direct, [2, 3, 3], 12, 4),
    (Kind::Direct, [4, 5, 5], 30, 3),
];

/// All conversations of a company: the fixed ones, one for each project, and those without names.
pub(super) fn conversations(company: &Company) -> Vec<Plan> {
    let full = company.scale == Scale::Full;
    let fixed = FIXED.iter().map(|(name, kind, talk, members, many, few)| Plan {
        name: (*name).to_owned(),
        kind: *kind,
        talk: *talk,
        members: *members,
        messages: if full { *many } else { *few },
        archived: matches!(*name, "old-desktop" | "offsite-2024" | "old-board"),
        shared: *name == "ext-nordlys",
        previous_names: match *name {
            "builds" => vec!["ci", "jenkins"],
            "old-desktop" => vec!["desktop"],
            _ => Vec::new(),
        },
    });
    let projects = company.projects.iter().map(|project| Plan {
        name: format!("proj-{}", project.key.to_lowercase()),
        kind: Kind::Public,
        talk: if project.issues == 0 { Talk::Nothing } else { Talk::People },
        members: Members::Some,
        messages: project.issues as usize / if full { 2 } else { 4 },
        archived: project.archived,
        shared: false,
        previous_names: Vec::new(),
    });
    let people = PEOPLE.iter().enumerate().map(|(at, (kind, who, many, few))| Plan {
        name: if *kind == Kind::Group {
            let handles: Vec<&str> = who.iter().map(|person| company.people[*person].login.as_str()).collect();
            format!("mpdm-{}-{}", handles.join("--"), at + 1)
        } else {
            String::new()
        },
        kind: *kind,
        talk: Talk::People,
        members: Members::Only(*who),
        messages: if full { *many } else { *few },
        archived: false,
        shared: false,
        previous_names: Vec::new(),
    });
    fixed.chain(projects).chain(people).collect()
}
