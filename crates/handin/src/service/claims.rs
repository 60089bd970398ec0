//! What a browser says it recorded, as it stands in the ledger: there while its recording is being sealed, so that another
//! process can go on with it, and there for good once it is sealed.

use handin_core::{Claim, ClaimedPart};
use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::db::recordings::Recording;

/// How to read a recording, as its recorder says: gaps, clock, what it continues. The server reads nothing in it.
pub type Manifest = serde_json::Map<String, serde_json::Value>;

/// The largest manifest, in bytes of JSON: room for a gap in every ten seconds of two hours.
const LARGEST_MANIFEST: usize = 64 << 10;

/// A claim as it stands in a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredClaim {
    size: u64,
    parts: Vec<(u32, u64, Option<String>)>,
    duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manifest: Option<Manifest>,
}

impl StoredClaim {
    pub(super) fn of(claim: &Claim, duration_ms: Option<u64>, manifest: Option<Manifest>) -> StoredClaim {
        let part = |part: &ClaimedPart| (part.number, part.size, part.sha256.map(hex::encode));
        StoredClaim { size: claim.size, parts: claim.parts.iter().map(part).collect(), duration_ms, manifest }
    }

    /// The claim of a row that was read with it; none where nothing was claimed, or it cannot be read.
    pub(super) fn in_row(recording: &Recording) -> Option<StoredClaim> {
        recording.claim.as_deref().and_then(|claim| serde_json::from_str(claim).ok())
    }

    pub(super) fn json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    /// The claim and, in milliseconds, how long the recording plays.
    pub(super) fn read(self) -> Result<(Claim, Option<u64>), Error> {
        let digest = |hex: String| super::sign::decode_sha256(&hex).map_err(Error::internal);
        let part = |(number, size, sha256): (u32, u64, Option<String>)| {
            Ok(ClaimedPart { number, size, sha256: sha256.map(digest).transpose()? })
        };
        let parts = self.parts.into_iter().map(part).collect::<Result<_, Error>>()?;
        Ok((Claim { size: self.size, parts }, self.duration_ms))
    }
}

/// How to read a recording, if its browser has said so with the seal.
pub(super) fn manifest(recording: &Recording) -> Option<Manifest> {
    StoredClaim::in_row(recording)?.manifest
}

/// Refuses a manifest that is too large.
pub(super) fn check_manifest(manifest: Option<&Manifest>) -> Result<(), Error> {
    let json = manifest.map(serde_json::to_vec).transpose().map_err(Error::internal)?;
    let bytes = json.map_or(0, |json| json.len());
    match bytes > LARGEST_MANIFEST {
        true => Err(Error::invalid(
            "manifest",
            format!("use at most {LARGEST_MANIFEST} bytes of JSON, not {bytes}"),
        )),
        false => Ok(()),
    }
}
