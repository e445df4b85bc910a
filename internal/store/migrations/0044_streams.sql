-- Where operators want the audit list carried to: all of it, or that of one organization.
create table streams (
    id           text   not null constraint streams_id primary key,
    org_id       text   not null, -- '': all
    kind         text   not null,
    target       text   not null,
    note         text   not null,
    ca           text   not null,
    secret       bytea, -- sealed
    state        text   not null,
    created_by   text   not null,
    sent         bigint not null, -- number of the last event that has arrived
    sent_at      bigint,
    failures     bigint not null,
    code         text   not null,
    detail       text   not null,
    rests_until  bigint not null,
    leased_until bigint not null,
    created_at   bigint not null,
    updated_at   bigint not null,
    version      bigint not null
);
create index streams_by_state on streams (state, sent);
