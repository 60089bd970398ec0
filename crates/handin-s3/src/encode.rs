//! Percent-encoding as SigV4 wants it: every byte but the unreserved ones of RFC 3986 becomes `%XX` with
//! capital digits. Knows nothing of paths beyond "a slash may stay".

use std::borrow::Cow;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// What happens to `/`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slash {
    /// It separates path segments and stays.
    Keep,
    /// It is data (a query parameter) and is encoded.
    Encode,
}

/// Appends `raw`, encoded, to `text`.
pub(crate) fn encode_into(text: &mut String, raw: &str, slash: Slash) {
    // Our own keys and ids need no escape. Looking at every byte without leaving early lets the compiler
    // look at sixteen at once.
    if raw.bytes().fold(true, |all, byte| all & is_kept(byte, slash)) {
        return text.push_str(raw);
    }
    for byte in raw.bytes() {
        if is_kept(byte, slash) { text.push(char::from(byte)) } else { push_escape(text, byte) }
    }
}

fn is_kept(byte: u8, slash: Slash) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    let mark = (byte == b'-') | (byte == b'.') | (byte == b'_') | (byte == b'~');
    letter | digit | mark | ((byte == b'/') & (slash == Slash::Keep))
}

/// `raw`, encoded, in a string of its own.
pub(crate) fn encode(raw: &str, slash: Slash) -> String {
    let mut text = String::with_capacity(raw.len() + raw.len() / 4);
    encode_into(&mut text, raw, slash);
    text
}

/// Undoes percent-encoding; a `%` that starts no escape stays as it is.
/// `None` when the decoded bytes are not UTF-8.
pub(crate) fn decode(encoded: &str) -> Option<Cow<'_, str>> {
    if !encoded.contains('%') {
        return Some(Cow::Borrowed(encoded));
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = if *first == b'%' { tail.first_chunk().and_then(hex_pair) } else { None };
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// [`decode`] for a query string, where `+` means a space.
pub(crate) fn decode_query(encoded: &str) -> Option<Cow<'_, str>> {
    if !encoded.contains('+') {
        return decode(encoded);
    }
    Some(Cow::Owned(decode(&encoded.replace('+', " "))?.into_owned()))
}

fn push_escape(text: &mut String, byte: u8) {
    text.push('%');
    text.push(char::from(HEX[usize::from(byte >> 4)]));
    text.push(char::from(HEX[usize::from(byte & 15)]));
}

fn hex_pair(pair: &[u8; 2]) -> Option<u8> {
    let high = char::from(pair[0]).to_digit(16)?;
    let low = char::from(pair[1]).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_everything_but_the_unreserved() {
        assert_eq!(encode("a b+c%~!*'()", Slash::Keep), "a%20b%2Bc%25~%21%2A%27%28%29");
        assert_eq!(encode("x/y", Slash::Keep), "x/y");
        assert_eq!(encode("x/y", Slash::Encode), "x%2Fy");
        assert_eq!(encode("시험😀", Slash::Keep), "%EC%8B%9C%ED%97%98%F0%9F%98%80");
    }

    /// RFC 3986, 2.3.
    #[test]
    fn keeps_the_unreserved_and_nothing_else() {
        for byte in 0..=255_u8 {
            let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            assert_eq!(is_kept(byte, Slash::Encode), unreserved, "{byte}");
            assert_eq!(is_kept(byte, Slash::Keep), unreserved || byte == b'/', "{byte}");
        }
    }

    #[test]
    fn decodes_what_it_encodes() {
        for raw in ["", "plain", "a b+c%41", "시험/😀", "100%", "%zz", "\u{0}\n"] {
            assert_eq!(decode(&encode(raw, Slash::Encode)).as_deref(), Some(raw));
        }
    }

    #[test]
    fn decodes_strange_input_without_loss() {
        assert_eq!(decode("100%").as_deref(), Some("100%"));
        assert_eq!(decode("%4").as_deref(), Some("%4"));
        assert_eq!(decode("%zz").as_deref(), Some("%zz"));
        assert_eq!(decode("%ff"), None);
        assert_eq!(decode_query("a+b%2B").as_deref(), Some("a b+"));
        assert_eq!(decode("a+b").as_deref(), Some("a+b"));
    }
}
