-- What happened in a sign-in, hop by hop, and why; what was sent, as it came; and what of it may leave the house.
alter table attempts add column hops text not null default '[]';
alter table attempts add column reference text not null default '';

alter table traces add column who text not null default ''; -- by whom a trace is found
alter table traces add column hops text not null default '[]';
alter table traces add column detail text not null default '{}';
create index traces_by_who on traces (who, at) where who <> '';
create index traces_refused on traces (at) where code <> '';
create index traces_refused_by_org on traces (org_id, at) where code <> '';
create index traces_refused_by_connection on traces (connection_id, at) where code <> '';

create table trace_messages (
    reference text   not null constraint trace_messages_reference primary key,
    at        bigint not null,
    sealed    bytea  not null
);
create index trace_messages_by_time on trace_messages (at);

-- Support bundles: traces without what is personal in them, which open without an account.
create table trace_bundles (
    id         text   not null constraint trace_bundles_id primary key,
    token_hash bytea  not null constraint trace_bundles_token_hash unique,
    reference  text   not null,
    org_id     text,           -- of the trace
    content    text   not null, -- JSON, as it was blanked when the bundle was made
    made_by    text   not null,
    created_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint
);
create index trace_bundles_by_reference on trace_bundles (reference, created_at);
create index trace_bundles_by_expiry on trace_bundles (expires_at);
