-- The first schema. It runs word for word on PostgreSQL and on SQLite:
--   instants are bigint, microseconds since 1970 in UTC;
--   lists and settings are JSON in text, read and written whole;
--   bytea on SQLite is a column that keeps octets as they are.
-- Everything unique is named table_column_column: SQLite names only the columns of what was violated, and both
-- engines shall tell the same.
-- A row that belongs to an organization refers to its own kind by (org_id, id), so that it cannot point into another.

create table organizations (
    id           text   not null constraint organizations_id primary key,
    key          text   not null constraint organizations_key unique,
    name         text   not null,
    parent_id    text   references organizations (id),
    path         text   not null, -- identifiers from the root to itself, with "/" between
    state        text   not null,
    entitlements text   not null,
    policy       text   not null,
    created_at   bigint not null,
    updated_at   bigint not null,
    version      bigint not null
);
create index organizations_by_parent on organizations (parent_id);

create table connections (
    id            text   not null constraint connections_id primary key,
    org_id        text   not null references organizations (id),
    key           text   not null constraint connections_key unique,
    name          text   not null,
    protocol      text   not null,
    state         text   not null,
    first_sign_in text   not null,
    saml          text   not null,
    defaults      text   not null,
    attributes    text   not null,
    created_at    bigint not null,
    updated_at    bigint not null,
    version       bigint not null,
    constraint connections_org_id_id unique (org_id, id)
);

create table domains (
    org_id        text   not null references organizations (id),
    name          text   not null,
    state         text   not null,
    proof         text,
    connection_id text,
    created_at    bigint not null,
    verified_at   bigint,
    constraint domains_org_id_name primary key (org_id, name),
    -- Not with the organization: a domain may name a connection further down.
    foreign key (connection_id) references connections (id)
);
-- Claims may coexist; one proof holds in the whole deployment.
create unique index domains_name on domains (name) where state = 'verified';

create table users (
    id              text   not null constraint users_id primary key,
    org_id          text   not null references organizations (id), -- at home in
    username        text,
    username_key    text,
    email           text,
    email_key       text, -- not unique: two people of two customers may share an address
    first_name      text   not null,
    last_name       text   not null,
    state           text   not null,
    password_hash   text,
    created_at      bigint not null,
    updated_at      bigint not null,
    last_sign_in_at bigint,
    version         bigint not null,
    constraint users_username_key_org_id unique (username_key, org_id)
);
create index users_by_org on users (org_id);
create index users_by_email on users (email_key);

create table memberships (
    org_id     text   not null references organizations (id),
    user_id    text   not null references users (id),
    role       text   not null,
    groups     text   not null,
    created_at bigint not null,
    updated_at bigint not null,
    constraint memberships_org_id_user_id primary key (org_id, user_id)
);
create index memberships_by_user on memberships (user_id);

create table links (
    connection_id text   not null,
    subject       text   not null,
    org_id        text   not null, -- of the connection
    user_id       text   not null references users (id),
    issuer        text   not null, -- which identity provider the connection spoke to
    created_at    bigint not null,
    seen_at       bigint not null,
    constraint links_connection_id_subject primary key (connection_id, subject),
    foreign key (org_id, connection_id) references connections (org_id, id)
);
create index links_by_user on links (user_id, connection_id);

create table sessions (
    id                 text   not null constraint sessions_id primary key,
    token_hash         bytea  not null constraint sessions_token_hash unique,
    user_id            text   not null,
    org_id             text   not null,
    connection_id      text   references connections (id), -- may stand above org_id in the tree
    amr                text   not null,
    auth_time          bigint not null,
    created_at         bigint not null,
    seen_at            bigint not null,
    expires_at         bigint not null,
    ended_at           bigint,
    user_agent         text   not null,
    address            text   not null,
    saml_name_id       text   not null,
    saml_session_index text   not null,
    constraint sessions_id_org_id_user_id unique (id, org_id, user_id),
    foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade
);
create index sessions_by_user on sessions (user_id, org_id);
create index sessions_by_expiry on sessions (expires_at);

-- What an attempt names is judged when it is used, so it refers to nothing.
create table attempts (
    id            text   not null constraint attempts_id primary key,
    browser       bytea  not null,
    app_id        text,
    request       text   not null,
    org_id        text,
    typed         text,
    username      text   not null,
    connection_id text,
    choices       text   not null,
    method        text   not null,
    fresh         boolean not null,
    proof         text   not null,
    created_at    bigint not null,
    expires_at    bigint not null,
    done_at       bigint,
    version       bigint not null
);
create index attempts_by_expiry on attempts (expires_at);

-- Traces and audit events outlive what they speak of, so they refer to nothing.
create table traces (
    reference     text   not null constraint traces_reference primary key,
    attempt_id    text   not null,
    org_id        text,
    connection_id text,
    user_id       text,
    method        text   not null,
    at            bigint not null,
    code          text   not null,
    want          text   not null,
    got           text   not null,
    fix           text   not null,
    checks        text   not null,
    address       text   not null,
    user_agent    text   not null
);
create index traces_by_org on traces (org_id, at);
create index traces_by_time on traces (at);

create table audit_events (
    id     text   not null constraint audit_events_id primary key,
    org_id text,
    at     bigint not null,
    actor  text   not null,
    action text   not null,
    target text   not null,
    detail text   not null
);
create index audit_events_by_org on audit_events (org_id, at);

create table apps (
    id            text   not null constraint apps_id primary key,
    key           text   not null constraint apps_key unique,
    name          text   not null,
    client_id     text   not null constraint apps_client_id unique,
    secret_hash   bytea, -- null: a public client
    redirect_uris text   not null,
    created_at    bigint not null,
    updated_at    bigint not null,
    version       bigint not null
);

create table grants (
    id         text   not null constraint grants_id primary key,
    app_id     text   not null references apps (id) on delete cascade,
    user_id    text   not null,
    org_id     text   not null,
    session_id text   not null, -- ends with it; it says when and how the person signed in
    code_hash  bytea  not null constraint grants_code_hash unique, -- that gave it; used again, it revokes it
    scope      text   not null,
    created_at bigint not null,
    revoked_at bigint,
    foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade,
    foreign key (session_id, org_id, user_id) references sessions (id, org_id, user_id) on delete cascade
);
create index grants_by_app on grants (app_id);
create index grants_by_user on grants (user_id, org_id);
create index grants_by_session on grants (session_id);

create table tokens (
    hash       bytea  not null constraint tokens_hash primary key,
    kind       text   not null,
    grant_id   text   not null references grants (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null
);
create index tokens_by_grant on tokens (grant_id);
create index tokens_by_expiry on tokens (expires_at);

create table signing_keys (
    kid        text   not null constraint signing_keys_kid primary key,
    use        text   not null, -- oidc or saml
    algorithm  text   not null,
    private    bytea  not null, -- sealed
    public     bytea  not null, -- SubjectPublicKeyInfo, or a certificate, in DER
    state      text   not null, -- next, current or retired
    since      bigint not null, -- in this state
    created_at bigint not null
);
-- Two nodes that start at once agree on one key.
create unique index signing_keys_use_algorithm on signing_keys (use, algorithm) where state = 'current';

create table single_use (
    kind        text   not null,
    hash        bytea  not null,
    expires_at  bigint not null,
    consumed_at bigint,
    payload     text   not null,
    constraint single_use_kind_hash primary key (kind, hash)
);
create index single_use_by_expiry on single_use (expires_at);
