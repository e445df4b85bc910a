-- What an app asks of a sign-in beyond what the organization does: factor, key, factor_liked, key_liked.
alter table attempts add column demand text not null default '';
