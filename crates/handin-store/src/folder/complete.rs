//! Completing a multipart upload: check the client's list against the parts on disk, write one manifest.
//!
//! Limits: S3 user guide, "Amazon S3 multipart upload limits".

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bucket::{Bucket, Condition};
use super::manifest::{Manifest, ObjectChecksum, PartFile};
use super::upload::{Part, Upload};
use super::{durable, lock};
use crate::digest::{self, Piece, Sum};
use crate::error::Error;

/// The fewest bytes of every part but the last.
pub(crate) const MINIMUM_PART: u64 = 5 << 20;

/// The highest part number.
pub(crate) const MAXIMUM_PART_NUMBER: u16 = 10_000;

/// A part as the client names it when completing.
pub(crate) struct Claim {
    pub(crate) number: u16,
    /// Without quotes.
    pub(crate) etag: Option<String>,
    pub(crate) sums: Vec<Sum>,
}

/// What the client says about the object when completing.
pub(crate) struct Claims {
    pub(crate) parts: Vec<Claim>,
    /// Bytes, from `x-amz-mp-object-size`.
    pub(crate) size: Option<u64>,
    /// The checksum of the whole, in the form the API shows it.
    pub(crate) checksum: Option<ObjectChecksum>,
    pub(crate) condition: Condition,
    /// Unix milliseconds.
    pub(crate) now_ms: i64,
}

impl Bucket {
    /// Makes an object of an upload. Completing again gives the same object for as long as it exists.
    pub(crate) fn complete(&self, key: &str, id: &str, claims: &Claims) -> Result<Manifest, Error> {
        let Ok(upload) = self.upload(key, id) else { return self.completed(key, id) };
        let _ending = lock(&upload.ending);
        if self.upload(key, id).is_err() {
            return self.completed(key, id);
        }
        let parts = upload.close();
        let committed = assemble(&upload, &parts, claims).and_then(|manifest| {
            self.commit(&manifest, &upload.blob, &claims.condition)?;
            Ok(manifest)
        });
        match committed {
            Ok(manifest) => {
                self.forget(&upload);
                self.tidy(&upload, &parts, &manifest);
                Ok(manifest)
            }
            Err(error) => {
                upload.reopen();
                Err(error)
            }
        }
    }

    fn completed(&self, key: &str, id: &str) -> Result<Manifest, Error> {
        match self.open(key) {
            Ok((manifest, _)) if manifest.upload_id.as_deref() == Some(id) => Ok(manifest),
            Err(Error::NoSuchKey) | Ok(_) => Err(Error::NoSuchUpload),
            Err(error) => Err(error),
        }
    }

    /// Removes the parts that the client did not list, and then the upload itself: as long as that file is
    /// there, a start after a crash does this work again.
    fn tidy(&self, upload: &Upload, parts: &BTreeMap<u16, Part>, manifest: &Manifest) {
        for (number, part) in parts {
            if !manifest.parts.iter().any(|kept| kept.number == *number) {
                durable::remove(&upload.part_path(*number, part));
            }
        }
        durable::remove(&self.upload_path(&upload.intent.id));
    }
}

/// Checks the claims and describes the object they make.
fn assemble(upload: &Upload, parts: &BTreeMap<u16, Part>, claims: &Claims) -> Result<Manifest, Error> {
    let chosen = choose(upload, parts, &claims.parts)?;
    let size = chosen.iter().map(|(_, part)| part.size).sum();
    if let Some(declared) = claims.size.filter(|declared| *declared != size) {
        return Err(Error::ObjectSize { declared, found: size });
    }
    let checksum = checksum_of(upload, &chosen)?;
    compare(&checksum, claims.checksum.as_ref())?;
    let intent = upload.intent.clone();
    Ok(Manifest {
        legal_hold: false,
        key: intent.key,
        size,
        etag: digest::etag_of_parts(chosen.iter().map(|(_, part)| &*part.etag)),
        modified_ms: claims.now_ms,
        headers: intent.headers,
        metadata: intent.metadata,
        checksum,
        data: intent.id.clone(),
        upload_id: Some(intent.id),
        parts: chosen.iter().map(|(number, part)| part_file(*number, part)).collect(),
    })
}

fn part_file(number: u16, part: &Part) -> PartFile {
    PartFile { number, size: part.size, file: part.file_name(number) }
}

/// The parts that the client lists, in its order, which must be ascending.
fn choose<'a>(
    upload: &Upload,
    parts: &'a BTreeMap<u16, Part>,
    claims: &[Claim],
) -> Result<Vec<(u16, &'a Part)>, Error> {
    if claims.is_empty() {
        return Err(Error::InvalidRequest("You must specify at least one part".to_owned()));
    }
    if !claims.is_sorted_by(|a, b| a.number < b.number) {
        return Err(Error::InvalidPartOrder);
    }
    let mut chosen = Vec::with_capacity(claims.len());
    for claim in claims {
        let part = parts.get(&claim.number).ok_or(Error::InvalidPart(claim.number))?;
        verify(upload, part, claim)?;
        chosen.push((claim.number, part));
    }
    let (_, all_but_last) = chosen.split_last().ok_or(Error::InvalidPartOrder)?;
    match all_but_last.iter().find(|(_, part)| part.size < MINIMUM_PART) {
        Some((number, part)) => {
            Err(Error::EntityTooSmall { number: *number, size: part.size, minimum: MINIMUM_PART })
        }
        None => Ok(chosen),
    }
}

fn verify(upload: &Upload, part: &Part, claim: &Claim) -> Result<(), Error> {
    if claim.etag.as_ref().is_some_and(|etag| **etag != *part.etag) {
        return Err(Error::InvalidPart(claim.number));
    }
    for sum in &claim.sums {
        if sum.algorithm != upload.intent.algorithm {
            let (own, theirs) = (upload.intent.algorithm.name(), sum.algorithm.name());
            let message = format!("The upload was created with {own} checksums, the part list has {theirs}.");
            return Err(Error::InvalidRequest(message));
        }
        if *sum != part.sum {
            return Err(Error::InvalidPart(claim.number));
        }
    }
    Ok(())
}

fn checksum_of(upload: &Upload, chosen: &[(u16, &Part)]) -> Result<ObjectChecksum, Error> {
    let (algorithm, kind) = (upload.intent.algorithm, upload.intent.kind);
    let pieces: Vec<Piece<'_>> =
        chosen.iter().map(|(_, part)| Piece { size: part.size, sum: &part.sum }).collect();
    let value = digest::whole(algorithm, kind, &pieces)
        .ok_or_else(|| Error::InvalidRequest(format!("{} cannot cover a whole object", algorithm.name())))?;
    Ok(ObjectChecksum { algorithm, kind, value })
}

fn compare(found: &ObjectChecksum, claimed: Option<&ObjectChecksum>) -> Result<(), Error> {
    let Some(claimed) = claimed else { return Ok(()) };
    if claimed.algorithm != found.algorithm || claimed.kind != found.kind {
        let (own, theirs) = (found.algorithm.name(), claimed.algorithm.name());
        let message =
            format!("The upload's checksum is a {:?} {own}, not a {:?} {theirs}.", found.kind, claimed.kind);
        return Err(Error::InvalidRequest(message));
    }
    // AWS accepts a composite with and without the number of parts.
    let without_count = found.value.split('-').next();
    if claimed.value == found.value || Some(claimed.value.as_str()) == without_count {
        return Ok(());
    }
    Err(Error::BadDigest(found.algorithm.name()))
}

/// The parts of an upload that a client sees one page of.
pub(crate) fn parts_after(upload: &Arc<Upload>, after: u16, limit: usize) -> (Vec<(u16, Part)>, bool) {
    let mut parts = upload.parts().into_iter().filter(|(number, _)| *number > after);
    let page: Vec<(u16, Part)> = parts.by_ref().take(limit).collect();
    (page, parts.next().is_some())
}
