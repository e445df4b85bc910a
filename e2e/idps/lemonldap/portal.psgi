# LemonLDAP::NG's portal as a plain PSGI application, configured by $IDP_STATE/lemonldap-ng.ini.
use strict;
use warnings;
use Plack::Builder;
use Plack::App::File;
use Lemonldap::NG::Portal::Main;

my $base   = $ENV{IDP_BASE};
my ($host) = $base =~ m{^https?://([^/]+)};
my $portal = Lemonldap::NG::Portal::Main->run( { configStorage => { confFile => "$ENV{IDP_STATE}/lemonldap-ng.ini" } } );

builder {
    mount '/static'     => Plack::App::File->new( root => '/usr/share/lemonldap-ng/portal/htdocs/static' )->to_app;
    mount '/javascript' => Plack::App::File->new( root => '/usr/share/javascript' )->to_app;
    mount '/'           => sub {
        my $env = shift;
        $env->{HTTP_HOST} = $host;
        ( $env->{SERVER_NAME}, $env->{SERVER_PORT} ) = $host =~ /^(.*):(\d+)$/;
        $env->{REQUEST_URI} ||= $env->{PATH_INFO};
        return $portal->($env);
    };
};
