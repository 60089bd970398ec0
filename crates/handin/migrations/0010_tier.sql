-- In which storage class a recording's object is kept.

alter table recording add column storage_class text_id not null default 'STANDARD';
alter table recording add column tiered_at bigint; -- since when, if it was not written in it
