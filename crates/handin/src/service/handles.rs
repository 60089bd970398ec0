//! Handles: what a recording's owner shows to have parts signed, so that signing needs no database.
//!
//! A handle is `{key id}.{payload}.{tag}`: opaque to clients, authenticated with the server's key, good until it
//! expires. It proves what was opened; who may use it, the caller's token says.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handin_core::pacing::GroupBy;
use handin_core::{Group, PartPlan, RecordingId, StorageClass, Upload};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::keyring::Keyring;
use super::tokens::Candidate;
use crate::db::recordings::Recording;

/// What signing needs to know of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// The recording's id.
    #[serde(rename = "r")]
    pub recording: String,
    /// The exam, subject and candidate it belongs to.
    #[serde(rename = "o")]
    pub owner: (String, String, String),
    /// The object's key.
    #[serde(rename = "k")]
    pub key: String,
    /// How it gets in.
    #[serde(rename = "m")]
    pub mode: Mode,
    /// The size of every part but the last, in bytes.
    #[serde(rename = "p")]
    pub part_size: u64,
    /// The highest part number.
    #[serde(rename = "n")]
    pub max_parts: u32,
    /// The byte budget.
    #[serde(rename = "b")]
    pub max_bytes: u64,
    /// The announced length, in bytes.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
    /// The bell, in unix milliseconds.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    pub bell_ms: Option<i64>,
    /// With whom its sender shares an uplink, as the roster says.
    #[serde(rename = "g", skip_serializing_if = "Option::is_none", default)]
    pub roster_group: Option<String>,
    /// The network that it was opened from.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none", default)]
    pub network: Option<String>,
    /// When it ends, in unix milliseconds.
    #[serde(rename = "x")]
    pub expires_ms: i64,
}

/// The groups a sender belongs to. A handle carries both, so that an exam may go by either when all are open already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// What the roster says.
    pub roster: Option<Group>,
    /// The network that the sender calls from.
    pub network: Option<Group>,
}

/// The part of a handle that differs between the ways in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Numbered parts of this store upload.
    Parts {
        /// The store's id of the upload.
        upload_id: String,
    },
    /// One PUT, with everything it binds.
    Put {
        /// The content type.
        content_type: String,
        /// Our mark on the object.
        write_token: String,
        /// The announced digest, in hex.
        sha256: Option<String>,
        /// The storage class, where it is not what stores do unasked.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        storage_class: Option<String>,
    },
}

impl Handle {
    /// The handle of a recording, good until `expires_at`.
    pub fn of(recording: &Recording, groups: &Groups, expires_at: Timestamp) -> Handle {
        Handle {
            recording: recording.id.to_string(),
            owner: (
                recording.exam.to_string(),
                recording.subject.to_string(),
                recording.candidate.to_string(),
            ),
            key: recording.key.clone(),
            mode: mode_of(recording),
            part_size: recording.part_size,
            max_parts: recording.max_parts,
            max_bytes: recording.max_bytes,
            size: recording.size,
            bell_ms: recording.ends_at.map(Timestamp::as_millisecond),
            roster_group: groups.roster.as_ref().map(Group::to_string),
            network: groups.network.as_ref().map(Group::to_string),
            expires_ms: expires_at.as_millisecond(),
        }
    }

    /// The group its sender belongs to.
    pub fn group(&self, by: GroupBy) -> Option<Group> {
        let group = match by {
            GroupBy::None => None,
            GroupBy::Roster => self.roster_group.as_deref(),
            GroupBy::Network => self.network.as_deref(),
        };
        group.and_then(|group| group.parse().ok())
    }

    /// How the recording is cut.
    pub fn plan(&self) -> PartPlan {
        PartPlan {
            part_size: self.part_size,
            max_parts: self.max_parts,
            max_bytes: self.max_bytes,
            size: self.size,
        }
    }

    /// The handle as clients carry it.
    pub fn seal(&self, keyring: &Keyring) -> Result<String, Error> {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).map_err(Error::internal)?);
        let (id, tag) = keyring.tag(payload.as_bytes());
        Ok(format!("{id}.{payload}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag)))
    }

    /// Reads a handle that `who` shows for recording `id`.
    ///
    /// # Errors
    /// [`Error::Handle`] when we did not make it or it is another recording's; [`Error::NotFound`] when it is somebody
    /// else's, as if it did not exist; [`Error::Expired`].
    pub fn open(
        keyring: &Keyring,
        given: &str,
        who: &Candidate,
        id: &RecordingId,
        now: Timestamp,
    ) -> Result<Handle, Error> {
        let handle =
            authenticate(keyring, given).ok_or(Error::Handle("this handle was not made by this server"))?;
        let (exam, subject, candidate) = &handle.owner;
        if exam != who.exam.as_str() || subject != who.subject.as_str() || candidate != who.candidate.as_str()
        {
            return Err(Error::NotFound("recording"));
        }
        if handle.recording != id.as_str() {
            return Err(Error::Handle("this handle belongs to another recording"));
        }
        match now.as_millisecond() < handle.expires_ms {
            true => Ok(handle),
            false => Err(Error::Expired("handle")),
        }
    }
}

fn mode_of(recording: &Recording) -> Mode {
    match (&recording.upload, &recording.upload_id) {
        (Upload::Stream | Upload::File, Some(upload_id)) => Mode::Parts { upload_id: upload_id.clone() },
        _ => Mode::Put {
            content_type: recording.content_type.clone(),
            write_token: recording.write_token.clone(),
            sha256: recording.sha256.map(hex::encode),
            storage_class: Some(recording.storage_class)
                .filter(|class| *class != StorageClass::Standard)
                .map(|class| class.to_string()),
        },
    }
}

fn authenticate(keyring: &Keyring, given: &str) -> Option<Handle> {
    let (id, rest) = given.split_once('.')?;
    let (payload, tag) = rest.split_once('.')?;
    let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
    if !keyring.check_tag(id, payload.as_bytes(), &tag) {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
