//! Sittings: one candidate in one subject, the unit of completeness. Their states are derived here, never stored.

use std::fmt;

use crate::{State, Track};

/// How far a sitting, or one track of it, has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SittingState {
    /// Every asked-for track has a sealed take and none is on its way.
    Complete,
    /// A take is open or being sealed.
    Recording,
    /// What there is has holes: the best take was salvaged.
    Partial,
    /// Nothing was kept, or nothing ever came.
    Missing,
}

/// What matters of one take for its sitting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// Which track it is a take of.
    pub track: Track,
    /// Where it is in its life.
    pub state: State,
}

impl SittingState {
    /// The word that is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            SittingState::Complete => "complete",
            SittingState::Recording => "recording",
            SittingState::Partial => "partial",
            SittingState::Missing => "missing",
        }
    }
}

impl fmt::Display for SittingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of one track from the states of its takes.
pub fn track_state(takes: impl Iterator<Item = State>) -> SittingState {
    let (mut sealed, mut running, mut partial) = (false, false, false);
    for state in takes {
        match state {
            State::Open | State::Sealing => running = true,
            // A deleted recording was whole (or salvaged) once; retention does not turn a sitting into a failure.
            State::Sealed | State::Deleted => sealed = true,
            State::Partial => partial = true,
            State::Abandoned => {}
        }
    }
    match (running, partial, sealed) {
        (true, _, _) => SittingState::Recording,
        (_, true, _) => SittingState::Partial,
        (_, _, true) => SittingState::Complete,
        _ => SittingState::Missing,
    }
}

/// The state of a sitting: complete only when every track the exam asks for is.
///
/// While anything is on its way the sitting is `recording`; otherwise something kept but holed, or one whole track
/// beside a missing one, makes it `partial`.
pub fn sitting_state(asked: &[Track], takes: &[Take]) -> SittingState {
    let of =
        |track: &Track| track_state(takes.iter().filter(|take| &take.track == track).map(|take| take.state));
    let states: Vec<SittingState> = asked.iter().map(of).collect();
    let any = |wanted| states.contains(&wanted);
    if any(SittingState::Recording) {
        SittingState::Recording
    } else if any(SittingState::Partial) || (any(SittingState::Missing) && any(SittingState::Complete)) {
        SittingState::Partial
    } else if any(SittingState::Missing) || states.is_empty() {
        SittingState::Missing
    } else {
        SittingState::Complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state_of(takes: &[(&str, State)]) -> SittingState {
        let asked = ["webcam".parse().unwrap(), "screen".parse().unwrap()];
        let takes: Vec<Take> = takes
            .iter()
            .map(|(track, state)| Take { track: track.parse().unwrap(), state: *state })
            .collect();
        sitting_state(&asked, &takes)
    }

    #[test]
    fn complete_needs_every_track() {
        use State::{Abandoned, Open, Partial, Sealed};
        assert_eq!(state_of(&[("webcam", Sealed), ("screen", Sealed)]), SittingState::Complete);
        assert_eq!(state_of(&[("webcam", Sealed)]), SittingState::Partial);
        assert_eq!(state_of(&[]), SittingState::Missing);
        assert_eq!(state_of(&[("webcam", Abandoned), ("screen", Abandoned)]), SittingState::Missing);
        assert_eq!(state_of(&[("webcam", Sealed), ("screen", Open)]), SittingState::Recording);
        assert_eq!(state_of(&[("webcam", Partial), ("screen", Sealed)]), SittingState::Partial);
    }

    #[test]
    fn a_second_take_of_a_track_keeps_the_sitting_running_until_it_is_sealed() {
        use State::{Open, Partial, Sealed};
        assert_eq!(
            state_of(&[("webcam", Sealed), ("webcam", Open), ("screen", Sealed)]),
            SittingState::Recording
        );
        assert_eq!(
            state_of(&[("webcam", Partial), ("webcam", Sealed), ("screen", Sealed)]),
            SittingState::Partial
        );
    }
}
