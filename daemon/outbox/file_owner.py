"""Whose files these are: what root does on the device must not leave files the service cannot read."""

from __future__ import annotations

import grp
import os
import pwd
from contextlib import suppress
from pathlib import Path

GROUPS = ("gpio", "dialout")  # as SupplementaryGroups= in the unit


def become_owner_of(folder: Path) -> bool:
    """Go on as the folder's owner, with the unit's groups, if we are root and it is not.

    There is no way back. Whether files made from now on are as good as the service's own.
    """
    try:
        owner = folder.stat()
    except OSError:
        return False
    if os.geteuid() == 0 and owner.st_uid != 0:
        groups = [owner.st_gid]
        for name in GROUPS:
            with suppress(KeyError):
                groups.append(grp.getgrnam(name).gr_gid)
        with suppress(KeyError):
            groups += os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
        os.setgroups(sorted(set(groups)))
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
        os.umask(0o077)
    return os.geteuid() == owner.st_uid


def give_to_owner_of(folder: Path, descriptor: int) -> None:
    """Give an open file to the folder's owner, if we are root and it is not ours."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
