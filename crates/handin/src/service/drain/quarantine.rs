//! The days for which both copies of a recording stand, and how they end.

use crate::app::App;
use crate::db;
use crate::db::Caused;
use crate::db::drains::End;
use crate::db::quarantine::LetGo;
use crate::db::recordings::Recording;
use crate::db::revisions::{Revision, RevisionState};
use crate::service::{Error, checks, revisions};

/// Whether an object of a recording is the one that its drained copy has replaced: the newest of those elsewhere.
pub(in crate::service) fn is_first_copy(all: &[Revision], recording: &Recording, old: &Revision) -> bool {
    let elsewhere = all.iter().filter(|one| {
        one.state == RevisionState::Replaced && one.place != recording.place && !recording.place.is_empty()
    });
    elsewhere.map(|one| one.number).max() == Some(old.number)
}

/// The end of a quarantine: reads the archive's copy once more, and lets the first one go. `false` when the archive's is not
/// whole, and the first counts again.
///
/// # Errors
/// [`Error::Held`] while a hold covers it; [`Error::Internal`] when neither copy is whole; and when it has to be tried again.
pub(in crate::service) async fn let_go(
    app: &App,
    recording: &Recording,
    old: &Revision,
) -> Result<bool, Error> {
    if db::holds::covers(&app.db, &recording.id).await? {
        return Err(Error::Held);
    }
    if checks::reads_whole(app, recording).await? {
        let let_go =
            LetGo { recording: recording.id.clone(), number: old.number, counts: recording.key.clone() };
        return if app.db.change(let_go).await? { Ok(true) } else { Err(Error::Held) };
    }
    let (id, key) = (&recording.id, &recording.key);
    tracing::error!(recording = %id, key, archive = recording.place, "a copy at an archive is damaged");
    metrics::counter!("handin_drain_recordings_total", "outcome" => "damaged").increment(1);
    let first = Recording {
        key: old.key.clone(),
        place: old.place.clone(),
        write_token: old.write_token.clone(),
        ..recording.clone()
    };
    if !checks::is_whole(app, &first).await? {
        return Err(Error::internal(format!("neither {key} nor {} is as it was; both are kept", old.key)));
    }
    if revisions::take_back(app, recording, old).await? {
        app.jobs.wake();
    }
    Ok(false)
}

/// Notes that a recording lives at its archive alone, once it does.
pub(in crate::service) async fn ended(app: &App, recording: &Recording) -> Result<(), Error> {
    if recording.place.is_empty() || !recording.state.has_object() {
        return Ok(());
    }
    let all = db::revisions::of(&app.db, &recording.id).await?;
    let left = all.iter().any(|one| one.place != recording.place && one.state != RevisionState::Gone);
    if left {
        return Ok(());
    }
    let mut audit = crate::service::audit(
        app,
        "server",
        "recording.drained",
        recording.id.as_str(),
        Some(&recording.exam),
    );
    audit.detail = serde_json::json!({ "key": recording.key, "place": recording.place }).to_string();
    let caused = Caused { audit: vec![audit], ..Caused::default() };
    app.db.change(End { recording: recording.id.clone(), moved: true, caused }).await?;
    Ok(())
}
