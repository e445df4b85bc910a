-- Where programs elsewhere are told of events. org_id '' is the deployment.
create table webhooks (
    id             text   not null constraint webhooks_id primary key,
    org_id         text   not null,
    url            text   not null,
    note           text   not null,
    types          text   not null,
    secret         bytea  not null, -- sealed
    previous       bytea,           -- sealed
    previous_until bigint,
    state          text   not null,
    created_by     text   not null,
    created_at     bigint not null,
    updated_at     bigint not null,
    failures       bigint not null,
    failing_since  bigint,
    due_at         bigint, -- when somebody has to look whether something is to be sent; null: nothing is
    leased_until   bigint,
    version        bigint not null
);
create index webhooks_by_org on webhooks (org_id, created_at, id);
create index webhooks_due on webhooks (due_at) where due_at is not null;

-- One event on its way to one webhook; afterwards, the log of it.
create table webhook_deliveries (
    id         text   not null constraint webhook_deliveries_id primary key,
    webhook_id text   not null references webhooks (id) on delete cascade,
    event_id   text   not null,
    number     bigint not null, -- of the event
    action     text   not null,
    state      text   not null,
    created_at bigint not null,
    due_at     bigint not null,
    tries      bigint not null,
    tried_at   bigint,
    done_at    bigint,
    status     bigint not null,
    code       text   not null,
    detail     text   not null,
    took       bigint not null, -- microseconds
    constraint webhook_deliveries_webhook_id_event_id unique (webhook_id, event_id)
);
create index webhook_deliveries_waiting on webhook_deliveries (webhook_id, number) where state = 'waiting';
create index webhook_deliveries_by_number on webhook_deliveries (webhook_id, number);
create index webhook_deliveries_done on webhook_deliveries (done_at);
