-- Accounts of an organization that are reset one after the other, for whoever has no way in beside single sign-on.
create table retreats (
    org_id     text   not null constraint retreats_org_id primary key references organizations (id),
    state      text   not null,
    by_user    text   not null, -- who has it done, and as a member of which organization
    by_org     text   not null,
    address    text   not null,
    after_key  bytea, -- behind whom it goes on; null: at the beginning
    after_user text   not null,
    total      bigint not null,
    sent       bigint not null,
    skipped    bigint not null,
    code       text   not null, -- why it stopped
    next_at    bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    version    bigint not null
);
create index retreats_working on retreats (next_at) where state = 'running';
