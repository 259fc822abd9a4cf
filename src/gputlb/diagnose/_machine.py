"""Facts about the machine, from the same log: kernel, command line, devices, firmware."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from gputlb.diagnose._devices import GPU_DRIVERS
from gputlb.diagnose._matching import full_address

if TYPE_CHECKING:
    from gputlb.facts import Platform

_LINUX = re.compile(r"Linux version (\S{1,80}) \(([^)]{0,120})\)(.{0,300})")
_FREEBSD = re.compile(r"\bFreeBSD (\d+\.\d+-[\w-]+)")
_OOPS = re.compile(r"Comm: .{1,40}? (?:Not tainted|Tainted: [A-Z ]+?) (\d+\.\d+[^ ]{0,60}) #")
_CMDLINE = re.compile(r"(?:Kernel command|[Cc]ommand) line: (.{1,2000})")
_PCI_ENUMERATED = re.compile(
    r"pci ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d): \[8086:([0-9a-f]{4})\] .*?class 0x(03|12)"
)
_LSPCI = re.compile(
    r"\b((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.\d) (?:VGA|Display|3D)"
    r"[^\[]{0,80}\[03\d\d\]:.{1,120}?\[8086:([0-9a-f]{4})\]"
)
_XE_FOUND = re.compile(
    r"\b(?:xe|i915) ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d): .{0,40}?[Ff]ound (\w+)(?:/\w+)? \(device "
    r"ID ([0-9a-f]{4})\)"
)
_XE_PARAMETERS = re.compile(
    r"\bxe ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d): .{0,20}?\[drm\] (\w+)  ([0-9a-f]{4}):[0-9a-f]{4} dgfx"
)
_FIRMWARE = re.compile(
    r"\b(?:i915|xe) ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d): .{0,60}?(GuC|HuC|GSC|DMC) firmware "
    r"(?:from )?(\S{1,80}\.bin)"
    r"(?: \(v([\d.]+)\)|,? version:? ?([\d.]+))"
)
_FUNCTION = re.compile(
    r"\b(?:i915|xe) ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d): .{0,60}?"
    r"(?:Running in SR-IOV (PF|VF) mode|(?:Enabled|Disabled) \d+ (VF)s|(\d+) VFs could be)"
)
_CSME = re.compile(r"\bfw_ver\W{1,4}(?:0:)?(\d+\.\d+\.\d+\.\d+)")
_PROSE_ID = re.compile(r"\b8086:([0-9a-f]{4})\b")

_DISTRIBUTIONS = (
    ("Ubuntu", re.compile(r"[Uu]buntu|-generic\b|-oem\b|-lowlatency\b")),
    ("Proxmox VE", re.compile(r"-pve\b")),
    ("Debian", re.compile(r"[Dd]ebian|\+deb\d|-amd64\b|-bpo\b")),
    ("Fedora", re.compile(r"\.fc\d+")),
    ("RHEL or a rebuild", re.compile(r"\.el\d+")),
    ("openSUSE or SLE", re.compile(r"suse|-default\b|-\d+-default")),
    ("Arch Linux", re.compile(r"-arch\d|archlinux|-zen\d|-lts\b.*arch")),
    ("NixOS", re.compile(r"[Nn]ix")),
    ("Gentoo", re.compile(r"gentoo")),
    ("Clear Linux", re.compile(r"\.native|clearlinux")),
    ("Manjaro", re.compile(r"MANJARO", re.IGNORECASE)),
    ("CachyOS", re.compile(r"cachyos", re.IGNORECASE)),
    ("ChromeOS", re.compile(r"chromeos|cros", re.IGNORECASE)),
    ("Talos", re.compile(r"talos", re.IGNORECASE)),
    ("TrueNAS", re.compile(r"truenas", re.IGNORECASE)),
    ("Unraid", re.compile(r"Unraid", re.IGNORECASE)),
    ("WSL", re.compile(r"microsoft-standard-WSL", re.IGNORECASE)),
)
_WORDS = (
    "Linux version",
    "ommand line: ",
    "Comm: ",
    "FreeBSD ",
    "8086:",
    "irmware",
    "evice ID",
    "VF",
    "dgfx",
    "fw_ver",
)


class GpuDevice(msgspec.Struct):
    """A GPU as the log shows it."""

    device: str
    driver: str | None = None
    pci_id: str | None = None
    """`8086:7d55`; None where the log does not show it."""
    platform: str | None = None
    """Name from the platform table, or the driver's own word."""
    platform_short: str | None = None
    is_dgfx: bool | None = None
    function: Literal["PF", "VF"] | None = None
    firmware: dict[str, str] = {}
    """Version by firmware: `GuC`, `HuC`, `DMC`, `GSC`."""


class Machine(msgspec.Struct):
    """What the log tells about the machine; None and empty where it does not."""

    kernel: str | None = None
    distribution: str | None = None
    """Inferred from the kernel's name and build string."""
    command_line: str | None = None
    csme_firmware: str | None = None
    devices: list[GpuDevice] = []


class MachineReader:
    """Collects the facts line by line."""

    def __init__(self) -> None:
        self._machine = Machine()
        self._devices: dict[str, GpuDevice] = {}
        self._prose_ids: dict[str, None] = {}

    def read(self, text: str) -> None:
        """Take what an entry tells."""
        if not tells_of_machine(text):
            return
        machine = self._machine
        if found := _LINUX.search(text):
            # The last boot in the log is the one that matters.
            machine.kernel = found[1]
            machine.distribution = _distribution(" ".join(found.groups()))
        elif "FreeBSD " in text and (found := _FREEBSD.search(text)) and machine.kernel is None:
            machine.kernel, machine.distribution = f"FreeBSD {found[1]}", "FreeBSD"
        elif machine.kernel is None and (found := _OOPS.search(text)):
            machine.kernel, machine.distribution = found[1], _distribution(found[1])
        if found := _CMDLINE.search(text):
            machine.command_line = found[1].strip()
        if found := _CSME.search(text):
            machine.csme_firmware = found[1]
        self._read_device(text)

    def _read_device(self, text: str) -> None:
        for pattern in (_PCI_ENUMERATED, _LSPCI):
            if found := pattern.search(text):
                self._identify(self.device(full_address(found[1])), found[2])
        if (found := _XE_FOUND.search(text)) or (found := _XE_PARAMETERS.search(text)):
            device = self.device(found[1])
            device.platform = device.platform or found[2]
            self._identify(device, found[3])
        if found := _FIRMWARE.search(text):
            self.device(found[1]).firmware[found[2]] = (found[4] or found[5]).rstrip(".")
        if found := _FUNCTION.search(text):
            mode = found[2]
            self.device(found[1]).function = "VF" if mode == "VF" else "PF"
        elif (found := _PROSE_ID.search(text)) and platform_of(found[1]) is not None:
            self._prose_ids[found[1]] = None

    def device(self, address: str, driver: str | None = None) -> GpuDevice:
        """Return the record of a device, a new one where it was not yet seen."""
        known = self._devices.get(address)
        if known is None:
            known = self._devices[address] = GpuDevice(address)
        known.driver = known.driver or driver
        return known

    def finish(self, named: dict[str, str]) -> Machine:
        """Return the facts; `named` are the devices that drivers named, with their drivers."""
        for address, driver in named.items():
            device = self.device(address, driver)
            if (
                device.function is None
                and driver in ("i915", "xe")
                and address[-1:] not in ("", "0")
                and "." in address
            ):
                device.function = "VF"
        gpus = [device for device in self._devices.values() if device.driver in GPU_DRIVERS or device.pci_id]
        if len(self._prose_ids) == 1 and len(gpus) == 1 and gpus[0].pci_id is None:
            self._identify(gpus[0], next(iter(self._prose_ids)))
        elif len(self._prose_ids) == 1 and not gpus:
            gpus = [self.device("unknown")]
            self._identify(gpus[0], next(iter(self._prose_ids)))
        self._machine.devices = gpus
        return self._machine

    @staticmethod
    def _identify(device: GpuDevice, device_id: str) -> None:
        device.pci_id = f"8086:{device_id}"
        platform = platform_of(device_id)
        if platform is not None:
            device.platform = platform.codename
            device.platform_short = platform.short
            device.is_dgfx = platform.is_dgfx


def tells_of_machine(text: str) -> bool:
    """Return whether an entry may hold a fact about the machine."""
    return any(word in text for word in _WORDS)


def platform_of(device_id: str) -> Platform | None:
    """Return the platform with a PCI device id of four hexadecimal digits, or None where none is known."""
    from gputlb.facts import UnknownPlatform, platform  # noqa: PLC0415  (the tables load only when asked)

    try:
        return platform(f"0x{device_id}")
    except UnknownPlatform:
        return None


def _distribution(text: str) -> str | None:
    return next((name for name, pattern in _DISTRIBUTIONS if pattern.search(text)), None)
