//! The ledger's side: every finished recording whose object was not seen in the listing, asked of the store.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handin_core::RecordingId;

use super::{Comparison, number};
use crate::app::App;
use crate::db;
use crate::db::inventory::Item;
use crate::service::{Error, store_of};

/// How many recordings are looked at in one page.
const PAGE: u32 = 1_000;
/// Looks at the store at once.
const LOOKS: usize = 16;

/// Asks the store about every finished recording whose object was not seen.
pub(super) async fn walk(comparison: &mut Comparison<'_>) -> Result<(), Error> {
    comparison.seen.sort_unstable();
    let mut last: Option<RecordingId> = None;
    loop {
        let page = db::inventory::finished(&comparison.app.db, last.as_ref(), PAGE).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last = Some(end.id.clone());
        comparison.looked += page.len() as u64;
        let unseen =
            page.into_iter().filter(|item| comparison.seen.binary_search(&number(&item.id)).is_err());
        let unseen: Vec<Item> = unseen.collect();
        look_at(comparison, unseen).await?;
        comparison.moved();
    }
}

async fn look_at(comparison: &mut Comparison<'_>, items: Vec<Item>) -> Result<(), Error> {
    let app = comparison.app;
    let looks: Vec<_> = items.into_iter().map(|item| look(app, item)).collect();
    let looked: Vec<_> = stream::iter(looks).buffered(LOOKS).try_collect().await?;
    for (item, size) in looked.into_iter().flatten() {
        match size {
            Some(size) if item.size == Some(size) => comparison.report.sound.add(size),
            size => comparison.broken(&item, size).await?,
        }
    }
    Ok(())
}

/// A recording with the bytes that its object has now; `None` for one that was deleted, or has another object, by now.
async fn look(app: &App, item: Item) -> Result<Option<(Item, Option<u64>)>, Error> {
    let head = store_of(app, &item.place)?.head(&item.key).await?;
    if head.is_none() {
        let now = db::inventory::items(&app.db, std::slice::from_ref(&item.id)).await?;
        let stays = now.get(&item.id).is_some_and(|now| now.state.has_object() && now.key == item.key);
        return Ok(stays.then_some((item, None)));
    }
    Ok(Some((item, head.map(|head| head.size))))
}
