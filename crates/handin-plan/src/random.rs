//! Reproducible samples: the same seed gives the same figures.
//!
//! [`Random`] is the SplitMix64 generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
//! OOPSLA 2014). [`Random::strata`] draws stratified samples: one value from the middle of each of `n` equally likely strata, in
//! random order, so that a quantile does not wobble with the seed, as it does when the values are drawn one by one.
//! This module refuses to know what the numbers are for, and nothing here is fit for secrets.

/// A small generator of pseudo-random numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream number `stream` of a seed; streams are independent of each other.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = Random(seed);
        let base = mixed.bits();
        Random(base ^ Random(stream).bits())
    }

    /// 64 random bits.
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from 0 up to but without `end`, which is not 0.
    fn below(&mut self, end: u64) -> u64 {
        // The high half of the product is uniform but for a bias of end / 2^64, which no quantile here can show.
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// An exponentially distributed number with the given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        // 53 bits, and half of the last one more, so that the logarithm's argument is never 0.
        let uniform = ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        -mean * uniform.ln()
    }

    /// `n` probabilities, the middles of `n` equal strata of 0 to 1, in random order.
    #[must_use]
    pub fn strata(&mut self, n: usize) -> Vec<f64> {
        let mut middles: Vec<f64> = (0..n).map(|index| (index as f64 + 0.5) / n as f64).collect();
        for last in (1..n).rev() {
            middles.swap(last, self.below(last as u64 + 1) as usize);
        }
        middles
    }
}

/// The value that a standard normal variable stays below with probability `p`, for 0 < `p` < 1.
///
/// Algorithm AS 241, PPND16 (Wichura: "The percentage points of the normal distribution", Applied Statistics 37, 1988),
/// good to about 16 digits.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let r = (-(if q < 0.0 { p } else { 1.0 - p }).ln()).sqrt();
    let far = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &TAIL) };
    far.copysign(q)
}

/// Numerator and denominator of a rational approximation, the constant terms first.
type Rational = ([f64; 8], [f64; 8]);

fn ratio(r: f64, (numerator, denominator): &Rational) -> f64 {
    let value = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * r + term);
    value(numerator) / value(denominator)
}

const CENTRE: Rational = (
    [
        3.387_132_872_796_366_6,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);

const MIDDLE: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);

const TAIL: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs for seed 1234567, as printed with the reference implementation.
        let mut random = Random(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Wichura's own check values for PPND16.
        for (p, z) in [
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-13, "{p}");
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        assert!((normal_quantile(0.75) + normal_quantile(0.25)).abs() < 1e-15);
    }

    #[test]
    fn strata_are_the_same_for_a_seed_and_cover_everything() {
        let drawn = Random::new(7, 1).strata(1_000);
        assert_eq!(drawn, Random::new(7, 1).strata(1_000));
        assert_ne!(drawn, Random::new(7, 2).strata(1_000));
        assert_ne!(drawn, Random::new(8, 1).strata(1_000));
        let mut sorted = drawn;
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.iter().enumerate().all(|(index, p)| (p * 1_000.0 - index as f64 - 0.5).abs() < 1e-9));
    }
}
