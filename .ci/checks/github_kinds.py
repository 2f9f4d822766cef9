"""GitHub's tables as PyGithub reads them.

Getters run only for the columns that are named here: the client makes a call for a value that a listing does not bring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from github import Auth, Github, GithubException
from github.Repository import Repository

from compare import bounded
from kinds import Getter, Kind, Pair


def github_client(url: str, token: str) -> Github:
    """PyGithub without its waiting: a demo server needs no pauses, and a refusal is a finding."""
    return Github(base_url=url, auth=Auth.Token(token), per_page=100, timeout=60, retry=None,
                  seconds_between_requests=0, seconds_between_writes=0)  # fmt: skip


def login(user: Any) -> str | None:
    """The login of an account, or nothing for one that was deleted."""
    return user.login if user else None


def logins(users: Iterable[Any]) -> list[str | None]:
    return [login(user) for user in users]


def attributes(*names: str, **others: str) -> dict[str, Getter]:
    """Columns that have the client's own name; other names with the dotted path of the client's. What is not there ends a path."""

    def getter(path: str) -> Getter:
        def read(_: Any, row: Any) -> Any:
            for name in path.split("."):
                row = getattr(row, name) if row is not None else None
            return row

        return read

    return {name: getter(path) for name, path in ({name: name for name in names} | others).items()}


def sent(*names: str) -> dict[str, Getter]:
    """Columns as they were sent, without the call that the client would make for what is not there."""

    def getter(name: str) -> Getter:
        return lambda _, row: row._rawData.get(name)

    return {name: getter(name) for name in names}


@dataclass(frozen=True)
class Organization:
    """The client, and the organisation whose repositories are read."""

    client: Github
    name: str

    @cache
    def repositories(self) -> list[Repository]:
        return list(bounded(self.client.get_organization(self.name).get_repos()))

    def each(self, listing: Callable[[Repository], Iterable[Any]]) -> Callable[[], Iterator[Pair]]:
        """The rows below every repository."""

        def read() -> Iterator[Pair]:
            for repository in self.repositories():
                try:
                    for row in bounded(listing(repository)):
                        yield repository, row
                except GithubException as error:
                    # 409: a repository without a commit. 410: its issues are switched off.
                    if error.status not in (409, 410):
                        raise

        return read


def issues(listing: Iterable[Any]) -> Iterator[Any]:
    """Without the pull requests that are listed among them."""
    return (row for row in listing if row.pull_request is None)


def github_kinds(organization: Organization) -> list[Kind]:
    """All tables of GitHub, in the organisation's repositories."""
    client, each = organization.client, organization.each

    def below(of: Callable[[], Iterator[Pair]], listing: Callable[[Any], Iterable[Any]]) -> Callable[[], Iterator[Pair]]:
        """The rows below rows that are below repositories; each comes with those two."""
        return lambda: (((repository, middle), row) for repository, middle in of() for row in bounded(listing(middle)))

    def members() -> Iterator[Pair]:
        return ((None, row) for row in client.get_organization(organization.name).get_members())

    def alone(row: Callable[[], Any]) -> Callable[[], Iterator[Pair]]:
        return lambda: iter([(None, row())])

    def kind(table: str, columns: dict[str, Getter], read: Callable[[], Iterable[Pair]]) -> Kind:
        return Kind("github", table, columns, read)

    pull_requests = each(lambda of: of.get_pulls(state="all"))
    workflow_runs = each(lambda of: of.get_workflow_runs())
    ids = attributes("id", "node_id", "html_url")
    dates = attributes("created_at", "updated_at")
    repository = {"repository": lambda of, _: of.full_name}
    grandparent = {"repository": lambda of, _: of[0].full_name}
    author = attributes(author="user.login", author_id="user.id", author_type="user.type")
    labels = {"labels": lambda _, row: [label.name for label in row.labels]}
    assignees = {"assignees": lambda _, row: logins(row.assignees)}
    milestone = attributes(milestone="milestone.title", milestone_number="milestone.number")
    account = {**ids, **attributes("login", "type", "site_admin")}

    return [
        kind("repositories", {**ids, **dates, **attributes(
            "name", "full_name", "private", "visibility", "description", "fork", "archived", "default_branch", "language",
            "stargazers_count", "forks_count", "open_issues_count", "has_issues", "pushed_at", "size", "clone_url",
            owner="owner.login", owner_type="owner.type")}, lambda: ((None, row) for row in organization.repositories())),
        kind("issues", {
            **repository, **author, **labels, **assignees, **milestone, **ids, **dates,
            **attributes("number", "title", "body", "state", "state_reason", "comments", "locked", "closed_at")},
            each(lambda of: issues(of.get_issues(state="all")))),
        kind("pull_requests", {
            **repository, **author, **labels, **assignees, **milestone, **ids, **dates,
            "requested_reviewers": lambda _, row: logins(row.requested_reviewers),
            **attributes("number", "title", "body", "state", "draft", "locked", "closed_at", "merged_at", "merge_commit_sha",
                         head_ref="head.ref", head_sha="head.sha", head_label="head.label", head_repository="head.repo.full_name",
                         base_ref="base.ref", base_sha="base.sha")}, pull_requests),
        kind("pull_request_reviews", {
            **grandparent, **author, **ids, "pull_number": lambda of, _: of[1].number,
            **attributes("body", "state", "commit_id", "submitted_at", "author_association")},
            below(pull_requests, lambda pull: pull.get_reviews())),
        kind("commits", {
            **repository, "parents": lambda _, row: [parent.sha for parent in row.parents],
            **attributes("sha", "node_id", "html_url", message="commit.message", tree_sha="commit.tree.sha",
                         author="author.login", author_name="commit.author.name", author_email="commit.author.email",
                         authored_at="commit.author.date", committer="committer.login", committer_name="commit.committer.name",
                         committer_email="commit.committer.email", committed_at="commit.committer.date"),
            }, each(lambda of: of.get_commits())),
        kind("releases", {
            **repository, **ids, "asset_names": lambda _, row: [asset.name for asset in row.assets],
            **attributes("tag_name", "name", "body", "draft", "prerelease", "target_commitish", "created_at", "published_at",
                         author="author.login")}, each(lambda of: of.get_releases())),
        kind("branches", {**repository, **attributes("name", "protected", commit_sha="commit.sha")}, each(lambda of: of.get_branches())),
        kind("tags", {**repository, **attributes("name", "node_id", "zipball_url", "tarball_url", commit_sha="commit.sha")},
             each(lambda of: of.get_tags())),
        kind("labels", {**repository, **attributes("id", "node_id", "name", "color", "description", is_default="default")},
             each(lambda of: of.get_labels())),
        kind("milestones", {
            **repository, **ids, **dates,
            **attributes("number", "title", "description", "state", "open_issues", "closed_issues", "closed_at", "due_on",
                         author="creator.login")}, each(lambda of: of.get_milestones(state="all"))),
        kind("issue_comments", {
            **repository, **author, **ids, **dates, "issue_number": lambda _, row: int(row.issue_url.rpartition("/")[2]),
            **attributes("body")}, each(lambda of: of.get_issues_comments())),
        kind("pull_request_comments", {
            **repository, **author, **ids, **dates, "pull_number": lambda _, row: int(row.pull_request_url.rpartition("/")[2]),
            **attributes("body", "path", "commit_id", "original_commit_id", "diff_hunk", review_id="pull_request_review_id"),
            **sent("line", "original_line", "side", "in_reply_to_id", "subject_type")}, each(lambda of: of.get_pulls_comments())),
        kind("workflow_runs", {
            **repository, **ids, **dates,
            **attributes("name", "display_title", "workflow_id", "run_number", "run_attempt", "event", "status", "conclusion",
                         "head_branch", "head_sha", "run_started_at", "check_suite_id", workflow_path="path", actor="actor.login",
                         triggering_actor="triggering_actor.login")}, workflow_runs),
        kind("workflow_jobs", {
            **grandparent, **ids,
            **attributes("run_id", "run_attempt", "workflow_name", "name", "status", "conclusion", "created_at", "started_at",
                         "completed_at", "head_branch", "head_sha", "labels", "runner_name", "runner_group_name")},
            below(workflow_runs, lambda run: run.jobs("all"))),
        kind("stargazers", {
            **repository, **attributes("starred_at", login="user.login", id="user.id", type="user.type", html_url="user.html_url"),
            }, each(lambda of: of.get_stargazers_with_dates())),
        # An anonymous contributor has no profile, for which the client would ask.
        kind("contributors", {**repository, **sent("login", "id", "type", "name", "email", "html_url", "contributions")},
             each(lambda of: of.get_contributors(anon="true"))),
        kind("files", {
            **repository, "branch": lambda of, _: of.default_branch, "name": lambda _, row: row.path.rpartition("/")[2],
            **attributes("path", "sha", "mode", "size", object_type="type"),
            }, each(lambda of: of.get_git_tree(of.default_branch, recursive=True).tree)),
        kind("members", {**account, "organization": lambda *_: organization.name}, members),
        kind("users", {**account, **dates, **attributes(
            "name", "email", "company", "location", "bio", "blog", "twitter_username", "hireable", "public_repos", "public_gists",
            "followers", "following")}, members),
        kind("organizations", {**ids, **dates, **attributes(
            "login", "description", "name", "company", "blog", "location", "email", "is_verified", "public_repos", "followers",
            )}, alone(lambda: client.get_organization(organization.name))),
    ]  # fmt: skip


def github_filters(organization: Organization, kinds: list[Kind]) -> list[Kind]:
    """Filters for which GitHub has parameters, over some of these tables."""
    tables = {kind.table: kind for kind in kinds}
    each = organization.each
    rows = {table: [row for _, row in tables[table].read()] for table in ("issues", "commits", "workflow_runs")}

    def middle(table: str, moment: Callable[[Any], datetime]) -> datetime:
        return sorted(map(moment, rows[table]))[len(rows[table]) // 2]

    updated = middle("issues", lambda row: row.updated_at)
    author = next(row.user.login for row in rows["issues"] if row.user and "[" not in row.user.login)
    label = next(row.labels[0].name for row in rows["issues"] if row.labels)
    begun = middle("workflow_runs", lambda row: row.created_at)
    ended = begun + timedelta(days=20)
    run = rows["workflow_runs"][0]
    committed = middle("commits", lambda row: row.commit.committer.date)

    def of_issues(condition: str, **asked: Any) -> Kind:
        return tables["issues"].filtered(condition, each(lambda of: issues(of.get_issues(**{"state": "all", **asked}))))

    def of_runs(condition: str, **asked: Any) -> Kind:
        return tables["workflow_runs"].filtered(condition, each(lambda of: of.get_workflow_runs(**asked)))

    def utc(moment: datetime) -> str:
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

    return [
        of_issues("state = 'closed'", state="closed"),
        of_issues(f"updated_at >= '{utc(updated)}'", since=updated),
        of_issues(f"author = '{author}'", creator=author),
        of_issues(f"array_has(labels, '{label}')", labels=[label]),
        of_issues("milestone_number IS NULL", milestone="none"),
        tables["pull_requests"].filtered("state = 'open' AND base_ref = 'main'", each(lambda of: of.get_pulls(state="open", base="main"))),
        tables["milestones"].filtered("state = 'closed'", each(lambda of: of.get_milestones(state="closed"))),
        tables["issue_comments"].filtered(f"updated_at >= '{utc(updated)}'", each(lambda of: of.get_issues_comments(since=updated))),
        tables["commits"].filtered(f"committed_at >= '{utc(committed)}'", each(lambda of: of.get_commits(since=committed))),
        of_runs(f"created_at >= '{utc(begun)}'", created=f">={utc(begun)}"),
        of_runs(f"created_at BETWEEN '{utc(begun)}' AND '{utc(ended)}'", created=f"{utc(begun)}..{utc(ended)}"),
        of_runs(f"event = '{run.event}' AND head_branch = '{run.head_branch}'", event=run.event, branch=run.head_branch),
        of_runs("conclusion = 'failure'", status="failure"),
    ]
