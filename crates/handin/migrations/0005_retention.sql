-- How long recordings are kept, who holds them, and what is left when they are gone.

-- When retention looks at a finished recording next. It is never the truth of when it is due, which follows from policy
-- and anchors each time: 0 is "not looked at yet", and what changes policy, anchors or holds stamps it with a negative
-- number of its own, so that nobody who computed from what was before can write over it.
alter table recording add column due_at bigint not null default 0;
alter table recording add column marked_at   bigint;  -- since when it is marked for deletion, in its grace
alter table recording add column marked_by   text;    -- by whose word
alter table recording add column certificate text_id; -- the deletion that it went with

create index recording_due on recording (due_at, id) where state in ('sealed', 'partial');
create index recording_marked on recording (marked_by) where state in ('sealed', 'partial') and marked_by is not null;
create index recording_certificate on recording (certificate) where certificate is not null;

-- Every version of every policy. Exam '' is the house.
create table retention_policy (
    exam    text_id not null,
    version bigint  not null check (version > 0),
    policy  text    not null, -- JSON
    set_at  bigint  not null,
    set_by  text    not null,
    primary key (exam, version)
);

-- What the platform posted that periods are counted from. Candidate '' is the whole exam.
create table anchor (
    exam      text_id not null,
    candidate text_id not null,
    kind      text_id not null,
    at        bigint  not null,
    primary key (exam, candidate, kind)
);

-- What may not be deleted, by whose word. A scope is narrowed by what is not ''.
create table hold (
    id          text_id not null primary key,
    exam        text_id not null,
    candidate   text_id not null,
    subject     text_id not null,
    recording   text_id not null,
    reason      text    not null,
    owner       text    not null,
    placed_at   bigint  not null,
    placed_by   text    not null,
    expires_at  bigint,
    reminded_at bigint, -- when its owner was told that it has expired; it holds on
    released_at bigint,
    released_by text
);

create index hold_open on hold (exam) where released_at is null;
create index hold_expiring on hold (expires_at) where released_at is null and reminded_at is null;

-- When a run looked last, by its clock, and until when runs stand still because that clock was far ahead (0: they do not).
create table retention_look (
    id           bigint not null primary key check (id = 1),
    looked_at    bigint not null,
    paused_until bigint not null
);

-- One for each batch of recordings that went together. Without its statement, the objects are being deleted.
create table certificate (
    id         text_id not null primary key,
    exam       text_id not null,
    policy     text    not null, -- which version of which policy ordered it
    ordered_at bigint  not null,
    ordered_by text    not null,
    issued_at  bigint,
    jws        text
);

create index certificate_unsigned on certificate (ordered_at) where jws is null;
