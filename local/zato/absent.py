"""Stands for what zato-client imports and can't be had: bunch doesn't build with today's Python, and what zato-common
has of vaults and the server's database needs packages that were never published. Requests and answers use neither."""

import sys
import types


class Bunch(dict):
    """A dict whose entries are attributes, too."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


def install():
    for name, members in {
        "bunch": {"Bunch": Bunch, "bunchify": Bunch},
        "zato.common.odb.model": {"Server": None},
        "zato.common.vault_": {"VAULT": None},
    }.items():
        module = types.ModuleType(name)
        vars(module).update(members)
        sys.modules[name] = module
