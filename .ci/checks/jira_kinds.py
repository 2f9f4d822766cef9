"""Jira's tables as the `jira` client reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from jira import JIRA
from jira.resources import Issue

from compare import bounded
from kinds import Getter, Kind, Pair, at, dig, same, through


def jira_client(url: str, email: str, token: str) -> JIRA:
    """The `jira` client on version 3 of the API; its default, version 2, is not what sqluice reads."""
    return JIRA(server=url, basic_auth=(email, token), options={"rest_api_version": "3"}, max_retries=0, timeout=60)


def jira_pages(client: JIRA, path: str, rows: str = "values", *, base: str = JIRA.JIRA_BASE_URL) -> list[Any]:
    """Every row of an offset listing, by the client's own calls: it has no method for some, and for
    others (comments) one that reads the first page only."""
    found: list[Any] = []
    while True:
        page = client._get_json(path, params={"startAt": len(found), "maxResults": 100}, base=base)
        found += bounded(page[rows])
        if not page[rows] or page.get("isLast") or len(found) >= page["total"]:
            return found


# Archived ones too, which are not listed unless asked for.
PROJECTS = "project/search?status=live&status=archived&expand=description,lead,insight,url"
ISSUE = {
    **same("id", "key"),
    **at(summary="fields.summary", type="fields.issuetype.name", issue_type_id="fields.issuetype.id", is_subtask="fields.issuetype.subtask",
         hierarchy_level="fields.issuetype.hierarchyLevel", status="fields.status.name", status_id="fields.status.id",
         status_category="fields.status.statusCategory.name", status_category_key="fields.status.statusCategory.key",
         project_key="fields.project.key", project_id="fields.project.id", project_name="fields.project.name",
         assignee_id="fields.assignee.accountId", assignee_name="fields.assignee.displayName",
         reporter_id="fields.reporter.accountId", reporter_name="fields.reporter.displayName",
         creator_id="fields.creator.accountId", creator_name="fields.creator.displayName",
         priority="fields.priority.name", priority_id="fields.priority.id", resolution="fields.resolution.name",
         resolution_id="fields.resolution.id", labels="fields.labels", parent_key="fields.parent.key", parent_id="fields.parent.id",
         created="fields.created", updated="fields.updated", resolved="fields.resolutiondate", due_date="fields.duedate",
         components="fields.components*.name", component_ids="fields.components*.id", fix_versions="fields.fixVersions*.name",
         fix_version_ids="fields.fixVersions*.id", affected_versions="fields.versions*.name", affected_version_ids="fields.versions*.id",
         subtasks="fields.subtasks*.key", votes="fields.votes.votes", watchers="fields.watches.watchCount",
         time_spent_seconds="fields.timespent", original_estimate_seconds="fields.timeoriginalestimate",
         remaining_estimate_seconds="fields.timeestimate", status_category_changed="fields.statuscategorychangedate"),
}  # fmt: skip
FIELDS = ("summary,status,project,assignee,reporter,creator,labels,created,updated,priority,issuetype,resolution,resolutiondate,"
          "duedate,parent,components,fixVersions,versions,subtasks,votes,watches,timespent,timeoriginalestimate,timeestimate,"
          "statuscategorychangedate,comment,worklog")  # fmt: skip


def sprints(client: JIRA, boards: Iterable[dict[str, Any]], state: str | None = None) -> Iterator[Pair]:
    """The sprints of boards; of those of another kind the API does not list any."""
    for board in boards:
        if board["type"] != "kanban":
            yield from ((board, sprint.raw) for sprint in client.sprints(board["id"], maxResults=False, state=state))


def jira_kinds(client: JIRA) -> list[Kind]:
    """All tables of Jira."""

    @cache
    def projects() -> list[dict[str, Any]]:
        return jira_pages(client, PROJECTS)

    @cache
    def issues() -> list[Issue]:
        live = [project["id"] for project in projects() if not project.get("archived")]
        bound = f"project in ({', '.join(live)})"
        return list(client.enhanced_search_issues(bound, maxResults=0, fields=FIELDS))

    @cache
    def boards() -> list[dict[str, Any]]:
        return [board.raw for board in client.boards(maxResults=False)]

    @cache
    def sample() -> list[dict[str, Any]]:
        """The issues with the most comments and worklogs, and some with none."""
        def size(issue: Issue) -> int:
            return sum(dig(issue.raw, "fields", field, "total") or 0 for field in ("comment", "worklog"))

        ranked = sorted(issues(), key=size, reverse=True)
        return [issue.raw for issue in (*ranked[:8], *ranked[8:][-2:])]

    def of_sample() -> tuple[str, list[str]]:
        return "issue_key", [issue["key"] for issue in sample()]

    def of_issues(path: str, rows: str) -> Callable[[], Iterator[Pair]]:
        return lambda: ((issue, row) for issue in sample() for row in jira_pages(client, f"issue/{issue['id']}/{path}", rows))

    def of_projects(listing: Callable[[str], Iterable[Any]]) -> Callable[[], Iterator[Pair]]:
        return lambda: ((project, row.raw) for project in projects() for row in listing(project["id"]))

    def users() -> Iterator[Pair]:
        """The client can only search for users by a text; the list of all ends with an empty page."""
        start, known = 0, set()
        while page := client._get_json("users/search", params={"startAt": start, "maxResults": 1000}):
            start += len(page)
            # Accounts are left out after paging, so pages that follow what was received overlap.
            fresh = [user for user in page if user["accountId"] not in known]
            known.update(user["accountId"] for user in fresh)
            yield from ((None, user) for user in fresh)

    def board_issues() -> Iterator[Pair]:
        base = client.AGILE_BASE_URL
        return ((board, row) for board in boards() for row in jira_pages(client, f"board/{board['id']}/issue", "issues", base=base))

    def alone(listing: Callable[[], Iterable[Any]]) -> Callable[[], Iterator[Pair]]:
        return lambda: ((None, row if isinstance(row, dict) else row.raw) for row in listing())

    def kind(table: str, columns: dict[str, Getter], read: Callable[[], Iterable[Pair]]) -> Kind:
        return Kind("jira", table, columns, read)

    def kind_of_issues(table: str, columns: dict[str, Getter], path: str, rows: str) -> Kind:
        return Kind("jira", table, {**issue, **columns}, of_issues(path, rows), of_sample)

    issue = {
        "issue_id": lambda of, _: of["id"], "issue_key": lambda of, _: of["key"],
        **at(author_id="author.accountId", author_name="author.displayName"), **same("id", "created"),
    }  # fmt: skip
    edited = {**same("updated"), **at(
        update_author_id="updateAuthor.accountId", update_author_name="updateAuthor.displayName",
        visibility_type="visibility.type", visibility_value="visibility.value")}  # fmt: skip
    project = {"project_id": lambda of, _: of["id"], "project_key": lambda of, _: of["key"]}
    board = {"board_id": lambda of, _: of["id"], "board_name": lambda of, _: of["name"]}
    scope = at(scope="scope.type", project_id="scope.project.id")

    return [
        kind("projects", {**same("id", "key", "name", "description", "style", "simplified", "archived"), **at(
             project_type="projectTypeKey", is_private="isPrivate", lead_id="lead.accountId", lead_name="lead.displayName",
             category="projectCategory.name", category_id="projectCategory.id", archived_date="archivedDate",
             issue_count="insight.totalIssueCount", last_issue_update="insight.lastIssueUpdateTime")}, alone(projects)),
        kind("issues", {**ISSUE}, alone(issues)),
        kind("users", {**same("active", "locale"), **at(account_id="accountId", display_name="displayName", email="emailAddress",
             account_type="accountType", time_zone="timeZone")}, users),
        kind_of_issues("issue_comments", {**edited, **at(jsd_public="jsdPublic")}, "comment", "comments"),
        kind_of_issues("issue_worklogs", {
            **edited, **same("started"), **at(time_spent="timeSpent", time_spent_seconds="timeSpentSeconds")}, "worklog", "worklogs"),
        kind_of_issues("issue_changelog", at(
            fields="items*.field", field_ids="items*.fieldId", from_ids="items*.from", to_ids="items*.to",
            from_values="items*.fromString", to_values="items*.toString"), "changelog", "values"),
        kind("boards", {**same("id", "name", "type"), **at(
             is_private="isPrivate", project_id="location.projectId", project_key="location.projectKey",
             project_name="location.projectName", location="location.displayName")}, alone(boards)),
        # The client reads the board's own listing, sqluice the one that succeeds it.
        kind("board_issues", {**board, **ISSUE}, board_issues),
        kind("sprints", {**board, **same("id", "name", "state", "goal"), **at(
             start_date="startDate", end_date="endDate", complete_date="completeDate", created_date="createdDate",
             origin_board_id="originBoardId")}, lambda: sprints(client, boards())),
        kind("versions", {**project, **same("id", "name", "description", "archived", "released", "overdue"), **at(
             start_date="startDate", release_date="releaseDate")}, of_projects(client.project_versions)),
        kind("components", {**project, **same("id", "name", "description"), **at(
             lead_id="lead.accountId", lead_name="lead.displayName", assignee_type="assigneeType")},
             of_projects(client.project_components)),
        kind("statuses", {**same("id", "name", "description"), **through(
             # The older listing, which the client reads, has the category as an object.
             {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}.get, {"status_category": "statusCategory.key"})},
             alone(client.statuses)),
        kind("priorities", {**same("id", "name", "description"), **at(status_color="statusColor", icon_url="iconUrl")},
             alone(client.priorities)),
        kind("issue_types", {**scope, **same("id", "name", "description", "subtask"), **at(
             hierarchy_level="hierarchyLevel", icon_url="iconUrl")}, alone(client.issue_types)),
        kind("fields", {**scope, **same("id", "key", "name", "custom", "searchable", "orderable", "navigable"), **at(
             clause_names="clauseNames", schema_type="schema.type", schema_items="schema.items", custom_type="schema.custom",
             custom_id="schema.customId")}, alone(client.fields)),
        # A row is nothing but the label.
        kind("labels", {"name": lambda _, row: row}, lambda: ((None, row) for row in jira_pages(client, "label"))),
    ]  # fmt: skip


def jira_filters(client: JIRA, kinds: list[Kind]) -> list[Kind]:
    """Filters for which Jira has parameters or words, over some of these tables."""
    tables = {kind.table: kind for kind in kinds}
    issues = [row for _, row in tables["issues"].read()]
    boards = [row for _, row in tables["boards"].read()]
    live = ", ".join(sorted({dig(row, "fields", "project", "id") for row in issues}))
    person = next(dig(row, "fields", "assignee", "accountId") for row in issues if dig(row, "fields", "assignee"))
    label = next(row["fields"]["labels"][0] for row in issues if row["fields"]["labels"])
    types = sorted({dig(row, "fields", "issuetype", "id") for row in issues})[:2]
    # JQL knows minutes.
    moment = sorted(row["fields"]["updated"] for row in issues)[len(issues) // 2]
    minute = int(datetime.fromisoformat(moment).timestamp()) // 60 * 60
    day = sorted(row["fields"]["duedate"] for row in issues if row["fields"].get("duedate"))[3]
    category = next(dig(row, "projectCategory", "id") for _, row in tables["projects"].read() if row.get("projectCategory"))

    def asked(condition: str, jql: str) -> Kind:
        search = f"project in ({live}) AND {jql}"
        return tables["issues"].filtered(condition, lambda: (
            (None, row.raw) for row in client.enhanced_search_issues(search, maxResults=0, fields=FIELDS)))  # fmt: skip

    def of_boards(condition: str, **asked: Any) -> Kind:
        return tables["boards"].filtered(condition, lambda: ((None, row.raw) for row in client.boards(maxResults=False, **asked)))

    return [
        asked("status = 'Done'", "status = Done"),
        # Names compare in any case, and one may stand for several types.
        asked(f"issue_type_id IN ({', '.join(map(repr, types))})", f"issuetype in ({', '.join(types)})"),
        asked(f"assignee_id = '{person}'", f'assignee = "{person}"'),
        asked("assignee_id IS NULL", "assignee is EMPTY"),
        asked("resolution_id IS NOT NULL", "resolution is not EMPTY"),
        asked(f"array_has(labels, '{label}')", f'labels = "{label}"'),
        asked(f"updated >= to_timestamp_seconds({minute})", f"updated >= {minute * 1000}"),
        asked(f"due_date < '{day}'", f'due < "{day}"'),
        of_boards("type = 'scrum'", type="scrum"),
        of_boards("type IN ('kanban', 'simple')", type="kanban,simple"),
        tables["sprints"].filtered("state = 'closed'", lambda: sprints(client, boards, "closed")),
        tables["sprints"].filtered("state IN ('active', 'future')", lambda: sprints(client, boards, "active,future")),
        tables["projects"].filtered(f"category_id = '{category}'", lambda: (
            (None, row) for row in jira_pages(client, f"{PROJECTS}&categoryId={category}"))),
    ]  # fmt: skip
