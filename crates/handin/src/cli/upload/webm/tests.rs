use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::element::id;
use super::reader::{Element, Reader, block};

use super::*;

fn element(id: u32, body: &[u8]) -> Vec<u8> {
    let id = id.to_be_bytes();
    let skip = id.iter().take_while(|byte| **byte == 0).count();
    [&id[skip..], &(1u64 << 56 | body.len() as u64).to_be_bytes(), body].concat()
}

fn opening(id: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]].concat()
}

fn track_entry(number: u8, kind: u8, codec: &str) -> Vec<u8> {
    let number = element(id::TRACK_NUMBER, &[number]);
    let kind = element(id::TRACK_TYPE, &[kind]);
    element(id::TRACK_ENTRY, &[number, kind, element(id::CODEC_ID, codec.as_bytes())].concat())
}

fn frame(track: u8, time: i16, fill: usize) -> Vec<u8> {
    let mut body = vec![0x80 | track];
    body.extend(time.to_be_bytes());
    body.push(0x80);
    body.resize(4 + fill, 0xAB);
    element(id::SIMPLE_BLOCK, &body)
}

/// A stream of `clusters` seconds with a picture (track `video`) every 100 ms and a sound (track `audio`) every 20 ms.
fn stream(video: u8, audio: u8, clusters: u64, sized: bool) -> Vec<u8> {
    let tracks = [track_entry(video, 1, "V_VP8"), track_entry(audio, 2, "A_OPUS")].concat();
    let mut bytes = element(id::EBML, b"");
    bytes.extend(opening(id::SEGMENT));
    bytes.extend(element(id::INFO, &element(id::DURATION, &1000f64.to_be_bytes())));
    bytes.extend(element(id::TRACKS, &tracks));
    for second in 0..clusters {
        let mut body = element(id::TIMESTAMP, &(second * 1_000 + 7).to_be_bytes());
        for time in (0..1_000).step_by(20) {
            if time % 100 == 0 {
                body.extend(frame(video, time, 300));
            }
            body.extend(frame(audio, time, 20));
        }
        match sized {
            true => bytes.extend(element(id::CLUSTER, &body)),
            false => bytes.extend([opening(id::CLUSTER), body].concat()),
        }
    }
    bytes.extend(element(id::CUES, b"an index"));
    bytes
}

/// Track and time in ticks of every frame; fails on anything that is not whole.
fn frames(bytes: &[u8]) -> Vec<(u64, u64)> {
    let mut reader = Reader::new();
    reader.feed(bytes);
    let (mut frames, mut cluster) = (Vec::new(), 0);
    while let Some(element) = reader.next().unwrap() {
        let Element::Leaf(leaf) = element else { continue };
        if leaf.id == id::TIMESTAMP {
            cluster = super::element::unsigned(leaf.body());
        }
        if let Some((track, time, _)) = block(&leaf) {
            frames.push((track, cluster + time as u64));
        }
    }
    assert_eq!(reader.position(), bytes.len() as u64, "an element is cut off");
    frames
}

/// What a restart does: cut what came before, then carry on with another recorder's stream.
fn carry_on(before: &[u8], next: &[u8], gap: u64) -> Result<Vec<u8>, Refused> {
    let mut outline = Outline::empty();
    outline.feed(before);
    let cut = outline.cut()?;
    outline.cut_back(cut);
    let mut bytes = before[..cut.keep as usize].to_vec();
    if cut.fill > 0 {
        bytes.extend(void(cut.fill));
    }
    let at = outline.next_time() + gap;
    let mut splice = Splice::new(outline.head().unwrap(), &head(next)?.unwrap(), at)?;
    for slice in next.chunks(777) {
        bytes.extend(splice.feed(slice)?);
    }
    Ok(bytes)
}

#[test]
fn a_void_has_the_length_it_was_asked_for() {
    for length in [2, 3, 9, 10, 127, 128, 129, 130, 5_000] {
        let void = void(length);
        assert_eq!(void.len() as u64, length);
        let header = super::element::header(&void).unwrap().unwrap();
        assert_eq!(header.length as u64 + header.size.unwrap(), length);
    }
}

#[test]
fn what_is_no_webm_is_noticed_at_once() {
    let mut outline = Outline::empty();
    outline.feed(b"\0\0\0\x20ftypiso5");
    assert_eq!(outline.whole(), None);
    assert!(head(b"RIFF....").is_err());
    assert_eq!(head(&MAGIC).unwrap(), None, "four bytes do not tell yet");
}

#[test]
fn a_finished_file_cannot_be_carried_on() {
    let body = element(id::TRACKS, &track_entry(1, 1, "V_VP8"));
    let file = [element(id::EBML, b""), element(id::SEGMENT, &body)].concat();
    let mut outline = Outline::empty();
    outline.feed(&file);
    assert!(outline.cut().is_err());
}

#[test]
fn other_tracks_are_refused_and_swapped_numbers_are_mapped() {
    let before = stream(1, 2, 2, false);
    let swapped = frames(&carry_on(&before, &stream(2, 1, 1, false), 0).unwrap());
    let both = [frames(&before), frames(&stream(1, 2, 1, false))].concat();
    assert_eq!(
        swapped.iter().map(|(track, _)| track).collect::<Vec<_>>(),
        both.iter().map(|(track, _)| track).collect::<Vec<_>>()
    );
    let mut other = stream(1, 2, 1, false);
    let place = other.windows(5).position(|window| window == b"V_VP8").unwrap();
    other[place + 4] = b'9';
    assert_eq!(carry_on(&before, &other, 0), Err(Refused::Tracks));
}

proptest! {
    #[test]
    fn slices_of_any_size_give_the_same_outline(cuts in prop::collection::vec(1usize..900, 1..40)) {
        let bytes = stream(1, 2, 2, true);
        let mut whole = Outline::empty();
        whole.feed(&bytes);
        let (mut sliced, mut rest) = (Outline::empty(), &bytes[..]);
        for cut in cuts.iter().cycle() {
            let (slice, after) = rest.split_at((*cut).min(rest.len()));
            sliced.feed(slice);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(sliced.whole(), Some(bytes.len() as u64));
        prop_assert_eq!(sliced.head(), whole.head());
        prop_assert_eq!(sliced.next_time(), 1_007 + 980 + 20);
        prop_assert_eq!(sliced.recorded_ms(), 1_007 + 980);
    }

    #[test]
    fn a_stream_cut_anywhere_is_carried_on_and_loses_at_most_one_frame(
        cut in 0.0f64..1.0, sized: bool, next_sized: bool, gap in 0u64..10_000
    ) {
        let before = stream(1, 2, 3, sized);
        let first = frames(&before);
        let tracks_end = before.windows(4).position(|window| window == id::CLUSTER.to_be_bytes()).unwrap();
        let cut = tracks_end + (cut * (before.len() - tracks_end) as f64) as usize;
        let joined = frames(&carry_on(&before[..cut], &stream(1, 2, 1, next_sized), gap).unwrap());
        let second = frames(&stream(1, 2, 1, false));
        let kept = joined.len() - second.len();
        prop_assert_eq!(&joined[..kept], &first[..kept]);
        let next_time = first[..kept].iter().map(|(_, time)| *time).max().map_or(0, |last| last + 1);
        prop_assert!(joined[kept].1 >= next_time + gap.saturating_sub(1));
        let moved: Vec<_> = joined[kept..].iter().map(|(track, time)| (*track, time - joined[kept].1 + 7)).collect();
        prop_assert_eq!(moved, second);
    }
}

/// Pipes bytes through a program and gives what it says on stdout and stderr.
fn pipe(program: &str, arguments: &[&str], input: &[u8]) -> (Vec<u8>, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{program} is needed for this test (Debian: apt install ffmpeg): {error}")
        });
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    (output.stdout, String::from_utf8(output.stderr).unwrap())
}

fn film(seconds: &str, extra: &[&str]) -> Vec<u8> {
    let picture =
        ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=10", "-f", "lavfi", "-i", "sine"];
    let codec =
        ["-t", seconds, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"];
    let (film, said) = pipe("ffmpeg", &[&picture[..], &codec, extra, &["-f", "webm", "-"]].concat(), b"");
    assert_eq!(said, "");
    film
}

fn count_pictures(film: &[u8]) -> (usize, String) {
    let count =
        ["-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames"];
    let (out, said) = pipe("ffprobe", &[&count[..], &["-of", "csv=p=0", "-"]].concat(), film);
    (String::from_utf8(out).unwrap().trim().trim_end_matches(',').parse().unwrap(), said)
}

#[test]
fn a_real_decoder_plays_real_films_that_were_cut_and_carried_on() {
    let (first, second) = (film("4", &[]), film("2", &["-cluster_time_limit", "100"]));
    assert_eq!((count_pictures(&first), count_pictures(&second)), ((40, String::new()), (20, String::new())));
    for cut in (1..12).map(|twelfth| first.len() * twelfth / 12) {
        let joined = carry_on(&first[..cut], &second, 1_500).unwrap();
        let (pictures, said) = count_pictures(&joined);
        let (alone, _) = count_pictures(&first[..cut]);
        assert_eq!(said, "", "cut at {cut}");
        assert!(pictures + 1 >= alone + 20, "cut at {cut}: {pictures} of {alone} + 20 pictures");
    }
}
