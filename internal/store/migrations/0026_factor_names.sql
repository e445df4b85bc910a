-- What nobody has named is called what it is, in the language of the page; these were given in English to everybody.

update factors set name = '' where kind = 'totp' and name = 'Authenticator app';
update factors set name = '' where kind = 'sms' and name = 'Telephone';
update factors set name = '' where kind = 'passkey' and name in ('Passkey', 'Security key');
