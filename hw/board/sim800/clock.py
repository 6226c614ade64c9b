"""The modem's clock: +CCLK, and the network's time that sets it once AT+CLTS=1 was said.

Public logs of SIM800s agree: ``*PSUTTZ`` is UTC with the zone in quarter hours, not padded, and
``DST`` follows; +CCLK then shows local time with a padded zone; both come 2 to 5 s after the
registration, and with AT+CLTS=0 the clock stays in 2004. Belief: AT+CLTS=1 beside a network joined
before tells nothing until the next registration (the logs all register again to see it).
"""

from datetime import datetime, timedelta

from outcry.hw.board.modem.at import Command, Refused
from outcry.hw.board.modem.handler import Answer, forms, says
from outcry.hw.board.modem.part import Core, Part

FIRST_DAY = datetime(2004, 1, 1)  # what the clock shows until it is set
_CLOCK = "%y/%m/%d,%H:%M:%S"


class Clock(Part):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.restart()
        self.handlers = {"+CCLK": forms("read run set", self._answer_cclk, test="")}
        core.registration.when_registered.append(self._registered)

    def restart(self) -> None:
        """Without a battery of its own the clock starts over."""
        self._set(FIRST_DAY, 0)

    def _set(self, shown: datetime, zone: int) -> None:
        self._set_at, self._shown, self._zone = self._context.now, shown, zone

    def _registered(self) -> None:
        if self._options.network_time and self._parameters.number("+CLTS"):
            wait_s = self._context.draw(self._context.timing.network_time)
            self._context.schedule.after(wait_s, self._told)

    def _told(self) -> None:
        if not self._registration.registered:
            return
        zone = self._options.network_zone
        now = self._context.wall(self._context.now)
        date = f"{now.year},{now.month},{now.day},{now.hour},{now.minute},{now.second}"
        self._terminal.urc(f'*PSUTTZ: {date},"{zone:+d}",0')
        self._terminal.urc("DST: 0")
        self._set(now.replace(tzinfo=None) + zone * timedelta(minutes=15), zone)

    def _answer_cclk(self, command: Command) -> Answer:
        """The time as it was set, going on; the zone in quarter hours (manual p. 93)."""
        if command.form == "read":
            now = self._shown + timedelta(seconds=self._context.now - self._set_at)
            return says(f'+CCLK: "{now.strftime(_CLOCK)}{self._zone:+03d}"')
        text = command.text(0)
        try:
            self._set(datetime.strptime(text[:-3], _CLOCK), int(text[-3:]))
        except ValueError:
            raise Refused from None
        return says()
