-- From when on sessions are over whose people must come through a connection and did not. Each use of one is judged by the
-- policy; by this, what ends them for good finds them. Null: there are none to be ended, or they were.
alter table organizations add column local_until bigint;
create index organizations_local_until on organizations (local_until) where local_until is not null;
