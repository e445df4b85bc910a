-- What programs prove themselves by. Only the hash of a key is kept.
create table api_keys (
    id         text   not null constraint api_keys_id primary key,
    token_hash bytea  not null constraint api_keys_token_hash unique,
    org_id     text   references organizations (id), -- null: of the deployment
    name       text   not null,
    hint       text   not null,
    scopes     text   not null, -- as JSON
    created_by text   not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint,
    used_at    bigint
);
create index api_keys_by_org on api_keys (org_id, created_at, id);

-- Requests that a program may send again without having their effect twice.
create table api_requests (
    program_id text   not null,
    key_hash   bytea  not null,
    body_hash  bytea  not null,
    state      text   not null, -- running, done or answered
    begun_at   bigint not null,
    answer     bytea,           -- sealed
    expires_at bigint not null,
    constraint api_requests_program_id_key_hash primary key (program_id, key_hash)
);
create index api_requests_by_expiry on api_requests (expires_at);
