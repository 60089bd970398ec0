//! Ledger and store compared, both ways.

use handin::db;
use handin::objects::CreateUpload;
use handin::service::checks::reconcile;
use handin_core::{ObjectKey, RecordingId};

use super::everywhere;
use crate::app::PART;

#[tokio::test(flavor = "multi_thread")]
async fn ledger_and_store_are_compared_both_ways() {
    everywhere(async |place| {
        let (app, store) = (&place.app, place.store);
        app.exam().await;
        let (objects, db) = (&app.node.app.objects, &app.node.app.db);
        let (alive, lost) = (app.open(&app.token("c1").await).await, app.open(&app.token("c2").await).await);
        app.send(&alive, 1, &vec![1; PART]).await;
        app.send(&alive, 3, b"behind a hole").await;
        app.sealed(&app.token("c3").await).await;
        let row = async |id: &str| {
            let id: RecordingId = id.parse().unwrap();
            db::recordings::get(db, &id).await.unwrap().unwrap()
        };
        objects.abort(lost.key(), &row(&lost.id).await.upload_id.unwrap()).await.unwrap();
        let unknown = ObjectKey {
            recording: "01JD8Z0QX3V5T9K2M4N6P8R0SW".parse().unwrap(),
            ..alive.key().parse().unwrap()
        };
        let unknown = unknown.to_string();
        let create = CreateUpload {
            content_type: "video/webm",
            write_token: "t",
            declare_sha256: false,
            storage_class: Default::default(),
        };
        let stranger = objects.create_upload(&unknown, create).await.unwrap();

        let found = reconcile(&app.node.app).await.unwrap();
        assert_eq!(found.lost, [lost.id.parse().unwrap()], "{store:?}");
        assert_eq!(found.strangers, [(unknown.clone(), stranger)], "{store:?}");
        assert_eq!((found.counted, found.resumed.len()), (1, 0), "{store:?}");
        let counted = row(&alive.id).await;
        assert_eq!(
            (counted.confirmed_bytes, counted.confirmed_parts),
            (Some(PART as u64), Some(2)),
            "{store:?}"
        );
        // It reports and ends nothing.
        let mut uploads = vec![alive.key().to_owned(), unknown];
        uploads.sort();
        assert_eq!(app.bucket().uploads().await, uploads, "{store:?}");
        app.seal(&lost, &[b"gone"]).await.problem(409, "upload_lost");
    })
    .await;
}
