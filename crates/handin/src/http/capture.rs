//! How tracks are captured, as JSON: what an exam says of it, and what a recorder is told.

use handin_core as core;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an exam says of the capture of one track; what it does not say is usual: a webcam of 640×480 at 15 frames and
/// 500 kbit/s with sound of 32 kbit/s, a whole screen of 1280×720 at 5 frames and 300 kbit/s without.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureWish {
    /// At most this many pixels wide, 160 to 7680.
    width: Option<u32>,
    /// At most this many pixels high, 120 to 4320.
    height: Option<u32>,
    /// At most this many frames in a second, 1 to 60.
    frame_rate: Option<u32>,
    /// Bits of video in a second, 50000 to 20000000.
    video_bits_per_second: Option<u32>,
    /// Bits of audio in a second, 6000 to 510000; 0 records no sound.
    audio_bits_per_second: Option<u32>,
    /// Whether a shared surface must be a whole monitor.
    whole_monitor: Option<bool>,
}

/// How one track is captured.
#[derive(Debug, Serialize, ToSchema)]
pub struct Capture {
    /// At most this many pixels wide.
    width: u32,
    /// At most this many pixels high.
    height: u32,
    /// At most this many frames in a second.
    frame_rate: u32,
    /// Bits of video in a second.
    video_bits_per_second: u32,
    /// Bits of audio in a second; absent where no sound is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_bits_per_second: Option<u32>,
    /// Whether a shared surface must be a whole monitor.
    whole_monitor: bool,
}

impl From<CaptureWish> for core::CaptureWish {
    fn from(wish: CaptureWish) -> core::CaptureWish {
        core::CaptureWish {
            width: wish.width,
            height: wish.height,
            frame_rate: wish.frame_rate,
            video_bits_per_second: wish.video_bits_per_second,
            audio_bits_per_second: wish.audio_bits_per_second,
            whole_monitor: wish.whole_monitor,
        }
    }
}

/// As an exam is shown: what would have to be said to get the same.
impl From<core::Capture> for CaptureWish {
    fn from(capture: core::Capture) -> CaptureWish {
        CaptureWish {
            width: Some(capture.width),
            height: Some(capture.height),
            frame_rate: Some(capture.frame_rate),
            video_bits_per_second: Some(capture.video_bits_per_second),
            audio_bits_per_second: Some(capture.audio_bits_per_second),
            whole_monitor: Some(capture.whole_monitor),
        }
    }
}

impl From<core::Capture> for Capture {
    fn from(capture: core::Capture) -> Capture {
        Capture {
            width: capture.width,
            height: capture.height,
            frame_rate: capture.frame_rate,
            video_bits_per_second: capture.video_bits_per_second,
            audio_bits_per_second: Some(capture.audio_bits_per_second).filter(|bits| *bits > 0),
            whole_monitor: capture.whole_monitor,
        }
    }
}
