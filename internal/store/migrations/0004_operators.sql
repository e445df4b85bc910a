-- What operators grant, define and look into.

-- Under which plan an entitlement was granted, by whom and when. Which ones hold stands in the organization.
create table entitlements (
    org_id     text   not null references organizations (id) on delete cascade,
    name       text   not null,
    plan       text   not null,
    granted_by text   not null,
    granted_at bigint not null,
    constraint entitlements_org_id_name primary key (org_id, name)
);

-- Roles beside the built-in ones, which mean something to the apps alone.
create table roles (
    key         text   not null constraint roles_key primary key,
    name        text   not null,
    description text   not null,
    created_at  bigint not null,
    updated_at  bigint not null,
    version     bigint not null
);

alter table audit_events add column noun text not null default ''; -- of the action, before its dot
update audit_events set noun = replace(action, '.' || ltrim(ltrim(action, 'abcdefghijklmnopqrstuvwxyz_'), '.'), '');
create index audit_events_by_org_noun on audit_events (org_id, noun, at);
create index audit_events_by_noun on audit_events (noun, at);
create index memberships_of_role on memberships (role);

create index audit_events_by_actor on audit_events (actor, at);
create index audit_events_by_target on audit_events (target, at);

create index traces_by_user on traces (user_id, at);
create index traces_by_connection on traces (connection_id, at);

-- How many sign-ins ended how, counted once an hour is over.
create table sign_in_counts (
    hour   bigint not null, -- its beginning
    org_id text   not null, -- '': none was known
    method text   not null,
    code   text   not null, -- '': it worked
    n      bigint not null,
    constraint sign_in_counts_hour_org_id_method_code primary key (hour, org_id, method, code)
);
create index sign_in_counts_by_org on sign_in_counts (org_id, hour);
