-- What an identity provider said that was good stands in the attempt, with its
-- trace, until the sign-in is told of: it is written once then, with all others of
-- that moment.
alter table attempts add column assertion bytea;                     -- that proved the person, as a hash: none does so twice
alter table attempts add column kept_until bigint not null default 0; -- when the attempt may go, and what it knows of the assertion with it
alter table attempts add column untold bigint not null default 0;    -- 1: it has ended, and its trace is to be written; 2: it is if it does not end soon
alter table attempts add column entered_org_id text;                  -- whose member signed in
alter table attempts add column trace_at bigint;
alter table attempts add column trace_org_id text;
alter table attempts add column trace_user_id text;
alter table attempts add column checks text not null default '[]';
alter table attempts add column address text not null default '';
alter table attempts add column user_agent text not null default '';
alter table attempts add column who text not null default '';
alter table attempts add column detail text not null default '{}';
update attempts set kept_until = expires_at;
drop index attempts_by_expiry;
create index attempts_by_keep on attempts (kept_until);
create unique index attempts_assertion on attempts (assertion) where assertion is not null;
create index attempts_untold on attempts (untold, trace_at, id) where untold > 0;
