-- People who have not come for long are warned and then shut out.

alter table organizations add column inactive_after bigint; -- seconds; a copy of what the policy says; null: never
create index organizations_by_inactivity on organizations (inactive_after, id) where inactive_after is not null;
update organizations set sort_key = null where policy like '%"inactive_after":%'; -- so that the program reads them anew

create table inactivity_warnings (
    user_id text   not null constraint inactivity_warnings_user_id primary key references users (id) on delete cascade,
    at      bigint not null -- of the last one
);
