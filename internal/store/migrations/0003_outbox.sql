-- Messages to people, put in with what they tell of and sent later. data is sealed: it holds links that open accounts.
-- A message outlives what it speaks of, so it refers to nothing.
create table outbox (
    id           text   not null constraint outbox_id primary key,
    channel      text   not null, -- mail or sms
    kind         text   not null,
    org_id       text,
    user_id      text,
    recipient    text   not null,
    language     text   not null,
    data         bytea, -- null once it was sent
    state        text   not null, -- waiting, sent or dead
    created_at   bigint not null,
    due_at       bigint not null, -- of the next try
    expires_at   bigint not null, -- afterwards it is not worth sending
    leased_until bigint, -- somebody tries until then
    tries        bigint not null,
    code         text   not null, -- why the last try failed
    detail       text   not null,
    done_at      bigint, -- sent, or given up
    remote_id    text   not null -- what the server or gateway calls it
);
create index outbox_by_due on outbox (channel, due_at) where state = 'waiting';
create index outbox_by_expiry on outbox (channel, expires_at) where state = 'waiting';
create index outbox_by_state on outbox (state, created_at, id);
create index outbox_by_done on outbox (done_at) where done_at is not null;
