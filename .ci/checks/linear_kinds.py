"""Linear's tables as its official client reads them: `@linear/sdk`, which runs on Node (linear.mjs)."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from compare import ClientError, Row, bounded
from kinds import Getter, Kind, Pair, at

SCRIPT = Path(__file__).with_name("linear.mjs")
CLIENT_SECONDS = 300


@dataclass
class LinearClient:
    """The official client with a credential; one process for each listing, whose rows are kept."""

    modules: Path
    url: str
    token: str
    listings: dict[str, list[Row]] = field(default_factory=dict)
    indexes: dict[str, dict[str, Row]] = field(default_factory=dict)

    def rows(self, name: str) -> list[Row]:
        """All rows of a collection, archived and disabled ones too."""
        if name not in self.listings:
            self.listings[name] = self._run(list=name)
        return self.listings[name]

    def history(self, issues: list[str]) -> list[Row]:
        """All changes of these issues."""
        return self._run(list="history", of=issues)

    def filtered(self, name: str, filter: Row) -> list[Row]:
        """The rows of a collection that a filter of the API's lets through."""
        return self._run(list=name, filter=filter)

    def answer(self, query: str) -> Row:
        """What a GraphQL document gives."""
        return self._run(query=query)[0]

    def by_id(self, name: str, id: str | None) -> Row:
        """A row of a collection; an empty one for no id."""
        if name not in self.indexes:
            self.indexes[name] = {row["id"]: row for row in self.rows(name)}
        return self.indexes[name][id] if id else {}

    def _run(self, **asked: Any) -> list[Row]:
        # The credential goes through standard input: arguments can be seen by everybody.
        done = subprocess.run(["node", str(SCRIPT), str(self.modules)], input=json.dumps({"url": self.url, "token": self.token, **asked}),
                              capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False)  # fmt: skip
        if done.returncode:
            lines = done.stderr.splitlines()
            said = tuple(json.loads(line)["said"] for line in lines if line.startswith('{"said":'))
            raise ClientError(f"{asked.get('list', 'query')}: {' '.join(lines[: len(lines) - len(said)])}", said)
        return [json.loads(line) for line in done.stdout.splitlines()]


def camel(name: str) -> str:
    """`created_at` as `createdAt`."""
    return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)


def fields(names: str) -> dict[str, Getter]:
    """Columns that have the field's name, but in snake case."""
    return at(**{name: camel(name) for name in names.split()})


def linear_kinds(client: LinearClient) -> list[Kind]:
    """All tables of Linear. What a row refers to is looked up in the client's own listing of it."""

    def refers(id: str, listing: str, **columns: str) -> dict[str, Getter]:
        """Columns of the row that the field `id` names."""

        def getter(field: str) -> Getter:
            return lambda _, row: client.by_id(listing, row.get(id)).get(field)

        return {name: getter(field) for name, field in columns.items()}

    def name(column: str, id: str) -> dict[str, Getter]:
        return refers(id, "users", **{f"{column}_name": "name"})

    def person(column: str, id: str) -> dict[str, Getter]:
        return {**name(column, id), **refers(id, "users", **{f"{column}_email": "email"})}

    def labels(_: Any, row: Row) -> list[str]:
        return [client.by_id("issueLabels", id)["name"] for id in row["labelIds"]]

    def rows(listing: str) -> Callable[[], Iterator[Pair]]:
        return lambda: ((None, row) for row in bounded(client.rows(listing)))

    def sample() -> list[str]:
        """Some fifty issues of every age: each costs calls of the budget that an hour has."""
        ids = [row["id"] for row in client.rows("issues")]
        return ids[:: len(ids) // 50 + 1]

    kept = fields("id created_at updated_at archived_at")
    team = refers("teamId", "teams", team_key="key")
    issue = {**fields("issue_id"), **refers("issueId", "issues", issue_identifier="identifier")}
    project = {**fields("project_id"), **refers("projectId", "projects", project_name="name")}
    author = {**at(author_id="userId"), **person("author", "userId")}

    return [
        Kind("linear", "issues", {
            **kept, **team, **refers("teamId", "teams", team_name="name"), **project, "labels": labels,
            **person("assignee", "assigneeId"), **person("creator", "creatorId"),
            **refers("stateId", "workflowStates", state_name="name", state_type="type"),
            **refers("projectMilestoneId", "projectMilestones", project_milestone_name="name"),
            **refers("cycleId", "cycles", cycle_number="number"), **refers("parentId", "issues", parent_identifier="identifier"),
            **fields("identifier title priority priority_label estimate due_date started_at completed_at canceled_at triaged_at "
                     "started_triage_at auto_archived_at auto_closed_at snoozed_until_at added_to_cycle_at sla_started_at "
                     "sla_breaches_at trashed description branch_name number customer_ticket_count sort_order previous_identifiers "
                     "url state_id team_id assignee_id creator_id delegate_id project_milestone_id cycle_id parent_id label_ids"),
            }, rows("issues")),
        # The client counts a team's issues without the archived ones.
        Kind("linear", "teams", {
            **kept, **refers("parentId", "teams", parent_key="key"),
            **at(time_zone="timezone", cycle_duration_weeks="cycleDuration"),
            **fields("key name display_name description visibility cycles_enabled triage_enabled issue_estimation_type retired_at "
                     "color icon parent_id active_cycle_id"),
            }, rows("teams")),
        Kind("linear", "users", {
            **kept,
            **at(time_zone="timezone", last_seen_at="lastSeen", status_text="statusLabel", image_url="avatarUrl"),
            **fields("name display_name email active admin owner guest app title description created_issue_count status_emoji "
                     "status_until_at disable_reason is_me url"),
            }, rows("users")),
        Kind("linear", "projects", {
            **kept, **person("lead", "leadId"), **name("creator", "creatorId"),
            **fields("name description health health_updated_at priority priority_label progress scope start_date "
                     "start_date_resolution target_date target_date_resolution started_at completed_at canceled_at trashed content "
                     "slug_id color icon url status_id lead_id creator_id label_ids converted_from_issue_id"),
            }, rows("projects")),
        Kind("linear", "project_milestones", {
            **kept, **project, **fields("name description status progress target_date sort_order"),
            }, rows("projectMilestones")),
        Kind("linear", "project_updates", {
            **kept, **project, **author, **at(diff="diffMarkdown"), **fields("health body comment_count is_stale edited_at url"),
            }, rows("projectUpdates")),
        Kind("linear", "initiatives", {
            **kept, **person("owner", "ownerId"), **name("creator", "creatorId"), **at(parent_id="parentInitiativeId"),
            **refers("leadTeamId", "teams", lead_team_key="key"),
            **refers("parentInitiativeId", "initiatives", parent_name="name"),
            # Of canceledAt this client's model knows nothing.
            **fields("name description status health health_updated_at priority visibility target_date target_date_resolution "
                     "started_at completed_at trashed content slug_id color icon url owner_id creator_id lead_team_id label_ids"),
            }, rows("initiatives")),
        Kind("linear", "documents", {
            **kept, **issue, **project, **person("creator", "creatorId"),
            **refers("updatedById", "users", updated_by_name="name"), **refers("initiativeId", "initiatives", initiative_name="name"),
            **fields("title content hidden_at trashed slug_id color icon url creator_id updated_by_id initiative_id"),
            }, rows("documents")),
        Kind("linear", "cycles", {
            **kept, **team,
            **fields("number name description starts_at ends_at completed_at progress is_active is_past is_future is_next "
                     "is_previous team_id"),
            }, rows("cycles")),
        Kind("linear", "comments", {
            **kept, **issue, **author, **at(bot_name="botActor.name"),
            **fields("body quoted_text edited_at resolved_at url parent_id project_id project_update_id initiative_id "
                     "initiative_update_id document_content_id"),
            }, rows("comments")),
        Kind("linear", "labels", {
            **kept, **team, **refers("parentId", "issueLabels", parent_name="name"), **name("creator", "creatorId"),
            **fields("name description color is_group last_applied_at parent_id team_id creator_id"),
            }, rows("issueLabels")),
        Kind("linear", "workflow_states", {
            **kept, **team, **fields("name type position description color team_id")}, rows("workflowStates")),
        Kind("linear", "attachments", {
            **kept, **issue, **name("creator", "creatorId"), **fields("title subtitle url source_type creator_id"),
            }, rows("attachments")),
        Kind("linear", "issue_relations", {
            **kept, **issue, **fields("type related_issue_id"),
            **refers("relatedIssueId", "issues", related_issue_identifier="identifier"),
            }, rows("issueRelations")),
        # A call for each issue: of some.
        Kind("linear", "issue_history", {
            **{name: getter for name, getter in kept.items() if name != "archived_at"}, **issue,
            **refers("actorId", "users", actor_name="name"), **at(bot_name="botActor.name"),
            **refers("fromStateId", "workflowStates", from_state_name="name"),
            **refers("toStateId", "workflowStates", to_state_name="name"),
            **refers("fromAssigneeId", "users", from_assignee_name="name"),
            **refers("toAssigneeId", "users", to_assignee_name="name"),
            **refers("fromTeamId", "teams", from_team_key="key"), **refers("toTeamId", "teams", to_team_key="key"),
            **refers("fromProjectId", "projects", from_project_name="name"),
            **refers("toProjectId", "projects", to_project_name="name"),
            **fields("from_priority to_priority from_estimate to_estimate from_title to_title from_due_date to_due_date "
                     "added_label_ids removed_label_ids updated_description archived trashed auto_archived auto_closed actor_id "
                     "from_state_id to_state_id from_assignee_id to_assignee_id from_cycle_id to_cycle_id from_parent_id "
                     "to_parent_id from_project_id to_project_id from_team_id to_team_id attachment_id"),
            }, lambda: ((None, row) for row in client.history(sample())), lambda: ("issue_id", sample())),
    ]  # fmt: skip


def linear_filters(client: LinearClient, kinds: list[Kind]) -> list[Kind]:
    """Filters that say the same in Linear's words as in SQL's."""
    tables = {kind.table: kind for kind in kinds}
    issues = client.rows("issues")
    issue = max(issues, key=lambda row: sum(comment.get("issueId") == row["id"] for comment in client.rows("comments")))
    person = next(row["assigneeId"] for row in issues if row.get("assigneeId"))
    team = client.by_id("teams", issue["teamId"])["key"]
    label = client.by_id("issueLabels", next(row["labelIds"][0] for row in issues if row["labelIds"]))["name"]
    moment = sorted(row["updatedAt"] for row in issues)[len(issues) // 2]
    day = sorted(row["dueDate"] for row in issues if row.get("dueDate"))[3]

    def asked(table: str, listing: str, condition: str, filter: Row) -> Kind:
        return tables[table].filtered(condition, lambda: ((None, row) for row in bounded(client.filtered(listing, filter))))

    of_issues = partial(asked, "issues", "issues")
    return [
        of_issues(f"team_key = '{team}'", {"team": {"key": {"eq": team}}}),
        of_issues("state_type IN ('started', 'unstarted')", {"state": {"type": {"in": ["started", "unstarted"]}}}),
        of_issues("priority IN (1, 2)", {"priority": {"in": [1, 2]}}),
        of_issues("estimate <> 3", {"estimate": {"neq": 3}}),
        of_issues(f"assignee_id = '{person}'", {"assignee": {"id": {"eq": person}}}),
        of_issues("assignee_id IS NULL", {"assignee": {"null": True}}),
        of_issues("project_id IS NOT NULL AND completed_at IS NULL", {"project": {"null": False}, "completedAt": {"null": True}}),
        of_issues(f"updated_at >= '{moment}'", {"updatedAt": {"gte": moment}}),
        of_issues(f"due_date < '{day}'", {"dueDate": {"lt": day}}),
        of_issues(f"array_has(labels, '{label}')", {"labels": {"some": {"name": {"eq": label}}}}),
        of_issues(f"identifier = '{issue['identifier']}'", {"id": {"eq": issue["identifier"]}}),
        asked("comments", "comments", f"issue_id = '{issue['id']}'", {"issue": {"id": {"eq": issue["id"]}}}),
        asked("users", "users", "NOT active", {"active": {"eq": False}}),
        asked("cycles", "cycles", "is_active", {"isActive": {"eq": True}}),
        asked("projects", "projects", "health = 'atRisk'", {"health": {"eq": "atRisk"}}),
        asked("attachments", "attachments", "source_type = 'github'", {"sourceType": {"eq": "github"}}),
        asked("workflow_states", "workflowStates", f"team_key <> '{team}'", {"team": {"key": {"neq": team}}}),
    ]  # fmt: skip
