-- What is shown of the whole deployment is counted when it happens or as far as a page can afford.

create table sign_in_totals (
    hour   bigint not null, -- as in sign_in_counts, over all organizations
    method text   not null,
    code   text   not null,
    n      bigint not null,
    constraint sign_in_totals_hour_method_code primary key (hour, method, code)
);
insert into sign_in_totals (hour, method, code, n)
select hour, method, code, sum(n) from sign_in_counts group by hour, method, code;

create index outbox_by_channel on outbox (state, channel, created_at);
