"""Drives the published zato-client against API_URL: it always sends Basic credentials, and no content type."""

import json
import os

import absent

absent.install()

from zato.client import JSONClient  # noqa: E402

PASSWORD = "SD:n25a9-?Z8e-49bQ  D%"


def call(path, **fields):
    client = JSONClient(os.environ["API_URL"], "/zato/sso/user" + path, auth=("front-end", "not a secret"))
    return client.invoke(fields)


def answered(path, **fields):
    answer = call(path, **fields)
    assert answer.ok, answer.inner.text
    assert answer.data["status"] == "ok" and answer.cid == answer.data["cid"] and len(answer.cid) == 24, answer.inner.text
    return answer.data


def refused(code, path, **fields):
    answer = call(path, **fields)
    told = json.loads(answer.inner.text)
    assert answer.inner.status_code == 403 and not answer.ok, answer.inner.text
    assert told["sub_status"] == [code] and answer.cid == told["cid"], answer.inner.text


made = answered("/signup", username="client.user", password=PASSWORD, email="client.user@example.com", current_app="CRM", app_list=["CRM"])
refused("E005001", "/signup", username="client.user", password=PASSWORD, email="other@example.com", current_app="CRM", app_list=["CRM"])
refused("E003002", "/signup", username="other.user", password="short", current_app="CRM", app_list=["CRM"])
refused("E005001", "/login", username="client.user", password=PASSWORD, current_app="CRM")
answered("/signup/confirm", confirm_token=made["confirm_token"], current_app="CRM")
refused("E005001", "/signup/confirm", confirm_token=made["confirm_token"], current_app="CRM")
ust = answered("/login", username="client.user", password=PASSWORD, current_app="CRM")["ust"]
refused("E005005", "/approve", ust=ust, user_id="zusr73fzk8ncns8vd98dhpt0zjbese", current_app="CRM")

# An application that isn't known is refused with 200.
unknown = call("/login", username="client.user", password=PASSWORD, current_app="XYZ")
assert unknown.ok and unknown.data["status"] == "error" and unknown.data["sub_status"] == ["E004001"], unknown.inner.text
