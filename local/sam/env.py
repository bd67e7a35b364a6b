"""Writes .local/sam-env.json, the variables of `sam local`'s functions.

The secrets are those of `make run` (.local/secrets.json). The functions run in
containers, so the addresses are those of this machine as a container sees it:
DYNAMODB_ENDPOINT and SES_ENDPOINT, by default on host.docker.internal.
"""

import json
import os
import sys

SECRETS = ".local/secrets.json"
TARGET = ".local/sam-env.json"


def main():
    try:
        with open(SECRETS, encoding="utf-8") as file:
            secrets = json.load(file)
    except FileNotFoundError:
        return f"{SECRETS} isn't there yet: `make run` makes it"
    variables = {
        "SECRETS": json.dumps(secrets),
        "TABLE_NAME": os.environ.get("TABLE_NAME", "doorstep"),
        "DYNAMODB_ENDPOINT": os.environ.get("DYNAMODB_ENDPOINT") or "http://host.docker.internal:8000",
        "SES_ENDPOINT": os.environ.get("SES_ENDPOINT") or "http://host.docker.internal:8005",
    }
    for name in ("SETTINGS", "PUBLIC_URL"):
        if name in os.environ:
            variables[name] = os.environ[name]
    descriptor = os.open(TARGET, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"Parameters": variables}, file, indent=2)
    print(f"{TARGET}: DynamoDB at {variables['DYNAMODB_ENDPOINT']}, SES at {variables['SES_ENDPOINT']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
