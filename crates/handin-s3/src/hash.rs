//! SHA-256 and HMAC-SHA-256 whose inner states can be kept and copied: the day's key is two states, and
//! the common beginning of a hundred part URLs is one. The compression is `sha2`'s (hardware where there
//! is any); this module only buffers and pads. Knows nothing of S3.

use sha2::block_api::compress256;

/// Bytes of one compression block (FIPS 180-4).
const BLOCK: usize = 64;

/// SHA-256's initial value (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A running SHA-256 that is cheap to copy at any point.
#[derive(Clone, Copy)]
pub(crate) struct Sha256 {
    state: [u32; 8],
    block: [u8; BLOCK],
    /// Bytes waiting in `block`; always below `BLOCK`.
    filled: usize,
    /// Bytes taken in so far.
    length: u64,
}

impl Sha256 {
    /// A hash of nothing yet.
    pub(crate) fn new() -> Self {
        Self::resume(INITIAL, 0)
    }

    /// The hash of `data`.
    pub(crate) fn digest(data: &[u8]) -> [u8; 32] {
        let mut hash = Self::new();
        hash.update(data);
        hash.finish()
    }

    /// Goes on from a state that has taken in `length` bytes, a multiple of the block.
    fn resume(state: [u32; 8], length: u64) -> Self {
        Self { state, block: [0; BLOCK], filled: 0, length }
    }

    /// Takes in more bytes.
    pub(crate) fn update(&mut self, mut data: &[u8]) {
        self.length += data.len() as u64;
        if self.filled > 0 {
            let taken = data.len().min(BLOCK - self.filled);
            self.block[self.filled..self.filled + taken].copy_from_slice(&data[..taken]);
            self.filled += taken;
            data = &data[taken..];
            if self.filled < BLOCK {
                return;
            }
            compress256(&mut self.state, &[self.block]);
        }
        let (blocks, rest) = data.as_chunks::<BLOCK>();
        compress256(&mut self.state, blocks);
        self.block[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    /// Pads and gives the 32 bytes.
    pub(crate) fn finish(mut self) -> [u8; 32] {
        self.block[self.filled] = 0x80;
        self.block[self.filled + 1..].fill(0);
        if self.filled + 1 > BLOCK - 8 {
            compress256(&mut self.state, &[self.block]);
            self.block.fill(0);
        }
        self.block[BLOCK - 8..].copy_from_slice(&(self.length * 8).to_be_bytes());
        compress256(&mut self.state, &[self.block]);
        let mut digest = [0; 32];
        for (place, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(self.state) {
            *place = word.to_be_bytes();
        }
        digest
    }
}

/// An HMAC-SHA-256 key (RFC 2104), kept as the two states after its padded key blocks, so that a
/// message costs two compressions less.
#[derive(Clone, Copy)]
pub(crate) struct HmacKey {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl HmacKey {
    /// Prepares a key of any length.
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        if key.len() > BLOCK {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        Self {
            inner: state_after(block.map(|byte| byte ^ 0x36)),
            outer: state_after(block.map(|byte| byte ^ 0x5c)),
        }
    }

    /// The code of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut hash = self.start();
        hash.update(message);
        self.finish(hash)
    }

    /// A hash to feed the message to, piece by piece.
    pub(crate) fn start(&self) -> Sha256 {
        Sha256::resume(self.inner, BLOCK as u64)
    }

    /// The code of what was fed to a hash from [`HmacKey::start`].
    pub(crate) fn finish(&self, started: Sha256) -> [u8; 32] {
        let mut outer = Sha256::resume(self.outer, BLOCK as u64);
        outer.update(&started.finish());
        outer.finish()
    }
}

fn state_after(block: [u8; BLOCK]) -> [u32; 8] {
    let mut state = INITIAL;
    compress256(&mut state, &[block]);
    state
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;

    #[test]
    fn agrees_with_sha2_at_every_length_and_split() {
        let data: Vec<u8> = (0..300).map(|at| (at * 7 % 251) as u8).collect();
        for length in 0..data.len() {
            let expected: [u8; 32] = sha2::Sha256::digest(&data[..length]).into();
            for split in [0, length / 3, length / 2, length] {
                let mut hash = Sha256::new();
                hash.update(&data[..split]);
                let copy = hash;
                hash.update(&data[split..length]);
                assert_eq!(hash.finish(), expected, "{length} at {split}");
                assert_eq!(copy.finish(), <[u8; 32]>::from(sha2::Sha256::digest(&data[..split])));
            }
        }
    }

    /// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
    #[test]
    fn hmac_matches_the_published_cases() {
        let code = |key: &[u8], message: &[u8]| hex::encode(HmacKey::new(key).sign(message));
        assert_eq!(
            code(&[0x0b; 20], b"Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            code(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            code(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
