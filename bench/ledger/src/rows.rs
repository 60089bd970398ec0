//! Rows as the product writes them, of realistic length: an hour of webcam in 5 MiB parts.

use handin::clock::{Clock, Ids};
use handin::db::Caused;
use handin::db::audit::NewAudit;
use handin::db::jobs::{NewJob, unique_key};
use handin::db::outbox::NewEvent;
use handin::db::receipts::NewReceipt;
use handin::db::recordings::{Claim, Finish, NewRecording, Recording};
use handin_core::{ObjectKey, RecordingId, State, Track, Upload};
use jiff::SignedDuration;
use serde_json::json;

/// Bytes of a part.
const PART: u64 = 5 << 20;
/// Parts of an hour at 500 kbit/s.
const PARTS: u32 = 43;

/// Makes rows; ids and times are fresh.
pub struct Rows {
    clock: Clock,
    ids: Ids,
    /// What a browser says it recorded, JSON; making it is not the ledger's work.
    claim: String,
}

impl Rows {
    /// With the machine's clock and randomness.
    pub fn new() -> Rows {
        let ids = Ids::system();
        let part = |number| json!([number, PART, hex(ids.bytes::<32>())]);
        let parts: Vec<_> = (1..=PARTS).map(part).collect();
        let claim = json!({ "size": PART * u64::from(PARTS), "parts": parts, "duration_ms": 3_600_000 });
        Rows { clock: Clock::system(), ids, claim: claim.to_string() }
    }

    /// The `number`-th recording to be opened: a candidate of its own for every two tracks.
    pub fn recording(&self, number: u64) -> NewRecording {
        let now = self.clock.now();
        let id = self.ids.recording(now);
        let track: Track =
            if number.is_multiple_of(2) { "webcam" } else { "screen" }.parse().expect("a slug");
        let ends_at = now + SignedDuration::from_hours(2);
        let key = ObjectKey {
            track: track.clone(),
            date: ObjectKey::date_of(ends_at),
            exam: "spring-2026".parse().expect("a slug"),
            subject: "mathematics".parse().expect("a slug"),
            candidate: format!("c-{:08}", number / 2).parse().expect("a candidate id"),
            recording: id.clone(),
            revision: 0,
            extension: "webm",
        };
        NewRecording {
            id,
            exam: key.exam.clone(),
            subject: key.subject.clone(),
            candidate: key.candidate.clone(),
            track,
            upload: Upload::Stream,
            key: key.to_string(),
            upload_id: Some(format!("{}{}", self.ids.word(), self.ids.word())),
            write_token: self.ids.word(),
            content_type: "video/webm;codecs=vp9,opus".to_owned(),
            part_size: PART,
            max_parts: 820,
            max_bytes: 4 << 30,
            size: None,
            sha256: None,
            declared_sha256: true,
            idempotency_key: Some(self.ids.word()),
            opened_at: now,
            started_at: Some(now),
            salvage_at: ends_at + SignedDuration::from_hours(24),
            ends_at: Some(ends_at),
        }
    }

    /// What the product writes with an open.
    pub fn caused_by_open(&self, new: &NewRecording) -> Caused {
        let payload = json!({
            "id": new.id.as_str(), "exam": new.exam.as_str(), "subject": new.subject.as_str(),
            "candidate": new.candidate.as_str(), "track": new.track.as_str(), "key": new.key,
        });
        let event = NewEvent {
            id: self.ids.row(new.opened_at),
            kind: "recording.opened".to_owned(),
            recording: Some(new.id.clone()),
            exam: new.exam.clone(),
            payload: payload.to_string(),
            at: new.opened_at,
        };
        Caused { events: vec![event], ..Caused::default() }
    }

    /// The first write of a seal: the lease, with what the browser says it recorded.
    pub fn claim(&self, id: &RecordingId) -> Claim {
        let now = self.clock.now();
        let until = now + SignedDuration::from_secs(60);
        Claim {
            id: id.clone(),
            owner: self.ids.word(),
            now,
            until,
            claim_json: Some(self.claim.clone()),
            job: self.job("seal", id),
        }
    }

    /// The last write of a seal: the state, the receipt, the first check, the event, the audit row.
    pub fn finish(&self, recording: &Recording) -> Finish {
        let now = self.clock.now();
        // As long as a signed one: the cost of signing is not the ledger's.
        let jws = self.ids.word().repeat(20);
        let receipt = NewReceipt { recording: recording.id.clone(), jws: jws.clone(), issued_at: now };
        let event = NewEvent {
            id: self.ids.row(now),
            kind: "recording.sealed".to_owned(),
            recording: Some(recording.id.clone()),
            exam: recording.exam.clone(),
            payload: json!({ "id": recording.id.as_str(), "key": recording.key, "receipt": &jws[..300] })
                .to_string(),
            at: now,
        };
        let audit = NewAudit {
            id: self.ids.row(now),
            at: now,
            who: "server".to_owned(),
            action: "recording.sealed".to_owned(),
            what: recording.id.to_string(),
            exam: Some(recording.exam.clone()),
            detail: "{}".to_owned(),
        };
        Finish {
            id: recording.id.clone(),
            owner: recording.lease_owner.clone().unwrap_or_default(),
            state: State::Sealed,
            sealed_at: now,
            size: PART * u64::from(PARTS),
            parts: PARTS,
            sha256_parts: Some(hex(self.ids.bytes::<32>())),
            duration_ms: Some(3_600_000),
            reason: None,
            missing: None,
            receipt,
            caused: Caused {
                jobs: vec![self.job("verify", &recording.id)],
                events: vec![event],
                audit: vec![audit],
            },
        }
    }

    fn job(&self, kind: &'static str, id: &RecordingId) -> NewJob {
        let now = self.clock.now();
        NewJob {
            id: self.ids.row(now),
            kind,
            recording: Some(id.clone()),
            run_at: now + SignedDuration::from_hours(1),
            payload: None,
            unique_key: Some(unique_key(kind, id)),
        }
    }
}

fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
