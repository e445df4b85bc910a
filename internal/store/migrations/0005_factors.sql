-- By what people prove who they are beside a password, and how often it may be tried.

create table factors (
    id            text   not null constraint factors_id primary key,
    user_id       text   not null references users (id) on delete cascade,
    kind          text   not null, -- totp, sms or passkey
    name          text   not null,
    secret        bytea,           -- totp: sealed
    step          bigint not null, -- totp: the last one whose code was used
    phone         text   not null,
    credential_id bytea  constraint factors_credential_id unique, -- passkey: of one person in the whole deployment
    passkey       text   not null, -- what else is kept of it, as JSON
    created_at    bigint not null,
    used_at       bigint
);
create index factors_by_user on factors (user_id);

create table recovery_codes (
    user_id    text   not null references users (id) on delete cascade,
    hash       bytea  not null,
    created_at bigint not null,
    used_at    bigint,
    constraint recovery_codes_user_id_hash primary key (user_id, hash)
);

-- Browsers that need no second factor for a while.
create table devices (
    id         text   not null constraint devices_id primary key,
    token_hash bytea  not null constraint devices_token_hash unique,
    user_id    text   not null references users (id) on delete cascade,
    user_agent text   not null,
    address    text   not null,
    created_at bigint not null,
    expires_at bigint not null
);
create index devices_by_user on devices (user_id);
create index devices_by_expiry on devices (expires_at);

-- The code that was sent last to somebody who waits for it, in a sign-in or a session.
create table sms_codes (
    owner      text   not null constraint sms_codes_owner primary key, -- the attempt or session
    user_id    text   not null references users (id) on delete cascade,
    factor_id  text,            -- null: the number is being added
    phone      text   not null,
    code       bytea  not null, -- sealed
    tries      bigint not null,
    sent       bigint not null, -- how many codes the owner has been sent
    sent_at    bigint not null,
    expires_at bigint not null
);
create index sms_codes_by_user on sms_codes (user_id);
create index sms_codes_by_expiry on sms_codes (expires_at);

-- How often a thing has been tried: when all that was taken of its allowance will have been given back.
create table tries (
    key     bytea  not null constraint tries_key primary key,
    user_id text,            -- whose account it is about; null: nobody's, or of a whole network
    back_at bigint not null
);
create index tries_by_user on tries (user_id);
create index tries_by_time on tries (back_at);

alter table attempts add column session_id text;                -- whose person is to prove themselves again; null: a sign-in
alter table attempts add column back text not null default '';  -- path of ours to go back to
