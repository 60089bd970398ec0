//! Real films by a real encoder, and a real decoder to judge what became of them.

use std::path::Path;
use std::process::{Command, Stdio};

/// Pictures a second.
pub const RATE: f64 = 15.0;

/// Whether ffmpeg is there; without it a test is left out, and says so.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub fn can_record() -> bool {
    let found = |program: &str| Command::new(program).arg("-version").output().is_ok();
    let all = std::env::var("HANDIN_TEST_ALL").is_ok_and(|all| all == "1");
    let can = found("ffmpeg") && found("ffprobe");
    assert!(can || !all, "HANDIN_TEST_ALL is set, but there is no ffmpeg (Debian: apt install ffmpeg)");
    if !can {
        println!("left out: there is no ffmpeg");
    }
    can
}

/// An encoder that writes a live WebM to its stdout: picture with noise, so that it is large, and sound. It ends after
/// `seconds`, which it announces in the film's head, or never.
pub fn recorder(seconds: Option<u32>, video: &str) -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    let picture = format!("testsrc2=s=640x480:r={RATE},noise=alls=40:allf=t");
    ffmpeg.args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", "sine"]);
    if let Some(seconds) = seconds {
        ffmpeg.args(["-t", &seconds.to_string()]);
    }
    ffmpeg.args(["-c:v", video, "-b:v", "20M", "-qmin", "0", "-qmax", "10"]);
    ffmpeg.args([
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-threads",
        "1",
        "-c:a",
        "libopus",
        "-f",
        "webm",
        "-",
    ]);
    ffmpeg.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    ffmpeg
}

/// Whoever watches a film from its first to its last picture: when each is shown, in seconds. Neither the decoder nor
/// the demuxer may complain about anything.
pub fn watch(film: &Path) -> Vec<f64> {
    let mut decode = Command::new("ffmpeg");
    // In the film's own units of time: guessed ones are too coarse where a gap comes early.
    decode.args(["-v", "error", "-nostdin", "-i"]).arg(film).args([
        "-enc_time_base",
        "-1",
        "-f",
        "null",
        "-",
    ]);
    assert_eq!(quiet(decode), "", "the decoder prints nothing");
    let mut probe = Command::new("ffprobe");
    probe.args([
        "-v",
        "error",
        "-select_streams",
        "v:0",
        "-show_entries",
        "frame=pts_time",
        "-of",
        "csv=p=0",
    ]);
    probe.arg(film);
    let times: Vec<f64> =
        quiet(probe).lines().map(|line| line.trim_end_matches(',').parse().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "time goes on");
    times
}

/// How long a film says it lasts, in seconds.
pub fn announced(film: &Path) -> Option<f64> {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]).arg(film);
    quiet(probe).trim().parse().ok()
}

/// What a program prints that must succeed and have nothing to complain about.
fn quiet(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command:?}");
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// When the first picture is shown that a player gets which jumps to `seconds` in a film, in seconds.
pub fn first_picture_from(film: &Path, seconds: f64) -> f64 {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-select_streams", "v", "-read_intervals", &format!("{seconds}%+#1")]);
    probe.args(["-show_entries", "packet=pts_time", "-of", "csv=p=0"]).arg(film);
    quiet(probe).trim().trim_end_matches(',').parse().unwrap()
}
