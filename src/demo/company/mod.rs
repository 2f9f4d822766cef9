//! The made-up company whose data fills the demo workspace: Lumenfold, a maker of light-planning software.
//!
//! Owns who and what exists, and that the sources refer to each other (pull requests name issue keys, the same
//! person has one login here and one account id there). Everything follows from a seed, a clock and a scale, so
//! that a test sees the same rows each time. Knows nothing of HTTP: the emulators beside it give their vendor's shapes.

use chrono::{DateTime, Duration, Timelike, Utc};

/// How much data there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// A few hundred rows: every hidden kind of row is there, and a test reads it all in milliseconds.
    Small,
    /// What `sqluice --demo` shows: thousands of issues over 20 projects, 40 repositories.
    Full,
}

/// A person (or a bot) who works at Lumenfold.
#[derive(Clone, Debug)]
pub struct Person {
    /// Position in [`Company::people`].
    pub index: usize,
    /// Display name; some have accents, one has an emoji.
    pub name: String,
    /// Login at GitHub.
    pub login: String,
    /// Numeric user id at GitHub.
    pub github_id: i64,
    /// Account id at Atlassian (`712020:` and a UUID).
    pub account_id: String,
    /// Mail address.
    pub email: String,
    /// IANA time zone.
    pub time_zone: &'static str,
    /// False for someone who left; their account still stands as author and assignee.
    pub active: bool,
    /// True for automation accounts.
    pub bot: bool,
}

/// A Jira project as the rest of the company knows it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Position in [`Company::projects`].
    pub index: usize,
    /// Jira's id, a decimal number as text.
    pub id: String,
    /// Key, the part of an issue key before the hyphen.
    pub key: &'static str,
    /// Name.
    pub name: &'static str,
    /// Whether the project has been archived (its issues are not searchable).
    pub archived: bool,
    /// Whether it is team-managed ("next-gen"), with statuses of its own.
    pub team_managed: bool,
    /// How many issues it has: numbers 1 to this.
    pub issues: u32,
}

/// The company.
#[derive(Clone, Debug)]
pub struct Company {
    /// The seed of everything made up.
    pub seed: u64,
    /// How much of it there is.
    pub scale: Scale,
    /// The moment at which the data is seen, in whole seconds; everything is dated before it.
    pub now: DateTime<Utc>,
    /// GitHub organisation that owns the repositories.
    pub organization: &'static str,
    /// Everyone.
    pub people: Vec<Person>,
    /// All Jira projects.
    pub projects: Vec<Project>,
    /// Names of the repositories of the organisation.
    pub repositories: Vec<String>,
}

const PROJECTS: [(&str, &str, u32); 20] = [
    ("ENG", "Engine", 640),
    ("WEB", "Web planner", 610),
    ("MOB", "Mobile", 480),
    ("API", "Public API", 420),
    ("OPS", "Operations", 390),
    ("DATA", "Data platform", 360),
    ("PAY", "Billing", 310),
    ("SEC", "Security", 290),
    ("DOC", "Documentation", 260),
    ("QA", "Quality", 250),
    ("UX", "Design", 230),
    ("SUP", "Support", 220),
    ("INT", "Integrations", 200),
    ("ML", "Light simulation", 190),
    ("IT", "Workplace IT", 160),
    ("HR", "People", 120),
    ("LEG", "Legal", 90),
    ("MKT", "Marketing", 80),
    ("OLD", "Legacy desktop", 140),
    ("NEW", "Empty for now", 0),
];

const GIVEN: [&str; 24] = [
    "Ada", "Bruno", "Chloé", "Dmitri", "Eun-ji", "Farid", "Greta", "Hana", "Iñigo", "Jonas", "Kaya", "Liam", "Mei", "Noor", "Olga",
    "Pádraig", "Quentin", "Rosa", "Søren", "Tariq", "Uma", "Violet", "Wen", "Zoë",
];
const FAMILY: [&str; 16] = [
    "Álvarez",
    "Brandt",
    "Castellano",
    "Dvořák",
    "Eriksen",
    "Fujimoto",
    "Grøn",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalska",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "O'Brien",
    "Petrov",
];
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "Pacific/Kiritimati",
    "America/Sao_Paulo",
    "Europe/London",
    "Pacific/Pago_Pago",
    "Asia/Kolkata",
];
const AREAS: [&str; 10] = ["engine", "web", "mobile", "api", "infra", "data", "billing", "docs", "design-system", "sim"];
const PARTS: [&str; 4] = ["core", "client", "tools", "examples"];

impl Company {
    /// The company as of `now` (cut to whole seconds).
    pub fn new(scale: Scale, now: DateTime<Utc>) -> Self {
        let now = now.with_nanosecond(0).unwrap_or(now);
        let seed = 0x5109_0001;
        let mut company =
            Self { seed, scale, now, organization: "lumenfold", people: Vec::new(), projects: Vec::new(), repositories: Vec::new() };
        company.people = company.make_people();
        company.projects = company.make_projects();
        company.repositories = company.make_repositories();
        company
    }

    /// A generator of random numbers for one part of the data: the same part always gets the same numbers.
    pub fn random(&self, part: &str) -> fastrand::Rng {
        let mixed = part.bytes().fold(self.seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        fastrand::Rng::with_seed(mixed)
    }

    /// A moment in the past, more often recent than long ago: within three years of now, cut to whole milliseconds.
    pub fn past(&self, random: &mut fastrand::Rng) -> DateTime<Utc> {
        let share = random.f64();
        // Most of what is recent is hours old: nobody files forty issues in a minute.
        let hours = (share * 4_096.0).fract() * 8.0;
        #[expect(clippy::cast_possible_truncation, reason = "three years of milliseconds fit")]
        let back = (share * share * share * 3.0 * 365.0 * 86_400_000.0 + hours * 3_600_000.0) as i64;
        self.now - Duration::milliseconds(back)
    }

    /// The key of some existing issue of a project that is not archived, to be named in a pull request, a message or a page.
    pub fn some_issue_key(&self, random: &mut fastrand::Rng) -> String {
        let live: Vec<&Project> = self.projects.iter().filter(|project| !project.archived && project.issues > 0).collect();
        let project = live[random.usize(..live.len())];
        format!("{}-{}", project.key, random.u32(1..=project.issues))
    }

    fn make_people(&self) -> Vec<Person> {
        let count = if self.scale == Scale::Full { 60 } else { 16 };
        let mut random = self.random("people");
        (0..count)
            .map(|index| {
                let bot = index == 3;
                let given = GIVEN[index % GIVEN.len()];
                let family = FAMILY[(index * 5 + index / GIVEN.len()) % FAMILY.len()];
                let name = match index {
                    3 => "Lumen Bot 🤖".to_owned(),
                    _ => format!("{given} {family}"),
                };
                let ascii = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
                let handle = if bot { "lumen-bot".to_owned() } else { format!("{}-{}{index}", ascii(given), ascii(family)) };
                Person {
                    index,
                    name,
                    email: format!("{handle}@lumenfold.example"),
                    login: handle,
                    github_id: 1_000_000 + i64::try_from(index).unwrap_or(0) * 37,
                    account_id: format!(
                        "712020:{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                        random.u32(..),
                        random.u16(..),
                        random.u16(..0x1000),
                        random.u16(..0x1000),
                        random.u64(..0x1_0000_0000_0000)
                    ),
                    time_zone: ZONES[index % ZONES.len()],
                    active: index % 11 != 7,
                    bot,
                }
            })
            .collect()
    }

    fn make_projects(&self) -> Vec<Project> {
        let full = self.scale == Scale::Full;
        PROJECTS
            .iter()
            .enumerate()
            .filter(|(index, _)| full || matches!(index, 0..=3 | 18 | 19))
            .enumerate()
            .map(|(index, (row, (key, name, issues)))| Project {
                index,
                id: (10_000 + row * 3).to_string(),
                key,
                name,
                archived: *key == "OLD",
                team_managed: row % 4 == 3,
                issues: if full { *issues } else { (*issues).min(20 + 25 * u32::try_from(row % 4).unwrap_or(0)) },
            })
            .collect()
    }

    fn make_repositories(&self) -> Vec<String> {
        let count = if self.scale == Scale::Full { 40 } else { 7 };
        (0..count).map(|index| format!("{}-{}", AREAS[index % AREAS.len()], PARTS[index / AREAS.len()])).collect()
    }
}
