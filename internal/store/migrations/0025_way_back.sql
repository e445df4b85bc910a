-- A path to go back to may hold a token, which is stored as a hash or sealed and in no other way.

alter table attempts drop column back;
alter table attempts add column way_back bytea; -- sealed
