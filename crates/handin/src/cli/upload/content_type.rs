//! What kind of film some bytes are, told by how they begin. Only used to label the object.

/// The MIME type of bytes that begin like this.
pub fn of(beginning: &[u8]) -> &'static str {
    let beginning = &beginning[..beginning.len().min(64)];
    let contains = |word: &[u8]| beginning.windows(word.len()).any(|window| window == word);
    match beginning {
        // The DocType of an EBML header (RFC 9559 section 4) stands in its first bytes.
        [0x1A, 0x45, 0xDF, 0xA3, ..] if contains(b"matroska") => "video/x-matroska",
        [0x1A, 0x45, 0xDF, 0xA3, ..] => "video/webm",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [b'O', b'g', b'g', b'S', ..] => "video/ogg",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn films_are_told_by_their_first_bytes() {
        assert_eq!(super::of(b"\x1A\x45\xDF\xA3\x9fB\x86\x81\x01B\x82\x84webmB"), "video/webm");
        assert_eq!(super::of(b"\x1A\x45\xDF\xA3\xA3\x42\x82\x88matroska"), "video/x-matroska");
        assert_eq!(super::of(b"\0\0\0\x20ftypiso5"), "video/mp4");
        assert_eq!(super::of(b""), "application/octet-stream");
    }
}
