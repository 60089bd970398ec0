//! Anchors: the platform says that a result was published, a hiring decided, a review closed, a candidate flagged.

use handin_core::retention::Anchor;
use handin_core::{CandidateId, ExamId};
use jiff::Timestamp;

use super::{policies, stamp};
use crate::app::App;
use crate::db::Caused;
use crate::db::retention::PostAnchor;
use crate::service::Error;
use crate::service::api_keys::Platform;

/// What the platform posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnchor {
    /// What has come.
    pub kind: Anchor,
    /// When; `None` is now.
    pub at: Option<Timestamp>,
    /// For one candidate; `None` is all of the exam, for whom nothing else was posted.
    pub candidate: Option<CandidateId>,
    /// Whether it takes back what was posted before.
    pub withdrawn: bool,
}

/// Notes that an anchor has come, or takes it back; gives when it came. The last word counts.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for an anchor that the server knows by itself.
pub async fn post(
    app: &App,
    who: &Platform,
    exam: &ExamId,
    new: NewAnchor,
) -> Result<Option<Timestamp>, Error> {
    crate::service::exams::get(app, exam).await?;
    if !new.kind.is_posted() {
        let reason = format!("the server knows the {} by itself; post another", new.kind);
        return Err(Error::invalid("kind", reason));
    }
    let at = (!new.withdrawn).then(|| new.at.unwrap_or_else(|| app.clock.now()));
    let what = new.candidate.as_ref().map_or(exam.as_str(), CandidateId::as_str);
    let mut audit = crate::service::audit(app, who, "retention.anchor", what, Some(exam));
    audit.detail = serde_json::json!({ "kind": new.kind.as_str(), "at": at }).to_string();
    let caused = Caused { audit: vec![audit], jobs: vec![policies::soon(app)], ..Caused::default() };
    let post = PostAnchor {
        exam: exam.clone(),
        candidate: new.candidate,
        kind: new.kind,
        at,
        stamp: stamp(app),
        caused,
    };
    app.db.change(post).await?;
    app.jobs.wake();
    Ok(at)
}
