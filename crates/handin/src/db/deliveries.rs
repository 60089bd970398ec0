//! Deliveries: which webhook is still to be told which event. A row goes when the receiver has said yes.

use handin_core::{RecordingId, WebhookId};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::jobs;
use super::outbox::{self, NewEvent};
use super::rows::{Row, millis};
use super::statement::{Query, bulk, execute, query};
use super::{Change, Db, Error};

/// The kind of the job that tells a webhook what is due; one of each webhook waits at a time, by `kind:webhook`.
pub const DELIVER: &str = "deliver";

/// An event that one webhook is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Whom.
    pub webhook: WebhookId,
    /// The event.
    pub event: String,
    /// The recording that it is about; of one recording, the next is told when the one before was, or is dead.
    pub recording: Option<RecordingId>,
    /// Its place among those of its recording; compared as text.
    pub place: String,
    /// When the event happened.
    pub at: Timestamp,
    /// When to tell it.
    pub next_at: Timestamp,
}

/// Writes who is to be told of events, and marks those as taken. `tell` is asked for those only that nobody else took.
pub struct Fan<F> {
    /// The events.
    pub events: Vec<String>,
    /// Who is to be told of an event.
    pub tell: F,
}

bulk!(
    ADD,
    "insert into delivery (webhook, event, recording, place, at, next_at) values ",
    6,
    " on conflict (webhook, event) do nothing"
);

impl<F: Fn(&NewEvent) -> Vec<NewDelivery> + Send + Sync + 'static> Change for Fan<F> {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        let taken = outbox::take(tx, &self.events).await?;
        let rows: Vec<NewDelivery> = taken.iter().flat_map(&self.tell).collect();
        let bind = |query: Query, row: &NewDelivery| {
            query
                .bind(row.webhook.to_string())
                .bind(row.event.as_str())
                .bind(row.recording.as_ref().map(RecordingId::to_string))
                .bind(row.place.as_str())
                .bind(millis(row.at))
                .bind(millis(row.next_at))
        };
        ADD.run(tx, &rows, bind).await
    }
}

/// A delivery whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What to tell.
    pub event: NewEvent,
    /// How often it was tried.
    pub attempts: u32,
}

/// Whether the delivery that a statement is at, called `one`, waits for no other of its recording.
macro_rules! is_first {
    () => {
        "one.state = 'waiting' and not exists (select 1 from delivery before where before.webhook = one.webhook \
         and before.recording = one.recording and before.state = 'waiting' and before.place < one.place)"
    };
}

pub(super) const DUE: &str = concat!(
    "select outbox.id, outbox.kind, outbox.exam, outbox.recording, outbox.payload, outbox.at, one.attempts \
     from delivery one join outbox on outbox.id = one.event \
     where one.webhook = $1 and one.next_at <= $2 and ",
    is_first!(),
    " order by one.next_at, one.place limit $3"
);

/// What a webhook is to be told by now, at most one event of each recording.
pub async fn due(db: &Db, webhook: &WebhookId, now: Timestamp, limit: u32) -> Result<Vec<Delivery>, Error> {
    let due = query(DUE).bind(webhook.to_string()).bind(millis(now)).bind(i64::from(limit));
    let delivery = |row: &AnyRow| {
        Ok(Delivery { event: outbox::event(row)?, attempts: Row::new("delivery", row).number("attempts")? })
    };
    db.all(due).await?.iter().map(delivery).collect()
}

pub(super) const WAITING: &str =
    concat!("select distinct one.webhook from delivery one where one.next_at <= $1 and ", is_first!());

/// The webhooks that something waits for whose time has come.
pub async fn waiting(db: &Db, now: Timestamp) -> Result<Vec<WebhookId>, Error> {
    let rows = db.all(query(WAITING).bind(millis(now))).await?;
    rows.iter().map(|row| Row::new("delivery", row).name("webhook")).collect()
}

/// How one try ended.
#[derive(Debug, Clone)]
pub enum Tried {
    /// The receiver said yes.
    Delivered,
    /// It is tried again.
    Later(Timestamp, String),
    /// It is not tried again unless somebody replays it.
    Dead(Timestamp, String),
}

/// Writes down how tries of one webhook ended.
#[derive(Debug, Clone)]
pub struct Outcomes {
    /// Whose.
    pub webhook: WebhookId,
    /// The event, how often it had been tried before, and how it ended this time.
    pub tried: Vec<(String, u32, Tried)>,
}

pub(super) const DELIVERED: &str = "delete from delivery where webhook = $1 and event = $2";

pub(super) const FAILED: &str = "\
    update delivery set attempts = attempts + 1, state = $1, next_at = $2, error = $3
    where webhook = $4 and event = $5 and state = 'waiting' and attempts = $6";

// What waits for the one that failed need not be looked at before it.
pub(super) const POSTPONE: &str = "\
    update delivery set next_at = $1
    where webhook = $2 and state = 'waiting' and next_at < $1
      and recording = (select recording from delivery where webhook = $2 and event = $3)";

impl Change for Outcomes {
    type Out = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        for (event, attempts, tried) in &self.tried {
            let (state, at, error) = match tried {
                Tried::Delivered => {
                    let gone = query(DELIVERED).bind(self.webhook.to_string()).bind(event.clone());
                    execute(tx, gone).await?;
                    continue;
                }
                Tried::Later(at, error) => ("waiting", at, error),
                Tried::Dead(at, error) => ("dead", at, error),
            };
            let failed = query(FAILED)
                .bind(state)
                .bind(millis(*at))
                .bind(error.clone())
                .bind(self.webhook.to_string())
                .bind(event.clone())
                .bind(i64::from(*attempts));
            let was_noted = execute(tx, failed).await? == 1;
            if was_noted && state == "waiting" {
                let postpone =
                    query(POSTPONE).bind(millis(*at)).bind(self.webhook.to_string()).bind(event.clone());
                execute(tx, postpone).await?;
            }
        }
        Ok(())
    }
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// What was not told.
    pub event: NewEvent,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub dead_at: Timestamp,
    /// Why the last try failed.
    pub error: String,
}

pub(super) const DEAD: &str = "\
    select outbox.id, outbox.kind, outbox.exam, outbox.recording, outbox.payload, outbox.at,
        delivery.attempts, delivery.next_at, delivery.error
    from delivery join outbox on outbox.id = delivery.event
    where delivery.webhook = $1 and delivery.state = 'dead' and delivery.event > $2
    order by delivery.event limit $3";

/// What a webhook was not told, by event, oldest first.
pub async fn dead(db: &Db, webhook: &WebhookId, after: Option<&str>, limit: u32) -> Result<Vec<Dead>, Error> {
    let after = after.unwrap_or_default().to_owned();
    let list = query(DEAD).bind(webhook.to_string()).bind(after).bind(i64::from(limit));
    let dead = |row: &AnyRow| {
        let event = outbox::event(row)?;
        let row = Row::new("delivery", row);
        Ok(Dead {
            event,
            attempts: row.number("attempts")?,
            dead_at: row.time("next_at")?,
            error: row.opt_text("error")?.unwrap_or_default(),
        })
    };
    db.all(list).await?.iter().map(dead).collect()
}

/// Has what is dead told again, from the first try on. Gives how many events those are.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Whose.
    pub webhook: WebhookId,
    /// This event only.
    pub event: Option<String>,
    /// From when on.
    pub at: Timestamp,
    /// Written with it.
    pub caused: super::Caused,
}

pub(super) const REPLAY: &str = "\
    update delivery set state = 'waiting', attempts = 0, next_at = $1
    where webhook = $2 and state = 'dead' and cast($3 as text) in ('', event)";

impl Change for Replay {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        let replay = query(REPLAY)
            .bind(millis(self.at))
            .bind(self.webhook.to_string())
            .bind(self.event.clone().unwrap_or_default());
        let replayed = execute(tx, replay).await?;
        jobs::hurry(tx, format!("{DELIVER}:{}", self.webhook), self.at).await?;
        self.caused.write(tx).await?;
        Ok(replayed)
    }
}

pub(super) const FORGET_ORPHANS: &str = "delete from delivery where webhook not in (select id from webhook)";

/// Forgets what was to be told to webhooks that were removed while it was written.
#[derive(Debug, Clone)]
pub struct ForgetOrphans;

impl Change for ForgetOrphans {
    type Out = u64;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<u64, Error> {
        execute(tx, query(FORGET_ORPHANS)).await
    }
}

/// What is not told yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// When the oldest event happened that waits.
    pub oldest: Option<Timestamp>,
    /// How many wait.
    pub waiting: u64,
    /// How many are dead.
    pub dead: u64,
}

pub(super) const BACKLOG: &str = "\
    select min(case when state = 'waiting' then at end) as oldest,
        cast(coalesce(sum(case when state = 'waiting' then 1 else 0 end), 0) as bigint) as waiting,
        cast(coalesce(sum(case when state = 'dead' then 1 else 0 end), 0) as bigint) as dead
    from delivery";

/// What is not told yet, of all webhooks.
pub async fn backlog(db: &Db) -> Result<Backlog, Error> {
    let Some(row) = db.one(query(BACKLOG)).await? else { return Ok(Backlog::default()) };
    let row = Row::new("delivery", &row);
    Ok(Backlog {
        oldest: row.opt_time("oldest")?,
        waiting: row.number("waiting")?,
        dead: row.number("dead")?,
    })
}
