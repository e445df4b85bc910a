-- When an identity provider has encrypted for a key that is retired: such a key is
-- not deleted yet.
alter table decryption_keys add column used_at bigint;
