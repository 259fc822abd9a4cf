"""Machine-readable logs give the same events as the text they were made from."""

from __future__ import annotations

import json

import pytest

from tests.diagnose.log_samples import diagnosed_text, tlb_events

MESSAGES = [
    (12.5, "Linux version 6.17.0-1007-intel (buildd@host) #7-Ubuntu SMP"),
    (100.000001, "xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeout, seqno=5 recv=4"),
    (102.250001, "xe 0000:03:00.0: [drm] *ERROR* TLB invalidation fence timeout, seqno=6 recv=4"),
]


def micros(seconds):
    return str(round(seconds * 1_000_000))


def journal_record(seconds, message):
    return {
        "__CURSOR": "s=1",
        "__REALTIME_TIMESTAMP": micros(1_763_000_000 + seconds),
        "_SOURCE_MONOTONIC_TIMESTAMP": micros(seconds),
        "PRIORITY": "3",
        "MESSAGE": message,
        "_TRANSPORT": "kernel",
    }


FORMATS = {
    "json lines": "\n".join(json.dumps(journal_record(*each)) for each in MESSAGES),
    "pretty json": "\n".join(json.dumps(journal_record(*each), indent=8) for each in MESSAGES),
    "journal export": "\n\n".join(
        "\n".join(f"{name}={value}" for name, value in journal_record(*each).items()) for each in MESSAGES
    ),
    "dmesg --json": json.dumps(
        {"dmesg": [{"pri": 3, "time": seconds, "msg": message} for seconds, message in MESSAGES]}, indent=3
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_events_and_times_are_read(name, tmp_path):
    diagnosis = diagnosed_text(tmp_path, FORMATS[name] + "\n")

    events = tlb_events(diagnosis)
    assert [(5, 4), (6, 4)] == [(event.seqno, event.recv) for event in events]
    assert [event.time for event in events] == pytest.approx([100.000001, 102.250001])
    assert "6.17.0-1007-intel" == diagnosis.machine.kernel
    assert "Ubuntu" == diagnosis.machine.distribution


def test_a_message_that_the_journal_keeps_as_bytes_is_read(tmp_path):
    record = journal_record(*MESSAGES[1]) | {"MESSAGE": [*MESSAGES[1][1].encode(), 255]}

    (event,) = diagnosed_text(tmp_path, json.dumps(record) + "\n").events
    assert event.seqno == 5


def test_a_broken_record_does_not_hide_the_others(tmp_path):
    text = "\n".join(
        [
            json.dumps(journal_record(*MESSAGES[1])),
            '{"MESSAGE": "trunc',
            json.dumps(journal_record(*MESSAGES[2])),
        ]
    )

    assert [5, 6] == [event.seqno for event in diagnosed_text(tmp_path, text).events]


TEXT = [f"[{seconds:12.6f}] {message}" for seconds, message in MESSAGES]
FOREIGN = {
    "docker": "".join(json.dumps({"log": line + "\n", "stream": "stderr"}) + "\n" for line in TEXT),
    "a label before each line": "".join(f'{{job="journal", unit="kernel"}} {line}\n' for line in TEXT),
    "an array of lines": json.dumps(TEXT, indent=1),
    "one string": json.dumps({"output": "\n".join(TEXT)}),
    "a journal with a foreign record": json.dumps(journal_record(*MESSAGES[0]))
    + "\n"
    + "".join(json.dumps({"log": line}) + "\n" for line in TEXT[1:]),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_records_of_an_unknown_program_hide_nothing(name, tmp_path):
    diagnosis = diagnosed_text(tmp_path, FOREIGN[name])

    assert [(5, 4), (6, 4)] == [(event.seqno, event.recv) for event in tlb_events(diagnosis)]
    assert [event.time for event in tlb_events(diagnosis)] == pytest.approx([100.000001, 102.250001])
    assert {event.device for event in diagnosis.events} == {"0000:03:00.0"}


def test_an_export_whose_messages_stand_in_bytes_with_their_size_is_read(tmp_path):
    records = []
    for seconds, message in MESSAGES:
        size = len(message).to_bytes(8, "little").decode("latin-1")
        records.append(
            f"__CURSOR=s=1\n_SOURCE_MONOTONIC_TIMESTAMP={micros(seconds)}\nMESSAGE\n{size}{message}\nPRIORITY=3"
        )

    events = tlb_events(diagnosed_text(tmp_path, "\n\n".join(records) + "\n\n"))

    assert [(5, 4, 100.000001), (6, 4, 102.250001)] == [(event.seqno, event.recv, event.time) for event in events]


@pytest.mark.parametrize(
    "prefix", ["3,{n},{n}00000000,-;", "5月 02 12:14:0{n} box kernel: ", " 5월 02 12:14:0{n} box kernel: "]
)
def test_a_stamp_that_begins_with_a_digit_is_not_taken_for_the_rest_of_a_number(prefix, tmp_path):
    lines = [
        prefix.format(n=n)
        + f"i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: TLB invalidation response timed out for seqno {n}"
        for n in range(1, 4)
    ]

    events = tlb_events(diagnosed_text(tmp_path, "\n".join(lines) + "\n"))

    assert [1, 2, 3] == [event.seqno for event in events]
    assert events[0].time < events[1].time < events[2].time


def test_a_soft_line_break_of_mail_between_two_words_is_mended(tmp_path):
    front = "May 02 12:14:37 host kernel: i915 0000:00:02.0: [drm] *ERROR* GT0: GUC: "

    diagnosis = diagnosed_text(tmp_path, f"{front}TLB=\n invalidation response timed out for seqno 7\n" * 2)

    assert [7, 7] == [event.seqno for event in tlb_events(diagnosis)]
