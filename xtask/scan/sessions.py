"""Signs in to a running demo as each visitor of the scan, and prints their cookies as JSON: {visitor: "name=value; ..."}.

Usage: sessions.py BASE AUTHENTICATOR VISITOR...   (`nobody`, `citizen`, or the name of an account of the back office)
Knows the pages by their forms only, and talks to this machine only.
"""

import html
import json
import re
import sys
from urllib.parse import urljoin, urlsplit

import httpx

PASSWORD = "a country in a box"  # every account of the demo has it; the demo prints it
PERSONA = "wang-xiaoming"


def local(url):
    if urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"):
        raise SystemExit(f"{url} is not on this machine")
    return url


class Browser:
    def __init__(self):
        self.http = httpx.Client(follow_redirects=True, timeout=60)
        self.page = None

    def get(self, url):
        self.page = self.http.get(local(url))
        return self

    def forms(self):
        for begin, inner in re.findall(r"<form\b([^>]*)>(.*?)</form>", self.page.text, re.S):
            action = re.search(r'action="([^"]*)"', begin)
            fields = {}
            for tag in re.findall(r"<(?:input|button)\b[^>]*>", inner):
                name, value = (re.search(rf'\b{key}="([^"]*)"', tag) for key in ("name", "value"))
                if name and re.search(r'type="hidden"', tag):
                    fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
            yield urljoin(str(self.page.url), html.unescape(action[1]) if action else ""), fields, inner

    def post(self, has, **typed):
        """Fills in the form that has this text, and sends it as a browser would."""
        for action, fields, inner in self.forms():
            if has in inner:
                parts = urlsplit(action)
                headers = {"origin": f"{parts.scheme}://{parts.netloc}"}
                self.page = self.http.post(local(action), data={**fields, **typed}, headers=headers)
                return self
        raise SystemExit(f"{self.page.url} has no form with {has!r}:\n{self.page.text[:2000]}")

    def onward(self):
        """Goes where a page that loads the next one leads."""
        while found := re.search(r'http-equiv="refresh" content="0;\s*url=([^"]*)"', self.page.text):
            self.get(urljoin(str(self.page.url), html.unescape(found[1])))
        return self

    def cookies(self, host):
        return "; ".join(f"{c.name}={c.value}" for c in self.http.cookies.jar if c.domain.split(".")[0] == host)


def citizen(base, browser):
    browser.get(base + "login").post('name="method"', method="CER").onward()
    for action, fields, inner in browser.forms():
        button = re.search(rf'<button\b[^>]*name="([^"]*)"[^>]*value="{PERSONA}"', inner)
        if button:
            browser.page = browser.http.post(local(action), data={**fields, button[1]: PERSONA})
            break
    browser.onward()
    if 'name="agree"' in browser.page.text:
        browser.post('name="agree"', agree="yes")
    browser.get(base + "me")
    return browser.page.url.path == "/me"


def account(base, authenticator, browser, name):
    browser.get(base + "mydata-backend/signin").post('name="password"', account=name, password=PASSWORD, do="save")
    if browser.page.url.path.endswith("/second-factor"):
        code = re.search(r"<code>(\d{6})</code>", httpx.get(local(authenticator)).text)[1]
        browser.post('name="code"', code=code, do="totp")
    if 'name="agree"' in browser.page.text:
        browser.post('name="agree"', agree="yes")
    browser.get(base + "mydata-backend/me")
    return browser.page.url.path == "/mydata-backend/me"


def main(base, authenticator, *visitors):
    cookies = {}
    for visitor in visitors:
        browser = Browser()
        if visitor == "nobody":
            cookies[visitor] = ""
            continue
        good = citizen(base, browser) if visitor == "citizen" else account(base, authenticator, browser, visitor)
        if not good:
            raise SystemExit(f"{visitor} could not sign in; the last page was {browser.page.url}:\n{browser.page.text[:2000]}")
        cookies[visitor] = browser.cookies(urlsplit(base).hostname)
    json.dump(cookies, sys.stdout)


main(*sys.argv[1:])
