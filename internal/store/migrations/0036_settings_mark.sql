-- What says whether settings that are remembered are still those that are stored.
create table settings_marks (
    id   integer not null constraint settings_marks_id primary key constraint settings_marks_one check (id = 1),
    mark text    not null
);
insert into settings_marks (id, mark) values (1, 'none yet');
