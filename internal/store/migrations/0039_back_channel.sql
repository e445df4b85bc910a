-- Apps are told of sessions that are over, between the servers.

alter table sessions add column told_at bigint; -- it is over, and who is to be told of that stands in logout_notices
update sessions set told_at = ended_at where ended_at is not null;
create index sessions_untold on sessions (ended_at) where ended_at is not null and told_at is null;
-- What an app holds by itself came from a session of a browser.
create index grants_by_sid on grants (sid) where sid <> session_id;

-- A notice outlives the session, and whose it was.
create table logout_notices (
    app_id       text   not null references apps (id) on delete cascade,
    sid          text   not null,
    user_id      text   not null,
    org_id       text   not null,
    state        text   not null, -- waiting, sent or dead
    created_at   bigint not null,
    due_at       bigint not null, -- of the next try
    expires_at   bigint not null, -- nobody tries any more
    leased_until bigint,          -- somebody tries until then
    tries        bigint not null,
    code         text   not null, -- why the last try failed
    detail       text   not null,
    done_at      bigint,          -- told, or given up
    constraint logout_notices_app_id_sid primary key (app_id, sid)
);
create index logout_notices_by_due on logout_notices (due_at) where state = 'waiting';
create index logout_notices_by_app on logout_notices (app_id, created_at);
create index logout_notices_by_done on logout_notices (done_at) where done_at is not null;
