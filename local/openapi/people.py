"""What every wire's scenes need: chance, mailboxes, and people to be asked for."""

import itertools
import os
import random
import time

import requests

API = os.environ["API_URL"]
INBOX = os.environ["INBOX_URL"]
PASSWORD = "correct horse battery staple"

dice = random.Random(1)
numbers = itertools.count(1)


def new_address():
    return f"person{os.getpid()}.{next(numbers)}@example.com"


def new_name():
    return f"person-{os.getpid()}-{next(numbers)}"


def mostly():
    return dice.random() < 0.8


def newest(address, pattern):
    """What the newest mail to an address says, after a moment for it to come."""
    for _ in range(100):
        mails = requests.get(INBOX + "/store", timeout=10).json()["emails"]
        texts = [mail["body"]["text"] for mail in mails if mail["destination"]["to"] == [address]]
        if texts:
            return pattern.findall(texts[-1])[-1]
        time.sleep(0.02)
    raise RuntimeError("no mail came to " + address)


class Pool:
    """People of one kind, made when they are needed."""

    def __init__(self, make):
        self.make, self.kept = make, []

    def one(self, spend=False):
        """One of them, who is asked for no more if the request uses him up."""
        if not self.kept:
            self.kept.append(self.make())
        return self.kept.pop() if spend or dice.random() < 0.1 else self.kept[-1]
