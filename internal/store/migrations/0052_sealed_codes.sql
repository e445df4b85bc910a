-- What a code stands for it carries itself, sealed: a grant is what was given.
delete from grants where redeem_by is not null;
drop index grants_unredeemed;
alter table grants drop column redeem_by;
alter table grants drop column terms;
