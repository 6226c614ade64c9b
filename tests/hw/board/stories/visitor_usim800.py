"""PyPI's usim800 in a process of its own, as it comes: one visit, and what it made of it as JSON.

    python visitor_usim800.py PORT PACE get URL | post URL DATA | text NUMBER WORDS | ask

It waits by fixed sleeps and one-second reads, half a minute a visit; PACE shortens both alike, so
that their order stays what it is.
"""

import contextlib
import io
import json
import sys
import time

from usim800 import sim800
from usim800.Communicate import communicate

HTTPDATA_MS = 2000


def visit(port: str, what: str, *arguments: str) -> dict[str, object]:
    visitor = sim800(baudrate=115200, path=port)
    if what == "text":
        return {"sent": visitor.sms.send(*arguments)}
    if what == "ask":
        visitor.info.getIMEI()
        visitor.info.getModuleVersion()
        visitor.info.getoprator()
        return {
            "imei": visitor.info.IMEI,
            "version": visitor.info.ModuleVersion,
            "operator": visitor.info.simoprator,
        }
    requests = visitor.requests
    requests.APN = "internet"
    if what == "get":
        requests.get(*arguments)
    else:
        requests.post(*arguments, waittime=HTTPDATA_MS)
    return {
        "status": requests.status_code,
        "text": requests.text,
        "json": requests.json(),
        "ip": requests.IP,
    }


def main() -> None:
    port, pace, *rest = sys.argv[1:]
    real = time.sleep
    time.sleep = lambda seconds: real(seconds * float(pace))
    communicate.TIMMEOUT = float(pace)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints as it goes
        found = visit(port, *rest)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
