-- The logo of an app, which is named by what it is, as those of organizations are.

create table app_logos (
    hash       text   not null constraint app_logos_hash primary key,
    app_id     text   not null references apps (id) on delete cascade,
    image      bytea  not null, -- PNG
    created_at bigint not null
);
create index app_logos_by_app on app_logos (app_id);
