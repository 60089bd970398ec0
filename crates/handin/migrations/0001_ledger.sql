-- The ledger: one text for SQLite and PostgreSQL.
--
-- Types: `text` for people and JSON, `bigint` for everything counted (times are unix milliseconds UTC, sizes bytes),
-- and `text_id` for what is compared and indexed. The migration runner writes `text_id` as `text` on SQLite and as
-- `text collate "C"` on PostgreSQL, so that both order ids by their bytes and PostgreSQL compares them without a
-- locale. No booleans, no vendor types.
--
-- Foreign keys stand where they are cheap and a mistake could creep in. `recording` has none: it is the hot table,
-- no exam or subject is ever deleted, and a check per row would cost PostgreSQL as much as the insert.

create table exam (
    id             text_id not null primary key,
    title          text    not null,
    tracks         text    not null, -- JSON array of slugs
    max_bytes      bigint,
    retention_days bigint,
    created_at     bigint  not null
);

create table subject (
    exam     text_id not null references exam (id),
    id       text_id not null,
    position bigint  not null, -- in the order the platform gave
    title    text,
    ends_at  bigint,
    primary key (exam, id)
);

create table candidate (
    exam      text_id not null references exam (id),
    candidate text_id not null,
    name      text,
    subjects  text, -- JSON array of slugs; null means all
    primary key (exam, candidate)
);

create table recording (
    id              text_id not null primary key, -- ULID, so new rows go to the end
    exam            text_id not null,
    candidate       text_id not null,
    subject         text_id not null,
    track           text_id not null,
    take            bigint  not null check (take > 0),
    state           text_id not null default 'open'
        check (state in ('open', 'sealing', 'sealed', 'partial', 'abandoned', 'deleted')),
    upload          text    not null check (upload in ('stream', 'file', 'put')),
    opened_at       bigint  not null,
    salvage_at      bigint  not null,
    started_at      bigint,
    ends_at         bigint,
    -- How it is sent, fixed at open.
    object_key      text    not null,
    upload_id       text,
    write_token     text    not null,
    content_type    text    not null,
    part_size       bigint  not null,
    max_parts       bigint  not null,
    max_bytes       bigint  not null,
    size            bigint,
    sha256          text,
    declared_sha256 bigint  not null check (declared_sha256 in (0, 1)),
    idempotency_key text_id,
    -- Progress, flushed in batches; losing it loses nothing.
    seen_at         bigint,
    recorded_ms     bigint  not null default 0,
    pending_bytes   bigint  not null default 0,
    confirmed_bytes bigint,
    confirmed_parts bigint,
    -- The seal.
    lease_owner     text,
    lease_until     bigint,
    sealed_at       bigint,
    sealed_size     bigint,
    sealed_parts    bigint,
    sha256_parts    text,
    duration_ms     bigint,
    reason          text,
    ended_at        bigint, -- when it was abandoned or deleted
    missing         text, -- JSON
    claim           text, -- JSON, long: last, so that SQLite reads it only when it is asked for
    check ((state = 'sealing') = (lease_owner is not null and lease_until is not null)),
    check (state not in ('sealed', 'partial') or (sealed_at is not null and sealed_size is not null)),
    check (state <> 'abandoned' or reason is not null)
);

-- Gives takes their numbers, finds a sitting, lists an exam. It also keeps repeated opens apart: two of one sitting
-- and track that run at once want the same take, so the loser looks again and finds the winner's idempotency key.
create unique index recording_take on recording (exam, candidate, subject, track, take);

-- What is not finished, soonest salvage first; small, whatever the number of recordings.
create index recording_unfinished on recording (salvage_at, id) where state in ('open', 'sealing');

create table receipt (
    recording text_id not null primary key references recording (id),
    jws       text    not null,
    issued_at bigint  not null
);

create table api_key (
    id         text_id not null primary key,
    name       text    not null,
    hash       text_id not null unique, -- hex SHA-256 of the key
    prefix     text    not null,
    created_at bigint  not null,
    revoked_at bigint
);

create table job (
    id          text_id not null primary key,
    kind        text    not null,
    recording   text_id,
    payload     text,
    unique_key  text_id unique,
    state       text_id not null default 'queued' check (state in ('queued', 'dead')),
    run_at      bigint  not null, -- while a worker holds the job: the end of its lease
    attempts    bigint  not null default 0,
    lease_owner text,
    error       text
);

create index job_due on job (run_at) where state = 'queued';

create table outbox (
    id        text_id not null primary key,
    kind      text    not null,
    exam      text_id not null,
    recording text_id,
    payload   text    not null, -- JSON
    at        bigint  not null
);

create table audit (
    id     text_id not null primary key, -- ULID, so new rows go to the end
    at     bigint  not null,
    who    text    not null,
    action text    not null,
    what   text    not null,
    exam   text_id,
    detail text    not null -- JSON
);
