//! Six real recordings, made by `samples/make` and kept in the program: three sittings of a webcam and a screen.

/// One sitting: its candidate and the way its recordings get in.
#[derive(Debug, Clone, Copy)]
pub struct Sitting {
    /// The platform's opaque id of the candidate.
    pub candidate: &'static str,
    /// `stream`, `file` or `put`.
    pub upload: &'static str,
    /// Track and film.
    pub films: [(&'static str, &'static [u8]); 2],
}

/// One sitting for each way in.
pub const SITTINGS: [Sitting; 3] = [
    Sitting {
        candidate: "C-001",
        upload: "stream",
        films: [
            ("webcam", include_bytes!("../../../../../samples/webcam-1.webm")),
            ("screen", include_bytes!("../../../../../samples/screen-1.webm")),
        ],
    },
    Sitting {
        candidate: "C-002",
        upload: "file",
        films: [
            ("webcam", include_bytes!("../../../../../samples/webcam-2.webm")),
            ("screen", include_bytes!("../../../../../samples/screen-2.webm")),
        ],
    },
    Sitting {
        candidate: "C-003",
        upload: "put",
        films: [
            ("webcam", include_bytes!("../../../../../samples/webcam-3.webm")),
            ("screen", include_bytes!("../../../../../samples/screen-3.webm")),
        ],
    },
];

/// Who may record in a browser afterwards. Nothing of this candidate is there yet, so the page begins at its beginning.
pub const VISITOR: &str = "C-004";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_visitor_has_recorded_nothing() {
        assert!(SITTINGS.iter().all(|sitting| sitting.candidate != VISITOR));
    }
}
