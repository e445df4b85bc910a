-- Requests to identity providers that are out wait with the attempt that they are of.
alter table attempts add column waits text not null default '[]';
delete from single_use where kind = 'saml_request';
