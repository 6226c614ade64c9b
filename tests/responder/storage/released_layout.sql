-- The embedded database as it was first released, with one wearer who has raised an alarm.
CREATE TABLE wearer (
    device INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    number VARCHAR,
    psk BLOB NOT NULL,
    quorum INTEGER NOT NULL,
    enrolled_at FLOAT NOT NULL,
    highest_counter INTEGER,
    heard_at FLOAT,
    PRIMARY KEY (device)
);
CREATE TABLE post (
    id INTEGER NOT NULL,
    "key" VARCHAR NOT NULL,
    published_at FLOAT NOT NULL,
    changed_at FLOAT NOT NULL,
    text VARCHAR NOT NULL,
    correction VARCHAR,
    answers INTEGER,
    PRIMARY KEY (id),
    UNIQUE ("key"),
    FOREIGN KEY(answers) REFERENCES post (id)
);
CREATE TABLE contact (
    id INTEGER NOT NULL,
    device INTEGER NOT NULL,
    number_in_list INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    pin_salt BLOB NOT NULL,
    pin_hash BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (device, number_in_list),
    FOREIGN KEY(device) REFERENCES wearer (device)
);
CREATE TABLE alarm (
    id INTEGER NOT NULL,
    device INTEGER NOT NULL,
    device_alarm INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    arrived_at FLOAT NOT NULL,
    due_at FLOAT,
    PRIMARY KEY (id),
    UNIQUE (device, device_alarm, kind),
    FOREIGN KEY(device) REFERENCES wearer (device)
);
CREATE INDEX alarm_due ON alarm (due_at);
CREATE TABLE safe_code (
    device INTEGER NOT NULL,
    salt BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (device),
    FOREIGN KEY(device) REFERENCES wearer (device)
);
CREATE TABLE heartbeat (
    device INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    received_at FLOAT NOT NULL,
    report BLOB NOT NULL,
    PRIMARY KEY (device),
    FOREIGN KEY(device) REFERENCES wearer (device)
);
CREATE TABLE message (
    id INTEGER NOT NULL,
    device INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    digest BLOB NOT NULL,
    alarm INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    received_at FLOAT NOT NULL,
    stale BOOLEAN NOT NULL,
    report BLOB NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(device) REFERENCES wearer (device),
    UNIQUE (digest),
    FOREIGN KEY(alarm) REFERENCES alarm (id)
);
CREATE INDEX message_alarm ON message (alarm);
CREATE INDEX message_counter ON message (device, counter);
CREATE TABLE history (
    alarm INTEGER NOT NULL,
    n INTEGER NOT NULL,
    at FLOAT NOT NULL,
    what VARCHAR NOT NULL,
    data VARCHAR NOT NULL,
    PRIMARY KEY (alarm, n),
    FOREIGN KEY(alarm) REFERENCES alarm (id)
);
CREATE TABLE action (
    id INTEGER NOT NULL,
    alarm INTEGER NOT NULL,
    "key" VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    changed_at FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (alarm, "key"),
    FOREIGN KEY(alarm) REFERENCES alarm (id)
);
CREATE INDEX action_state ON action (state);
CREATE TABLE invitation (
    token VARCHAR NOT NULL,
    alarm INTEGER NOT NULL,
    contact INTEGER NOT NULL,
    PRIMARY KEY (token),
    UNIQUE (alarm, contact),
    FOREIGN KEY(alarm) REFERENCES alarm (id),
    FOREIGN KEY(contact) REFERENCES contact (id)
);
CREATE TABLE unjudged (
    message INTEGER NOT NULL,
    taps VARCHAR NOT NULL,
    PRIMARY KEY (message),
    FOREIGN KEY(message) REFERENCES message (id)
);
INSERT INTO wearer VALUES (4026531841, 'Ana', NULL, x'00', 2, 1.0, 4294967295, 1.0);
INSERT INTO alarm VALUES (1, 4026531841, 4294967295, 1, 1.0, 1.0);
INSERT INTO history VALUES (1, 1, 1.0, 'REPORT', '{}');
INSERT INTO action VALUES (1, 1, 'publish own page 1', 'publish', 'own page', 'calling', 1.0);
INSERT INTO post VALUES (1, 'alarm-1', 1.0, 1.0, 'words', NULL, NULL);
