-- What an app may do, whom it lets in, and what it is told.
alter table apps add column kind text not null default 'web';
alter table apps add column disabled boolean not null default false;
alter table apps add column auth_method text not null default '';
alter table apps add column jwks text not null default '';
alter table apps add column jwks_uri text not null default '';
alter table apps add column grant_types text not null default '';
alter table apps add column logout_uris text not null default '';
alter table apps add column backchannel_uri text not null default '';
alter table apps add column token_alg text not null default '';
alter table apps add column require_par boolean not null default false;
alter table apps add column dpop boolean not null default false;
alter table apps add column allowed_orgs text not null default '';
alter table apps add column required_entitlement text not null default '';
alter table apps add column allowed_roles text not null default '';
alter table apps add column brand text not null default '';
alter table apps add column claims text not null default '';
update apps set kind = 'spa', auth_method = 'none' where secret_hash is null;

-- Secrets of apps: two at a time, so that one can take the place of the other.
create table app_secrets (
    id         text   not null constraint app_secrets_id primary key,
    app_id     text   not null references apps (id) on delete cascade,
    slot       bigint not null check (slot in (1, 2)),
    hash       bytea  not null,
    hint       text   not null,
    created_by text   not null,
    created_at bigint not null,
    constraint app_secrets_app_id_slot unique (app_id, slot)
);
-- When a secret was last used: apart, for it is no setting, and those are remembered until one changes.
create table secret_uses (
    secret_id text   not null constraint secret_uses_secret_id primary key references app_secrets (id) on delete cascade,
    used_at   bigint not null
);
insert into app_secrets (id, app_id, slot, hash, hint, created_by, created_at)
select 'sec_' || substr(id, 5), id, 1, secret_hash, '', '', updated_at from apps where secret_hash is not null;
alter table apps drop column secret_hash;
