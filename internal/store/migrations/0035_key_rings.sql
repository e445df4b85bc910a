-- Keys of ours are changed by themselves, unless an operator holds that.
create table key_holds (
    ring    text   not null constraint key_holds_ring primary key, -- ID of a connection, or '' for the keys that sign requests
    held_by text   not null,
    held_at bigint not null
);
create index decryption_keys_due on decryption_keys (state, since);
update connection_watches set fetched_at = 0 where fetched_at is null;
create index connection_watches_fetched on connection_watches (fetched_at);
