//! Making another object of a finished recording near the first store: in the bounds of its parts, out of bytes that the store has
//! already, and where it is to begin otherwise, of a first part that is sent. It takes the place of the object that counted
//! only when it was proved.
//!
//! Refuses to know why another object is wanted: `head.rs` mends heads, `retention/tier.rs` changes storage classes.

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handin_core::{Claim, ClaimedPart, Sha256, StorageClass, StoredPart, prove};

use super::checks;
use super::error::Error;
use super::receipts::{self, Receipt};
use super::revisions::{self, Why};
use crate::app::App;
use crate::db::recordings::Recording;
use crate::db::revisions::Revision;
use crate::objects::{self, CreateUpload, ErrorKind, PartPlace, Piece};

/// Copies that the store makes at once for one recording.
const COPIES: usize = 4;

/// What another object is made of.
pub(super) struct Pattern<'a> {
    /// Takes the place of the first part, which is copied where nothing does.
    pub(super) first: Option<&'a [u8]>,
    /// Bytes of each part.
    pub(super) sizes: &'a [u64],
    /// The digest of each part, where they are known.
    pub(super) digests: &'a [Sha256],
    /// Hex SHA-256 over the digests.
    pub(super) sha256_parts: String,
    /// How the store is to keep it.
    pub(super) storage_class: StorageClass,
    /// Whether the store is asked to keep the SHA-256 of each part.
    pub(super) declare_sha256: bool,
}

/// How making another object ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remade {
    /// It counts.
    Counts,
    /// Somebody was faster, or the recording is gone, or a hold forbids it. Nothing is left of it.
    Overtaken,
    /// The store cannot make it. Nothing is left of it.
    Unsupported,
}

/// Makes another object, proves it, and puts it in the place of the one that counts.
///
/// # Errors
/// When it has to be tried again; what was begun is given up then, and what counted counts.
pub(super) async fn remake(
    app: &App,
    recording: &Recording,
    pattern: &Pattern<'_>,
    former: Receipt,
    why: Why,
) -> Result<Remade, Error> {
    let Some(mut new) = revisions::begin(app, recording, "").await? else { return Ok(Remade::Overtaken) };
    let receipt = receipts::about_another(former, new.key.clone(), pattern.sha256_parts.clone());
    let outcome = match make(app, recording, &mut new, pattern).await {
        Ok(Remade::Counts) => match Box::pin(revisions::replace(app, recording, &new, &receipt, why)).await {
            Ok(true) => Ok(Remade::Counts),
            Ok(false) => Ok(Remade::Overtaken),
            Err(error) => Err(error),
        },
        Err(Error::Unavailable { source, .. }) if is_unsupported(&*source) => Ok(Remade::Unsupported),
        other => other,
    };
    // Leaves nothing behind of an object that does not count in the end.
    if !matches!(outcome, Ok(Remade::Counts)) {
        Box::pin(revisions::give_up(app, recording, &new)).await;
    }
    outcome
}

fn is_unsupported(error: &(dyn std::error::Error + 'static)) -> bool {
    let refused = error.downcast_ref::<objects::Error>();
    let cannot = |error: &objects::Error| matches!(error.kind, ErrorKind::Other { status: 501, .. });
    refused.is_some_and(|error| cannot(error) || error.is_unknown_class())
}

/// Makes the new object and proves it.
async fn make(
    app: &App,
    recording: &Recording,
    new: &mut Revision,
    pattern: &Pattern<'_>,
) -> Result<Remade, Error> {
    let Some(mut upload) = gather(app, recording, new, pattern, pattern.declare_sha256).await? else {
        return Ok(Remade::Overtaken);
    };
    if pattern.declare_sha256 && lacks_checksums(pattern, &upload.parts) {
        app.objects.abort(&new.key, &upload.id).await?;
        if !pattern.storage_class.is_read_at_once() {
            // What cannot be read back is proved by the store's checksum, or not at all.
            return Ok(Remade::Unsupported);
        }
        match gather(app, recording, new, pattern, false).await? {
            Some(undeclared) => upload = undeclared,
            None => return Ok(Remade::Overtaken),
        }
    }
    let size = pattern.sizes.iter().sum();
    let refused = app.objects.complete(&new.key, &upload.id, &upload.parts, size).await.err();
    let made = Recording {
        key: new.key.clone(),
        write_token: new.write_token.clone(),
        sha256_parts: Some(pattern.sha256_parts.clone()),
        ..recording.clone()
    };
    // A failure may have been a success, as always.
    match (checks::is_whole(app, &made).await?, refused) {
        (true, _) => check_class(app, new, pattern.storage_class).await,
        (false, Some(error)) => Err(error.into()),
        (false, None) => Err(Error::internal(format!("{} is not what it was made of", new.key))),
    }
}

/// Some stores take any class and keep none.
async fn check_class(app: &App, new: &Revision, wanted: StorageClass) -> Result<Remade, Error> {
    if wanted == StorageClass::Standard {
        return Ok(Remade::Counts);
    }
    let kept = app.objects.head(&new.key).await?.and_then(|head| head.storage_class);
    Ok(if kept == Some(wanted) { Remade::Counts } else { Remade::Unsupported })
}

/// An upload with all its parts.
struct Gathered {
    id: String,
    parts: Vec<StoredPart>,
}

/// Opens an upload and brings its parts together; `None` when the new object was given up meanwhile.
async fn gather(
    app: &App,
    recording: &Recording,
    new: &mut Revision,
    pattern: &Pattern<'_>,
    declare_sha256: bool,
) -> Result<Option<Gathered>, Error> {
    let create = CreateUpload {
        content_type: &recording.content_type,
        write_token: &new.write_token,
        declare_sha256,
        storage_class: pattern.storage_class,
    };
    let id = app.objects.create_upload(&new.key, create).await?;
    new.upload_id = Some(id.clone());
    if !revisions::attach(app, new, &id).await? {
        return Ok(None);
    }
    let first = PartPlace { key: &new.key, upload_id: &id, number: 1 };
    send(app, recording, first, pattern, declare_sha256).await?;
    let parts = app.objects.list_parts(&new.key, &id).await?;
    prove(&pattern.claim(), &parts).map_err(Error::internal)?;
    Ok(Some(Gathered { id, parts }))
}

/// versitygw keeps the checksums of parts that it is sent, but of those that it copies none; and then completes no
/// upload that was to have them.
fn lacks_checksums(pattern: &Pattern<'_>, parts: &[StoredPart]) -> bool {
    let some = pattern.first.is_none() || parts.iter().any(|part| part.sha256.is_some());
    some && parts.iter().any(|part| part.sha256.is_none())
}

/// Has the parts copied in the bounds that they have in the first object, and sends the first where it is another.
async fn send(
    app: &App,
    recording: &Recording,
    place: PartPlace<'_>,
    pattern: &Pattern<'_>,
    declare_sha256: bool,
) -> Result<(), objects::Error> {
    if let Some(first) = pattern.first {
        let sha256 = pattern.digests.first().copied().filter(|_| declare_sha256);
        app.objects.upload_part(place, Bytes::copy_from_slice(first), sha256).await?;
    }
    let starts = pattern.sizes.iter().scan(0, |end, size| {
        let first = *end;
        *end += size;
        Some((first, *size))
    });
    let sent = usize::from(pattern.first.is_some());
    let copies = (1..).zip(starts).skip(sent).map(|(number, (at, size))| {
        let from = Piece { key: &recording.key, first: at, size };
        app.objects.copy_part(PartPlace { number, ..place }, from)
    });
    stream::iter(copies.collect::<Vec<_>>()).buffer_unordered(COPIES).try_collect().await
}

impl Pattern<'_> {
    /// What the new object must turn out to be.
    fn claim(&self) -> Claim {
        let digests = self.digests.iter().copied().map(Some).chain(std::iter::repeat(None));
        let parts = (1..).zip(self.sizes.iter().zip(digests));
        let parts = parts.map(|(number, (size, sha256))| ClaimedPart { number, size: *size, sha256 });
        Claim { size: self.sizes.iter().sum(), parts: parts.collect() }
    }
}
