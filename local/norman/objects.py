"""Stands for norman_objects, which norman_core imports and which no registry has.

The objects hold what the client documents of its requests and answers; the paths, the headers and the reading of the
answers are the published client's own.
"""

import datetime
import sys
import types
from typing import Generic, Optional, TypeVar

import pydantic

T = TypeVar("T")


class Sensitive(Generic[T]):
    def __init__(self, value: T):
        self._value = value

    def value(self) -> T:
        return self._value


class Account(pydantic.BaseModel):
    id: str
    creation_time: datetime.datetime
    name: str


class LoginResponse(pydantic.BaseModel):
    account: Optional[Account]
    access_token: Optional[str]
    id_token: Optional[str]


class AccountAuthenticationMethods(pydantic.BaseModel):
    account_id: str
    api_key_count: int
    password_count: int
    verified_email_count: int


def request(called: str, /, **fields: type) -> type[pydantic.BaseModel]:
    return pydantic.create_model(called, **{field: (kind, None if kind == Optional[str] else ...) for field, kind in fields.items()})


SIGNUP = {"device_id": Optional[str], "name": str}
FACTOR = {"account_id": str, "second_token": Optional[str]}

MODULES = {
    "shared.security.sensitive": [Sensitive],
    "shared.accounts.account": [Account],
    "shared.authentication.account_authentication_methods": [AccountAuthenticationMethods],
    "services.authenticate.login.login_response": [LoginResponse],
    "services.authenticate.login.api_key_login_request": [request("ApiKeyLoginRequest", api_key=str)],
    "services.authenticate.login.account_id_password_login_request": [
        request("AccountIDPasswordLoginRequest", account_id=str, password=str)
    ],
    "services.authenticate.login.name_password_login_request": [request("NamePasswordLoginRequest", name=str, password=str)],
    "services.authenticate.login.email_password_login_request": [
        request("EmailPasswordLoginRequest", email=str, password=str)
    ],
    "services.authenticate.signup.signup_password_request": [request("SignupPasswordRequest", **SIGNUP, password=str)],
    "services.authenticate.signup.signup_email_request": [request("SignupEmailRequest", **SIGNUP, email=str)],
    "services.authenticate.register.register_auth_factor_request": [request("RegisterAuthFactorRequest", **FACTOR)],
    "services.authenticate.register.register_password_request": [
        request("RegisterPasswordRequest", **FACTOR, password=str)
    ],
    "services.authenticate.register.register_email_request": [request("RegisterEmailRequest", **FACTOR, email=str)],
    "services.authenticate.register.resend_email_verification_code_request": [
        request("ResendEmailVerificationCodeRequest", **FACTOR, email=str)
    ],
}


def install() -> types.SimpleNamespace:
    """Makes the modules importable, and returns all objects by name."""
    everything = {}
    for path, members in MODULES.items():
        parts = ["norman_objects", *path.split(".")]
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if name not in sys.modules:
                module = types.ModuleType(name)
                module.__path__ = []
                sys.modules[name] = module
        for member in members:
            setattr(sys.modules[".".join(parts)], member.__name__, member)
            everything[member.__name__] = member
    return types.SimpleNamespace(**everything)
