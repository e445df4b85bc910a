-- Links by which somebody without an account sets up single sign-on of one organization.
create table setup_links (
    id         text   not null constraint setup_links_id primary key,
    token_hash bytea  not null constraint setup_links_token_hash unique,
    org_id     text   not null references organizations (id),
    scope      text   not null,
    note       text   not null,
    created_by text   not null,
    created_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint,
    opened_at  bigint
);
create index setup_links_by_org on setup_links (org_id, created_at, id);
