//! `[drain]`: when recordings go to an archive, and how fast.

use handin_core::drain::{BadTimetable, Timetable};

use super::section::{Value, section};

section! {
    /// When recordings go to an archive, and how fast. The archives themselves have a section each.
    Drain "drain" {
        /// The archive that rules such as `drain 7 days after bell` mean.
        archive: Option<String> = None;
        /// How fast recordings may go at which time of the week, in the time zone of `retention.time_zone`, such as
        /// `Mon-Fri 22:00-06:00 400Mbit, Sat-Sun 1Gbit, else off`; the first entry that speaks of a moment counts. One node
        /// at a time drains, so the rate is that of all of them.
        timetable: Timetable = Timetable::always();
        /// Whether recordings go while candidates record; otherwise draining waits until they have finished, or until the
        /// grace after their bell is over.
        during_exams: bool = false;
        /// How many days both copies stand before the archive's is read once more and the first goes.
        quarantine_days: u32 = 7, in 1..=3_650;
        /// The most reads of one recording at the same time.
        parallel: usize = 4, in 1..=64;
    }
}

impl Value for Timetable {
    fn parse(text: &str) -> Result<Timetable, String> {
        text.parse().map_err(|bad: BadTimetable| format!("a timetable: {bad}"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}
