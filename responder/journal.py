"""What HQ tells the readers of its journal: every kind of entry, and the way to tell one.

An entry can name an alarm, counts, places in lists, and words from the code's own enumerations:
never a number, a name, a position, a key, or the words of an exception.
"""

import logging
from contextlib import suppress
from pathlib import Path
from traceback import extract_tb

from outcry.journal_entry import JournalEntry, critical, error, info, others, warning

ALARM = "alarm {alarm:d}: "


class Entry(JournalEntry):
    """The kinds of entry at HQ. Those without a sentence are for other loggers' lines."""

    READY = info("318687eb52e14c6fa6022ecc85212f24", "ready: people: {people}, device: {device}")
    NO_MODEM = warning(
        "979ec0eb205445909746a84e1e50b407",
        "no modem: contacts get the device's own texts only (modem.port is empty)",
    )
    CANNOT_SERVE = error("f3ae518aba6941d28ff02e2fc5ec420b", "cannot serve: {problem}")
    STUCK = critical(
        "6d360af75aca4ab8bc393ff2de214863",
        "a part has stopped working ({part}): ending, to be restarted",
    )
    STOPPING = info("b8dd70c39e7d43d5aa3ae7be346ce0d9", "stopping")
    REPORT = info("da6482ab90374b2f847facd3f25e4837", ALARM + "{report} over {path}{again}")
    BEAT_REFUSED = info(
        "ba3a631d41cf4996a266c1ef4b7f33e1",
        "a heartbeat over {path} was refused: not newer than before",
    )
    POST_REFUSED = info("204958eb8b0049248f1a11341bdb331b", "a post was refused: {status:d}")
    TEXT_DROPPED = info(
        "9293ba73601f48d387f731b57faa714d",
        "a text that is no report was dropped ({count:d} so far)",
    )
    ANSWER = info("ba47427625b8413a8f502e8b61cab463", ALARM + "contact {contact:d}: {answer}")
    WRONG_PIN = warning("96f7f0c96daa4c5c86103845fff3e6b4", ALARM + "a wrong PIN was tried")
    # The verdict is left out: many people read journals.
    JUDGED = info("24024586907448dbab5e757445c5e8ad", ALARM + "a withdrawal was judged")
    MAY_BE_PUBLISHED = info(
        "7a7d2a6775b94d5ca2b8644840d1b922", ALARM + "may be published, by {ground}"
    )
    CALL_CAME = info("844ff134bf1a401885d49005656fdf9b", ALARM + "{call} to {target}: {outcome}")
    TEXT_LEAVES = info("9c7434448403473cba2ec6f035298fb6", ALARM + "{call}, text {text:d} leaves")
    TEXT_CAME = info("9f3763883d054830bd50e001fca3d0bd", ALARM + "text {text:d}: {outcome}")
    TEXT_FAULT = error(
        "f20666114d11473a90385a737ad4249a", ALARM + "text {text:d} cannot be made: {error}"
    )
    INTERRUPTED = warning("3d78341638c4483698928662f71d9e94", ALARM + "{call} was under way: {why}")
    CANNOT_DECIDE = error("24b29dc84b3149249ca46ba1e69ba747", ALARM + "cannot decide: {error}")
    CANNOT_WORK = error("ae4e28f2494241b3be2eab9ace9fc896", "cannot work: {error}")
    PAGE_FAILED = error("726316b7034441939a159bba3aaf9a67", "a request failed: {error}")
    NO_DATABASE = error(
        "33e99677bce747d29b3bfe9b7c04fd61",
        "cannot serve: the database: {error}; see [state] in the settings",
    )
    MODEM_ELSEWHERE = info(
        "82cc7cd226af40f48c5486b180f19cdc",
        "the modem is at another process on this database, which sends the texts",
    )
    OFFICER_SAID = info("5287d4a438da4fdfa21cb0775cadfae8", ALARM + "a duty officer: {act}")
    OFFICER_IN = info("bf54564561f84191a60d6165e30c128d", "a duty officer has logged in")
    OFFICER_SETTLED = info("f5b234b487f84fbc81e5b6cb648290f0", "a duty officer has settled in")
    LOGIN_REFUSED = warning(
        "0cd5a833fbbb443c84a14d8e61d5798a", "a login to the console was refused"
    )
    SILENT = warning(
        "de87b67180784d0f9eee69365cd95742",
        ALARM + "nothing heard of device {device:08x} for too long",
    )
    HEARD_AGAIN = info(
        "85e89418693a4bc3908b7fc9e8084884", ALARM + "device {device:08x} is heard again"
    )
    DEAF = warning(
        "b80b5e2688074fca9d50e5e42a814ee5",
        "HQ did not listen for {seconds:d} s, or its clock was set by as much: "
        "silences count without them",
    )
    CANNOT_JUDGE = error(
        "b547cb29df5941288f4d49f0dd0c51f6",
        "whether device {device:08x} is silent cannot be judged: {error}",
    )
    NOTICE = warning(
        "3329a0d1c0f54b2daf5c531b5729470c",
        "the duty officers are told of HQ itself: {notice}, by {channels:d} channels",
    )
    ANSWER_BY_SMS = info(
        "ebf1c5fabf2241f4abab8ec95a905ab5", ALARM + "contact {contact:d}: {answer} by SMS"
    )
    CODE_WRONG = warning(
        "4f3587c7a89040dc9bab96f3f879474c", "a wrong code was texted from a contact's number"
    )
    CODE_IDLE = info("55039aab9db94586b3630b517ac7ea0f", "a code was texted, and no alarm is open")
    ANSWER_DROPPED = warning(
        "004786d4413040118f6687bbbae32d53",
        ALARM + "a text that may be an answer could not be taken: {why}",
    )
    NEWEST_LINK = info(
        "5c1ac136301d4fa5b886fbd98dd5378b", "the record's newest link, line {line:d}: {link}"
    )
    DELETED = info(
        "01df7e43d6794d0292be9392d7df6d4d", "{count:d} alarms were deleted, as their plans say"
    )
    ROUND_FAILED = error(
        "41b2cf3bfc264cc2bc37816bc0d9d41b", "{task}: failed, and is tried again: {error}"
    )
    CALL_FAULT = error("8332900ccb0c425db756ce8adc52a0f5", ALARM + "{call} cannot be done: {error}")
    OFFICERS_TOLD = warning(
        "b46ff307669d46898c1d4527cbd17509",
        "duty officers are told: {what}; see the console's first page",
    )
    WORDS_NOT_KEPT = error(
        "4e6a94b7f1c74f55b9ed7333ff04075d",
        ALARM + "{call}: its words left, but could not be written down first: {error}",
    )
    NOT_STAMPED = warning(
        "d84186c06f1e49ac8bff8210dafba9bb",
        "the record got no time stamp, for the {tries:d}. time in a row: {why}; it is asked again",
    )
    STAMPED_AGAIN = info("fd4aa11370714f9999503d9ede581ebf", "the record gets time stamps again")
    CROWDED = warning(
        "7eb3a42c3c814798ad4f6cddd3f10847",
        "{listener}: {count:d} connections were ended or refused: {cause}",
    )
    UNEXPECTED = critical("924945f9c67c4c5d903e43eb4296469f", "unexpected: {error}")
    MODEM = others("71beaf21deb8445e91e09ff27e71a712")
    LIBRARY = others("18bdc0d89abe4004b4f4afff8db71045")
    OTHER = others("14c6851e7e834b619d56ebba91c2dd9b")


_HERE = str(Path(__file__).parent)


def describe(error: BaseException) -> str:
    """An error without its words, which may hold a number or a place: its type and where it arose.

    Such as ``KeyError at workflow.py:210``.
    """
    name = type(error).__name__
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_HERE)]
    if not ours:
        return name
    return f"{name} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"


class Log:
    """Tells entries under one name, which begins each of their lines."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def tell(self, entry: Entry, **words: object) -> None:
        """Write one entry. ``words`` fill its sentence in; ``alarm`` is a field of it, too."""
        fields = {"MESSAGE_ID": entry.message_id}
        if "alarm" in words:
            fields["OUTCRY_ALARM"] = str(words["alarm"])
        with suppress(Exception):  # a line that cannot be made must not hold up an alarm
            sentence = entry.sentence.format_map(words)
            self._logger.log(entry.level, sentence, extra={"journal_fields": fields})
