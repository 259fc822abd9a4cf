"""Random scenarios over everything that the file format allows, also what no product has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

PLATFORMS = [
    "BROADWELL",
    "CHERRYVIEW",
    "SKYLAKE",
    "BROXTON",
    "ICELAKE",
    "ELKHARTLAKE",
    "TIGERLAKE",
    "ROCKETLAKE",
    "DG1",
]
PLATFORMS += ["ALDERLAKE_S", "ALDERLAKE_P", "XEHPSDV", "PONTEVECCHIO", "DG2", "METEORLAKE", "HASWELL", "I830", "G45"]
PLATFORMS += ["DG1", "UNKNOWN"]
SLOTS = [(0, 0), (4, 6)]
SLOTS += [(1, instance) for instance in range(8)]
SLOTS += [(2, instance) for instance in range(4)]
SLOTS += [(3, instance) for instance in range(9)]
SLOTS += [(5, instance) for instance in range(4)]
RENDERABLE = [slot for slot in SLOTS if slot[0] in (0, 1, 2, 3)]
MEDIA = [slot for slot in SLOTS if slot[0] in (1, 2, 4)]
VERSIONS = [(12, 0), (12, 10), (12, 50), (12, 55), (12, 60), (12, 70), (12, 71), (12, 74), (12, 72)]
VERSIONS += [(0, 0), (2, 0), (4, 5), (7, 50), (8, 0), (9, 0), (9, 40), (10, 0), (11, 0), (13, 0), (20, 4), (255, 255)]
NAMES = ["rcs0", "vcs'2", "", "x", "x", "Engine 5", "GT0: rcs0", "bcs0\n", "é€𝄞", "%s%n", "a" * 60]
REGISTERS = [0x4260, 0x4264, 0x4268, 0x426C, 0x4270, 0x4274, 0x427C, 0xCED8, 0xCEDC, 0xCEE0, 0xCEE4, 0xCEEC, 0xCF04]
REGISTERS += [0xFD0, 0x2000]
CORNERS = [0, 1, 2, 3, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF]


def random_scenario(random: Random, revision: str) -> dict[str, Any]:
    upstream = revision == "linux-6.12"
    media_gt = upstream and random.random() < 0.2
    ver, rel = random.choice(VERSIONS)
    start = random.choice([0, 2, random.choice(CORNERS), random.getrandbits(32)])
    scenario: dict[str, Any] = {
        "id": "r-1",
        "category": "random",
        "revision": revision,
        "platform": random.choice(PLATFORMS),
        "graphics_ver": ver,
        "graphics_rel": rel,
        "engines": engines(random, MEDIA if media_gt else RENDERABLE),
        "gt_awake": random.random() < 0.9,
        "selftest_no_device": random.random() < 0.05,
        "wedged": random.random() < 0.05,
        "seqno_start": start,
        "calls": [call(random, start) for _ in range(random.randrange(9))],
        "wait_results": wait_results(random),
    }
    if upstream:
        scenario |= {
            "media_ver": random.choice([13, 13, 13, 12, 0, 20]),
            "media_rel": random.choice([0, 0, 0, 1]),
            "gt_type": "media" if media_gt else "primary",
            "gt_id": random.choice([0, 1, 7]),
            "guc_tlb_invalidation": random.random() < 0.15,
            "guc_ready": random.random() < 0.5,
        }
    return scenario


def engines(random: Random, usual: list[tuple[int, int]]) -> list[dict[str, Any]]:
    slots = SLOTS if random.random() < 0.3 else usual
    chosen = random.sample(slots, random.randrange(min(len(slots), 9)))
    return [
        {
            "name": random.choice(NAMES) if random.random() < 0.5 else f"e{number}",
            "class": engine_class,
            "instance": instance,
            "awake": random.random() < 0.7,
        }
        for number, (engine_class, instance) in enumerate(chosen)
    ]


def call(random: Random, start: int) -> dict[str, Any]:
    if random.random() < 0.15:
        return {"op": random.choice(["seqno", "next_invalidate"])}
    near = (start + random.randrange(-6, 16)) % 2**32
    made: dict[str, Any] = {
        "op": "invalidate_full",
        "seqno": random.choice([near, near, near, random.choice(CORNERS), random.getrandbits(32)]),
    }
    if random.random() < 0.2:
        made["contended"] = random.choice([0, 1, 2, 3, 5, 2**29, 2**30, 2**30 - 1, 2**31, 2**31 - 1, 10**20])
    return made


def wait_results(random: Random) -> dict[str, Any]:
    if random.random() < 0.4:
        return {}
    results = {}
    for register in random.sample(REGISTERS, random.randrange(1, 6)):
        in_time, late = ([0, 49, 50_000], [200_000, 10**19]) if register == 0xFD0 else ([0, 99, 3500], [12_000, 10**15])
        one: list[Any] = ["ok", "ok", "timeout", *in_time, *late]
        if random.random() < 0.6:
            results[f"{register:#x}"] = [random.choice(one) for _ in range(random.randrange(1, 6))]
        else:
            results[f"{register:#x}"] = random.choice(one)
    return results
