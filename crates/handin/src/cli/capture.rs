//! `--capture webcam=640x480@15,500k`: how a track is captured, as it is written on a command line.

use anyhow::Context;
use serde_json::{Value, json};

/// Reads `TRACK=WIDTHxHEIGHT@FRAMES[,BITS]` into the track and what the API takes for it. Bounds are the server's to check.
///
/// # Errors
/// When it is not written so.
pub fn read_capture(given: &str) -> anyhow::Result<(String, Value)> {
    let read = || {
        let (track, settings) = given.split_once('=')?;
        let (picture, bits) =
            settings.split_once(',').map_or((settings, None), |(picture, bits)| (picture, Some(bits)));
        let (size, frames) = picture.split_once('@')?;
        let (width, height) = size.split_once('x')?;
        let number = |text: &str| text.parse::<u32>().ok();
        let mut capture =
            json!({ "width": number(width)?, "height": number(height)?, "frame_rate": number(frames)? });
        if let Some(bits) = bits {
            capture["video_bits_per_second"] = read_bits(bits)?.into();
        }
        Some((track.to_owned(), capture))
    };
    read().with_context(|| {
        format!("--capture {given}: write the track, pixels, frames and bits per second like webcam=640x480@15,500k")
    })
}

/// A number of bits, in thousands with `k` and in millions with `M`.
fn read_bits(text: &str) -> Option<u32> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 1_000),
        b'M' => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    digits.parse::<u32>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_read_as_they_are_written() {
        let picture = json!({ "width": 640, "height": 480, "frame_rate": 15 });
        assert_eq!(read_capture("webcam=640x480@15").unwrap(), ("webcam".to_owned(), picture.clone()));
        for (bits, read) in [("500k", 500_000), ("2M", 2_000_000), ("123456", 123_456)] {
            let mut capture = picture.clone();
            capture["video_bits_per_second"] = read.into();
            assert_eq!(read_capture(&format!("webcam=640x480@15,{bits}")).unwrap().1, capture);
        }
        for bad in [
            "",
            "webcam",
            "webcam=640",
            "webcam=640x480",
            "webcam=ax480@15",
            "webcam=1x1@1,",
            "webcam=1x1@1,9G",
            "webcam=1x1@1,5000M",
        ] {
            let refused = read_capture(bad).unwrap_err().to_string();
            assert!(refused.contains("webcam=640x480@15,500k"), "{bad}: {refused}");
        }
    }
}
