//! What the person in front of the screen sees: bars on a terminal, lines elsewhere, nothing when asked to be quiet.
//!
//! All of it goes to stderr; stdout is for results.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::time::sleep;

use super::pulse::Pulse;
use super::retry::Failure;

/// How often a bar moves.
const BAR_TICK: Duration = Duration::from_millis(200);
/// How often a line is written where there are no bars.
const LINE_TICK: Duration = Duration::from_secs(5);

/// Where progress goes.
#[derive(Clone)]
pub enum Display {
    /// Bars that move.
    Bars(MultiProgress),
    /// A line now and then.
    Lines,
    /// Nothing.
    Quiet,
}

impl Display {
    /// Bars when stderr is a terminal, else lines.
    pub fn detect() -> Display {
        match std::io::stderr().is_terminal() {
            true => Display::Bars(MultiProgress::new()),
            false => Display::Lines,
        }
    }

    /// Writes a line about one track.
    pub fn say(&self, track: &str, line: &str) {
        match self {
            // A bar that cannot be drawn over is no reason to stop sending.
            Display::Bars(bars) => drop(bars.println(format!("{track:>10}  {line}"))),
            Display::Lines => drop(writeln!(std::io::stderr(), "{track}: {line}")),
            Display::Quiet => {}
        }
    }

    /// A meter for one recording.
    pub fn meter(&self, track: &str) -> Meter {
        let bar = match self {
            Display::Bars(bars) => Some(bars.add(new_bar(track))),
            _ => None,
        };
        let (confirmed, total, ended, flying) = Default::default();
        Meter { display: self.clone(), track: track.to_owned(), bar, confirmed, total, ended, flying }
    }
}

fn new_bar(track: &str) -> ProgressBar {
    let template =
        "{prefix:>10}  {bar:28} {binary_bytes:>10} of {binary_total_bytes:<10} {binary_bytes_per_sec}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style.progress_chars("━━╌")).with_prefix(track.to_owned())
}

/// How far one recording has come.
pub struct Meter {
    display: Display,
    track: String,
    bar: Option<ProgressBar>,
    confirmed: AtomicU64,
    total: AtomicU64,
    ended: AtomicBool,
    flying: Mutex<Vec<Weak<Pulse>>>,
}

/// Shows a part in flight until it is dropped.
pub struct Shown<'a>(&'a Meter, Arc<Pulse>);

impl Meter {
    /// Writes a line about this recording.
    pub fn say(&self, line: &str) {
        self.display.say(&self.track, line);
    }

    /// There are `total` bytes to send, as far as is known; `ended` when that is final.
    pub fn expect(&self, total: u64, ended: bool) {
        self.total.store(total, Ordering::Relaxed);
        self.ended.store(ended, Ordering::Relaxed);
    }

    /// The store has taken `bytes` more.
    pub fn confirm(&self, bytes: u64) {
        self.confirmed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// `bytes` that the store had taken are not there any more.
    pub fn take_back(&self, bytes: u64) {
        self.confirmed.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that the store has taken.
    pub fn confirmed(&self) -> u64 {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// Counts a part in flight, until the answer is dropped.
    pub fn follow<'a>(&'a self, pulse: &Arc<Pulse>) -> Shown<'a> {
        self.flying().push(Arc::downgrade(pulse));
        Shown(self, pulse.clone())
    }

    /// Says what is wrong with a part.
    pub fn trouble(&self, number: u32, failure: &Failure) {
        let (Failure::Again { why, .. }
        | Failure::Held { why, .. }
        | Failure::SignAgain(why)
        | Failure::Final(why)) = failure;
        self.say(&format!("part {number}: {why:#}"));
    }

    /// Keeps the display up to date, for as long as it is polled.
    pub async fn show(&self) -> std::convert::Infallible {
        let tick = if self.bar.is_some() { BAR_TICK } else { LINE_TICK };
        let mut shown = (0, 0);
        loop {
            sleep(tick).await;
            let now = (self.position(), self.total.load(Ordering::Relaxed));
            if now != shown {
                shown = now;
                self.draw(now.0, now.1);
            }
        }
    }

    /// Takes the bar away.
    pub fn close(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn draw(&self, position: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(position);
            return;
        }
        let known = if self.ended.load(Ordering::Relaxed) { "" } else { " so far" };
        self.say(&format!("{} of {} sent{known}", mib(position), mib(total)));
    }

    fn position(&self) -> u64 {
        let flying: u64 = self.flying().iter().filter_map(Weak::upgrade).map(|pulse| pulse.sent()).sum();
        self.confirmed() + flying
    }

    fn flying(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Pulse>>> {
        self.flying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.flying().retain(|pulse| !std::ptr::eq(pulse.as_ptr(), Arc::as_ptr(&self.1)));
    }
}

/// A size for people.
pub fn mib(bytes: u64) -> String {
    let mib = bytes as f64 / 1_048_576.0;
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{mib:.1} MiB"),
    }
}
