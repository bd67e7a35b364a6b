"""Scenes on Norman's wire: an account of the right kind for each call."""

import re

import requests

from people import API, PASSWORD, Pool, dice, mostly, new_address, new_name, newest

BASE = "/v0/authenticate"
PATHS = (BASE,)
CODE = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)


def send(method, path, body=None, bearer=None):
    headers = {"Content-Type": "application/json"}
    if bearer:
        headers["Authorization"] = "Bearer " + bearer
    answer = requests.request(method, API + BASE + path, json=body, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer.json()


def anonymous():
    return send("PUT", "/signup/default")


def with_key():
    return send("PUT", "/signup/key", {"device_id": None, "name": new_name()})


def with_password():
    name = new_name()
    account = send("PUT", "/signup/password", {"name": name, "password": PASSWORD})
    return send("POST", "/login/password/name", {"name": name, "password": PASSWORD}) | {"name": name, "id": account["id"]}


def with_address():
    address = new_address()
    send("PUT", "/signup/email", {"email": address})
    return address


strangers, machines, named, addressed = Pool(anonymous), Pool(with_key), Pool(with_password), Pool(with_address)


def sign_up(case):
    case.body = {"name": new_name(), "device_id": None}
    if case.path.endswith("/password"):
        case.body["password"] = PASSWORD
    if case.path.endswith("/email"):
        case.body["email"] = new_address()


def log_in_default(case):
    case.path_parameters["account_id"] = strangers.one()["account"]["id"]


def log_in_key(case):
    case.body = {"api_key": machines.one()["api_key"]}


def log_in_password(case):
    person = named.one()
    by = dice.choice(["account_id", "name"])
    case.path_parameters["by"] = by
    case.body = {by: person["id"] if by == "account_id" else person["name"], "password": PASSWORD}


def log_in_email(case):
    case.body = {"email": addressed.one()}


def verify_log_in(case):
    address = addressed.one(spend=True)
    case.body = {"email": address, "code": newest(address, CODE)}


def register(case):
    """Gives an account of its own another factor."""
    person = with_password() if dice.random() < 0.1 else named.one()
    act_as(case, person)
    case.body = {"account_id": person["id"], "second_token": None}
    if case.path.endswith("/password"):
        case.body["password"] = PASSWORD
    if "/email" in case.path:
        case.body["email"] = new_address()


def verify_email(case):
    person, address = with_password(), new_address()
    send("POST", "/register/email", {"account_id": person["id"], "email": address}, person["access_token"])
    act_as(case, person)
    case.path_parameters |= {"email": address, "code": newest(address, CODE)}


def keys(case):
    """Lists the keys of an account that has some beside a password."""
    act_as(case, keyed())


def revoke(case):
    """Revokes one of two keys, or the only factor that there is."""
    person = with_key() if dice.random() < 0.3 else keyed()
    if "access_token" not in person:
        person |= send("POST", "/login/key", {"api_key": person["api_key"]})
    act_as(case, person)
    case.path_parameters["key_id"] = send("GET", "/keys", bearer=person["access_token"])["api_keys"][0]["id"]


def keyed():
    person = with_password()
    send("POST", "/generate/key", {"account_id": person["id"]}, person["access_token"])
    return person


SCENES = {
    "/signup/key": sign_up,
    "/signup/password": sign_up,
    "/signup/email": sign_up,
    "/login/default/{account_id}": log_in_default,
    "/login/key": log_in_key,
    "/login/password/{by}": log_in_password,
    "/login/email/otp": log_in_email,
    "/login/email/otp/verify": verify_log_in,
    "/generate/key": register,
    "/keys": keys,
    "/keys/{key_id}": revoke,
    "/register/password": register,
    "/register/email": register,
    "/register/email/resend/otp": register,
    "/register/email/verify/{email}/{code}": verify_email,
}


tokens = {}  # account id -> the newest access token


def act_as(case, person):
    case.headers["Authorization"] = "Bearer " + person["access_token"]


def without_token(case):
    """Whether the request is to show what becomes of one without a token."""
    return getattr(case.meta.phase.data, "parameter", None) == "Authorization"


def before(case):
    """Gives a request what its caller would have."""
    if any(case.operation.definition.raw.get("security", [])):
        if without_token(case):
            return
        if mostly():
            adopt(case)
    scene = SCENES.get(case.path.removeprefix(BASE))
    if scene and dice.random() < 0.5:
        scene(case)


def adopt(case):
    """Puts an account that is known, and its token, in the place of an invented one."""
    about = (case.path_parameters or {}).get("account_id")
    if about in tokens:
        case.headers["Authorization"] = "Bearer " + tokens[about]
        return
    person = named.one()
    act_as(case, person)
    if about is not None:
        case.path_parameters["account_id"] = person["id"]
    if isinstance(case.body, dict) and "account_id" in case.body:
        case.body["account_id"] = person["id"]


def after(case, response):
    """Keeps the token that an answer gave."""
    answer = response.json() if response.status_code == 200 else None
    if isinstance(answer, dict) and "access_token" in answer:
        tokens[answer["account"]["id"]] = answer["access_token"]
