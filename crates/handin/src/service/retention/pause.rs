//! What a clock that jumped ahead may do: nothing, for a day.
//!
//! By such a clock everything is due, and every grace is over. The ledger remembers when a run looked last; a run that
//! finds itself more than a day ahead of that marks and deletes nothing, and neither does any other until a day has passed
//! by that clock. Servers that were off for longer lose that day.

use std::time::Duration;

use jiff::Timestamp;

use crate::app::App;
use crate::db;
use crate::db::retention::{Look, NoteLook};
use crate::service::Error;

const DAY: Duration = Duration::from_secs(86_400);
/// How often a look is noted that somebody else has just overtaken.
const TRIES: u32 = 5;

/// What a look at `now` makes of the last one.
fn next(last: Option<Look>, now: Timestamp) -> Look {
    let paused_until = last.and_then(|last| match now > last.looked_at + DAY {
        true => Some(now + DAY),
        // One that is further away was set by a clock that was wrong.
        false => last.paused_until.filter(|until| *until > now && *until <= now + 2 * DAY),
    });
    Look { looked_at: now, paused_until }
}

/// Until when nothing is marked or deleted, if a run at `at` were to stand still.
///
/// # Errors
/// When the database is not available.
pub async fn until(app: &App, at: Timestamp) -> Result<Option<Timestamp>, Error> {
    Ok(next(db::retention::last_look(&app.db).await?, at).paused_until)
}

/// Notes that a run looks now.
pub(super) async fn look(app: &App) -> Result<(), Error> {
    for _ in 0..TRIES {
        let last = db::retention::last_look(&app.db).await?;
        let look = next(last, app.clock.now());
        if app.db.change(NoteLook { last, look }).await? {
            metrics::gauge!("handin_retention_paused").set(f64::from(u8::from(look.paused_until.is_some())));
            return Ok(());
        }
    }
    Err(Error::internal("too many runs look at once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(last: Look, hours: i64) -> Look {
        next(Some(last), last.looked_at + jiff::SignedDuration::from_hours(hours))
    }

    #[test]
    fn a_clock_that_jumps_ahead_stands_still_for_a_day_and_no_longer() {
        let first = next(None, Timestamp::UNIX_EPOCH + 365 * DAY);
        assert_eq!(first.paused_until, None);
        let usual = after(first, 24);
        assert_eq!(usual.paused_until, None);
        let jumped = after(usual, 24 * 3_650);
        assert_eq!(jumped.paused_until, Some(jumped.looked_at + DAY));
        let still = after(jumped, 23);
        assert_eq!(still.paused_until, jumped.paused_until);
        assert_eq!(after(still, 1).paused_until, None);
    }

    #[test]
    fn a_clock_that_is_set_right_again_takes_its_pause_along() {
        let usual = next(None, Timestamp::UNIX_EPOCH + 365 * DAY);
        let jumped = after(usual, 24 * 3_650);
        let right = after(jumped, -24 * 3_650 + 1);
        assert_eq!(right.paused_until, None);
        let again = after(right, 24 * 3_650);
        assert!(
            again.paused_until.is_some(),
            "a node whose clock is wrong stands still beside one that is right"
        );
    }
}
