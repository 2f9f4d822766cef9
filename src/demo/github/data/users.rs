//! Accounts: the people of the company, the stand-in for deleted ones, GitHub's own committer, and strangers.

use chrono::Duration;

use super::super::super::company::{Company, Scale};
use super::User;

pub(super) fn users(company: &Company) -> Vec<User> {
    let founded = company.now - Duration::days(4 * 365);
    let day = |index: usize| founded - Duration::seconds(i64::try_from(index).unwrap_or(0) * 400_000);
    let people = company.people.iter().map(|person| User {
        id: person.github_id,
        login: person.login.clone(),
        name: (person.index % 6 != 5).then(|| person.name.clone()),
        email: (person.index % 2 == 0).then(|| person.email.clone()),
        bot: person.bot,
        member: person.active,
        admin: matches!(person.index, 0 | 5),
        public_member: person.index % 3 == 0,
        two_factor: person.index % 9 != 4,
        created_at: day(person.index),
    });
    let stranger = |id, login: String, created_at| User {
        id,
        login,
        name: None,
        email: None,
        bot: false,
        member: false,
        admin: false,
        public_member: false,
        two_factor: true,
        created_at,
    };
    let strangers = if company.scale == Scale::Full { 140 } else { 36 };
    people
        .chain([stranger(10_137, "ghost".to_owned(), day(900)), stranger(19_864_447, "web-flow".to_owned(), day(901))])
        .chain((0..strangers).map(|index| {
            let login = if index == 0 { "Mixed-Case-Fan".to_owned() } else { format!("stargazer-{index}") };
            stranger(20_000_000 + i64::try_from(index).unwrap_or(0) * 911, login, day(index))
        }))
        .collect()
}
