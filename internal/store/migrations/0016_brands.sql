-- How an organization wants its pages to look, and its logo, which is named by what it is.

alter table organizations add column brand text not null default '';

create table logos (
    hash       text   not null constraint logos_hash primary key,
    org_id     text   not null references organizations (id) on delete cascade,
    image      bytea  not null, -- PNG
    created_at bigint not null
);
create index logos_by_org on logos (org_id);
