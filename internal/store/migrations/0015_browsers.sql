-- With which browsers people have signed in, so that they can be told of a new one.

create table browsers (
    user_id    text   not null references users (id) on delete cascade,
    token_hash bytea  not null,
    seen_at    bigint not null,
    constraint browsers_user_id_token_hash primary key (user_id, token_hash)
);
create index browsers_by_time on browsers (seen_at);
