#!/usr/bin/env python3
"""A browser without JavaScript, for signing in through a real identity provider. Python's standard library only.

  drive.py --email alice@acme.test --user alice --password alicepass --until http://127.0.0.31:8000/ \\
           http://127.0.0.31:8000/login

It follows redirects (Location, Refresh, meta refresh), loads frames, presses the button of pages that pass a message on, fills the
page that asks for an e-mail address and the one that asks for a password, and stops at --until (the URL was requested
and its answer is a page) or at --stop (about to be requested; it is not). Without either it stops where nothing is
left to do. Every hop is printed:

  hop N  STATUS METHOD URL   [what was carried: SAMLRequest:AuthnRequest SAMLResponse:Response code ...]

With --stop, the JSON file holds the request that was not made as "pending"; --resume makes it, after any change, in
the same browser or (with another --jar) in another one.

Exit status: 0 arrived; 2 too many hops; 3 ended on another page (its text is printed); 4 a form came back after it
was filled; 5 a connection failed.
"""
import argparse
import base64
import http.client
import json
import re
import subprocess
import sys
import urllib.parse
import zlib

sys.dont_write_bytecode = True
import cookies
import pages

# The parameters by which one party passes a message to another through the browser.
MESSAGES = ("SAMLRequest", "SAMLResponse", "SAMLart", "code", "id_token", "error")
REDIRECTS = (301, 302, 303, 307, 308)
TIMEOUT = 180


class DriveError(Exception):
    def __init__(self, code, msg):
        super().__init__(msg)
        self.code = code


class Step:
    """The next request: what it is for, how it is made, and from which page."""

    def __init__(self, kind, method, url, fields=None, initiator=None):
        self.kind, self.method, self.url = kind, method, url.split("#")[0]
        self.fields, self.initiator = fields, initiator
        if method == "GET" and fields is not None:
            u = urllib.parse.urlsplit(self.url)
            self.url = urllib.parse.urlunsplit(u._replace(query=urllib.parse.urlencode(fields)))
            self.fields = None

    def json(self):
        return {"method": self.method, "url": self.url, "fields": self.fields, "initiator": self.initiator}


class Browser:
    def __init__(self, jar=None, filters=None, out=sys.stdout):
        self.jar = cookies.Jar(jar, out=out)
        self.filters = filters or {}       # parameter name -> shell command, XML on stdin, XML on stdout
        self.out = out
        self.hops, self.messages, self.pending = [], [], None
        self.url = self.status = None
        self.body, self.headers = "", []
        self._filled = set()

    # ---------------------------------------------------------------- one request
    def request(self, step):
        u = urllib.parse.urlsplit(step.url)
        if u.scheme != "http" or not cookies.loopback(u.hostname or ""):
            raise DriveError(5, "%s is not on loopback" % step.url)
        path = urllib.parse.quote(u.path or "/", safe="/%:@!$&'()*+,;=~-._") + ("?" + u.query if u.query else "")
        headers = {"User-Agent": "Mozilla/5.0 (drive.py)", "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
                   "Accept-Language": "en", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
                   "Sec-Fetch-Site": fetch_site(step.initiator, step.url)}
        sent = self.jar.header(step.url, step.method, step.initiator)
        if sent:
            headers["Cookie"] = sent
        body = None
        if step.method == "POST":
            body = urllib.parse.urlencode(step.fields or []).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = origin(step.initiator or step.url)
        conn = http.client.HTTPConnection(u.hostname, u.port or 80, timeout=TIMEOUT)
        try:
            conn.request(step.method, path, body=body, headers=headers)
            r = conn.getresponse()
            raw = r.read()
        except (OSError, http.client.HTTPException) as e:
            raise DriveError(5, "%s %s: %s" % (step.method, step.url, e))
        finally:
            conn.close()
        for k, v in r.getheaders():
            if k.lower() == "set-cookie":
                self.jar.store(step.url, v)
        carried = self._carried(u.query, step.fields)
        self.hops.append({"status": r.status, "method": step.method, "url": step.url, "carried": carried})
        shown = step.url if len(step.url) < 260 else step.url[:257] + "..."
        print("hop %d  %d %s %s%s" % (len(self.hops), r.status, step.method, shown,
                                      "   [%s]" % " ".join(carried) if carried else ""), file=self.out, flush=True)
        self.url, self.status, self.headers = step.url, r.status, r.getheaders()
        charset = re.search(r"charset=([\w-]+)", r.getheader("Content-Type") or "")
        self.body = raw.decode(charset.group(1) if charset else "utf-8", "replace")
        return r

    def _carried(self, query, fields):
        """The names of the messages that a request carries; SAML messages are kept in self.messages."""
        got = []
        for k, v in urllib.parse.parse_qsl(query) + list(fields or []):
            if k not in MESSAGES:
                continue
            got.append(k)
            if k not in ("SAMLRequest", "SAMLResponse"):
                continue
            try:
                x = base64.b64decode(v)
                x = x if x.lstrip()[:1] == b"<" else zlib.decompress(x, -15)
            except (ValueError, zlib.error):
                continue
            xml = x.decode("utf-8", "replace")
            m = re.search(r"<(?:\w+:)?(AuthnRequest|Response|LogoutRequest|LogoutResponse)\b", xml)
            if m:
                got[-1] += ":" + m.group(1)
            self.messages.append({"param": k, "type": m.group(1) if m else "?", "xml": xml})
        return got

    def _filter(self, fields):
        out = []
        for k, v in fields:
            if k in self.filters and v:
                xml = subprocess.run(self.filters[k], shell=True, input=base64.b64decode(v), check=True,
                                     stdout=subprocess.PIPE).stdout
                v = base64.b64encode(xml).decode()
            out.append((k, v))
        return out

    # ---------------------------------------------------------------- a whole journey
    def run(self, step, person, until=(), stop=(), max_hops=40, click=()):
        """Take step and go on, until arrival; self.url, .status and .body are the last page's."""
        clicks = list(click)
        try:
            while True:
                if len(self.hops) >= max_hops:
                    raise DriveError(2, "more than %d hops" % max_hops)
                if any(step.url.startswith(p) for p in stop):
                    print("stop   %s %s" % (step.method, step.url), file=self.out)
                    self.url, self.pending = step.url, step.json()
                    return
                r = self.request(step)
                location = r.getheader("Location")
                if r.status in REDIRECTS and location is not None:
                    step = self._redirected(step, r.status, urllib.parse.urljoin(step.url, location))
                    continue
                page = pages.Page(self.body) if "<" in self.body[:4000] else pages.Page("")
                self._frames(page, step.url)
                following = self._next(page, step.url, r, person)
                if any(step.url.startswith(p) for p in until) and not (following and following.kind == "message"):
                    following = None
                    if not clicks:
                        return
                if following is None and clicks:
                    following = self._click(page, step.url, clicks.pop(0))
                if following is None:
                    if not until and not stop:
                        return
                    raise DriveError(3, "ended at %s (%d): %s" % (step.url, r.status, self.text(page)))
                if following.fields is not None:
                    following.fields = self._filter(following.fields)
                following.initiator = step.url
                step = following
        finally:
            self.jar.save()

    def _frames(self, page, url):
        """The pages and images inside a page: by them identity providers reach the other parties of a logout."""
        outer = self.url, self.status, self.body, self.headers
        for src in page.frames:
            step = Step("frame", "GET", urllib.parse.urljoin(url, src), initiator=url)
            for _ in range(10):
                r = self.request(step)
                location = r.getheader("Location")
                if r.status in REDIRECTS and location is not None:
                    step = self._redirected(step, r.status, urllib.parse.urljoin(step.url, location))
                    continue
                refused = r.getheader("X-Frame-Options") or "frame-ancestors" in (r.getheader("Content-Security-Policy") or "")
                inside = pages.Page(self.body) if "<" in self.body[:4000] and not refused else pages.Page("")
                form = next((f for f in inside.forms if any(x["name"] in MESSAGES for x in f["fields"])), None)
                if form is None:
                    break
                step = Step("message", form["method"].upper(), target(form, step.url), pages.successful(form), step.url)
        self.url, self.status, self.body, self.headers = outer

    @staticmethod
    def _redirected(step, status, url):
        # The page that began the navigation stays its initiator, and one that crosses sites stays cross-site.
        initiator = step.initiator
        if initiator is None and cookies.site(step.url) != cookies.site(url):
            initiator = step.url
        if status in (307, 308):
            return Step("redirect", step.method, url, step.fields, initiator)
        return Step("redirect", "GET", url, None, initiator)

    def text(self, page):
        return (" | ".join(page.text) if page.text else self.body)[:1500]

    def _next(self, page, url, response, person):
        """What a person, or the page itself, does next; None where it is for the caller to say."""
        for f in page.forms:
            names = [x["name"] for x in f["fields"]]
            if any(n in names for n in MESSAGES) and not any(x["type"] == "password" for x in f["fields"]):
                named = next((s for s in f["submits"] if s["name"]), None)
                return Step("message", f["method"].upper(), target(f, url), pages.successful(f, named))
        if person.get("user") is not None:
            for f in page.forms:
                if any(x["type"] == "password" for x in f["fields"]):
                    self._fill(f, person["user"], person.get("password") or "")
                    return self._once(submit("login", f, url), page)
            for f in page.forms:
                asked = [x for x in f["fields"] if x["name"] and (x["type"] == "email" or x["name"] == "email")]
                if asked and asked[0]["type"] != "hidden" and not asked[0]["value"]:
                    asked[0]["value"] = person.get("email") or person["user"]
                    return self._once(submit("email", f, url), page)
        refresh = response.getheader("Refresh") or ""
        if "url=" in refresh.lower():
            return Step("refresh", "GET", urllib.parse.urljoin(url, re.split("url=", refresh, flags=re.I)[1].strip()))
        if page.refresh:
            return Step("refresh", "GET", urllib.parse.urljoin(url, page.refresh))
        if page.onload or re.search(r"\.submit\(\)", page.scripts):
            for f in page.forms:
                if f["fields"] or f["submits"]:
                    named = next((s for s in f["submits"][:1] if s["name"]), None)
                    return Step("script", f["method"].upper(), target(f, url), pages.successful(f, named))
        if response.status < 400:          # "go on?" pages: the one form that has a yes, continue or confirm
            for f in page.forms:
                words = [f["action"]] + [str(x["name"]) for x in f["fields"] + f["submits"]]
                words += [str(x["value"]) + " " + x.get("text", "") for x in f["submits"]]
                if re.search(r"\b(yes|confirm|consent|prompt|skip|continue)\b", " ".join(words), re.I):
                    return self._once(submit("consent", f, url), page)
        return None

    @staticmethod
    def _fill(form, user, password):
        text = [x for x in form["fields"] if x["type"] in ("text", "email", "tel") and x["name"]]
        named = [x for x in text if re.search(r"user|login|email|uid|name", x["name"], re.I)]
        for x in (named or text)[:1]:
            x["value"] = x["value"] or user
        for x in form["fields"]:
            if x["type"] == "password":
                x["value"] = password

    def _once(self, step, page):
        """A form that comes back after it was filled will not get better by filling it again."""
        key = step.kind, step.url.split("?")[0]
        if key in self._filled:
            raise DriveError(4, "the %s form came back: %s" % (step.kind, self.text(page)))
        self._filled.add(key)
        return step

    def _click(self, page, url, what):
        """Follow the first link, or submit the first form, whose text, name, id or address holds `what`."""
        for href, text in page.links:
            if what.lower() in text.lower() or what in href:
                return Step("click", "GET", urllib.parse.urljoin(url, href))
        for f in page.forms:
            for s in f["submits"]:
                if what.lower() in " ".join([str(s["name"]), str(s["value"]), s.get("text", "")]).lower():
                    return Step("click", f["method"].upper(), target(f, url, s), pages.successful(f, s))
            if what in f["action"] or what == f["id"]:
                return Step("click", f["method"].upper(), target(f, url), pages.successful(f))
        raise DriveError(3, "nothing to click named %r at %s: %s" % (what, url, self.text(page)))


def origin(url):
    u = urllib.parse.urlsplit(url)
    return "%s://%s" % (u.scheme, u.netloc)


def fetch_site(initiator, url):
    if initiator is None:
        return "none"
    if origin(initiator) == origin(url):
        return "same-origin"
    return "same-site" if cookies.site(initiator) == cookies.site(url) else "cross-site"


def target(form, url, button=None):
    return urllib.parse.urljoin(url, (button and button.get("formaction")) or form["action"] or url)


def submit(kind, form, url):
    """Press the button that goes on, or the first one."""
    def goes_on(s):
        return re.search(r"yes|login|continue|submit|ok|proceed|allow|accept",
                         str(s["name"]) + str(s["value"]) + s.get("text", ""), re.I)
    button = next(filter(goes_on, form["submits"]), form["submits"][0] if form["submits"] else None)
    return Step(kind, form["method"].upper(), target(form, url, button), pages.successful(form, button))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("url", nargs="?")
    p.add_argument("--resume", metavar="FILE", help="begin with the request of this file (\"pending\" of --json)")
    p.add_argument("--email", help="typed where a page asks for an address only (default: the user)")
    p.add_argument("--user", help="typed together with the password")
    p.add_argument("--password")
    p.add_argument("--until", action="append", default=[], metavar="PREFIX")
    p.add_argument("--stop", action="append", default=[], metavar="PREFIX")
    p.add_argument("--click", action="append", default=[], metavar="TEXT", help="where nothing else is left to do: "
                   "follow the link or press the button whose text, name or address holds TEXT")
    p.add_argument("--jar", metavar="FILE", help="cookies are read from and kept in FILE")
    p.add_argument("--max-hops", type=int, default=40)
    p.add_argument("--filter", action="append", default=[], metavar="PARAM=COMMAND",
                   help="pass the XML of a posted SAMLRequest or SAMLResponse through COMMAND before it is sent")
    p.add_argument("--json", metavar="FILE", help="write url, status, body, hops, messages and pending there")
    a = p.parse_args()
    if bool(a.url) == bool(a.resume):
        p.error("give a URL or --resume")
    if a.resume:
        with open(a.resume, encoding="utf-8") as f:
            first = json.load(f)
        fields = first["fields"] and [(k, v) for k, v in first["fields"]]
        step = Step("resume", first["method"], first["url"], fields, first["initiator"])
    else:
        step = Step("typed", "GET", a.url)
    b = Browser(jar=a.jar, filters=dict(f.split("=", 1) for f in a.filter))
    code, problem = 0, ""
    try:
        b.run(step, {"email": a.email, "user": a.user, "password": a.password}, a.until, a.stop, a.max_hops, a.click)
        print("arrived at %s" % b.url)
    except DriveError as e:
        code, problem = e.code, str(e)
        print("failed: %s" % e)
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump({"url": b.url, "status": b.status, "body": b.body, "hops": b.hops, "messages": b.messages,
                       "pending": b.pending, "problem": problem}, f, indent=1)
    sys.exit(code)


if __name__ == "__main__":
    main()
