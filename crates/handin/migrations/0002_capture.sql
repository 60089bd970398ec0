-- What an exam asks of recorders. An exam from before this asks for what is usual.

alter table exam add column capture text; -- JSON object: track to how it is captured
alter table exam add column notice  text; -- JSON object: language to text

alter table exam add column after_crash text_id not null default 'next_take'
    check (after_crash in ('next_take', 'seal'));
