-- How far the work on an uploaded list has come: behind this line it goes on.

alter table imports add column line bigint not null default 0;
drop index import_rows_to_do;
