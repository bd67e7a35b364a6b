"""Scenes on Deskree's wire: an account of the right kind for each call."""

import os
import re

import requests

from people import API, PASSWORD, Pool, dice, mostly, new_address, newest

BASE = "/api/v1/auth/accounts"
USERS = "/api/v1/rest/collections/users"
PATHS = (BASE, USERS)
LINK = re.compile(r"[?&]oobCode=([\w-]+)&uid=(\w+)")
OPERATOR = {"deskree-admin": os.environ.get("OPERATOR_KEY", "")}


def send(path, body, headers=None):
    answer = requests.post(API + BASE + path, json=body, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer.json()


def mailed(address):
    """What the link of the newest mail to the address carries."""
    code, uid = newest(address, LINK)
    return {"oobCode": code, "uid": uid}


def unconfirmed():
    address = new_address()
    send("/signup", {"email": address, "password": PASSWORD})
    return address


def confirmed():
    address = unconfirmed()
    send("/verify/email", mailed(address))
    return {"email": address, "password": PASSWORD}


def signed_in():
    person = confirmed()
    return person | send("/sign-in/email", person)["data"]


def invited():
    address = new_address()
    send("/invite", {"email": address}, OPERATOR)
    return address


def forgetful():
    address = confirmed()["email"]
    send("/password-reset", {"email": address})
    return address


waiting, people, holders = Pool(unconfirmed), Pool(confirmed), Pool(signed_in)
guests, resetting = Pool(invited), Pool(forgetful)


def sign_up(case):
    case.body = {"email": new_address(), "password": PASSWORD}


def sign_in(case):
    kind = dice.random()
    case.body = people.one() if kind < 0.6 else {"email": waiting.one() if kind < 0.8 else new_address(), "password": PASSWORD}


def refresh(case):
    case.body = {"refresh_token": holders.one(spend=True)["refreshToken"]}


def confirm(case):
    case.body = mailed(waiting.one(spend=True))


def accept(case):
    case.body = mailed(guests.one(spend=True)) | {"newPassword": PASSWORD}


def set_password(case):
    case.body = mailed(resetting.one(spend=True)) | {"newPassword": PASSWORD}


def ask(case):
    case.body = {"email": people.one()["email"] if mostly() else new_address()}


def invite(case):
    case.body = {"email": new_address() if mostly() else people.one()["email"]}


def leave(case):
    act_as(case, holders.one(spend=True))


SCENES = {
    BASE: leave,
    BASE + "/signup": sign_up,
    BASE + "/sign-in/email": sign_in,
    BASE + "/token/refresh": refresh,
    BASE + "/verify/email": confirm,
    BASE + "/verify/invite": accept,
    BASE + "/verify/password-reset": set_password,
    BASE + "/password-reset": ask,
    BASE + "/email-providers": ask,
    BASE + "/invite": invite,
}


def act_as(case, person):
    case.headers["Authorization"] = "Bearer " + person["idToken"]


def without_credentials(case):
    """Whether the request is to show what becomes of one without them."""
    return getattr(case.meta.phase.data, "parameter", None) in ("Authorization", "deskree-admin")


def before(case):
    """Gives a request what its caller would have."""
    if without_credentials(case):
        return
    names = [name for scheme in case.operation.definition.raw.get("security", []) for name in scheme]
    if mostly():
        if "deskreeAdmin" in names:
            case.headers.update(OPERATOR)
        if "identityToken" in names:
            adopt(case)
    scene = SCENES.get(case.path)
    if scene and dice.random() < 0.5:
        scene(case)


def adopt(case):
    """Puts an account that is known, and its token, in the place of an invented one."""
    if case.path == BASE:
        return leave(case)
    person = holders.one()
    act_as(case, person)
    if "uid" in (case.path_parameters or {}) and mostly():
        case.path_parameters["uid"] = person["uid"]


def after(case, response):
    """Nothing is kept of what answers give."""
