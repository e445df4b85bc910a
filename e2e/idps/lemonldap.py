#!/usr/bin/env python3
"""LemonLDAP::NG 2.16 (Debian's packages) as a SAML 2.0 identity provider, under starman; SAML by the lasso library.

  python3 lemonldap.py start --state DIR --port 18082 --host 127.0.0.12 --sp sp-metadata.xml
  python3 lemonldap.py add-sp --state DIR --sp-opt EncryptionMode=assertion other-sp.xml
  python3 lemonldap.py stop --state DIR

--sp-opt takes LemonLDAP's samlSPMetaDataOptions without that prefix, as K=JSON:
  SignSSOMessage (1; -1: as the SP's metadata say, 0: never), SignSLOMessage, CheckSSOMessageSignature (1),
  CheckSLOMessageSignature (1), EncryptionMode (none | nameid | assertion), NameIDFormat (email | persistent |
  transient | unspecified ...; the request's own wins), NameIDSessionKey, EnableIDPInitiatedURL (1), OneTimeUse,
  NotOnOrAfterTimeout (300), SessionNotOnOrAfterTimeout, SignatureMethod (RSA_SHA1 ... RSA_SHA512), Rule
--idp-opt takes any LemonLDAP configuration key, e.g. samlServiceSignatureMethod=RSA_SHA512, samlServiceUseCertificateInResponse=1.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

sys.dont_write_bytecode = True
import idplib

CLI = "/usr/share/lemonldap-ng/bin/lemonldap-ng-cli"
# session variable -> (attribute name on the wire, friendly name)
ATTRS = {"uid": "uid", "mail": "email", "givenName": "givenName", "sn": "sn", "displayName": "displayName",
         "grouplist": "groups", "affiliation": "eduPersonAffiliation", "eppn": "eduPersonPrincipalName"}
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"


def sp_conf(name, xml, opts):
    o = {"SignSSOMessage": 1, "SignSLOMessage": 1, "EnableIDPInitiatedURL": 1, "NotOnOrAfterTimeout": 300,
         "SessionNotOnOrAfterTimeout": 28800, "CheckSSOMessageSignature": 1, "CheckSLOMessageSignature": 1,
         "EncryptionMode": "none", "NameIDFormat": ""}
    o.update({k: (int(v) if isinstance(v, bool) else v) for k, v in opts.items()})
    return {
        "samlSPMetaDataXML": {name: {"samlSPMetaDataXML": xml.decode()}},
        "samlSPMetaDataExportedAttributes": {name: {k: "0;%s;%s;%s" % (v, BASIC, v) for k, v in ATTRS.items()}},
        "samlSPMetaDataOptions": {name: {"samlSPMetaDataOptions" + k: v for k, v in o.items()}},
        "samlSPMetaDataMacros": {name: {}},
    }


def merge(state, conf):
    """Hand the configuration to LemonLDAP's command line."""
    path = os.path.join(state, "merge.json")
    with open(path, "w") as f:
        json.dump(conf, f)
    import grp
    import pwd
    me, mine = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    r = subprocess.run([CLI, "--user", me, "--group", mine, "-iniFile", os.path.join(state, "lemonldap-ng.ini"),
                        "-yes", "1", "-force", "1", "merge", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       env=dict(os.environ, LLNG_DEFAULTCONFFILE=os.path.join(state, "lemonldap-ng.ini")))
    if r.returncode or b"Saved under number" not in r.stdout:
        idplib.die("lemonldap-ng-cli: " + r.stdout.decode(errors="replace"))
    with open(os.path.join(state, "cli.log"), "ab") as f:
        f.write(r.stdout)


def init(a, at, st, idp):
    for d in ("conf", "sessions/lock", "psessions/lock", "cache", "captcha", "notifications"):
        os.makedirs(os.path.join(st, d), exist_ok=True)
    key, crt = idplib.self_signed(os.path.join(st, "cert"), "idp", "llng-idp")
    with open(os.path.join(st, "lemonldap-ng.ini"), "w") as f:
        f.write("[all]\nlogger = Lemonldap::NG::Common::Logger::Std\nuserLogger = Lemonldap::NG::Common::Logger::Std\n"
                "logLevel = %s\ncheckTime = 1\nlocalSessionStorage = \n"
                "[configuration]\ntype = File\ndirName = %s/conf\nprettyPrint = 1\nlocalStorage = Cache::FileCache\n"
                "localStorageOptions = {'namespace' => 'config', 'default_expires_in' => 1, 'directory_umask' => '007', "
                "'cache_root' => '%s/cache', 'cache_depth' => 1}\n"
                "[portal]\nstaticPrefix = /static\ntemplateDir = /usr/share/lemonldap-ng/portal/templates\nlanguages = en\n"
                "[handler]\nstatus = 0\n"
                "[manager]\nprotection = none\nstaticPrefix = /static\n"
                "templateDir = /usr/share/lemonldap-ng/manager/htdocs/templates\nlanguages = en\nenabledModules = conf\n"
                % (idp.pop("logLevel", "info"), st, st))
    db = os.path.join(st, "users.sq3")
    if os.path.exists(db):
        os.unlink(db)
    c = sqlite3.connect(db)
    c.execute("create table users (uid text primary key, password text, mail text, givenName text, sn text, cn text, "
              "displayName text, grouplist text, affiliation text, eppn text)")
    rows = [(u["uid"], u["password"], u.get("email") or None, u.get("givenName") or None, u.get("sn") or None,
             u.get("displayName"), u.get("displayName"), "; ".join(u.get("groups", [])) or None,
             "; ".join(u.get("eduPersonAffiliation", [])) or None, u.get("eduPersonPrincipalName"))
            for u in idplib.users(a.users)]
    c.executemany("insert into users values (?,?,?,?,?,?,?,?,?,?)", rows)
    c.commit()
    c.close()
    dsn = "dbi:SQLite:dbname=" + db
    sess = {"Directory": st + "/sessions", "LockDirectory": st + "/sessions/lock",
            "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}
    conf = {
        "cfgNum": 1, "cfgDate": 1,
        "portal": at.base + "/", "domain": at.host, "cookieName": "lemonldap", "applicationList": {},
        "securedCookie": 0, "sameSite": "Lax", "key": os.urandom(8).hex(),
        "authentication": "DBI", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null",
        "dbiAuthChain": dsn, "dbiAuthUser": "", "dbiAuthPassword": "", "dbiUserChain": dsn, "dbiUserUser": "", "dbiUserPassword": "",
        "dbiAuthTable": "users", "dbiAuthLoginCol": "uid", "dbiAuthPasswordCol": "password", "dbiAuthPasswordHash": "",
        "dbiUserTable": "users", "userPivot": "uid", "dbiExportedVars": {k: k for k in list(ATTRS) + ["cn"]},
        "exportedVars": {}, "macros": {"_whatToTrace": "lc($_user)"}, "groups": {}, "whatToTrace": "_whatToTrace",
        "globalStorage": "Apache::Session::File", "globalStorageOptions": sess,
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": {"Directory": st + "/psessions", "LockDirectory": st + "/psessions/lock"},
        "localSessionStorage": "", "localSessionStorageOptions": {}, "tokenUseGlobalStorage": 1,
        "notification": 0, "loginHistoryEnabled": 0, "portalDisplayRegister": 0, "portalDisplayResetPassword": 0,
        "portalDisplayLogout": "1", "locationRules": {at.host: {"default": "accept"}}, "exportedHeaders": {},
        "issuerDBSAMLActivation": 1, "samlEntityID": at.base + "/saml/metadata",
        "samlServicePrivateKeySig": open(key).read(), "samlServicePublicKeySig": open(crt).read(),
        "samlOrganizationName": "Test", "samlOrganizationDisplayName": "Test", "samlOrganizationURL": at.base,
        "samlServiceSignatureMethod": "RSA_SHA256", "samlServiceUseCertificateInResponse": 0,
        "samlNameIDFormatMapEmail": "mail", "samlDiscoveryProtocolActivation": 0, "samlIDPMetaDataXML": {},
        "trustedDomains": "*", "portalForceAuthnInterval": 2, "cspFormAction": "*", "captcha_login_enabled": 0, "captcha_mail_enabled": 0, "captcha_register_enabled": 0, "portalDisplayPasswordPolicy": 0,
    }
    conf.update(idp)
    for f in os.listdir(os.path.join(st, "conf")):
        os.unlink(os.path.join(st, "conf", f))
    with open(os.path.join(st, "conf", "lmConf-1.json"), "w") as f:
        json.dump(conf, f, indent=1)


def main():
    p, _ = idplib.parser(__doc__)
    a = p.parse_args()
    if idplib.common(a):
        return
    opts = idplib.parse_opts(a.sp_opt)
    st = a.state
    if a.cmd == "start":
        if not os.path.exists(CLI):
            idplib.die("LemonLDAP::NG is not installed: run e2e/install.sh")
        at = idplib.Listen(a)
        shutil.rmtree(os.path.join(st, "cache"), ignore_errors=True)
        init(a, at, st, idplib.parse_opts(a.idp_opt))
    conf = {}
    names = []
    for src in a.sp:
        entity, name, xml = idplib.add_sp(st, src, opts)
        names.append((entity, name))
        for k, v in sp_conf(name, xml, opts).items():
            conf.setdefault(k, {}).update(v)
    if conf:
        merge(st, conf)
    if a.cmd == "add-sp":
        import time
        time.sleep(2.2)      # every worker rereads the configuration after checkTime and the cache's second
        for e, n in names:
            print("sp=%s conf_key=%s" % (e, n))
        return
    env = dict(os.environ, IDP_STATE=st, IDP_BASE=at.base, LLNG_DEFAULTCONFFILE=os.path.join(st, "lemonldap-ng.ini"))
    idplib.spawn(st, ["starman", "--listen", "%s:%d" % (at.host, at.port), "--workers", "2", "--max-requests", "100000",
                      "-E", "deployment", os.path.join(idplib.HERE, "lemonldap", "portal.psgi")],
                 env=env, clock_offset=a.clock_offset)
    url = at.base + "/saml/metadata/idp"
    body = idplib.wait_url(url, st, expect=b"EntityDescriptor")
    path = os.path.join(st, "idp-metadata.xml")
    with open(path, "wb") as f:
        f.write(body)
    idplib.report(a, {
        "metadata_url": url, "metadata_file": path, "entity_id": at.base + "/saml/metadata",
        "sso_url": at.base + "/saml/singleSignOn", "slo_url": at.base + "/saml/singleLogout",
        "idp_initiated_login": at.base + "/saml/singleSignOn?IDPInitiated=1&sp={SP_ENTITY_ID}",
        "idp_initiated_logout": at.base + "/?logout=1",
        "log": os.path.join(st, "log")})


if __name__ == "__main__":
    main()
