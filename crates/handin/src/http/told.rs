//! The `webhooks` section of the OpenAPI document: what each event says, from the types that are sent.

use serde_json::json;
use utoipa::openapi::{OpenApi, PathItem, Paths};
use utoipa::{PartialSchema, ToSchema};

use crate::service::events::{self, KINDS};
use crate::service::receipts::Receipt;

/// Adds the section, and the payloads to the schemas.
pub fn describe(document: &mut OpenApi) {
    let mut schemas = Vec::new();
    let mut told = Paths::new();
    for kind in KINDS {
        // What another part of the server will say is described there.
        let Some(payload) = payload(kind.name, &mut schemas) else { continue };
        told.paths.extend(operation(kind.name, kind.when, &payload));
    }
    let test = add::<events::WebhookTest>(&mut schemas);
    told.paths.extend(operation(events::TEST, "Somebody tries a webhook out.", &test));
    document.webhooks = Some(told);
    document.components.get_or_insert_default().schemas.extend(schemas);
}

type Schemas = Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>;

fn payload(kind: &str, schemas: &mut Schemas) -> Option<String> {
    Some(match kind {
        "recording.opened" => add::<events::RecordingOpened>(schemas),
        "recording.sealed" | "recording.partial" | "recording.mended" => add::<Receipt>(schemas),
        "recording.abandoned" => add::<events::RecordingAbandoned>(schemas),
        "recording.deleted" => add::<events::RecordingDeleted>(schemas),
        events::SITTING_COMPLETE => add::<events::SittingComplete>(schemas),
        events::SITTING_AT_RISK => add::<events::SittingAtRisk>(schemas),
        "retention.certified" => add::<events::RetentionCertified>(schemas),
        "hold.expired" => add::<events::HoldExpired>(schemas),
        events::RECORDING_TIERED => add::<events::RecordingTiered>(schemas),
        events::DRAIN_DONE => add::<events::DrainDone>(schemas),
        _ => return None,
    })
}

/// Adds a payload with what it consists of; gives its name.
fn add<T: ToSchema + PartialSchema>(schemas: &mut Schemas) -> String {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    T::name().into_owned()
}

/// What is sent for a kind; a test sees that none is left out.
fn operation(kind: &str, when: &str, payload: &str) -> Option<(String, PathItem)> {
    let text = |text: &str| json!({ "type": "string", "description": text });
    let header = |name: &str, what: &str| json!({ "name": name, "in": "header", "required": true, "schema": { "type": "string" }, "description": what });
    let item = json!({ "post": {
        "operationId": format!("told_{}", kind.replace('.', "_")),
        "summary": when,
        "parameters": [
            header("webhook-id", "The event; the same for each try of it"),
            header("webhook-timestamp", "When this try was made, in seconds since 1970"),
            header("webhook-signature", "One or more signatures, with blanks between (Standard Webhooks)"),
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": { "type": "string", "enum": [kind], "description": "What happened" },
                "timestamp": text("When it happened, RFC 3339 UTC"),
                "data": { "$ref": format!("#/components/schemas/{payload}") },
            },
        } } } },
        "responses": { "2XX": { "description": "It was received; anything else, and it is told again later" } },
    } });
    Some((kind.to_owned(), serde_json::from_value(item).ok()?))
}
