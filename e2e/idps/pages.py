"""What a browser without scripts sees of a page: its forms, links, text and refresh."""
import html.parser
import re


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.forms, self.refresh, self.frames, self.links, self.text = [], None, [], [], []
        self._form = self._select = self._textarea = self._button = None
        self._skip, self._a = 0, None
        self.onload = False
        self.scripts = ""
        self.feed(text)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_starttag(self, tag, attrs):
        a = {k: (v if v is not None else "") for k, v in attrs}
        if tag == "form":
            self._form = {"action": a.get("action", ""), "method": (a.get("method") or "get").lower(), "fields": [],
                          "id": a.get("id", ""), "enctype": a.get("enctype", ""), "submits": []}
            self.forms.append(self._form)
        elif tag in ("input", "button") and self._form is not None:
            kind = (a.get("type") or ("submit" if tag == "button" else "text")).lower()
            item = {"name": a.get("name"), "value": a.get("value", "on" if kind in ("checkbox", "radio") else ""),
                    "type": kind, "checked": "checked" in a, "autocomplete": a.get("autocomplete", ""),
                    "formaction": a.get("formaction")}
            (self._form["submits"] if kind in ("submit", "image", "button") else self._form["fields"]).append(item)
            if tag == "button":
                self._button = item
        elif tag == "select" and self._form is not None:
            self._select = {"name": a.get("name"), "value": None, "type": "select", "checked": False,
                            "autocomplete": "", "options": []}
            self._form["fields"].append(self._select)
        elif tag == "option" and self._select is not None:
            v = a.get("value", "")
            self._select["options"].append(v)
            if self._select["value"] is None or "selected" in a:
                self._select["value"] = v
        elif tag == "textarea" and self._form is not None:
            self._textarea = {"name": a.get("name"), "value": "", "type": "textarea", "checked": False,
                              "autocomplete": ""}
            self._form["fields"].append(self._textarea)
        elif tag == "meta" and a.get("http-equiv", "").lower() == "refresh":
            m = re.match(r"\s*[\d.]*\s*;\s*url\s*=\s*['\"]?([^'\"]+)", a.get("content", ""), re.I)
            if m:
                self.refresh = m.group(1).strip()
        elif tag in ("iframe", "frame") and a.get("src"):
            self.frames.append(a["src"])
        elif tag == "img" and re.search(r"logout|relay", a.get("src", ""), re.I):
            self.frames.append(a["src"])     # by images, too, the other parties of a logout are reached
        elif tag == "a" and a.get("href"):
            self._a = [a["href"], ""]
            self.links.append(self._a)
        elif tag == "body" and "submit" in a.get("onload", ""):
            self.onload = True
        elif tag in ("script", "style"):
            self._skip += 1

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "a":
            self._a = None
        elif tag == "button":
            self._button = None
        elif tag in ("script", "style") and self._skip:
            self._skip -= 1

    def handle_data(self, data):
        if self._skip:
            self.scripts += data
            return
        if self._textarea is not None:
            self._textarea["value"] += data
            return
        if self._a is not None:
            self._a[1] += data
        if self._button is not None:
            self._button["text"] = self._button.get("text", "") + data
        if data.strip():
            self.text.append(" ".join(data.split()))


def successful(form, submit=None):
    """The (name, value) pairs that a browser sends for the form."""
    out = [(f["name"], f["value"] or "") for f in form["fields"]
           if f["name"] and (f["type"] not in ("checkbox", "radio") or f["checked"])]
    if submit and submit["name"]:
        out.append((submit["name"], submit["value"]))
    return out
