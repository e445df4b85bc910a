-- What a person is beyond a name, and who acts as whom.

alter table users add column language text not null default '';
alter table users add column credentials_at bigint; -- first had credentials of their own; null: never
update users set credentials_at = created_at where password_hash is not null;

alter table sessions add column idle bigint not null default 0; -- seconds it lives unused; 0: the default
alter table sessions add column actor_id text; -- of the vendor's, who acts as the user
alter table sessions add column actor_session_id text; -- from which they came
alter table sessions add column reason text not null default '';

alter table audit_events add column on_behalf text; -- the user as whom the actor acted
alter table audit_events add column address text not null default '';
create index audit_events_by_time on audit_events (at);
