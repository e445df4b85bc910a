-- When people last used a session, which outlives the session: who comes every day need not sign in every day.

create table presence (
    user_id text   not null constraint presence_user_id primary key references users (id) on delete cascade,
    at      bigint not null
);
insert into presence (user_id, at) select s.user_id, max(s.seen_at) from sessions s where s.actor_id is null group by s.user_id;
