//! What handin wants of a store, and which of the known stores do it. Every cell was measured: the conformance suite
//! probes each store and fails when one behaves differently from its column, for better or for worse.

use std::fmt::Write as _;

/// Makes the enum and its table of rows: variant, weight, id, [one cell for each of `KnownStore::ALL`], what is
/// expected of the store, and what follows where it does not do it.
macro_rules! capabilities {
    ($($name:ident, $weight:ident, $id:literal, $measured:expr, $expected:literal, $otherwise:literal;)+) => {
        /// Something a store may or may not do. In the order of a recording's life.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Capability {
            $(#[doc = $expected] $name,)+
        }

        impl Capability {
            /// Every row of the table.
            pub const ALL: &'static [Capability] = &[$(Capability::$name),+];

            /// The row of the table.
            pub fn about(self) -> &'static About {
                match self {
                    $(Capability::$name => &About {
                        id: $id,
                        expected: $expected,
                        otherwise: $otherwise,
                        weight: Weight::$weight,
                        measured: $measured,
                    },)+
                }
            }

            /// Whether a store was measured to do this.
            pub fn measured(self, store: KnownStore) -> bool {
                self.about().measured[store as usize]
            }
        }
    };
}

const YES: bool = true;
const NO: bool = false;

capabilities! {
    RefusesUnsigned, Essential, "unsigned-request", [YES, YES, YES],
        "refuses to show an object without a signature",
        "the bucket is public: close it before anybody is recorded";
    RefusesExpired, Essential, "expired-url", [YES, YES, YES],
        "refuses a URL after its time",
        "leaked URLs work for ever: do not use this store";
    RefusesTampered, Essential, "tampered-url", [YES, YES, YES],
        "refuses a URL whose key was changed",
        "signatures are not checked: do not use this store";
    RefusesWrongLength, Essential, "wrong-length", [YES, YES, YES],
        "refuses a part of another length than signed",
        "byte budgets are not enforced on arrival; what arrived is still compared when a recording is sealed";
    RefusesWrongType, Wanted, "wrong-type", [YES, YES, YES],
        "refuses another content type than signed",
        "a candidate could have the store serve a recording as a web page: serve downloads from a host of its own";
    RefusesWrongChecksum, Wanted, "wrong-checksum", [YES, NO, YES],
        "refuses an object whose bytes do not have the signed SHA-256",
        "damage on the way is found when a recording is sealed: handin reads it back and hashes it";
    RefusesWrongPartChecksum, Wanted, "wrong-part-checksum", [YES, NO, YES],
        "refuses a part whose bytes do not have the signed SHA-256",
        "damage on the way is found when a recording is sealed: handin reads it back and hashes it";
    RefusesUnsignedCopySource, Wanted, "unsigned-copy-source", [YES, NO, YES],
        "refuses an unsigned x-amz-copy-source on a signed URL",
        "the holder of an upload URL can copy another object of the bucket into theirs: strip x-amz-copy-source in a proxy before the store, and keep nothing else in the bucket";
    RefusesUnsignedAcl, Wanted, "unsigned-acl", [YES, NO, YES],
        "refuses an unsigned x-amz-acl on a signed URL",
        "the holder of an upload URL can make their object public: strip x-amz-acl in a proxy before the store";
    RefusesUnsignedMetadata, Wanted, "unsigned-metadata", [YES, NO, YES],
        "refuses an unsigned x-amz-meta-* on a signed URL",
        "the holder of an upload URL can add metadata; the write token is signed and safe";
    RefusesSecondWrite, Wanted, "second-write", [YES, YES, YES],
        "refuses a second write to a key signed with if-none-match: *",
        "a put URL can replace its object until it expires; keep url_ttl_s short";
    OneWriterWins, Wanted, "write-race", [YES, YES, YES],
        "lets exactly one of many concurrent writers with if-none-match: * win",
        "a put URL used twice at once may replace its object; keep url_ttl_s short";
    ReplacesParts, Essential, "part-again", [YES, YES, YES],
        "a part sent again takes the place of the first",
        "a retried part would spoil the recording: do not use this store";
    PagesParts, Essential, "parts-by-page", [YES, YES, YES],
        "lists parts page by page",
        "long recordings could not be proved: do not use this store";
    ListsUploads, Wanted, "list-uploads", [YES, YES, YES],
        "lists open uploads",
        "uploads that no recording knows are not found; the abort-incomplete rule still ends them";
    KeepsPartChecksums, Wanted, "part-checksums", [YES, NO, YES],
        "keeps each part's SHA-256 and lists it",
        "handin reads recordings back once to prove their checksums";
    CopiesParts, Wanted, "part-copy", [YES, YES, YES],
        "copies a range of an object into a part",
        "recordings whose senders had no time to finish the head stay without duration and index; they play, but seeking in them is slow";
    KeepsCopiedChecksums, Wanted, "part-copy-checksum", [YES, NO, NO],
        "keeps the SHA-256 of a part that it copied, and lists it",
        "handin reads a recording back once more after it has mended its head";
    KeepsCompositeChecksum, Wanted, "composite-checksum", [YES, NO, YES],
        "keeps the SHA-256 over all parts and tells it",
        "the checksum over all parts comes from handin's own ledger only";
    KeepsWriteToken, Essential, "write-token", [YES, YES, YES],
        "keeps user metadata given when the upload was created",
        "whose object stands under a key could not be told after a crash: do not use this store";
    KeepsStorageClass, Wanted, "storage-class", [YES, NO, NO],
        "keeps an object in the storage class STANDARD_IA and tells it",
        "recordings stay in the class that they were written in: write no `tier:` rules and no `storage_class`";
    RefusesSmallParts, Wanted, "small-part", [YES, YES, YES],
        "refuses a part below 5 MiB before the last",
        "harmless: handin signs no such part";
    RefusesFalseParts, Essential, "false-part", [YES, YES, YES],
        "refuses to complete with a part it does not hold, and handin notices",
        "a recording could be reported whole that is not: do not use this store";
    LeavesPartsOut, Wanted, "parts-left-out", [YES, NO, YES],
        "completes without parts that came behind a hole",
        "an object that was salvaged before a hole also holds, at its end, what came from behind it";
    RefusesWrongSize, Wanted, "object-size", [YES, NO, YES],
        "refuses to complete to another size than x-amz-mp-object-size",
        "a truncated object is found by the HEAD that follows each completion";
    RefusesCompleteOnTakenKey, Wanted, "complete-taken-key", [YES, NO, YES],
        "refuses to complete onto a taken key with if-none-match: *",
        "harmless: handin never uses a key twice";
    RepeatsComplete, Wanted, "complete-again", [YES, YES, YES],
        "answers a repeated completion as it answered the first",
        "harmless: handin then looks at the object and its write token";
    ForgetsAborted, Essential, "abort", [YES, YES, YES],
        "an aborted upload and its parts are gone",
        "discarded recordings would stay: do not use this store";
    ServesRanges, Essential, "ranges", [YES, YES, YES],
        "serves a range of an object",
        "recordings could not be watched without downloading them whole";
    TakesAnyKey, Wanted, "any-key", [YES, YES, YES],
        "takes keys with spaces, signs and letters of any script",
        "harmless: handin's own keys are plain";
    AnswersPreflights, Wanted, "cors", [YES, YES, YES],
        "keeps CORS rules and answers a browser's preflight by them",
        "allow the origins of your pages in a proxy before the store";
    KeepsLifecycle, Wanted, "lifecycle", [YES, YES, NO],
        "keeps lifecycle rules for forgotten uploads and rehearsals",
        "end forgotten uploads, and delete what is a day old under `_rehearsal/`, with the store's own tools";
}

/// A store that the suite has measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownStore {
    /// The one inside handin.
    Embedded,
    /// Ceph's gateway, as Debian 12 ships it.
    CephRgw,
    /// versitygw over a plain folder.
    Versitygw,
}

/// All there is to say about a [`Capability`].
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name in the doctor's table and in JSON.
    pub id: &'static str,
    /// What is expected of the store.
    pub expected: &'static str,
    /// What follows, and what to do, where the store does not do it.
    pub otherwise: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// Whether each of [`KnownStore::ALL`] does it.
    pub measured: [bool; KnownStore::ALL.len()],
}

/// How much a capability matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Recordings are not safe without it.
    Essential,
    /// handin makes up for it, or the operator can.
    Wanted,
}

impl KnownStore {
    /// Every column of the table.
    pub const ALL: [KnownStore; 3] = [KnownStore::Embedded, KnownStore::CephRgw, KnownStore::Versitygw];

    /// The name in the list of test stores.
    pub fn name(self) -> &'static str {
        match self {
            KnownStore::Embedded => "embedded",
            KnownStore::CephRgw => "ceph-rgw",
            KnownStore::Versitygw => "versitygw",
        }
    }

    /// The column of that name.
    pub fn from_name(name: &str) -> Option<KnownStore> {
        KnownStore::ALL.into_iter().find(|store| store.name() == name)
    }

    /// What was measured, for people.
    fn described(self) -> &'static str {
        match self {
            KnownStore::Embedded => "the store inside handin",
            KnownStore::CephRgw => "Ceph RADOS Gateway of Debian 12",
            KnownStore::Versitygw => "versitygw 1.8.0 over a folder",
        }
    }
}

/// The text of `docs/reference/stores.md`.
pub fn reference() -> String {
    let mut text = String::from(INTRODUCTION);
    for store in KnownStore::ALL {
        let _written = writeln!(text, "- `{}`: {}", store.name(), store.described());
    }
    text.push_str("\n| check | expected | essential |");
    KnownStore::ALL.iter().for_each(|store| text.extend([" ", store.name(), " |"]));
    text.push_str("\n|---|---|---|");
    KnownStore::ALL.iter().for_each(|_| text.push_str("---|"));
    text.push('\n');
    for about in Capability::ALL.iter().map(|capability| capability.about()) {
        let essential = if about.weight == Weight::Essential { "yes" } else { "" };
        let _written = write!(text, "| `{}` | {} | {essential} |", about.id, about.expected);
        about.measured.iter().for_each(|does| text.push_str(if *does { " yes |" } else { " **no** |" }));
        text.push('\n');
    }
    text.push_str("\n## Where a store does not do it\n\n");
    for about in Capability::ALL.iter().map(|capability| capability.about()) {
        let _written = writeln!(text, "- `{}`: {}.", about.id, about.otherwise);
    }
    text
}

const INTRODUCTION: &str = "<!-- Generated from crates/handin/src/objects/capabilities.rs. -->
# What object stores do

handin runs on any store that speaks S3. Stores differ in what they refuse and what they keep; `handin doctor` asks the
one that is configured. These were measured by the same questions; the conformance suite fails as soon as one of them
behaves differently.

";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_has_an_id_of_its_own() {
        let mut ids: Vec<&str> = Capability::ALL.iter().map(|capability| capability.about().id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Capability::ALL.len());
    }

    #[test]
    fn columns_are_found_by_their_names() {
        for (place, store) in KnownStore::ALL.into_iter().enumerate() {
            assert_eq!((store as usize, KnownStore::from_name(store.name())), (place, Some(store)));
        }
        assert_eq!(KnownStore::from_name("aws"), None);
    }
}
