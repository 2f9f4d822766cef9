//! The workspace, its people and teams, and what a team orders its issues by.

use chrono::Days;
use serde_json::json;

use super::{Cell, Kind, View, count, row, rows, which};

impl View {
    pub(super) fn organization(&self, field: &str) -> Cell<'_> {
        let data = &self.data;
        match field {
            "name" => Cell::from(&data.organization.name),
            "urlKey" => Cell::from(&data.organization.url_key),
            "createdIssueCount" => count(data.issues.len()),
            "userCount" => count(which(&data.users, |user| user.active).len()),
            "teams" => rows(Kind::Team, 0..data.teams.len()),
            "users" => rows(Kind::User, 0..data.users.len()),
            "labels" => rows(Kind::Label, which(&data.labels, |label| label.team.is_none())),
            "projectStatuses" => rows(Kind::ProjectStatus, 0..data.project_statuses.len()),
            "projectUpdateRemindersDay" | "initiativeUpdateRemindersDay" => "Friday".into(),
            "projectUpdatesReminderFrequency" => "never".into(),
            "pullRequestIssueMode" => "optional".into(),
            "releaseChannel" => "public".into(),
            "slaDayCount" => "all".into(),
            "slackProjectChannelPrefix" => "proj-".into(),
            "workingDays" => json!([1, 2, 3, 4, 5]).into(),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn user(&self, at: usize, field: &str) -> Cell<'_> {
        let (data, user) = (&self.data, &self.data.users[at]);
        match field {
            "name" => Cell::from(&user.name),
            "displayName" => Cell::from(&user.display_name),
            "email" => Cell::from(&user.email),
            "active" | "isAssignable" | "isMentionable" => user.active.into(),
            "admin" => user.admin.into(),
            "owner" => user.owner.into(),
            "guest" => user.guest.into(),
            "app" | "supportsAgentSessions" => user.app.into(),
            "canAccessAnyPublicTeam" => (!user.guest).into(),
            "isMe" => (at == data.viewer).into(),
            "timezone" => user.time_zone.into(),
            "title" => Cell::from(user.title.as_ref()),
            "description" => (at % 4 == 1).then_some("Asks about lamps").into(),
            "avatarUrl" => (at % 3 == 1).then(|| format!("https://public.linear.app/{}/avatar.png", user.record.id)).into(),
            "statusEmoji" => (at % 5 == 1).then_some(":palm_tree:").into(),
            "statusLabel" => (at % 5 == 1).then_some("On holiday").into(),
            "statusUntilAt" => (at % 5 == 1).then(|| data.now + Days::new(3)).into(),
            "lastSeen" => user.last_seen.into(),
            "disableReason" => (!user.active).then_some("admin suspended").into(),
            "gitHubUserId" => user.github_id.map(|id| id.to_string()).into(),
            "url" => self.url(&format!("profiles/{}", user.display_name)).into(),
            "initials" => user.name.split(' ').filter_map(|word| word.chars().next()).take(2).collect::<String>().into(),
            "avatarBackgroundColor" => "#26b5ce".into(),
            "inviteHash" => user.record.id[..8].to_owned().into(),
            "createdIssueCount" => count(which(&data.issues, |issue| issue.creator == Some(at)).len()),
            "assignedIssues" => rows(Kind::Issue, which(&data.issues, |issue| issue.assignee == Some(at))),
            "createdIssues" => rows(Kind::Issue, which(&data.issues, |issue| issue.creator == Some(at))),
            "delegatedIssues" => rows(Kind::Issue, which(&data.issues, |issue| issue.delegate == Some(at))),
            "teamMemberships" => rows(Kind::Membership, which(&data.memberships, |membership| membership.user == at)),
            "teams" => rows(Kind::Team, data.memberships.iter().filter(|membership| membership.user == at).map(|row| row.team)),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn team(&self, at: usize, field: &str) -> Cell<'_> {
        let (data, team) = (&self.data, &self.data.teams[at]);
        let members = || data.memberships.iter().filter(move |membership| membership.team == at);
        let state = |kind: &str| row(Kind::State, data.states.iter().position(|state| state.team == at && state.kind == kind));
        match field {
            "key" => Cell::from(&team.key),
            "name" => Cell::from(&team.name),
            "displayName" => match team.parent {
                Some(parent) => format!("{} › {}", data.teams[parent].name, team.name).into(),
                None => Cell::from(&team.name),
            },
            "description" => Cell::from(team.description.as_ref()),
            "color" => team.color.into(),
            "icon" => at.is_multiple_of(2).then_some("Bulb").into(),
            "timezone" => team.time_zone.into(),
            "private" => team.private.into(),
            "visibility" => if team.private { "private" } else { "public" }.into(),
            "parent" => row(Kind::Team, team.parent),
            "ancestors" => rows(Kind::Team, team.parent),
            "children" => rows(Kind::Team, which(&data.teams, |other| other.parent == Some(at))),
            "retiredAt" => team.retired.into(),
            "cyclesEnabled" => team.cycle_weeks.is_some().into(),
            "cycleDuration" => team.cycle_weeks.unwrap_or(1).into(),
            "cycleStartDay" => 1_u8.into(),
            "upcomingCycleCount" => 2_u8.into(),
            "cycleCalenderUrl" => self.url(&format!("calendar/{}.ics", team.key)).into(),
            "triageEnabled" => team.triage.into(),
            "triageIssueState" => state("triage"),
            "defaultIssueState" | "startWorkflowState" => state("unstarted"),
            "markedAsDuplicateWorkflowState" => state("duplicate"),
            "mergeWorkflowState" => state("completed"),
            "issueEstimationType" => "fibonacci".into(),
            "setIssueSortOrderOnStateChange" => "default".into(),
            "inviteHash" => team.record.id[..8].to_owned().into(),
            "autoArchivePeriod" => 6_u8.into(),
            "issueCount" => count(which(&data.issues, |issue| issue.team == at && issue.record.archived.is_none()).len()),
            "issueCountWithArchived" => count(which(&data.issues, |issue| issue.team == at).len()),
            "viewerCanLeave" | "allMembersCanJoin" => true.into(),
            "viewerMembership" => row(Kind::Membership, data.memberships.iter().position(|row| row.team == at && row.user == data.viewer)),
            "activeCycle" => {
                row(Kind::Cycle, data.cycles.iter().position(|row| row.team == at && row.starts <= data.now && data.now < row.ends))
            }
            "issues" => rows(Kind::Issue, which(&data.issues, |issue| issue.team == at)),
            "states" => rows(Kind::State, which(&data.states, |state| state.team == at)),
            "labels" => rows(Kind::Label, which(&data.labels, |label| label.team == Some(at))),
            "cycles" => rows(Kind::Cycle, which(&data.cycles, |cycle| cycle.team == at)),
            "projects" => rows(Kind::Project, which(&data.projects, |project| project.teams.contains(&at))),
            "members" | "users" => rows(Kind::User, members().map(|row| row.user)),
            "owners" => rows(Kind::User, members().filter(|row| row.owner).map(|row| row.user)),
            "memberships" => rows(Kind::Membership, which(&data.memberships, |row| row.team == at)),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn membership(&self, at: usize, field: &str) -> Cell<'_> {
        let membership = &self.data.memberships[at];
        match field {
            "user" => Kind::User.at(membership.user).into(),
            "team" => Kind::Team.at(membership.team).into(),
            "owner" => membership.owner.into(),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn state(&self, at: usize, field: &str) -> Cell<'_> {
        let state = &self.data.states[at];
        match field {
            "name" => state.name.into(),
            "type" => state.kind.into(),
            "color" => state.color.into(),
            "position" => state.position.into(),
            "description" => state.description.into(),
            "team" => Kind::Team.at(state.team).into(),
            "issues" => rows(Kind::Issue, which(&self.data.issues, |issue| issue.state == at)),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn label(&self, at: usize, field: &str) -> Cell<'_> {
        let (data, label) = (&self.data, &self.data.labels[at]);
        match field {
            "name" => label.name.into(),
            "color" => label.color.into(),
            "description" => label.description.into(),
            "isGroup" => label.group.into(),
            "retiredAt" => (at % 9 == 8).then_some(label.record.updated).into(),
            "lastAppliedAt" => data.issues.iter().filter(|issue| issue.labels.contains(&at)).map(|issue| issue.record.updated).max().into(),
            "groupType" => label.group.then_some("singleSelect").into(),
            "team" => row(Kind::Team, label.team),
            "parent" => row(Kind::Label, label.parent),
            "creator" => row(Kind::User, label.creator),
            "children" => rows(Kind::Label, which(&data.labels, |other| other.parent == Some(at))),
            "issues" => rows(Kind::Issue, which(&data.issues, |issue| issue.labels.contains(&at))),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn cycle(&self, at: usize, field: &str) -> Cell<'_> {
        let (data, cycle) = (&self.data, &self.data.cycles[at]);
        let active = cycle.starts <= data.now && data.now < cycle.ends;
        let beside = |other: Option<u32>| {
            let current = data.cycles.iter().find(|row| row.team == cycle.team && row.starts <= data.now && data.now < row.ends);
            current.is_some_and(|current| other == Some(current.number))
        };
        let issues = || which(&data.issues, |issue| issue.cycle == Some(at));
        match field {
            "number" => cycle.number.into(),
            "name" => Cell::from(cycle.name.as_ref()),
            "description" => Cell::from(cycle.description.as_ref()),
            "startsAt" => cycle.starts.into(),
            "endsAt" => cycle.ends.into(),
            "completedAt" => cycle.completed.into(),
            "isActive" => active.into(),
            "isPast" => (cycle.ends <= data.now).into(),
            "isFuture" => (cycle.starts > data.now).into(),
            "isNext" => beside(cycle.number.checked_sub(1)).into(),
            "isPrevious" => beside(Some(cycle.number + 1)).into(),
            "progress" => self.progress(&issues()),
            "issueCountHistory" | "scopeHistory" => json!(vec![issues().len(); 3]).into(),
            "team" => Kind::Team.at(cycle.team).into(),
            "issues" => rows(Kind::Issue, issues()),
            "uncompletedIssuesUponClose" => {
                let open = |at: &usize| data.issues[*at].completed.is_none() && cycle.completed.is_some();
                rows(Kind::Issue, issues().into_iter().filter(open))
            }
            _ => Cell::Unknown,
        }
    }

    /// The completed share of some issues.
    pub(super) fn progress(&self, issues: &[usize]) -> Cell<'_> {
        let done = issues.iter().filter(|&&at| self.data.issues[at].completed.is_some()).count();
        let [done, all] = [done, issues.len()].map(|many| f64::from(u32::try_from(many).unwrap_or(u32::MAX)));
        if issues.is_empty() { 0.0 } else { done / all }.into()
    }

    /// Where a milestone stands.
    pub(super) fn milestone_status(&self, at: usize) -> &'static str {
        let today = self.data.now.date_naive();
        match self.data.milestones[at].target {
            Some(day) if day < today => "overdue",
            Some(day) if day < today + Days::new(14) => "next",
            _ => "unstarted",
        }
    }
}
