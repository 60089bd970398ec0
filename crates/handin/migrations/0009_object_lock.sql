-- The objects that have a legal hold in the store because of a hold of ours; a flag that somebody else has set has no row,
-- and is left alone. A row is there before its flag is set, and until it is lifted.

create table object_lock (
    object_key text    not null primary key,
    recording  text_id not null,
    stamp      text    not null -- another one each time that the flag is set
);

create index object_lock_recording on object_lock (recording);
