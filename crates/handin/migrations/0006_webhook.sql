-- Whom events are told, what has not been told yet, and audit rows linked into a chain.

-- Whether the deliveries of an event were written; until then it is new to everybody.
alter table outbox add column fanned bigint not null default 0 check (fanned in (0, 1));

create index outbox_new on outbox (at, id) where fanned = 0;
create index outbox_at on outbox (at);

create table webhook (
    id           text_id not null primary key,
    url          text    not null,
    kinds        text    not null, -- JSON array of what it is told; an empty one means all
    created_at   bigint  not null,
    created_by   text    not null,
    -- A secret is derived: from which of our signing secrets, and from what else.
    secret_key   text    not null,
    secret_salt  text_id not null,
    former_key   text, -- signs too until then, after a rotation
    former_salt  text,
    former_until bigint
);

-- What one webhook is still to be told. A row goes when its receiver has said yes.
create table delivery (
    webhook   text_id not null,
    event     text_id not null,
    recording text_id, -- of the same recording, and waiting: told in the order of their places
    place     text_id not null,
    at        bigint  not null, -- of the event
    state     text_id not null default 'waiting' check (state in ('waiting', 'dead')),
    attempts  bigint  not null default 0,
    next_at   bigint  not null, -- of the next try; of one that is dead: when it was given up
    error     text,
    primary key (webhook, event)
);

create index delivery_due on delivery (webhook, next_at) where state = 'waiting';
create index delivery_order on delivery (webhook, recording, place) where state = 'waiting';
create index delivery_dead on delivery (webhook, event) where state = 'dead';
create index delivery_event on delivery (event);

-- What was told once about a sitting and is not told again.
create table told (
    exam      text_id not null,
    candidate text_id not null,
    subject   text_id not null,
    kind      text_id not null,
    at        bigint  not null,
    primary key (exam, candidate, subject, kind)
);

alter table audit add column address text;    -- from where, where the edge knows it
alter table audit add column seq     bigint;  -- its place in the chain; null until it is linked
alter table audit add column hash    text;    -- hex SHA-256 over the hash before it and the row

create unique index audit_seq on audit (seq) where seq is not null;
create index audit_unlinked on audit (id) where seq is null;
create index audit_exam on audit (exam, id);
create index audit_what on audit (what, id);

-- Signed statements of how far the chain reached.
create table checkpoint (
    seq  bigint not null primary key,
    hash text   not null,
    at   bigint not null,
    jws  text   not null
);
