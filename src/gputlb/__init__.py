"""GPU TLB invalidation: is it correct, what does it cost, what went wrong on this machine?"""

__version__ = "0.1.0"
