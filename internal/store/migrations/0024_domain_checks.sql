-- How the people of a domain sign in, and what is known of the record that proves it.
alter table domains add column sso_off boolean not null default false;
alter table domains add column password_off boolean not null default false;
alter table domains add column next_check_at bigint; -- null: nobody looks by itself
alter table domains add column checked text not null default '{}'; -- what was found, as JSON

update domains set next_check_at = created_at where state = 'in_review';
create index domains_due on domains (next_check_at) where next_check_at is not null;
