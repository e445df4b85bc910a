"""A cookie jar with the rules of browsers: host, domain, path, expiry, Secure (but also over http on loopback, as
browsers do), the __Host- prefix and SameSite.

A cross-site POST carries only cookies with SameSite=None. A cookie without SameSite counts as Lax from the start:
Chromium lets it go with a cross-site POST for its first two minutes, which would hide mistakes. A site is the scheme
and host for addresses and 'localhost', the scheme and last two labels for names; ports do not matter.
"""
import json
import os
import re
import sys
import time
import urllib.parse
from email.utils import parsedate_to_datetime


def is_ip(host):
    return bool(re.match(r"^[\d.]+$|^\[?[0-9a-f:]+\]?$", host, re.I)) and ("." in host or ":" in host)


def loopback(host):
    return host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host in ("::1", "[::1]")


def site(url):
    u = urllib.parse.urlsplit(url)
    h = u.hostname or ""
    if not is_ip(h):
        h = ".".join(h.split(".")[-2:])
    return u.scheme, h


class Jar:
    def __init__(self, path=None, out=sys.stdout):
        self.path, self.cookies, self.out = path, [], out
        if path and os.path.exists(path):
            self.cookies = json.load(open(path))

    def say(self, text):
        print("       " + text, file=self.out)

    def save(self):
        if self.path:
            with open(self.path, "w") as f:
                json.dump(self.cookies, f, indent=1)

    def store(self, url, header):
        u = urllib.parse.urlsplit(url)
        parts = header.split(";")
        name, eq, value = parts[0].strip().partition("=")
        if not eq:
            return
        c = {"name": name.strip(), "value": value.strip(), "domain": u.hostname, "hostonly": True, "secure": False,
             "path": u.path.rsplit("/", 1)[0] or "/", "samesite": "", "expires": None, "httponly": False}
        maxage = None
        for p in parts[1:]:
            k, _, v = p.strip().partition("=")
            k, v = k.lower().strip(), v.strip()
            if k == "domain" and v:
                v = v.lstrip(".").lower()
                if v == u.hostname:
                    c["hostonly"] = is_ip(v)
                elif u.hostname.endswith("." + v) and not is_ip(u.hostname):
                    c["domain"], c["hostonly"] = v, False
                else:
                    self.say("cookie %s refused: domain %s from %s" % (name, v, u.hostname))
                    return
            elif k == "path" and v.startswith("/"):
                c["path"] = v
            elif k == "secure":
                c["secure"] = True
            elif k == "httponly":
                c["httponly"] = True
            elif k == "samesite":
                c["samesite"] = v.lower()
            elif k == "max-age":
                try:
                    maxage = int(v)
                except ValueError:
                    pass
            elif k == "expires":
                try:
                    c["expires"] = parsedate_to_datetime(v.replace("-", " ")).timestamp()
                except (ValueError, TypeError):
                    pass
        if maxage is not None:
            c["expires"] = time.time() + maxage
        if c["secure"] and u.scheme != "https" and not loopback(u.hostname):
            self.say("cookie %s refused: Secure over http" % name)
            return
        if c["samesite"] == "none" and not c["secure"]:
            self.say("cookie %s refused: SameSite=None without Secure" % name)
            return
        if c["name"].startswith("__Host-") and not (c["secure"] and c["hostonly"] and c["path"] == "/"):
            self.say("cookie %s refused: __Host- rules" % name)
            return
        self.cookies = [o for o in self.cookies if (o["name"], o["domain"], o["path"]) !=
                        (c["name"], c["domain"], c["path"])]
        if c["expires"] is None or c["expires"] > time.time():
            self.cookies.append(c)

    def header(self, url, method, initiator):
        u = urllib.parse.urlsplit(url)
        path = u.path or "/"
        cross = initiator is not None and site(initiator) != site(url)
        out = []
        for c in self.cookies:
            if c["expires"] is not None and c["expires"] <= time.time():
                continue
            if not (u.hostname == c["domain"] or
                    (not c["hostonly"] and u.hostname.endswith("." + c["domain"]))):
                continue
            cp = c["path"]
            if not (path == cp or (path.startswith(cp) and (cp.endswith("/") or path[len(cp):][:1] == "/"))):
                continue
            if c["secure"] and u.scheme != "https" and not loopback(u.hostname):
                continue
            if cross and (c["samesite"] == "strict" or (c["samesite"] in ("", "lax") and method != "GET")):
                continue
            out.append(c)
        out.sort(key=lambda c: -len(c["path"]))
        return "; ".join("%s=%s" % (c["name"], c["value"]) for c in out)
