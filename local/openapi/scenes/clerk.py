"""Scenes on Clerk's wire.

Whatever an answer names belongs to the client that it was given to; a request about
it carries that client's newest token, as a cookie or natively. An invented id gives
way to one of somebody who was signed up for that.
"""

import re
import urllib.parse

import requests

from people import API, PASSWORD, Pool, dice, mostly, new_address, newest

PATHS = ("/v1/", "/npm/", "/.well-known/")
SIGN_UPS = "/v1/client/sign_ups"

IDS = re.compile(r"\b(?:sua|sess)_[0-9A-Za-z]{22}\b")
CLIENT = re.compile(r"\bclient_[0-9A-Za-z]{22}\b")
CODE = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)
LINK = re.compile(r"[?&]token=([^\s\"&]+)")

# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

credentials = {}  # client id -> ("cookie" or "native", token), the newest
owners = {}  # id of a sign-up or session -> client id
tags = {}  # path -> ETag


class Person:
    """Somebody who signs up beside the tests, in a browser or in an app."""

    def __init__(self, native=False, strategy="email_code"):
        self.native = native
        self.address = new_address()
        self.fields = {"email_address": self.address, "password": PASSWORD}
        if strategy:
            self.fields["strategy"] = strategy
        if native:
            self.fields |= {"redirect_uri": "http://localhost:3000/verified", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        self.sign_up = self.post(SIGN_UPS, self.fields)["response"]["id"]

    def post(self, path, fields):
        token = credentials[owners[self.sign_up]][1] if "sign_up" in vars(self) else ""
        answer = requests.post(
            API + path,
            fields,
            params={"_is_native": "1"} if self.native else {},
            headers={"Authorization": token} if self.native and token else {},
            cookies={"__client": token} if token and not self.native else {},
            timeout=10,
        )
        answer.raise_for_status()
        keep(answer.text, answer.headers.get("Authorization"), answer.cookies.get("__client"), token if self.native else "")
        return answer.json()

    def newest(self, pattern):
        return newest(self.address, pattern)

    def sign_in(self):
        """Completes the sign-up and returns the session's id."""
        code = {"strategy": "email_code", "code": self.newest(CODE)}
        return self.post(f"{SIGN_UPS}/{self.sign_up}/attempt_verification", code)["response"]["created_session_id"]

    def approve(self):
        """Follows the link as far as the app: returns the approval token."""
        answer = requests.post(
            API + "/v1/verify", params={"token": urllib.parse.unquote(self.newest(LINK))}, allow_redirects=False, timeout=10
        )
        return urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["approval_token"][0]


def keep(text, native, cookie, sent=""):
    """Keeps whose an answer is: tokens by client, clients by what they own."""
    clients = CLIENT.findall(text)
    if not clients:
        return
    client = clients[-1]  # the envelope's own comes last
    if native or sent:
        credentials[client] = ("native", native or sent)
    elif cookie:
        credentials[client] = ("cookie", cookie)
    owners.update(dict.fromkeys(IDS.findall(text), client))


sessions = Pool(lambda: Person(native=dice.random() < 0.5).sign_in())
sign_ups = Pool(lambda: Person(native=dice.random() < 0.5))


def ends_session(case):
    return (
        case.path.endswith(("/end", "/remove", "/revoke"))
        or case.method == "DELETE"
        or (case.method == "POST" and (case.query or {}).get("_method") == "DELETE")
    )


def act_as(case, owned):
    """Lets the request come from the client that owns a sign-up or session."""
    kind, token = credentials[owners[owned]]
    leave(case)
    if kind == "native":
        case.query["_is_native"] = "1"
        case.headers["Authorization"] = token
    else:
        case.cookies["__client"] = token


def leave(case):
    """Lets the request come from nobody."""
    case.query = {name: value for name, value in (case.query or {}).items() if name != "_is_native"}
    case.cookies = {name: value for name, value in (case.cookies or {}).items() if name != "__client"}
    case.headers.pop("Authorization", None)


def begin(case):
    leave(case)
    case.body = {"email_address": new_address(), "password": PASSWORD, "strategy": "email_code"}
    if dice.random() < 0.5:
        case.query["_is_native"] = "1"


def prepare(case):
    person = Person(strategy="")
    case.path_parameters["id"] = person.sign_up
    act_as(case, person.sign_up)
    case.body = {"strategy": "email_code"}


def attempt(case):
    person = sign_ups.one(spend=True)
    case.path_parameters["id"] = person.sign_up
    act_as(case, person.sign_up)
    case.body = {"strategy": "email_code", "code": person.newest(CODE)}


def follow(case):
    person = Person(native=dice.random() < 0.5) if case.method == "POST" else sign_ups.one()
    act_as(case, person.sign_up)
    case.query = {"token": urllib.parse.unquote(person.newest(LINK))}


def complete(case):
    person = Person(native=True, strategy="email_link")
    act_as(case, person.sign_up)
    case.body = {"flow_id": person.sign_up, "approval_token": person.approve(), "code_verifier": VERIFIER}


def send_nothing(case):
    case.body = {}


def act_for_active(case):
    case.query.pop("_clerk_session_id", None)


def send_tag(case):
    if case.path in tags:
        case.headers["If-None-Match"] = tags[case.path]


SCENES = {
    SIGN_UPS: begin,
    SIGN_UPS + "/{id}/prepare_verification": prepare,
    SIGN_UPS + "/{id}/attempt_verification": attempt,
    "/v1/verify": follow,
    "/v1/client/magic_links/complete": complete,
    "/v1/client/sessions/{id}/touch": send_nothing,
    "/v1/client/sessions/{id}/tokens": send_nothing,
    "/v1/me": act_for_active,
    "/v1/me/sessions/active": act_for_active,
    "/v1/me/sessions/{id}/revoke": act_for_active,
    "/.well-known/jwks.json": send_tag,
    "/v1/jwks": send_tag,
    "/.well-known/openid-configuration": send_tag,
}


def adopt(case):
    """Puts a known id and its owner in the place of an invented one."""
    about = (case.path_parameters or {}).get("id")
    kind = "sua_" if case.path.startswith(SIGN_UPS) else "sess_"
    if about is not None and not (about in owners and about.startswith(kind)):
        about = sign_ups.one().sign_up if case.path.startswith(SIGN_UPS) else sessions.one(ends_session(case))
        case.path_parameters["id"] = about
    elif about is None:
        about = sessions.one(ends_session(case))
    if owners[about] in credentials:
        act_as(case, about)


def before(case):
    """Gives a request what its caller would have."""
    if any(case.operation.definition.raw.get("security", [])) and mostly():
        adopt(case)
    if case.path in SCENES and dice.random() < 0.5:
        SCENES[case.path](case)


def after(case, response):
    """Keeps what an answer gave."""
    headers = response.headers
    if "etag" in headers:
        tags[case.path] = headers["etag"][0]
    cookie = next((line for line in headers.get("set-cookie", []) if line.startswith("__client=")), "")
    keep(response.text or "", (headers.get("authorization") or [""])[0], cookie.split(";")[0].removeprefix("__client="))
