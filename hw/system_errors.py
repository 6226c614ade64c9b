"""What the system said of an error: in words for a person, with its errno's name to search for."""

import errno
import os


def told(error: BaseException) -> str:
    """As ``Permission denied (EACCES)``; without an errno its other words, or its kind.

    Libraries wrap an error and drop its errno, so the one inside is asked too. None of this says
    anything of people.
    """
    for each in (error, error.__context__):
        args: tuple[object, ...] = getattr(each, "args", ())  # termios.error has it there alone
        for code in (getattr(each, "errno", None), args[0] if len(args) == 2 else None):
            if isinstance(code, int) and code in errno.errorcode:
                return f"{os.strerror(code)} ({errno.errorcode[code]})"
    other = getattr(error, "strerror", None) or getattr(error, "sqlite_errorname", None)
    return other or type(error).__name__
