#!/usr/bin/env python3
"""SimpleSAMLphp 1.19 (Debian's package) as a SAML 2.0 identity provider, on PHP's built-in web server.

  python3 simplesamlphp.py start --state DIR --port 18081 --sp sp-metadata.xml --sp-opt assertion.encryption=true
  python3 simplesamlphp.py add-sp --state DIR --sp-opt saml20.sign.response=false other-sp.xml
  python3 simplesamlphp.py stop --state DIR

--sp-opt and --idp-opt take any option of SimpleSAMLphp's saml20-sp-remote / saml20-idp-hosted metadata, as K=JSON:
  saml20.sign.assertion, saml20.sign.response (both true), assertion.encryption, nameid.encryption (false),
  sharedkey_algorithm, signature.algorithm, NameIDFormat, validate.authnrequest, validate.logout, sign.logout (true),
  redirect.validate, ForceAuthn, assertion.lifetime (300), saml20.sendartifact (idp only), attributes.NameFormat,
  logouttype (idp only: traditional | iframe), audience, base64attributes
and these of the launcher: profile = basic | oid | adfs | entra | okta (attribute names), sign_metadata (idp only),
entity (idp only: its entity id).
"""
import json
import os
import secrets
import sys
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
import idplib


def main():
    p, _ = idplib.parser(__doc__)
    a = p.parse_args()
    if idplib.common(a):
        return
    opts = idplib.parse_opts(a.sp_opt)
    if a.cmd == "add-sp":
        for src in a.sp:
            print("sp=%s" % idplib.add_sp(a.state, src, opts)[0])
        return
    if not os.path.isdir("/usr/share/simplesamlphp/www"):
        idplib.die("SimpleSAMLphp is not installed: run e2e/install.sh")
    at = idplib.Listen(a)
    for d in ("data", "tmp", "cert"):
        os.makedirs(os.path.join(a.state, d), exist_ok=True)
    idplib.self_signed(os.path.join(a.state, "cert"), "idp", "ssp-idp")
    idp = idplib.parse_opts(a.idp_opt)
    base = at.base
    entity = idp.pop("entity", base + "/simplesaml/saml2/idp/metadata.php")
    salt_file = os.path.join(a.state, "salt")     # kept: persistent NameIDs hang on it
    if not os.path.exists(salt_file):
        with open(salt_file, "w") as f:
            f.write(secrets.token_hex(16))
    with open(os.path.join(a.state, "ssp.json"), "w") as f:
        json.dump({"base": base, "entity": entity, "salt": open(salt_file).read(), "idp": idp}, f)
    with open(os.path.join(a.state, "users.json"), "w") as f:
        json.dump(idplib.users(a.users), f)
    for src in a.sp:
        idplib.add_sp(a.state, src, opts)
    env = dict(os.environ, IDP_STATE=a.state, SIMPLESAMLPHP_CONFIG_DIR=os.path.join(idplib.HERE, "simplesamlphp"),
               PHP_CLI_SERVER_WORKERS="3")
    idplib.spawn(a.state, ["php", "-d", "error_reporting=22527", "-d", "opcache.enable_cli=1",
                           "-d", "opcache.validate_timestamps=1", "-d", "opcache.revalidate_freq=0",
                           "-S", "%s:%d" % (at.host, at.port), os.path.join(idplib.HERE, "simplesamlphp", "router.php")],
                 env=env, clock_offset=a.clock_offset)
    root = base + "/simplesaml/"
    url = root + "saml2/idp/metadata.php"
    body = idplib.wait_url(url, a.state, expect=b"EntityDescriptor")
    # The first visit makes the tables of the session store; two first visits at once would both try.
    try:
        urllib.request.urlopen(root + "saml2/idp/SSOService.php", timeout=120).read()
    except urllib.error.HTTPError:
        pass  # it misses a request, as it should
    path = os.path.join(a.state, "idp-metadata.xml")
    with open(path, "wb") as f:
        f.write(body)
    idplib.report(a, {
        "metadata_url": url, "metadata_file": path, "entity_id": entity,
        "sso_url": root + "saml2/idp/SSOService.php", "slo_url": root + "saml2/idp/SingleLogoutService.php",
        "idp_initiated_login": root + "saml2/idp/SSOService.php?spentityid={SP_ENTITY_ID}&RelayState={RELAY_STATE}",
        "idp_initiated_logout": root + "saml2/idp/SingleLogoutService.php?ReturnTo={URL}",
        "log": os.path.join(a.state, "simplesamlphp.log")})


if __name__ == "__main__":
    main()
