//! Deliveries: written once for each event, due in the order of their recording, gone when the receiver said yes.

use handin_core::WebhookId;

use super::super::deliveries::{
    self, Backlog, Fan, ForgetOrphans, NewDelivery, Outcomes, Replay, Tried, backlog, dead, due,
};
use super::super::outbox::{self, Forget};
use super::super::told::{self, Tell};
use super::super::webhooks::{self, AddWebhook, RemoveWebhook, Rotate, Seed, Webhook};
use super::*;

pub(super) fn webhook(n: u32) -> Webhook {
    Webhook {
        id: format!("01JE{n:022}").parse().unwrap(),
        url: "https://platform.example/".to_owned(),
        kinds: vec!["recording.sealed".to_owned()],
        created_at: at(0),
        created_by: "key-1".to_owned(),
        secret: Seed { key: "a".to_owned(), salt: format!("salt-{n}") },
        former: None,
    }
}

pub(super) async fn add(db: &Db, n: u32) -> WebhookId {
    let webhook = webhook(n);
    db.change(AddWebhook { webhook: webhook.clone(), caused: Caused::default() }).await.unwrap();
    webhook.id
}

/// Takes every new event for one webhook; gives how many deliveries that made.
pub(super) async fn fan(db: &Db, webhook: &WebhookId) -> u64 {
    let events = outbox::new(db, 1_000).await.unwrap().into_iter().map(|event| event.id).collect();
    let webhook = webhook.clone();
    let tell = move |event: &NewEvent| {
        vec![NewDelivery {
            webhook: webhook.clone(),
            event: event.id.clone(),
            recording: event.recording.clone(),
            place: event.id.clone(),
            at: event.at,
            next_at: event.at,
        }]
    };
    db.change(Fan { events, tell }).await.unwrap()
}

/// Three events, of which the first two are of one recording.
async fn three_events(db: &Db) {
    let events = vec![event(1), NewEvent { recording: Some(id(1)), ..event(2) }, event(3)];
    db.change(Caused { events, ..Caused::default() }).await.unwrap();
}

async fn due_at(db: &Db, webhook: &WebhookId, second: i64) -> Vec<String> {
    due(db, webhook, at(second), 9).await.unwrap().into_iter().map(|delivery| delivery.event.id).collect()
}

async fn tried(db: &Db, webhook: &WebhookId, n: u32, attempts: u32, how: Tried) {
    let tried = vec![(event(n).id, attempts, how)];
    db.change(Outcomes { webhook: webhook.clone(), tried }).await.unwrap();
}

#[tokio::test]
async fn an_event_waits_for_those_before_it_of_its_recording() {
    on_each(|TestDb { db, .. }| async move {
        three_events(&db).await;
        assert_eq!(outbox::new(&db, 9).await.unwrap(), [], "nobody wants to know");
        let webhook = add(&db, 1).await;
        assert_eq!(fan(&db, &webhook).await, 3);
        assert_eq!(fan(&db, &webhook).await, 0, "they are taken once");
        assert_eq!(due_at(&db, &webhook, 100).await, ["event-0001", "event-0003"]);
        assert_eq!(deliveries::waiting(&db, at(100)).await.unwrap(), std::slice::from_ref(&webhook));
        tried(&db, &webhook, 1, 0, Tried::Later(at(200), "no".to_owned())).await;
        tried(&db, &webhook, 1, 0, Tried::Dead(at(200), "overtaken".to_owned())).await;
        tried(&db, &webhook, 3, 0, Tried::Delivered).await;
        assert_eq!(due_at(&db, &webhook, 150).await, [""; 0], "the second waits with the first");
        assert_eq!(deliveries::waiting(&db, at(150)).await.unwrap(), []);
        assert_eq!(due_at(&db, &webhook, 250).await, ["event-0001"]);
        tried(&db, &webhook, 1, 1, Tried::Dead(at(300), "no".to_owned())).await;
        assert_eq!(due_at(&db, &webhook, 350).await, ["event-0002"]);
        let gone = dead(&db, &webhook, None, 9).await.unwrap();
        assert_eq!((gone.len(), gone[0].attempts, gone[0].error.as_str()), (1, 2, "no"));
        let left = Backlog { oldest: Some(at(2)), waiting: 1, dead: 1 };
        assert_eq!(backlog(&db).await.unwrap(), left);
        let replay = |event: &str| Replay {
            webhook: webhook.clone(),
            event: Some(event.to_owned()),
            at: at(50),
            caused: Caused::default(),
        };
        assert_eq!(db.change(replay("event-0002")).await.unwrap(), 0, "it is not dead");
        assert_eq!(db.change(replay("event-0001")).await.unwrap(), 1);
        assert_eq!(due_at(&db, &webhook, 100).await, ["event-0001"]);
    })
    .await;
}

#[tokio::test]
async fn what_everybody_was_told_is_forgotten_and_nothing_else() {
    on_each(|TestDb { db, .. }| async move {
        three_events(&db).await;
        let forget = || Forget { before: at(1_000), limit: 9 };
        let early = NewEvent { at: at(-5), ..event(4) };
        db.change(Caused { events: vec![early], ..Caused::default() }).await.unwrap();
        let webhook = add(&db, 1).await;
        assert_eq!(db.change(forget()).await.unwrap(), 1, "of that one nobody ever wants to know");
        assert_eq!(fan(&db, &webhook).await, 3);
        tried(&db, &webhook, 1, 0, Tried::Delivered).await;
        assert_eq!(db.change(Forget { before: at(1), limit: 9 }).await.unwrap(), 0, "not that old");
        assert_eq!(db.change(forget()).await.unwrap(), 1);
        assert!(outbox::get(&db, "event-0001").await.unwrap().is_none());
        assert!(outbox::get(&db, "event-0002").await.unwrap().is_some());
        assert!(db.change(RemoveWebhook { id: webhook, caused: Caused::default() }).await.unwrap());
        assert_eq!(db.change(ForgetOrphans).await.unwrap(), 0, "they went with it");
        assert_eq!(db.change(forget()).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn two_who_rotate_at_once_make_one_new_secret() {
    on_each(|TestDb { db, .. }| async move {
        let id = add(&db, 1).await;
        let rotate = |n: u32| Rotate {
            webhook: webhook(1),
            secret: webhook(n).secret,
            until: at(60),
            caused: Caused::default(),
        };
        assert!(db.change(rotate(2)).await.unwrap());
        assert!(!db.change(rotate(3)).await.unwrap());
        let now = webhooks::get(&db, &id).await.unwrap().unwrap();
        assert_eq!((now.secret, now.former), (webhook(2).secret, Some((webhook(1).secret, at(60)))));
    })
    .await;
}

#[tokio::test]
async fn a_sitting_is_told_of_once() {
    on_each(|TestDb { db, .. }| async move {
        let row = opened(&db, 1).await;
        let tell =
            |n: u32| Tell { candidate: row.candidate.clone(), subject: row.subject.clone(), event: event(n) };
        let silent = async |since: i64| {
            let between = (at(-100), at(since));
            told::silent(&db, between, "recording.sealed", 9).await.unwrap().len()
        };
        assert_eq!((silent(0).await, silent(1).await), (0, 1));
        assert!(db.change(tell(1)).await.unwrap());
        assert!(!db.change(tell(2)).await.unwrap());
        assert_eq!(outbox::list(&db, None, 9).await.unwrap(), [event(1)]);
        assert_eq!(silent(1).await, 0);
    })
    .await;
}
