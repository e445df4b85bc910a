-- Lists of people that somebody has uploaded, judged and waiting to be carried out, or being carried out row by row.

create index invitations_by_expiry on invitations (expires_at);

create table imports (
    id          text   not null constraint imports_id primary key,
    org_id      text   not null references organizations (id),
    state       text   not null,
    name        text   not null, -- of the file
    options     text   not null,
    by_user     text   not null, -- who carries it out, and as a member of which organization
    by_org      text   not null,
    actor       text   not null, -- who acts as that user; '': nobody
    address     text   not null,
    total       bigint not null, -- rows
    judged      bigint not null,
    done        bigint not null,
    failed      bigint not null,
    code        text   not null, -- why it stopped
    created_at  bigint not null,
    updated_at  bigint not null,
    expires_at  bigint not null,
    version     bigint not null,
    constraint imports_org_id_id unique (org_id, id)
);
create index imports_by_org on imports (org_id, created_at, id);
create index imports_by_expiry on imports (expires_at);
create index imports_working on imports (updated_at, id) where state in ('judging', 'running');

create table import_rows (
    org_id    text   not null,
    import_id text   not null,
    line      bigint not null, -- in the file
    verdict   text   not null, -- waiting: not judged yet
    row       text   not null, -- as it was read
    user_id   text,            -- whom it is about, where there is somebody
    changes   text   not null,
    code      text   not null, -- what is wrong with it
    detail    text   not null,
    done_at   bigint,
    constraint import_rows_import_id_line primary key (import_id, line),
    foreign key (org_id, import_id) references imports (org_id, id) on delete cascade
);
create index import_rows_by_verdict on import_rows (import_id, verdict, line);
create index import_rows_to_do on import_rows (import_id, line) where done_at is null;
