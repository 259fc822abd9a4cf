"""The two revisions of the flush written down once more, straight through, as an oracle for the driver.

It shares nothing with `gputlb`: no table, no class, no formula. Everything is a plain function of a scenario, and
time is not simulated at all: a wait of N microseconds is in time or it is not.
"""

from __future__ import annotations

from typing import Any

GEN8 = {0: 0x4260, 1: 0x4264, 2: 0x4270, 3: 0x426C}
GEN12 = {0: 0xCED8, 1: 0xCEDC, 2: 0xCEE0, 3: 0xCEE4, 5: 0xCF04}
MEDIA = {1: 0xCEDC, 2: 0xCEE0, 4: 0xCF04}
FIRST_ID = {0: 0, 3: 1, 1: 10, 2: 18, 5: 22, 4: 20}
OA_PLATFORMS = ("TIGERLAKE", "DG1", "ROCKETLAKE", "ALDERLAKE_S", "ALDERLAKE_P")


def events_of(scenario: dict[str, Any]) -> list[list[Any]]:
    return Reference(scenario).play()


class Reference:
    def __init__(self, scenario: dict[str, Any]) -> None:
        self.s = scenario
        self.old = scenario["revision"] == "2022-07-patch"
        self.seqno = scenario["seqno_start"]
        self.out: list[list[Any]] = []
        self.warned: set[str] = set()
        self.waits: dict[int, int] = {}
        self.results = {int(key, 16): value for key, value in scenario["wait_results"].items()}
        self.engines = sorted(scenario["engines"], key=lambda e: FIRST_ID[e["class"]] + e["instance"])
        self.version = (scenario["graphics_ver"], scenario["graphics_rel"])

    def play(self) -> list[list[Any]]:
        if not self.old and not self.load():
            return self.out
        for call in self.s["calls"]:
            if call["op"] == "seqno":
                self.out.append(["return", self.seqno])
            elif call["op"] == "next_invalidate":
                self.out.append(["return", self.seqno - self.seqno % 2 + 1])
            else:
                self.invalidate(call["seqno"], call.get("contended", 0))
                self.out.append(["return", None])
        return self.out

    def load(self) -> bool:
        for engine in self.engines:
            error, text = self.table_error(engine)
            if error:
                self.out.append(["warn", f"GT{self.s['gt_id']}: {text}"])
            self.out.append(["engine_init", engine["name"], error])
            if error:
                self.out.append(["probe_failed", error])
                return False
        return True

    def table(self) -> dict[int, int] | None:
        if self.s["gt_type"] == "media":
            return MEDIA if (self.s["media_ver"], self.s["media_rel"]) == (13, 0) else None
        if self.version in ((12, 55), (12, 70), (12, 71), (12, 74), (12, 0), (12, 10)):
            return GEN12
        return GEN8 if 8 <= self.version[0] <= 11 else None

    def table_error(self, engine: dict[str, Any]) -> tuple[int, str]:
        if self.s["gt_type"] == "primary" and self.version[0] < 8:
            return 0, ""
        table = self.table()
        if table is None:
            return -19, "Platform does not implement TLB invalidation!"
        if engine["class"] not in table:
            return -34, "gt_WARN_ONCE(class >= num || (!regs[class].reg.reg && !regs[class].mcr_reg.reg))"
        return 0, ""

    def passed(self, seqno: int) -> bool:
        gap = (self.seqno - (seqno + seqno % 2)) % 2**32
        return bool(gap != 0 and gap < 2**31)

    def invalidate(self, seqno: int, contended: int) -> None:
        if self.s["selftest_no_device"] or self.s["wedged"] or self.passed(seqno):
            return
        self.out.append(["pm_get_if_awake", self.s["gt_awake"]])
        if not self.s["gt_awake"]:
            return
        self.seqno = (self.seqno + 2 * contended) % 2**32
        self.out.append(["mutex_lock"])
        if not self.passed(seqno):
            if self.old:
                self.flush_2022()
            elif self.s["guc_tlb_invalidation"]:
                self.out.append(["guc_ready", self.s["guc_ready"]])
                if self.s["guc_ready"]:
                    self.out.append(["guc_invalidate_engines"])
            elif self.version[0] >= 8:
                self.flush_6_12()
            self.seqno = (self.seqno + 2) % 2**32
            self.out.append(["seqno", self.seqno])
        self.out.append(["mutex_unlock"])
        self.out.append(["pm_put"])

    def flush_2022(self) -> None:
        if self.version[0] < 8:
            return
        if self.version[0] > 12:
            self.warn("Platform does not implement TLB invalidation!")
            return
        table = GEN12 if self.version[0] == 12 else GEN8
        self.out += [["fw_get", "ALL"], ["lock", "uncore"]]
        asked = []
        for engine in self.engines:
            self.out.append(["engine_awake", engine["name"], engine["awake"]])
            if not engine["awake"]:
                continue
            if engine["class"] not in table:
                self.warn("drm_WARN_ON_ONCE(class >= num || !regs[class].reg)")
                continue
            register, bit = table[engine["class"]], 2 ** engine["instance"]
            if table is GEN8 and engine["class"] == 1:
                register, bit = register + 4 * engine["instance"], 1
            self.out.append(["write", hex(register), bit])
            asked.append((engine, register, bit))
        self.trace_and_oa(asked)
        self.out.append(["unlock", "uncore"])
        for engine, register, bit in asked:
            self.wait("wait", register, bit, f"{engine['name']} TLB invalidation did not complete in 4ms!")
        self.out.append(["fw_put_delayed", "ALL"])

    def flush_6_12(self) -> None:
        semaphore = self.version >= (12, 70)
        multicast = self.s["gt_type"] == "primary" and self.version >= (12, 55)
        self.out.append(["fw_get", "ALL"])
        acquired = True
        if semaphore:
            self.out.append(["fw_get", "GT"])
            acquired = self.in_time(0xFD0, limit_us=100_000)
            self.out.append(["sem_wait", "0xfd0", 1, 100, "ok" if acquired else "timeout"])
        self.out.append(["lock", "mcr"])
        if not acquired:
            self.out.append(["err", f"GT{self.s['gt_id']}: hardware MCR steering semaphore timed out"])
            self.out.append(["taint", "WARN"])
        self.out.append(["lock", "uncore"])
        asked = []
        for engine in self.engines:
            self.out.append(["engine_awake", engine["name"], engine["awake"]])
            if not engine["awake"]:
                continue
            register, bit, value = self.request_6_12(engine)
            if multicast and semaphore:
                self.out.append(["write", "0xfd4", 0x80000000])
            self.out.append(["mcr_write" if multicast else "write", hex(register), value])
            asked.append((engine, register, bit))
        self.trace_and_oa(asked)
        self.out += [["unlock", "uncore"], ["unlock", "mcr"]]
        if semaphore:
            self.out += [["write", "0xfd0", 1], ["fw_put", "GT"]]
        for engine, register, bit in asked:
            text = f"GT{self.s['gt_id']}: {engine['name']} TLB invalidation did not complete in 4ms!"
            self.wait("mcr_wait" if multicast else "wait", register, bit, text)
        self.out.append(["fw_put_delayed", "ALL"])

    def request_6_12(self, engine: dict[str, Any]) -> tuple[int, int, int]:
        table = self.table()
        assert table is not None
        register, bit = table[engine["class"]], 2 ** engine["instance"]
        if engine["class"] == 4:
            bit = 2
        elif table is GEN8 and engine["class"] == 1 and engine["instance"] == 1:
            register, bit = 0x4268, 1
        masked = self.version[0] >= 12 and engine["class"] in (1, 2, 4, 5)
        return register, bit, bit * 0x10001 if masked else bit

    def trace_and_oa(self, asked: list[Any]) -> None:
        mask = sum(1 << FIRST_ID[engine["class"]] + engine["instance"] for engine, _, _ in asked)
        self.out.append(["trace", f"invalidated engines {mask:08x}"])
        if asked and self.s["platform"] in OA_PLATFORMS:
            self.out.append(["write", "0xceec", 1])

    def warn(self, text: str) -> None:
        if text not in self.warned:
            self.warned.add(text)
            self.out.append(["warn", text])

    def wait(self, kind: str, register: int, bit: int, complaint: str) -> None:
        good = self.in_time(register, limit_us=4100)
        self.out.append([kind, hex(register), bit, 0, 100, 4, "ok" if good else "timeout"])
        if not good:
            self.out.append(["err", complaint])

    def in_time(self, register: int, limit_us: int) -> bool:
        results = self.results.get(register, "ok")
        if isinstance(results, list):
            turn = self.waits.get(register, 0)
            self.waits[register] = turn + 1
            results = results[min(turn, len(results) - 1)]
        return bool(results == "ok" or (results != "timeout" and results <= limit_us))
