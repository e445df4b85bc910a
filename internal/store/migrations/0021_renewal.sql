-- A session whose person may do more from now on goes on under another token, and until then, and for what is under way
-- with the old one, as what the person was.

alter table sessions add column former_role text; -- null: the token is good for whatever the person is
alter table sessions add column retired_hash bytea; -- of the token before
alter table sessions add column retired_role text;
alter table sessions add column retired_until bigint;
create index sessions_by_retired on sessions (retired_hash) where retired_hash is not null;
