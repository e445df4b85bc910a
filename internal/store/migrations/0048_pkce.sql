-- Whether authorize requests of an app may lack PKCE.
alter table apps add column pkce_optional boolean not null default false;
