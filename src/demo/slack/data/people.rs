//! The workspace, its users, apps, groups, emoji and sign-ins.

use chrono::Duration;

use super::super::super::company::{Company, Person, Scale};
use super::random::{ago, id, past, pick};
use super::{Bot, Custom, Data, Login, Team, User, Usergroup};

/// The person who owns the workspace.
const OWNER: usize = 0;
/// The person who is a bot.
const BOT: usize = 3;

const TITLES: [&str; 6] = ["Engineer", "Designer", "", "Support & care", "Product manager", "Lichtplanerin"];
const STATUSES: [(&str, &str); 5] = [("", ""), (":palm_tree:", "On holiday"), ("", ""), (":house:", "Home office 🏡"), ("", "")];

/// A workspace without conversations.
pub(super) fn workspace(company: &Company) -> Data {
    let mut random = company.random("slack people");
    let team = id(&mut random, 'T');
    let mut users: Vec<User> = company.people.iter().map(|person| user(company, person, &team, &mut random)).collect();
    let plain = |id: String, team: &str, name: &str, real_name: &str| User {
        id,
        team: team.to_owned(),
        foreign: false,
        name: name.to_owned(),
        real_name: real_name.to_owned(),
        display_name: real_name.to_owned(),
        email: None,
        title: "",
        status: ("", ""),
        time_zone: "America/Los_Angeles",
        deleted: false,
        bot: None,
        admin: false,
        owner: false,
        restricted: false,
        two_factor: false,
        active: true,
        updated: ago(company, 900),
    };
    let slackbot = users.len();
    users.push(plain("USLACKBOT".to_owned(), &team, "slackbot", "Slackbot"));
    let guest = id(&mut random, 'U');
    users.push(User {
        email: Some("vera@freelance.example".to_owned()),
        restricted: true,
        time_zone: "Europe/Berlin",
        ..plain(guest, &team, "vera", "Vera Lang (guest)")
    });
    let other_team = id(&mut random, 'T');
    for (name, real_name) in [("inga.nordlys", "Inga Nordlys"), ("pal", "Pål \"Lux\" Ås")] {
        let id = id(&mut random, 'U');
        users.push(User { foreign: true, ..plain(id, &other_team, name, real_name) });
    }
    let mut bot = |name, user| Bot { id: id(&mut random, 'B'), app: id(&mut random, 'A'), name, user, updated: ago(company, 400) };
    let bots = vec![bot("lumen-bot", Some(BOT)), bot("Lantern CI", None)];
    Data {
        team: Team { id: team, name: "Lumenfold", domain: company.organization, email_domain: "lumenfold.example" },
        now: company.now,
        usergroups: usergroups(company, &mut random),
        logins: logins(company, &users, &mut random),
        users,
        bots,
        bot_reader: BOT,
        user_reader: OWNER,
        slackbot,
        channels: Vec::new(),
        files: Vec::new(),
        emoji: vec![
            Custom { name: "lumen", alias: None },
            Custom { name: "lumen-party", alias: None },
            Custom { name: "shipit", alias: Some("rocket") },
            Custom { name: "glow", alias: Some("lumen") },
        ],
    }
}

fn user(company: &Company, person: &Person, team: &str, random: &mut fastrand::Rng) -> User {
    User {
        id: id(random, if person.index % 13 == 6 { 'W' } else { 'U' }),
        team: team.to_owned(),
        foreign: false,
        name: person.login.clone(),
        real_name: person.name.clone(),
        display_name: match person.index % 5 {
            2 => String::new(),
            4 => format!("{} 💡", person.name.split(' ').next().unwrap_or_default()),
            _ => person.name.clone(),
        },
        email: (!person.bot).then(|| person.email.clone()),
        title: if person.bot { "" } else { TITLES[person.index % TITLES.len()] },
        status: if person.active { STATUSES[person.index % STATUSES.len()] } else { ("", "") },
        time_zone: person.time_zone,
        deleted: !person.active,
        bot: person.bot.then_some(0),
        admin: matches!(person.index, OWNER | 5),
        owner: person.index == OWNER,
        restricted: false,
        two_factor: person.index % 9 != 4,
        active: person.active && random.bool(),
        updated: past(company, random),
    }
}

fn usergroups(company: &Company, random: &mut fastrand::Rng) -> Vec<Usergroup> {
    let active: Vec<usize> = company.people.iter().filter(|person| person.active && !person.bot).map(|person| person.index).collect();
    let rows = [
        ("On call", "on-call", "Who has the pager", 3, false),
        ("Design", "design", "", 4, false),
        ("Leads & owners", "leads", "Everyone who \"leads\"", 5, false),
        ("Desktop team", "desktop", "Until the desktop app was retired", 2, true),
        ("Nobody yet", "nobody", "", 0, false),
    ];
    rows.into_iter()
        .enumerate()
        .map(|(at, (name, handle, description, size, disabled))| {
            let mut users: Vec<usize> = (0..size).map(|step| active[(at * 3 + step * 2) % active.len()]).collect();
            users.sort_unstable();
            users.dedup();
            let updated = past(company, random).max(ago(company, 700));
            Usergroup {
                id: id(random, 'S'),
                name,
                handle,
                description,
                creator: OWNER,
                created: ago(company, 800),
                updated,
                disabled: disabled.then_some(updated),
                users,
            }
        })
        .collect()
}

fn logins(company: &Company, users: &[User], random: &mut fastrand::Rng) -> Vec<Login> {
    let count = if company.scale == Scale::Full { 230 } else { 30 };
    let agents: [&'static str; 3] =
        ["Slack_SSB/4.41.105 (Windows)", "SlackWeb/7f3 Mozilla/5.0 (X11; Linux x86_64)", "com.tinyspeck.chatlyio/26.10.20 (iPhone)"];
    let people = company.people.len();
    let mut logins: Vec<Login> = (0..count)
        .map(|_| {
            let mut user = random.usize(..people);
            while users[user].bot.is_some() {
                user = random.usize(..people);
            }
            let last = past(company, random);
            let times = random.i64(1..40);
            Login {
                user,
                first: if times == 1 { last } else { last - Duration::seconds(random.i64(60..4_000_000)) },
                last,
                count: times,
                ip: format!("203.0.113.{}", random.u8(1..250)),
                user_agent: pick::<&str>(random, &agents),
            }
        })
        .collect();
    logins.sort_by_key(|login| std::cmp::Reverse(login.last));
    logins
}
