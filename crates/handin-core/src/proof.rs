//! The proof that a recording is whole: what the browser says it recorded against what the store holds.
//!
//! The store's list is the truth, the claim is the measure. Nothing here trusts an ETag.

use crate::Sha256;

/// A part as the browser recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedPart {
    /// From 1.
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// The digest of the part's bytes, where the browser knows it.
    pub sha256: Option<Sha256>,
}

/// What the browser says it recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Bytes of the whole.
    pub size: u64,
    /// Every part, in ascending order from 1.
    pub parts: Vec<ClaimedPart>,
}

/// A part as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// From 1.
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// The store's opaque tag, handed back to it at completion.
    pub etag: String,
    /// The digest the store computed on arrival, where it keeps one.
    pub sha256: Option<Sha256>,
}

/// Claim and store agree on every part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Bytes of the whole.
    pub size: u64,
    /// The digest of each part, from the store or else from the claim; `None` if one part has none on either side.
    pub digests: Option<Vec<Sha256>>,
    /// Parts with a claimed digest that the store could not confirm: they must be read back before anything is sealed.
    pub unconfirmed: Vec<u32>,
}

/// Why a claim is not proved. Part numbers are in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The claim names no part.
    #[error("the claim names no part")]
    NoParts,
    /// The claimed parts are not 1, 2, 3, … in this order.
    #[error(
        "part {found} stands where part {expected} was expected; name every part once, in ascending order from 1"
    )]
    NotInOrder {
        /// The number that should have come.
        expected: u32,
        /// The number that came.
        found: u32,
    },
    /// The claimed sizes do not add up, or the store holds other sizes, or parts that nobody claims.
    #[error("the recording was said to have {claimed} bytes, but {found} were found")]
    Size {
        /// Bytes that were claimed.
        claimed: u64,
        /// Bytes found instead.
        found: u64,
        /// The parts that differ, if it is known which.
        parts: Vec<u32>,
    },
    /// The store does not hold these parts.
    #[error("the store does not hold parts {0:?}")]
    Missing(Vec<u32>),
    /// The store holds other bytes than those recorded.
    #[error("the store holds other bytes than those recorded in parts {0:?}")]
    Checksum(Vec<u32>),
}

/// Compares a claim with the parts in the store (any order).
///
/// Order of complaint: the claim itself, missing parts, sizes, checksums: the first is the one to mend first.
pub fn prove(claim: &Claim, stored: &[StoredPart]) -> Result<Proof, Refusal> {
    check_claim(claim)?;
    let pairs = pair_up(claim, stored)?;
    check_sizes(claim, stored, &pairs)?;
    check_digests(&pairs)?;
    let digests = pairs.iter().map(|(mine, theirs)| theirs.sha256.or(mine.sha256)).collect();
    let unconfirmed = pairs.iter().filter(|(mine, theirs)| mine.sha256.is_some() && theirs.sha256.is_none());
    Ok(Proof { size: claim.size, digests, unconfirmed: unconfirmed.map(|(mine, _)| mine.number).collect() })
}

/// The bytes whose SHA-256 is a recording's `sha256_parts`: the part digests one after the other, which is also what
/// S3 hashes for a composite checksum.
pub fn hash_of_part_hashes_input(digests: &[Sha256]) -> Vec<u8> {
    digests.concat()
}

type Pair<'a> = (&'a ClaimedPart, &'a StoredPart);

fn check_claim(claim: &Claim) -> Result<(), Refusal> {
    if claim.parts.is_empty() {
        return Err(Refusal::NoParts);
    }
    for (expected, part) in (1..).zip(&claim.parts) {
        if part.number != expected {
            return Err(Refusal::NotInOrder { expected, found: part.number });
        }
    }
    // Saturating, because the sizes come from outside: a sum that overflows is certainly not the claimed one.
    let sum = claim.parts.iter().fold(0u64, |sum, part| sum.saturating_add(part.size));
    match sum == claim.size {
        true => Ok(()),
        false => Err(Refusal::Size { claimed: claim.size, found: sum, parts: Vec::new() }),
    }
}

fn pair_up<'a>(claim: &'a Claim, stored: &'a [StoredPart]) -> Result<Vec<Pair<'a>>, Refusal> {
    let find = |number| stored.iter().find(|part| part.number == number);
    let by_place = |place: usize, number| match stored.get(place) {
        // The usual case: the store lists in order and without a gap.
        Some(part) if part.number == number => Some(part),
        _ => find(number),
    };
    let found: Vec<_> =
        claim.parts.iter().enumerate().map(|(place, mine)| (mine, by_place(place, mine.number))).collect();
    let missing: Vec<u32> =
        found.iter().filter(|(_, theirs)| theirs.is_none()).map(|(mine, _)| mine.number).collect();
    match missing.is_empty() {
        true => Ok(found.into_iter().filter_map(|(mine, theirs)| Some((mine, theirs?))).collect()),
        false => Err(Refusal::Missing(missing)),
    }
}

fn check_sizes(claim: &Claim, stored: &[StoredPart], pairs: &[Pair<'_>]) -> Result<(), Refusal> {
    let last = claim.parts.len();
    let unclaimed = stored.iter().map(|part| part.number).filter(|number| *number as usize > last);
    let differing =
        pairs.iter().filter(|(mine, theirs)| mine.size != theirs.size).map(|(mine, _)| mine.number);
    let mut parts: Vec<u32> = differing.chain(unclaimed).collect();
    parts.sort_unstable();
    let found = stored.iter().map(|part| part.size).sum();
    match parts.is_empty() {
        true => Ok(()),
        false => Err(Refusal::Size { claimed: claim.size, found, parts }),
    }
}

fn check_digests(pairs: &[Pair<'_>]) -> Result<(), Refusal> {
    let differs =
        |(mine, theirs): &&Pair<'_>| matches!((mine.sha256, theirs.sha256), (Some(a), Some(b)) if a != b);
    let differing: Vec<u32> = pairs.iter().filter(differs).map(|(mine, _)| mine.number).collect();
    match differing.is_empty() {
        true => Ok(()),
        false => Err(Refusal::Checksum(differing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(number: u32, size: u64, byte: u8) -> ClaimedPart {
        ClaimedPart { number, size, sha256: Some([byte; 32]) }
    }

    fn stored(number: u32, size: u64, byte: u8) -> StoredPart {
        StoredPart { number, size, etag: format!("e{number}"), sha256: Some([byte; 32]) }
    }

    fn claim(parts: Vec<ClaimedPart>) -> Claim {
        Claim { size: parts.iter().map(|part| part.size).sum(), parts }
    }

    #[test]
    fn agreement_is_proved_whatever_the_order_of_the_list() {
        let claim = claim(vec![claimed(1, 5, 1), claimed(2, 3, 2)]);
        let proof = prove(&claim, &[stored(2, 3, 2), stored(1, 5, 1)]).unwrap();
        assert_eq!(proof, Proof { size: 8, digests: Some(vec![[1; 32], [2; 32]]), unconfirmed: vec![] });
    }

    #[test]
    fn a_digest_the_store_does_not_keep_must_be_read_back() {
        let theirs = StoredPart { sha256: None, ..stored(1, 5, 1) };
        let proof = prove(&claim(vec![claimed(1, 5, 1)]), &[theirs]).unwrap();
        assert_eq!((proof.digests, proof.unconfirmed), (Some(vec![[1; 32]]), vec![1]));
    }

    #[test]
    fn a_part_without_any_digest_leaves_the_whole_without() {
        let mine = ClaimedPart { sha256: None, ..claimed(1, 5, 1) };
        let theirs = StoredPart { sha256: None, ..stored(1, 5, 1) };
        let proof = prove(&claim(vec![mine]), &[theirs]).unwrap();
        assert_eq!((proof.digests, proof.unconfirmed), (None, vec![]));
    }

    #[test]
    fn each_disagreement_is_named() {
        let whole = [stored(1, 5, 1), stored(2, 3, 2)];
        let refuse = |parts, stored: &[StoredPart]| prove(&claim(parts), stored).unwrap_err();
        assert_eq!(refuse(vec![], &whole), Refusal::NoParts);
        assert_eq!(
            refuse(vec![claimed(2, 3, 2), claimed(1, 5, 1)], &whole),
            Refusal::NotInOrder { expected: 1, found: 2 }
        );
        assert_eq!(
            refuse(vec![claimed(1, 5, 1), claimed(3, 3, 2)], &whole),
            Refusal::NotInOrder { expected: 2, found: 3 }
        );
        assert_eq!(
            refuse(vec![claimed(1, 5, 1), claimed(2, 3, 2), claimed(3, 1, 3)], &whole),
            Refusal::Missing(vec![3])
        );
        assert_eq!(
            refuse(vec![claimed(1, 5, 1), claimed(2, 4, 2)], &whole),
            Refusal::Size { claimed: 9, found: 8, parts: vec![2] }
        );
        assert_eq!(
            refuse(vec![claimed(1, 5, 1)], &whole),
            Refusal::Size { claimed: 5, found: 8, parts: vec![2] }
        );
        assert_eq!(refuse(vec![claimed(1, 5, 9), claimed(2, 3, 2)], &whole), Refusal::Checksum(vec![1]));
    }

    #[test]
    fn sizes_that_do_not_add_up_are_refused_even_when_they_overflow() {
        let claim = Claim { size: 7, parts: vec![claimed(1, u64::MAX, 1), claimed(2, 8, 2)] };
        assert!(matches!(prove(&claim, &[]), Err(Refusal::Size { claimed: 7, .. })));
    }
}
