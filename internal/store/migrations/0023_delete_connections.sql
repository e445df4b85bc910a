-- A connection can be deleted, and with it goes or changes what names it.
create index domains_by_connection on domains (connection_id) where connection_id is not null;
drop index sessions_by_saml;
create index sessions_by_saml on sessions (connection_id, saml_subject) where connection_id is not null;
