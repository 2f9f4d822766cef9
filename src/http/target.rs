//! Where a request goes, and where no credential ever goes: any origin but the base URL's.

use http::HeaderMap;
use http::header::LOCATION;
use url::Url;

use crate::request::ApiRequest;
use crate::spec::Method;

/// The base URL of a source: `https://host[:port][/prefix]`.
#[derive(Clone, Debug)]
pub(super) struct Base(Url);

/// Why a request has no place to go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Astray {
    /// On another origin, named here.
    OtherOrigin(String),
    /// A path that names nothing.
    NoSuchPath(String),
    /// No URL.
    Unreadable(String),
}

impl Base {
    /// Reads a base URL. The error does not repeat it, since it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut url = Url::parse(text.trim()).map_err(|_| "is not an absolute URL such as https://api.example.com")?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("is neither an http nor an https URL");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user name; credentials belong into the source's other inputs");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("has a query or a fragment; it must end with the path");
        }
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The URL, with a slash at its end.
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// Host, and port if it is not the usual one.
    pub(super) fn host(&self) -> String {
        host(&self.0)
    }

    /// The URL of a request.
    pub(super) fn target(&self, request: &ApiRequest) -> Result<Url, Astray> {
        if let Some(link) = &request.link {
            return self.resolve(&self.0, link);
        }
        // URL parsers climb at `..` however it is encoded: a literal must not lead to another resource.
        let path = request.path.trim_start_matches('/');
        if path.split('/').any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")) {
            return Err(Astray::NoSuchPath("a path segment of dots names nothing".to_owned()));
        }
        if path.contains(['?', '#', '\\']) {
            return Err(Astray::Unreadable("the path holds a character that is not encoded".to_owned()));
        }
        let target = request.target();
        self.resolve(&self.0, &format!("{}{}", self.0, target.trim_start_matches('/')))
    }

    /// Where a redirect leads.
    pub(super) fn redirect(&self, from: &Url, headers: &HeaderMap) -> Result<Url, Astray> {
        let location = headers.get(LOCATION).ok_or_else(|| Astray::Unreadable("a redirect without a Location header".to_owned()))?;
        self.resolve(from, &String::from_utf8_lossy(location.as_bytes()))
    }

    /// The request as errors show it: no host of others' choosing in full, no password in a link.
    pub(super) fn describe(&self, request: &ApiRequest) -> String {
        let Some(link) = &request.link else { return format!("{request} ({})", self.host()) };
        let verb = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        match self.resolve(&self.0, link) {
            Ok(url) => {
                let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
                format!("{verb} {}{query} ({})", url.path(), self.host())
            }
            Err(Astray::OtherOrigin(origin)) => format!("{verb} a link to {origin}"),
            Err(_) => format!("{verb} a link that is no URL"),
        }
    }

    fn resolve(&self, from: &Url, reference: &str) -> Result<Url, Astray> {
        let mut url = from.join(reference.trim()).map_err(|error| Astray::Unreadable(format!("no URL: {error}")))?;
        if url.origin() != self.0.origin() || !url.username().is_empty() || url.password().is_some() {
            return Err(Astray::OtherOrigin(format!("{}://{}", url.scheme(), host(&url))));
        }
        url.set_fragment(None);
        http::Uri::try_from(url.as_str()).map_err(|error| Astray::Unreadable(format!("no URL: {error}")))?;
        Ok(url)
    }
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(link: &str) -> ApiRequest {
        ApiRequest { link: Some(link.to_owned()), ..ApiRequest::get("/ignored") }
    }

    #[test]
    fn the_prefix_of_the_base_url_is_kept() {
        for text in ["https://ghes.example/api/v3", "https://ghes.example/api/v3/", " https://ghes.example:443/api/v3// "] {
            let base = Base::parse(text).unwrap();
            let mut request = ApiRequest::get("/repos/a/b");
            request.set_query("q", "x y&z");
            assert_eq!(base.target(&request).unwrap().as_str(), "https://ghes.example/api/v3/repos/a/b?q=x%20y%26z");
            assert_eq!(base.target(&ApiRequest::get("user")).unwrap().as_str(), "https://ghes.example/api/v3/user");
        }
        for wrong in ["ghes.example", "ftp://ghes.example", "https://me:pw@ghes.example", "https://ghes.example/?a=b", "", "https://"] {
            assert!(Base::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_leaves_the_origin() {
        let base = Base::parse("https://api.example.com/v1").unwrap();
        let other = |text: &str| matches!(base.target(&link(text)), Err(Astray::OtherOrigin(_)));
        for text in [
            "https://evil.example/v1/x",
            "//evil.example/x",
            "http://api.example.com/v1/x",
            "https://api.example.com:8443/x",
            "https://api.example.com@evil.example/",
            "https://user:pw@api.example.com/",
            "https://api.example.com.evil.example/",
            "\\\\evil.example\\x",
            "file:///etc/passwd",
        ] {
            assert!(other(text), "{text}");
        }
        assert_eq!(base.target(&link("/v2/x?page=2#top")).unwrap().as_str(), "https://api.example.com/v2/x?page=2");
        assert_eq!(base.target(&link("x?page=2")).unwrap().as_str(), "https://api.example.com/v1/x?page=2");
        assert_eq!(base.target(&link("https://API.example.com:443/y")).unwrap().as_str(), "https://api.example.com/y");
        for path in ["@evil.example/x", "//evil.example/x", ":99/x", ".evil.example/x"] {
            let url = base.target(&ApiRequest::get(path)).unwrap();
            assert_eq!((url.host_str(), url.path().starts_with("/v1/")), (Some("api.example.com"), true), "{path}");
        }
        assert!(!base.describe(&link("https://evil.example/?sig=hush")).contains("hush"));
    }

    #[test]
    fn a_literal_cannot_climb() {
        let base = Base::parse("https://api.example.com/v1").unwrap();
        for path in ["/repos/../x", "/repos/%2E%2E/x", "/repos/%2e./x", "/repos/%2E", "/.."] {
            assert!(matches!(base.target(&ApiRequest::get(path)), Err(Astray::NoSuchPath(_))), "{path}");
        }
        for path in ["/a\\..\\b", "/a?b", "/a#b"] {
            assert!(base.target(&ApiRequest::get(path)).is_err(), "{path}");
        }
        assert!(base.target(&ApiRequest::get("/repos/...")).is_ok());
    }
}
