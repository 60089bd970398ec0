//! Which nodes are alive: each says so now and then, and hears how many there are.

use jiff::Timestamp;
use sqlx::AnyConnection;

use super::rows::{Row, millis};
use super::statement::{execute, fetch, query};
use super::{Change, Error};

/// A node says that it is alive; gives how many were heard of since `live_since`, itself among them.
#[derive(Debug)]
pub struct Beat {
    /// The node's id, of this run of its process.
    pub node: String,
    /// Now.
    pub now: Timestamp,
    /// Who was not heard of since then is not counted.
    pub live_since: Timestamp,
    /// Who was not heard of since then is forgotten.
    pub known_since: Timestamp,
}

pub(super) const BEAT: &str = "\
    insert into node (id, seen_at) values ($1, $2)
    on conflict (id) do update set seen_at = excluded.seen_at";
pub(super) const FORGET: &str = "delete from node where seen_at < $1";
pub(super) const COUNT_LIVE: &str = "select count(*) as live from node where seen_at >= $1";

impl Change for Beat {
    type Out = u32;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u32, Error> {
        execute(tx, query(BEAT).bind(self.node.clone()).bind(millis(self.now))).await?;
        execute(tx, query(FORGET).bind(millis(self.known_since))).await?;
        let rows = fetch(tx, query(COUNT_LIVE).bind(millis(self.live_since))).await?;
        rows.first().map_or(Ok(1), |row| Row::new("node", row).number("live"))
    }
}

/// A node says that it ends.
#[derive(Debug)]
pub struct Farewell {
    /// The node's id.
    pub node: String,
}

pub(super) const FAREWELL: &str = "delete from node where id = $1";

impl Change for Farewell {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        execute(tx, query(FAREWELL).bind(self.node.clone())).await.map(drop)
    }
}
