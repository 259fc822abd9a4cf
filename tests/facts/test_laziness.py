"""Importing the facts costs next to nothing: nothing is read before it is asked for."""

from __future__ import annotations

import subprocess
import sys


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_importing_the_room_imports_no_decoder_and_opens_no_data_file():
    assert (
        run(
            "import sys\n"
            "opened = []\n"
            "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
            "import gputlb.facts\n"
            "print('msgspec' in sys.modules, [name for name in opened if name.endswith('.json')])\n"
        )
        == "False []\n"
    )


def test_asking_for_registers_opens_their_files_alone():
    assert (
        run(
            "import sys\n"
            "opened = []\n"
            "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
            "from gputlb.facts import registers\n"
            "before = [name for name in opened if name.endswith('.json')]\n"
            "registers(), registers()\n"
            "print(before, sorted(name.rpartition('/')[2] for name in opened if name.endswith('.json')))\n"
        )
        == "[] ['engine_classes.json', 'registers.json']\n"
    )


def test_a_name_that_does_not_exist_is_an_attribute_error():
    assert (
        run(
            "import gputlb.facts\n"
            "try:\n"
            "    gputlb.facts.regsiters\n"
            "except AttributeError as error:\n"
            "    print(error)\n"
        )
        == "module 'gputlb.facts' has no attribute 'regsiters'\n"
    )


def test_every_public_name_can_be_had():
    assert (
        run(
            "import gputlb.facts\n"
            "print([name for name in gputlb.facts.__all__ if not hasattr(gputlb.facts, name)])\n"
        )
        == "[]\n"
    )
