"""What the launchers of identity providers and service providers share. Python's standard library only.

Every launcher keeps all that it writes in one state folder:
  pid        one line per process started: "<pid> <start time in clock ticks>"
  info.json  what `start` printed, for `info`
  log        stdout and stderr of the server
  sp.d/      the registered service providers: NAME.xml and NAME.json (options)
"""
import argparse
import hashlib
import html
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
LOOPBACK = re.compile(r"^(127\.\d+\.\d+\.\d+|localhost|::1)$")


def die(msg, code=1):
    sys.stderr.write("error: %s\n" % msg)
    sys.exit(code)


# ---------------------------------------------------------------- processes
def _start_time(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def spawn(state, argv, env=None, cwd=None, clock_offset=0):
    """Start argv in its own session (process group); note its pid in the pid file."""
    if clock_offset:
        if not shutil.which("faketime"):
            die("--clock-offset needs Debian's package faketime")
        argv = ["faketime", "-f", "%+ds" % clock_offset] + argv
    log = open(os.path.join(state, "log"), "ab")
    p = subprocess.Popen(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                         stdout=log, stderr=log, start_new_session=True)
    with open(os.path.join(state, "pid"), "a") as f:
        f.write("%d %s\n" % (p.pid, _start_time(p.pid)))
    return p


def running(state):
    """The pids of the pid file that still are the processes that were started."""
    out = []
    try:
        lines = open(os.path.join(state, "pid")).read().split("\n")
    except OSError:
        return out
    for line in lines:
        parts = line.split()
        if len(parts) == 2 and _start_time(int(parts[0])) == parts[1]:
            out.append(int(parts[0]))
    return out


def stop(state, grace=5.0):
    pids = running(state)
    for sig in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            try:
                os.killpg(pid, sig)
            except ProcessLookupError:
                pass
        end = time.time() + grace
        while pids and time.time() < end:
            for pid in pids:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass
            pids = [p for p in pids if os.path.exists("/proc/%d" % p) and not _zombie(p)]
            time.sleep(0.05)
        if not pids:
            break
    try:
        os.unlink(os.path.join(state, "pid"))
    except FileNotFoundError:
        pass
    return not pids


def _zombie(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def wait_url(url, state, timeout=150.0, expect=None):
    """Wait until url answers 200 (and holds `expect`); return the body."""
    end, last = time.time() + timeout, None
    while time.time() < end:
        if not running(state):
            break
        try:
            with urllib.request.urlopen(url, timeout=60) as r:
                body = r.read()
                if expect is None or expect in body:
                    return body
                last = "answered without %r" % expect
        except urllib.error.HTTPError as e:
            last = "HTTP %d: %s" % (e.code, e.read()[:300])
        except (OSError, ValueError) as e:
            last = e
        time.sleep(0.1)
    tail = ""
    try:
        tail = open(os.path.join(state, "log"), errors="replace").read()[-1500:]
    except OSError:
        pass
    stop(state)
    die("%s did not become ready (%s)\n%s" % (url, last, tail))


def free_port(host="127.0.0.1"):
    with socket.socket() as s:
        s.bind((host, 0))
        return s.getsockname()[1]


# ---------------------------------------------------------------- key material
def self_signed(directory, name, cn):
    """NAME.key and NAME.crt in directory, made once with openssl."""
    os.makedirs(directory, exist_ok=True)
    key, crt = os.path.join(directory, name + ".key"), os.path.join(directory, name + ".crt")
    if not os.path.exists(crt):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "3650",
                        "-subj", "/CN=" + cn, "-keyout", key, "-out", crt],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return key, crt


# ---------------------------------------------------------------- service providers
def fetch(src):
    """The text of a metadata file, or of a loopback URL."""
    if re.match(r"https?://", src):
        host = re.match(r"https?://\[?([^/:\]]+)", src).group(1)
        if not LOOPBACK.match(host):
            die("refusing to fetch metadata from %s: loopback only" % host)
        with urllib.request.urlopen(src, timeout=90) as r:
            return r.read()
    with open(src, "rb") as f:
        return f.read()


def add_sp(state, src, opts=None):
    """Put an SP's metadata (and per-SP options) into sp.d; returns its entity id."""
    xml = fetch(src)
    m = re.search(rb"entityID\s*=\s*[\"']([^\"']+)", xml)
    if not m:
        die("%s holds no entityID" % src)
    entity = html.unescape(m.group(1).decode())
    d = os.path.join(state, "sp.d")
    os.makedirs(d, exist_ok=True)
    name = "sp" + hashlib.sha256(entity.encode()).hexdigest()[:16]
    with open(os.path.join(d, name + ".xml"), "wb") as f:
        f.write(xml)
    with open(os.path.join(d, name + ".json"), "w") as f:
        json.dump(dict(opts or {}, **{"entityid": entity}), f)
    return entity, name, xml


def parse_opts(pairs):
    """["a=true", "b=7", "c=text", 'd=["x"]'] -> {"a": True, "b": 7, "c": "text", "d": ["x"]}"""
    out = {}
    for p in pairs or []:
        k, _, v = p.partition("=")
        try:
            out[k] = json.loads(v)
        except ValueError:
            out[k] = v
    return out


def users(path=None):
    with open(path or os.path.join(HERE, "users.json"), encoding="utf-8") as f:
        return json.load(f)


# ---------------------------------------------------------------- command line
class Listen:
    """Where a server listens, and by what base URL it is known."""

    def __init__(self, a):
        if not LOOPBACK.match(a.host):
            die("--host must be a loopback address")
        self.host, self.port = a.host, a.port or free_port(a.host)
        self.base = "http://%s:%d" % (self.host, self.port)


def parser(doc):
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="cmd", required=True)
    s = sub.add_parser("start", help="start, wait until ready, print where things are")
    s.add_argument("--state", required=True, help="folder for all that this server writes")
    s.add_argument("--port", type=int, default=0, help="default: a free one")
    s.add_argument("--host", default="127.0.0.1", help="loopback address; 127.0.0.2, .3 ... work at once "
                   "and give each server a site of its own")
    s.add_argument("--sp", action="append", default=[], metavar="FILE|URL", help="SP metadata; may be repeated")
    s.add_argument("--sp-opt", action="append", default=[], metavar="K=V", help="option for those SPs")
    s.add_argument("--idp-opt", action="append", default=[], metavar="K=V", help="option for the IdP itself")
    s.add_argument("--users", help="users file (default: users.json beside this script)")
    s.add_argument("--hold", action="store_true", help="stay, and stop the server when standard input ends")
    s.add_argument("--clock-offset", type=int, default=0, metavar="SECONDS",
                   help="run the server with its clock this far off (needs faketime)")
    c = sub.add_parser("add-sp", help="register or replace SPs on a running server")
    c.add_argument("--state", required=True)
    c.add_argument("--sp-opt", action="append", default=[], metavar="K=V")
    c.add_argument("sp", nargs="+", metavar="FILE|URL")
    for name, text in (("stop", "end the processes of the pid file"), ("info", "print what start printed"),
                       ("status", "exit 0 when it runs")):
        q = sub.add_parser(name, help=text)
        q.add_argument("--state", required=True)
    return p, s


def report(a, info):
    """Tell that the server answers, and where; with --hold, stop it when standard input ends."""
    with open(os.path.join(a.state, "info.json"), "w") as f:
        json.dump(info, f, indent=1)
    for k, v in info.items():
        print("%s=%s" % (k, v))
    print("ready", flush=True)
    if a.hold:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0 if stop(a.state) else 1))
        while sys.stdin.read(4096):
            pass
        sys.exit(0 if stop(a.state) else 1)


def common(a):
    """stop, info and status, the same for every launcher. True when handled."""
    a.state = os.path.abspath(a.state)
    if a.cmd == "stop":
        sys.exit(0 if stop(a.state) else 1)
    if a.cmd == "status":
        sys.exit(0 if running(a.state) else 1)
    if a.cmd == "info":
        for k, v in json.load(open(os.path.join(a.state, "info.json"))).items():
            print("%s=%s" % (k, v))
        return True
    if a.cmd == "start":
        os.makedirs(os.path.join(a.state, "sp.d"), exist_ok=True)
        if running(a.state):
            die("already running in %s" % a.state)
        try:
            os.unlink(os.path.join(a.state, "pid"))
        except FileNotFoundError:
            pass
    return False
