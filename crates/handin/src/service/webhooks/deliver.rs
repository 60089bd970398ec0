//! The `deliver` job: tells one webhook what waits for it.
//!
//! A receiver hears of an event at least once: what it said is written down after it said it, and a process that dies in
//! between says it again, under the same id.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use handin_core::WebhookId;

use super::super::{Error, chance};
use super::{Webhook, message};
use crate::app::App;
use crate::db;
use crate::db::deliveries::{Delivery, Outcomes, Tried};

/// The pauses after the first try, the second, …: three days and three hours in all (Standard Webhooks, "Deliverability and
/// reliability"). After the last, an event is dead.
const PAUSES_S: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Pauses are longer by up to this share, so that what failed together does not come together.
const JITTER: f64 = 0.1;
/// How many events are told before it is written down that they were.
const AT_ONCE: u32 = 32;
/// How often that is done before other jobs have their turn.
const ROUNDS: usize = 50;

/// Tells a webhook what waits for it. When a whole round fails, the rest waits for a while, as the receiver is likely down.
///
/// # Errors
/// When it has to be tried again.
pub async fn deliver(app: &App, id: &WebhookId) -> Result<(), Error> {
    let Some(webhook) = db::webhooks::get(&app.db, id).await? else { return Ok(()) };
    for _ in 0..ROUNDS {
        let due = db::deliveries::due(&app.db, id, app.clock.now(), AT_ONCE).await?;
        if due.is_empty() {
            return Ok(());
        }
        let tries = due.into_iter().map(|delivery| attempt(app, &webhook, delivery));
        let tried: Vec<(String, u32, Tried)> =
            stream::iter(tries).buffer_unordered(app.config.webhooks.parallel).collect().await;
        let is_down = tried.iter().all(|(_, _, tried)| !matches!(tried, Tried::Delivered));
        let why = tried.iter().find_map(|(_, _, tried)| match tried {
            Tried::Later(_, why) | Tried::Dead(_, why) => Some(why.clone()),
            Tried::Delivered => None,
        });
        app.db.change(Outcomes { webhook: id.clone(), tried }).await?;
        if is_down {
            return Err(Error::Unavailable {
                what: "the receiver of a webhook",
                retry_after: Duration::from_secs(1),
                source: why.unwrap_or_default().into(),
            });
        }
    }
    // What is left is queued by the next look.
    Ok(())
}

async fn attempt(app: &App, webhook: &Webhook, delivery: Delivery) -> (String, u32, Tried) {
    let Delivery { event, attempts } = delivery;
    let what = (event.id.as_str(), event.kind.as_str(), event.at);
    let brought = match message(app, webhook, what, &event.payload) {
        Ok(message) => app.courier.bring(&webhook.url, &message).await,
        Err(error) => {
            Err(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
        }
    };
    let tried = match brought {
        Ok(()) => Tried::Delivered,
        Err(why) => failed(app, attempts, why),
    };
    let outcome = match &tried {
        Tried::Delivered => "delivered",
        Tried::Later(..) => "failed",
        Tried::Dead(..) => "dead",
    };
    metrics::counter!("handin_webhook_deliveries_total", "outcome" => outcome).increment(1);
    if let Tried::Dead(_, why) = &tried {
        tracing::warn!(webhook = %webhook.id, event = event.id, why, "an event is dead; replay it when its receiver is well");
    }
    (event.id, attempts, tried)
}

fn failed(app: &App, attempts: u32, why: String) -> Tried {
    let now = app.clock.now();
    match PAUSES_S.get(attempts as usize) {
        Some(pause) => {
            let pause = Duration::from_secs(*pause).mul_f64(1.0 + JITTER * chance(app));
            Tried::Later(now + pause, why)
        }
        None => Tried::Dead(now, why),
    }
}
