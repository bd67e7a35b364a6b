"""Drives the published norman_core through its whole authentication module, against API_URL; mails are read at INBOX_URL."""

import asyncio
import os
import re
import time

import httpx

import objects

o = objects.install()

from norman_core.clients.http_client import HttpClient  # noqa: E402
from norman_core.services.authenticate import Authenticate  # noqa: E402

PASSWORD = "TestUser123!"


def code(address: str, seen: int = 0) -> str:
    """The code of the newest mail to address, once there are more than seen."""
    for _ in range(500):
        mails = [m for m in httpx.get(os.environ["INBOX_URL"] + "/store").json()["emails"] if address in m["destination"]["to"]]
        if len(mails) > seen:
            return re.search(r"^(\d{6})$", mails[-1]["body"]["text"], re.MULTILINE).group(1)
        time.sleep(0.02)
    raise AssertionError(f"no mail to {address}")


async def refused(awaitable, status: int) -> dict:
    try:
        await awaitable
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == status, error.response.text
        body = error.response.json()
        assert body["status_code"] == status and body["error_type"] and body["message"], body
        return body
    raise AssertionError(f"not refused with {status}")


async def anonymous_to_permanent(client: HttpClient) -> None:
    begun = await Authenticate.signup.signup_default(client)
    who = begun.account.id
    again = await Authenticate.login.login_default(client, who)
    assert again.account == begun.account and again.access_token and again.id_token
    token = o.Sensitive(again.access_token)
    await Authenticate.register.register_password(
        client, token, o.RegisterPasswordRequest(account_id=who, password=PASSWORD)
    )
    await refused(Authenticate.login.login_default(client, who), 401)
    await refused(Authenticate.register.get_authentication_factors(client, token, who), 401)
    back = await Authenticate.login.login_password_account_id(
        client, o.AccountIDPasswordLoginRequest(account_id=who, password=PASSWORD)
    )
    token = o.Sensitive(back.access_token)
    key = await Authenticate.register.generate_api_key(client, token, o.RegisterAuthFactorRequest(account_id=who))
    by_key = await Authenticate.login.login_with_key(client, o.ApiKeyLoginRequest(api_key=key))
    assert by_key.account.id == who
    address = "python-own@example.com"
    await Authenticate.register.register_email(client, token, o.RegisterEmailRequest(account_id=who, email=address))
    await refused(
        Authenticate.register.resend_email_otp(
            client, token, o.ResendEmailVerificationCodeRequest(account_id=who, email=address)
        ),
        429,
    )
    await Authenticate.register.verify_email(client, token, address, code(address))
    factors = await Authenticate.register.get_authentication_factors(client, token, who)
    assert (factors.account_id, factors.api_key_count, factors.password_count, factors.verified_email_count) == (who, 1, 1, 1)
    by_mail = await Authenticate.login.login_password_email(
        client, o.EmailPasswordLoginRequest(email=address, password=PASSWORD)
    )
    assert by_mail.account.id == who


async def by_name(client: HttpClient) -> None:
    made = await Authenticate.signup.signup_with_password(
        client, o.SignupPasswordRequest(name="python-pw", password=PASSWORD)
    )
    assert made.name == "python-pw" and made.creation_time.tzinfo is not None
    back = await Authenticate.login.login_password_name(
        client, o.NamePasswordLoginRequest(name="python-pw", password=PASSWORD)
    )
    assert back.account == made
    taken = await refused(
        Authenticate.signup.signup_with_password(client, o.SignupPasswordRequest(name="python-pw", password=PASSWORD)), 400
    )
    assert taken["error_type"] == "validation"


async def by_mail(client: HttpClient) -> None:
    address = "python-mail@example.com"
    made = await Authenticate.signup.signup_with_email(client, o.SignupEmailRequest(name="python-mail", email=address))
    first = await Authenticate.login.verify_email_otp(client, address, code(address))
    assert first.account == made
    await Authenticate.login.login_email_otp(client, address)
    second = await Authenticate.login.verify_email_otp(client, address, code(address, 1))
    assert second.account == made and second.access_token != first.access_token


async def main() -> None:
    async with HttpClient(base_url=os.environ["API_URL"] + "/v0") as client:
        await anonymous_to_permanent(client)
        await by_name(client)
        await by_mail(client)


asyncio.run(main())
