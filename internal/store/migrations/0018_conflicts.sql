-- What nobody may decide silently: who somebody is that an identity provider speaks of. Of one subject at one connection
-- there is one row of a kind at most that is not solved.
create table conflicts (
    id            text   not null constraint conflicts_id primary key,
    org_id        text   not null, -- of the connection
    connection_id text   not null,
    subject       text   not null,
    kind          text   not null,
    candidates    text   not null, -- users
    asserted      text   not null, -- at the last try
    reference     text   not null, -- of its trace, which may be gone
    tries         bigint not null,
    state         text   not null,
    created_at    bigint not null,
    seen_at       bigint not null,
    decided_at    bigint,
    decided_by    text   not null,
    decision      text   not null,
    foreign key (org_id, connection_id) references connections (org_id, id)
);
create unique index conflicts_connection_id_subject_kind on conflicts (connection_id, subject, kind) where state <> 'solved';
create index conflicts_by_org on conflicts (org_id, state, seen_at, id);
create index conflicts_by_time on conflicts (seen_at);

-- The groups that the identity provider sent last; null: none were sent yet, or they were left out.
alter table links add column groups text;
