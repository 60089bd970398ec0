//! The water level of one shared link: what max-min fair sharing gives to each of those who want to send.
//!
//! Everybody gets the same rate, the **level**, but those who cannot use so much (their **cap** is lower) get their cap,
//! and the level is what is left over for the others. Groups are kept in two ordered sets, at their cap and at the level,
//! and [`Water::settle`] moves those whose side has changed. It refuses to know about time and about bytes.

use std::collections::BTreeSet;

/// One member of the sets: the cap's bits, which for positive numbers are ordered as the numbers are, and the group.
type Member = (u64, usize);

/// One shared link and the groups that send through it.
#[derive(Debug)]
pub struct Water {
    link: f64,
    groups: Vec<Group>,
    capped: BTreeSet<Member>,
    levelled: BTreeSet<Member>,
    /// The sum of what the groups at their cap get, bit/s.
    at_cap: f64,
    /// How many transfers get the level.
    at_level: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    cap: f64,
    /// How many transfers it has, each with this cap; 0 is absent.
    members: f64,
    levelled: bool,
}

impl Water {
    /// A link of `link` bit/s (infinite: no limit) with `groups` groups, all of them absent.
    pub fn new(link: f64, groups: usize) -> Self {
        Water {
            link,
            groups: vec![Group::default(); groups],
            capped: BTreeSet::new(),
            levelled: BTreeSet::new(),
            at_cap: 0.0,
            at_level: 0.0,
        }
    }

    /// The rate of all who are not held back by their cap, bit/s; infinite if nobody is.
    pub fn level(&self) -> f64 {
        match self.at_level > 0.0 {
            true => ((self.link - self.at_cap) / self.at_level).max(0.0),
            false if self.at_cap <= self.link => f64::INFINITY,
            false => 0.0,
        }
    }

    /// What goes through the link, bit/s.
    pub fn rate(&self) -> f64 {
        if self.at_level > 0.0 { self.at_cap + self.at_level * self.level() } else { self.at_cap }
    }

    /// Whether the group's transfers get the level, less than their cap.
    pub fn is_levelled(&self, group: usize) -> bool {
        self.groups[group].levelled
    }

    /// What one transfer of the group gets, bit/s.
    pub fn share(&self, group: usize) -> f64 {
        let Group { cap, levelled, .. } = self.groups[group];
        if levelled { self.level() } else { cap }
    }

    /// What one transfer of the group could use, bit/s.
    pub fn cap(&self, group: usize) -> f64 {
        self.groups[group].cap
    }

    /// Gives the group `members` transfers that can use `cap` bit/s each. [`Water::settle`] must follow.
    pub fn set(&mut self, group: usize, members: usize, cap: f64) {
        self.take_out(group);
        let levelled = cap > self.level();
        self.groups[group] = Group { cap, members: members as f64, levelled };
        if members > 0 {
            self.put_in(group);
        }
    }

    /// Lets the level find its height again; gives `moved` each group that changed sides.
    ///
    /// Both kinds of move only raise the level, so that one pass of each is enough: one that leaves its cap was above the
    /// level and stays above it, and one that goes to its cap was below it.
    pub fn settle(&mut self, moved: &mut Vec<usize>) {
        while let Some(&(_, group)) =
            self.capped.last().filter(|(cap, _)| f64::from_bits(*cap) > self.level())
        {
            self.change_sides(group, moved);
        }
        while let Some(&(_, group)) =
            self.levelled.first().filter(|(cap, _)| f64::from_bits(*cap) <= self.level())
        {
            self.change_sides(group, moved);
        }
    }

    fn change_sides(&mut self, group: usize, moved: &mut Vec<usize>) {
        self.take_out(group);
        self.groups[group].levelled ^= true;
        self.put_in(group);
        moved.push(group);
    }

    fn take_out(&mut self, group: usize) {
        let Group { cap, members, levelled } = self.groups[group];
        let member = (cap.to_bits(), group);
        if levelled && self.levelled.remove(&member) {
            self.at_level -= members;
        } else if !levelled && self.capped.remove(&member) {
            self.at_cap -= members * cap;
        }
        // Rounding must not pile up over hundreds of thousands of moves.
        if self.capped.is_empty() {
            self.at_cap = 0.0;
        }
    }

    fn put_in(&mut self, group: usize) {
        let Group { cap, members, levelled } = self.groups[group];
        let member = (cap.to_bits(), group);
        if levelled {
            self.levelled.insert(member);
            self.at_level += members;
        } else {
            self.capped.insert(member);
            self.at_cap += members * cap;
        }
    }
}
