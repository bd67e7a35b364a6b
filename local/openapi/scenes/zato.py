"""Scenes on Zato's wire: a sign-up, a session or a super-user for each call."""

import os

import requests

from people import API, PASSWORD, Pool, dice, mostly, new_address, new_name

BASE = "/zato/sso/user"
PATHS = (BASE,)
OPERATOR = {"Authorization": "Bearer " + os.environ.get("OPERATOR_KEY", "")}


def send(path, body, headers=None):
    answer = requests.post(API + BASE + path, json=body | {"current_app": "CRM"}, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer.json()


def new_person():
    return {"username": new_name(), "password": PASSWORD, "email": new_address(), "current_app": "CRM", "app_list": ["CRM"]}


def signed_up():
    person = new_person()
    return person | send("/signup", person, OPERATOR)


def confirmed():
    person = signed_up()
    send("/signup/confirm", {"confirm_token": person["confirm_token"]})
    return person


def logged_in():
    person = confirmed()
    return person | send("/login", {"username": person["username"], "password": PASSWORD})


def chief():
    return send("/login", {"username": "chief", "password": PASSWORD})


waiting, people, holders, chiefs = Pool(signed_up), Pool(confirmed), Pool(logged_in), Pool(chief)


def sign_up(case):
    case.body = new_person()
    if dice.random() < 0.3:
        case.body[dice.choice(["username", "email"])] = people.one()[dice.choice(["username", "email"])]
    if dice.random() < 0.1:
        case.body["password"] = case.body["username"]


def confirm(case):
    case.body = {"confirm_token": waiting.one(spend=dice.random() < 0.5)["confirm_token"], "current_app": "CRM"}


def log_in(case):
    person = (people if mostly() else waiting).one()
    case.body = {"username": person["username"], "password": PASSWORD if mostly() else "wrong", "current_app": "CRM"}


def decide(case):
    by = (chiefs if mostly() else holders).one()
    about = waiting.one()["user_id"] if mostly() else "zusr73fzk8ncns8vd98dhpt0zjbese"
    case.body = {"ust": by["ust"], "user_id": about, "current_app": "CRM"}


SCENES = {"/signup": sign_up, "/signup/confirm": confirm, "/approve": decide, "/reject": decide, "/login": log_in}


def before(case):
    """Gives a request what its caller would have."""
    scene = SCENES[case.path.removeprefix(BASE)]
    if case.path == BASE + "/signup" and case.method == "PATCH":
        scene = confirm
    if mostly() and dice.random() < 0.7:
        scene(case)
    if dice.random() < 0.3:
        case.headers["Authorization"] = OPERATOR["Authorization"]


def after(case, response):
    """Keeps nothing: every answer stands for itself."""
