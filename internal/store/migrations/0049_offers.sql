-- A code is a grant that is offered: it becomes one that is given where it is exchanged. The first access token stands with it.
alter table grants add column redeem_by bigint;                 -- until when the code can be exchanged; null: it was
alter table grants add column terms text not null default '';   -- by which it is to be exchanged; empty once it was
alter table grants add column access_hash bytea;                -- of the first access token, which is for the whole scope
alter table grants add column access_jkt text not null default '';
alter table grants add column access_until bigint;
create unique index grants_access_hash on grants (access_hash) where access_hash is not null;
create index grants_unredeemed on grants (redeem_by) where redeem_by is not null;
delete from single_use where kind = 'authorization_code';
