//! The canonical form that both sides of a signature agree on: sorted, lower-cased, trimmed. Shared by
//! signing and verifying. Allocates nothing for up to sixteen pairs.

use std::cmp::Ordering;

use crate::encode::{Slash, encode};
use crate::sign::CONTENT_SHA256;

/// A name and its value.
pub(crate) type Pair<'a> = (&'a str, &'a str);

/// Pairs that are kept in place as long as they are few.
#[expect(clippy::large_enum_variant, reason = "living on the stack is its purpose")]
pub(crate) enum Pairs<'a> {
    Few([Pair<'a>; FEW], usize),
    Many(Vec<Pair<'a>>),
}

/// Presigned requests bind four or five headers; metadata may add some.
const FEW: usize = 16;

impl<'a> Pairs<'a> {
    fn collect(pairs: &[Pair<'a>], last: Option<Pair<'a>>) -> Self {
        let count = pairs.len() + usize::from(last.is_some());
        let all = pairs.iter().copied().chain(last);
        if count > FEW {
            return Self::Many(all.collect());
        }
        let mut few = [("", ""); FEW];
        few.iter_mut().zip(all).for_each(|(place, pair)| *place = pair);
        Self::Few(few, count)
    }

    /// The pairs in order.
    pub(crate) fn as_slice(&self) -> &[Pair<'a>] {
        match self {
            Self::Few(few, count) => &few[..*count],
            Self::Many(many) => many,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [Pair<'a>] {
        match self {
            Self::Few(few, count) => &mut few[..*count],
            Self::Many(many) => many,
        }
    }
}

/// `headers` and `host`, by lower-case name; several of one name stay in their order.
pub(crate) fn sorted_headers<'a>(headers: &[Pair<'a>], host: &'a str) -> Pairs<'a> {
    let mut pairs = Pairs::collect(headers, Some(("host", host)));
    pairs.as_mut_slice().sort_by(|(one, _), (other, _)| lower_order(one, other));
    pairs
}

/// Query parameters by *encoded* name, then by encoded value.
pub(crate) fn sorted_query<'a>(query: &[Pair<'a>]) -> Pairs<'a> {
    let mut pairs = Pairs::collect(query, None);
    pairs.as_mut_slice().sort_by(query_order);
    pairs
}

/// The order of two query parameters.
pub(crate) fn query_order(one: &Pair<'_>, other: &Pair<'_>) -> Ordering {
    encoded_order(one.0, other.0).then_with(|| encoded_order(one.1, other.1))
}

/// The order of two texts once encoded; the texts themselves answer unless one needs escapes.
pub(crate) fn encoded_order(one: &str, other: &str) -> Ordering {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain(one) && plain(other) {
        return one.cmp(other);
    }
    encode(one, Slash::Encode).cmp(&encode(other, Slash::Encode))
}

/// The canonical headers, a blank line, and their names: three parts of the canonical request at once.
pub(crate) fn headers_into(text: &mut String, sorted: &[Pair<'_>]) {
    let mut previous = None;
    for (name, value) in sorted {
        // Several headers of one name are one line.
        if previous.is_some_and(|previous: &str| previous.eq_ignore_ascii_case(name)) {
            text.pop();
            text.push(',');
        } else {
            lower_into(text, name);
            text.push(':');
        }
        trimmed_into(text, value);
        text.push('\n');
        previous = Some(name);
    }
    text.push('\n');
    names_into(text, sorted, ";");
}

/// The lower-case names, each once, with `separator` between them.
pub(crate) fn names_into(text: &mut String, sorted: &[Pair<'_>], separator: &str) {
    let mut previous = None;
    for (name, _) in sorted {
        if previous.is_some_and(|previous: &str| previous.eq_ignore_ascii_case(name)) {
            continue;
        }
        if previous.is_some() {
            text.push_str(separator);
        }
        lower_into(text, name);
        previous = Some(name);
    }
}

/// The body's hash, when a header binds it.
pub(crate) fn payload<'a>(headers: &[Pair<'a>]) -> Option<&'a str> {
    headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(CONTENT_SHA256)).map(|(_, value)| *value)
}

/// Appends a number without an allocation.
pub(crate) fn decimal_into(text: &mut String, value: u64) {
    let mut digits = [0; 20];
    text.push_str(decimal(value, &mut digits));
}

/// A number's digits, written at the end of `digits`.
pub(crate) fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &str {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[start..]).expect("digits are ASCII")
}

fn lower_order(one: &str, other: &str) -> Ordering {
    lower(one).cmp(lower(other))
}

fn lower(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}

fn lower_into(text: &mut String, name: &str) {
    let start = text.len();
    text.push_str(name);
    text[start..].make_ascii_lowercase();
}

/// Without white space at the ends, and with one space for every run of it inside.
fn trimmed_into(text: &mut String, value: &str) {
    if value.bytes().fold(true, |all, byte| all & !byte.is_ascii_whitespace()) {
        return text.push_str(value);
    }
    let mut words = value.split_ascii_whitespace();
    text.push_str(words.next().unwrap_or_default());
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_sorted_lowered_trimmed_and_joined() {
        let given = [
            ("X-Amz-Meta-B", "  two   words "),
            ("content-type", "a/b"),
            ("x-amz-meta-a", "1"),
            ("x-amz-meta-b", "3"),
        ];
        let mut text = String::new();
        headers_into(&mut text, sorted_headers(&given, "h").as_slice());
        assert_eq!(
            text,
            "content-type:a/b\nhost:h\nx-amz-meta-a:1\nx-amz-meta-b:two words,3\n\ncontent-type;host;x-amz-meta-a;x-amz-meta-b"
        );
    }

    #[test]
    fn query_is_sorted_by_its_encoded_form() {
        let given = [("b", "2"), ("a~", "1"), ("a+", "1"), ("b", "+"), ("B", "")];
        let pairs = sorted_query(&given);
        assert_eq!(pairs.as_slice(), [("B", ""), ("a+", "1"), ("a~", "1"), ("b", "+"), ("b", "2")]);
    }

    #[test]
    fn many_pairs_are_no_different() {
        let names: Vec<String> = (0..40).map(|at| format!("x-amz-meta-{at:02}")).collect();
        let given: Vec<Pair<'_>> = names.iter().rev().map(|name| (name.as_str(), "v")).collect();
        let sorted = sorted_headers(&given, "h");
        assert_eq!(sorted.as_slice().len(), 41);
        assert!(sorted.as_slice().is_sorted());
    }

    #[test]
    fn writes_numbers() {
        let mut text = String::new();
        for value in [0, 7, 10, 5_242_880, u64::MAX] {
            decimal_into(&mut text, value);
            text.push(' ');
        }
        assert_eq!(text, "0 7 10 5242880 18446744073709551615 ");
    }
}
