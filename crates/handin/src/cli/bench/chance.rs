//! Chance that repeats: the same seed gives the same candidates on every machine.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). One stream for each
/// candidate, so that nobody's chances depend on how many others there are.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The stream of one candidate.
    pub fn of(seed: u64, candidate: u32) -> Chance {
        let mut mixed = Chance(seed ^ (u64::from(candidate) << 32 | u64::from(candidate)));
        // Neighbours begin with neighbouring states; one step apart they have nothing in common.
        Chance(mixed.next())
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly between 0 and 1, never 0 itself.
    pub fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Normally distributed around 0 with deviation 1 (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let (radius, angle) = ((-2.0 * self.unit().ln()).sqrt(), std::f64::consts::TAU * self.unit());
        radius * angle.cos()
    }

    /// The wait for something that happens once in `mean` on average.
    pub fn wait(&mut self, mean: f64) -> f64 {
        -self.unit().ln() * mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_paper_s_generator() {
        let mut chance = Chance(1_234_567);
        assert_eq!([chance.next(), chance.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn distributions_have_their_means() {
        let mean = |draw: fn(&mut Chance) -> f64| {
            (0..20_000).map(|candidate| draw(&mut Chance::of(7, candidate))).sum::<f64>() / 20_000.0
        };
        let near = |found: f64, wanted: f64| (found - wanted).abs() < 0.03;
        assert!(near(mean(Chance::unit), 0.5) && near(mean(Chance::normal), 0.0));
        assert!(
            near(mean(|chance| chance.wait(1.0)), 1.0) && near(mean(|chance| chance.normal().powi(2)), 1.0)
        );
    }
}
