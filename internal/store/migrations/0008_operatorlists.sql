-- Operators list organizations by name, by state and below one another, and find them by their domains.

create index organizations_by_state on organizations (state, sort_key, id);
create index organizations_below on organizations (parent_id, sort_key, id);

alter table domains add column word bytea; -- the name as octets; null in rows from before, which the program fills in
create index domains_by_word on domains (word, org_id);
create index domains_unsorted on domains (name, org_id) where word is null;
