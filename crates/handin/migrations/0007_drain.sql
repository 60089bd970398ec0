-- Where objects live, and what is on its way to an archive.

-- '' is the store that recordings are sent to, anything else the archive of that name.
alter table recording add column place text_id not null default '';
alter table revision add column place text_id not null default '';

-- What was asked to go to an archive: one row for each recording, never removed.
create table drain (
    recording   text_id not null primary key,
    exam        text_id not null,
    archive     text_id not null,
    state       text_id not null default 'waiting'
        check (state in ('waiting', 'copied', 'moved', 'ended')), -- copied: both copies stand; ended: it was deleted
    bytes       bigint  not null, -- of the object
    bytes_moved bigint  not null default 0,
    rate        bigint, -- bytes per second, by hand; it takes the place of the timetable
    asked_at    bigint  not null,
    asked_by    text    not null,
    next_at     bigint  not null, -- not tried before
    tries       bigint  not null default 0, -- that failed since the last that did not
    error       text
);

create index drain_waiting on drain (next_at, recording) where state = 'waiting';
create index drain_exam on drain (exam, state);
