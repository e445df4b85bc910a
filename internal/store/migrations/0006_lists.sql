-- People and organizations are listed in the order of their names and found by the beginnings of words, a million of
-- them as fast as ten. What is compared so is folded (package sso, Fold) and kept as octets, which both engines compare
-- alike whatever their collation.
-- sort_key is null in rows from before; the program fills them in while it runs.

alter table organizations add column sort_key bytea;
create index organizations_by_name on organizations (sort_key, id);
create index organizations_unsorted on organizations (id) where sort_key is null;

create table organization_words (
    org_id text  not null references organizations (id) on delete cascade,
    word   bytea not null,
    constraint organization_words_org_id_word primary key (org_id, word)
);
create index organization_words_by_word on organization_words (word, org_id);

alter table users add column sort_key bytea;
alter table users add column words text; -- of people_words, to see whether they change
create index users_unsorted on users (id) where sort_key is null;

-- One row for each word of a person, at home and in each organization of which they are a member.
create table people_words (
    user_id text  not null references users (id) on delete cascade,
    org_id  text  not null references organizations (id),
    word    bytea not null,
    constraint people_words_user_id_org_id_word primary key (user_id, org_id, word)
);
create index people_words_by_org on people_words (org_id, word, user_id);
create index people_words_by_word on people_words (word, user_id, org_id);

-- What lists are sorted and filtered by stands with the membership: a copy of what the user's row says.
alter table memberships add column sort_key bytea;
alter table memberships add column state text not null default 'active';
alter table memberships add column way text not null default 'none'; -- sso, password or none
alter table memberships add column seen_at bigint not null default 0; -- the last sign-in to this organization; 0: never
create index memberships_by_name on memberships (org_id, sort_key, user_id);
create index memberships_by_role on memberships (org_id, role, sort_key, user_id);
create index memberships_by_state on memberships (org_id, state, sort_key, user_id);
create index memberships_by_way on memberships (org_id, way, sort_key, user_id);
create index memberships_by_age on memberships (org_id, created_at, user_id);
create index memberships_by_use on memberships (org_id, seen_at, user_id);

-- memberships.groups holds the names, as apps are told them; these tables are for lists.
create table groups (
    id          text   not null constraint groups_id primary key,
    org_id      text   not null references organizations (id),
    name        text   not null,
    description text   not null,
    sort_key    bytea  not null,
    created_at  bigint not null,
    updated_at  bigint not null,
    constraint groups_org_id_name unique (org_id, name)
);
create index groups_by_name on groups (org_id, sort_key, id);

create table group_members (
    org_id   text  not null,
    name     text  not null,
    user_id  text  not null,
    sort_key bytea not null,
    constraint group_members_org_id_user_id_name primary key (org_id, user_id, name),
    foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade,
    foreign key (org_id, name) references groups (org_id, name) on update cascade on delete cascade
);
create index group_members_by_group on group_members (org_id, name, sort_key, user_id);
create index group_members_by_user on group_members (user_id);

-- An invitation is used once, by one statement. Of those to one address of an organization at most one is open.
create table invitations (
    id            text   not null constraint invitations_id primary key,
    org_id        text   not null references organizations (id),
    token_hash    bytea  not null constraint invitations_token_hash unique,
    email         text   not null,
    email_key     text   not null,
    role          text   not null,
    groups        text   not null,
    organizations text   not null,
    language      text   not null,
    invited_by    text   not null, -- a user's ID, or a name such as operator
    created_at    bigint not null,
    sent_at       bigint not null,
    expires_at    bigint not null,
    revoked_at    bigint,
    accepted_at   bigint,
    accepted_by   text
);
create unique index invitations_org_id_email_key on invitations (org_id, email_key) where accepted_at is null and revoked_at is null;
create index invitations_by_org on invitations (org_id, created_at, id);
create index invitations_by_email on invitations (email_key);
