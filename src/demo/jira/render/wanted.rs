//! Which fields of issues a request wants.

use std::collections::BTreeSet;

use crate::demo::jira::data::Field;
use crate::demo::jira::fields::FIELDS;

/// What a request gets that names no fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// Ids only.
    Id,
    /// What lists can show.
    Navigable,
    /// Everything.
    All,
}

/// The wanted fields.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    base: Base,
    key: bool,
    plus: BTreeSet<String>,
    minus: BTreeSet<String>,
}

impl Wanted {
    /// Reads a list of fields, with what holds if it is empty. Unknown names do no harm.
    pub(crate) fn parse<T: AsRef<str>>(list: &[T], default: Base) -> Self {
        let mut wanted = Self { base: Base::Id, key: false, plus: BTreeSet::new(), minus: BTreeSet::new() };
        let mut id = false;
        for name in list.iter().flat_map(|names| names.as_ref().split(',')).map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "*all" => wanted.base = Base::All,
                "*navigable" => wanted.base = if wanted.base == Base::All { Base::All } else { Base::Navigable },
                "id" => id = true,
                "key" | "issuekey" => wanted.key = true,
                _ => {
                    let (set, name) = name.strip_prefix('-').map_or((&mut wanted.plus, name), |name| (&mut wanted.minus, name));
                    set.insert(name.to_owned());
                }
            }
        }
        if wanted.base == Base::Id && wanted.plus.is_empty() && !id && !wanted.key {
            wanted.base = if wanted.minus.is_empty() { default } else { Base::Navigable };
        }
        wanted
    }

    /// Whether nothing beyond id and key is wanted, which allows for long pages.
    pub(crate) fn is_cheap(&self) -> bool {
        self.base == Base::Id && self.plus.is_empty()
    }

    /// Whether only the id is wanted.
    pub(crate) fn is_id_only(&self) -> bool {
        self.is_cheap() && !self.key
    }

    /// The names that the request gave, if it gave nothing but names.
    pub(crate) fn named(&self) -> Option<&BTreeSet<String>> {
        (self.base == Base::Id).then_some(&self.plus)
    }

    /// Whether a field is wanted.
    pub(crate) fn wants(&self, id: &str, navigable: bool) -> bool {
        let in_base = match self.base {
            Base::Id => false,
            Base::Navigable => navigable,
            Base::All => true,
        };
        (in_base || self.plus.contains(id)) && !self.minus.contains(id)
    }

    /// All wanted fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().filter(|field| self.wants(field.id, field.navigable))
    }
}
