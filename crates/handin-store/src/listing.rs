//! One page of an ordered listing: prefix, delimiter, marker.
//!
//! It knows only ordered names. Rules: S3 API reference, "ListObjectsV2"; order is that of UTF-8 bytes.

use std::collections::BTreeMap;
use std::ops::Bound;

/// What a client asks of a listing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Query<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    /// Only names after this one, and no group of names that is not after it.
    pub(crate) after: &'a str,
    /// The most items and groups together.
    pub(crate) limit: usize,
}

/// One page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<'m, V> {
    pub(crate) items: Vec<(&'m str, &'m V)>,
    /// Groups: the parts of names up to the first delimiter after the prefix.
    pub(crate) prefixes: Vec<String>,
    /// Where the next page goes on, if there is one.
    pub(crate) next: Option<String>,
}

/// Reads a page. It looks at as many names as it returns, however many a group stands for.
pub(crate) fn page<'m, V>(names: &'m BTreeMap<String, V>, query: &Query<'_>) -> Page<'m, V> {
    let mut page = Page { items: Vec::new(), prefixes: Vec::new(), next: None };
    if query.limit == 0 {
        return page;
    }
    let mut last = String::new();
    let mut from = start(query);
    while let Some((name, value)) = names.range::<str, _>((borrow(&from), Bound::Unbounded)).next() {
        if !name.starts_with(query.prefix) {
            break;
        }
        let group = group_of(name, query);
        if group.is_some_and(|group| group <= query.after) {
            let Some(next) = successor(group.unwrap_or_default()) else { break };
            from = Bound::Included(next);
            continue;
        }
        if page.items.len() + page.prefixes.len() == query.limit {
            page.next = Some(last);
            break;
        }
        if let Some(group) = group {
            last = group.to_owned();
            page.prefixes.push(last.clone());
            let Some(next) = successor(group) else { break };
            from = Bound::Included(next);
        } else {
            last.clone_from(name);
            page.items.push((name, value));
            from = Bound::Excluded(last.clone());
        }
    }
    page
}

fn start(query: &Query<'_>) -> Bound<String> {
    if query.after < query.prefix {
        Bound::Included(query.prefix.to_owned())
    } else if query.after.is_empty() {
        Bound::Unbounded
    } else {
        Bound::Excluded(query.after.to_owned())
    }
}

fn borrow(bound: &Bound<String>) -> Bound<&str> {
    match bound {
        Bound::Included(name) => Bound::Included(name),
        Bound::Excluded(name) => Bound::Excluded(name),
        Bound::Unbounded => Bound::Unbounded,
    }
}

fn group_of<'n>(name: &'n str, query: &Query<'_>) -> Option<&'n str> {
    let delimiter = query.delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let rest = &name[query.prefix.len()..];
    let end = query.prefix.len() + rest.find(delimiter)? + delimiter.len();
    Some(&name[..end])
}

/// The first string after all that begin with `prefix`; none when every later string does.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // The range of `char` skips the surrogates, which no string holds.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// Percent-encodes a name for `encoding-type=url`: unreserved characters and `/` stay.
pub(crate) fn url_encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(list: &[&str]) -> BTreeMap<String, ()> {
        list.iter().map(|name| ((*name).to_owned(), ())).collect()
    }

    fn walk(names: &BTreeMap<String, ()>, query: Query<'_>) -> Vec<String> {
        let mut seen = Vec::new();
        let mut after = query.after.to_owned();
        loop {
            let page = page(names, &Query { after: &after, ..query });
            assert!(page.items.len() + page.prefixes.len() <= query.limit);
            let mut these: Vec<String> = page.items.iter().map(|(name, ())| (*name).to_owned()).collect();
            these.extend(page.prefixes);
            these.sort();
            seen.extend(these);
            match page.next {
                Some(next) => after = next,
                None => return seen,
            }
        }
    }

    #[test]
    fn groups_names_at_the_delimiter() {
        let names = names(&["a", "b/1", "b/2", "b0", "c/", "c/d/e"]);
        let query = Query { delimiter: Some("/"), limit: 2, ..Query::default() };
        assert_eq!(walk(&names, query), ["a", "b/", "b0", "c/"]);
        let inside = Query { prefix: "c/", delimiter: Some("/"), limit: 1, ..Query::default() };
        assert_eq!(walk(&names, inside), ["c/", "c/d/"]);
    }

    #[test]
    fn no_names_for_a_limit_of_nothing() {
        let names = names(&["a"]);
        assert_eq!(page(&names, &Query::default()).next, None);
    }

    proptest! {
        #[test]
        fn pages_of_any_size_show_the_same_as_one(
            list in proptest::collection::btree_set("[a/\u{10ffff}é]{1,5}", 0..30),
            prefix in "[a/]{0,2}",
            delimiter in proptest::option::of("[/a]"),
            limit in 1_usize..5,
        ) {
            let names: BTreeMap<String, ()> = list.iter().map(|name| (name.clone(), ())).collect();
            let query = Query { prefix: &prefix, delimiter: delimiter.as_deref(), after: "", limit };
            let mut expected: Vec<String> = list
                .iter()
                .filter(|name| name.starts_with(&prefix))
                .map(|name| group_of(name, &query).unwrap_or(name).to_owned())
                .collect();
            expected.dedup();
            prop_assert_eq!(walk(&names, query), expected);
        }
    }
}
