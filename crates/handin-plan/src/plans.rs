//! What is to happen, the soonest first. A plan carries a mark, by which it is known later whether it still holds: to
//! change a plan is to make another and let the old one be passed over. It refuses to know what is planned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Plans by their time, a number that is not negative; the bits of such numbers are ordered as the numbers are.
#[derive(Debug, Default)]
pub struct Plans(BinaryHeap<Reverse<(u64, usize, u32)>>);

impl Plans {
    /// Plans something for `who` at `at`, with a mark.
    pub fn add(&mut self, at: f64, who: usize, mark: u32) {
        self.0.push(Reverse((at.to_bits(), who, mark)));
    }

    /// The soonest plan that still holds: when, and for whom.
    pub fn soonest(&mut self, holds: impl Fn(usize, u32) -> bool) -> Option<(f64, usize)> {
        while let Some(&Reverse((at, who, mark))) = self.0.peek() {
            if holds(who, mark) {
                return Some((f64::from_bits(at), who));
            }
            self.0.pop();
        }
        None
    }

    /// Takes the soonest plan away.
    pub fn done(&mut self) {
        self.0.pop();
    }
}
