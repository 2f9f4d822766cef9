//! Components, versions, boards and sprints.

use chrono::{Duration, NaiveTime};

use super::int;
use crate::demo::company::{Company, Scale};
use crate::demo::jira::data::{Board, Component, Data, Sprint, Version};

const COMPONENTS: [&str; 6] = ["Renderer", "Import/Export", "UI", "Größen & Maße", "\"Legacy\" \\ adapter", "ui"];

/// Adds them.
pub(super) fn plan(company: &Company, data: &mut Data) {
    let mut random = company.random("jira plan");
    for at in 0..data.projects.len() {
        add_components(data, at, &mut random);
        add_versions(company, data, at);
    }
    add_boards(company, data);
    for board in 0..data.boards.len() {
        add_sprints(company, data, board);
    }
    share_sprints(data);
}

fn add_components(data: &mut Data, project: usize, random: &mut fastrand::Rng) {
    // Team-managed projects have no components, and a project may simply have none.
    if data.projects[project].team_managed || project % 6 == 5 {
        return;
    }
    for name in &COMPONENTS[..4 + project % 3] {
        data.components.push(Component {
            id: 10_020 + 3 * int(data.components.len()),
            project,
            name: (*name).to_owned(),
            description: random.bool().then(|| format!("All of {name}")),
            lead: random.bool().then(|| random.usize(..data.users.len())),
        });
    }
}

fn add_versions(company: &Company, data: &mut Data, project: usize) {
    let count: usize = match (data.projects[project].key.as_str(), company.scale) {
        ("NEW", _) => 0,
        ("ENG", Scale::Full) => 70,
        ("ENG", Scale::Small) => 12,
        _ => 5,
    };
    let today = company.now.date_naive();
    for number in 0..count {
        let back = Duration::days(14 * (int(count) - 3 - int(number)));
        let released = number + 3 < count;
        data.versions.push(Version {
            id: 10_030 + 2 * int(data.versions.len()),
            project,
            // Several projects have a version of this name.
            name: if number + 1 == count { "Next".to_owned() } else { format!("{}.{}", 1 + number / 10, number % 10) },
            description: (number % 3 == 0).then(|| format!("Release {number} \"of\" {}", data.projects[project].name)),
            released,
            archived: released && number % 4 == 0,
            start: (number % 3 != 1).then(|| today - back - Duration::days(14)),
            release: (number + 1 != count).then(|| today - back),
        });
    }
}

fn add_boards(company: &Company, data: &mut Data) {
    let mut boards = Vec::new();
    for (at, project) in data.projects.iter().enumerate().filter(|(_, project)| !project.archived) {
        let kind = match (project.type_key, project.team_managed, at % 3) {
            ("software", true, _) => "simple",
            ("software", false, 2) | ("service_desk", ..) => "kanban",
            ("software", false, _) => "scrum",
            _ => continue,
        };
        boards.push((format!("{} board", project.key), kind, vec![at]));
    }
    boards.push(("Engine + Web: all sprints 🏃".to_owned(), "scrum", vec![0, 1]));
    boards.push(("Incidents".to_owned(), "kanban", vec![1, 0]));
    if company.scale == Scale::Full {
        // More boards than one page holds.
        let teams = (0..45).map(|team| (format!("Team {team:02}"), if team % 2 == 0 { "kanban" } else { "scrum" }, vec![team % 7]));
        boards.extend(teams.filter(|(_, _, projects)| !data.projects[projects[0]].team_managed));
    }
    data.boards = boards
        .into_iter()
        .enumerate()
        .map(|(at, (name, kind, projects))| Board {
            id: 1 + 2 * int(at),
            name,
            kind,
            projects,
            private: at % 9 == 8,
            filter_id: 10_100 + int(at),
        })
        .collect();
}

fn add_sprints(company: &Company, data: &mut Data, board: usize) {
    let row = &data.boards[board];
    if row.kind == "kanban" || row.projects.len() > 1 {
        return;
    }
    let closed: i64 = match (board, company.scale) {
        (0, Scale::Full) => 64,
        (_, Scale::Full) => 8,
        (_, Scale::Small) => 4,
    };
    let monday = company.now.date_naive().and_time(NaiveTime::MIN).and_utc() + Duration::hours(9) + Duration::milliseconds(int(board) * 37);
    let key = data.projects[row.projects[0]].key.clone();
    for number in 0..closed + 3 {
        let start = monday - Duration::days(14 * (closed - number) + 7);
        let state = match number - closed {
            ..0 => "closed",
            0 => "active",
            _ => "future",
        };
        let begun = state != "future";
        data.sprints.push(Sprint {
            id: 30 + int(data.sprints.len()),
            // Everybody calls the next one the same.
            name: if number == closed + 1 { "Next sprint".to_owned() } else { format!("{key} Sprint {}", number + 1) },
            state,
            origin: board,
            boards: vec![board],
            created: start - Duration::days(3),
            start: begun.then_some(start),
            end: begun.then_some(start + Duration::days(14)),
            complete: (state == "closed").then_some(start + Duration::days(14) + Duration::minutes(number * 7)),
            goal: if number % 2 == 0 { format!("Ship part {number}") } else { String::new() },
        });
    }
}

/// The board over two projects shows the sprints of both.
fn share_sprints(data: &mut Data) {
    for (at, board) in data.boards.iter().enumerate().filter(|(_, board)| board.kind == "scrum" && board.projects.len() > 1) {
        for sprint in &mut data.sprints {
            let origin = &data.boards[sprint.origin];
            if origin.projects.iter().any(|project| board.projects.contains(project)) {
                sprint.boards.push(at);
            }
        }
    }
}
