//! What a survey counts: recordings, their bytes, and what moving them costs and saves.

use handin_plan::Worth;

use super::survey::Looked;
use super::verdict::Verdict;

/// Recordings that change their storage class, or would.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moved {
    /// How many.
    pub recordings: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What that costs, US dollars; 0 where no price is known.
    pub costs_usd: f64,
    /// What it saves until they are deleted, US dollars; 0 where no price is known.
    pub saves_usd: f64,
}

/// Recordings and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// How many would be marked.
    pub recordings: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many are due, but held.
    pub held: u64,
    /// Those that would go to another storage class.
    pub tiered: Moved,
    /// Those that rules would have go there, but it costs more than it saves, or they would have to be restored first.
    pub refused: Moved,
    /// How many are marked and their grace is over: they would be deleted.
    pub over: u64,
}

impl Tally {
    /// What one recording adds; `None` for one that stays as it is.
    pub(super) fn of(looked: &Looked) -> Option<Tally> {
        let none = Tally::default();
        let moved = |worth: Option<Worth>| {
            let Worth { costs, saves } = worth.unwrap_or_default();
            Moved { recordings: 1, bytes: looked.row.size, costs_usd: costs, saves_usd: saves }
        };
        Some(match looked.verdict {
            Verdict::Held => Tally { held: 1, ..none },
            Verdict::Mark { .. } => Tally { recordings: 1, bytes: looked.row.size, ..none },
            Verdict::Over => Tally { over: 1, ..none },
            Verdict::Tier { worth, .. } => Tally { tiered: moved(worth), ..none },
            Verdict::Refused { worth, .. } => Tally { refused: moved(worth), ..none },
            Verdict::Later(_) | Verdict::Drain(_) | Verdict::Waiting(_) => return None,
        })
    }

    pub(super) fn plus(self, other: Tally) -> Tally {
        Tally {
            recordings: self.recordings + other.recordings,
            bytes: self.bytes + other.bytes,
            held: self.held + other.held,
            tiered: self.tiered.plus(other.tiered),
            refused: self.refused.plus(other.refused),
            over: self.over + other.over,
        }
    }
}

impl Moved {
    fn plus(self, other: Moved) -> Moved {
        Moved {
            recordings: self.recordings + other.recordings,
            bytes: self.bytes + other.bytes,
            costs_usd: self.costs_usd + other.costs_usd,
            saves_usd: self.saves_usd + other.saves_usd,
        }
    }
}
