//! What goes through a link over time, in bins of one second. It refuses to know who sends.

/// Bits carried in each second after the bell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    bits: Vec<f64>,
}

impl Load {
    /// Adds a steady `rate`, bit/s, from `from_s` to `to_s`.
    pub fn add(&mut self, from_s: f64, to_s: f64, rate: f64) {
        let mut at = from_s;
        while at < to_s {
            let second = at.floor();
            let until = (second + 1.0).min(to_s);
            let bin = second as usize;
            if self.bits.len() <= bin {
                self.bits.resize(bin + 1, 0.0);
            }
            self.bits[bin] += rate * (until - at);
            at = until;
        }
    }

    /// The mean rate of each of the seconds, bit/s.
    #[must_use]
    pub fn rates(&self) -> &[f64] {
        &self.bits
    }
}
