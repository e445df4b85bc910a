-- Who asks for a way back to an account gets the same answer after the same work, whether there is one; what becomes of
-- it is found out later, away from them.
create table reset_requests (
    id         text   not null constraint reset_requests_id primary key,
    email      text   not null,
    language   text   not null,
    created_at bigint not null
);
