"""Gives schemathesis what a person and an SDK have: credentials, mailboxes, links.

Each wire has scenes of its own, a module in scenes/ that is found there: PATHS begin
its paths, before(case) changes some requests before they are sent, and after(case,
response) keeps what answers give. Some requests stay as they were generated, so
strangers are heard, too.
"""

import importlib
import pathlib
import sys

import schemathesis

import people

WIRES = [importlib.import_module("scenes." + file.stem) for file in sorted(pathlib.Path(__file__).parent.glob("scenes/*.py"))]

IN_SEQUENCES = "--phases=stateful" in sys.argv


def wires_of(case):
    return [wire for wire in WIRES if case.path.startswith(wire.PATHS)]


@schemathesis.hook
def before_call(context, case, kwargs):
    if IN_SEQUENCES:  # what was generated decides, so that one that is run again goes the same way
        people.dice.seed(repr((case.method, case.path, case.query, case.body)))
    for wire in wires_of(case):
        wire.before(case)


@schemathesis.hook
def after_call(context, case, response):
    for wire in wires_of(case):
        wire.after(case, response)
