-- Devices without a browser that wait for somebody to agree, in a browser elsewhere, to their being signed in as them.
create table device_codes (
    device_hash   bytea  not null constraint device_codes_device_hash primary key,
    user_hash     bytea  not null constraint device_codes_user_hash unique,
    app_id        text   not null references apps (id) on delete cascade,
    scope         text   not null,
    address       text   not null,
    user_agent    text   not null,
    state         text   not null, -- pending, approved, refused, used
    session_id    text   not null, -- of who agreed; judged when the device takes its tokens
    poll_interval bigint not null,
    asked_at      bigint,
    created_at    bigint not null,
    expires_at    bigint not null
);
create index device_codes_by_expiry on device_codes (expires_at);

-- Tokens that apps get for themselves.
create table machine_tokens (
    hash       bytea  not null constraint machine_tokens_hash primary key,
    app_id     text   not null references apps (id) on delete cascade,
    scopes     text   not null, -- as JSON
    created_at bigint not null,
    expires_at bigint not null
);
create index machine_tokens_by_expiry on machine_tokens (expires_at);

-- What an app may do on its own account.
alter table apps add column scopes text not null default '';

-- Whether there is an app that wants RS256, for which keys are made then.
create index apps_by_rs256 on apps (token_alg) where token_alg = 'RS256';

-- What an app asked to be told claim by claim, beside what the scope gives it.
alter table grants add column claims text not null default '';
