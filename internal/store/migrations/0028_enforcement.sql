-- Codes by which owners come in past single sign-on, and who has come in past it.

create table break_glass_codes (
    org_id     text   not null references organizations (id) on delete cascade,
    hash       bytea  not null,
    created_at bigint not null,
    used_at    bigint, -- null: it can be used
    used_by    text,   -- a user, who may be gone
    constraint break_glass_codes_hash primary key (org_id, hash)
);

create table beside_sso (
    org_id  text   not null,
    user_id text   not null,
    method  text   not null,
    at      bigint not null, -- the last time
    primary key (org_id, user_id, method),
    foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade
);
