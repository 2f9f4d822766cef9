"""What is compared: for every table, how an official client reads it and which columns its rows fill. Here: GitHub and Jira.

A column that sqluice does not have is left out of the comparison, so a kind can name one value by
every name that it may have. Getters run only for the columns that are compared: an official client
may make a call for a value that a listing does not bring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from github import Auth, Github, GithubException
from github.Repository import Repository
from jira import JIRA, JIRAError
from jira.resources import Issue
from slack_sdk.errors import SlackClientError

from compare import ClientError, Report, Sqluice, SqluiceError, bounded, plain

# One row as a client sees it: what it belongs to (a repository, an issue, or nothing), and itself.
Pair = tuple[Any, Any]
# The value of a column, of such a pair.
Getter = Callable[[Any, Any], Any]
# What the clients raise, and what reading a row of another shape raises.
CLIENT_ERRORS = (GithubException, JIRAError, SlackClientError, ClientError, OSError, LookupError, AttributeError, TypeError, ValueError)


@dataclass(frozen=True)
class Kind:
    """One table and the client's way to the same rows."""

    source: str
    table: str
    # At least one of these must be a column of sqluice's table, else nothing would be compared.
    identity: tuple[str, ...]
    columns: dict[str, Getter]
    read: Callable[[], Iterable[Pair]]
    # Only some rows: by each column that may name their parent or what is searched for, the values.
    where: Callable[[], dict[str, list[str]]] | None = None
    # Compare sets, because a row may come under several parents.
    distinct: bool = False
    # Only rows for which this SQL is true; `read` asks the API for the same in the API's own words.
    condition: str = ""

    @property
    def name(self) -> str:
        return f"{self.source}.{self.table}"

    @property
    def title(self) -> str:
        """What the report calls it."""
        return f"{self.name} WHERE {self.condition}" if self.condition else self.name

    def filtered(self, condition: str, read: Callable[[], Iterable[Pair]]) -> Kind:
        """The same table with a filter, for which the API has a parameter."""
        return replace(self, condition=condition, read=read, where=None)


def compare_kind(kind: Kind, sqluice: Sqluice, types: dict[str, str], report: Report) -> None:
    """Reads one kind from both sides and writes the result down. `types` are the table's columns."""
    names = [name for name in kind.columns if name in types and types[name] != "json"]
    if not set(names) & set(kind.identity):
        why = ValueError(f"none of {', '.join(kind.identity)} is a column of sqluice's table ({', '.join(types)})")
        report.error(kind.title, "sqluice", why)
        return
    try:
        theirs = [
            tuple(plain(kind.columns[name](parent, row), types[name]) for name in names)
            for parent, row in bounded(kind.read())
        ]
    except CLIENT_ERRORS as error:
        report.error(kind.title, "client", error)
        return
    quoted = ", ".join(f'"{name}"' for name in names)
    try:
        answer = sqluice.rows(f"SELECT {quoted} FROM {kind.source}.{kind.table}{restriction(kind, types)}")
        ours = [tuple(plain(row[name], types[name]) for name in names) for row in answer]
    except (SqluiceError, LookupError, ValueError) as error:
        report.error(kind.title, "sqluice", error)
        return
    if kind.distinct:
        theirs, ours = list(set(theirs)), list(set(ours))
    report.compare(kind.title, theirs, ours, "" if kind.condition else f" ({', '.join(names)})")


def restriction(kind: Kind, types: dict[str, str]) -> str:
    """The WHERE that leaves the same parents' rows as the client reads."""
    if kind.where is None:
        return f" WHERE {kind.condition}" if kind.condition else ""
    values = kind.where()
    column = next((name for name in values if name in types), None)
    if column is None:
        raise LookupError(f"none of {', '.join(values)} is a column of sqluice's table")
    literals = ["'" + value.replace("'", "''") + "'" for value in values[column]]
    # What a table hands on as it stands, such as a search, takes only `=`.
    return f' WHERE "{column}" ' + (f"= {literals[0]}" if len(literals) == 1 else f"IN ({', '.join(literals)})")


# --- GitHub


def github_client(url: str, token: str) -> Github:
    """PyGithub without its waiting: a demo server needs no pauses, and a refusal is a finding."""
    return Github(base_url=url, auth=Auth.Token(token), per_page=100, timeout=60, retry=None,
                  seconds_between_requests=0, seconds_between_writes=0)  # fmt: skip


def login(user: Any) -> str | None:
    """The login of an account, or nothing for one that was deleted."""
    return user.login if user else None


def attributes(*names: str) -> dict[str, Getter]:
    """Columns that have the client's own name."""
    def getter(name: str) -> Getter:
        return lambda _, row: getattr(row, name)

    return {name: getter(name) for name in names}


def github_kinds(client: Github, organization: str) -> list[Kind]:
    """All tables of GitHub that PyGithub can read in the organisation's repositories."""

    @cache
    def repositories() -> list[Repository]:
        return list(bounded(client.get_organization(organization).get_repos()))

    def each(listing: Callable[[Repository], Iterable[Any]]) -> Callable[[], Iterator[Pair]]:
        def read() -> Iterator[Pair]:
            for repository in repositories():
                try:
                    for row in bounded(listing(repository)):
                        yield repository, row
                except GithubException as error:
                    # 409: a repository without a commit. 410: its issues are switched off.
                    if error.status not in (409, 410):
                        raise

        return read

    repository = {"repository": lambda of, _: of.full_name}
    user = {"author": lambda _, row: login(row.user), "user_login": lambda _, row: login(row.user)}
    labels = {"labels": lambda _, row: [label.name for label in row.labels]}
    assignees = {"assignees": lambda _, row: [login(who) for who in row.assignees]}
    commit_sha = {"commit_sha": lambda _, row: row.commit.sha, "sha": lambda _, row: row.commit.sha}

    return [
        Kind("github", "repositories", ("id",), attributes(
            "id", "name", "full_name", "private", "visibility", "description", "fork", "archived", "default_branch",
            "language", "stargazers_count", "forks_count", "open_issues_count", "has_issues", "created_at",
            "updated_at", "pushed_at"), lambda: ((None, row) for row in repositories())),
        Kind("github", "issues", ("id",), {
            **repository, **user, **labels, **assignees,
            **attributes("id", "number", "title", "body", "state", "state_reason", "comments", "locked", "created_at",
                         "updated_at", "closed_at", "html_url")},
            each(lambda of: (row for row in of.get_issues(state="all") if row.pull_request is None))),
        Kind("github", "pull_requests", ("id",), {
            **repository, **user, **labels, **assignees,
            "head_ref": lambda _, row: row.head.ref, "head_sha": lambda _, row: row.head.sha,
            "base_ref": lambda _, row: row.base.ref,
            **attributes("id", "number", "title", "body", "state", "draft", "created_at", "updated_at", "closed_at",
                         "merged_at", "merge_commit_sha", "html_url")},
            each(lambda of: of.get_pulls(state="all"))),
        Kind("github", "commits", ("sha",), {
            **repository,
            "message": lambda _, row: row.commit.message,
            "author_login": lambda _, row: login(row.author),
            "author_name": lambda _, row: row.commit.author.name,
            "author_email": lambda _, row: row.commit.author.email,
            **dict.fromkeys(("author_date", "authored_at", "authored_date"), lambda _, row: row.commit.author.date),
            **dict.fromkeys(("committer_date", "committed_at", "committed_date"),
                            lambda _, row: row.commit.committer.date),
            **attributes("sha", "html_url")}, each(lambda of: of.get_commits())),
        Kind("github", "releases", ("id",), {
            **repository, "author": lambda _, row: login(row.author),
            **attributes("id", "tag_name", "name", "body", "draft", "prerelease", "target_commitish", "created_at",
                         "published_at")}, each(lambda of: of.get_releases())),
        Kind("github", "branches", ("name",), {**repository, **commit_sha, **attributes("name", "protected")},
             each(lambda of: of.get_branches())),
        Kind("github", "tags", ("name",), {**repository, **commit_sha, **attributes("name")},
             each(lambda of: of.get_tags())),
        Kind("github", "labels", ("name",), {**repository, **attributes("id", "name", "color", "description")},
             each(lambda of: of.get_labels())),
        Kind("github", "milestones", ("id", "number"), {
            **repository,
            **attributes("id", "number", "title", "description", "state", "open_issues", "closed_issues",
                         "created_at", "updated_at", "closed_at", "due_on")},
            each(lambda of: of.get_milestones(state="all"))),
        Kind("github", "issue_comments", ("id",), {
            **repository, **user,
            "issue_number": lambda _, row: int(row.issue_url.rpartition("/")[2]),
            **attributes("id", "body", "created_at", "updated_at", "html_url")},
            each(lambda of: of.get_issues_comments())),
        Kind("github", "pull_request_comments", ("id",), {
            **repository, **user,
            **attributes("id", "body", "path", "commit_id", "diff_hunk", "created_at", "updated_at", "html_url")},
            each(lambda of: of.get_pulls_comments())),
        Kind("github", "workflow_runs", ("id",), {
            **repository, "actor": lambda _, row: login(row.actor),
            **attributes("id", "name", "display_title", "workflow_id", "run_number", "run_attempt", "event", "status",
                         "conclusion", "head_branch", "head_sha", "path", "created_at", "updated_at",
                         "run_started_at", "html_url")}, each(lambda of: of.get_workflow_runs())),
        Kind("github", "stargazers", ("login", "user", "user_login"), {
            **repository,
            **dict.fromkeys(("login", "user", "user_login"), lambda _, row: row.user.login),
            **attributes("starred_at")}, each(lambda of: of.get_stargazers_with_dates())),
        # As they were sent: the client would fetch an anonymous contributor's profile, which does not exist.
        Kind("github", "contributors", ("login",), {**repository, "login": lambda _, row: row._rawData.get("login"),
             "contributions": lambda _, row: row._rawData["contributions"]},
             each(lambda of: of.get_contributors(anon="true"))),
        Kind("github", "org_members", ("login",), attributes("id", "login"),
             lambda: ((None, row) for row in client.get_organization(organization).get_members())),
    ]  # fmt: skip


# --- Jira


def jira_client(url: str, email: str, token: str) -> JIRA:
    """The `jira` client on version 3 of the API; its default, version 2, is not what sqluice reads."""
    return JIRA(server=url, basic_auth=(email, token), options={"rest_api_version": "3"}, max_retries=0, timeout=60)


def jira_pages(client: JIRA, path: str, rows: str = "values") -> list[dict[str, Any]]:
    """Every row of an offset listing, by the client's own calls: it has no method for some, and for
    others (comments) one that reads the first page only."""
    found: list[dict[str, Any]] = []
    while True:
        page = client._get_json(path, params={"startAt": len(found), "maxResults": 100})
        found += bounded(page[rows])
        if not page[rows] or page.get("isLast") or len(found) >= page["total"]:
            return found


def dig(row: Any, *path: str) -> Any:
    """The value at a path of a JSON object, or nothing where the path ends early."""
    for name in path:
        row = row.get(name) if isinstance(row, dict) else None
    return row


def at(**paths: str) -> dict[str, Getter]:
    """Columns by the dotted path in the client's JSON."""
    def getter(path: str) -> Getter:
        return lambda _, row: dig(row, *path.split("."))

    return {name: getter(path) for name, path in paths.items()}


ISSUE_FIELDS = ("summary,status,project,assignee,reporter,creator,labels,created,updated,priority,issuetype,"
                "resolution,resolutiondate,duedate,parent,comment,worklog")  # fmt: skip


def jira_kinds(client: JIRA) -> list[Kind]:
    """All tables of Jira that the `jira` client can read."""

    @cache
    def projects() -> list[dict[str, Any]]:
        """Archived ones too, which are not listed unless asked for."""
        return list(jira_pages(client, "project/search?status=live&status=archived"))

    @cache
    def issues() -> list[Issue]:
        live = [project["id"] for project in projects() if not project.get("archived")]
        bound = f"project in ({', '.join(live)})"
        return list(client.enhanced_search_issues(bound, maxResults=0, fields=ISSUE_FIELDS))

    @cache
    def sample() -> list[dict[str, Any]]:
        """The issues with the most comments and worklogs, and some with none."""
        def size(issue: Issue) -> int:
            return sum(dig(issue.raw, "fields", field, "total") or 0 for field in ("comment", "worklog"))

        ranked = sorted(issues(), key=size, reverse=True)
        return [issue.raw for issue in (*ranked[:8], *ranked[8:][-2:])]

    def of_sample() -> dict[str, list[str]]:
        ids, keys = [issue["id"] for issue in sample()], [issue["key"] for issue in sample()]
        return {"issue_id": ids, "issue_key": keys, "issue": keys}

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

    def sprints() -> Iterator[Pair]:
        for board in client.boards(maxResults=False):
            if board.raw["type"] != "kanban":
                yield from ((board.raw, sprint.raw) for sprint in client.sprints(board.id, maxResults=False))

    def alone(listing: Callable[[], Iterable[Any]]) -> Callable[[], Iterator[Pair]]:
        return lambda: ((None, row if isinstance(row, dict) else row.raw) for row in listing())

    issue = {
        "issue_id": lambda of, _: of["id"], "issue_key": lambda of, _: of["key"],
        "author_id": lambda _, row: dig(row, "author", "accountId"),
        "author_name": lambda _, row: dig(row, "author", "displayName"),
    }  # fmt: skip
    project = {"project_id": lambda of, _: of["id"], "project_key": lambda of, _: of["key"]}

    return [
        Kind("jira", "projects", ("id",), at(id="id", key="key", name="name", project_type="projectTypeKey",
             style="style", is_private="isPrivate"), alone(projects)),
        Kind("jira", "issues", ("id",), {
            **at(id="id", key="key", summary="fields.summary", status="fields.status.name",
                  status_id="fields.status.id", project_key="fields.project.key", project_id="fields.project.id",
                  assignee_id="fields.assignee.accountId", assignee_name="fields.assignee.displayName",
                  reporter_id="fields.reporter.accountId", reporter_name="fields.reporter.displayName",
                  creator_id="fields.creator.accountId", issue_type="fields.issuetype.name",
                  issue_type_id="fields.issuetype.id", priority="fields.priority.name",
                  priority_id="fields.priority.id", resolution="fields.resolution.name", labels="fields.labels",
                  parent_key="fields.parent.key", parent_id="fields.parent.id", created="fields.created",
                  updated="fields.updated")}, alone(issues)),
        Kind("jira", "users", ("account_id", "id"), at(
            account_id="accountId", id="accountId", display_name="displayName", name="displayName",
            account_type="accountType", active="active"), users),
        Kind("jira", "issue_comments", ("id",), {**issue, **at(id="id", created="created", updated="updated")},
             of_issues("comment", "comments"), of_sample),
        Kind("jira", "issue_worklogs", ("id",), {
            **issue, **at(id="id", created="created", updated="updated", started="started",
                           time_spent_seconds="timeSpentSeconds")}, of_issues("worklog", "worklogs"), of_sample),
        # A row may be one history or one change in it: what both share is compared.
        Kind("jira", "issue_changelog", ("id", "history_id"), {**issue, **at(id="id", history_id="id", created="created")},
             of_issues("changelog", "values"), of_sample, distinct=True),
        Kind("jira", "boards", ("id",), at(id="id", name="name", type="type", project_key="location.projectKey"),
             alone(lambda: client.boards(maxResults=False))),
        # A sprint is listed by every board that shows it.
        Kind("jira", "sprints", ("id",), at(id="id", name="name", state="state", start_date="startDate",
             end_date="endDate", complete_date="completeDate", goal="goal", origin_board_id="originBoardId"),
             sprints, distinct=True),
        Kind("jira", "versions", ("id",), {**project, **at(id="id", name="name", description="description",
             archived="archived", released="released")}, of_projects(client.project_versions)),
        Kind("jira", "components", ("id",), {**project, **at(id="id", name="name", description="description")},
             of_projects(client.project_components)),
        Kind("jira", "statuses", ("id",), at(id="id", name="name"), alone(client.statuses)),
        Kind("jira", "priorities", ("id",), at(id="id", name="name"), alone(client.priorities)),
        Kind("jira", "resolutions", ("id",), at(id="id", name="name"), alone(client.resolutions)),
        Kind("jira", "issue_types", ("id",), at(id="id", name="name", subtask="subtask",
             hierarchy_level="hierarchyLevel"), alone(client.issue_types)),
        Kind("jira", "fields", ("id",), at(id="id", name="name", custom="custom"), alone(client.fields)),
    ]  # fmt: skip
