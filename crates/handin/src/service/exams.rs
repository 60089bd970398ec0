//! Exams and their rosters: created by the platform, fixed afterwards.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use handin_core::pacing::PacePolicy;
use handin_core::{
    AfterCrash, Capture, CaptureWish, Exam, ExamId, Language, Limits, RosterEntry, Subject, Track,
};

use super::api_keys::Platform;
use super::error::Error;
use crate::app::App;
use crate::db;
use crate::db::candidates::{PutRoster, RosterCounts};
use crate::db::exams::CreateExam;

/// What a platform says of a new exam.
#[derive(Debug, Clone)]
pub struct NewExam {
    /// Its slug; `None` has one made.
    pub id: Option<ExamId>,
    /// For people.
    pub title: String,
    /// `None` is webcam and screen.
    pub tracks: Option<Vec<Track>>,
    /// At least one.
    pub subjects: Vec<Subject>,
    /// What one recording may take.
    pub limits: Limits,
    /// Days after the bell.
    pub retention_days: Option<u32>,
    /// How tracks are captured, where it is not as usual.
    pub capture: BTreeMap<Track, CaptureWish>,
    /// What candidates are told of the recording.
    pub notice: BTreeMap<Language, String>,
    /// What a candidate may do when a recording broke off.
    pub after_crash: AfterCrash,
    /// How fast its senders may go.
    pub pace: PacePolicy,
}

/// Exams do not change once they exist, so they are remembered as they are seen.
#[derive(Default)]
pub struct ExamCache(RwLock<HashMap<ExamId, Arc<Exam>>>);

/// More exams than run at a time.
const MOST_REMEMBERED: usize = 10_000;
/// The most subjects of an exam.
const MOST_SUBJECTS: usize = 100;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;
/// The longest notice, in characters; a page of text.
const LONGEST_NOTICE: usize = 4_000;
/// The most languages of a notice.
const MOST_LANGUAGES: usize = 20;

/// Creates an exam.
///
/// # Errors
/// [`Error::Invalid`] naming the field; [`Error::Exists`] when another exam has the id. Repeating the very same
/// request under the same id gives the same exam, whose pace may have been changed since.
pub async fn create(app: &App, who: &Platform, new: NewExam) -> Result<Arc<Exam>, Error> {
    let policy = new.pace.clone();
    let exam = check(app, new)?;
    let pace = super::pace::checked(app, who, &exam.id, policy).map_err(|error| error.within("pace"))?;
    let pace = (!pace.policy.is_empty()).then_some(pace);
    let audit = super::audit(app, who, "exam.create", exam.id.as_str(), Some(&exam.id));
    if app.db.change(CreateExam { exam: exam.clone(), pace: pace.clone(), audit }).await? {
        pace.into_iter().for_each(|pace| app.paces.learn(pace));
        return Ok(Arc::new(exam));
    }
    let existing = get(app, &exam.id).await?;
    let same = Exam { created_at: existing.created_at, ..exam.clone() };
    match *existing == same {
        true => Ok(existing),
        false => Err(Error::Exists { what: "exam", id: exam.id.to_string() }),
    }
}

fn check(app: &App, new: NewExam) -> Result<Exam, Error> {
    let now = app.clock.now();
    let tracks = new.tracks.unwrap_or_else(default_tracks);
    Exam::check_tracks(&tracks).map_err(|error| Error::invalid("tracks", error))?;
    check_text("title", &new.title)?;
    check_subjects(&new.subjects)?;
    check_limits(app, &new.limits)?;
    if new.retention_days == Some(0) {
        return Err(Error::invalid("retention.days", "keep recordings for at least a day"));
    }
    let most = app.config.retention.maximum_days;
    if new.retention_days.is_some_and(|days| days > most) {
        let reason = format!(
            "the house keeps nothing for more than {most} days; a policy of its own may, with a reason"
        );
        return Err(Error::invalid("retention.days", reason));
    }
    let capture = check_capture(&tracks, &new.capture)?;
    check_notice(&new.notice)?;
    let made = || format!("exam-{}", &app.ids.word()[..12]).parse();
    let id = new.id.map_or_else(made, Ok)?;
    Ok(Exam {
        id,
        title: new.title,
        tracks,
        subjects: new.subjects,
        limits: new.limits,
        retention_days: new.retention_days,
        capture,
        notice: new.notice,
        after_crash: new.after_crash,
        created_at: now,
    })
}

fn default_tracks() -> Vec<Track> {
    ["webcam", "screen"].iter().filter_map(|track| track.parse().ok()).collect()
}

fn check_text(field: &str, text: &str) -> Result<(), Error> {
    match text.trim().is_empty() || text.chars().count() > LONGEST_TITLE || text.chars().any(char::is_control)
    {
        true => Err(Error::invalid(field, "use 1 to 200 characters, none of them control characters")),
        false => Ok(()),
    }
}

fn check_subjects(subjects: &[Subject]) -> Result<(), Error> {
    if subjects.is_empty() || subjects.len() > MOST_SUBJECTS {
        return Err(Error::invalid("subjects", "an exam has 1 to 100 subjects"));
    }
    for (place, subject) in subjects.iter().enumerate() {
        if subjects[..place].iter().any(|earlier| earlier.id == subject.id) {
            return Err(Error::invalid(
                format!("subjects[{place}].id"),
                "this subject stands in the list twice",
            ));
        }
        if let Some(title) = &subject.title {
            check_text(&format!("subjects[{place}].title"), title)?;
        }
    }
    Ok(())
}

fn check_limits(app: &App, limits: &Limits) -> Result<(), Error> {
    let most = app.config.uploads.max_bytes;
    match limits.max_bytes {
        Some(bytes) if bytes == 0 || bytes > most => Err(Error::invalid(
            "limits.max_bytes",
            format!("use 1 to {most} bytes, which this server allows"),
        )),
        _ => Ok(()),
    }
}

/// How each track is captured: as wished, else as is usual.
fn check_capture(
    tracks: &[Track],
    wishes: &BTreeMap<Track, CaptureWish>,
) -> Result<BTreeMap<Track, Capture>, Error> {
    if let Some(unknown) = wishes.keys().find(|track| !tracks.contains(track)) {
        return Err(Error::invalid(
            format!("capture.{unknown}"),
            format!("{unknown} is not a track of this exam"),
        ));
    }
    let capture = |track: &Track| {
        let wish = wishes.get(track).copied().unwrap_or_default();
        let capture = Capture::wished(track, &wish)
            .map_err(|error| Error::invalid(format!("capture.{track}.{}", error.field), error))?;
        Ok((track.clone(), capture))
    };
    tracks.iter().map(capture).collect()
}

fn check_notice(notice: &BTreeMap<Language, String>) -> Result<(), Error> {
    if notice.len() > MOST_LANGUAGES {
        return Err(Error::invalid("notice", format!("write it in at most {MOST_LANGUAGES} languages")));
    }
    let control = |character: char| character.is_control() && character != '\n';
    let bad = |text: &str| {
        text.trim().is_empty() || text.chars().count() > LONGEST_NOTICE || text.chars().any(control)
    };
    match notice.iter().find(|(_, text)| bad(text)) {
        Some((language, _)) => Err(Error::invalid(
            format!("notice.{language}"),
            format!("use 1 to {LONGEST_NOTICE} characters, none of them control characters but line feeds"),
        )),
        None => Ok(()),
    }
}

/// One exam.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, id: &ExamId) -> Result<Arc<Exam>, Error> {
    let known = app.exams.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
    if let Some(exam) = known {
        return Ok(exam);
    }
    let exam = Arc::new(db::exams::get(&app.db, id).await?.ok_or(Error::NotFound("exam"))?);
    let mut known = app.exams.0.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MOST_REMEMBERED {
        known.clear();
    }
    known.insert(id.clone(), exam.clone());
    Ok(exam)
}

/// Exams by id, ascending, from after the given one.
///
/// # Errors
/// When the database is not available.
pub async fn list(app: &App, after: Option<ExamId>, limit: u32) -> Result<Vec<Exam>, Error> {
    Ok(db::exams::list(&app.db, after.as_ref(), limit).await?)
}

/// Adds candidates to an exam, or replaces what is known of them; others stay.
///
/// # Errors
/// [`Error::Invalid`] naming the entry; nothing is changed then.
pub async fn put_roster(
    app: &App,
    who: &Platform,
    id: &ExamId,
    entries: Vec<RosterEntry>,
) -> Result<RosterCounts, Error> {
    let exam = get(app, id).await?;
    for (place, entry) in entries.iter().enumerate() {
        let unknown = entry.subjects.iter().flatten().find(|subject| exam.subject(subject).is_none());
        if let Some(subject) = unknown {
            let reason = format!("{subject} is not a subject of this exam");
            return Err(Error::invalid(format!("[{place}].subjects"), reason));
        }
        if let Some(name) = &entry.name {
            check_text(&format!("[{place}].name"), name)?;
        }
    }
    let audit = super::audit(app, who, "roster.put", id.as_str(), Some(id));
    Ok(app.db.change(PutRoster { exam: id.clone(), entries, audit }).await?)
}
