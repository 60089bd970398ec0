//! Where recordings are kept from their upload to their deletion. It refuses to know prices.

use serde::Serialize;

use crate::prices::Class;

/// How recordings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Route {
    /// In the cloud, in the class they were written to.
    Keep {
        /// That class.
        class: Class,
    },
    /// In the cloud, moved by a rule of the bucket from Standard to the instant archive.
    Tier {
        /// When, days after the upload.
        after_days: u32,
    },
    /// In the cloud in Standard at first, then on own disks.
    Drain {
        /// When they leave, days after the upload.
        after_days: u32,
        /// How they leave.
        by: Carrier,
    },
}

/// What carries recordings out of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// The internet.
    Internet,
    /// A leased line to the cloud; its own rent is not counted.
    DirectConnect,
}

/// When the bucket's rule moves recordings, days: a month leaves time to review.
const TIER_AFTER_DAYS: u32 = 30;

/// When recordings are drained, days: after the review, and with a week to notice that a drain does not work.
const DRAIN_AFTER_DAYS: u32 = 14;

impl Route {
    /// All routes, in the order in which they are shown; the first is what the others are compared with.
    pub const ALL: [Route; 8] = [
        Route::Keep { class: Class::Standard },
        Route::Tier { after_days: TIER_AFTER_DAYS },
        Route::Drain { after_days: DRAIN_AFTER_DAYS, by: Carrier::Internet },
        Route::Drain { after_days: DRAIN_AFTER_DAYS, by: Carrier::DirectConnect },
        Route::Keep { class: Class::Infrequent },
        Route::Keep { class: Class::Instant },
        Route::Keep { class: Class::Flexible },
        Route::Keep { class: Class::Deep },
    ];

    /// The class that recordings are written to.
    #[must_use]
    pub fn written_to(self) -> Class {
        match self {
            Route::Keep { class } => class,
            Route::Tier { .. } | Route::Drain { .. } => Class::Standard,
        }
    }
}
