-- How fast an exam's senders may go, who belongs together, and which nodes share the rates.

alter table candidate add column pace_group text; -- candidates who share an uplink

create table pace (
    exam       text_id not null primary key references exam (id),
    policy     text    not null, -- JSON
    changed_at bigint  not null,
    changed_by text    not null
);

-- Nodes ask every second what has changed.
create index pace_changed on pace (changed_at);

create table node (
    id      text_id not null primary key, -- of a process; a new one at each start
    seen_at bigint  not null
);
