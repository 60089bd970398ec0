//! A film as it stands in the bucket when its browser had no time to finish the head.

use handin_core::container::{HeadState, head_state};
use serde_json::Value;

use crate::app::PART;

/// Bytes of noise before each cluster, so that a short film has several parts.
const NOISE: usize = 2 << 20;

/// What a browser recorded and sent.
pub struct Unfinished {
    /// The whole.
    pub bytes: Vec<u8>,
    /// How many bytes at the beginning its end was to change.
    pub head: usize,
    /// How long it plays, in seconds.
    pub seconds: f64,
}

/// A real recording of Chromium as the recorder sends it. What lies between its clusters players step over.
pub fn film() -> Unfinished {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/container");
    let name = "chromium-vp9-opus.webm";
    let vectors: Value =
        serde_json::from_slice(&std::fs::read(folder.join("vectors.json")).unwrap()).unwrap();
    let vector = &vectors["files"][name];
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let (head, cluster) = (number(&vector["head_size"]), number(&vector["cluster"]));
    let recorded = std::fs::read(folder.join(name)).unwrap();
    let mut bytes = hex::decode(vector["open"].as_str().unwrap()).unwrap();
    bytes.resize(head, 0);
    let points = vector["points"].as_array().unwrap();
    let starts: Vec<usize> = points.iter().map(|point| number(&point[1]) - head + cluster).collect();
    let ends = starts.iter().skip(1).copied().chain([recorded.len()]);
    for (start, end) in starts.iter().copied().zip(ends) {
        bytes.extend(noise(start));
        bytes.extend_from_slice(&recorded[start..end]);
    }
    assert_eq!(head_state(&bytes), HeadState::Open);
    assert!(bytes.len() > 2 * PART, "the middle part is a whole one");
    Unfinished { bytes, head, seconds: vector["duration_ms"].as_f64().unwrap() / 1_000.0 }
}

/// A Void element that no store and no disk can make smaller.
fn noise(seed: usize) -> Vec<u8> {
    let mut element = vec![0xec, 0x01];
    element.extend_from_slice(&(NOISE as u64).to_be_bytes()[1..]);
    let mut state = seed as u64 | 1;
    element.extend((0..NOISE).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    }));
    element
}

impl Unfinished {
    /// As it is sent.
    pub fn parts(&self) -> Vec<&[u8]> {
        self.bytes.chunks(PART).collect()
    }

    /// Panics unless `mended` is this film with a finished head, and nothing but its head differs.
    #[track_caller]
    pub fn assert_mended(&self, mended: &[u8]) {
        assert_eq!(mended.len(), self.bytes.len());
        assert_eq!(head_state(mended), HeadState::Finished);
        assert!(
            mended[self.head..] == self.bytes[self.head..],
            "every byte behind the head is as it was recorded"
        );
    }
}
