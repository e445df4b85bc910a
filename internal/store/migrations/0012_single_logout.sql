-- What an identity provider calls a session, and what it has said of its end.

alter table sessions add column saml_subject text; -- a hash; null: from no identity provider, or from before
alter table sessions add column saml_format text not null default '';
alter table sessions add column saml_name_qualifier text not null default '';
alter table sessions add column saml_sp_name_qualifier text not null default '';
alter table sessions add column saml_issued_at bigint;
create index sessions_by_saml on sessions (connection_id, saml_subject) where saml_subject is not null;

-- Logouts, for sign-ins that are under way while they come.
create table saml_logouts (
    connection_id text   not null references connections (id),
    subject       text   not null,
    session_index text   not null, -- '': all
    issued_at     bigint not null,
    expires_at    bigint not null,
    constraint saml_logouts_connection_id_subject_session_index primary key (connection_id, subject, session_index)
);
create index saml_logouts_by_expiry on saml_logouts (expires_at);
