-- The objects of a recording that got a new one, as a recording does whose head is mended: one row each, the first
-- object included. The recording's own row names the one that counts; most recordings have no rows here.

create table revision (
    recording   text_id not null references recording (id),
    number      bigint  not null check (number >= 0), -- 0 is the object that was recorded
    state       text_id not null check (state in ('writing', 'current', 'replaced', 'given_up', 'gone')),
    object_key  text    not null,
    upload_id   text,
    write_token text    not null,
    erase_at    bigint  not null, -- until then it is being written, or somebody may have a link to it
    primary key (recording, number)
);
