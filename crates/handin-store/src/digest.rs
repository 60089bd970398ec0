//! Checksums: the algorithms S3 knows, running sums over a body, and sums of whole objects from their parts.
//!
//! It knows neither files nor requests. Rules: S3 user guide, "Checking object integrity".

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};

/// A checksum algorithm of the S3 API. Its serialised form is the name the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

/// How the checksum of an object of several parts comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Kind {
    /// The checksum of the parts' checksums, followed by `-` and their number.
    Composite,
    /// The checksum of all bytes, as if they had come in one piece.
    FullObject,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64nvme, Self::Sha1, Self::Sha256];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header that carries such a sum.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The length of a sum in bytes.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// What an upload gets that names the algorithm and no kind.
    pub(crate) fn default_kind(self) -> Kind {
        if self == Self::Crc64nvme { Kind::FullObject } else { Kind::Composite }
    }

    pub(crate) fn allows(self, kind: Kind) -> bool {
        match self {
            Self::Crc32 | Self::Crc32c => true,
            Self::Crc64nvme => kind == Kind::FullObject,
            Self::Sha1 | Self::Sha256 => kind == Kind::Composite,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}

/// One sum with its algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) algorithm: Algorithm,
    bytes: Box<[u8]>,
}

impl Sum {
    /// A sum of the right length, or nothing.
    pub(crate) fn new(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        (bytes.len() == algorithm.length()).then(|| Self { algorithm, bytes: bytes.into() })
    }

    /// Reads the base64 form that headers and XML carry.
    pub(crate) fn from_base64(algorithm: Algorithm, text: &str) -> Option<Self> {
        Self::new(algorithm, &BASE64.decode(text).ok()?)
    }

    pub(crate) fn from_hex(algorithm: Algorithm, text: &str) -> Option<Self> {
        Self::new(algorithm, &hex::decode(text).ok()?)
    }

    pub(crate) fn base64(&self) -> String {
        BASE64.encode(&self.bytes)
    }

    pub(crate) fn hex(&self) -> String {
        hex::encode(&self.bytes)
    }

    fn number(&self) -> u64 {
        self.bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

enum Running {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Running {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64nvme => Self::Crc64nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(sum) => sum.update(bytes),
            Self::Crc32c(sum) => sum.update(bytes),
            Self::Crc64nvme(sum) => sum.update(bytes),
            Self::Sha1(sum) => sum.update(bytes),
            Self::Sha256(sum) => sum.update(bytes),
        }
    }

    fn finish(self) -> Sum {
        let sum = |algorithm, bytes: &[u8]| Sum { algorithm, bytes: bytes.into() };
        match self {
            Self::Crc32(running) => sum(Algorithm::Crc32, &running.finalize()),
            Self::Crc32c(running) => sum(Algorithm::Crc32c, &running.finalize()),
            Self::Crc64nvme(running) => sum(Algorithm::Crc64nvme, &running.finalize()),
            Self::Sha1(running) => sum(Algorithm::Sha1, running.finalize().as_ref()),
            Self::Sha256(running) => sum(Algorithm::Sha256, running.finalize().as_ref()),
        }
    }
}

/// The sums being taken of one body.
pub(crate) struct Digests {
    md5: Option<Md5>,
    running: Vec<Running>,
}

/// The finished sums of one body.
pub(crate) struct Sums {
    pub(crate) md5: Option<[u8; 16]>,
    pub(crate) sums: Vec<Sum>,
}

impl Digests {
    /// Takes these sums, and MD5 too if `md5`: it costs more than all the rest of receiving a body.
    pub(crate) fn new(algorithms: &[Algorithm], md5: bool) -> Self {
        let running = algorithms.iter().copied().map(Running::new).collect();
        Self { md5: md5.then(Md5::new), running }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        for running in &mut self.running {
            running.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Sums {
        let md5 = self.md5.map(Md5::finalize);
        Sums { md5, sums: self.running.into_iter().map(Running::finish).collect() }
    }
}

impl Sums {
    pub(crate) fn get(&self, algorithm: Algorithm) -> Option<&Sum> {
        self.sums.iter().find(|sum| sum.algorithm == algorithm)
    }
}

/// A part as the sum of the whole sees it.
pub(crate) struct Piece<'a> {
    pub(crate) size: u64,
    pub(crate) sum: &'a Sum,
}

/// The checksum of an object, in the form the API shows it.
pub(crate) fn whole(algorithm: Algorithm, kind: Kind, pieces: &[Piece<'_>]) -> Option<String> {
    match (kind, algorithm.crc()) {
        (Kind::FullObject, Some(crc)) => Some(full_object(algorithm, crc, pieces)),
        (Kind::FullObject, None) => None,
        (Kind::Composite, _) => Some(composite(algorithm, pieces)),
    }
}

fn full_object(algorithm: Algorithm, crc: CrcAlgorithm, pieces: &[Piece<'_>]) -> String {
    let combined = pieces.iter().fold(crc_fast::checksum(crc, b""), |sum, piece| {
        crc_fast::checksum_combine(crc, sum, piece.sum.number(), piece.size)
    });
    BASE64.encode(&combined.to_be_bytes()[8 - algorithm.length()..])
}

fn composite(algorithm: Algorithm, pieces: &[Piece<'_>]) -> String {
    let mut running = Running::new(algorithm);
    for piece in pieces {
        running.update(&piece.sum.bytes);
    }
    format!("{}-{}", running.finish().base64(), pieces.len())
}

/// The ETag of a body. Clients take one without `-` for the MD5; where that was not taken, the checksum stands in.
pub(crate) fn etag(md5: Option<[u8; 16]>, sum: &Sum, size: u64) -> String {
    md5.map_or_else(|| format!("{:.32}-{size:x}", sum.hex()), hex::encode)
}

/// The ETag of an object of several parts: the MD5 of the parts' MD5s (or what stands in for them), `-`, and their number.
pub(crate) fn etag_of_parts<'a>(etags: impl Iterator<Item = &'a str>) -> String {
    let mut md5 = Md5::new();
    let mut count = 0;
    for etag in etags {
        md5.update(&hex::decode(etag).unwrap_or_else(|_| etag.as_bytes().to_vec()));
        count += 1;
    }
    let mut etag = hex::encode(md5.finalize());
    let _ = write!(etag, "-{count}");
    etag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(algorithm: Algorithm, bytes: &[u8]) -> Sum {
        let mut digests = Digests::new(&[algorithm], false);
        digests.update(bytes);
        digests.finish().get(algorithm).unwrap().clone()
    }

    #[test]
    fn sums_match_published_check_values() {
        // The "check" values of the catalogue of parametrised CRC algorithms, and FIPS 180-4.
        let of = |algorithm| sum_of(algorithm, b"123456789").hex();
        assert_eq!(of(Algorithm::Crc32), "cbf43926");
        assert_eq!(of(Algorithm::Crc32c), "e3069283");
        assert_eq!(of(Algorithm::Crc64nvme), "ae8b14860a799888");
        assert_eq!(sum_of(Algorithm::Sha1, b"abc").hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            sum_of(Algorithm::Sha256, b"abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn crc_of_the_whole_comes_from_the_parts() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme] {
            let (a, b, c) = (&bytes[..1], &bytes[1..70_001], &bytes[70_001..]);
            let sums: Vec<Sum> = [a, b, c].iter().map(|part| sum_of(algorithm, part)).collect();
            let pieces: Vec<Piece<'_>> = [a, b, c]
                .iter()
                .zip(&sums)
                .map(|(part, sum)| Piece { size: part.len() as u64, sum })
                .collect();
            assert_eq!(
                whole(algorithm, Kind::FullObject, &pieces),
                Some(sum_of(algorithm, &bytes).base64()),
                "{}",
                algorithm.name()
            );
        }
    }

    #[test]
    fn a_sum_of_the_wrong_length_is_none() {
        assert_eq!(Sum::from_base64(Algorithm::Sha256, "AAAA"), None);
        assert_eq!(Sum::from_base64(Algorithm::Crc32, "not base64"), None);
    }
}
