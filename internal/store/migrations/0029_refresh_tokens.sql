-- Apps prolong what they were given by refresh tokens, each good for one use. What it gives lasts as a session that the app
-- holds, which the person can see and end.

alter table sessions add column app_id text references apps (id) on delete cascade;
create index sessions_by_app on sessions (app_id, user_id) where app_id is not null;

alter table tokens add column scope text not null default ''; -- empty: all that was granted
alter table tokens add column used_at bigint;                 -- of a refresh token: when it was used
alter table tokens add column successor bytea;                -- sealed: what came of it

alter table grants add column sid text not null default ''; -- what id tokens call the session of the browser
update grants set sid = session_id;
