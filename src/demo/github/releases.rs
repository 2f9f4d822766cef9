//! Releases.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::data::{Release, Repository};
use super::page::by_number;
use super::render::{maybe_time, node, reactions, repository_page, repository_url, time, user};
use super::route::Place;

fn render(call: &Call, repository: &Repository, release: &Release) -> Value {
    let app = call.app;
    let (base, page) = (repository_url(app, repository), repository_page(app, repository));
    let url = format!("{base}/releases/{}", release.id);
    let assets = release.assets.iter().map(|asset| {
        json!({
            "url": format!("{base}/releases/assets/{}", asset.id),
            "browser_download_url": format!("{page}/releases/download/{}/{}", release.tag, asset.name),
            "id": asset.id,
            "node_id": node("RA", asset.id),
            "name": asset.name,
            "label": null,
            "state": "uploaded",
            "content_type": "application/gzip",
            "size": asset.size,
            "digest": null,
            "download_count": asset.downloads,
            "created_at": time(release.created_at),
            "updated_at": time(release.created_at),
            "uploader": user(app, release.author),
        })
    });
    let mut body = json!({
        "url": url,
        "html_url": format!("{page}/releases/tag/{}", release.tag),
        "assets_url": format!("{url}/assets"),
        "upload_url": format!("{url}/assets{{?name,label}}"),
        "tarball_url": (!release.draft).then(|| format!("{base}/tarball/{}", release.tag)),
        "zipball_url": (!release.draft).then(|| format!("{base}/zipball/{}", release.tag)),
        "id": release.id,
        "node_id": node("RE", release.id),
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.name,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": false,
        "created_at": time(release.created_at),
        "published_at": maybe_time(release.published_at),
        "author": user(app, release.author),
        "assets": assets.collect::<Value>(),
    });
    // Where nobody has reacted, there is no word of it.
    let hearts = release.id % 3;
    if hearts > 0 && !release.draft {
        body["reactions"] = reactions(&url, [0, 0, 0, 0, 0, hearts, 0, 0]);
    }
    body
}

/// `GET /repos/{owner}/{repo}/releases`: drafts for those who may push.
pub(super) fn list(place: &Place) -> Reply {
    let (call, repository) = (place.call, place.repository);
    let may_push = call.authenticated && place.in_organization();
    let rows: Vec<&Release> = repository.releases.iter().filter(|row| may_push || !row.draft).collect();
    let page = by_number(call, &place.path, &[], &rows, None);
    Reply::page(page.rows.iter().map(|row| render(call, repository, row)).collect(), page.link)
}

/// `GET /repos/{owner}/{repo}/releases/latest`: the newest that is neither draft nor preview.
pub(super) fn latest(place: &Place) -> Answer {
    one(place, |row| !row.draft && !row.prerelease)
}

/// `GET /repos/{owner}/{repo}/releases/tags/{tag}`: published ones.
pub(super) fn tagged(place: &Place, tag: &str) -> Answer {
    one(place, |row| !row.draft && row.tag == tag)
}

fn one(place: &Place, wanted: impl Fn(&Release) -> bool) -> Answer {
    let row = place.repository.releases.iter().find(|row| wanted(row)).ok_or_else(Reply::not_found)?;
    Ok(Reply::json(render(place.call, place.repository, row)))
}
