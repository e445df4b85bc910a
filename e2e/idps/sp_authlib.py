#!/usr/bin/python3
"""An application on Debian's python3-authlib, with the pages that node/clients.mjs describes. Debian's own Python runs it.

  sp_authlib.py --issuer URL --client-id ID --client-secret SECRET --host 127.0.0.1
"""
import argparse
import html
import http.cookies
import http.server
import json
import os
import secrets
import sys
import threading
import urllib.parse

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebToken
from authlib.oidc.core import CodeIDToken

LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class App:
    def __init__(self, a):
        self.a, self.sessions, self.begun, self._server = a, {}, {}, None

    def session(self, **more):
        return OAuth2Session(self.a.client_id, self.a.client_secret, scope="openid email profile groups offline_access", code_challenge_method="S256",
                             redirect_uri=self.base + "/callback", token_endpoint_auth_method="client_secret_basic", **more)

    @property
    def server(self):
        if self._server is None:
            s = self.session()
            self._server = s.get(self.a.issuer + "/.well-known/openid-configuration", withhold_token=True).json()
            self._server["keys"] = s.get(self._server["jwks_uri"], withhold_token=True).json()
        return self._server

    def verified(self, token, cls=None, options=None, params=None):
        claims = JsonWebToken(["ES256"]).decode(token, self.server["keys"], claims_cls=cls, claims_options=options, claims_params=params)
        claims.validate(leeway=5)
        return claims

    def login(self, url, cookie):
        verifier, nonce = generate_token(48), generate_token(16)
        to, state = self.session().create_authorization_url(self.server["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
        self.begun[state] = verifier, nonce
        return 303, "", {"Location": to}

    def callback(self, url, cookie):
        q = dict(urllib.parse.parse_qsl(url.query))
        verifier, nonce = self.begun.pop(q["state"])
        token = self.session(state=q["state"]).fetch_token(self.server["token_endpoint"], authorization_response=self.base + "/callback?" + url.query, code_verifier=verifier)
        claims = self.verified(token["id_token"], CodeIDToken, {"iss": {"essential": True, "value": self.a.issuer}, "aud": {"essential": True, "value": self.a.client_id}},
                               {"nonce": nonce, "client_id": self.a.client_id})
        key = secrets.token_hex(16)
        self.sessions[key] = {"claims": dict(claims), "token": dict(token)}
        return 303, "", {"Location": "/", "Set-Cookie": "app=%s; Path=/; HttpOnly; SameSite=Lax" % key}

    def home(self, url, cookie):
        s = self.sessions.get(cookie)
        return 200, '<pre id="claims">%s</pre>' % html.escape(json.dumps(s["claims"])) if s else "Not signed in", {}

    def refresh(self, url, cookie):
        s = self.sessions[cookie]
        client = self.session(token=s["token"])
        s["token"] = dict(s["token"], **client.refresh_token(self.server["token_endpoint"], refresh_token=s["token"]["refresh_token"]))
        return 200, "refreshed " + client.get(self.server["userinfo_endpoint"]).json()["email"], {}

    def logout(self, url, cookie):
        s = self.sessions.pop(cookie)
        q = {"id_token_hint": s["token"]["id_token"], "post_logout_redirect_uri": self.base + "/bye", "state": "state of " + self.a.client_id}
        return 303, "", {"Location": self.server["end_session_endpoint"] + "?" + urllib.parse.urlencode(q)}

    def bye(self, url, cookie):
        return 200, "bye " + html.escape(dict(urllib.parse.parse_qsl(url.query)).get("state", "")), {}

    def backchannel(self, form):
        told = self.verified(form["logout_token"], options={"iss": {"essential": True, "value": self.a.issuer}, "aud": {"essential": True, "value": self.a.client_id},
                                                             "jti": {"essential": True}, "exp": {"essential": True}, "sid": {"essential": True}, "events": {"essential": True}})
        if told.header["typ"] != "logout+jwt" or LOGOUT not in told["events"] or "nonce" in told:
            raise ValueError("this is no logout token")
        for key, s in list(self.sessions.items()):
            if s["claims"]["sid"] == told["sid"]:
                del self.sessions[key]
        return 200, "", {}


def handler(app):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, do):
            try:
                status, body, headers = do()
            except Exception as e:  # whatever a library throws is what the test wants to see
                print("authlib:", repr(e), file=sys.stderr, flush=True)
                status, body, headers = 400, html.escape(repr(e)), {}
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            for k, v in headers.items():
                self.send_header(k, v)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("app")
            page = {"/": app.home, "/login": app.login, "/callback": app.callback, "/refresh": app.refresh, "/logout": app.logout, "/bye": app.bye}.get(url.path)
            self.answer(lambda: page(url, cookie.value if cookie else None) if page else (404, "not here", {}))

        def do_POST(self):
            form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.answer(lambda: app.backchannel(form))

        def log_message(self, *args):
            pass

    return Handler


def main():
    p = argparse.ArgumentParser(description=__doc__)
    for name in ("--issuer", "--client-id", "--client-secret", "--host"):
        p.add_argument(name, required=True)
    app = App(p.parse_args())
    server = http.server.ThreadingHTTPServer((app.a.host, 0), handler(app))
    app.base = "http://%s:%d" % server.server_address
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(app.a.client_id, app.base, flush=True)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
