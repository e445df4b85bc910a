-- An answer of an identity provider changes how long an attempt is kept, and not when
-- it ends: nothing is moved in the index of those that have come to their end.
drop index attempts_by_keep;
create index attempts_by_expiry on attempts (expires_at);
