-- What is known of what identity providers publish, and who was told of it.
create table connection_watches (
    connection_id text   not null constraint connection_watches_id primary key,
    org_id        text   not null,
    due_at        bigint not null,
    asked_at      bigint not null, -- because a sign-in met an unknown key; 0: never
    ends_at       bigint, -- the last certificate; null: none says so
    seen          text   not null, -- as JSON
    fetched_at    bigint, -- by the identity provider, our metadata
    fetched_by    text   not null,
    version       bigint not null,
    foreign key (org_id, connection_id) references connections (org_id, id) on delete cascade
);
create index connection_watches_due on connection_watches (due_at);
create index connection_watches_ends on connection_watches (ends_at) where ends_at is not null;

insert into connection_watches (connection_id, org_id, due_at, asked_at, seen, fetched_by, version)
select id, org_id, 0, 0, '{}', '', 1 from connections;
