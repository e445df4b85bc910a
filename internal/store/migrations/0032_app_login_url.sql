-- Where an app begins to sign somebody in who came from elsewhere.
alter table apps add column login_url text not null default '';
