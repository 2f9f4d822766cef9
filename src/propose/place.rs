//! What a URL says of a source: where the API is, which path lists the rows, and what is asked for beside them.

use heck::ToSnakeCase;
use percent_encoding::percent_decode_str;
use url::Url;

use super::columns::snake_case;
use crate::request::ApiRequest;

/// Parameters of this name, or with such a word in it, hold what nobody else may know.
const SECRETS: [&str; 20] = [
    "token",
    "key",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "pass",
    "signature",
    "sig",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "jwt",
    "bearer",
    "session",
    "cookie",
    "appid",
    "hmac",
];

/// Parameters that lead to a page after the first.
const CURSORS: [&str; 8] =
    ["cursor", "page_cursor", "page_token", "next_token", "next_page_token", "continuation_token", "starting_after", "next_cursor"];

/// Parameters that number pages.
pub(super) const PAGES: [&str; 4] = ["page", "page_number", "page_no", "page_num"];

/// Parameters that skip rows.
pub(super) const OFFSETS: [&str; 4] = ["offset", "skip", "start_at", "start_index"];

/// Where rows are listed.
#[derive(Clone)]
pub(super) struct Place {
    /// The URL as it is asked.
    pub(super) url: Url,
    /// Where the API is, without a slash at its end.
    pub(super) base: String,
    /// Path below it, percent-encoded.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
}

/// A name as words of lower-case letters: `pageToken` is `page_token`, `$top` is `top`.
pub(super) fn words(name: &str) -> String {
    name.to_snake_case()
}

/// Whether what has this name is likely a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let glued = ["token", "apikey", "secret", "password", "signature"];
    let words = words(name);
    let mut words = words.split('_');
    words.any(|word| SECRETS.contains(&word) || glued.iter().any(|end| word.ends_with(end)))
}

impl Place {
    /// Reads a URL. No message repeats it, but for names of parameters: it may hold a secret.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let absent = || "--from-url takes a whole URL, such as https://api.shop.example/v1/orders".to_owned();
        let mut url = Url::parse(text.trim()).map_err(|_| absent())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(absent());
        }
        if !url.username().is_empty() || url.password().is_some() {
            let basic = "--header 'Authorization: Basic {env:SHOP_USER}:{env:SHOP_PASSWORD}'";
            let text =
                "the URL holds a user name or a password, and a URL is shown and logged; leave it out, put both into environment variables";
            return Err(format!("{text}, and name these: {basic}"));
        }
        url.set_fragment(None);
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        for (name, value) in &query {
            let (shown, name) = (shown(name), words(name));
            let later = "leave it out: a table begins with the first page";
            if CURSORS.contains(&name.as_str()) && !value.is_empty() {
                return Err(format!("the URL asks for a later page with its parameter `{shown}`; {later}"));
            }
            if PAGES.contains(&name.as_str()) && number(value).is_some_and(|page| page > 1)
                || OFFSETS.contains(&name.as_str()) && number(value).is_some_and(|rows| rows > 0)
            {
                return Err(format!("the URL asks for a later page with its parameter `{shown}`; {later}"));
            }
            if is_secret(&name) && !CURSORS.contains(&name.as_str()) {
                return Err(format!(
                    "the URL's parameter `{shown}` looks like a secret, and a URL is shown and logged; leave it out, and send the secret as a header \
                     from an environment variable: --token-env SHOP_TOKEN, or --header 'X-Api-Key: {{env:SHOP_TOKEN}}' (if it is no secret: \
                     leave it out, and add it to the written file's request.query by hand)"
                ));
            }
        }
        let (base, path) = split(url.path());
        let (base, path) = (format!("{}{base}", url.origin().ascii_serialization()), path.to_owned());
        Ok(Self { url, base, path, query })
    }

    /// A name for the table: that of the last segment that has one.
    pub(super) fn table(&self) -> Option<String> {
        let segments = self.path.rsplit('/').map(|segment| percent_decode_str(segment.strip_suffix(".json").unwrap_or(segment)));
        segments.map(|segment| snake_case(&segment.decode_utf8_lossy())).find(|name| !name.is_empty())
    }

    /// The one request that is made.
    pub(super) fn request(&self) -> ApiRequest {
        ApiRequest { query: self.query.clone(), ..ApiRequest::get(self.path.clone()) }
    }

    /// Host, and port if it is not the usual one.
    pub(super) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// A path in two: up to a segment that names a version (`v1`), and what follows; without one, all but the last segment, and that.
fn split(path: &str) -> (&str, &str) {
    let end = path.trim_end_matches('/').len();
    let mut start = 0;
    for segment in path[..end].split('/') {
        let after = start + segment.len();
        let number = segment.strip_prefix(['v', 'V']).unwrap_or_default();
        if number.starts_with(|first: char| first.is_ascii_digit()) && number.len() <= 6 && after < end {
            return path.split_at(after);
        }
        start = after + 1;
    }
    path.split_at(path[..end].rfind('/').unwrap_or(0))
}

pub(super) fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// A name from a URL, as a message may repeat it.
fn shown(name: &str) -> String {
    name.chars().take(40).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_base_a_path_and_a_table() {
        for (url, base, path, table) in [
            ("https://api.shop.example/v1/orders?limit=50", "https://api.shop.example/v1", "/orders", Some("orders")),
            ("https://shop.example/orders", "https://shop.example", "/orders", Some("orders")),
            ("http://127.0.0.1:8080/api/orders/", "http://127.0.0.1:8080/api", "/orders/", Some("orders")),
            ("https://x.example/rest/v2.1/shops/7/lineItems", "https://x.example/rest/v2.1", "/shops/7/lineItems", Some("line_items")),
            ("https://x.example/shops/7/orders.json#top", "https://x.example/shops/7", "/orders.json", Some("orders")),
            ("https://x.example/v1", "https://x.example", "/v1", Some("v1")),
            ("https://x.example/?a=b", "https://x.example", "/", None),
            ("https://x.example/%E5%90%8D", "https://x.example", "/%E5%90%8D", None),
            ("https://x.example/{a}", "https://x.example", "/%7Ba%7D", Some("a")),
        ] {
            let place = Place::read(url).unwrap();
            assert_eq!((place.base.as_str(), place.path.as_str(), place.table().as_deref()), (base, path, table), "{url}");
        }
    }

    #[test]
    fn secrets_in_a_url_are_refused_and_not_repeated() {
        for url in [
            "https://ada:canary@x.example/a",
            "https://canary@x.example/a",
            "https://x.example/a?token=canary",
            "https://x.example/a?api_key=canary",
            "https://x.example/a?apiKey=canary",
            "https://x.example/a?APIKEY=canary",
            "https://x.example/a?access-token=canary",
            "https://x.example/a?X-Amz-Signature=canary",
            "https://x.example/a?client_secret=canary",
            "https://x.example/a?userpassword=canary",
            "https://x.example/a?x[key]=canary",
            "canary",
            "ftp://canary.example/a",
            "https://x.example:canary/a",
        ] {
            let message = Place::read(url).err().unwrap();
            assert!(!message.contains("canary"), "{url}: {message}");
            assert!(message.contains("--"), "what to do instead: {message}");
        }
        for url in [
            "https://x.example/a?cursor=abc",
            "https://x.example/a?pageToken=abc",
            "https://x.example/a?page=2",
            "https://x.example/a?offset=50",
        ] {
            assert!(Place::read(url).err().unwrap().contains("first page"), "{url}");
        }
        for url in ["https://x.example/a?page=1&offset=0&limit=5&cursor=", "https://x.example/a?keyword=x&tokens_used=1&author=ada"] {
            assert!(Place::read(url).is_ok(), "{url}");
        }
    }
}
