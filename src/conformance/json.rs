//! Small changes to JSON texts that leave everything else as it was sent.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::spec::Step;

type Members = BTreeMap<String, Box<RawValue>>;

/// The text of the value at a path of names; none if it leads nowhere, or through a list.
pub(super) fn get(text: &str, path: &[Step]) -> Option<String> {
    match path {
        [] => Some(text.to_owned()),
        [Step::Key(name), rest @ ..] => get(serde_json::from_str::<Members>(text).ok()?.get(name)?.get(), rest),
        [Step::All, ..] => None,
    }
}

/// The text with another value at a path of names; objects on the way are made. None if something else stands in the way.
pub(super) fn set(text: &str, path: &[Step], value: &str) -> Option<String> {
    match path {
        [] => Some(value.to_owned()),
        [Step::Key(name), rest @ ..] => {
            let mut members: Members = serde_json::from_str(text).ok()?;
            let old = members.get(name).map(|old| old.get()).filter(|old| *old != "null").unwrap_or("{}");
            let new = set(old, rest, value)?;
            members.insert(name.clone(), RawValue::from_string(new).ok()?);
            serde_json::to_string(&members).ok()
        }
        [Step::All, ..] => None,
    }
}

/// The elements of a list.
pub(super) fn items(text: &str) -> Option<Vec<String>> {
    let items: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
    Some(items.iter().map(|item| item.get().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Path;

    fn path(text: &str) -> Vec<Step> {
        Path::parse(text).unwrap().0
    }

    #[test]
    fn only_what_is_meant_changes() {
        let text = r#"{"z": {"n": 1.50, "list": [ {"a":1} ,2]}, "a": null}"#;
        assert_eq!(get(text, &path("z.n")).unwrap(), "1.50");
        assert_eq!(items(&get(text, &path("z.list")).unwrap()).unwrap(), [r#"{"a":1}"#, "2"]);
        let changed = set(text, &path("z.n"), "2").unwrap();
        assert_eq!(get(&changed, &path("z.list")).unwrap(), r#"[ {"a":1} ,2]"#);
        assert_eq!(get(&changed, &path("z.n")).unwrap(), "2");
        assert_eq!(get(&set(text, &path("a.b.c"), "true").unwrap(), &path("a.b.c")).unwrap(), "true", "objects are made");
        assert_eq!(set(text, &path("z.n.x"), "1"), None);
        assert_eq!(get(text, &path("z.list[*].a")), None);
    }
}
