-- What is done every so often, by one node at a time.
create table jobs (
    name         text   not null constraint jobs_name primary key,
    due_at       bigint not null,
    leased_until bigint, -- a node runs it until then
    lease        text   not null, -- which run that is
    ended_at     bigint, -- of the last run that came to its end
    failures     bigint not null, -- runs that failed since the last good one
    error        text   not null -- of the last one
);
