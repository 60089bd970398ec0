//! What an exam asks of recorders: how each track is captured, and what follows a crash.
//!
//! Values and their bounds only; what a browser makes of them is the recorder's business.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::recording::words;
use crate::{BadName, Track};

/// How one track is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    /// At most this many pixels wide.
    pub width: u32,
    /// At most this many pixels high.
    pub height: u32,
    /// At most this many frames in a second.
    pub frame_rate: u32,
    /// Bits of video in a second.
    pub video_bits_per_second: u32,
    /// Bits of audio in a second; 0 records no sound.
    pub audio_bits_per_second: u32,
    /// Whether a shared surface must be a whole monitor.
    pub whole_monitor: bool,
}

/// What an exam says of the capture of one track; `None` leaves what is usual for it. The fields are those of
/// [`Capture`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is described in `Capture`")]
pub struct CaptureWish {
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub frame_rate: Option<u32>,
    pub video_bits_per_second: Option<u32>,
    pub audio_bits_per_second: Option<u32>,
    pub whole_monitor: Option<bool>,
}

/// A field of a [`CaptureWish`] is out of its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{rule}, not {given}")]
pub struct BadCapture {
    /// The name of the field.
    pub field: &'static str,
    /// What was wished.
    pub given: u32,
    /// The bounds, in words.
    pub rule: &'static str,
}

/// What a candidate may do when a recording broke off. Stored as the snake-case word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum AfterCrash {
    /// Record on, as the next take; what there is of the former is sealed.
    #[default]
    NextTake,
    /// Record no more; what there is is sealed.
    Seal,
}

words!(AfterCrash, "after_crash", NextTake = "next_take", Seal = "seal");

/// Enough to know a face and hear a voice on a modest laptop and a home line.
const WEBCAM: Capture = Capture {
    width: 640,
    height: 480,
    frame_rate: 15,
    video_bits_per_second: 500_000,
    audio_bits_per_second: 32_000,
    whole_monitor: false,
};

/// Enough to read the text of a still screen.
const SCREEN: Capture = Capture {
    width: 1_280,
    height: 720,
    frame_rate: 5,
    video_bits_per_second: 300_000,
    audio_bits_per_second: 0,
    whole_monitor: true,
};

/// The bitrates of Opus (RFC 6716, section 2.1.1).
const OPUS: RangeInclusive<u32> = 6_000..=510_000;

impl Capture {
    /// How a track is captured of which an exam says nothing: `screen` as a screen, any other as a webcam.
    pub fn usual(track: &Track) -> Capture {
        if track.as_str() == "screen" { SCREEN } else { WEBCAM }
    }

    /// How a track is captured of which an exam says this.
    ///
    /// # Errors
    /// [`BadCapture`] naming the field that is out of its bounds.
    pub fn wished(track: &Track, wish: &CaptureWish) -> Result<Capture, BadCapture> {
        let usual = Capture::usual(track);
        let capture = Capture {
            width: wish.width.unwrap_or(usual.width),
            height: wish.height.unwrap_or(usual.height),
            frame_rate: wish.frame_rate.unwrap_or(usual.frame_rate),
            video_bits_per_second: wish.video_bits_per_second.unwrap_or(usual.video_bits_per_second),
            audio_bits_per_second: wish.audio_bits_per_second.unwrap_or(usual.audio_bits_per_second),
            whole_monitor: wish.whole_monitor.unwrap_or(usual.whole_monitor),
        };
        capture.check().map(|()| capture)
    }

    fn check(&self) -> Result<(), BadCapture> {
        let within = |field, given: u32, bounds: RangeInclusive<u32>, rule| match bounds.contains(&given) {
            true => Ok(()),
            false => Err(BadCapture { field, given, rule }),
        };
        within("width", self.width, 160..=7_680, "use 160 to 7680 pixels")?;
        within("height", self.height, 120..=4_320, "use 120 to 4320 pixels")?;
        within("frame_rate", self.frame_rate, 1..=60, "use 1 to 60 frames per second")?;
        let (video, rule) = (self.video_bits_per_second, "use 50000 to 20000000 bits per second");
        within("video_bits_per_second", video, 50_000..=20_000_000, rule)?;
        match self.audio_bits_per_second {
            0 => Ok(()),
            audio => {
                let rule = "use 6000 to 510000 bits per second, or 0 for no sound";
                within("audio_bits_per_second", audio, OPUS, rule)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(name: &str) -> Track {
        name.parse().unwrap()
    }

    #[test]
    fn what_is_not_wished_is_usual() {
        assert_eq!(Capture::wished(&track("screen"), &CaptureWish::default()), Ok(SCREEN));
        assert_eq!(Capture::wished(&track("phone"), &CaptureWish::default()), Ok(WEBCAM));
        let silent = CaptureWish { audio_bits_per_second: Some(0), ..CaptureWish::default() };
        let wished = Capture::wished(&track("webcam"), &silent).unwrap();
        assert_eq!(wished, Capture { audio_bits_per_second: 0, ..WEBCAM });
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_by_name() {
        let usual = CaptureWish::default();
        let wishes = [
            ("width", CaptureWish { width: Some(159), ..usual }),
            ("height", CaptureWish { height: Some(4_321), ..usual }),
            ("frame_rate", CaptureWish { frame_rate: Some(0), ..usual }),
            ("video_bits_per_second", CaptureWish { video_bits_per_second: Some(49_999), ..usual }),
            ("audio_bits_per_second", CaptureWish { audio_bits_per_second: Some(1), ..usual }),
            ("audio_bits_per_second", CaptureWish { audio_bits_per_second: Some(510_001), ..usual }),
        ];
        for (field, wish) in wishes {
            assert_eq!(Capture::wished(&track("webcam"), &wish).unwrap_err().field, field);
        }
    }
}
