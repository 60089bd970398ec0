//! One probe for each capability of a store. A probe asks once and reports what it saw; what follows from it is
//! written in the table of capabilities.

mod bucket;
mod completion;
mod parts;
mod reading;
mod smuggling;
mod urls;
mod writes;

use super::bench::{Bench, Reply, Untried};
use crate::objects::capabilities::Capability;

/// What a probe saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether the store does what is expected.
    pub does: bool,
    /// What it did, in a few words.
    pub found: String,
}

impl Finding {
    fn new(does: bool, found: impl Into<String>) -> Finding {
        Finding { does, found: found.into() }
    }

    /// A refusal is what was wanted.
    fn refused(reply: &Reply) -> Finding {
        match reply.is_refusal() {
            true => Finding::new(true, format!("refused, {}", reply.in_short())),
            false => Finding::new(false, format!("accepted, {}", reply.in_short())),
        }
    }

    /// The same as long as nothing was stored, too.
    fn and_stored_nothing(self, stored: bool) -> Finding {
        match stored {
            true => Finding::new(false, format!("{}, and stored it", self.found)),
            false => self,
        }
    }
}

/// Tries one capability out.
///
/// # Errors
/// When the store gave no answer, or failed in a step that leads up to the question.
pub async fn probe(bench: &Bench, capability: Capability) -> Result<Finding, Untried> {
    match ask(bench, capability).await {
        Err(Untried::NotImplemented) => Ok(Finding::new(false, "not implemented")),
        other => other,
    }
}

async fn ask(bench: &Bench, capability: Capability) -> Result<Finding, Untried> {
    match capability {
        Capability::RefusesUnsigned => urls::unsigned(bench).await,
        Capability::RefusesExpired => urls::expired(bench).await,
        Capability::RefusesTampered => urls::tampered(bench).await,
        Capability::RefusesWrongLength => urls::wrong_length(bench).await,
        Capability::RefusesWrongType => urls::wrong_type(bench).await,
        Capability::RefusesWrongChecksum => urls::wrong_checksum(bench).await,
        Capability::RefusesWrongPartChecksum => urls::wrong_part_checksum(bench).await,
        Capability::RefusesUnsignedCopySource => smuggling::copy_source(bench).await,
        Capability::RefusesUnsignedAcl => smuggling::acl(bench).await,
        Capability::RefusesUnsignedMetadata => smuggling::metadata(bench).await,
        Capability::RefusesSecondWrite => writes::second_write(bench).await,
        Capability::OneWriterWins => writes::race(bench).await,
        Capability::ReplacesParts => parts::sent_again(bench).await,
        Capability::PagesParts => parts::by_page(bench).await,
        Capability::ListsUploads => parts::uploads(bench).await,
        Capability::KeepsPartChecksums => parts::checksums(bench).await,
        Capability::CopiesParts => parts::copied(bench).await,
        Capability::KeepsCopiedChecksums => parts::copied_checksum(bench).await,
        Capability::ForgetsAborted => parts::aborted(bench).await,
        Capability::KeepsCompositeChecksum => completion::composite(bench).await,
        Capability::KeepsWriteToken => completion::write_token(bench).await,
        Capability::KeepsStorageClass => completion::storage_class(bench).await,
        Capability::RefusesSmallParts => completion::small_part(bench).await,
        Capability::RefusesFalseParts => completion::false_part(bench).await,
        Capability::LeavesPartsOut => completion::part_left_out(bench).await,
        Capability::RefusesWrongSize => completion::wrong_size(bench).await,
        Capability::RefusesCompleteOnTakenKey => completion::taken_key(bench).await,
        Capability::RepeatsComplete => completion::again(bench).await,
        Capability::ServesRanges => reading::range(bench).await,
        Capability::TakesAnyKey => reading::any_key(bench).await,
        Capability::AnswersPreflights => bucket::cors(bench).await,
        Capability::KeepsLifecycle => bucket::lifecycle(bench).await,
    }
}
