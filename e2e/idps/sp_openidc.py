#!/usr/bin/env python3
"""A real OpenID Connect relying party, Apache's mod_auth_openidc (Debian's package), to prove an OpenID provider with.

  python3 sp_openidc.py start --state DIR --port 18092 --issuer http://127.0.0.15:18085 --client-id ID --client-secret SECRET
Pages: /secret/ (prints the claims); redirect URI: /secret/redirect; logout: /secret/redirect?logout=URL
"""
import os
import secrets
import sys

sys.dont_write_bytecode = True
import idplib

MODS = ["mpm_event", "authn_core", "authz_core", "authz_user", "dir", "mime", "cgid", "env", "alias", "auth_openidc"]


def main():
    p, s = idplib.parser(__doc__)
    s.add_argument("--issuer", required=True)
    s.add_argument("--client-id", required=True)
    s.add_argument("--client-secret", required=True)
    s.add_argument("--opt", action="append", default=[], metavar="DIRECTIVE=VALUE")
    a = p.parse_args()
    if idplib.common(a):
        return
    st, at = a.state, idplib.Listen(a)
    www = os.path.join(st, "www", "secret")
    os.makedirs(www, exist_ok=True)
    with open(os.path.join(st, "www", "index.html"), "w") as f:
        f.write("<html><body>public page of the relying party</body></html>")
    with open(os.path.join(www, "index.cgi"), "w") as f:
        f.write("#!/bin/sh\nprintf 'Content-Type: text/plain; charset=utf-8\\r\\n\\r\\n'\nenv | grep -E '^(OIDC_|REMOTE_USER)' | sort\n")
    os.chmod(os.path.join(www, "index.cgi"), 0o755)
    conf = os.path.join(st, "apache.conf")
    opts = {"OIDCProviderMetadataURL": a.issuer + "/.well-known/openid-configuration", "OIDCClientID": a.client_id, "OIDCClientSecret": a.client_secret,
            "OIDCRedirectURI": at.base + "/secret/redirect", "OIDCCryptoPassphrase": secrets.token_hex(16), "OIDCScope": '"openid email profile groups"',
            "OIDCSSLValidateServer": "Off", "OIDCPKCEMethod": "S256", "OIDCRemoteUserClaim": "sub", "OIDCCookieSameSite": "On"}
    opts.update(kv.split("=", 1) for kv in a.opt)
    with open(conf, "w") as f:
        f.write("ServerName %s\nListen %s:%d\nPidFile %s/apache.pid\nServerRoot %s\nErrorLog %s/log\nLogLevel warn auth_openidc:debug\nMutex file:%s\n"
                "ScriptSock %s/cgid.sock\nStartServers 1\nThreadsPerChild 8\nMinSpareThreads 2\nMaxSpareThreads 8\nMaxRequestWorkers 16\nUseCanonicalName On\n"
                % (at.base, at.host, at.port, st, st, st, st, st))
        if os.getuid() == 0:
            f.write("User www-data\nGroup www-data\n")
        for m in MODS:
            f.write("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (m, m))
        for k, v in opts.items():
            f.write("%s %s\n" % (k, v))
        f.write("DocumentRoot %s/www\nDirectoryIndex index.cgi index.html\nTypesConfig /etc/mime.types\n<Directory %s/www>\n Require all granted\n</Directory>\n"
                "<Location /secret>\n AuthType openid-connect\n Require valid-user\n</Location>\n"
                "<Directory %s/www/secret>\n Options +ExecCGI\n AddHandler cgi-script .cgi\n</Directory>\n" % (st, st, st))
    os.chmod(st, 0o755)
    idplib.spawn(st, ["/usr/sbin/apache2", "-DFOREGROUND", "-f", conf])
    idplib.wait_url(at.base + "/", st)
    idplib.report(a, {"protected_url": at.base + "/secret/", "redirect_uri": at.base + "/secret/redirect",
                       "logout_url": at.base + "/secret/redirect?logout=" + at.base + "/"})


if __name__ == "__main__":
    main()
