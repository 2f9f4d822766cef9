use http::HeaderValue;
use http::header::LINK;

use super::*;

fn read_with(url: &str, link: Option<&str>, answer: &str, rows: usize) -> Paging {
    let place = Place::read(url).unwrap();
    let mut headers = HeaderMap::new();
    if let Some(link) = link {
        headers.insert(LINK, HeaderValue::from_str(link).unwrap());
    }
    paging(&place, &headers, serde_json::from_str(answer).unwrap(), &Path::parse("rows").unwrap(), rows)
}

fn read(url: &str, answer: &str, rows: usize) -> Paging {
    read_with(url, None, answer, rows)
}

const URL: &str = "https://x.example/v1/orders";

#[test]
fn what_can_be_declared_is() {
    let declared = |url: &str, answer: &str| {
        let found = read(url, answer, 3);
        assert_eq!(found.warning, None, "{answer}");
        assert!(found.comment.contains("guess") && found.comment.contains("Verify"), "{}", found.comment);
        found.declared.unwrap()
    };
    for (answer, expected) in [
        (r#"{"rows": [], "next_cursor": "x"}"#, "kind: token, param: cursor, next: next_cursor"),
        (r#"{"meta": {"nextPageToken": "x"}}"#, "kind: token, param: pageToken, next: meta.nextPageToken"),
        (r#"{"response_metadata": {"next_cursor": ""}}"#, "kind: token, param: cursor, next: response_metadata.next_cursor"),
        (r#"{"paging": {"next": {"after": "12"}}}"#, "kind: token, param: after, next: paging.next.after"),
        (r#"{"isLast": false, "nextPageToken": "x"}"#, "kind: token, param: pageToken, next: nextPageToken, end: isLast"),
        (r#"{"has_more": true, "next_cursor": "x"}"#, "kind: token, param: cursor, next: next_cursor, more: has_more"),
        (r#"{"has_more": false, "next_cursor": "x"}"#, "kind: token, param: cursor, next: next_cursor"),
        (r#"{"next_page": 2, "page": 1}"#, "kind: token, param: page, next: next_page"),
        (r#"{"startAt": 0, "maxResults": 3, "total": 9}"#, "kind: offset, param: startAt, total: total"),
        (r#"{"page": 1, "total_pages": 4, "total": 9}"#, "kind: page, param: page, pages: total_pages"),
        (r#"{"meta": {"currentPage": 1, "totalCount": 9}}"#, "kind: page, param: page, total: meta.totalCount"),
        (r#"{"count": 9, "next": "https://x.example/v1/orders?page=2"}"#, "kind: page, param: page, total: count"),
        (r#"{"count": 3, "next": "https://x.example/v1/orders?page=2"}"#, "kind: page, param: page"),
        (r#"{"next": "/v1/orders/?limit=3&offset=3"}"#, "kind: offset, param: offset"),
        (r#"{"next": "?after=abc", "cursors": {"after": "abc"}}"#, "kind: token, param: after, next: cursors.after"),
        (r#"{"_links": {"next": {"href": "/v1/orders?page=2"}}}"#, "kind: page, param: page"),
    ] {
        assert_eq!(declared(URL, answer), expected, "{answer}");
    }
    assert_eq!(declared("https://x.example/v1/orders?page=1", r#"{"total": 7}"#), "kind: page, param: page, total: total");
    assert_eq!(declared("https://x.example/v1/orders?offset=0", "{}"), "kind: offset, param: offset");
    let sized = read("https://x.example/v1/orders?per_page=5", r#"{"next_cursor": "x"}"#, 3);
    assert_eq!(sized.size, Some(("per_page".to_owned(), 5)));
    let small = read("https://x.example/v1/orders?limit=2", r#"{"next_cursor": "x"}"#, 3);
    assert_eq!(small.size, None, "a limit that does not limit is something else");
}

#[test]
fn links() {
    let next = r#"<https://x.example/v1/orders?page=2>; rel="next""#;
    assert_eq!(read_with(URL, Some(next), "[]", 3).declared.as_deref(), Some("kind: link"));
    assert_eq!(read_with(URL, Some("</v1/orders?page=1>; rel=first"), "[]", 3).declared.as_deref(), Some("kind: link"));
    assert_eq!(read_with(URL, Some("</about>; rel=help"), "[]", 3).declared, None);
    let other = read_with(URL, Some("<https://other.example/orders?page=2>; rel=next"), "[]", 3);
    assert!(other.declared.is_none() && other.warning.unwrap().contains("another host"));
}

#[test]
fn what_cannot_be_declared_is_said_aloud() {
    for (answer, why) in [
        (r#"{"total": 120}"#, "120 rows"),
        (r#"{"count": 120}"#, "120 rows"),
        (r#"{"has_more": true}"#, "more"),
        (r#"{"last": false}"#, "more"),
        (r#"{"totalPages": 5, "number": 0}"#, "5 pages"),
        (r#"{"page": 0, "total_pages": 5}"#, "from 0"),
        (r#"{"next": null}"#, "null in the sample"),
        (r#"{"next": "https://x.example/v1/orders?cursor=opaque"}"#, "`cursor`"),
        (r#"{"next": "https://x.example/v1/orders?page=1"}"#, "`page`"),
        (r#"{"next": "https://other.example/v1/orders?page=2"}"#, "not the sample's"),
        (r#"{"next": "https://x.example/v1/orders?a=1&b=2"}"#, "not clear"),
    ] {
        let found = read(URL, answer, 3);
        assert!(found.declared.is_none() && found.warning.as_ref().is_some_and(|warning| warning.contains(why)), "{answer}: {found:?}");
    }
    for (url, rows) in [(URL, 100), ("https://x.example/v1/orders?limit=7", 7)] {
        assert!(read(url, "[]", rows).warning.unwrap().contains("full page"));
        assert!(read(url, &format!(r#"{{"total": {rows}}}"#), rows).warning.unwrap().contains("full page"));
    }
    assert!(read("https://x.example/v1/orders?page=0", "{}", 3).warning.unwrap().contains("from 0"));
}

#[test]
fn what_is_complete_is_one_page() {
    for answer in
        ["[]", r#"{"count": 3}"#, r#"{"total": 3}"#, r#"{"rows": [{"next_cursor": "x", "total": 9}]}"#, r#"{"total_amount": 900}"#]
    {
        let found = read(URL, answer, 3);
        assert!(found.declared.is_none() && found.warning.is_none() && !found.comment.is_empty(), "{answer}: {found:?}");
    }
}
