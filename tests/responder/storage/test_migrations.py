"""The database's layout: the tables and the steps towards them agree, on both databases."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from builders import hq_config
from released_tables import released as released_tables
from sqlalchemy import create_engine, inspect, select, text, update

from outcry.responder.cli.main import main
from outcry.responder.storage import migrations, store
from outcry.responder.storage.migrations import TooNew
from outcry.responder.storage.store import DATABASE, Store

RELEASED = Path(__file__).with_name("released_layout.sql")


@pytest.fixture
def released(tmp_path):
    """The directory of a database as it was released."""
    directory = tmp_path / "state"
    directory.mkdir()
    connection = sqlite3.connect(directory / DATABASE)
    connection.executescript(RELEASED.read_text())
    connection.close()
    return directory


def differences(connection):
    # Alembic does not recognise an empty default again on SQLite.
    defaults = connection.dialect.name == "postgresql"
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": defaults}
    )
    return compare_metadata(context, store.metadata)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_the_steps_lead_to_the_tables(kind, tmp_path, request):
    url = f"sqlite:///{tmp_path}/x" if kind == "sqlite" else request.getfixturevalue("postgresql")()
    engine = create_engine(url)
    with engine.begin() as connection:
        released_tables.create_all(connection)
        migrations.bring_up_to_date(connection, store.metadata)
        assert differences(connection) == []
    engine.dispose()


def test_the_tables_of_these_tests_are_those_that_were_released(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/x")
    with engine.begin() as connection:
        released_tables.create_all(connection)
        made = connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql NOT NULL")).all()
    engine.dispose()
    statements = RELEASED.read_text().partition("\n")[2].split(";\n")
    expected = {words(line) for line in statements if line.startswith("CREATE")}
    assert {words(line) for line in made} == expected


def words(sql):
    return re.sub(r"\s+", " ", sql).replace("( ", "(").replace(" )", ")").strip()


def test_what_was_released_is_brought_up_to_date_and_keeps_its_rows(released):
    database = Store(released)
    assert database.layouts == (migrations.BASELINE, migrations.known()[-1])
    with database.read() as connection:
        assert differences(connection) == []
        assert connection.scalar(select(store.wearer.c.device)) == 4026531841
        post = connection.execute(select(store.post)).one()
        assert (post.text, post.language, post.alt) == ("words", "en", "")
        assert connection.scalar(select(store.action.c.generation)) == 0
    database.close()
    again = Store(released)
    assert again.layouts == (migrations.known()[-1],) * 2
    again.close()


def test_a_step_that_fails_leaves_the_layout_as_it_was(released, monkeypatch):
    connection = sqlite3.connect(released / DATABASE)
    connection.execute("CREATE TABLE draft (x)")  # in the last step's way
    connection.close()
    with pytest.raises(Exception, match="draft"):
        Store(released)
    engine = create_engine(f"sqlite:///{released / DATABASE}")
    there = inspect(engine)
    assert not there.has_table("alembic_version")
    assert "language" not in {column["name"] for column in there.get_columns("post")}
    engine.dispose()


def test_a_later_releases_database_is_refused_and_left_alone(tmp_path, capsys):
    Store(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path / DATABASE}")
    with engine.begin() as connection:
        connection.execute(update(migrations.version).values(version_num="9999"))
    with pytest.raises(TooNew, match="later release"):
        Store(tmp_path)
    config = hq_config(tmp_path, tmp_path)
    assert main(["migrate", "--config", str(config)]) == 1
    assert "install that release again" in capsys.readouterr().err
    engine.dispose()


def test_migrate_says_what_it_did(released, tmp_path, capsys):
    config = hq_config(tmp_path, released)
    newest = migrations.known()[-1]
    for said in (f"from layout 0001 to {newest}", "nothing to do"):
        assert main(["migrate", "--config", str(config)]) == 0
        assert said in capsys.readouterr().out


@pytest.mark.slow
def test_many_processes_that_start_at_once_make_one_database(postgresql, tmp_path):
    url = postgresql()
    program = (
        "import sys; from pathlib import Path; from outcry.responder.storage.store import Store;"
        "print(Store(Path(sys.argv[1]), sys.argv[2]).layouts[0])"
    )
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = sorted(process.communicate(timeout=120)[0].strip() for process in starting)
    assert said == sorted(["None", *[migrations.known()[-1]] * 3])


def up_to(step, connection):
    released_tables.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, step)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_who_was_silent_or_watched_before_the_columns_came_goes_on_so(kind, tmp_path, request):
    url = f"sqlite:///{tmp_path}/x" if kind == "sqlite" else request.getfixturevalue("postgresql")()
    engine = create_engine(url)
    plans = {
        4: '{"silence": {"watch": false}}',
        5: '{"silence": {"heartbeat_minutes": 1.5}}',
        6: "{",
    }
    with engine.begin() as connection:
        up_to("0002", connection)
        for device in range(1, 9):
            connection.execute(
                text("INSERT INTO wearer VALUES (:d, 'W', NULL, :x, 2, 1.0, 9, 1000.0)"),
                {"d": device, "x": b"x"},
            )
            if device != 8:  # it has never beaten
                connection.execute(
                    text("INSERT INTO heartbeat VALUES (:d, 9, 1000.0, :x)"),
                    {"d": device, "x": b"x"},
                )
        for device, terms in plans.items():
            values = {"d": device, "terms": terms}
            connection.execute(text("INSERT INTO plan VALUES (:d, :terms, 1.0)"), values)
        # 1: silent. 2: silent, and then heard. 3: its silence has ended. 7: an alarm, no silence.
        for alarm, device, kind_of, at in [
            (1, 1, 16, 2e3),
            (2, 2, 16, 500.0),
            (3, 3, 16, 500.0),
            (4, 7, 1, 2e3),
        ]:
            values = {"a": alarm, "d": device, "k": kind_of, "at": at}
            connection.execute(text("INSERT INTO alarm VALUES (:a, :d, 1, :k, :at, NULL)"), values)
        connection.execute(
            text("INSERT INTO history VALUES (3, 1, 600.0, 'HEARD', '{}', NULL, NULL)")
        )
        up_to_newest = migrations.bring_up_to_date(connection, store.metadata)
        assert up_to_newest[0] == "0002"
        columns = store.wearer.c
        wanted = select(columns.device, columns.heartbeat_s, columns.due_at, columns.silence)
        rows = {row[0]: tuple(row[1:]) for row in connection.execute(wanted)}
    engine.dispose()
    assert rows == {
        1: (600.0, None, 1),
        2: (600.0, 1000.0, 2),
        3: (600.0, 1900.0, None),
        4: (None, None, None),
        5: (90.0, 1135.0, None),
        6: (600.0, 1900.0, None),
        7: (600.0, 1900.0, None),
        8: (600.0, None, None),
    }
