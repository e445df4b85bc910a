-- Sign-ins that are tried and lead nowhere, and links by which somebody else tries one.
create table test_links (
    id            text   not null constraint test_links_id primary key,
    token_hash    bytea  not null constraint test_links_token_hash unique,
    org_id        text   not null,
    connection_id text   not null,
    shadow        boolean not null,
    created_by    text   not null,
    created_at    bigint not null,
    expires_at    bigint not null,
    revoked_at    bigint,
    foreign key (org_id, connection_id) references connections (org_id, id) on delete cascade
);
create index test_links_by_connection on test_links (connection_id, created_at, id);

create table tests (
    id            text   not null constraint tests_id primary key,
    org_id        text   not null,
    connection_id text   not null,
    started_by    text   not null,
    link_id       text,
    shadow        boolean not null,
    fingerprint   text   not null,
    state         text   not null,
    subject       text   not null,
    result        text   not null,
    reference     text   not null,
    created_at    bigint not null,
    answered_at   bigint,
    foreign key (org_id, connection_id) references connections (org_id, id) on delete cascade
);
create index tests_by_connection on tests (connection_id, created_at, id);
create index tests_by_time on tests (created_at);

alter table attempts add column test_id text;
