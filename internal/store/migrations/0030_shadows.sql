-- Settings of a connection beside those that are live: prepared for later, or kept from before for the way back.
create table shadows (
    connection_id text   not null,
    org_id        text   not null,
    which         text   not null,
    saml          text   not null,
    attributes    text   not null,
    turn          bigint not null,
    updated_at    bigint not null,
    version       bigint not null,
    constraint shadows_connection_which primary key (connection_id, which),
    foreign key (org_id, connection_id) references connections (org_id, id) on delete cascade
);
-- Which of the settings a request left by, of those that were live one after the other.
alter table connections add column turn bigint not null default 0;
