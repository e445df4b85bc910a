-- Keys of ours for which an identity provider encrypts. Each connection has its own, so that what was encrypted for
-- one customer opens at no other's.

create table decryption_keys (
    id            text   not null constraint decryption_keys_id primary key,
    org_id        text   not null, -- of the connection
    connection_id text   not null,
    private       bytea  not null, -- sealed
    certificate   bytea  not null, -- in DER
    state         text   not null, -- next, current or retired
    since         bigint not null, -- in this state
    created_at    bigint not null,
    -- One in each state: there are never more than are tried.
    constraint decryption_keys_connection_id_state unique (connection_id, state),
    foreign key (org_id, connection_id) references connections (org_id, id)
);
