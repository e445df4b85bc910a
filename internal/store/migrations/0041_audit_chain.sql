-- The audit list is one chain. A line is written in the transaction of what it tells of, and gets its number and its hash a moment after
-- that was committed; what is committed late gets a later number, and nothing is passed over.
alter table audit_events add column number bigint;
alter table audit_events add column hash text;
alter table audit_events add column user_agent text not null default '';
alter table audit_events add column changes text not null default '';
create unique index audit_events_number on audit_events (number) where number is not null;
create index audit_events_unsealed on audit_events (id) where number is null;

-- Where the chain ends, and what it follows once its older part was deleted.
create table audit_ends (
    name   text   not null constraint audit_ends_name primary key, -- last, cut
    number bigint not null,
    hash   text   not null
);
insert into audit_ends (name, number, hash) values ('last', 0, ''), ('cut', 0, '');

-- How a sign-in has ended is told of by the audit list once its trace is finished. What ended before there was a chain is not told anew.
alter table traces add column untold bigint not null default 0;
create index traces_untold on traces (at, reference) where untold = 1;
