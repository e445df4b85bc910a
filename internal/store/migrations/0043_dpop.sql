-- Tokens that are good only for who shows that they have a key: its thumbprint.
alter table tokens add column jkt text not null default '';
alter table machine_tokens add column jkt text not null default '';
