//! Draining: when recordings may move to an archive, and how fast. Refuses to know what an archive is, and who looks at
//! the clock.

mod meter;
mod timetable;

pub use meter::Meter;
pub use timetable::{BadTimetable, Rate, Timetable};
