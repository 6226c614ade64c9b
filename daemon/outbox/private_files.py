"""The service's private files: written whole, and owned by the service even if root writes them."""

import grp
import os
import pwd
from contextlib import suppress
from pathlib import Path

GROUPS = ("gpio", "dialout")  # as SupplementaryGroups= in the unit


def become_owner_of(folder: Path) -> bool:
    """Become the folder's owner, with the unit's groups, if we are root and it is not. For good.

    Returns whether files written from now on will be the owner's.
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


def of_others(path: Path) -> str:
    """Which file or folder is not the service's to write, with the remedy; empty if none is.

    Root may write what the service cannot, so owners are compared as well.
    """
    folder = path.parent
    with suppress(OSError):
        owner = folder.stat().st_uid
        for each in (folder, *folder.glob(f"{path.name}*")):
            is_ours = os.access(each, os.W_OK) and each.stat().st_uid == owner
            if not is_ours and not os.statvfs(folder).f_flag & os.ST_RDONLY:
                remedy = f"`sudo chown -R outcry:outcry {folder}`, and `sudo chmod -R u+rwX` it"
                return f"the service may not write {each} (EACCES) -> {remedy}"
    return ""


def write_whole(path: Path, text: str, synced: bool = False) -> None:
    """Put this text into the file, as a whole or not at all. Raises ``OSError``.

    Only the folder's owner may read it. ``synced``: it survives a power cut.
    """
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if os.geteuid() == 0 and (owner := path.parent.stat()).st_uid != 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.write(text)
        if synced:
            file.flush()
            os.fsync(descriptor)
    unfinished.replace(path)
    if synced:
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
